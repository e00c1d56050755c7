"""Minute by minute through a session, with straps that slipped kept apart from people who tire.

A strap that slips changes every angle of its segment at once, and a slope drawn through it would be
read as fatigue. So the minutes of such an angle are parted at the slip, and of each part alone a
trend is told, where it is long enough. Times (cadence, stance) know nothing of straps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.gait.trend import MINIMUM_MINUTES, trend_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["gait_trends"]

_GAITS: tuple[Literal["walk", "run"], ...] = ("walk", "run")
_SLIP_S = 10.0
"""When a strap slipped is known to a few seconds; strides so near are of neither part."""


def gait_trends(
    strides: pd.DataFrame, slips: Sequence[Mapping[str, Any]], anew_s: Sequence[float] = ()
) -> dict[str, Any]:
    """Return the record ``summary["gait"][gait]["trend"]`` of each gait, JSON-safe.

    Parameters
    ----------
    strides : DataFrame
        See `imuhip.analysis.tables.stride_table`.
    slips : sequence of mapping
        ``quality["slips"]``; those that were corrected part nothing, but are named.
    anew_s : sequence of float, s
        When sensors were put on anew, which gives all angles another zero.
    """
    worn_anew = [{"segment": "", "at_s": at_s, "corrected": False} for at_s in anew_s]
    breaks = [*slips, *worn_anew]
    records: dict[str, Any] = {}
    for gait in _GAITS:
        used = strides[(strides["gait"] == gait) & strides["valid"].astype(bool)]
        if len(used) == 0:
            continue
        found = {
            name: _trend(at_s, values, [one for one in breaks if _touches(one, segments)])
            for name, at_s, values, segments in _quantities(used)
        }
        told = {name: record for name, record in found.items() if record is not None}
        if told:
            records[gait] = told
        else:
            records[gait] = {
                "missing": f"a trend takes {MINIMUM_MINUTES} minutes with 10 strides of a leg each"
            }
    return records


def _quantities(
    used: pd.DataFrame,
) -> list[tuple[str, FloatArray, FloatArray, tuple[str, ...]]]:
    """Return name, times, values, and the segments whose slip would show, of all followed."""

    def column(table: pd.DataFrame, name: str) -> FloatArray:
        return np.asarray(table[name].to_numpy(dtype=float))

    at_s = column(used, "initial_contact_s")
    rows: list[tuple[str, FloatArray, FloatArray, tuple[str, ...]]] = [
        (name, at_s, column(used, name), segments)
        for name, segments in (
            ("cadence_steps_per_min", ()),
            ("stance_time_s", ()),
            ("pelvis_tilt_mean_deg", ("pelvis",)),
            ("pelvis_rotation_range_deg", ("pelvis",)),
        )
        if name in used
    ]
    for side in SIDES:
        own = used[used["side"] == side]
        at_s = column(own, "initial_contact_s")
        both = ("pelvis", f"thigh_{side}")
        for name, segments in (
            ("stance_time_s", ()),
            ("pelvis_drop_deg", ("pelvis",)),
            ("hip_extension_peak_deg", both),
            (f"hip_rotation_{side}_range_deg", both),
        ):
            if name in own and len(own):
                shown = name if side in name else f"{name.removesuffix('_deg')}_{side}"
                shown += "_deg" if name.endswith("_deg") and side not in name else ""
                rows.append((shown, at_s, column(own, name), segments))
    return rows


def _touches(slip: Mapping[str, Any], segments: tuple[str, ...]) -> bool:
    """Return whether a slip, or sensors put on anew (no segment), shows in such a quantity."""
    return slip["segment"] in segments or (not slip["segment"] and bool(segments))


def _trend(
    at_s: FloatArray, values: FloatArray, slips: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """Return the trend of one quantity, in parts where a strap slipped and was not put right."""
    parting = sorted((s for s in slips if not s["corrected"]), key=lambda slip: slip["at_s"])
    if not parting:
        whole = trend_of(at_s, values)
        if whole is None:
            return None
        record = whole.record()
        if slips:
            record["note"] = f"{_named(slips)}; corrected before the angles were made"
        return record
    edges = [-np.inf, *(float(slip["at_s"]) for slip in parting), np.inf]
    parts = []
    for begin, end in pairwise(edges):
        inside = (at_s > begin + _SLIP_S) & (at_s < end - _SLIP_S)
        part = trend_of(at_s[inside], values[inside])
        if part is not None:
            parts.append(part.record())
    reason = f"{_named(parting)}: no trend is told across it"
    if not parts:
        reason += f", and no part has {MINIMUM_MINUTES} minutes"
    return {"refused": reason, "parts": parts}


def _named(slips: Sequence[Mapping[str, Any]]) -> str:
    told = [
        f"the strap of {slip['segment']} slipped at {slip['at_s']:.0f} s"
        if slip["segment"]
        else f"the sensors were put on anew at {slip['at_s']:.0f} s"
        for slip in slips
    ]
    return " and ".join(told)
