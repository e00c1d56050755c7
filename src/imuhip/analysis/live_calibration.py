"""The calibration while the session runs: a pose, then gait, then better with more gait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.legs import LegGeometry, find_legs
from imuhip.analysis.live_poses import LivePose, PoseSeeker
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.gait_axis import find_gait_axis
from imuhip.calibration.pose import upright
from imuhip.calibration.stance import STANCE_SD_RAD, drift_between_stances, same_stance
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.errors import AnalysisError
from imuhip.kinematics.heading_blocks import heading_blocks
from imuhip.kinematics.hip_centre import PointForce
from imuhip.kinematics.strap_wobble import StrapWobble, measure_wobble

__all__ = ["LiveCalibration", "LiveCalibrator", "LiveFrame", "measure_frame"]

_GAIT_NEEDED_S = (10.0, 20.0, 40.0, 60.0)


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One block of `imuhip.kinematics.heading_blocks.BLOCK_S`.

    Parameters
    ----------
    index : int
        Blocks since the start.
    time_s : (n,) array, s
    motions : mapping of segment to SensorMotion
    forces : mapping of side to (pelvis, thigh) PointForce
        Filtered causally.
    smooth_gyr : mapping of thigh to (n, 3) array, rad/s
        Low-passed causally.
    gait, usable : (n,) bool arrays
        Gait; gait with all sensors trusted.
    still : bool
        Nobody moved in the whole block.
    still_rows : (n,) bool array
    running : bool
        Whether gait, if there is any, is running.
    """

    index: int
    time_s: FloatArray
    motions: Mapping[str, SensorMotion]
    forces: Mapping[Side, tuple[PointForce, PointForce]]
    smooth_gyr: Mapping[str, FloatArray]
    gait: BoolArray
    usable: BoolArray
    still: bool
    still_rows: BoolArray
    running: bool


@dataclass(frozen=True, slots=True)
class LiveCalibration:
    """What is known of the mounting by now."""

    pose: LivePose
    legs: Mapping[Side, LegGeometry]
    pelvis_right_S: FloatArray
    wobble: Mapping[Side, StrapWobble]
    gait_s: float
    frozen: bool


