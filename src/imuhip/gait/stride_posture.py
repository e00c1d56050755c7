"""How hip and pelvis stand at the instants of a stride that clinicians ask about."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.gait.cycles import stride_statistics
from imuhip.gait.leg_events import LegEvents

__all__ = ["at_instants", "peak_extension", "pelvis_sides"]

_POINTS = 41
_LATE_STANCE = 0.4
_AFTER_TOE_OFF = 0.12
"""Runners extend the hip most after the foot has left the ground, in strides."""


def at_instants(time_s: FloatArray, values: FloatArray, at_s: FloatArray) -> FloatArray:
    """Return the values (k,) at given instants, NaN beside a gap or beyond the data.

    Parameters
    ----------
    time_s : (n,) array, s
        Increasing.
    values : (n,) array
        NaN where missing.
    at_s : (k,) array, s
    """
    return np.asarray(np.interp(at_s, time_s, values, left=np.nan, right=np.nan))


def peak_extension(
    time_s: FloatArray, values: Mapping[str, FloatArray], side: Side, leg: LegEvents
) -> dict[str, FloatArray]:
    """Return the greatest hip extension of late stance, and the pelvis' tilt at that instant.

    Parameters
    ----------
    time_s : (n,) array, s
    values : mapping of angle to (n,) array, rad
    side : {"left", "right"}
    leg : LegEvents

    Returns
    -------
    dict of str to (k,) array, rad
        ``hip_extension_peak``, + is extension beyond the N-pose, and
        ``pelvis_tilt_at_extension_peak``; NaN where either was missing.
    """
    names = ("hip_extension_peak", "pelvis_tilt_at_extension_peak")
    flexion, tilt = values.get(f"hip_flexion_{side}"), values.get("pelvis_tilt")
    if flexion is None or tilt is None or len(leg) == 0:
        return {name: np.full(len(leg), np.nan) for name in names}
    begin = leg.contact_s + _LATE_STANCE * (leg.toe_off_s - leg.contact_s)
    end = np.maximum(leg.toe_off_s, begin) + _AFTER_TOE_OFF * leg.stride_time_s
    at_s = begin[:, None] + np.linspace(0.0, 1.0, _POINTS) * (end - begin)[:, None]
    hip = at_instants(time_s, flexion, at_s.ravel()).reshape(at_s.shape)
    whole = np.isfinite(hip).all(axis=1)
    row = np.argmin(np.where(np.isfinite(hip), hip, np.inf), axis=1)
    each = np.arange(len(leg))
    leaning = at_instants(time_s, tilt, at_s[each, row])
    found = (-hip[each, row], leaning)
    return {n: np.where(whole, column, np.nan) for n, column in zip(names, found, strict=True)}


def pelvis_sides(
    time_s: FloatArray, values: Mapping[str, FloatArray], side: Side, leg: LegEvents
) -> dict[str, FloatArray]:
    """Return how far the pelvis drops beside the standing leg and is hiked over the swinging one.

    Parameters
    ----------
    time_s : (n,) array, s
    values : mapping of angle to (n,) array, rad
    side : {"left", "right"}
    leg : LegEvents

    Returns
    -------
    dict of str to (k,) array, rad
        ``pelvis_drop``: while this leg stands, how far the other side is below this one at most;
        ``pelvis_hike``: while this leg swings, how far this side is above the other at most. Level
        is the N-pose; negative where the pelvis never came past it.
    """
    obliquity = values.get("pelvis_obliquity")
    if obliquity is None or len(leg) == 0:
        return {name: np.full(len(leg), np.nan) for name in ("pelvis_drop", "pelvis_hike")}
    own_side_up = obliquity if side == "right" else -obliquity
    phases = {
        "pelvis_drop": (leg.contact_s, leg.toe_off_s),
        "pelvis_hike": (leg.toe_off_s, leg.next_contact_s),
    }
    return {
        name: stride_statistics(time_s, own_side_up, begin, np.maximum(begin, end))["max"]
        for name, (begin, end) in phases.items()
    }
