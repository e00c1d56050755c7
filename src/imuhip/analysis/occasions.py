"""When the person posed and walked, and which way each thigh flexes while walking."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.absence import absent
from imuhip.analysis.grid import GridBlock
from imuhip.analysis.headings import GEOMETRY_S, thinning
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.gait_axis import GaitAxis, find_gait_axis
from imuhip.calibration.pose import Pose, choose_pose, make_pose
from imuhip.calibration.stillness import Stretch, still_frames, stretches
from imuhip.core.butterworth import low_pass, thinned, zero_phase
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.errors import AnalysisError, CalibrationError
from imuhip.gait.activity import FRAME_S, Activity, find_gait_frames

__all__ = ["find_activity", "find_pose", "gait_axis", "not_enough_gait", "rows_of_gait"]

_ACTIVITY_RATE_HZ = 50.0
"""Enough for signals that end at 5 Hz."""


def find_activity(grid: GridBlock, motions: Mapping[str, SensorMotion], rate_hz: float) -> Activity:
    """Label seconds as still, gait or other."""
    frame = round(FRAME_S * rate_hz)
    gyr = {
        s: m.gyr if grid.valid[s].all() else np.where(grid.valid[s][:, None], m.gyr, np.nan)
        for s, m in motions.items()
    }
    still = still_frames(gyr, grid.acc, frame)
    thin = thinning(frame, rate_hz, _ACTIVITY_RATE_HZ)
    smooth = low_pass(5.0, rate_hz / thin)
    return find_gait_frames(
        {
            s: zero_phase(smooth, thinned(m.gyr, thin))
            for s, m in motions.items()
            if s.startswith("thigh")
        },
        zero_phase(smooth, thinned(grid.acc["pelvis"], thin)),
        still,
        rate_hz / thin,
        {s: absent(known, rate_hz)[::thin] for s, known in grid.valid.items()},
    )


def rows_of_gait(
    time_s: FloatArray, activity: Activity, markers: tuple[Marker, ...], rate_hz: float
) -> BoolArray:
    """Return the rows of gait: found, and inside ``gait`` markers where there are any."""
    frame = round(FRAME_S * rate_hz)
    rows = np.zeros(len(time_s), dtype=bool)
    covered = np.repeat(activity.gait, frame)[: len(rows)]
    rows[: len(covered)] = covered
    given = [marker for marker in markers if marker.name == "gait"]
    if given:
        inside = np.zeros(len(time_s), dtype=bool)
        for marker in given:
            inside |= (time_s >= marker.start_s) & (time_s <= marker.end_s)
        rows &= inside
    return rows


def not_enough_gait(found_s: float) -> AnalysisError:
    """Return the error for a recording in which nobody walks."""
    return AnalysisError(
        f"{found_s:.0f} s of walking or running found, at least 5 s are needed",
        hint="Record a still pose and then 20 strides; check that the thigh sensors are on thighs.",
        code="E604",
    )


def find_pose(
    grid: GridBlock,
    activity: Activity,
    gait: BoolArray,
    markers: tuple[Marker, ...],
    rate_hz: float,
) -> Pose:
    """Return the pose a marker names, or the one found."""
    given = [marker for marker in markers if marker.name == "n_pose"]
    frame = round(FRAME_S * rate_hz)
    gait_up = {
        segment: _mean_direction(grid.acc[segment], gait & known if (gait & known).any() else gait)
        for segment, known in grid.valid.items()
    }
    candidates = [
        Stretch(run.start * frame, run.end * frame) for run in stretches(activity.still, minimum=2)
    ]
    pose = choose_pose(candidates, grid.acc, gait_up, int(np.argmax(gait)))
    if given:
        rows = Stretch(
            int(np.searchsorted(grid.time_s, given[0].start_s)),
            int(np.searchsorted(grid.time_s, given[0].end_s)),
        )
        if len(rows) < rate_hz:
            raise CalibrationError(
                f"the n_pose marker spans {len(rows) / rate_hz:.1f} s of data, 1 s is needed",
                hint="Correct the marker, or leave it out to have the pose found.",
                code="E501",
            )
        complete = all(known[rows.start : rows.end].mean() > 0.5 for known in grid.valid.values())
        # a sensor missing in the pose named may be there in another one
        return make_pose(rows, grid.acc, given=True) if complete or pose is None else pose
    if pose is None:
        raise CalibrationError(
            f"no still, upright pose of 2 s found ({len(candidates)} still stretches seen)",
            hint="Stand still for 5 s, feet forwards, before walking, and record again.",
            code="E502",
        )
    return pose


def _mean_direction(values: FloatArray, rows: BoolArray) -> FloatArray:
    """Return the direction (3,) of the mean of some of (n, 3) finite rows."""
    total = rows.astype(float) @ values
    return np.asarray(total / np.linalg.norm(total))


def gait_axis(
    motion: SensorMotion, pose: Pose, gait: BoolArray, side: Side, rate_hz: float
) -> GaitAxis:
    """Return a thigh's flexion axis from the first minutes of gait."""
    first = int(np.argmax(gait & motion.trusted))
    rows = slice(first, first + int(GEOMETRY_S * rate_hz))
    early = motion.part(rows)
    return find_gait_axis(
        zero_phase(low_pass(5.0, rate_hz), early.gyr),
        early.up_S,
        pose.up_S[f"thigh_{side}"],
        gait[rows] & early.trusted,
    )
