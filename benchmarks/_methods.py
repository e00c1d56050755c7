"""Ways to get the angles of a recording: this analysis, and simpler ones to compare it with.

Everything but the heading is the same in all of them: mounting found from the N-pose and the gait,
zero from the N-pose. So a row tells what its heading, or its orientation filter, is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

import imuhip
from benchmarks._scoring import NAMES, Angles, Errors, errors
from imuhip.analysis.headings import block_to_rows
from imuhip.analysis.motion import offline_motion
from imuhip.analysis.offline import Kinematics, analyze_offline
from imuhip.analysis.settings import Settings
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, angle_column
from imuhip.core.series import FloatArray
from imuhip.kinematics.angles import hip_from_segments

__all__ = ["AHRS", "FLOOR", "LIVE", "OFFLINE", "by_filter", "by_us", "peers"]

OFFLINE: Final = "ours offline"
LIVE: Final = "ours live"
FLOOR: Final = "floor: known heading"
AHRS: Final = ("madgwick", "mahony", "ekf")
_Z: Final = np.array([0.0, 0.0, 1.0])
_HIP: Final = ("flexion", "adduction", "rotation")
_DETREND_S: Final = 30.0
_FLOOR_S: Final = 10.0


def by_us(
    recording: imuhip.Recording,
    *,
    live: bool = False,
    orientation_filter: str = "vqf",
    pose_counts: bool = False,
    correct_slips: bool = False,
    marked: bool = True,
) -> dict[str, Errors]:
    """Return the errors of `imuhip.analyze`.

    Parameters
    ----------
    recording : Recording
    live : bool
    orientation_filter : str
    pose_counts : bool
        Add the N-pose's own uncertainty to the stated one, where people do not stand perfectly.
    correct_slips : bool
    marked : bool
        Whether the analysis is told when the person posed and walked.
    """
    found = imuhip.analyze(
        recording if marked else replace(recording, markers=()),
        orientation_filter=orientation_filter,
        live=live,
        correct_slips=correct_slips,
    )
    table, sd = found.angles, {}
    for name in NAMES:
        own = table[angle_column(name).replace("_deg", "_sd_deg")].to_numpy()
        pose = found.quality["pose_sd_deg"] if pose_counts else {}
        stem = name.removesuffix("_left").removesuffix("_right")
        sd[name] = np.hypot(own, pose.get(stem, 0.0))
    return errors({name: table[angle_column(name)].to_numpy() for name in NAMES}, recording, sd)


def peers(recording: imuhip.Recording) -> dict[str, dict[str, Errors]]:
    """Return the errors with headings that are known, left alone, or detrended."""
    found = _kinematics(recording, "vqf")
    plain = _with_thighs_turned(found, _uncorrected_turn)
    known = _with_thighs_turned(found, _known_turn(recording))
    known["pelvis_rotation"] = _known_rotation(recording, found)
    return {
        FLOOR: errors(known, recording),
        "no heading correction": errors(plain, recording),
        "detrended over 30 s": errors(_detrended(plain, found, _DETREND_S), recording),
        "detrended per stride": errors(_detrended(plain, found, _stride_s(found)), recording),
    }


def by_filter(recording: imuhip.Recording, name: str) -> dict[str, dict[str, Errors]]:
    """Return the errors of a filter of ``ahrs``, alone and with the heading from the hip joint."""
    found = _kinematics(recording, name)
    ours = {angle: np.degrees(values) for angle, values in found.angles.values.items()}
    return {
        f"ahrs {name}": errors(_with_thighs_turned(found, _uncorrected_turn), recording),
        f"ahrs {name}, our heading": errors(ours, recording),
    }


def _kinematics(recording: imuhip.Recording, orientation_filter: str) -> Kinematics:
    return analyze_offline(
        recording.sensors, recording.markers, recording.rate_hz, Settings(orientation_filter)
    )


def _with_thighs_turned(
    found: Kinematics, turn_rad: Callable[[Kinematics, str], FloatArray]
) -> dict[str, FloatArray]:
    """Return the angles with each thigh turned about the vertical by (n,) rad more."""
    values = {name: np.degrees(angle) for name, angle in found.angles.values.items()}
    for side in SIDES:
        turn = turn_rad(found, side)
        q_turned = quaternion.multiply(quaternion.about_axis(_Z, turn), found.q_WB[f"thigh_{side}"])
        hip = np.degrees(hip_from_segments(found.q_WB["pelvis"], q_turned, side))
        values |= {f"hip_{kind}_{side}": hip[:, k] for k, kind in enumerate(_HIP)}
    return values


def _uncorrected_turn(found: Kinematics, side: str) -> FloatArray:
    """Return the turn that takes the heading's correction back: the pose's is kept."""
    heading = block_to_rows(found.tracks[side].heading_rad, len(found.grid), found.grid.rate_hz)
    return np.asarray(heading[found.pose.rows.end - 1] - heading)


def _detrended(plain: Angles, found: Kinematics, window_s: float) -> Angles:
    """Return hip rotation less its running mean: free of any mean by construction."""
    window = max(3, round(window_s * found.grid.rate_hz))
    values = dict(plain)
    for side in SIDES:
        rotation = values[f"hip_rotation_{side}"]
        values[f"hip_rotation_{side}"] = rotation - _running_mean(rotation, window)
    return values


def _stride_s(found: Kinematics) -> float:
    """Return the usual time of a stride."""
    period_s = found.activity.period_s
    return float(np.nanmedian(period_s[np.isfinite(period_s)]))


def _running_mean(values: FloatArray, window: int) -> FloatArray:
    """Return the centred mean; missing values do not count."""
    known = np.isfinite(values)
    sums = np.cumsum(np.concatenate([[0.0], np.where(known, values, 0.0)]))
    counts = np.cumsum(np.concatenate([[0], known]))
    middle = np.arange(len(values))
    first = np.maximum(middle - window // 2, 0)
    last = np.minimum(middle + (window + 1) // 2, len(values))
    return np.asarray((sums[last] - sums[first]) / np.maximum(counts[last] - counts[first], 1))


def _known_rotation(recording: imuhip.Recording, found: Kinematics) -> FloatArray:
    """Return pelvis rotation (n,), deg, of a sensor whose heading and walking direction are known.

    Off by what the skin turns on the bone, and zero in the pose.
    """
    truth, table = recording.truth_motion, recording.truth
    if truth is None or table is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    bone, sensor = truth.orientations["pelvis"], truth.sensor_orientations["pelvis"]
    rows = slice(found.pose.rows.start, found.pose.rows.end)
    mounted = quaternion.average(
        quaternion.multiply(quaternion.conjugate(sensor[rows]), bone[rows])
    )
    skin = quaternion.multiply(quaternion.multiply(sensor, mounted), quaternion.conjugate(bone))
    turned = (np.degrees(quaternion.heading_about_z(skin)) + 180.0) % 360.0 - 180.0
    return np.asarray(table[angle_column("pelvis_rotation")].to_numpy() + turned)


def _known_turn(recording: imuhip.Recording) -> Callable[[Kinematics, str], FloatArray]:
    """Return the turn that gives both sensors the heading they truly have.

    The sensors', not the bones': skin that moves on bone stays an error, for no heading tells it.
    The pose is zero as for all others. A mean over 10 s, so that the inclination stays as found.
    """
    truth = recording.truth_motion
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")

    def turn(found: Kinematics, side: str) -> FloatArray:
        rate_hz, pose = found.grid.rate_hz, slice(found.pose.rows.start, found.pose.rows.end)
        pair = (f"thigh_{side}", "pelvis")
        motions = offline_motion(found.grid, rate_hz, "vqf", segments=pair)
        thigh, pelvis = (
            np.unwrap(
                quaternion.heading_about_z(
                    quaternion.multiply(
                        truth.sensor_orientations[segment],
                        quaternion.conjugate(motions[segment].q_WS),
                    )
                )
            )
            for segment in pair
        )
        wanted = _running_mean(np.unwrap(thigh - pelvis), round(_FLOOR_S * rate_hz))
        return wanted - np.mean((thigh - pelvis)[pose]) + _uncorrected_turn(found, side)

    return turn
