"""How well a clinic repeats a measurement: intraclass correlation, standard error, least change.

Several people are measured several times, sensors put on anew each time. The two-way analysis of
variance splits what is seen into people, occasions and the rest. Absolute agreement counts the
occasions' own differences as error, because a retest next week is another occasion.

References
----------
Shrout and Fleiss 1979, doi:10.1037/0033-2909.86.2.420; McGraw and Wong 1996,
doi:10.1037/1082-989X.1.1.30 (ICC and its interval); Weir 2005, doi:10.1519/15184.1 (standard error
of measurement and minimal detectable change).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from imuhip.core.series import FloatArray
from imuhip.errors import AnalysisError

__all__ = ["LEAST_OCCASIONS", "LEAST_PEOPLE", "Reliability", "find_reliability"]

LEAST_PEOPLE, LEAST_OCCASIONS = 3, 2
_CONFIDENCE = 0.95
_Z = 1.96


@dataclass(frozen=True, slots=True)
class Reliability:
    """How well one measure repeats, in the unit of the measure where it has one.

    Parameters
    ----------
    icc, icc_low, icc_high : float
        ICC(A,1), two-way random, absolute agreement, one measurement; 95 % interval.
    sem, sem_low, sem_high : float
        Standard error of measurement, occasions included; 95 % interval.
    mdc95, mdc95_low, mdc95_high : float
        Minimal detectable change of one person between two occasions.
    n_people, n_occasions : int
        What it rests on.
    """

    icc: float
    icc_low: float
    icc_high: float
    sem: float
    sem_low: float
    sem_high: float
    mdc95: float
    mdc95_low: float
    mdc95_high: float
    n_people: int
    n_occasions: int


def find_reliability(values: FloatArray) -> Reliability:
    """Return how well a measure repeats.

    Parameters
    ----------
    values : (n_people, n_occasions) array
        A row a person; every person on every occasion. Incomplete rows are left out.

    Raises
    ------
    AnalysisError
        With fewer than three whole people or two occasions, or where everybody is the same.
    ValueError
        For an array of another shape.
    """
    values = np.asarray(values, dtype=float)
    if values.ndim != 2:
        raise ValueError(f"Expected values of shape (people, occasions), got {values.shape}")
    whole = values[np.isfinite(values).all(axis=1)]
    n, k = whole.shape
    if n < LEAST_PEOPLE or k < LEAST_OCCASIONS:
        raise AnalysisError(
            f"{n} people measured on {k} occasions each; at least {LEAST_PEOPLE} people and "
            f"{LEAST_OCCASIONS} occasions are needed",
            hint="Measure 5 to 10 people three times each, sensors taken off and put on between.",
            code="E640",
        )
    ms_people, ms_occasions, ms_rest = _mean_squares(whole)
    if ms_people <= 0.0:
        raise AnalysisError(
            f"All {n} people have the same mean: nothing to tell them apart by",
            hint="Check that the values are those of different people.",
            code="E640",
        )
    # between occasions as found, but never less than none
    var_occasions = max((ms_occasions - ms_rest) / n, 0.0)
    var_people = (ms_people - ms_rest) / k
    sem2 = ms_rest + var_occasions
    icc = var_people / (var_people + sem2) if var_people + sem2 > 0.0 else 0.0
    low, high = _icc_interval(icc, ms_people, ms_occasions, ms_rest, n, k)
    # Satterthwaite's degrees of freedom of the sum of two mean squares
    parts = np.array([(n - 1) / n * ms_rest, ms_occasions / n])
    if var_occasions == 0.0:
        freedom = float((n - 1) * (k - 1))
    else:
        freedom = float(sem2**2 / (parts[0] ** 2 / ((n - 1) * (k - 1)) + parts[1] ** 2 / (k - 1)))
    tail = (1.0 - _CONFIDENCE) / 2.0
    sem = float(np.sqrt(sem2))
    sem_low = sem * float(np.sqrt(freedom / stats.chi2.ppf(1.0 - tail, freedom)))
    sem_high = sem * float(np.sqrt(freedom / stats.chi2.ppf(tail, freedom)))
    mdc = _Z * np.sqrt(2.0)
    return Reliability(
        icc=float(icc), icc_low=low, icc_high=high,
        sem=sem, sem_low=sem_low, sem_high=sem_high,
        mdc95=float(mdc * sem), mdc95_low=float(mdc * sem_low), mdc95_high=float(mdc * sem_high),
        n_people=n, n_occasions=k,
    )  # fmt: skip


def _mean_squares(values: FloatArray) -> tuple[float, float, float]:
    """Return the mean squares between people, between occasions, and of the rest."""
    n, k = values.shape
    people, occasions, grand = values.mean(axis=1), values.mean(axis=0), values.mean()
    rest = values - people[:, None] - occasions[None, :] + grand
    return (
        float(k * np.sum((people - grand) ** 2) / (n - 1)),
        float(n * np.sum((occasions - grand) ** 2) / (k - 1)),
        float(np.sum(rest**2) / ((n - 1) * (k - 1))),
    )


def _icc_interval(
    icc: float, ms_people: float, ms_occasions: float, ms_rest: float, n: int, k: int
) -> tuple[float, float]:
    """Return the 95 % interval of ICC(A,1), McGraw and Wong 1996, table 7."""
    if ms_rest <= 0.0:
        return icc, icc
    tail = 1.0 - (1.0 - _CONFIDENCE) / 2.0
    icc = float(np.clip(icc, 0.0, 0.999999))
    a = k * icc / (n * (1.0 - icc))
    b = 1.0 + k * icc * (n - 1) / (n * (1.0 - icc))
    total = a * ms_occasions + b * ms_rest
    freedom = total**2 / (
        (a * ms_occasions) ** 2 / (k - 1) + (b * ms_rest) ** 2 / ((n - 1) * (k - 1))
    )
    f_low = float(stats.f.ppf(tail, n - 1, freedom))
    f_high = float(stats.f.ppf(tail, freedom, n - 1))
    within = k * ms_occasions + (k * n - k - n) * ms_rest
    low = n * (ms_people - f_low * ms_rest) / (f_low * within + n * ms_people)
    high = n * (f_high * ms_people - ms_rest) / (within + n * f_high * ms_people)
    return max(float(low), -1.0), min(float(high), 1.0)
