"""The whole way from a recording to its analysis, with all of the recording at hand.

Every step is a call into the room it belongs to; read `analyze_offline` from top to bottom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imuhip.analysis.absence import absent, tellable_sides, unsettled
from imuhip.analysis.clock_check import check_clocks
from imuhip.analysis.gap_fill import fill_from_strides
from imuhip.analysis.grid import GridBlock, to_grid
from imuhip.analysis.headings import GEOMETRY_S, block_to_rows, find_headings, thinning
from imuhip.analysis.legs import LegGeometry, leg_softness, sides_worn
from imuhip.analysis.motion import SensorMotion, offline_motion
from imuhip.analysis.settings import Settings
from imuhip.calibration.alignment import axes_from_up_and_right, facing_like
from imuhip.calibration.gait_axis import GaitAxis, find_gait_axis
from imuhip.calibration.pose import Pose, choose_pose, make_pose, mean_up
from imuhip.calibration.stillness import Stretch, still_frames, stretches
from imuhip.core import quaternion
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.cardan import hip_quaternion
from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray, ImuSeries, Marker
from imuhip.errors import AnalysisError, CalibrationError
from imuhip.fusion.vqf_filter import lean_under_acceleration
from imuhip.gait.activity import FRAME_S, Activity, find_gait_frames
from imuhip.kinematics.angles import (
    centred_direction,
    hip_from_segments,
    pelvis_attitude,
    unwrap_heading,
)
from imuhip.kinematics.heading_track import UNKNOWN_SD_RAD, HeadingTrack
from imuhip.kinematics.progression import travel_acceleration, travel_speed
from imuhip.kinematics.strap_slip import StrapSlip
from imuhip.kinematics.strap_wobble import StrapWobble, measure_wobble, without_wobble
from imuhip.kinematics.uncertainty import hip_sd, pelvis_sd

__all__ = ["Angles", "Kinematics", "analyze_offline"]

_Z = np.array([0.0, 0.0, 1.0])
_TRAVEL_RATE_HZ = 20.0
_ACTIVITY_RATE_HZ = 50.0
"""Enough for signals that end at 5 Hz."""


@dataclass(frozen=True, slots=True)
class Angles:
    """Angles in rad by name (n,), and their one-sigma uncertainty."""

    values: Mapping[str, FloatArray]
    sd: Mapping[str, FloatArray]


@dataclass(frozen=True)
class Kinematics:
    """Everything found on the way; tables, summary and quality are made from it."""

    grid: GridBlock
    bias_rad_s: Mapping[str, FloatArray]
    activity: Activity
    gait: BoolArray
    pose: Pose
    legs: Mapping[Side, LegGeometry]
    tracks: Mapping[Side, HeadingTrack]
    q_WB: Mapping[str, FloatArray]
    angles: Angles
    turn_rate_rad_s: FloatArray
    wobble: Mapping[Side, StrapWobble]
    sync: Mapping[str, Any] = field(default_factory=dict)
    untold: Mapping[Side, str] = field(default_factory=dict)


def analyze_offline(
    sensors: Mapping[str, ImuSeries],
    markers: tuple[Marker, ...],
    rate_hz: float,
    settings: Settings,
    slips: Sequence[StrapSlip] = (),
) -> Kinematics:
    """Run every step on a whole recording.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        The pelvis and at least one thigh.
    markers : tuple of Marker
        ``"n_pose"`` and ``"gait"`` are believed where given.
    rate_hz : float
        Nominal sample rate.
    settings : Settings
    slips : sequence of StrapSlip
        What was taken out of `sensors`: hip centres stay in the axes of the sensors as worn.

    Raises
    ------
    AnalysisError
        When segments are missing or nobody walks.
    CalibrationError
        When nobody stands still.
    """
    check_segments(sensors)
    grid = to_grid(sensors, rate_hz)
    rate_hz = grid.rate_hz
    motions = offline_motion(
        grid, rate_hz, settings.orientation_filter, magnetometer=settings.magnetometer
    )
    activity = find_activity(grid, motions, rate_hz)
    gait = rows_of_gait(grid.time_s, activity, markers, rate_hz)
    if gait.sum() < 5.0 * rate_hz:
        raise not_enough_gait(gait.sum() / rate_hz)
    pose = find_pose(grid, activity, gait, markers, rate_hz)
    grid, motions, sync = check_clocks(sensors, grid, motions, gait, pose, settings)
    grid, motions = refill(grid, motions, activity, gait, settings)
    sides, untold = tellable_sides(grid, gait, pose, sides_worn(grid.segments))
    if not sides:
        raise AnalysisError(
            f"no hip angles: {'; '.join(f'{side}: {why}' for side, why in untold.items())}",
            hint="Keep the sensors on from the standing pose to the end of the walk.",
            code="E610",
        )
    axes = {side: gait_axis(motions[f"thigh_{side}"], pose, gait, side, rate_hz) for side in sides}
    legs, pelvis_right_S, tracks = find_headings(
        grid, motions, activity, gait, pose, axes, rate_hz, slips
    )
    heading = {side: block_to_rows(tracks[side].heading_rad, len(grid), rate_hz) for side in sides}
    q_WB = align_segments(motions, pose, pelvis_right_S, heading)
    if settings.orientation_filter == "vqf":
        q_WB = levelled(q_WB, activity, gait, rate_hz)
    q_WB, wobble = steady_thighs(q_WB, motions, pose, gait, rate_hz)
    angles, turn_rate = compute_angles(
        q_WB, motions, activity, tracks, leg_softness(legs, wobble), wobble, rate_hz
    )
    angles = with_nothing_for(angles, untold, len(grid))
    return Kinematics(
        grid=grid,
        bias_rad_s={s: np.median(m.bias_rad_s, axis=0) for s, m in motions.items()},
        activity=activity,
        gait=gait,
        pose=pose,
        legs=legs,
        tracks=tracks,
        q_WB=q_WB,
        angles=angles,
        turn_rate_rad_s=turn_rate,
        wobble=wobble,
        sync=sync,
        untold=untold,
    )


def with_nothing_for(angles: Angles, untold: Mapping[Side, str], n_rows: int) -> Angles:
    """Return the angles with NaN for the hips of which nothing can be told."""
    names = [name for name in HIP_ANGLES if name.rsplit("_", 1)[1] in untold]
    nothing = {name: np.full(n_rows, np.nan) for name in names}
    return Angles({**angles.values, **nothing}, {**angles.sd, **nothing})


def refill(
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    activity: Activity,
    gait: BoolArray,
    settings: Settings,
) -> tuple[GridBlock, dict[str, SensorMotion]]:
    """Carry the sensors that lost samples in gait across their gaps by the strides around."""
    lossy = [segment for segment, measured in grid.measured.items() if not measured[gait].all()]
    if not lossy:
        return grid, dict(motions)
    grid = fill_from_strides(grid, gait, period_rows(activity, len(grid), grid.rate_hz))
    again = offline_motion(
        grid,
        grid.rate_hz,
        settings.orientation_filter,
        magnetometer=settings.magnetometer,
        segments=lossy,
    )
    return grid, dict(motions) | again


def check_segments(segments: Mapping[str, object] | tuple[str, ...]) -> None:
    """Raise unless the pelvis and a thigh are there."""
    if "pelvis" not in segments or not sides_worn(tuple(segments)):
        raise AnalysisError(
            f"sensors on {', '.join(segments)}: hip angles need the pelvis and at least one thigh",
            hint="Assign a sensor to pelvis and to thigh_left or thigh_right.",
            code="E603",
        )


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


def find_activity(grid: GridBlock, motions: Mapping[str, SensorMotion], rate_hz: float) -> Activity:
    """Label seconds as still, gait or other."""
    frame = round(FRAME_S * rate_hz)
    gyr = {s: np.where(grid.valid[s][:, None], m.gyr, np.nan) for s, m in motions.items()}
    still = still_frames(gyr, grid.acc, frame)
    smooth = low_pass(5.0, rate_hz)
    thin = thinning(frame, rate_hz, _ACTIVITY_RATE_HZ)
    return find_gait_frames(
        {s: zero_phase(smooth, m.gyr)[::thin] for s, m in motions.items() if s.startswith("thigh")},
        zero_phase(smooth, grid.acc["pelvis"])[::thin],
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
        segment: mean_up(grid.acc[segment][gait & known if (gait & known).any() else gait])[0]
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


def levelled(
    q_WB: Mapping[str, FloatArray], activity: Activity, gait: BoolArray, rate_hz: float
) -> dict[str, FloatArray]:
    """Return the segments without the lean that bends, starts and stops gave them.

    All segments share the pelvis sensor's world, and were accelerated with the person; so they lean
    alike, and are put upright alike.
    """
    direction, _ = _direction(q_WB["pelvis"], activity, rate_hz)
    hips = [
        hip_from_segments(q_WB["pelvis"], q_WB[f"thigh_{side}"], side)[:, 0]
        for side in sides_worn(tuple(q_WB))
    ]
    swing = 0.5 * (hips[0] - hips[1]) if len(hips) == 2 else hips[0]
    thin = max(1, int(rate_hz / _TRAVEL_RATE_HZ))
    slow_hz = rate_hz / thin
    period_s = period_rows(activity, len(gait), rate_hz)
    speed = travel_speed(swing[::thin], period_s[::thin], gait[::thin], slow_hz)
    lean = lean_under_acceleration(
        travel_acceleration(direction[::thin], speed, slow_hz), slow_hz, len(gait), thin
    )
    upright = quaternion.conjugate(lean)
    return {segment: quaternion.multiply(upright, q) for segment, q in q_WB.items()}


def period_rows(activity: Activity, n_rows: int, rate_hz: float) -> FloatArray:
    """Return the stride time (s) at every row, interpolated between the seconds that have one."""
    known = np.flatnonzero(np.isfinite(activity.period_s))
    middles = (known + 0.5) * round(FRAME_S * rate_hz)
    return np.interp(np.arange(n_rows), middles, activity.period_s[known])


def _direction(
    q_WB: FloatArray, activity: Activity, rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Return the walking direction and the pelvis' (n, 3) tilt, obliquity and heading, rad."""
    attitude = pelvis_attitude(q_WB)
    heading = unwrap_heading(attitude[:, 2])
    attitude[:, 2] = heading
    period_s = np.nanmedian(activity.period_s) if np.isfinite(activity.period_s).any() else 1.1
    return centred_direction(heading, round(float(period_s) * rate_hz)), attitude


