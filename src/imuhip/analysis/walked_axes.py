"""Which way pelvis, thighs and shanks face, from a short walk with the same straps.

The steps are those of the analysis, over a minute of gait at most: the walk only says how the
sensors sit, so an hour of it would tell no more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.analysis.body import align_segments
from imuhip.analysis.grid import to_grid
from imuhip.analysis.headings import find_headings
from imuhip.analysis.legs import sides_worn
from imuhip.analysis.motion import offline_motion
from imuhip.analysis.occasions import find_activity, find_pose, gait_axis, rows_of_gait
from imuhip.core import quaternion
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import AnalysisError, CalibrationError

__all__ = ["walked_right"]

_LONGEST_S = 60.0
_LEAST_S = 10.0
_Z = np.array([0.0, 0.0, 1.0])


def walked_right(
    sensors: Mapping[str, ImuSeries], markers: Sequence[Marker], rate_hz: float
) -> dict[str, FloatArray]:
    """Return the axis to the right (3,) of pelvis, thighs and shanks in their sensors' frames.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        Whole recordings.
    markers : sequence of Marker
        With ``gait`` and an ``n_pose``; the first long enough walk is taken. Empty where there is
        none, or where it does not tell.
    rate_hz : float
    """
    walks = [m for m in markers if m.name == "gait" and m.end_s - m.start_s >= _LEAST_S]
    poses = [m for m in markers if m.name == "n_pose"]
    sides = sides_worn(tuple(sensors))
    if not walks or not poses or "pelvis" not in sensors or not sides:
        return {}
    walk = walks[0]
    pose = min(poses, key=lambda m: abs(m.start_s - walk.start_s))
    start_s = min(pose.start_s, walk.start_s)
    end_s = max(pose.end_s, min(walk.end_s, walk.start_s + _LONGEST_S))
    names = [s for s in sensors if s.split("_", maxsplit=1)[0] in ("pelvis", "thigh", "shank")]
    try:
        return _right({s: sensors[s].between(start_s, end_s) for s in names}, (pose, walk), rate_hz)
    except (AnalysisError, CalibrationError):
        return {}


def _right(
    sensors: Mapping[str, ImuSeries], markers: tuple[Marker, ...], rate_hz: float
) -> dict[str, FloatArray]:
    grid = to_grid(sensors, rate_hz)
    rate_hz = grid.rate_hz
    motions = offline_motion(grid, rate_hz, "vqf")
    activity = find_activity(grid, motions, rate_hz)
    gait = rows_of_gait(grid.time_s, activity, markers, rate_hz)
    if gait.sum() < 5.0 * rate_hz:
        return {}
    pose = find_pose(grid, activity, gait, markers, rate_hz)
    sides = sides_worn(tuple(sensors))
    axes = {side: gait_axis(motions[f"thigh_{side}"], pose, gait, side, rate_hz) for side in sides}
    headings = find_headings(grid, motions, activity, gait, pose, axes, rate_hz)
    q_WB = align_segments(motions, pose, headings.pelvis_right_S, headings.heading_rad)
    right = {"pelvis": headings.pelvis_right_S}
    rows = slice(pose.rows.start, pose.rows.end)
    for side in sides:
        thigh = f"thigh_{side}"
        turned = quaternion.multiply(
            quaternion.about_axis(_Z, headings.heading_rad[side][rows]), motions[thigh].q_WS[rows]
        )
        q_SB = quaternion.multiply(quaternion.conjugate(turned), q_WB[thigh][rows])
        right[thigh] = quaternion.rotate(quaternion.average(q_SB), _Z)
    for segment in sensors:
        if segment.startswith("shank"):
            right[segment] = _shank_right(motions[segment].gyr[gait], pose.up_S[segment])
    return right


def _shank_right(gyr: FloatArray, pose_up_S: FloatArray) -> FloatArray:
    """Return the axis a shank swings about; it swings forwards faster than it rolls over the foot.

    Parameters
    ----------
    gyr : (n, 3) array, rad/s
        In gait.
    pose_up_S : (3,) array
    """
    level = gyr - np.outer(gyr @ pose_up_S, pose_up_S)
    axis = np.linalg.eigh(level.T @ level)[1][:, -1]
    return np.asarray(axis if np.sum((level @ axis) ** 3) > 0.0 else -axis)
