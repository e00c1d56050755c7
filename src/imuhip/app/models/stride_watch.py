"""Finds strides while somebody walks, and where in the present one each leg is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models.display_ring import DisplayRing
from imuhip.app.models.own_band import CycleStore
from imuhip.core.segments import ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.gait.cycles import normalise_cycles
from imuhip.gait.strides import cut_strides

__all__ = ["PresentStride", "StrideWatch"]

_LOOK_BACK_S: Final = 12.0
_LOOK_EVERY_S: Final = 0.25
_SETTLED_S: Final = 0.35
"""A maximum nearer to the present may still move: strides are cut of a smoothed curve."""
_STRIDE_TIME_S: Final = (0.5, 1.8)
_LEAST_RANGE_DEG: Final = 15.0
_STOPPED: Final = 1.6
"""A stride that has lasted so many times the usual one was the last one."""


@dataclass(frozen=True, slots=True)
class PresentStride:
    """The stride that is going on.

    Parameters
    ----------
    percent : (n,) array, %
        Of the cycle, by the usual stride time.
    value_deg : (n,) array, degrees
        NaN where unknown.
    """

    percent: FloatArray
    value_deg: FloatArray


class StrideWatch:
    """Cuts strides as the offline analysis does, of the last seconds, four times a second.

    Whether somebody walks is told by the strides themselves: half a second to 1.8 s long, steady,
    and with the hips in opposite phase, which no squat and no drill on both legs is.

    Parameters
    ----------
    rate_hz : float
        Of the rows.
    """

    def __init__(self, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.store = CycleStore()
        self._ring = DisplayRing(len(ANGLES), int(_LOOK_BACK_S * rate_hz) + 2)
        self._now_s = 0.0
        self._looked_s = 0.0
        self._begun_s: dict[Side, float] = {}
        self._column = {angle: k for k, angle in enumerate(ANGLES)}

    def append(self, angles: LiveAngles) -> None:
        """Take in a block."""
        if len(angles.time_s) == 0:
            return
        values = np.full((len(angles.time_s), len(ANGLES)), np.nan)
        for angle, column in self._column.items():
            if angle in angles.values:
                values[:, column] = np.degrees(angles.values[angle])
        self._ring.append(angles.time_s, values)
        self._now_s = float(angles.time_s[-1])

    def look(self) -> bool:
        """Look for strides that were completed, when it is time to; return whether there are."""
        if self._now_s < self._looked_s + _LOOK_EVERY_S:
            return False
        self._looked_s = self._now_s
        _first, time_s, values = self._ring.since(self._now_s - _LOOK_BACK_S)
        if len(time_s) < self.rate_hz:
            return False
        found = [self._look_at(side, time_s, values) for side in SIDES]
        return any(found)

    def present(self, angle: str, side: Side) -> PresentStride | None:
        """Return the stride that a leg is in; None when it is not known to walk."""
        begun_s, usual_s = self._begun_s.get(side), self.store.stride_time_s(side)
        if begun_s is None or usual_s is None or self._now_s - begun_s > _STOPPED * usual_s:
            return None
        _first, time_s, values = self._ring.since(begun_s)
        percent = 100.0 * (time_s - begun_s) / usual_s
        shown = percent <= 100.0
        return PresentStride(percent[shown], values[shown, self._column[angle]])

    def _look_at(self, side: Side, time_s: FloatArray, values: FloatArray) -> bool:
        own, other = (
            values[:, self._column[f"hip_flexion_{s}"]] for s in (side, *set(SIDES) - {side})
        )
        known = np.isfinite(own)
        if not known.any():
            return False
        cut = cut_strides(time_s, np.radians(own), np.ones(len(own), dtype=bool), side)
        settled = (cut.end_s < self._now_s - _SETTLED_S) & cut.regular & cut.steady
        added = False
        for k in np.flatnonzero(settled):
            start_s, end_s = float(cut.start_s[k]), float(cut.end_s[k])
            inside = (time_s >= start_s) & (time_s <= end_s)
            if not _is_gait(end_s - start_s, own[inside], other[inside]):
                continue
            duration_s = end_s - start_s
            if start_s < self._begun_s.get(side, -np.inf) - 0.3 * duration_s:
                continue  # told before
            cycles = [
                normalise_cycles(time_s, column, cut.start_s[k : k + 1], cut.end_s[k : k + 1])[0]
                for column in values.T
            ]
            self.store.add(side, np.stack(cycles), duration_s)
            self._begun_s[side] = end_s
            added = True
        return added


def _is_gait(duration_s: float, own_deg: FloatArray, other_deg: FloatArray) -> bool:
    shortest, longest = _STRIDE_TIME_S
    if not shortest <= duration_s <= longest or np.ptp(own_deg) < _LEAST_RANGE_DEG:
        return False
    both = np.isfinite(own_deg) & np.isfinite(other_deg)
    if both.sum() < 0.8 * len(own_deg):
        return bool(np.isfinite(own_deg).all())  # one thigh sensor: nothing to hold it against
    own, other = own_deg[both] - own_deg[both].mean(), other_deg[both] - other_deg[both].mean()
    return float(own @ other) < 0.0
