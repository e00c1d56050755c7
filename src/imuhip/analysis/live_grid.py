"""Sensor streams on one grid, while they arrive.

Each sensor's samples come in blocks, with its own times and losses. A grid instant is given out as
soon as every sensor has passed it by the two rows that cubic interpolation looks ahead; a sensor
that stays behind is not waited for longer than `PATIENCE_S` and is missing meanwhile, and so is
one that was not heard at all `START_PATIENCE_S` after the pelvis and a thigh.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.grid import LONGEST_FILL_S, GridBlock, cubic_at
from imuhip.core.series import BoolArray, FloatArray, ImuSeries

__all__ = ["PATIENCE_S", "START_PATIENCE_S", "LiveGrid"]

PATIENCE_S = 0.3
"""Longer than any connection interval and batch; a display may lag by it, never more."""

START_PATIENCE_S = 2.0
"""Sensors of one kit start within a second of each other."""

_LOOK_AHEAD_ROWS = 2
_HISTORY_ROWS = 8


class LiveGrid:
    """Brings blocks of samples of several sensors to one uniform grid.

    Parameters
    ----------
    segments : tuple of str
        Sensors expected.
    rate_hz : float
        Of the grid.
    """

    def __init__(self, segments: tuple[str, ...], rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._time_s = {segment: np.empty(0) for segment in segments}
        self._values = {segment: np.empty((0, 6)) for segment in segments}
        self._held = {segment: np.zeros(6) for segment in segments}
        self._next: int | None = None
        self._origin_s = 0.0

    def update(self, blocks: Mapping[str, ImuSeries]) -> GridBlock:
        """Take in new samples of any sensors; returns the instants that are complete now.

        Parameters
        ----------
        blocks : mapping of segment to ImuSeries
            Rows after those given before; lost rows may be present as NaN or absent.
        """
        for segment, series in blocks.items():
            self._append(segment, series)
        time_s = self._ready()
        acc, gyr, valid, measured = {}, {}, {}, {}
        for segment in self._time_s:
            values, known, read = self._take(segment, time_s)
            acc[segment], gyr[segment] = values[:, :3], values[:, 3:]
            valid[segment], measured[segment] = known, read
        return GridBlock(time_s=time_s, acc=acc, gyr=gyr, valid=valid, mag={}, measured=measured)

    def _append(self, segment: str, series: ImuSeries) -> None:
        rows = series.valid
        if not rows.any():
            return
        values = np.concatenate([series.acc[rows], series.gyr[rows]], axis=1)
        self._time_s[segment] = np.concatenate([self._time_s[segment], series.time_s[rows]])
        self._values[segment] = np.concatenate([self._values[segment], values])

    def _ready(self) -> FloatArray:
        """Return the grid instants to give out, and move on."""
        heard = {s: times for s, times in self._time_s.items() if len(times)}
        newest = [times[-1] for times in heard.values()]
        if self._next is None and not self._may_start(heard):
            return np.empty(0)
        look_ahead_s = _LOOK_AHEAD_ROWS / self._rate_hz
        horizon_s = max(min(newest) - look_ahead_s, max(newest) - PATIENCE_S)
        if self._next is None:
            self._origin_s = max(times[0] for times in heard.values())
            self._next = 0
        last = int(np.floor((horizon_s - self._origin_s) * self._rate_hz))
        ready = np.arange(self._next, last + 1)
        self._next = max(self._next, last + 1)
        return np.asarray(self._origin_s + ready / self._rate_hz)

    def _may_start(self, heard: Mapping[str, FloatArray]) -> bool:
        """Return whether all sensors were heard, or enough of them for long enough."""
        if len(heard) == len(self._time_s):
            return True
        if "pelvis" not in heard or not any(s.startswith("thigh") for s in heard):
            return False
        since_s = max(times[0] for times in heard.values())
        heard_s = max(float(times[-1]) for times in heard.values()) - float(since_s)
        return heard_s > START_PATIENCE_S

    def _take(self, segment: str, at_s: FloatArray) -> tuple[FloatArray, BoolArray, BoolArray]:
        """Interpolate one sensor at the instants; hold the last value where it has none.

        Returns
        -------
        values : (n, 6) array
        known, measured : (n,) bool arrays
            What lies in a short gap is known, but was not measured.
        """
        times, values = self._time_s[segment], self._values[segment]
        if len(at_s) == 0 or len(times) == 0:
            nothing = np.zeros(len(at_s), dtype=bool)
            return np.tile(self._held[segment], (len(at_s), 1)), nothing, nothing
        row = np.interp(at_s, times, np.arange(len(times)), left=np.nan, right=np.nan)
        found = cubic_at(values, row) if len(times) > 1 else np.full((len(at_s), 6), np.nan)
        # No sample within reach on either side: a gap, however smooth the line across it is.
        after = np.clip(np.searchsorted(times, at_s), 1, max(len(times) - 1, 1))
        if len(times) > 1:
            span_s = times[after] - times[after - 1]
            found[span_s > LONGEST_FILL_S + 1.5 / self._rate_hz] = np.nan
            dense = span_s < 1.8 / self._rate_hz
        else:
            dense = np.zeros(len(at_s), dtype=bool)
        known = np.asarray(np.isfinite(found).all(axis=1))
        filled = self._hold(segment, found, known)
        keep = max(0, int(np.searchsorted(times, at_s[-1])) - _HISTORY_ROWS)
        self._time_s[segment], self._values[segment] = times[keep:], values[keep:]
        return filled, known, known & dense

    def _hold(self, segment: str, found: FloatArray, known: BoolArray) -> FloatArray:
        before = np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))
        filled = np.where((before >= 0)[:, None], found[before], self._held[segment])
        if known.any():
            self._held[segment] = filled[-1]
        return filled
