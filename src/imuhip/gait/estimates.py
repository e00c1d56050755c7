"""Numbers with their count and their uncertainty: means, scatter from stride to stride, sides.

The uncertainty of a mean has two parts. Strides scatter, which more strides average away; and
instants and angles can all be off alike (how late the shock comes, the tissue, the pose), which no
number of strides does. Both are added in squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from imuhip.core.series import FloatArray

__all__ = ["Estimate", "Scatter", "mean_of", "scatter_of", "side_difference"]

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over strides.

    Parameters
    ----------
    mean : float
        NaN where there are no strides.
    sd : float
        From stride to stride; NaN for fewer than two.
    n : int
    uncertainty : float
        One sigma of the mean.
    systematic : float
        The part of it that all strides share.
    """

    mean: float
    sd: float
    n: int
    uncertainty: float
    systematic: float = 0.0

    def record(self, digits: int = 3) -> dict[str, Any]:
        """Return it JSON-safe: ``mean``, ``sd``, ``n`` and ``uncertainty``."""
        return {
            "mean": _rounded(self.mean, digits),
            "sd": _rounded(self.sd, digits),
            "n": self.n,
            "uncertainty": _rounded(self.uncertainty, digits),
        }


def mean_of(values: FloatArray, systematic: float = 0.0) -> Estimate:
    """Return the mean of the finite values.

    Parameters
    ----------
    values : (k,) array
        One a stride.
    systematic : float
        One sigma of what all of them are off alike.
    """
    known = values[np.isfinite(values)]
    n = len(known)
    if n == 0:
        return Estimate(np.nan, np.nan, 0, np.nan, systematic)
    sd = float(known.std(ddof=1)) if n > 1 else np.nan
    own = sd**2 / n if n > 1 else 0.0
    uncertainty = float(np.sqrt(own + systematic**2)) if n > 1 else np.nan
    return Estimate(float(known.mean()), sd, n, uncertainty, systematic)


@dataclass(frozen=True, slots=True)
class Scatter:
    """How much strides differ.

    Parameters
    ----------
    sd, cv_percent : float
        Standard deviation, and that in percent of the mean.
    sd_interval, cv_interval_percent : tuple of float
        95 % confidence, were every stride independent of the one before.
    n : int
    measurement_sd : float
        The part of `sd` that measuring alone makes.
    """

    sd: float
    sd_interval: tuple[float, float]
    cv_percent: float
    cv_interval_percent: tuple[float, float]
    n: int
    measurement_sd: float

    def record(self, unit: str) -> dict[str, Any]:
        """Return it JSON-safe; names of what has the values' unit end in it."""
        return {
            f"sd_{unit}": _rounded(self.sd, 4),
            f"sd_interval_{unit}": [_rounded(v, 4) for v in self.sd_interval],
            "cv_percent": _rounded(self.cv_percent, 2),
            "cv_interval_percent": [_rounded(v, 2) for v in self.cv_interval_percent],
            "n": self.n,
            f"measurement_sd_{unit}": _rounded(self.measurement_sd, 4),
        }


def scatter_of(values: FloatArray, measurement_sd: float = 0.0) -> Scatter:
    """Return how much values scatter, with the chi-squared interval of their spread.

    The interval of the coefficient of variation adds the uncertainty of the mean (Vangel 1996,
    doi:10.1080/00031305.1996.10473537).

    Parameters
    ----------
    values : (k,) array
        One a stride; NaN are left out.
    measurement_sd : float
        Of one value.
    """
    known = values[np.isfinite(values)]
    n = len(known)
    if n < 3:
        nothing = (np.nan, np.nan)
        return Scatter(np.nan, nothing, np.nan, nothing, n, measurement_sd)
    sd, mean = float(known.std(ddof=1)), float(known.mean())
    tails = (0.5 * (1 + _CONFIDENCE), 0.5 * (1 - _CONFIDENCE))
    chi2 = [float(stats.chi2.ppf(tail, n - 1)) for tail in tails]
    low, high = (sd * np.sqrt((n - 1) / value) for value in chi2)
    share = sd / abs(mean) if mean != 0.0 else np.nan
    ends = []
    for value in chi2:
        inside = ((value + 2.0) / n - 1.0) * share**2 + value / (n - 1)
        ends.append(100.0 * share / np.sqrt(inside) if inside > 0.0 else np.nan)
    interval = (float(low), float(high))
    return Scatter(sd, interval, 100.0 * share, (ends[0], ends[1]), n, measurement_sd)


def side_difference(left: Estimate, right: Estimate, shared: float = 0.0) -> dict[str, Any]:
    """Return left minus right, JSON-safe, with its uncertainty and whether it is beyond it.

    Parameters
    ----------
    left, right : Estimate
    shared : float
        The part of the systematic uncertainty that both sides have alike, one sigma: it falls out.
    """
    own = [max(e.uncertainty**2 - min(shared, e.systematic) ** 2, 0.0) for e in (left, right)]
    uncertainty = float(np.sqrt(sum(own)))
    difference = left.mean - right.mean
    middle = 0.5 * (left.mean + right.mean)
    known = bool(np.isfinite(difference) and np.isfinite(uncertainty))
    relative = known and abs(middle) > 3.0 * uncertainty
    return {
        "left_minus_right": _rounded(difference, 4),
        "uncertainty": _rounded(uncertainty, 4),
        "percent_of_mean": _rounded(100.0 * difference / middle, 2) if relative else None,
        "beyond_uncertainty": bool(abs(difference) > 1.96 * uncertainty) if known else None,
        "n": [left.n, right.n],
    }


def _rounded(value: float, digits: int) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
