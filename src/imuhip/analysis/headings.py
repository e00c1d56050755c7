"""The heading between pelvis and thighs through a whole recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imuhip.analysis.absence import LONG_GAP_S, absent
from imuhip.analysis.gap_fill import gap_turn_variance
from imuhip.analysis.grid import GridBlock
from imuhip.analysis.legs import LegGeometry, find_legs
from imuhip.analysis.motion import SensorMotion, as_worn
from imuhip.calibration.gait_axis import GaitAxis
from imuhip.calibration.pose import Pose, make_pose
from imuhip.calibration.stance import (
    LATER_STANCE_S,
    LATER_STANCE_SD_RAD,
    drift_between_stances,
    same_stance,
    stance_variance,
)
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core import quaternion
from imuhip.core.butterworth import thinned, zero_phase
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.activity import FRAME_S, Activity
from imuhip.gait.running import running_blocks
from imuhip.kinematics.drift_exposure import drift_exposure, heading_steps
from imuhip.kinematics.heading_blocks import BLOCK_S, heading_blocks, turning
from imuhip.kinematics.heading_track import HeadingTrack, heading_at_rows, smooth_heading
from imuhip.kinematics.hip_centre import (
    PointForce,
    angular_acceleration,
    force_at,
    force_band,
    point_force,
)
from imuhip.kinematics.strap_slip import StrapSlip

__all__ = [
    "GEOMETRY_S",
    "Headings",
    "block_to_rows",
    "find_headings",
    "find_stances",
    "thinning",
]

_PRODUCT_RATE_HZ = 100.0
"""Products of rates reach twice as high as the rates."""

_FORCE_RATE_HZ = 30.0
"""Forces end at 4 Hz; above this rate samples only repeat each other."""

_FILTER_MARGIN_S = 10.0
"""After that the filter has forgotten where a part was cut out."""

GEOMETRY_S = 300.0
"""Gait used to find axes and hip centres: more adds nothing but time."""


@dataclass(frozen=True, slots=True)
class Headings:
    """What the coupling of pelvis and thighs tells.

    Parameters
    ----------
    legs : mapping of side to LegGeometry
    pelvis_right_S : (3,) array
        The pelvis' right, sensor frame.
    tracks : mapping of side to HeadingTrack
    heading_rad : mapping of side to (n,) array, rad
        The track at every row.
    """

    legs: Mapping[Side, LegGeometry]
    pelvis_right_S: FloatArray
    tracks: Mapping[Side, HeadingTrack]
    heading_rad: Mapping[Side, FloatArray]


def find_headings(
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    activity: Activity,
    gait: BoolArray,
    pose: Pose,
    axes: Mapping[Side, GaitAxis],
    rate_hz: float,
    slips: Sequence[StrapSlip] = (),
    seen_drift: Mapping[Side, Mapping[int, tuple[float, float]]] | None = None,
) -> Headings:
    """Find each leg's geometry, the pelvis' right, and the heading through the session.

    `slips` are those taken out of the motions: hip centres belong to the sensors as worn.
    `seen_drift` is drift since the pose (rad) and its variance by block, seen by something else.
    """
    segments = ("pelvis", *(f"thigh_{side}" for side in axes))
    # a marker says which gait is asked for; all of it shows what the heading did since the pose
    walked = gait | _rows_of_frames(activity.gait, len(grid), rate_hz)
    block = round(BLOCK_S * rate_hz)
    product_thin = thinning(block, rate_hz, _PRODUCT_RATE_HZ)
    second = thinning(block // product_thin, rate_hz / product_thin, _FORCE_RATE_HZ)
    thin = product_thin * second
    worn = {
        segment: as_worn(motions[segment], grid.time_s, [s for s in slips if s.segment == segment])
        for segment in segments
    }
    products = {segment: _at_product_rate(worn[segment], product_thin) for segment in segments}
    product_hz = rate_hz / product_thin
    own = {
        side: (walked & motions["pelvis"].trusted & motions[f"thigh_{side}"].trusted)[::thin]
        for side in axes
    }
    usable = np.logical_and.reduce(list(own.values()))
    first = int(np.argmax(usable))
    early = slice(first, first + int(GEOMETRY_S * rate_hz / thin))
    forces = {s: _lever_force(products[s], early, product_hz, second) for s in segments}
    legs, pelvis_right_S = find_legs(
        {segment: motions[segment].q_WS[::thin][early] for segment in segments},
        {side: (forces["pelvis"], forces[f"thigh_{side}"]) for side in axes},
        axes,
        pose.up_S,
        usable[early],
        rate_hz / thin,
    )
    n_blocks = len(grid) // block
    still = _still_blocks(activity.still, n_blocks, block, rate_hz)
    running = running_blocks(grid.acc["pelvis"], rate_hz, block, activity.period_s)
    exposures = {s: _exposure(motions[s], product_thin) for s in segments}
    yaw_rate = exposures["pelvis"][:, ::4].sum(axis=1)  # the diagonal: up · ω
    straight = ~turning(yaw_rate, product_hz)[::second]
    pose_end = min(n_blocks * block, pose.rows.end) - 1
    tracks, rows = {}, {}
    # of rows thinned out, one more block can seem whole than the grid has
    whole = slice(n_blocks * (block // thin))
    for side in axes:
        pelvis_m, thigh_m = legs[side].vectors.pelvis_m, legs[side].vectors.thigh_m
        found = heading_blocks(
            _force_at(pelvis_m, products["pelvis"], product_hz, second)[whole],
            _force_at(thigh_m, products[f"thigh_{side}"], product_hz, second)[whole],
            (own[side] & straight)[whole],
            block // thin,
            rate_hz / thin,
        )
        stances = dict((seen_drift or {}).get(side, {}))
        stances |= find_stances(motions, grid.acc, activity, walked, pose, side, rate_hz)
        unseen = sum(
            gap_turn_variance(grid.measured[s], motions[s].gyr, walked, block, rate_hz)
            for s in ("pelvis", f"thigh_{side}")
        )
        steps, exposed = heading_steps(
            exposures[f"thigh_{side}"],
            exposures["pelvis"],
            walked[::product_thin],
            rate_hz / product_thin,
            block // product_thin,
            still,
            running,
            np.asarray(unseen),
        )
        tracks[side] = smooth_heading(found, steps, pose_end // block, stances=stances)
        at_rows = heading_at_rows(tracks[side], exposed, block // product_thin)
        at = np.arange(len(grid)) / product_thin
        rows[side] = (
            np.interp(at, np.arange(len(at_rows)), at_rows) if product_thin > 1 else at_rows
        )
    return Headings(legs, pelvis_right_S, tracks, rows)


def _exposure(motion: SensorMotion, thin: int) -> FloatArray:
    """Return what the motion exposes the heading to, at every `thin`-th row."""
    part = motion.part(slice(0, None, thin)) if thin > 1 else motion
    return drift_exposure(part.up_S, part.gyr, part.trusted)


def find_stances(
    motions: Mapping[str, SensorMotion],
    acc: Mapping[str, FloatArray],
    activity: Activity,
    gait: BoolArray,
    pose: Pose,
    side: Side,
    rate_hz: float,
) -> dict[int, tuple[float, float]]:
    """Return the drift (rad) and its variance at each later stance, by block."""
    frame, block = round(FRAME_S * rate_hz), round(BLOCK_S * rate_hz)
    segments = ("pelvis", f"thigh_{side}")
    first = {
        s: quaternion.average(motions[s].q_WS[pose.rows.start : pose.rows.end]) for s in segments
    }
    # of the pose itself: `pose.up_S` may be the mean of several
    first_up_S = make_pose(pose.rows, {s: acc[s] for s in segments}, given=pose.given).up_S
    first_gait = int(np.argmax(gait))
    found = {}
    for run in stretches(activity.still, minimum=2):
        rows = Stretch(run.start * frame, run.end * frame)
        walked = rows.start > first_gait
        if rows.start < pose.rows.end or (walked and len(rows) < LATER_STANCE_S * rate_hz):
            continue
        between = slice(pose.rows.start, rows.end)
        if any(absent(motions[s].trusted[between], rate_hz, LONG_GAP_S).any() for s in segments):
            continue  # a sensor that was gone faces elsewhere since
        stance = make_pose(rows, {s: acc[s] for s in segments}, given=False)
        if same_stance(stance.up_S, first_up_S):
            second = {
                s: quaternion.average(motions[s].q_WS[rows.start : rows.end]) for s in segments
            }
            drift = drift_between_stances(first, second, f"thigh_{side}")
            variance = stance_variance(first_up_S, stance.up_S)
            if walked:
                variance += LATER_STANCE_SD_RAD**2
            found[(rows.end - 1) // block] = (drift, variance)
    return found


def thinning(rows: int, rate_hz: float, enough_hz: float) -> int:
    """Return every how many-th row to keep: `enough_hz` or more, and a whole part of `rows`."""
    return max(n for n in range(1, max(1, int(rate_hz / enough_hz)) + 1) if rows % n == 0)


def _at_product_rate(motion: SensorMotion, thin: int) -> SensorMotion:
    """Return every `thin`-th row, what was measured smoothed to that rate."""
    if thin == 1:
        return motion
    rows = motion.part(slice(None, None, thin))
    return replace(rows, acc=thinned(motion.acc, thin), gyr=thinned(motion.gyr, thin))


def _lever_force(motion: SensorMotion, rows: slice, rate_hz: float, thin: int) -> PointForce:
    """Return the band-passed force at any point, `rows` of every `thin`-th row of the motion."""
    begin = max(0, rows.start - round(_FILTER_MARGIN_S * rate_hz / thin))
    end = rows.stop + round(_FILTER_MARGIN_S * rate_hz / thin)
    part = motion.part(slice(begin * thin, end * thin))
    sections = force_band(rate_hz / thin)
    force = point_force(
        part.q_WS,
        part.acc,
        part.gyr,
        angular_acceleration(part.gyr, rate_hz),
        lambda values: zero_phase(sections, thinned(values, thin), mirrored=True),
    )
    return force.part(slice(rows.start - begin, rows.stop - begin))


def _force_at(r_S_m: FloatArray, motion: SensorMotion, rate_hz: float, thin: int) -> FloatArray:
    """Return the band-passed force (m, 3) at a point through the whole recording."""
    rate = angular_acceleration(motion.gyr, rate_hz)
    force = force_at(r_S_m, motion.q_WS, motion.acc, motion.gyr, rate)
    return zero_phase(force_band(rate_hz / thin), thinned(force, thin), mirrored=True)


def _still_blocks(still: BoolArray, n_blocks: int, block: int, rate_hz: float) -> BoolArray:
    rows = _rows_of_frames(still, n_blocks * block, rate_hz)
    return np.asarray(rows.reshape(n_blocks, block).all(axis=1))


def _rows_of_frames(flags: BoolArray, n_rows: int, rate_hz: float) -> BoolArray:
    """Return the flags (f,) of frames for every row (n,)."""
    rows = np.zeros(n_rows, dtype=bool)
    covered = np.repeat(flags, round(FRAME_S * rate_hz))[:n_rows]
    rows[: len(covered)] = covered
    return rows


def block_to_rows(values: FloatArray, n_rows: int, rate_hz: float) -> FloatArray:
    """Return a value per block at every row, linear between the middles of blocks."""
    middles = (np.arange(len(values)) + 0.5) * round(BLOCK_S * rate_hz)
    return np.interp(np.arange(n_rows), middles, values)
