"""Which sensor was worn where, and what became of its samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imuhip.core.segments import SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from imuhip.core.series import ImuSeries
    from imuhip.recording.session import DeviceRecord, Recording

__all__ = ["SensorFacts", "gaps_s", "segment_label", "sensor_facts"]

_LABELS = {
    "pelvis": "Pelvis",
    "thigh_left": "Left thigh",
    "thigh_right": "Right thigh",
    "shank_left": "Left shank",
    "shank_right": "Right shank",
    "trunk": "Trunk (T12)",
}


def segment_label(segment: str) -> str:
    """Return the words for a segment."""
    return _LABELS[segment]


@dataclass(frozen=True, slots=True)
class SensorFacts:
    """One sensor in the report; None where the recording does not know."""

    segment: str
    label: str
    model: str | None
    serial: str | None
    firmware: str | None
    simulated: bool
    acc_range_g: int | None
    gyr_range_dps: int | None
    measured_rate_hz: float | None
    received: int
    lost: int
    lost_percent: float
    longest_gap_s: float
    reconnects: int | None
    battery_percent: int | None
    clock_uncertainty_s: float | None
    grade: str | None
    reasons: tuple[str, ...]
    missing_percent: float | None
    gravity_m_s2: float | None


def sensor_facts(recording: Recording, quality: Mapping[str, Any]) -> list[SensorFacts]:
    """Return what is known of every sensor, in the order of the body."""
    grades = quality.get("sensors", {})
    return [
        _facts(
            segment,
            recording.sensors[segment],
            recording.devices.get(segment),
            grades.get(segment, {}),
        )
        for segment in SEGMENTS
        if segment in recording.sensors
    ]


def _facts(
    segment: str, series: ImuSeries, device: DeviceRecord | None, graded: Mapping[str, Any]
) -> SensorFacts:
    received, lost, longest_gap_s = _losses(series, device)
    fits = device.clock_fits if device else ()
    return SensorFacts(
        segment=segment,
        label=segment_label(segment),
        model=device.identity.model or None if device else None,
        serial=device.identity.serial or None if device else None,
        firmware=device.identity.firmware or None if device else None,
        simulated=bool(device and device.simulated),
        acc_range_g=device.config.acc_range_g if device else None,
        gyr_range_dps=device.config.gyr_range_dps if device else None,
        measured_rate_hz=_rate_hz(series),
        received=received,
        lost=lost,
        lost_percent=100.0 * lost / (received + lost) if received + lost else 0.0,
        longest_gap_s=longest_gap_s,
        reconnects=device.counters.reconnects if device else None,
        battery_percent=device.battery_percent if device else None,
        clock_uncertainty_s=max((fit.uncertainty_s for fit in fits), default=None),
        grade=graded.get("grade"),
        reasons=tuple(graded.get("reasons", ())),
        missing_percent=graded.get("missing_percent"),
        gravity_m_s2=graded.get("gravity_m_s2"),
    )


def _losses(series: ImuSeries, device: DeviceRecord | None) -> tuple[int, int, float]:
    """Return received, lost, longest gap: as counted live, else as the rows themselves show."""
    if device is not None and device.counters.received:
        counters = device.counters
        return counters.received, counters.lost, counters.longest_gap_s
    gaps = gaps_s(series)
    received = int(series.valid.sum())
    longest = float(np.max(gaps[:, 1] - gaps[:, 0])) if len(gaps) else 0.0
    return received, len(series) - received, longest


def _step_s(series: ImuSeries) -> float:
    return float(np.median(np.diff(series.time_s))) if len(series) > 1 else float("nan")


def _rate_hz(series: ImuSeries) -> float | None:
    """Return the rate the samples themselves show, by the median step."""
    step_s = _step_s(series)
    return 1.0 / step_s if np.isfinite(step_s) else None


def gaps_s(series: ImuSeries) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return (k, 2) start and end of the stretches without a valid sample, s.

    Rows marked invalid and jumps of the time column count alike; half a sample of jitter does not.
    """
    at = series.time_s[series.valid]
    if len(series) < 2:
        return np.empty((0, 2))
    if len(at) == 0:
        return np.array([[series.time_s[0], series.time_s[-1]]])
    edges = np.concatenate([[series.time_s[0]], at, [series.time_s[-1]]])
    open_rows = np.flatnonzero(np.diff(edges) > 1.5 * _step_s(series))
    return np.stack([edges[open_rows], edges[open_rows + 1]], axis=1)