def align_segments(
    motions: Mapping[str, SensorMotion],
    pose: Pose,
    pelvis_right_S: FloatArray,
    heading_rad: Mapping[Side, FloatArray],
) -> dict[str, FloatArray]:
    """Return every segment's orientation (n, 4) in the pelvis sensor's world.

    Segments without a heading of their own (shanks, trunk) are not given.
    """
    rows = slice(pose.rows.start, pose.rows.end)
    pelvis = motions["pelvis"].q_WS
    q_SB = axes_from_up_and_right(pose.up_S["pelvis"], pelvis_right_S)
    q_WB = {"pelvis": quaternion.multiply(pelvis, q_SB)}
    q_reference = quaternion.average(q_WB["pelvis"][rows])
    for side, heading in heading_rad.items():
        segment = f"thigh_{side}"
        turned = quaternion.multiply(quaternion.about_axis(_Z, heading), motions[segment].q_WS)
        q_SB = facing_like(quaternion.average(turned[rows]), pose.up_S[segment], q_reference)
        q_WB[segment] = quaternion.multiply(turned, q_SB)
    return q_WB


def steady_thighs(
    q_WB: Mapping[str, FloatArray],
    motions: Mapping[str, SensorMotion],
    pose: Pose,
    gait: BoolArray,
    rate_hz: float,
) -> tuple[dict[str, FloatArray], dict[Side, StrapWobble]]:
    """Return the segments without the wobble of loose straps, and how much each wobbles.

    A firm strap is left alone: a runner's rotation has parts above the cut.
    """
    steadied, wobble = dict(q_WB), {}
    for side in sides_worn(tuple(q_WB)):
        thigh = f"thigh_{side}"
        wobble[side] = measure_wobble(motions[thigh].gyr @ pose.up_S[thigh], gait, rate_hz)
        if wobble[side].is_loose:
            hip = hip_from_segments(q_WB["pelvis"], q_WB[thigh], side)
            hip[:, 2] = without_wobble(hip[:, 2], rate_hz)
            steadied[thigh] = quaternion.multiply(q_WB["pelvis"], hip_quaternion(hip, side))
    return steadied, wobble


