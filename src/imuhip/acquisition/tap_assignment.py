"""Asking for one segment after another: the sensor that feels the double tap is worn there.

A state machine without a screen: a command or a window shows `TapAssignment.wanted`, feeds rings,
and tells the `TapAnswer` it gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.tap_detection import TapDetector, TapFinding, TapPolicy

__all__ = ["TapAnswer", "TapAssignment"]

AnswerKind = Literal["assigned", "taken", "single", "shared", "unheard", "timeout"]


@dataclass(frozen=True, slots=True)
class TapAnswer:
    """What became of a question.

    Parameters
    ----------
    kind : {"assigned", "taken", "single", "shared", "unheard", "timeout"}
        The sensor is known; or the one tapped has its segment already; or one knock only; or a
        knock that several felt; or a tap while another sensor was silent; or nothing came of it.
    segment : str
        Which was asked for.
    sensors : tuple of str
        Who felt it, strongest first; for ``"timeout"`` everybody who felt anything.
    """

    kind: AnswerKind
    segment: str
    sensors: tuple[str, ...]


class TapAssignment:
    """Which sensor is worn where, told by taps.

    Parameters
    ----------
    segments : sequence of str
        In the order in which they are asked for.
    rates_hz : mapping of sensor to float
        The sensors to choose from, by any name, and how often each samples.
    timeout_s : float, s
        How long a question stands.
    policy : TapPolicy, optional
        What counts as a tap.
    """

    def __init__(
        self,
        segments: Sequence[str],
        rates_hz: Mapping[str, float],
        *,
        timeout_s: float = 30.0,
        policy: TapPolicy | None = None,
    ) -> None:
        if len(segments) > len(rates_hz):
            raise ValueError(
                f"Expected a sensor for each of {len(segments)} segments, got {len(rates_hz)}"
            )
        self.assigned: dict[str, str] = {}
        """Segment to sensor, as far as it is known."""
        self.segments = tuple(segments)
        self._detector = TapDetector(rates_hz, policy)
        self._read = dict.fromkeys(rates_hz, 0)
        self._timeout_s = timeout_s
        self._asked_s: float | None = None
        self._felt: dict[str, float] = {}

    @property
    def wanted(self) -> str | None:
        """Return the segment asked for; None when all are known."""
        return next((one for one in self.segments if one not in self.assigned), None)

    @property
    def is_settled(self) -> bool:
        """Return whether every sensor was heard for long enough to judge a tap."""
        return self._detector.is_settled

    def ask(self, now_s: float) -> None:
        """Begin a question: what was felt before does not answer it."""
        self._asked_s = now_s
        self._felt.clear()
        self._detector.forget(now_s)

    def feed(self, rings: Mapping[str, SampleRing]) -> None:
        """Take what arrived since; `rings` by sensor."""
        for sensor, ring in rings.items():
            view = ring.since(self._read[sensor])
            self._read[sensor] = view.next_index
            self._detector.add(sensor, view.time_s, view.acc)

    def update(self, now_s: float) -> list[TapAnswer]:
        """Return what came of the question; ask anew after an answer.

        Parameters
        ----------
        now_s : float, s
            The present on the rings' clock.
        """
        segment = self.wanted
        if segment is None or self._asked_s is None:
            return []
        answers = []
        for finding in self._detector.findings(now_s):
            for sensor in finding.sensors:
                self._felt[sensor] = max(finding.strength, self._felt.get(sensor, 0.0))
            answer = self._answered(segment, finding)
            answers.append(answer)
            if answer.kind == "assigned":
                self.assigned[segment] = answer.sensors[0]
                self._asked_s = None
                return answers
        if not answers and now_s - self._asked_s > self._timeout_s:
            felt = tuple(sorted(self._felt, key=lambda sensor: -self._felt[sensor]))
            self._asked_s = None
            return [TapAnswer("timeout", segment, felt)]
        return answers

    def _answered(self, segment: str, finding: TapFinding) -> TapAnswer:
        if finding.kind != "tapped":
            return TapAnswer(finding.kind, segment, finding.sensors)
        is_taken = finding.sensors[0] in self.assigned.values()
        return TapAnswer("taken" if is_taken else "assigned", segment, finding.sensors)
