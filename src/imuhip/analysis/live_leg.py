"""One leg's way to its calibration: poses seen, gait seen, and when to calibrate again."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imuhip.analysis.live_frame import LiveFrame
from imuhip.analysis.live_poses import LivePose, PoseSeeker
from imuhip.calibration.pose import upright
from imuhip.calibration.stance import (
    LATER_STANCE_S,
    LATER_STANCE_SD_RAD,
    drift_between_stances,
    same_stance,
    stance_variance,
)
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, Marker

__all__ = ["FIRST_GAIT_S", "LegCourse"]

FIRST_GAIT_S = 10.0
_GAIT_NEEDED_S = (FIRST_GAIT_S, 20.0, 40.0, 60.0)


class LegCourse:
    """Poses and gait of one leg, with the pelvis.

    Parameters
    ----------
    side : {"left", "right"}
    rate_hz : float
    marker : Marker, optional
        Names the first pose; poses after it are found.
    """

    def __init__(self, side: Side, rate_hz: float, marker: Marker | None) -> None:
        self.side: Side = side
        self.segments = ("pelvis", f"thigh_{side}")
        self._rate_hz = rate_hz
        self._marker = marker
        self._found = PoseSeeker(self.segments, rate_hz, given=False)
        self._marked = PoseSeeker(self.segments, rate_hz, given=True)
        self._now_s, self._block = 0.0, 0
        self._there = False
        self._taken: int | None = None
        self._latest: LivePose | None = None
        self._since_block = 0
        self._begin()

    def _begin(self) -> None:
        self.pose: LivePose | None = None
        self._chosen = False
        self._due = list(_GAIT_NEEDED_S)
        self._force: dict[str, FloatArray] = {}
        self._rows = 0
        self._not_before = 0

    @property
    def is_open(self) -> bool:
        """Return whether more gait is wanted."""
        return bool(self._due)

    @property
    def gait_s(self) -> float:
        """Return how much usable gait was seen since the pose, s."""
        return self._rows / self._rate_hz

    @property
    def has_pose(self) -> bool:
        """Return whether any still pose was seen."""
        return self.pose is not None or bool(self._candidates())

    @property
    def is_there(self) -> bool:
        """Return whether both sensors sent samples in the last block."""
        return self._there

    def restart(self, since_block: int) -> None:
        """Begin anew: poses and gait before `since_block` no longer count."""
        self._since_block = since_block
        self._begin()

    def add(self, frame: LiveFrame) -> None:
        """Take in one block."""
        self._now_s, self._block = float(frame.time_s[-1]), frame.index
        self._there = all(bool(frame.motions[s].trusted.any()) for s in self.segments)
        rows = frame.still_rows[self.side]
        self._latest = self._found.add(frame.index, frame.motions, rows, frame.time_s)
        if self._marker is not None:
            inside = (frame.time_s >= self._marker.start_s) & (frame.time_s <= self._marker.end_s)
            there = all(frame.motions[s].trusted.mean() > 0.5 for s in self.segments)
            self._marked.add(frame.index, frame.motions, inside & there, frame.time_s)
        usable = frame.usable[self.side]
        if self.is_open and usable.any():
            for segment in self.segments:
                total = frame.motions[segment].acc[usable].sum(axis=0)
                self._force[segment] = self._force.get(segment, np.zeros(3)) + total
            if not self._chosen:
                before, self.pose = self.pose, self._choose()
                if self.pose is not before:
                    self._rows = 0
            if self.pose is None or frame.index > self.pose.end_block:
                self._rows += int(usable.sum())

    def is_due(self, frames: Iterable[LiveFrame]) -> bool:
        """Return whether there is a pose, and enough gait since it."""
        if not self._due or self.pose is None or self._block < self._not_before:
            return False
        return self._gait_since(self.pose, frames) >= self._due[0]

    def wait(self, until_block: int) -> None:
        """Do not calibrate before that block."""
        self._not_before = until_block

    def calibrated(self, frames: Iterable[LiveFrame]) -> None:
        """Keep the pose, and take the limits of gait that were reached off the list."""
        assert self.pose is not None
        self._chosen = True
        seen_s = self._gait_since(self.pose, frames)
        self._due = [limit for limit in self._due if limit > seen_s]

    def stances(self, reference: LivePose, before_block: int) -> dict[int, tuple[float, float]]:
        """Return drift (rad) and variance of stances between the pose and the gait after it."""
        return {
            found.end_block: (
                drift_between_stances(reference.q_WS, found.q_WS, f"thigh_{self.side}"),
                stance_variance(reference.pose.up_S, found.pose.up_S),
            )
            for found in self._found.poses
            if reference.end_block < found.end_block < before_block
            and same_stance(reference.pose.up_S, found.pose.up_S)
        }

    def new_stance(self, reference: LivePose) -> tuple[float, float] | None:
        """Return drift and variance when a stance of 3 s came about in the block added last."""
        found = self._latest
        if found is None or len(found.pose.rows) < LATER_STANCE_S * self._rate_hz:
            return None
        if found.pose.rows.start == self._taken or found.end_block <= reference.end_block:
            return None
        self._taken = found.pose.rows.start
        if not same_stance(reference.pose.up_S, found.pose.up_S):
            return None
        drift = drift_between_stances(reference.q_WS, found.q_WS, f"thigh_{self.side}")
        alike = stance_variance(reference.pose.up_S, found.pose.up_S)
        return drift, alike + float(LATER_STANCE_SD_RAD**2)

    def _gait_since(self, pose: LivePose, frames: Iterable[LiveFrame]) -> float:
        rows = sum(int(f.usable[self.side].sum()) for f in frames if f.index > pose.end_block)
        return rows / self._rate_hz

    def _candidates(self) -> list[LivePose]:
        """Return poses that count: those a marker names, else those found."""
        marked = [pose for pose in self._marked.poses if pose.end_block >= self._since_block]
        if marked:
            return marked
        if self._marker is not None and self._now_s < self._marker.end_s:
            return []
        return [pose for pose in self._found.poses if pose.end_block >= self._since_block]

    def _choose(self) -> LivePose | None:
        """Return the longest upright pose; one that a marker names is believed."""
        gait_up = {s: force / np.linalg.norm(force) for s, force in self._force.items()}
        fitting = [
            pose for pose in self._candidates() if pose.pose.given or upright(pose.pose, gait_up)
        ]
        return max(fitting, key=lambda pose: len(pose.pose.rows)) if fitting else None
