"""Sensors timed by the host alone, put right by an impact that all of them felt.

Instants marked ``"tap"`` or ``"jump"`` are looked at, and taps on the table that nobody marked.
What is found is told in ``quality["alignment"]``; what is beyond doubt is taken off the times the
analysis works with. The recording is left as it is, and with ``correct_sync=False`` so are they.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from imuhip.analysis.grid import on_grid
from imuhip.core.series import ImuSeries, Marker
from imuhip.kinematics.shared_impact import (
    IMPACT_KINDS,
    ImpactKind,
    ImpactOffset,
    find_taps,
    impact_offset,
)

__all__ = ["Alignment", "align_sensors", "note_alignment"]

REFERENCE: Final = "pelvis"
_BEFORE_S: Final = 3.0
"""The key is pressed after the impact."""
_AFTER_S: Final = 1.0
_SMALLEST_S: Final = 0.002
_SIGMAS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Alignment:
    """How late a sensor was found to be against the pelvis sensor.

    Parameters
    ----------
    offset_s, sd_s : float, s
        Stated minus true time, and one sigma.
    kinds : tuple of str
        The impacts it rests on.
    corrected : bool
        Whether the analysis took it off.
    """

    offset_s: float
    sd_s: float
    kinds: tuple[str, ...]
    corrected: bool


def align_sensors(
    sensors: Mapping[str, ImuSeries], markers: Sequence[Marker], *, correct: bool = True
) -> tuple[dict[str, ImuSeries], dict[str, Alignment]]:
    """Compare the sensors by the impacts they shared, and read the late ones at the true instants.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        On the recording's clock.
    markers : sequence of Marker
        Those named ``"tap"`` and ``"jump"`` are used.
    correct : bool
        Whether to correct, or only to tell.

    Returns
    -------
    sensors : dict of segment to ImuSeries
        At the times they state, as before.
    found : dict of segment to Alignment
        Of those that shared an impact with the pelvis.
    """
    if REFERENCE not in sensors or len(sensors) < 2:
        return dict(sensors), {}
    impacts = _impacts(sensors, markers)
    aligned, found = dict(sensors), {}
    for segment, series in sensors.items():
        if segment == REFERENCE:
            continue
        told = [
            (kind, one)
            for kind, start_s, end_s in impacts
            if (one := impact_offset(sensors[REFERENCE], series, start_s, end_s, kind)) is not None
        ]
        if not told:
            continue
        offset_s, sd_s = _combined([one for _, one in told])
        is_late = abs(offset_s) > max(_SMALLEST_S, _SIGMAS * sd_s)
        kinds = tuple(kind for kind, _ in told)
        found[segment] = Alignment(offset_s, sd_s, kinds, correct and is_late)
        if found[segment].corrected:
            shares = np.array_equal(series.time_s, sensors[REFERENCE].time_s)
            aligned[segment] = _put_right(series, offset_s, shares_times=shares)
    return aligned, found


def note_alignment(quality: dict[str, Any], found: Mapping[str, Alignment]) -> None:
    """Add what was found to the record for people and files."""
    quality["alignment"] = {
        segment: {
            "offset_ms": round(1e3 * one.offset_s, 2),
            "sd_ms": round(1e3 * one.sd_s, 2),
            "impacts": list(one.kinds),
            "corrected": one.corrected,
        }
        for segment, one in found.items()
    }
    quality["reasons"] += [
        f"{segment} clock: {1e3 * abs(one.offset_s):.1f} ms"
        f" {'late' if one.offset_s > 0 else 'early'} against the pelvis, corrected by a"
        f" {' and a '.join(sorted(set(one.kinds)))}"
        for segment, one in found.items()
        if one.corrected
    ]


def _impacts(
    sensors: Mapping[str, ImuSeries], markers: Sequence[Marker]
) -> list[tuple[ImpactKind, float, float]]:
    marked = [
        (kind, marker.start_s - _BEFORE_S, marker.end_s + _AFTER_S)
        for marker in markers
        for kind in IMPACT_KINDS
        if marker.name == kind
    ]
    seen: list[tuple[ImpactKind, float, float]] = [
        ("tap", start_s - _AFTER_S, end_s + _AFTER_S) for start_s, end_s in find_taps(dict(sensors))
    ]
    # What was marked is not looked at twice.
    return marked + [
        one
        for one in seen
        if not any(one[1] < end_s and start_s < one[2] for _, start_s, end_s in marked)
    ]


def _combined(found: Sequence[ImpactOffset]) -> tuple[float, float]:
    """Return the weighted mean and its sigma, which their disagreement widens."""
    offset_s = np.array([one.offset_s for one in found])
    weight = np.array([one.sd_s for one in found]) ** -2.0
    mean_s = float(np.average(offset_s, weights=weight))
    sd_s = float(np.sum(weight) ** -0.5)
    if len(found) > 1:
        scatter = float(np.sum(weight * (offset_s - mean_s) ** 2)) / (len(found) - 1)
        sd_s *= max(1.0, float(np.sqrt(scatter)))
    return mean_s, sd_s


def _put_right(series: ImuSeries, offset_s: float, *, shares_times: bool) -> ImuSeries:
    """Return the sensor at its true instants.

    Sensors that share their times keep them: what was measured there is read between the samples.
    """
    moved = replace(series, time_s=series.time_s - offset_s)
    if not shares_times:
        return moved
    found = on_grid(moved, series.time_s)
    rows = found["valid"][:, np.newaxis]
    acc, gyr = (np.where(rows, found[name], np.nan) for name in ("acc", "gyr"))
    mag = None if series.mag is None else np.where(rows, found["mag"], np.nan)
    return ImuSeries(time_s=series.time_s, acc=acc, gyr=gyr, mag=mag, valid=found["valid"])
