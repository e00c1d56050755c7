"""Curves over the gait cycle, and the numbers of each stride."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

__all__ = ["CYCLE_POINTS", "normalise_cycles", "stride_statistics", "strides_with_gaps"]

CYCLE_POINTS = 101
"""0 to 100 % of the cycle."""


def normalise_cycles(
    time_s: FloatArray, values: FloatArray, start_s: FloatArray, end_s: FloatArray
) -> FloatArray:
    """Return (k, 101) values, each stride stretched to 0..100 % by linear interpolation.

    A stride with a gap (NaN) anywhere inside, or that reaches beyond the data, is NaN throughout: a
    curve is whole or not there.

    Parameters
    ----------
    time_s : (n,) array, s
        Increasing.
    values : (n,) array
        NaN where missing.
    start_s, end_s : (k,) arrays, s
        Strides.
    """
    if len(start_s) == 0:
        return np.empty((0, CYCLE_POINTS))
    fraction = np.linspace(0.0, 1.0, CYCLE_POINTS)
    at = start_s[:, None] + fraction * (end_s - start_s)[:, None]
    curves = np.interp(at.ravel(), time_s, values).reshape(at.shape)
    # a hole may lie between two of the points, so holes are counted in the samples
    holes = np.concatenate([[0], np.cumsum(~np.isfinite(values))])
    first = np.maximum(np.searchsorted(time_s, start_s, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(time_s, end_s) + 1, len(values))
    outside = (start_s < time_s[0]) | (end_s > time_s[-1])
    curves[(holes[last] > holes[first]) | outside] = np.nan
    return np.asarray(curves)


def stride_statistics(
    time_s: FloatArray, values: FloatArray, start_s: FloatArray, end_s: FloatArray
) -> dict[str, FloatArray]:
    """Return min, max, mean and range of each stride, (k,) arrays in the unit of `values`.

    A stride holds the samples at ``start_s <= time_s < end_s``. NaN samples are left out; a stride
    with nothing left is NaN.
    """
    first = np.searchsorted(time_s, start_s)
    last = np.searchsorted(time_s, end_s)
    n_strides = len(start_s)
    low, high, mean = (np.full(n_strides, np.nan) for _ in range(3))
    usable = np.flatnonzero(last > first)
    if len(usable):
        # reduceat works on [first, last) pairs; odd slots (between strides) are thrown away.
        # Only what the strides cover is looked at, and one row more for the last one to end with.
        begin, end = int(first[usable].min()), int(last[usable].max())
        edges = np.stack([first[usable], last[usable]], axis=1).ravel() - begin
        part = np.append(values[begin:end], 0.0)
        finite = np.isfinite(part)
        complete = bool(finite.all())

        def filled(value: float) -> FloatArray:
            return part if complete else np.where(finite, part, value)

        low[usable] = np.minimum.reduceat(filled(np.inf), edges)[::2]
        high[usable] = np.maximum.reduceat(filled(-np.inf), edges)[::2]
        total = np.add.reduceat(filled(0.0), edges)[::2]
        count = np.add.reduceat(finite, edges, dtype=float)[::2]
        mean[usable] = np.divide(total, count, out=np.full(len(usable), np.nan), where=count > 0)
    nothing = ~np.isfinite(low) | ~np.isfinite(high)
    low[nothing] = high[nothing] = np.nan
    return {"min": low, "max": high, "mean": mean, "range": high - low}


def strides_with_gaps(
    time_s: FloatArray, values: FloatArray, start_s: FloatArray, end_s: FloatArray
) -> BoolArray:
    """Return (k,) whether a sample is NaN in the stride; those without samples count as well.

    Parameters as `stride_statistics`.
    """
    first, last = np.searchsorted(time_s, start_s), np.searchsorted(time_s, end_s)
    missing = np.flatnonzero(~np.isfinite(values))
    gaps = np.searchsorted(missing, last) > np.searchsorted(missing, first)
    return np.asarray(gaps | (last <= first))
