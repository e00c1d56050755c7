"""From what an analysis found to strides with their contacts, and to what each second was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imuhip.analysis.offline import Kinematics
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import BoolArray, FloatArray, IntArray
from imuhip.fusion.filters import offline_orientation
from imuhip.fusion.turn_rate import interval_rate
from imuhip.gait.activity import FRAME_S
from imuhip.gait.ankle import ankle_ahead
from imuhip.gait.contacts import Shocks, shock_signal
from imuhip.gait.leg_events import LegEvents, leg_events
from imuhip.gait.seconds import KINDS, POSTURES, label_postures, label_seconds
from imuhip.gait.strides import cut_strides

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GaitEvents", "find_gait_events", "seconds_table", "usual_sd_deg"]

_GONE_S = 0.15
"""A filtered shock reaches so far beyond what was measured."""

_EVERY = 10
"""Rows: the uncertainty changes slowly."""

_SHARPER = 1.5
"""So many times must the shock at a shank stand out more than that at the pelvis to be asked."""


@dataclass(frozen=True, slots=True)
class GaitEvents:
    """Strides of both legs, and what each second was.

    Parameters
    ----------
    legs : mapping of side to LegEvents
    labels : (f,) array
        Places in `imuhip.gait.seconds.KINDS`.
    postures : (f,) array
        Places in `imuhip.gait.seconds.POSTURES`.
    """

    legs: Mapping[Side, LegEvents]
    labels: IntArray
    postures: IntArray


def find_gait_events(found: Kinematics) -> GaitEvents:
    """Cut strides, find their contacts and label the seconds."""
    grid, time_s = found.grid, found.grid.time_s
    rate_hz = grid.rate_hz
    active = np.zeros(len(time_s), dtype=bool)
    covered = np.repeat(found.activity.gait, round(FRAME_S * rate_hz))[: len(time_s)]
    active[: len(covered)] = covered
    pelvis = grid.acc["pelvis"]
    pelvis_shock = shock_signal(pelvis, rate_hz)
    legs: dict[Side, LegEvents] = {}
    for side in SIDES:
        flexion = found.angles.values.get(f"hip_flexion_{side}")
        if flexion is None:
            continue
        cut = cut_strides(time_s, flexion, found.gait, side, ~active)
        shocks = None if pelvis_shock is None else Shocks(pelvis_shock, "pelvis")
        shank = grid.acc.get(f"shank_{side}")
        told = None if shank is None else shock_signal(shank, rate_hz)
        if told is not None and shocks is not None and grid.valid[f"shank_{side}"].all():
            gait: BoolArray = found.gait
            if _peaked(told, gait) > _SHARPER * _peaked(shocks.signal, gait):
                shocks = Shocks(told, "shank")
        legs[side] = leg_events(time_s, cut, pelvis, shocks, rate_hz, _ankle(found, side))
    labels = label_seconds(
        time_s,
        [leg.cut for leg in legs.values()],
        [leg.running for leg in legs.values()],
        found.turn_rate_rad_s,
        found.activity.still,
        rate_hz,
    )
    up = {segment: _upwards(q_WB) for segment, q_WB in found.q_WB.items()}
    thighs = [values for segment, values in up.items() if segment.startswith("thigh")]
    return GaitEvents(legs, labels, label_postures(thighs, up["pelvis"], rate_hz))


def _ankle(found: Kinematics, side: Side) -> FloatArray | None:
    """Return how far the ankle is ahead of the hip, None without a shank sensor all along."""
    grid, shank = found.grid, f"shank_{side}"
    if shank not in grid.acc or shank not in found.pose.up_S or not grid.valid[shank].all():
        return None
    gyr, acc = grid.gyr[shank], grid.acc[shank]
    rate = interval_rate(gyr, gyr[[0, 0]], grid.rate_hz)
    q_WS = offline_orientation("vqf", rate, acc, grid.rate_hz).q_WS
    up_S = quaternion.rotate(quaternion.conjugate(q_WS), np.array([0.0, 0.0, 1.0]))
    lean = found.angles.values[f"hip_flexion_{side}"] - found.angles.values["pelvis_tilt"]
    return ankle_ahead(lean, gyr, up_S, found.pose.up_S[shank], found.gait, grid.rate_hz)


def _upwards(q_WB: FloatArray) -> FloatArray:
    """Return (n,) the vertical part of a segment's y axis."""
    w, x, y, z = q_WB.T
    return np.asarray(2.0 * (y * z + w * x))


def usual_sd_deg(found: Kinematics) -> dict[str, float]:
    """Return each angle's usual one-sigma uncertainty in gait, degrees; absent where unknown."""
    usual = {}
    for name, sd in found.angles.sd.items():
        some = sd[found.gait][::_EVERY]
        some = some[np.isfinite(some)]
        if len(some):
            usual[name] = float(np.degrees(np.median(some)))
    return usual


def _peaked(signal: FloatArray, gait: BoolArray) -> float:
    """Return how much a signal consists of single high peaks: its kurtosis."""
    values = signal[gait]
    power = np.mean(values**2)
    return float(np.mean(values**4) / power**2) if power > 0.0 else 0.0


def seconds_table(time_s: FloatArray, events: GaitEvents) -> pd.DataFrame:
    """Return one row per second: ``start_s``, ``end_s``, ``activity``, ``posture``."""
    import pandas as pd

    start_s = time_s[0] + np.arange(len(events.labels)) * FRAME_S
    columns = {
        "start_s": start_s,
        "end_s": np.minimum(start_s + FRAME_S, time_s[-1]),
        "activity": np.array(KINDS, dtype=object)[events.labels],
        "posture": np.array(POSTURES, dtype=object)[events.postures],
    }
    return pd.DataFrame(columns)
