"""The calibration while the session runs: a pose, then gait, then better with more gait.

Each leg goes its own way: a thigh sensor that is there in the pose and in gait is calibrated with
the pelvis; one that joins later, or was put on anew, waits for the next pose.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.legs import LegGeometry, find_legs
from imuhip.analysis.live_frame import LiveFrame
from imuhip.analysis.live_leg import LegCourse
from imuhip.analysis.live_poses import LivePose
from imuhip.calibration.gait_axis import find_gait_axis
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.errors import AnalysisError
from imuhip.kinematics.heading_blocks import heading_blocks, turning
from imuhip.kinematics.hip_centre import PointForce

__all__ = ["LiveCalibration", "LiveCalibrator", "measure_frame"]

_KEPT_GAIT_S = 80.0
_RETRY_BLOCKS = 3
_COMMON_GAIT_S = 8.0
"""Of gait with both thigh sensors, to find which way the pelvis faces from both."""


@dataclass(frozen=True, slots=True)
class LiveCalibration:
    """What is known of the mounting by now.

    Parameters
    ----------
    poses : mapping of side to LivePose
    legs : mapping of side to LegGeometry
    pelvis_up_S, pelvis_right_S : (3,) arrays
    renewed : frozenset of Side
        Legs that were found anew by this calibration.
    frozen : bool
        No leg is waiting for more gait.
    """

    poses: Mapping[Side, LivePose]
    legs: Mapping[Side, LegGeometry]
    pelvis_up_S: FloatArray
    pelvis_right_S: FloatArray
    renewed: frozenset[Side]
    frozen: bool

    @property
    def sides(self) -> list[Side]:
        """Return the legs that are calibrated."""
        return list(self.legs)


class LiveCalibrator:
    """Collects poses and gait, and says when a new calibration is due.

    Parameters
    ----------
    sides : list of Side
    rate_hz : float
    pose_marker : Marker, optional
        When the pose is known beforehand.
    """

    def __init__(self, sides: list[Side], rate_hz: float, pose_marker: Marker | None) -> None:
        self._rate_hz = rate_hz
        self.legs = {side: LegCourse(side, rate_hz, pose_marker) for side in sides}
        self._frames: deque[LiveFrame] = deque()
        self.current: LiveCalibration | None = None

    @property
    def gait_s(self) -> float:
        """Return how much usable gait was seen since the pose, s, by the leg that has most."""
        return max(leg.gait_s for leg in self.legs.values())

    @property
    def has_pose(self) -> bool:
        """Return whether any still pose was seen."""
        return any(leg.has_pose for leg in self.legs.values())

    def add(self, frame: LiveFrame) -> LiveCalibration | None:
        """Take in a block; returns a new calibration when one was due and could be made."""
        for leg in self.legs.values():
            leg.add(frame)
        wanting = [leg for leg in self.legs.values() if leg.is_open]
        if not any(frame.usable[leg.side].any() for leg in wanting):
            if not wanting:
                self._frames.clear()
            return None
        self._keep(frame)
        due = [side for side, leg in self.legs.items() if leg.is_due(self._frames)]
        if not due:
            return None
        try:
            return self._calibrate(due)
        except AnalysisError:
            for side in due:
                self.legs[side].wait(frame.index + _RETRY_BLOCKS)
            return None  # too many samples lost so far; more gait may do

    def drop(self, sides: Sequence[Side], since_block: int) -> None:
        """Forget these legs: nothing from before `since_block` is true any more."""
        self._restart(sides, since_block)
        if self.current is None:
            return
        left = [side for side in self.current.sides if side not in sides]
        self.current = self._merged(self.current, left) if left else None

    def reopen(self, sides: Sequence[Side], since_block: int) -> None:
        """Calibrate these legs anew at the next pose; the present calibration serves till then."""
        self._restart(sides, since_block)

    def history(self) -> list[LiveFrame]:
        """Return the gait blocks kept so far, in order; none once every leg is done."""
        return list(self._frames)

    def _restart(self, sides: Sequence[Side], since_block: int) -> None:
        for side in sides:
            self.legs[side].restart(since_block)
        if all(leg.pose is None for leg in self.legs.values() if leg.is_open):
            self._frames.clear()

    def _keep(self, frame: LiveFrame) -> None:
        self._frames.append(frame)
        while len(self._frames) * len(frame.time_s) > _KEPT_GAIT_S * self._rate_hz:
            self._frames.popleft()

    def _merged(self, old: LiveCalibration, sides: Sequence[Side]) -> LiveCalibration:
        return LiveCalibration(
            {side: old.poses[side] for side in sides},
            {side: old.legs[side] for side in sides},
            old.pelvis_up_S,
            old.pelvis_right_S,
            frozenset(),
            not any(self.legs[side].is_open for side in sides),
        )

    def _calibrate(self, due: list[Side]) -> LiveCalibration:
        """Find the legs that are due, together with those known already where both walked."""
        sides = [side for side, leg in self.legs.items() if leg.pose is not None]
        frames = self._common(sides)
        if not frames and len(sides) > 1:
            sides = due[:1]
            frames = self._common(sides)
        if not frames:
            raise AnalysisError("too little gait with all sensors", hint="Walk on.", code="E605")
        poses: dict[Side, LivePose] = {}
        for side in sides:
            pose = self.legs[side].pose
            assert pose is not None
            poses[side] = pose
        legs, right_S = self._find(sides, frames, poses)
        old = self.current
        renewed = [side for side in sides if old is None or self.legs[side].is_open]
        pelvis_up_S = poses[sides[0]].pose.up_S["pelvis"]
        if old is not None:
            kept = {side: old.legs[side] for side in old.sides if side not in renewed}
            if kept:  # the pelvis stays as those legs know it
                pelvis_up_S = old.pelvis_up_S
                if not set(kept) <= set(sides):
                    right_S = old.pelvis_right_S
            legs = kept | {side: legs[side] for side in renewed}
            poses = {side: old.poses[side] for side in kept} | {s: poses[s] for s in renewed}
        for side in renewed:
            self.legs[side].calibrated(self._frames)
        self.current = LiveCalibration(
            {side: poses[side] for side in self.legs if side in legs},
            {side: legs[side] for side in self.legs if side in legs},
            pelvis_up_S,
            right_S,
            frozenset(renewed),
            not any(self.legs[side].is_open for side in legs),
        )
        return self.current

    def _common(self, sides: Sequence[Side]) -> list[LiveFrame]:
        """Return the gait since all their poses; none when they were hardly there together."""
        poses = [self.legs[side].pose for side in sides]
        first = max(pose.end_block for pose in poses if pose is not None)
        frames = [frame for frame in self._frames if frame.index > first]
        usable = sum(int(_usable(frame, sides).sum()) for frame in frames)
        return frames if usable >= _COMMON_GAIT_S * self._rate_hz else []

    def _find(
        self, sides: Sequence[Side], frames: list[LiveFrame], poses: Mapping[Side, LivePose]
    ) -> tuple[dict[Side, LegGeometry], FloatArray]:
        usable = np.concatenate([_usable(frame, sides) for frame in frames])
        segments = ("pelvis", *(f"thigh_{side}" for side in sides))
        q_WS = {s: np.concatenate([f.motions[s].q_WS for f in frames]) for s in segments}
        up_S = {"pelvis": poses[sides[0]].pose.up_S["pelvis"]}
        up_S |= {f"thigh_{s}": poses[s].pose.up_S[f"thigh_{s}"] for s in sides}
        axes = {
            side: find_gait_axis(
                np.concatenate([f.smooth_gyr[f"thigh_{side}"] for f in frames]),
                np.concatenate([f.motions[f"thigh_{side}"].up_S for f in frames]),
                up_S[f"thigh_{side}"],
                usable,
            )
            for side in sides
        }
        forces = {
            side: (
                PointForce.joined([f.forces[side][0] for f in frames]),
                PointForce.joined([f.forces[side][1] for f in frames]),
            )
            for side in sides
        }
        return find_legs(q_WS, forces, axes, up_S, usable, self._rate_hz)


def _usable(frame: LiveFrame, sides: Sequence[Side]) -> BoolArray:
    return np.asarray(np.logical_and.reduce([frame.usable[side] for side in sides]))


def measure_frame(
    frame: LiveFrame, leg: LegGeometry, side: Side, rate_hz: float
) -> tuple[float, float]:
    """Return the block heading (rad) and its variance (rad²) of one frame and leg."""
    pelvis, thigh = frame.forces[side]
    walker = frame.motions["pelvis"]
    straight = ~turning((walker.up_S * walker.gyr).sum(axis=1), rate_hz)
    usable = frame.usable[side] & straight  # the other thigh's sensor may be gone
    found = heading_blocks(
        pelvis.at(leg.vectors.pelvis_m),
        thigh.at(leg.vectors.thigh_m),
        usable,
        len(usable),
        rate_hz,
    )
    return float(found.heading_rad[0]), float(found.variance_rad2[0])
