"""How far a result can be trusted, in grades with their reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.legs import LegGeometry
from imuhip.calibration.pose import Pose
from imuhip.calibration.protocol import shipped_protocol
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_track import HeadingTrack
from imuhip.kinematics.strap_wobble import StrapWobble

__all__ = ["POSE_SD_DEG", "assess_quality"]

POSE_SD_DEG = {"hip_flexion": 3.0, "hip_adduction": 2.0, "hip_rotation": 4.0}
"""How exactly people stand in an N-pose, one sigma: a constant offset of all hip
angles of a session, not part of the ``_sd_deg`` columns."""

_GRAVITY_M_S2 = 9.80665
_LEVELS = "ABCD"
_WANTED_RATE_HZ = 50.0
_POSE_SLACK_S = 0.05
"""A marker of just the wanted length may lose samples at its edges."""


def assess_quality(
    grid: GridBlock,
    bias_rad_s: Mapping[str, FloatArray],
    gait: BoolArray,
    pose: Pose,
    legs: Mapping[Side, LegGeometry],
    tracks: Mapping[Side, HeadingTrack],
    wobble: Mapping[Side, StrapWobble],
    sync: Mapping[str, Any] | None = None,
    untold: Mapping[Side, str] | None = None,
) -> dict[str, Any]:
    """Return the quality record, JSON-safe."""
    straps = {f"thigh_{side}": found for side, found in wobble.items()}
    sensors = {
        segment: _sensor_quality(grid, bias, segment, pose, straps.get(segment))
        for segment, bias in bias_rad_s.items()
    }
    calibration = _calibration_quality(pose, legs, gait, grid)
    heading = {side: _heading_quality(track) for side, track in tracks.items()}
    named = dict(sensors) | {"calibration": calibration}
    if grid.rate_hz < 0.98 * _WANTED_RATE_HZ:
        told = f"sampled at {grid.rate_hz:g} Hz, {_WANTED_RATE_HZ:g} Hz or more are wanted"
        named["recording"] = _graded([("C", told)])
    named |= {f"{segment} clock": _clock_quality(found) for segment, found in (sync or {}).items()}
    named |= {
        f"{side} hip": _graded([("C", f"no angles: {why}")]) for side, why in (untold or {}).items()
    }
    named |= {f"{side} hip heading": part for side, part in heading.items()}
    worst = max((part["grade"] for part in named.values()), key=_LEVELS.index)
    return {
        "grade": worst,
        "reasons": [f"{name}: {why}" for name, part in named.items() for why in part["reasons"]],
        "calibration": calibration,
        "sensors": sensors,
        "heading": heading,
        "sync": dict(sync or {}),
        "pose_sd_deg": dict(POSE_SD_DEG),
        "not_observable": [
            "a constant rotation of the pelvis against the walking direction; its waveform is",
            "hip rotation of the bone: skin and strap under-read it",
        ],
    }


def _graded(findings: Sequence[tuple[str, str]]) -> dict[str, Any]:
    grade = max((level for level, _ in findings), key=_LEVELS.index, default="A")
    return {"grade": grade, "reasons": [reason for level, reason in findings if level != "A"]}


def _sensor_quality(
    grid: GridBlock, bias_rad_s: FloatArray, segment: str, pose: Pose, strap: StrapWobble | None
) -> dict[str, Any]:
    missing = 100.0 * float(np.mean(~grid.valid[segment]))
    rows = slice(pose.rows.start, pose.rows.end)
    gravity = float(np.linalg.norm(grid.acc[segment][rows], axis=1).mean())
    accepted = shipped_protocol().acceptance
    findings = [
        (accepted.missing_percent.grade(missing), f"{missing:.1f} % of samples missing"),
        (
            accepted.gravity_error_m_s2.grade(abs(gravity - _GRAVITY_M_S2)),
            f"reads {gravity:.2f} m/s² at rest instead of {_GRAVITY_M_S2:.2f};"
            " imuhip calibrate-sensor corrects it",
        ),
    ]
    measured = {}
    if strap is not None:
        measured = {
            "strap_wobble_deg": round(float(np.degrees(strap.amplitude_rad)), 2),
            "strap_fast_share": round(strap.fast_share, 3),
        }
        if strap.is_loose:
            findings.append(
                (
                    "C",
                    f"loose strap: the sensor swings about the thigh with"
                    f" {strap.fast_rate_rad_s:.1f} rad/s above 6 Hz"
                    f" ({100 * strap.fast_share:.0f} % of that motion); tighten it",
                )
            )
    return (
        _graded(findings)
        | measured
        | {
            "missing_percent": round(missing, 3),
            "gravity_m_s2": round(gravity, 4),
            "gyro_bias_deg_s": [round(float(v), 4) for v in np.degrees(bias_rad_s)],
        }
    )


def _calibration_quality(
    pose: Pose, legs: Mapping[Side, LegGeometry], gait: BoolArray, grid: GridBlock
) -> dict[str, Any]:
    step_s = 1.0 / grid.rate_hz
    accepted = shipped_protocol().acceptance
    pose_s = len(pose.rows) * step_s
    sway = float(np.degrees(pose.sway_rad))
    findings = [(accepted.sway_deg.grade(sway), f"moved during the pose by {sway:.1f}°")]
    if pose_s < accepted.pose_s - _POSE_SLACK_S:
        wanted = f"{accepted.pose_s:g} s or more are wanted"
        findings.append(("B", f"the still pose lasts {pose_s:.1f} s; {wanted}"))
    if pose.rows.start * step_s > float(np.argmax(gait)) * step_s:
        findings.append(("B", "the pose was found after the walk, not before"))
    facing = min(leg.facing_evidence for leg in legs.values())
    if facing < 2.0:
        findings.append(
            ("C", f"weak evidence which way is forwards ({facing:.1f} sigma, 2 are wanted)")
        )
    for side, leg in legs.items():
        if leg.axis.planarity < 0.8:
            findings.append(
                (
                    "B",
                    f"{side} thigh: only {100 * leg.axis.planarity:.0f} % of the swing is about"
                    " one axis; a loose strap or much turning",
                )
            )
    return _graded(findings) | {
        "pose_start_s": round(float(grid.time_s[pose.rows.start]), 2),
        "pose_end_s": round(float(grid.time_s[pose.rows.end - 1]), 2),
        "pose_from_marker": pose.given,
        "pose_sway_deg": round(sway, 2),
    }


def _clock_quality(found: Mapping[str, Any]) -> dict[str, Any]:
    offset_ms = found["offset_ms"]
    reference = {"pelvis": "the pelvis"}.get(found["against"], found["against"])
    told = f"{abs(offset_ms):.1f} ms {'late' if offset_ms > 0 else 'early'} against {reference}"
    if found["corrected"]:
        return _graded([("B", f"{told}, corrected by the motion; clocks should agree to 5 ms")])
    doubtful = abs(offset_ms) > max(5.0, 3.0 * found["sd_ms"])
    return _graded([("C" if doubtful else "A", f"{told}, not corrected")])


def _heading_quality(track: HeadingTrack) -> dict[str, Any]:
    measured = np.isfinite(track.innovation_rad)
    findings = []
    # about the smoothed line; live there is none, and the first innovation learns the offset
    live = track.innovation_rad[measured][1:]
    beside = track.residual_rad[measured] if len(track.residual_rad) else live
    scatter = float(np.degrees(np.std(beside))) if len(beside) > 1 else float("nan")
    if not measured.any():
        findings.append(("D", "never measured: no usable gait"))
    elif scatter > 6.0:
        findings.append(("B", f"block headings scatter by {scatter:.1f}°; straps may be loose"))
    first, last = track.heading_rad[measured][[0, -1]] if measured.any() else (0.0, 0.0)
    return _graded(findings) | {
        "blocks": int(measured.sum()),
        "scatter_deg": None if np.isnan(scatter) else round(scatter, 2),
        "corrected_drift_deg": round(float(np.degrees(last - first)), 2),
        "sd_deg": round(float(np.degrees(np.nanmedian(track.drift_sd_rad))), 2),
    }
