"""The sensors' clocks during tests, put right by what taps and a walk of the same session showed.

A thigh that moves by 100 deg/s is 5 deg elsewhere after 50 ms: two sensors whose times are apart by
that much tell the pelvis' onset at a wrong flexion, and nothing in the test itself shows it. A walk
does (`imuhip.analysis.clock_check`), and so does a tap (`imuhip.analysis.impact_alignment`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from imuhip.analysis.impact_alignment import align_sensors
from imuhip.core.series import ImuSeries, Marker

__all__ = ["on_one_clock"]

_SMALLEST_S = 0.005
"""Costs half a degree at most."""

_SIGMAS = 3.0


def on_one_clock(
    sensors: Mapping[str, ImuSeries],
    markers: Sequence[Marker],
    sync: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, ImuSeries], dict[str, str]]:
    """Return the sensors at the instants they truly measured, and what was put right.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        On the recording's clock.
    markers : sequence of Marker
        Those named ``"tap"`` and ``"jump"`` are used.
    sync : mapping of segment to its record
        ``quality["sync"]`` of an analysis of the same recording; empty without one.

    Returns
    -------
    sensors : dict of segment to ImuSeries
    notes : dict of segment to str
        Of those that a walk showed late or early by 5 ms or more beyond doubt.
    """
    aligned, _ = align_sensors(sensors, markers)
    notes: dict[str, str] = {}
    late_s = {segment: _late_s(segment, sync) for segment in aligned if segment in sync}
    for segment, offset_s in late_s.items():
        if offset_s == 0.0:
            continue
        series, skew = aligned[segment], 1e-6 * sync[segment]["skew_ppm"]
        since_s = series.time_s - sync[segment]["middle_s"]
        aligned[segment] = replace(series, time_s=series.time_s - offset_s - skew * since_s)
        way = "late" if offset_s > 0.0 else "early"
        notes[segment] = (
            f"{segment}: its times were {1e3 * abs(offset_s):.0f} ms {way} by what the walk shows, "
            "and were put right"
        )
    return aligned, notes


def _late_s(segment: str, sync: Mapping[str, Mapping[str, Any]]) -> float:
    """Return how late a segment is against the pelvis: its own word and those of its neighbours."""
    total_s = 0.0
    while segment in sync:
        offset_s, sd_s = (1e-3 * sync[segment][name] for name in ("offset_ms", "sd_ms"))
        if abs(offset_s) >= max(_SMALLEST_S, _SIGMAS * sd_s):
            total_s += offset_s
        segment = sync[segment]["against"]
    return total_s
