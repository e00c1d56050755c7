"""A small session with known numbers, for the tests of the report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from imuhip.analysis.result import Analysis
from imuhip.analysis.summary import summarise
from imuhip.analysis.tables import angle_table, stride_table
from imuhip.core.segments import ANGLES, SIDES
from imuhip.core.sensor import ClockFit, SensorCounters, SensorIdentity, StreamConfig
from imuhip.core.series import Marker
from imuhip.gait.leg_events import swing_only
from imuhip.gait.strides import StrideCut
from imuhip.recording.session import DeviceRecord, Recording

__all__ = ["MADE_AT", "analysis", "device", "quality", "recording"]

MADE_AT = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)
RATE_HZ = 100.0
GAIT = (10.0, 50.0)


def recording(
    segments: tuple[str, ...] = ("pelvis", "thigh_left", "thigh_right"),
    *,
    duration_s: float = 60.0,
    gap: tuple[float, float] | None = None,
    **known: Any,
) -> Recording:
    """Make a recording at rest; a gap is NaN rows of the last sensor."""
    n_samples = round(duration_s * RATE_HZ)
    sensors = {}
    for segment in segments:
        acc = np.tile([0.0, 0.0, 9.81], (n_samples, 1))
        sensors[segment] = {"acc": acc, "gyr": np.zeros((n_samples, 3))}
    if gap is not None:
        sensors[segments[-1]]["acc"][round(gap[0] * RATE_HZ) : round(gap[1] * RATE_HZ)] = np.nan
    made = Recording.from_arrays(
        rate_hz=RATE_HZ, sensors=sensors, subject="S01", start_time=MADE_AT
    )
    fields = {name: getattr(made, name) for name in made.__dataclass_fields__}
    return Recording(**(fields | known))


def device(serial: str = "0042", **known: Any) -> DeviceRecord:
    """Make a device with losses, a reconnect, a battery and a clock."""
    fields: dict[str, Any] = {
        "identity": SensorIdentity("WT9011", serial, "1.2.3", 32768.0),
        "address": "AA:BB:CC:DD:EE:FF",
        "config": StreamConfig(),
        "counters": SensorCounters(received=5940, lost=60, reconnects=2, longest_gap_s=0.6),
        "clock_fits": (ClockFit(0, 0.0, 0.0, 1.0, 0.0015),),
        "battery_percent": 83,
    }
    return DeviceRecord(**(fields | known))


def quality(sides: tuple[str, ...] = ("left", "right"), **changed: Any) -> dict[str, Any]:
    """Make a quality record, all of grade A."""
    fine = {"grade": "A", "reasons": []}
    segments = ("pelvis", *(f"thigh_{side}" for side in sides))
    return {
        "grade": "A",
        "reasons": [],
        "calibration": fine
        | {"pose_start_s": 2.0, "pose_end_s": 5.0, "pose_from_marker": True, "pose_sway_deg": 0.4},
        "sensors": {s: fine | {"missing_percent": 0.0, "gravity_m_s2": 9.81} for s in segments},
        "heading": {
            side: fine
            | {"blocks": 20, "scatter_deg": 1.5, "corrected_drift_deg": -3.2, "sd_deg": 0.7}
            for side in sides
        },
        "pose_sd_deg": {"hip_flexion": 3.0, "hip_adduction": 2.0, "hip_rotation": 4.0},
        "not_observable": ["something"],
    } | changed


def analysis(
    sides: tuple[str, ...] = SIDES,
    *,
    strides: bool = True,
    duration_s: float = 60.0,
    unknown: tuple[str, ...] = (),
    sd_deg: float = 1.0,
    quality_record: dict[str, Any] | None = None,
) -> Analysis:
    """Make an analysis of one stride a second: every angle is a sine of amplitude 10°."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    names = [n for n in ANGLES if n.startswith("pelvis") or n.endswith(sides)]
    swing = np.radians(10.0) * np.cos(2 * np.pi * time_s)
    values = {n: np.full_like(swing, np.nan) if n in unknown else swing for n in names}
    sd = {n: np.full_like(swing, np.nan if n in unknown else np.radians(sd_deg)) for n in names}
    start_s = np.arange(*GAIT) if strides else np.empty(0)
    cuts = {
        side: swing_only(
            StrideCut(side, start_s, start_s + 0.55, start_s + 1.0, np.arange(len(start_s)) != 3)
        )
        for side in sides
    }
    table = stride_table(time_s, dict.fromkeys(names, swing), cuts, np.zeros_like(swing))
    for name in unknown:
        table[[f"{name}_{kind}_deg" for kind in ("min", "max", "mean", "range")]] = np.nan
    activity = (
        Marker("still", 0.0, 6.0),
        Marker("n_pose", 2.0, 5.0),
        Marker("gait", *GAIT),
    )
    segments = ("pelvis", *(f"thigh_{side}" for side in sides))
    return Analysis(
        angles=angle_table(time_s, values, sd),
        orientations={},
        strides=table,
        summary=summarise(activity, table, duration_s, RATE_HZ, segments),
        quality=quality(sides) if quality_record is None else quality_record,
        activity=activity,
    )
