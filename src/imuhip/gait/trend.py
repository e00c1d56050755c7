"""What changes over the minutes of a walk or run: a slope with its confidence, and a change point.

Minutes next to each other are alike for reasons that have nothing to do with fatigue, so neither
the slope's interval nor the test of a change may count them as independent. The interval is of
least squares on minute means with its variance raised by their autocorrelation; the change point is
the place of the largest cumulated deviation from the mean, judged by the Brownian bridge that it
follows when nothing changes, with the same raised variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from imuhip.core.series import FloatArray, IntArray

__all__ = ["MINIMUM_MINUTES", "Trend", "minute_means", "trend_of"]

MINIMUM_MINUTES = 5
_MINUTE_STRIDES = 10
"""Fewer in a minute are not a minute's mean."""

_CONFIDENCE = 0.95
_CHANGE_P = 0.02
_LARGEST_CORRELATION = 0.8


@dataclass(frozen=True, slots=True)
class Trend:
    """How a quantity went over the minutes.

    Parameters
    ----------
    minute : (m,) array
        Minutes since the start of the session, the middle of each.
    mean, standard_error : (m,) arrays
    n : (m,) int array
        Strides in each minute.
    slope_per_min : float
    slope_interval : tuple of float
        95 % confidence.
    change_at_min : float
        Where it changed most, NaN where nothing did.
    change : float
        Mean after less mean before.
    change_p : float
        Probability of so large a change where there is none.
    """

    minute: FloatArray
    mean: FloatArray
    standard_error: FloatArray
    n: IntArray
    slope_per_min: float
    slope_interval: tuple[float, float]
    change_at_min: float
    change: float
    change_p: float

    @property
    def drifts(self) -> bool:
        """Return whether the slope's interval leaves zero out."""
        low, high = self.slope_interval
        return bool(low > 0.0 or high < 0.0)

    def record(self, digits: int = 4) -> dict[str, Any]:
        """Return it JSON-safe."""

        def shown(value: float, places: int = digits) -> float | None:
            return round(float(value), places) if np.isfinite(value) else None

        return {
            "minutes": [round(float(m), 2) for m in self.minute],
            "mean": [shown(v) for v in self.mean],
            "standard_error": [shown(v) for v in self.standard_error],
            "n": [int(v) for v in self.n],
            "slope_per_min": shown(self.slope_per_min, digits + 1),
            "slope_interval_per_min": [shown(v, digits + 1) for v in self.slope_interval],
            "drifts": self.drifts,
            "change_at_min": shown(self.change_at_min, 1),
            "change": shown(self.change),
            "change_p": shown(self.change_p),
        }


def minute_means(
    at_s: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Return the middle (min), mean, standard error and count of each minute with enough strides.

    Parameters
    ----------
    at_s : (k,) array, s
        Time of each stride.
    values : (k,) array
        NaN are left out.
    """
    known = np.isfinite(values) & np.isfinite(at_s)
    minute = np.floor(at_s[known] / 60.0).astype(int)
    if len(minute) == 0:
        return np.empty(0), np.empty(0), np.empty(0), np.empty(0, dtype=int)
    value = values[known]
    count = np.bincount(minute)
    safe = np.maximum(count, 1)
    mean = np.asarray(np.bincount(minute, weights=value) / safe, dtype=float)
    square = np.bincount(minute, weights=(value - mean[minute]) ** 2)
    error = np.sqrt(square / np.maximum(count - 1, 1) / safe)
    enough = np.flatnonzero(count >= _MINUTE_STRIDES)
    return np.asarray(enough + 0.5), mean[enough], np.asarray(error[enough]), count[enough]


def trend_of(at_s: FloatArray, values: FloatArray) -> Trend | None:
    """Return the trend of a quantity, None with fewer than `MINIMUM_MINUTES` minutes.

    Parameters
    ----------
    at_s : (k,) array, s
        Time of each stride.
    values : (k,) array
    """
    minute, mean, error, n = minute_means(at_s, values)
    if len(minute) < MINIMUM_MINUTES:
        return None
    centred = minute - minute.mean()
    spread = float(centred @ centred)
    slope = float(centred @ mean / spread)
    residual = mean - mean.mean() - slope * centred
    inflation = _inflation(residual)
    freedom = len(minute) - 2
    variance = max(float(residual @ residual) / freedom, float(np.mean(error**2))) * inflation
    half = float(stats.t.ppf(0.5 * (1.0 + _CONFIDENCE), freedom)) * np.sqrt(variance / spread)
    at, change, p = _change(minute, mean, error)
    if p > _CHANGE_P:
        at, change = np.nan, np.nan
    interval = (slope - half, slope + half)
    return Trend(minute, mean, error, n, slope, interval, at, change, p)


def _inflation(residual: FloatArray) -> float:
    """Return by how much correlation from minute to minute raises the variance of a mean."""
    power = float(residual @ residual)
    if power <= 0.0:
        return 1.0
    # the estimate from few minutes is too low by about (1 + 4 r) / n
    r = float(residual[1:] @ residual[:-1]) / power
    r = float(np.clip(r + (1.5 + 4.0 * max(r, 0.0)) / len(residual), 0.0, _LARGEST_CORRELATION))
    return (1.0 + r) / (1.0 - r)


def _change(minute: FloatArray, mean: FloatArray, error: FloatArray) -> tuple[float, float, float]:
    """Return where the mean changes most (min), by how much, and the probability by chance."""
    n = len(mean)
    walk = np.cumsum(mean - mean.mean())[:-1]
    k = int(np.argmax(np.abs(walk)))
    before, after = mean[: k + 1], mean[k + 1 :]
    # spread about one mean: too large where something changed, but never too small by chance
    spread = float(np.sum((mean - mean.mean()) ** 2)) / (n - 1)
    residual = np.concatenate([before - before.mean(), after - after.mean()])
    sigma = np.sqrt(max(spread, float(np.mean(error**2))) * np.sqrt(_inflation(residual)))
    # the supremum of a Brownian bridge (Kolmogorov)
    reach = float(np.abs(walk[k]) / (sigma * np.sqrt(n))) if sigma > 0.0 else np.inf
    p = float(stats.kstwobign.sf(reach))
    at = 0.5 * (minute[k] + minute[k + 1])
    return float(at), float(after.mean() - before.mean()), p
