"""Gait as measures: what can be compared between visits and drawn into the compensation map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from imuhip.assessment.measures import Measure, Unit
from imuhip.core.segments import SIDES, Side

if TYPE_CHECKING:
    from imuhip.analysis.result import Analysis
    from imuhip.assessment.change import ChangeLimit

__all__ = ["as_main_gait", "as_main_limits", "gait_measures", "main_gait"]

_MODES = ("walk", "run")
_SIDED = (
    "stride_time_s",
    "stance_percent",
    "hip_extension_peak_deg",
    "pelvis_tilt_at_extension_peak_deg",
    "pelvis_drop_deg",
    "pelvis_hike_deg",
    "hip_flexion_range_deg",
    "hip_adduction_range_deg",
    "hip_rotation_range_deg",
)
"""Offsets of hip rotation and adduction are left out: they are the pose's, not the gait's."""

_PELVIS = ("pelvis_tilt", "pelvis_obliquity", "pelvis_rotation")
_UNITS: Mapping[str, Unit] = {"s": "s", "deg": "deg", "percent": "%"}


def gait_measures(analysis: Analysis) -> tuple[Measure, ...]:
    """Return what walking and running of one analysis gave, named ``walk_...`` and ``run_...``.

    Parameters
    ----------
    analysis : Analysis
    """
    measures: list[Measure] = []
    for mode in _MODES:
        found = analysis.summary.get("gait", {}).get(mode)
        if not found:
            continue
        for side in SIDES:
            one = found.get("sides", {}).get(side, {})
            measures += [_measure(mode, name, side, one[name]) for name in _SIDED if name in one]
        for angle in _PELVIS:
            spread = found.get("pelvis", {}).get(angle, {}).get("range")
            if spread is not None:
                measures.append(_measure(mode, f"{angle}_range_deg", None, spread))
    return tuple(measures)


def _measure(mode: str, name: str, side: Side | None, found: Mapping[str, Any]) -> Measure:
    stem, unit = name.rsplit("_", 1)
    value, sd = (
        np.nan if found.get(key) is None else float(found[key]) for key in ("mean", "uncertainty")
    )
    return Measure(f"{mode}_{stem}", side, value, sd, _UNITS[unit], int(found["n"]))


def as_main_gait(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """Return the measures of the gait with most strides, named ``gait_...``, and all others.

    The compensation map speaks of gait, whichever the person did.
    """
    main = main_gait(measures)
    renamed = []
    for m in measures:
        mode, _, stem = m.name.partition("_")
        if mode == main:
            renamed.append(Measure(_map_name(stem), m.side, m.value, m.sd, m.unit, m.n))
        elif mode not in _MODES:
            renamed.append(m)
    return tuple(renamed)


def main_gait(measures: Sequence[Measure]) -> str:
    """Return ``"walk"`` or ``"run"``: of which there are more strides, walking where neither."""
    count = {
        mode: sum(m.n for m in measures if m.name.startswith(f"{mode}_stride_time"))
        for mode in _MODES
    }
    return max(count, key=lambda mode: count[mode])


def as_main_limits(
    limits: Sequence[ChangeLimit], measures: Sequence[Measure]
) -> tuple[ChangeLimit, ...]:
    """Return limits of change, those of the gait with most strides named as `as_main_gait` does."""
    prefix = f"{main_gait(measures)}_"
    return tuple(
        attrs.evolve(limit, measure=_map_name(limit.measure.removeprefix(prefix)))
        if limit.measure.startswith(prefix)
        else limit
        for limit in limits
    )


def _map_name(stem: str) -> str:
    return f"gait_{_MAP_NAMES.get(stem, stem)}"


_MAP_NAMES = {"pelvis_tilt_at_extension_peak": "pelvis_tilt_late_stance"}
