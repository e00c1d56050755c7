"""Asking, in the window, for the taps that tell which sensor is worn where."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import SensorStatus
from imuhip.acquisition.tap_assignment import TapAnswer, TapAssignment
from imuhip.app.models import wording
from imuhip.app.models import wording_sensors as words
from imuhip.app.models.guidance import Guidance

__all__ = ["TapQuestions"]

_LOOK_EVERY_S: Final = 0.1
_TIMEOUT_S: Final = 30.0


class TapQuestions:
    """One question after the other until every segment's sensor is known.

    Parameters
    ----------
    segments : sequence of str
        In the order in which they are asked for.
    sensors : mapping of str to SensorStatus
        The sensors to choose from, by the names under which they stream meanwhile.
    tap_virtual : callable
        Told which segment is asked for, so that a simulated person can tap it.
    """

    def __init__(
        self,
        segments: Sequence[str],
        sensors: Mapping[str, SensorStatus],
        tap_virtual: Callable[[str], None],
    ) -> None:
        self.said = ""
        self._sensors = dict(sensors)
        self._tap_virtual = tap_virtual
        rates = {name: one.nominal_rate_hz for name, one in sensors.items()}
        self._taps = TapAssignment(segments, rates, timeout_s=_TIMEOUT_S)
        self._looked_s = float("-inf")
        self._asked: str | None = None

    @property
    def wanted(self) -> str | None:
        """Return the segment that is asked for; None when all are known."""
        return self._taps.wanted

    @property
    def names(self) -> tuple[str, ...]:
        """Return under which names the sensors stream."""
        return tuple(self._sensors)

    @property
    def assigned(self) -> dict[str, SensorStatus]:
        """Return the sensor of each segment, as far as it is known."""
        return {segment: self._sensors[name] for segment, name in self._taps.assigned.items()}

    def guidance(self, *, simulated: bool) -> Guidance:
        """Return what to do."""
        if self._asked is None:
            return Guidance(words.TAP_SETTLE, words.TAP_SETTLE_HINT)
        done, left = len(self._taps.assigned), self._taps.wanted
        headline = words.TAP.format(segment=wording.segments([left or ""]))
        hint = words.TAP_SIMULATED if simulated else words.TAP_HINT
        return Guidance(headline, f"{self.said} {hint}".strip(), progress=done / self._n)

    @property
    def _n(self) -> int:
        return len(self._taps.assigned) + len(self._unknown)

    @property
    def _unknown(self) -> list[str]:
        return [s for s in self._taps.segments if s not in self._taps.assigned]

    def pull(self, rings: Mapping[str, SampleRing], now_s: float) -> None:
        """Take in what the sensors felt; `now_s` is on the rings' clock."""
        if now_s < self._looked_s + _LOOK_EVERY_S or set(rings) != set(self._sensors):
            return
        self._looked_s = now_s
        self._taps.feed(rings)
        if not self._taps.is_settled:
            return
        if self._asked != self._taps.wanted:
            self._ask(now_s)
            return
        for answer in self._taps.update(now_s):
            self.said = self._told(answer)
            if answer.kind in ("assigned", "timeout"):
                self._asked = None
                if self._taps.wanted is not None:
                    self._ask(now_s)
                return

    def _ask(self, now_s: float) -> None:
        self._asked = self._taps.wanted
        self._taps.ask(now_s)
        if self._asked is not None:
            self._tap_virtual(self._asked)

    def _told(self, answer: TapAnswer) -> str:
        names = [_called(self._sensors[name]) for name in answer.sensors]
        kind = "nothing" if answer.kind == "timeout" and not names else answer.kind
        return words.TAP_ANSWERS[kind].format(
            first=names[0] if names else "",
            rest=", ".join(names[1:]),
            names=", ".join(names),
            segment=wording.segments([answer.segment]),
        )


def _called(sensor: SensorStatus) -> str:
    return sensor.name or sensor.address
