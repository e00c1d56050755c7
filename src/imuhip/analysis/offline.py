"""The whole way from a recording to its analysis, with all of the recording at hand.

Every step is a call into the room it belongs to; read `analyze_offline` from top to bottom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imuhip.analysis.absence import tellable_sides
from imuhip.analysis.bends import find_bends, is_walking, look_again, widened_by_facing
from imuhip.analysis.body import (
    Angles,
    align_segments,
    compute_angles,
    levelled,
    period_rows,
    steady_thighs,
)
from imuhip.analysis.clock_check import check_clocks
from imuhip.analysis.gap_fill import fill_from_strides
from imuhip.analysis.grid import GridBlock, to_grid
from imuhip.analysis.headings import find_headings
from imuhip.analysis.legs import LegGeometry, leg_softness, sides_worn
from imuhip.analysis.live_event import LiveEvent
from imuhip.analysis.magnetic_use import MagneticFinding, use_magnetometers
from imuhip.analysis.motion import SensorMotion, offline_motion
from imuhip.analysis.movements import Movements, find_poses, mean_pose, zeroed_by_poses
from imuhip.analysis.occasions import (
    find_activity,
    find_pose,
    gait_axis,
    not_enough_gait,
    rows_of_gait,
)
from imuhip.analysis.settings import Settings
from imuhip.calibration.movement_axis import gait_facing_sd_rad
from imuhip.calibration.pose import Pose
from imuhip.core.segments import HIP_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray, ImuSeries, Marker
from imuhip.errors import AnalysisError
from imuhip.gait.activity import Activity
from imuhip.kinematics.heading_track import HeadingTrack
from imuhip.kinematics.strap_slip import StrapSlip
from imuhip.kinematics.strap_wobble import StrapWobble

__all__ = ["Kinematics", "analyze_grid", "analyze_offline", "check_segments", "with_nothing_for"]


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
    magnetic: MagneticFinding | None = None
    movements: Movements | None = None
    events: Sequence[LiveEvent] = ()


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
    return analyze_grid(to_grid(sensors, rate_hz), sensors, markers, settings, slips)


def analyze_grid(
    grid: GridBlock,
    sensors: Mapping[str, ImuSeries],
    markers: tuple[Marker, ...],
    settings: Settings,
    slips: Sequence[StrapSlip] = (),
) -> Kinematics:
    """Run every step on a grid, or on a part of one; as `analyze_offline`."""
    rate_hz = grid.rate_hz
    motions = offline_motion(grid, rate_hz, settings.orientation_filter)
    activity = find_activity(grid, motions, rate_hz)
    gait = rows_of_gait(grid.time_s, activity, markers, rate_hz)
    if gait.sum() < 5.0 * rate_hz:
        raise not_enough_gait(gait.sum() / rate_hz)
    pose = find_pose(grid, activity, gait, markers, rate_hz)
    poses = find_poses(grid, activity, gait, pose, markers)
    pose = mean_pose(grid, pose, poses)
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
    headings = find_headings(grid, motions, activity, gait, pose, axes, rate_hz, slips)
    magnetic = None
    if settings.magnetometer:
        magnetic = use_magnetometers(grid, motions, pose, gait, headings.tracks, settings)
    if magnetic is not None and magnetic.drift:
        headings = find_headings(
            grid, motions, activity, gait, pose, axes, rate_hz, slips, magnetic.drift
        )
    legs, pelvis_right_S, tracks = headings.legs, headings.pelvis_right_S, headings.tracks
    bends = find_bends(grid, motions, activity, gait, pose, markers)
    gait_sd_rad = gait_facing_sd_rad(len(sides), walking=is_walking(activity))
    pelvis_axes, facing = look_again(
        bends, motions["pelvis"], pose, pelvis_right_S, gait_sd_rad, rate_hz
    )
    q_WB = align_segments(motions, pose, facing.right_S, headings.heading_rad)
    if settings.orientation_filter == "vqf":
        q_WB = levelled(q_WB, motions["pelvis"], activity, gait, rate_hz)
    q_WB, spread = zeroed_by_poses(q_WB, poses, sides)
    q_WB, wobble = steady_thighs(q_WB, motions, pose, gait, rate_hz)
    angles, turn_rate = compute_angles(
        q_WB, motions, activity, tracks, leg_softness(legs, wobble), wobble, rate_hz
    )
    angles = widened_by_facing(angles, facing, sides)
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
        magnetic=magnetic,
        movements=Movements(poses, spread, pelvis_axes, facing),
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
