"""C3D, as programs for optical capture read it: angles as points of the kind ANGLES, and events.

A point holds three numbers a frame: flexion, adduction and internal rotation of a hip, or tilt,
obliquity and rotation of the pelvis, in degrees. Written by the optional ezc3d (Michaud & Begon
2021, doi:10.21105/joss.02911).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from imuhip.analysis.result import Analysis
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.results import Exported, Results, check_free, whole_file

__all__ = ["MOST_FRAMES", "POINTS", "write_c3d"]

MOST_FRAMES = 65_535
"""Frames are counted in 16 bits."""
MOST_EVENTS = 255
"""A parameter's length is one byte."""

_HIP = ("flexion", "adduction", "rotation")
POINTS: dict[str, tuple[str, ...]] = {
    "LHipAngles": tuple(f"hip_{angle}_left" for angle in _HIP),
    "RHipAngles": tuple(f"hip_{angle}_right" for angle in _HIP),
    "PelvisAngles": ("pelvis_tilt", "pelvis_obliquity", "pelvis_rotation"),
}
"""Points and the angles in their three numbers; with ``SD`` behind its name, their sigma."""


def write_c3d(results: Results, folder: Path, stem: str) -> Exported:
    """Write angles, their uncertainty, foot contacts and toe-offs.

    Raises
    ------
    ExchangeError
        When ezc3d is not installed, there are no angles, or more frames than the format counts.
    """
    try:
        import ezc3d
    except ImportError as error:
        raise ExchangeError(
            "C3D files need the optional package ezc3d",
            hint='pip install "imuhip[exchange]"',
            code="E709",
        ) from error
    analysis = results.angles("a C3D file")
    name = f"{stem}.c3d"
    check_free(folder, [name])
    n_frames = len(analysis.angles)
    if n_frames > MOST_FRAMES:
        raise ExchangeError(
            f"{name}: {n_frames} frames, the format counts up to {MOST_FRAMES}",
            hint="export Parquet or MATLAB, or a shorter recording",
            code="E710",
        )
    labels, points = _points(analysis)
    file = ezc3d.c3d()
    missing = ~np.isfinite(points[:3]).all(axis=0)
    points[:3, missing] = 0.0
    file["parameters"]["POINT"]["RATE"]["value"] = [_rate_hz(analysis)]
    file["parameters"]["POINT"]["LABELS"]["value"] = labels
    file["parameters"]["POINT"]["UNITS"]["value"] = ["deg"]
    file.add_parameter("POINT", "ANGLES", labels)
    file.add_parameter("POINT", "ANGLE_UNITS", ["deg"])
    file["data"]["points"] = points
    file["data"]["meta_points"]["residuals"] = np.where(missing, -1.0, 0.0)[None]
    # Frames begin at the first sample, and so does the time of events.
    n_left_out = _add_events(file, analysis, float(analysis.angles.index[0]))
    with whole_file(folder / name) as part:
        file.write(str(part))
    return Exported((folder / name,), _not_held(n_left_out))


def _points(analysis: Analysis) -> tuple[list[str], FloatArray]:
    """Return labels and (4, points, frames)."""
    table = analysis.angles
    labels, values = [], []
    for label, angles in POINTS.items():
        for ending, suffix in (("", "deg"), ("SD", "sd_deg")):
            columns = [f"{angle}_{suffix}" for angle in angles]
            if set(columns) <= set(table.columns):
                labels.append(label + ending)
                values.append(table[columns].to_numpy(dtype=float).T)
    points = np.ones((4, len(labels), len(table)))
    points[:3] = np.stack(values, axis=1)
    return labels, points


def _rate_hz(analysis: Analysis) -> float:
    """Return the rate of the common grid, which sensors on their own clocks have, too."""
    time_s = analysis.angles.index.to_numpy(dtype=float)
    return float((len(time_s) - 1) / (time_s[-1] - time_s[0]))


def _add_events(file: Any, analysis: Analysis, zero_s: float) -> int:
    """Add contacts and toe-offs; returns how many found no room."""
    events = []
    for side in SIDES:
        rows = analysis.strides[analysis.strides["side"] == side]
        for column, label in (("initial_contact_s", "Foot Strike"), ("toe_off_s", "Foot Off")):
            events += [
                (at_s - zero_s, side.capitalize(), label)
                for at_s in rows[column].dropna().to_numpy(dtype=float)
            ]
    events.sort()
    kept = events[:MOST_EVENTS]
    if kept:
        at_s = np.array([event[0] for event in kept])
        file.add_parameter("EVENT", "USED", [len(kept)])
        file.add_parameter("EVENT", "CONTEXTS", [event[1] for event in kept])
        file.add_parameter("EVENT", "LABELS", [event[2] for event in kept])
        file.add_parameter("EVENT", "TIMES", np.stack([at_s // 60.0, at_s % 60.0]))
    return len(events) - len(kept)


def _not_held(n_left_out: int) -> tuple[str, ...]:
    events = (f"{n_left_out} events beyond the first {MOST_EVENTS}",) if n_left_out else ()
    return (
        *events,
        "double precision: numbers are kept to 7 digits",
        "the time of the first sample: frames are counted from it",
        "strides, measures, seconds, markers and quality: --format csv holds them",
        "orientations of the segments and raw samples: --format mat holds them",
        "packets and clocks: the session file stays their place",
    )
