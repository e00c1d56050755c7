"""What a lost stretch most likely held, from the past alone.

The same idea as offline (`imuhip.analysis.gap_fill`): gait repeats itself, so a lost stretch is
taken from one stride ago. Nobody knows yet how the gap will end; when it has ended, half the
mismatch at its end, times its length, is what was turned too little or too much, and the filter is
given that turn with the first sample after the gap. Without gait the last value is held, and the
same correction makes a straight line of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.analysis.gap_fill import LAG_SEARCH, MATCH_S
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["LONGEST_BRIDGE_S", "Bridged", "LiveGapFill"]

_PERIODS_S = (0.5, 1.8)
_LONG_MATCH_S = 0.4
_LIKE = 0.25
"""Mean squared misfit, over the signals' own variance, below which a stride looks like another."""

LONGEST_BRIDGE_S = 0.2
"""After more, the filter begins anew. Less than offline: nobody knows yet how the gap will end."""

_UNSEEN_SHARE, _UNSEEN_SHARE_HELD = 0.1, 0.3
"""Of the angle turned during a gap, what the filling gets wrong (one sigma): with a stride to take
it from, and without."""


@dataclass(frozen=True, slots=True)
class Bridged:
    """A block of one sensor without holes.

    Parameters
    ----------
    acc, gyr : (n, 3) arrays, m/s² and rad/s
        Sensor frame.
    catch_up : (n, 3) array, rad/s
        To be added to the rate the filter turns by: non-zero where a gap has ended.
    """

    acc: FloatArray
    gyr: FloatArray
    catch_up: FloatArray


class LiveGapFill:
    """Bridges the gaps of one sensor; blocks may be cut anywhere.

    Parameters
    ----------
    rate_hz : float
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._keep = int((_PERIODS_S[1] * (1.0 + LAG_SEARCH) + _LONG_MATCH_S) * rate_hz) + 2
        self._past = np.empty((0, 6))
        self._whole = np.empty(0, dtype=bool)
        self._lag = 0
        self._offset = np.zeros(6)
        self._n_lost = 0
        self.unseen_rad2 = 0.0
        """Heading variance that the gaps ended so far have added; to be reset by who reads it."""

    def update(
        self, acc: FloatArray, gyr: FloatArray, measured: BoolArray, period_s: float
    ) -> Bridged:
        """Return the next samples with their gaps filled.

        Parameters
        ----------
        acc, gyr : (n, 3) arrays, m/s² and rad/s
            Sensor frame; finite.
        measured : (n,) bool array
        period_s : float, s
            Stride time by now; NaN while nobody walks.
        """
        n_past, n_new = len(self._past), len(acc)
        values = np.concatenate([self._past, np.concatenate([acc, gyr], axis=1)])
        whole = np.concatenate([self._whole, measured])
        catch_up = np.zeros((n_new, 3))
        if self._n_lost or not measured.all():
            for row in np.flatnonzero(~measured | np.roll(~measured, 1) | (np.arange(n_new) == 0)):
                at = n_past + int(row)
                if not measured[row]:
                    self._lose(values, whole, at, period_s)
                elif self._n_lost:
                    catch_up[row] = self._end(values, at)
        self._past, self._whole = values[-self._keep :], whole[-self._keep :]
        filled = values[n_past:]
        return Bridged(filled[:, :3], filled[:, 3:], catch_up)

    def _lose(self, values: FloatArray, whole: BoolArray, at: int, period_s: float) -> None:
        """Fill one row, which may be the first of a gap."""
        if self._n_lost == 0:
            self._lag = self._find_lag(values, whole, at, period_s)
            if at > 0:
                ago = values[at - 1 - self._lag] if self._lag else np.zeros(6)
                self._offset = values[at - 1] - ago
            else:
                self._offset = values[at]
        self._n_lost += 1
        values[at] = self._expected(values, at)

    def _expected(self, values: FloatArray, at: int) -> FloatArray:
        if not self._lag:
            return self._offset
        return np.asarray(values[at - self._lag] + self._offset)

    def _end(self, values: FloatArray, at: int) -> FloatArray:
        """Return what the filter must catch up with at the first row after a gap."""
        mismatch = (values[at] - self._expected(values, at))[3:]
        lost, self._n_lost = self._n_lost, 0
        if lost > LONGEST_BRIDGE_S * self._rate_hz:
            return np.zeros(3)
        turned = float(np.linalg.norm(values[max(0, at - lost) : at, 3:], axis=1).sum())
        share = _UNSEEN_SHARE if self._lag else _UNSEEN_SHARE_HELD
        self.unseen_rad2 += (share * turned / self._rate_hz) ** 2
        return np.asarray(0.5 * lost * mismatch)

    def _find_lag(self, values: FloatArray, whole: BoolArray, at: int, period_s: float) -> int:
        """Return how many rows ago the same phase was; 0 where nothing like it is known."""
        if np.isfinite(period_s):
            spread, margin_s, limit = LAG_SEARCH * period_s, MATCH_S, np.inf
            span_s = period_s - spread, period_s + spread
        else:  # nobody knows yet that it is gait: a long look at any stride
            span_s, margin_s, limit = _PERIODS_S, _LONG_MATCH_S, _LIKE
        margin = max(2, round(margin_s * self._rate_hz))
        lags = np.arange(round(span_s[0] * self._rate_hz), round(span_s[1] * self._rate_hz) + 1)
        lags = lags[(lags > margin) & (at - margin - lags >= 0)]
        if len(lags) == 0:
            return 0
        before = np.arange(at - margin, at)
        there = before[None, :] - lags[:, None]
        scale = values[before[0] - lags[-1] : at].std(axis=0) + 1e-9
        misfit = (((values[before] - values[there]) / scale) ** 2).mean(axis=(1, 2))
        misfit[~whole[there].any(axis=1) | (misfit > limit)] = np.inf
        best = int(np.argmin(misfit))
        return int(lags[best]) if np.isfinite(misfit[best]) else 0
