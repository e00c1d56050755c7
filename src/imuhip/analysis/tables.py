"""The edge: arrays in rad become tables in degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from imuhip.core.annotation import Annotation
from imuhip.core.segments import ANGLES, PELVIS_ANGLES, SIDES, Side, angle_column
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.cycles import stride_statistics, strides_with_gaps
from imuhip.gait.leg_events import LegEvents, support_times
from imuhip.gait.seconds import TURNING_RAD_S
from imuhip.gait.stride_posture import at_instants, peak_extension, pelvis_sides

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BY_HAND", "angle_table", "left_out", "stride_table"]

BY_HAND: Final = "by hand"
"""How the reason begins that a person gave for leaving a stride out."""


def angle_table(
    time_s: FloatArray, values: Mapping[str, FloatArray], sd: Mapping[str, FloatArray]
) -> pd.DataFrame:
    """Return one row per sample: every angle known, then its sigma, in degrees."""
    import pandas as pd

    columns = [(angle_column(name), values[name]) for name in ANGLES if name in values]
    columns += [(f"{name}_sd_deg", sd[name]) for name in ANGLES if name in sd]
    # one row of memory a column, as pandas keeps them: nothing is copied on the way
    degrees = np.empty((len(columns), len(time_s)))
    for row, (_, radians) in zip(degrees, columns, strict=True):
        np.degrees(radians, out=row)
    names = [name for name, _ in columns]
    return pd.DataFrame(degrees.T, columns=names, index=pd.Index(time_s, name="time_s"), copy=False)


def stride_table(
    time_s: FloatArray,
    values: Mapping[str, FloatArray],
    legs: Mapping[Side, LegEvents],
    turn_rate_rad_s: FloatArray,
    exclusions: Sequence[Annotation] = (),
) -> pd.DataFrame:
    """Return one row per stride, in order of time.

    Statistics of an angle that was missing anywhere in a stride are NaN. The stride itself is
    excluded when its own hip or the pelvis was.

    Parameters
    ----------
    time_s : (n,) array, s
    values : mapping of angle to (n,) array, rad
    legs : mapping of side to LegEvents
    turn_rate_rad_s : (n,) array, rad/s
        How fast the walking direction changes.
    exclusions : sequence of Annotation
        Strides that a person left out.
    """
    import pandas as pd

    parts = [_side_table(time_s, values, legs, s, turn_rate_rad_s) for s in SIDES if s in legs]
    parts = [part for part in parts if len(part)] or parts[:1]
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values("start_s", kind="stable", ignore_index=True)
    for note in exclusions:
        # what the analysis left out by itself keeps its own reason
        meant = left_out(table, note) & table["valid"].to_numpy(dtype=bool)
        table.loc[meant, "exclusion"] = f"{BY_HAND}: {note.text}"
        table.loc[meant, "valid"] = False
    return table


def left_out(strides: pd.DataFrame, note: Annotation) -> BoolArray:
    """Return (k,) which strides of a table a note is about."""
    start_s, end_s = (strides[name].to_numpy(dtype=float) for name in ("start_s", "end_s"))
    return note.covers(strides["side"].to_numpy(dtype=object), start_s, end_s)


def _side_table(
    time_s: FloatArray,
    values: Mapping[str, FloatArray],
    legs: Mapping[Side, LegEvents],
    side: Side,
    turn_rate_rad_s: FloatArray,
) -> pd.DataFrame:
    import pandas as pd

    leg = legs[side]
    cut = leg.cut
    columns = _times(legs, side)
    known: BoolArray = np.ones(len(cut), dtype=bool)
    for name in ANGLES:
        if name not in values:
            continue
        statistics = stride_statistics(time_s, values[name], cut.start_s, cut.end_s)
        whole = ~strides_with_gaps(time_s, values[name], cut.start_s, cut.end_s)
        for instant, at_s in (("contact", leg.contact_s), ("toe_off", leg.toe_off_s)):
            statistics[f"at_{instant}"] = at_instants(time_s, values[name], at_s)
        columns |= {
            f"{name}_{kind}_deg": np.degrees(np.where(whole, column, np.nan))
            for kind, column in statistics.items()
        }
        # a sensor lost on the other leg is no reason to leave out this leg's strides
        if name in PELVIS_ANGLES or name.endswith(side):
            known &= whole
    posture = peak_extension(time_s, values, side, leg) | pelvis_sides(time_s, values, side, leg)
    columns |= {f"{name}_deg": np.degrees(column) for name, column in posture.items()}
    turning = stride_statistics(time_s, np.abs(turn_rate_rad_s), cut.start_s, cut.end_s)["mean"]
    exclusion = np.full(len(cut), "", dtype=object)
    exclusion[~cut.steady] = "unsteady"
    exclusion[~cut.regular] = "irregular stride time"
    exclusion[turning > TURNING_RAD_S] = "turning"
    exclusion[~known] = "samples missing"
    columns["valid"] = exclusion == ""
    columns["exclusion"] = exclusion
    return pd.DataFrame(columns)


def _times(legs: Mapping[Side, LegEvents], side: Side) -> dict[str, object]:
    """Return the columns of side, gait, instants and times."""
    leg = legs[side]
    support = support_times(legs, side)
    return {
        "side": np.full(len(leg), side, dtype=object),
        "gait": np.where(leg.running, "run", "walk").astype(object),
        "start_s": leg.cut.start_s,
        "initial_contact_s": leg.contact_s,
        "initial_contact_sd_s": leg.contact_sd_s,
        "toe_off_s": leg.toe_off_s,
        "toe_off_sd_s": leg.toe_off_sd_s,
        "end_s": leg.cut.end_s,
        "stride_time_s": leg.stride_time_s,
        "stride_time_sd_s": leg.stride_time_sd_s,
        "cadence_steps_per_min": 120.0 / leg.stride_time_s,
        **{f"{name}_time_s": support[name] for name in ("step", "stance", "swing")},
        **{f"{name}_s": support[name] for name in ("double_support", "flight")},
    }
