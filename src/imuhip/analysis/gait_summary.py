"""Walking and running in numbers, JSON-safe, each with its count and its uncertainty.

Turning, unsteady and incomplete strides are left out. Walking and running stand apart: a mean of
both would be of neither. What too few strides cannot tell is named under ``missing``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from imuhip.analysis.quality import POSE_SD_DEG
from imuhip.core.segments import PELVIS_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray, IntArray
from imuhip.gait.activity import FRAME_S
from imuhip.gait.bands import CAUTION, beside_bands, shipped_references
from imuhip.gait.estimates import Estimate, mean_of, scatter_of, side_difference
from imuhip.gait.seconds import KINDS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ENOUGH_STRIDES", "gait_summary"]

ENOUGH_STRIDES = 10
"""Of each leg, for scatter and for a comparison of sides."""

_GAITS: tuple[Literal["walk", "run"], ...] = ("walk", "run")
_LEG_SD_S = 0.005
"""How differently the shock may come from the two legs: what the sides do not share."""

_TIMES = ("step_time_s", "stance_time_s", "swing_time_s")
_POSTURES = (
    "hip_extension_peak_deg",
    "pelvis_tilt_at_extension_peak_deg",
    "pelvis_drop_deg",
    "pelvis_hike_deg",
)
_KINDS = ("min", "max", "range", "at_contact", "at_toe_off")


def gait_summary(
    strides: pd.DataFrame, labels: IntArray, sd_deg: Mapping[str, float]
) -> dict[str, Any]:
    """Return the record ``summary["gait"]``.

    Parameters
    ----------
    strides : DataFrame
        See `imuhip.analysis.tables.stride_table`.
    labels : (f,) array
        What each second was, as its place in `imuhip.gait.seconds.KINDS`.
    sd_deg : mapping of angle to float
        Its usual one-sigma uncertainty in gait, degrees.
    """
    count = np.bincount(labels, minlength=len(KINDS))
    record: dict[str, Any] = {
        "activity_s": {kind: float(count[k] * FRAME_S) for k, kind in enumerate(KINDS)}
    }
    for gait in _GAITS:
        own = strides[strides["gait"] == gait]
        if len(own):
            record[gait] = _one_gait(own, gait, sd_deg)
    if len(record) == 1:
        record["missing"] = ["no strides were found: walk or run for 20 strides"]
    return record


def _one_gait(
    strides: pd.DataFrame, gait: Literal["walk", "run"], sd_deg: Mapping[str, float]
) -> dict[str, Any]:
    used = strides[strides["valid"].astype(bool)]
    worn = [side for side in SIDES if (strides["side"] == side).any()]
    legs: dict[Side, pd.DataFrame] = {side: used[used["side"] == side] for side in worn}
    both = used["stride_time_s"].to_numpy(dtype=float)
    steps = mean_of(used["cadence_steps_per_min"].to_numpy(dtype=float))
    record: dict[str, Any] = {
        "strides_used": len(used),
        "strides_found": len(strides),
        "stride_time_s": mean_of(both).record(4),
        "cadence_steps_per_min": steps.record(2),
    }
    estimates = {side: _leg_estimates(own, side, sd_deg) for side, own in legs.items()}
    record["sides"] = {
        side: {name: e.record(4 if name.endswith("_s") else 2) for name, e in found.items()}
        | _leg_extras(legs[side])
        for side, found in estimates.items()
    }
    record["pelvis"] = _pelvis(used, sd_deg)
    record |= _phases(used, gait)
    missing = [_too_few(side, own) for side, own in legs.items() if len(own) < ENOUGH_STRIDES]
    missing += [f"{side}: no thigh sensor with strides" for side in SIDES if side not in worn]
    if not missing:
        record["asymmetry"] = _asymmetry(estimates["left"], estimates["right"])
    ranges = {
        f"{name}_range": (found["range"]["mean"], found["range"]["uncertainty"])
        for name, found in record["pelvis"].items()
    }
    for side, found in estimates.items():
        one = found.get("hip_flexion_range_deg")
        if one is not None:
            ranges[f"hip_flexion_range_{side}"] = (one.mean, one.uncertainty)
    known = {
        name: (float(v), float(u))
        for name, (v, u) in ranges.items()
        if v is not None and u is not None and np.isfinite([v, u]).all()
    }
    if known:
        record["beside"] = beside_bands(gait, steps.mean, known, shipped_references())
        record["beside_caution"] = CAUTION
    record["missing"] = missing
    return record


def _column(table: pd.DataFrame, name: str) -> FloatArray:
    return np.asarray(table[name].to_numpy(dtype=float))


def _leg_estimates(
    own: pd.DataFrame, side: Side, sd_deg: Mapping[str, float]
) -> dict[str, Estimate]:
    """Return every mean of one leg by its name; angles of the own hip lose their side."""
    contact = float(own["initial_contact_sd_s"].median()) if len(own) else np.nan
    leave = float(own["toe_off_sd_s"].median()) if len(own) else np.nan
    systematic = {
        "stance_time_s": float(np.hypot(contact, leave)),
        "swing_time_s": float(np.hypot(contact, leave)),
        "step_time_s": _LEG_SD_S,
    }
    found = {"stride_time_s": mean_of(_column(own, "stride_time_s"))}
    found |= {name: mean_of(_column(own, name), systematic[name]) for name in _TIMES}
    found["stance_percent"] = mean_of(
        100.0 * _column(own, "stance_time_s") / _column(own, "stride_time_s"),
        100.0 * systematic["stance_time_s"] / max(found["stride_time_s"].mean, 0.1),
    )
    flexion_sd = sd_deg.get(f"hip_flexion_{side}", np.nan)
    tilt_sd, obliquity_sd = (sd_deg.get(name, np.nan) for name in PELVIS_ANGLES[:2])
    posture_sd = dict(
        zip(_POSTURES, (flexion_sd, tilt_sd, obliquity_sd, obliquity_sd), strict=True)
    )
    posture_sd["hip_extension_peak_deg"] = float(np.hypot(flexion_sd, POSE_SD_DEG["hip_flexion"]))
    found |= {name: mean_of(_column(own, name), posture_sd[name]) for name in _POSTURES}
    for stem in ("hip_flexion", "hip_adduction", "hip_rotation"):
        sd = sd_deg.get(f"{stem}_{side}", np.nan)
        for kind in _KINDS:
            name = f"{stem}_{side}_{kind}_deg"
            if name in own:
                # the pose is an offset: a range does not know it
                zero = 0.0 if kind == "range" else POSE_SD_DEG[stem]
                found[f"{stem}_{kind}_deg"] = mean_of(_column(own, name), float(np.hypot(sd, zero)))
    return found


def _leg_extras(own: pd.DataFrame) -> dict[str, Any]:
    """Return what of a leg is no mean: scatter, and how well instants are known."""
    record: dict[str, Any] = {
        "strides_used": len(own),
        "initial_contact_sd_s": _median(own, "initial_contact_sd_s"),
        "toe_off_sd_s": _median(own, "toe_off_sd_s"),
    }
    if len(own) >= ENOUGH_STRIDES:
        noise = float(own["stride_time_sd_s"].median())
        scatter = scatter_of(_column(own, "stride_time_s"), noise)
        record["stride_time_variability"] = scatter.record("s")
    return record


def _median(own: pd.DataFrame, name: str) -> float | None:
    return round(float(own[name].median()), 4) if len(own) else None


def _pelvis(used: pd.DataFrame, sd_deg: Mapping[str, float]) -> dict[str, Any]:
    """Return the pelvis' angles over the strides of both legs."""
    return {
        name: {
            kind: mean_of(_column(used, f"{name}_{kind}_deg"), sd_deg.get(name, np.nan)).record(2)
            for kind in _KINDS
        }
        for name in PELVIS_ANGLES
        if f"{name}_range_deg" in used
    }