class LiveCalibrator:
    """Collects poses and gait, and says when a new calibration is due."""

    def __init__(self, sides: list[Side], rate_hz: float, pose_marker: Marker | None) -> None:
        self._sides = sides
        self._rate_hz = rate_hz
        self._marker = pose_marker
        self._still = PoseSeeker(rate_hz, given=False)
        self._marked = PoseSeeker(rate_hz, given=True)
        self._gait_force: dict[str, FloatArray] = {}
        self._gait_rows = 0
        self._frames: list[LiveFrame] = []
        self._due = list(_GAIT_NEEDED_S)
        self._last: LiveCalibration | None = None

    @property
    def gait_s(self) -> float:
        """Return how much usable gait was seen, s."""
        return self._gait_rows / self._rate_hz

    @property
    def has_pose(self) -> bool:
        """Return whether any still pose was seen."""
        return bool(self._still.poses if self._marker is None else self._marked.poses)

    def add(self, frame: LiveFrame) -> LiveCalibration | None:
        """Take in a block; returns a new calibration when one was due and could be made."""
        self._still.add(frame.index, frame.motions, frame.still_rows)
        if self._marker is not None:
            inside = (frame.time_s >= self._marker.start_s) & (frame.time_s <= self._marker.end_s)
            there = all(motion.trusted.mean() > 0.5 for motion in frame.motions.values())
            self._marked.add(frame.index, frame.motions, np.asarray(inside & there))
        if not self._due:
            return None
        self._collect_gait(frame)
        if not self._is_due():
            return None
        pose = self._choose_pose()
        if pose is None:
            return None
        if not any(frame.usable.any() and frame.index > pose.end_block for frame in self._frames):
            return None
        while self._due and self._is_due():
            self._due.pop(0)
        try:
            return self._calibrate(pose)
        except AnalysisError:
            return None  # too many samples lost so far; more gait may do

    def _is_due(self) -> bool:
        return self._gait_rows >= round(self._due[0] * self._rate_hz)

    def history(self) -> list[LiveFrame]:
        """Return the gait blocks kept so far, in order; empty once frozen and released."""
        return self._frames

    def stances(self, side: Side) -> dict[int, tuple[float, float]]:
        """Return the drift (rad) and its variance at stances between pose and gait, by block."""
        if self._last is None or not self._frames:
            return {}
        pose, thigh = self._last.pose, f"thigh_{side}"
        return {
            found.end_block: (
                drift_between_stances(pose.q_WS, found.q_WS, thigh),
                STANCE_SD_RAD**2,
            )
            for found in self._still.poses
            if pose.end_block < found.end_block < self._frames[0].index
            and same_stance({s: pose.pose.up_S[s] for s in ("pelvis", thigh)}, found.pose.up_S)
        }

    def release(self) -> None:
        """Forget the gait blocks: they are not needed after the last calibration."""
        self._frames = []

    def _collect_gait(self, frame: LiveFrame) -> None:
        if not frame.gait.any():
            return
        self._frames.append(frame)
        self._gait_rows += int(frame.usable.sum())
        for segment, motion in frame.motions.items():
            total = motion.acc[frame.usable].sum(axis=0)
            self._gait_force[segment] = self._gait_force.get(segment, np.zeros(3)) + total

    def _choose_pose(self) -> LivePose | None:
        if self._last is not None:
            return self._last.pose
        gait_up = {s: f / np.linalg.norm(f) for s, f in self._gait_force.items()}
        fitting = self._marked.poses or [
            found for found in self._still.poses if upright(found.pose, gait_up)
        ]
        return max(fitting, key=lambda found: len(found.pose.rows)) if fitting else None

    def _calibrate(self, pose: LivePose) -> LiveCalibration:
        frames = [frame for frame in self._frames if frame.index > pose.end_block]
        usable = np.concatenate([frame.usable for frame in frames])
        segments = ("pelvis", *(f"thigh_{side}" for side in self._sides))
        q_WS = {s: np.concatenate([f.motions[s].q_WS for f in frames]) for s in segments}
        axes = {
            side: find_gait_axis(
                np.concatenate([f.smooth_gyr[f"thigh_{side}"] for f in frames]),
                np.concatenate([f.motions[f"thigh_{side}"].up_S for f in frames]),
                pose.pose.up_S[f"thigh_{side}"],
                usable,
            )
            for side in self._sides
        }
        forces = {
            side: (
                PointForce.joined([f.forces[side][0] for f in frames]),
                PointForce.joined([f.forces[side][1] for f in frames]),
            )
            for side in self._sides
        }
        legs, right_S = find_legs(q_WS, forces, axes, pose.pose.up_S, usable, self._rate_hz)
        self._last = LiveCalibration(
            pose=pose,
            legs=legs,
            pelvis_right_S=right_S,
            wobble={side: self._wobble(side, pose, frames) for side in self._sides},
            gait_s=self.gait_s,
            frozen=not self._due,
        )
        return self._last

    def _wobble(self, side: Side, pose: LivePose, frames: Sequence[LiveFrame]) -> StrapWobble:
        thigh = f"thigh_{side}"
        axial = np.concatenate([frame.motions[thigh].gyr for frame in frames])
        rows = np.concatenate([frame.usable for frame in frames])
        return measure_wobble(axial @ pose.pose.up_S[thigh], rows, self._rate_hz)


def measure_frame(
    frame: LiveFrame, leg: LegGeometry, side: Side, rate_hz: float
) -> tuple[float, float]:
    """Return the block heading (rad) and its variance (rad²) of one frame and leg."""
    pelvis, thigh = frame.forces[side]
    # the other thigh's sensor may be gone
    usable = frame.gait & frame.motions["pelvis"].trusted & frame.motions[f"thigh_{side}"].trusted
    found = heading_blocks(
        pelvis.at(leg.vectors.pelvis_m),
        thigh.at(leg.vectors.thigh_m),
        usable,
        len(usable),
        rate_hz,
    )
    return float(found.heading_rad[0]), float(found.variance_rad2[0])
