"""Tests while they are done: repetitions counted and measured from what was received so far.

The same steps as afterwards (`imuhip.analysis.assess`), over the seconds since the standing pose: a
look costs some hundredths of a second, so a screen can ask twice a second. What is kept is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.assess import assess_trial
from imuhip.analysis.trials import Trial
from imuhip.analysis.walked_axes import walked_right
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.trial import TrialResult
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, ImuSeries, Marker

__all__ = ["LiveTrials"]

_KEPT_S = 240.0
_LEAST_S = 1.0


class LiveTrials:
    """Watches one test after the other.

    Parameters
    ----------
    rate_hz : float
        Of the grid.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._blocks: dict[str, list[ImuSeries]] = {}
        self._markers: list[Marker] = []
        self._right_S: Mapping[str, FloatArray] = {}
        self._doing: tuple[MovementTest, Side | None, float] | None = None

    @property
    def doing(self) -> str:
        """Return the marker name of the test that is going on, empty between tests."""
        if self._doing is None:
            return ""
        test, side, start_s = self._doing
        return Trial(test, side, start_s, start_s).name

    def add(self, blocks: Mapping[str, ImuSeries]) -> None:
        """Take in the next samples of any sensors; what is four minutes old is let go."""
        for segment, block in blocks.items():
            kept = self._blocks.setdefault(segment, [])
            if len(block):
                kept.append(block)
            while len(kept) > 1 and kept[0].time_s[-1] < kept[-1].time_s[-1] - _KEPT_S:
                del kept[0]

    def mark(self, name: str, start_s: float, end_s: float) -> None:
        """Note a standing pose (``n_pose``) or a walk (``gait``), which tells how sensors sit."""
        self._markers.append(Marker(name, start_s, end_s))
        if name == "gait":
            found = walked_right(self._sensors(), self._markers, self._rate_hz)
            self._right_S = found or self._right_S

    def begin(self, test: MovementTest, side: Side | None, at_s: float) -> None:
        """Begin a test; the one going on, if any, is left."""
        self._doing = (test, side if test.sides else None, at_s)

    def look(self) -> TrialResult | None:
        """Return what the test has given so far; None between tests and in its first second.

        The last repetition is there as soon as it comes back; what cannot be measured is a note.
        """
        sensors = self._sensors()
        if self._doing is None or not sensors:
            return None
        now_s = min(float(series.time_s[-1]) for series in sensors.values())
        test, side, start_s = self._doing
        if now_s - start_s < _LEAST_S:
            return None
        trial = Trial(test, side, start_s, now_s)
        return assess_trial(sensors, self._markers, self._rate_hz, trial, self._right_S)

    def end(self) -> TrialResult | None:
        """Return what the test gave, and leave it."""
        found = self.look()
        self._doing = None
        return found

    def _sensors(self) -> dict[str, ImuSeries]:
        return {segment: _joined(blocks) for segment, blocks in self._blocks.items() if blocks}


def _joined(blocks: list[ImuSeries]) -> ImuSeries:
    if len(blocks) == 1:
        return blocks[0]
    return ImuSeries(
        np.concatenate([block.time_s for block in blocks]),
        np.concatenate([block.acc for block in blocks]),
        np.concatenate([block.gyr for block in blocks]),
        None,
        np.concatenate([block.valid for block in blocks]),
    )