def _phases(used: pd.DataFrame, gait: str) -> dict[str, Any]:
    """Return double support of walkers, flight of runners: both phases of a stride together."""
    name = "double_support" if gait == "walk" else "flight"
    stride_s = _column(used, "stride_time_s")
    leave = float(used["toe_off_sd_s"].median()) if len(used) else np.nan
    contact = float(used["initial_contact_sd_s"].median()) if len(used) else np.nan
    systematic = 2.0 * float(np.hypot(leave, contact))
    times = mean_of(_column(used, f"{name}_s"), systematic)
    typical = float(np.mean(stride_s)) if len(used) else np.nan
    share = mean_of(100.0 * _column(used, f"{name}_s") / stride_s, 100.0 * systematic / typical)
    return {f"{name}_s": times.record(4), f"{name}_percent": share.record(2)}


def _asymmetry(left: Mapping[str, Estimate], right: Mapping[str, Estimate]) -> dict[str, Any]:
    """Return the differences of the sides; what both sides share falls out."""
    record = {}
    for name in left:
        if name not in right or left[name].n < 2 or right[name].n < 2:
            continue
        shared = 0.0
        if name in ("stance_time_s", "swing_time_s", "stance_percent"):
            per = 1.0 if name.endswith("_s") else 100.0 / max(left["stride_time_s"].mean, 0.1)
            own = per * _LEG_SD_S * np.sqrt(2.0)
            total = min(left[name].systematic, right[name].systematic)
            shared = float(np.sqrt(max(total**2 - own**2, 0.0)))
        record[name] = side_difference(left[name], right[name], shared)
    return record


def _too_few(side: str, own: pd.DataFrame) -> str:
    return (
        f"{side}: {len(own)} strides used, {ENOUGH_STRIDES} of each leg are wanted;"
        " its scatter and the difference of the sides are not reported"
    )