def compute_angles(
    q_WB: Mapping[str, FloatArray],
    motions: Mapping[str, SensorMotion],
    activity: Activity,
    tracks: Mapping[Side, HeadingTrack],
    soft: Mapping[Side, float],
    wobble: Mapping[Side, StrapWobble],
    rate_hz: float,
) -> tuple[Angles, FloatArray]:
    """Return all angles the worn sensors allow (NaN where one was missing), and the turn rate."""
    values: dict[str, FloatArray] = {}
    sd: dict[str, FloatArray] = {}
    direction, attitude = _direction(q_WB["pelvis"], activity, rate_hz)
    attitude[:, 2] -= direction
    missing = ~motions["pelvis"].trusted
    spread = pelvis_sd(len(direction), float(np.mean(list(soft.values()))))
    for k, name in enumerate(PELVIS_ANGLES):
        values[name] = np.where(missing, np.nan, attitude[:, k])
        sd[name] = np.where(missing, np.nan, spread[:, k])
    settled = ~unsettled(motions["pelvis"].trusted, rate_hz)
    for side, track in tracks.items():
        thigh = f"thigh_{side}"
        hip = hip_from_segments(q_WB["pelvis"], q_WB[thigh], side)
        heading_sd = block_to_rows(track.drift_sd_rad, len(hip), rate_hz)
        spread = hip_sd(hip[:, 0], heading_sd, soft[side], wobble[side].amplitude_rad)
        gone = missing | ~motions[thigh].trusted | ~settled
        gone |= unsettled(motions[thigh].trusted, rate_hz) | (heading_sd > UNKNOWN_SD_RAD)
        for k, motion in enumerate(("flexion", "adduction", "rotation")):
            values[f"hip_{motion}_{side}"] = np.where(gone, np.nan, hip[:, k])
            sd[f"hip_{motion}_{side}"] = np.where(gone, np.nan, spread[:, k])
    return Angles(values=values, sd=sd), np.gradient(direction) * rate_hz
