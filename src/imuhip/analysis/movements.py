"""What calibration movements add to pose and gait: a better zero, and how good it is.

More than one N-pose gives the mean of them as zero and shows how exactly this person repeats it.
Poses are found by their markers, or, where nobody set any, by themselves. For squats and hinges see
`imuhip.analysis.bends`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.calibration.movement_axis import Facing, MovementAxis
from imuhip.calibration.pose import Pose, make_pose
from imuhip.calibration.pose_spread import PoseSpread, judge_poses
from imuhip.calibration.protocol import shipped_protocol
from imuhip.calibration.stance import same_stance
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.gait.activity import FRAME_S, Activity
from imuhip.kinematics.angles import hip_from_segments

__all__ = ["Movements", "find_poses", "mean_pose", "note_movements", "zeroed_by_poses"]

_Y = np.array([0.0, 1.0, 0.0])
_POSE_S = 3.0
_SWAY_LIMIT_RAD = np.radians(3.0)
_ANOTHER_POSE_RAD = np.radians(10.0)
"""Poses of one person differ by some degrees; what differs more is no N-pose."""


@dataclass(frozen=True, slots=True)
class Movements:
    """What the calibration movements of a session gave.

    Parameters
    ----------
    poses : tuple of Stretch
        N-poses whose mean is zero, the first one included.
    spread : PoseSpread
    axes : tuple of MovementAxis
        Of the bends.
    facing : Facing
    """

    poses: tuple[Stretch, ...]
    spread: PoseSpread
    axes: tuple[MovementAxis, ...]
    facing: Facing


def find_poses(
    grid: GridBlock, activity: Activity, gait: BoolArray, pose: Pose, markers: Sequence[Marker]
) -> tuple[Stretch, ...]:
    """Return all N-poses, the chosen one first.

    All before the gait: those that markers name, as far as the person stood still and much as in
    the first; without any marker, still stretches of 3 s that look the same.
    """
    rate_hz = grid.rate_hz
    frame = round(FRAME_S * rate_hz)
    named = [marker for marker in markers if marker.name == "n_pose"]
    still = stretches(activity.still, minimum=round(_POSE_S / FRAME_S))
    if named:
        edges = [np.searchsorted(grid.time_s, (m.start_s, m.end_s)) for m in named]
        candidates = [Stretch(int(a), int(b)) for a, b in edges if b - a >= _POSE_S * rate_hz]
    else:
        candidates = [Stretch(run.start * frame, run.end * frame) for run in still]
    found = [pose.rows]
    for rows in candidates:
        if max(rows.end, pose.rows.end) > int(np.argmax(gait)):
            continue
        if rows.start < pose.rows.end and pose.rows.start < rows.end:
            continue
        if not all(known[rows.start : rows.end].mean() > 0.5 for known in grid.valid.values()):
            continue
        another = make_pose(rows, grid.acc, given=bool(named))
        alike = (
            _alike(another, pose, _ANOTHER_POSE_RAD)
            if named
            else same_stance(pose.up_S, another.up_S)
        )
        if alike and another.sway_rad < _SWAY_LIMIT_RAD:
            found.append(rows)
    return tuple(found)


def _alike(pose: Pose, other: Pose, limit_rad: float) -> bool:
    cosines = [float(pose.up_S[s] @ other.up_S[s]) for s in pose.up_S]
    return bool(min(cosines) > np.cos(limit_rad))


def mean_pose(grid: GridBlock, pose: Pose, poses: Sequence[Stretch]) -> Pose:
    """Return the pose with the mean of all poses' verticals."""
    if len(poses) == 1:
        return pose
    each = [pose, *(make_pose(rows, grid.acc, given=pose.given) for rows in poses[1:])]
    total = {s: np.sum([one.up_S[s] for one in each], axis=0) for s in pose.up_S}
    return replace(pose, up_S={s: up / np.linalg.norm(up) for s, up in total.items()})


def zeroed_by_poses(
    q_WB: Mapping[str, FloatArray], poses: Sequence[Stretch], sides: Sequence[Side]
) -> tuple[dict[str, FloatArray], PoseSpread]:
    """Return the segments with each hip's mean rotation over all poses zero, and their spread.

    The verticals' mean is zero already (`mean_pose`); hip rotation is zero in the first pose only.
    """
    turned = dict(q_WB)
    angles: dict[str, list[FloatArray]] = {
        name: [] for name in ("hip_flexion", "hip_adduction", "hip_rotation")
    }
    for side in sides:
        thigh = f"thigh_{side}"
        hips = np.array(
            [
                hip_from_segments(
                    quaternion.average(q_WB["pelvis"][rows.start : rows.end])[None],
                    quaternion.average(q_WB[thigh][rows.start : rows.end])[None],
                    side,
                )[0]
                for rows in poses
            ]
        )
        if len(poses) > 1:
            back = quaternion.about_axis(_Y, np.asarray(-side_sign(side) * hips[:, 2].mean()))
            turned[thigh] = quaternion.multiply(q_WB[thigh], back)
        for name, values in zip(angles, hips.T, strict=True):
            angles[name].append(np.degrees(values))
    return turned, judge_poses({name: np.column_stack(v) for name, v in angles.items()})


def note_movements(quality: dict[str, Any], found: Movements | None) -> None:
    """Write into a quality record what the calibration movements gave."""
    if found is None:
        return
    quality["pose_sd_deg"] = _rounded(found.spread.pose_sd_deg)
    calibration = quality["calibration"]
    calibration["poses"] = len(found.poses)
    calibration["pose_spread_deg"] = round(found.spread.seen_deg, 2)
    calibration["pose_repeat_sd_deg"] = _rounded(found.spread.repeat_sd_deg)
    calibration["facing_sd_deg"] = round(float(np.degrees(found.facing.sd_rad)), 2)
    calibration["movements"] = [
        {
            "kind": axis.kind,
            "planarity": round(axis.planarity, 3),
            "sd_deg": round(float(np.degrees(axis.sd_rad)), 2),
            "used": used,
        }
        for axis, used in zip(found.axes, found.facing.used, strict=True)
    ]
    for grade, reason in _findings(found):
        calibration["grade"] = max(calibration["grade"], grade)
        calibration["reasons"].append(reason)
        quality["grade"] = max(quality["grade"], grade)
        quality["reasons"].append(f"calibration: {reason}")


def _findings(found: Movements) -> list[tuple[str, str]]:
    """Return what costs trust, worse than grade A."""
    accepted = shipped_protocol().acceptance
    seen = found.spread.seen_deg
    findings = [
        (
            accepted.pose_spread_deg.grade(seen),
            f"the {len(found.poses)} N-poses differ by {seen:.1f}° (one sigma);"
            " put the feet down the same way each time",
        )
    ]
    for axis, used in zip(found.axes, found.facing.used, strict=True):
        aside = 100.0 * (1.0 - axis.planarity)
        grade = accepted.out_of_plane_percent.grade(aside) if used else "A"
        findings.append((grade, f"{aside:.1f} % of the {axis.kind} is out of its plane"))
    return [finding for finding in findings if finding[0] != "A"]


def _rounded(sd_deg: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(sd), 2) for name, sd in sd_deg.items()}
