"""One card per sensor: how it is, in words and a shape, and what to do when it is not well."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from imuhip.acquisition.status import BATTERY_WARN_PERCENT, Grade, SensorStatus
from imuhip.app.models import wording
from imuhip.app.models import wording_cards as cards
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.reach import signal_word

__all__ = ["SensorCard", "card_of", "cards_of", "signal_text"]


@dataclass(frozen=True, slots=True)
class SensorCard:
    """What the status strip says of one sensor.

    Parameters
    ----------
    segment : str
        Where it is worn.
    title, name : str
        The segment in words; what the sensor calls itself.
    grade : {"good", "warn", "bad"}
        Never shown by colour alone: `symbol` has another shape for each, `state` says it.
    symbol, state : str
        Shape and words.
    battery, signal, rate, loss, age : str
        Figures with their units; a dash when unknown.
    next_step : str
        What to do; empty when all is well.
    is_urgent : bool
        Whether it is to be told before anything else: nothing comes, or much is lost at present.
    """

    segment: str
    title: str
    name: str
    grade: Grade
    symbol: str
    state: str
    battery: str
    signal: str
    rate: str
    loss: str
    age: str
    next_step: str
    is_urgent: bool = False

    @property
    def figures(self) -> str:
        """Return all figures as a line."""
        return cards.FIGURES.format(**self._figures)

    @property
    def spoken(self) -> str:
        """Return the card as one sentence, for screen readers."""
        told = cards.SPOKEN.format(title=self.title, state=self.state, **self._figures)
        return f"{told} {self.next_step}".strip()

    @property
    def _figures(self) -> dict[str, str]:
        names = ("battery", "signal", "rate", "loss", "age")
        return {name: getattr(self, name) for name in names}


def cards_of(
    sensors: Mapping[str, SensorStatus],
    expected: Iterable[str],
    losing: Container[str] = frozenset(),
) -> list[SensorCard]:
    """Return a card for every sensor, and one for every expected segment without a sensor.

    Parameters
    ----------
    sensors : mapping of segment to SensorStatus
    expected : iterable of str
    losing : container of str
        Segments whose sensors lose samples at present.
    """
    found = [card_of(status, losing=s in losing) for s, status in sensors.items()]
    return found + [_missing(segment) for segment in expected if segment not in sensors]


def card_of(status: SensorStatus, *, losing: bool = False) -> SensorCard:
    """Return the card of one sensor; `losing` where it loses samples at present."""
    unknown = wording.UNKNOWN
    streams = status.is_delivering
    state = wording.STATE_WORDS[status.state.value]
    if status.state.value == "streaming" and not streams:
        state = wording.STATE_WORDS["starting"]
    age_s = status.last_packet_age_s
    if not streams and age_s is not None and age_s >= 1.0:
        state = cards.FOR_SO_LONG.format(state=state, age=wording.age(age_s))
    battery = status.battery_percent
    return SensorCard(
        segment=status.segment,
        title=wording.SEGMENT_NAMES.get(status.segment, status.segment),
        name=status.name or status.address,
        grade=status.grade,
        symbol=wording.GRADE_SYMBOLS[status.grade],
        state=state,
        battery=unknown if battery is None else f"{battery} %",
        signal=signal_text(status.rssi_dbm),
        rate=f"{status.measured_rate_hz if streams else 0.0:.0f} Hz",
        loss=f"{status.loss_percent:.2f} %",
        age=unknown if age_s is None else wording.age(age_s),
        next_step=_next_step(status),
        is_urgent=not streams or losing or status.counters.overrun_packets > 0,
    )


def signal_text(dbm: int | None) -> str:
    """Return how strongly a sensor was heard when it last advertised, in figures and a word."""
    if dbm is None:
        return wording.UNKNOWN
    return words.SIGNAL.format(dbm=str(dbm).replace("-", "−"), word=words.SIGNALS[signal_word(dbm)])


def _next_step(status: SensorStatus) -> str:
    if not status.is_delivering:
        hint = wording.STATE_NEXT_STEPS.get(status.state.value, "")
        return hint or wording.STATE_NEXT_STEPS["starting"]
    if status.counters.overrun_packets:
        return cards.TOO_SLOW
    if status.loss_percent >= 1.0:
        return cards.SAMPLES_LOST.format(n=status.counters.lost)
    battery = status.battery_percent
    if battery is not None and battery <= BATTERY_WARN_PERCENT:
        return cards.CHARGE
    if status.grade == "warn":
        return cards.OFF_RATE.format(rate=f"{status.nominal_rate_hz:.0f}")
    return ""


def _missing(segment: str) -> SensorCard:
    unknown = wording.UNKNOWN
    return SensorCard(
        segment=segment,
        title=wording.SEGMENT_NAMES.get(segment, segment),
        name=unknown,
        grade="bad",
        symbol=wording.GRADE_SYMBOLS["bad"],
        state=wording.STATE_WORDS["missing"],
        battery=unknown,
        signal=unknown,
        rate="0 Hz",
        loss=unknown,
        age=unknown,
        next_step=wording.STATE_NEXT_STEPS["missing"],
        is_urgent=True,
    )
