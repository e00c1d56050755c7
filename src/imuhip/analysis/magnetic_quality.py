"""What is shown of the magnetometers: grade, reasons, when and how far the field was disturbed."""

from __future__ import annotations

from typing import Any

import numpy as np

from imuhip.analysis.magnetic import DISTURBED_SHARE, FieldView, dip_rad, strength_ut
from imuhip.analysis.magnetic_use import LIVE, MagneticFinding
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.earth_field import EarthField

__all__ = ["magnetometer_quality", "note_magnetometer"]

_SHOWN_STRETCHES = 20
_JOINED_S = 2.0
"""Disturbances closer than that are shown as one."""


def magnetometer_quality(found: MagneticFinding, start_s: float) -> dict[str, Any]:
    """Return the record for people and files, JSON-safe; with its grade and reasons.

    Parameters
    ----------
    found : MagneticFinding
    start_s : float, s
        Of the grid, on the recording's clock.
    """
    earth = found.field.earth
    sensors = {
        segment: _sensor(view, found.field.frame_s, start_s)
        for segment, view in found.field.views.items()
    }
    reasons = [
        f"{segment}: magnetic field disturbed {one['disturbed_percent']:.0f} % of the time"
        f" ({_words(one['disturbed_s'])})"
        for segment, one in sensors.items()
        if one["disturbed_percent"] >= 100.0 * DISTURBED_SHARE
    ]
    reasons += [
        f"{side} hip: heading not taken from the magnetometer, {hip.why_not}"
        for side, hip in found.hips.items()
        if hip.why_not not in ("", LIVE)
    ]
    if earth is not None and not earth.covered:
        reasons.append(f"{earth.model} was not made for {earth.day}; its last trend was drawn on")
    north = "arbitrary"
    if found.north_rad is not None:
        north = "magnetic north" if earth is None else "true north"
    return {
        "grade": "B" if reasons else "A",
        "reasons": reasons,
        "used": bool(found.drift),
        "reference": _reference(earth),
        "orientations_y_axis": north,
        "sensors": sensors,
        "hips": {
            side: {
                "used": bool(hip.drift),
                "why_not": hip.why_not,
                "scatter_deg": _rounded(np.degrees(hip.scatter_rad)),
            }
            for side, hip in found.hips.items()
        },
    }


def note_magnetometer(
    quality: dict[str, Any], summary: dict[str, Any], found: MagneticFinding | None, start_s: float
) -> None:
    """Write into quality and summary what came of the magnetometers, where they were asked for."""
    if found is None:
        return
    record = magnetometer_quality(found, start_s)
    quality["magnetometer"] = record
    quality["grade"] = max(quality["grade"], record["grade"])  # letters, A is best
    quality["reasons"] = quality["reasons"] + [f"magnetometer: {why}" for why in record["reasons"]]
    sensors = record["sensors"].items()
    summary["magnetometer"] = {
        "used": record["used"],
        "disturbed_percent": {segment: one["disturbed_percent"] for segment, one in sensors},
    } | {
        quantity: {
            segment: {
                "expected": one[f"expected_{quantity}"],
                "measured": one[f"measured_{quantity}"][1],
            }
            for segment, one in sensors
        }
        for quantity in ("strength_ut", "dip_deg")
    }


def _reference(earth: EarthField | None) -> dict[str, Any]:
    if earth is None:
        return {"from": "the median of each sensor"}
    return {
        "from": earth.model,
        "day": earth.day.isoformat(),
        "covered": earth.covered,
        "strength_ut": round(earth.strength_ut, 2),
        "dip_deg": round(float(np.degrees(earth.dip_rad)), 2),
        "declination_deg": round(float(np.degrees(earth.declination_rad)), 2),
    }


def _sensor(view: FieldView, frame_s: float, start_s: float) -> dict[str, Any]:
    known = view.frames_ut[np.isfinite(view.frames_ut[:, 0])]
    strength, dip = strength_ut(known), np.degrees(dip_rad(known))
    return {
        "disturbed_percent": round(100.0 * view.disturbed_share, 1),
        "disturbed_s": _when(view.disturbed, frame_s, start_s),
        "expected_strength_ut": _rounded(view.strength_ut),
        "expected_dip_deg": _rounded(np.degrees(view.dip_rad)),
        "measured_strength_ut": _percentiles(strength),
        "measured_dip_deg": _percentiles(dip),
        "hard_iron_ut": [round(float(v), 2) for v in view.hard_iron.offset_ut],
        "hard_iron_sd_ut": [round(float(v), 2) for v in view.hard_iron.sd_ut],
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def _percentiles(values: FloatArray) -> list[float | None]:
    """Return the 5th percentile, the median and the 95th."""
    if len(values) == 0:
        return [None, None, None]
    return [round(float(v), 2) for v in np.percentile(values, [5.0, 50.0, 95.0])]


def _when(disturbed: BoolArray, frame_s: float, start_s: float) -> list[list[float]]:
    """Return the longest disturbances as [start, end] in s, in the order of time."""
    joined: list[Stretch] = []
    for run in stretches(disturbed):
        if joined and (run.start - joined[-1].end) * frame_s < _JOINED_S:
            joined[-1] = Stretch(joined[-1].start, run.end)
        else:
            joined.append(run)
    longest = sorted(joined, key=len)[-_SHOWN_STRETCHES:]
    return [
        [round(start_s + run.start * frame_s, 1), round(start_s + run.end * frame_s, 1)]
        for run in sorted(longest, key=lambda run: run.start)
    ]


def _words(when: list[list[float]]) -> str:
    """Return the first and longest times in words."""
    longest = max(when, key=lambda one: one[1] - one[0])
    return f"longest {longest[0]:.0f} to {longest[1]:.0f} s"
