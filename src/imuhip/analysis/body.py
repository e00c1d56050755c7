"""From oriented sensors to segments to angles, once pose, gait and heading are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.absence import unsettled
from imuhip.analysis.headings import block_to_rows, thinning
from imuhip.analysis.legs import sides_worn
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.alignment import axes_from_up_and_right, facing_like
from imuhip.calibration.pose import Pose
from imuhip.core import quaternion
from imuhip.core.butterworth import thinned
from imuhip.core.cardan import hip_quaternion
from imuhip.core.segments import PELVIS_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.vqf_filter import GRAVITY_M_S2, lean_under_acceleration
from imuhip.gait.activity import FRAME_S, Activity
from imuhip.kinematics.angles import (
    centred_direction,
    hip_from_segments,
    pelvis_attitude,
    unwrap_heading,
)
from imuhip.kinematics.heading_filter import UNKNOWN_SD_RAD
from imuhip.kinematics.heading_track import HeadingTrack
from imuhip.kinematics.progression import travel_acceleration, travel_share, travel_speed
from imuhip.kinematics.strap_wobble import StrapWobble, measure_wobble, without_wobble
from imuhip.kinematics.uncertainty import hip_sd, pelvis_sd

__all__ = ["Angles", "align_segments", "compute_angles", "levelled", "period_rows", "steady_thighs"]

_Z = np.array([0.0, 0.0, 1.0])
_TRAVEL_RATE_HZ = 20.0
_STRIDE_RATE_HZ = 40.0
"""A mean over a stride is one to a percent, which leaves nothing of the pelvis' own oscillation."""


@dataclass(frozen=True, slots=True)
class Angles:
    """Angles in rad by name (n,), and their one-sigma uncertainty."""

    values: Mapping[str, FloatArray]
    sd: Mapping[str, FloatArray]


def levelled(
    q_WB: Mapping[str, FloatArray],
    pelvis: SensorMotion,
    activity: Activity,
    gait: BoolArray,
    rate_hz: float,
) -> dict[str, FloatArray]:
    """Return the segments without the lean that bends, starts and stops gave them.

    All segments share the pelvis sensor's world, and were accelerated with the person; so they lean
    alike, and are put upright alike.
    """
    thin = max(1, int(rate_hz / _TRAVEL_RATE_HZ))
    fine = thinning(thin, rate_hz, _STRIDE_RATE_HZ)
    slow_hz = rate_hz / thin
    direction, _ = _direction(q_WB["pelvis"][::fine], activity, rate_hz / fine)
    direction = direction[:: thin // fine]
    hips = [
        hip_from_segments(q_WB["pelvis"][::thin], q_WB[f"thigh_{side}"][::thin], side)[:, 0]
        for side in sides_worn(tuple(q_WB))
    ]
    swing = 0.5 * (hips[0] - hips[1]) if len(hips) == 2 else hips[0]
    period_s = period_rows(activity, len(gait), rate_hz, thin)
    speed = travel_speed(swing, period_s, gait[::thin], slow_hz)
    travel = travel_acceleration(direction, speed, slow_hz)
    lean = lean_under_acceleration(travel, slow_hz, len(travel), 1)
    felt = thinned(quaternion.rotate(pelvis.q_WS[::fine], pelvis.acc[::fine]), thin // fine)
    expected = quaternion.rotate(lean, travel + GRAVITY_M_S2 * _Z)
    share = travel_share(felt, expected, gait[::thin], slow_hz)
    lean = lean_under_acceleration(share[:, None] * travel, slow_hz, len(gait), thin)
    upright = quaternion.conjugate(lean)
    return {segment: quaternion.multiply(upright, q) for segment, q in q_WB.items()}


def period_rows(activity: Activity, n_rows: int, rate_hz: float, thin: int = 1) -> FloatArray:
    """Return the stride time (s) at every `thin`-th row, between the seconds that have one."""
    known = np.flatnonzero(np.isfinite(activity.period_s))
    middles = (known + 0.5) * round(FRAME_S * rate_hz)
    return np.interp(np.arange(0, n_rows, thin), middles, activity.period_s[known])


def _direction(
    q_WB: FloatArray, activity: Activity, rate_hz: float
) -> tuple[FloatArray, FloatArray]:
    """Return the walking direction and the pelvis' (n, 3) tilt, obliquity and heading, rad."""
    attitude = pelvis_attitude(q_WB)
    heading = unwrap_heading(attitude[:, 2])
    attitude[:, 2] = heading
    period_s = period_rows(activity, len(heading), rate_hz)
    return centred_direction(heading, np.round(period_s * rate_hz).astype(int)), attitude


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
