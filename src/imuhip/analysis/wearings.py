"""Sensors taken off in a session and put on again: each wearing is calibrated by itself.

Nobody straps a sensor on exactly as before, and what it does on a table is no movement of a hip.
That it was off the body shows by hips bent as no hip can be, while nobody walks. Such a recording
is cut there; each part has its own pose, and with it its own zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imuhip.analysis.body import Angles
from imuhip.analysis.grid import GridBlock
from imuhip.analysis.offline import Kinematics
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core.segments import SIDES
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.errors import ImuhipError
from imuhip.kinematics.hip_limits import impossible_hip

__all__ = ["Wearing", "analyze_wearings", "note_wearings", "taken_off"]

_LONGEST_POSSIBLE_S = 5.0
"""Picked up and put down on another face, sensors may for a moment lie as hips bend."""

_SHORTEST_OFF_S = 4.0


@dataclass(frozen=True, slots=True)
class Wearing:
    """One stretch with the sensors where they were put.

    Parameters
    ----------
    start_s, end_s : float, s
    found : Kinematics, optional
        Of this stretch, on its own part of the grid; None where it could not be analysed.
    problem : str
        Why not.
    """

    start_s: float
    end_s: float
    found: Kinematics | None
    problem: str = ""


def taken_off(found: Kinematics) -> list[Stretch]:
    """Return the rows in which the sensors were off the body, between stretches of gait."""
    rate_hz = found.grid.rate_hz
    off = np.zeros(len(found.grid), dtype=bool)
    for side in SIDES:
        names = [f"hip_{kind}_{side}" for kind in ("flexion", "adduction", "rotation")]
        if all(name in found.angles.values for name in names):
            hip = np.stack([found.angles.values[name] for name in names], axis=1)
            off |= impossible_hip(hip, np.nan_to_num(found.angles.sd[names[2]], nan=np.inf))
    off &= ~found.gait
    if not off.any():
        return []
    for between in stretches(~off):
        rows = slice(between.start, between.end)
        inner = between.start > 0 and between.end < len(off)
        if inner and len(between) < _LONGEST_POSSIBLE_S * rate_hz and not found.gait[rows].any():
            off[rows] = True
    return stretches(off, minimum=round(_SHORTEST_OFF_S * rate_hz))


def analyze_wearings(
    whole: Kinematics,
    off: Sequence[Stretch],
    markers: tuple[Marker, ...],
    analyze: Callable[[GridBlock, tuple[Marker, ...]], Kinematics],
) -> tuple[Kinematics, tuple[Wearing, ...]]:
    """Analyse each wearing by itself.

    Parameters
    ----------
    whole : Kinematics
        Of the recording as if it were one.
    off : sequence of Stretch
        See `taken_off`.
    markers : tuple of Marker
    analyze : callable
        Analyses part of a grid with its markers.

    Returns
    -------
    found : Kinematics
        Over all of the recording, NaN where there is no wearing that could be analysed.
    wearings : tuple of Wearing

    Raises
    ------
    ImuhipError
        Of the first wearing, when none could be analysed.
    """
    starts = [0, *(rows.end for rows in off)]
    ends = [*(rows.start for rows in off), len(whole.grid)]
    parts = [Stretch(a, b) for a, b in zip(starts, ends, strict=True) if b > a]
    wearings, failures = [], []
    for rows in parts:
        time_s = whole.grid.time_s[rows.start : rows.end]
        start_s, end_s = float(time_s[0]), float(time_s[-1])
        if not whole.gait[rows.start : rows.end].any():
            continue
        inside = tuple(m for m in markers if m.start_s >= start_s and m.end_s <= end_s)
        try:
            found = analyze(whole.grid.part(slice(rows.start, rows.end)), inside)
            wearings.append(Wearing(start_s, end_s, found))
        except ImuhipError as error:
            failures.append(error)
            wearings.append(Wearing(start_s, end_s, None, str(error)))
    if all(wearing.found is None for wearing in wearings):
        raise failures[0]
    return _joined(whole, wearings), tuple(wearings)


def _joined(whole: Kinematics, wearings: Sequence[Wearing]) -> Kinematics:
    """Return one result: rows of every wearing, and what there is one of from the longest gait."""
    known = [wearing.found for wearing in wearings if wearing.found is not None]
    longest = int(np.argmax([found.gait.sum() for found in known]))
    main = known[longest]
    offsets = [int(np.searchsorted(whole.grid.time_s, found.grid.time_s[0])) for found in known]
    n_rows = len(whole.grid)

    def rows_of(parts: Sequence[FloatArray | None]) -> FloatArray:
        values = np.full(n_rows, np.nan)
        for part, start in zip(parts, offsets, strict=True):
            if part is not None:
                values[start : start + len(part)] = part
        return values

    names = whole.angles.values
    gait: BoolArray = np.zeros(n_rows, dtype=bool)
    q_WB = {segment: np.array(values) for segment, values in whole.q_WB.items()}
    for found, start in zip(known, offsets, strict=True):
        gait[start : start + len(found.gait)] = found.gait
        for segment, values in found.q_WB.items():
            q_WB[segment][start : start + len(values)] = values
    pose_start = offsets[longest]
    pose_rows = Stretch(main.pose.rows.start + pose_start, main.pose.rows.end + pose_start)
    return replace(
        main,
        grid=whole.grid,
        activity=whole.activity,
        gait=gait,
        pose=replace(main.pose, rows=pose_rows),
        q_WB=q_WB,
        angles=Angles(
            values={
                name: rows_of([one.angles.values.get(name) for one in known]) for name in names
            },
            sd={name: rows_of([one.angles.sd.get(name) for one in known]) for name in names},
        ),
        turn_rate_rad_s=rows_of([one.turn_rate_rad_s for one in known]),
    )


def note_wearings(quality: dict[str, Any], wearings: Sequence[Wearing]) -> None:
    """Write into a quality record, as ``wearings``, when the sensors were on the body."""
    if not wearings:
        return
    records: list[Mapping[str, Any]] = []
    for wearing in wearings:
        record: dict[str, Any] = {
            "start_s": round(wearing.start_s, 1),
            "end_s": round(wearing.end_s, 1),
        }
        if wearing.found is None:
            record["problem"] = wearing.problem
            quality["reasons"].append(
                f"recording: no angles from {wearing.start_s:.0f} to {wearing.end_s:.0f} s, after"
                f" the sensors were put on anew: {wearing.problem}"
            )
        else:
            pose, time_s = wearing.found.pose.rows, wearing.found.grid.time_s
            record["pose_s"] = [round(float(time_s[k]), 1) for k in (pose.start, pose.end - 1)]
        records.append(record)
    quality["wearings"] = records
    if len(records) == 1 and "pose_s" in records[0]:
        return  # before they were strapped on, or after they were taken off: nothing is amiss
    quality["reasons"].append(
        f"recording: the sensors were off the body in between; each of the {len(records)} parts"
        " has a zero of its own"
    )
    quality["grade"] = max(quality["grade"], "B" if all("pose_s" in r for r in records) else "C")
