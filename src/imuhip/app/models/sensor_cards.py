"""One card per sensor: how it is, in words and a shape, and what to do when it is not well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from imuhip.acquisition.status import BATTERY_WARN_PERCENT, Grade, SensorStatus
from imuhip.app.models import wording
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

    @property
    def spoken(self) -> str:
        """Return the card as one sentence, for screen readers."""
        figures = (
            f"battery {self.battery}, signal {self.signal}, {self.rate}, lost {self.loss},"
            f" last packet {self.age}"
        )
        return f"{self.title}: {self.state}, {figures}. {self.next_step}".strip()


def cards_of(sensors: Mapping[str, SensorStatus], expected: Iterable[str]) -> list[SensorCard]:
    """Return a card for every sensor, and one for every expected segment without a sensor."""
    cards = [card_of(status) for status in sensors.values()]
    return cards + [_missing(segment) for segment in expected if segment not in sensors]


def card_of(status: SensorStatus) -> SensorCard:
    """Return the card of one sensor."""
    unknown = wording.UNKNOWN
    streams = status.is_delivering
    state = wording.STATE_WORDS[status.state.value]
    if status.state.value == "streaming" and not streams:
        state = wording.STATE_WORDS["starting"]
    age_s = status.last_packet_age_s
    if not streams and age_s is not None and age_s >= 1.0:
        state = f"{state} for {wording.age(age_s)}"
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
        return "This computer is too slow: close other programs."
    if status.loss_percent >= 1.0:
        return f"{status.counters.lost} samples lost: bring sensor and computer nearer."
    battery = status.battery_percent
    if battery is not None and battery <= BATTERY_WARN_PERCENT:
        return "Charge it after this session."
    if status.grade == "warn":
        return f"It should send {status.nominal_rate_hz:.0f} Hz: bring it nearer."
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
    )
