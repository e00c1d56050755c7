"""The session in a few numbers, JSON-safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES
from imuhip.core.series import FloatArray, Marker

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["summarise"]


def summarise(
    activity: tuple[Marker, ...],
    strides: pd.DataFrame,
    duration_s: float,
    rate_hz: float,
    segments: tuple[str, ...],
) -> dict[str, Any]:
    """Return durations, stride counts, timing, and per-stride angle ranges.

    Every figure that is a mean comes with its standard deviation and count.
    """
    seconds = {
        kind: round(sum(m.end_s - m.start_s for m in activity if m.name == kind), 2)
        for kind in ("still", "gait", "n_pose")
    }
    return {
        "duration_s": round(duration_s, 2),
        "rate_hz": round(rate_hz, 3),
        "segments": list(segments),
        "activity_s": seconds,
        "sides": {side: _side(strides, side) for side in SIDES if f"thigh_{side}" in segments},
        "pelvis": _pelvis(strides),
    }


def _side(strides: pd.DataFrame, side: str) -> dict[str, Any]:
    own = strides[strides["side"] == side]
    valid = own[own["valid"].astype(bool)]
    reasons = own.loc[own["exclusion"] != "", "exclusion"].value_counts()
    return {
        "strides": len(own),
        "strides_used": len(valid),
        "strides_excluded": {str(reason): int(count) for reason, count in reasons.items()},
        "stride_time_s": _spread(valid["stride_time_s"]),
        "cadence_steps_per_min": _spread(valid["cadence_steps_per_min"]),
    } | {name: _angle(valid, name) for name in HIP_ANGLES if name.endswith(side)}


def _pelvis(strides: pd.DataFrame) -> dict[str, Any]:
    valid = strides[strides["valid"].astype(bool)]
    return {name: _angle(valid, name) for name in PELVIS_ANGLES}


def _angle(valid: pd.DataFrame, name: str) -> dict[str, Any]:
    kinds = ("min", "max", "mean", "range")
    return {f"{kind}_deg": _spread(valid[f"{name}_{kind}_deg"]) for kind in kinds}


def _spread(column: pd.Series) -> dict[str, Any]:
    values: FloatArray = column.to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return {"mean": None, "sd": None, "n": 0}
    return {
        "mean": round(float(values.mean()), 3),
        "sd": round(float(values.std(ddof=1)), 3) if len(values) > 1 else None,
        "n": len(values),
    }
