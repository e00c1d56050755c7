"""The heading between pelvis and thighs while the session runs: one filter a leg."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.analysis.legs import LegGeometry
from imuhip.analysis.live_calibration import LiveCalibration, measure_frame
from imuhip.analysis.live_frame import LiveFrame
from imuhip.analysis.live_leg import LegCourse
from imuhip.core.segments import Side
from imuhip.kinematics.drift_exposure import HeadingSteps
from imuhip.kinematics.heading_filter import HeadingFilter

__all__ = ["LiveHeadings"]

_KEPT_BLOCKS = 1800
"""Blocks that a filter can be run through again: an hour between the pose and the walk."""


class LiveHeadings:
    """Heading filters of all calibrated legs.

    Parameters
    ----------
    rate_hz : float
    """

    def __init__(self, rate_hz: float) -> None:
        self.filters: dict[Side, HeadingFilter] = {}
        self.innovations: dict[Side, float] = {}
        self.spreads: dict[Side, float] = {}
        self._rate_hz = rate_hz
        self._steps: deque[tuple[int, Mapping[Side, HeadingSteps], frozenset[str]]] = deque(
            maxlen=_KEPT_BLOCKS
        )

    def note(self, frame: LiveFrame, steps: Mapping[Side, HeadingSteps]) -> None:
        """Remember how a block was reached, to be able to run through it again."""
        self._steps.append((frame.index, steps, frame.returned))
        self.innovations, self.spreads = {}, {}

    def drop(self, sides: Sequence[Side]) -> None:
        """Forget these legs."""
        for side in sides:
            self.filters.pop(side, None)

    def restart(
        self,
        calibration: LiveCalibration,
        frames: Sequence[LiveFrame],
        courses: Mapping[Side, LegCourse],
    ) -> None:
        """Run the filters of renewed legs again from their pose, over all blocks there were."""
        gait = {frame.index: frame for frame in frames}
        for side in calibration.renewed:
            pose = calibration.poses[side]
            later = [index for index in gait if index > pose.end_block]
            stances = courses[side].stances(pose, min(later, default=0))
            heading = self.filters[side] = HeadingFilter()
            for index, steps, returned in self._steps:
                if index <= pose.end_block:
                    continue
                lost = bool(returned & {"pelvis", f"thigh_{side}"})
                if lost:
                    heading.forget()
                    stances = {}  # a sensor that was gone faces elsewhere since
                heading.predict(steps[side], 0)
                if index in stances:
                    heading.anchor(*stances[index])
                if index in gait and not lost:
                    self._measure(gait[index], calibration.legs[side], side)

    def step(
        self, frame: LiveFrame, calibration: LiveCalibration, but: Sequence[Side] = ()
    ) -> None:
        """Move the filters on by one block, but for those that are going to be run again."""
        steps = self._steps[-1][1]
        for side, heading in self.filters.items():
            if side in but:
                continue
            heading.predict(steps[side], 0)
            if frame.lost(side):
                heading.forget()
            if frame.walked and not frame.lost(side):  # the block began in the old world
                self._measure(frame, calibration.legs[side], side)

    def _measure(self, frame: LiveFrame, leg: LegGeometry, side: Side) -> None:
        measured = measure_frame(frame, leg, side, self._rate_hz)
        update = self.filters[side].measure(*measured, running=frame.running)
        if update is not None:
            self.innovations[side] = update.innovation
            self.spreads[side] = float(np.sqrt(update.spread))
