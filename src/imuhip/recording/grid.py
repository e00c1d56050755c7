"""From stored rows, in the order they arrived, to a series with a row for every sample number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, ImuSeries, IntArray

__all__ = ["StoredRows", "increasing_times", "to_series"]

MAX_LOST_S = 12 * 3600.0
"""Most lost samples a sensor may have in a file, as time, before its numbers are disbelieved."""


@dataclass(frozen=True, slots=True)
class StoredRows:
    """One sensor's samples as they stand in the file: (n,) and (n, 3) arrays."""

    epoch: IntArray
    seq: IntArray
    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray | None
    valid: BoolArray

    def take(self, rows: IntArray) -> StoredRows:
        """Return the chosen rows."""
        return StoredRows(
            epoch=self.epoch[rows],
            seq=self.seq[rows],
            time_s=self.time_s[rows],
            acc=self.acc[rows],
            gyr=self.gyr[rows],
            mag=None if self.mag is None else self.mag[rows],
            valid=self.valid[rows],
        )


def to_series(rows: StoredRows, rate_hz: float) -> ImuSeries:
    """Return the series: sorted, each number once, lost numbers as NaN rows.

    Inside an epoch the sample numbers say how many rows are missing; between epochs, when the
    sensor started anew, time says it.

    Raises
    ------
    ValueError
        When the sample numbers ask for more than half a day of lost samples.
    """
    if len(rows.seq) == 0:
        return ImuSeries(rows.time_s, rows.acc, rows.gyr, rows.mag, rows.valid)
    if not _is_contiguous(rows):
        rows = rows.take(_sorted_once(rows))
    position = _positions(rows, rate_hz)
    time_s = increasing_times(rows.time_s, position, rate_hz)
    n_grid = int(position[-1]) + 1
    if n_grid == len(position):
        return ImuSeries(time_s, rows.acc, rows.gyr, rows.mag, rows.valid)
    n_lost = n_grid - len(position)
    if n_lost > MAX_LOST_S * rate_hz:
        raise ValueError(
            f"its sample numbers ask for {n_lost} lost samples,"
            f" above the limit of {MAX_LOST_S * rate_hz:.0f}"
        )
    valid = np.zeros(n_grid, dtype=bool)
    valid[position] = rows.valid
    return ImuSeries(
        np.interp(np.arange(n_grid), position, time_s),
        _spread(rows.acc, position, n_grid),
        _spread(rows.gyr, position, n_grid),
        None if rows.mag is None else _spread(rows.mag, position, n_grid),
        valid,
    )


def _is_contiguous(rows: StoredRows) -> bool:
    return bool(np.all(np.diff(rows.seq) == 1) and np.all(rows.epoch == rows.epoch[0]))


def _sorted_once(rows: StoredRows) -> IntArray:
    """Return the rows in order of epoch and number, the first of each number."""
    order = np.lexsort((rows.seq, rows.epoch))
    epoch, seq = rows.epoch[order], rows.seq[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (np.diff(epoch) != 0) | (np.diff(seq) != 0)
    return np.asarray(order[is_first], dtype=np.int64)


def _positions(rows: StoredRows, rate_hz: float) -> IntArray:
    """Return the (n,) grid row of each stored row."""
    # In float64, because hostile numbers may overflow; the limit is checked before they are used.
    step = np.diff(rows.seq.astype(float))
    is_restart = np.diff(rows.epoch) != 0
    with np.errstate(invalid="ignore"):  # times of damaged files may be infinite
        pause_s = np.diff(rows.time_s)[is_restart]
    step[is_restart] = np.maximum(1.0, np.round(np.nan_to_num(pause_s) * rate_hz))
    position = np.concatenate([[0.0], np.cumsum(step)])
    if position[-1] - len(position) > MAX_LOST_S * rate_hz:
        raise ValueError(
            f"its sample numbers ask for {position[-1]:.3g} samples, {len(position)} are there;"
            f" above the limit of {MAX_LOST_S * rate_hz:.0f} lost"
        )
    return position.astype(np.int64)


def increasing_times(time_s: FloatArray, position: IntArray, rate_hz: float) -> FloatArray:
    """Return strictly increasing times: the few that step back are put between their neighbours.

    They occur where the live clock mapping was revised, or where two epochs overlap.
    """
    finite = np.where(np.isfinite(time_s), time_s, -np.inf)
    before = np.concatenate([[-np.inf], np.maximum.accumulate(finite)[:-1]])
    good = np.flatnonzero(finite > before)
    if len(good) == len(time_s):
        return time_s
    if len(good) == 0:
        raise ValueError("none of its times is a number")
    fixed = np.interp(position, position[good], time_s[good])
    first, last = good[0], good[-1]
    fixed[:first] = time_s[first] + (position[:first] - position[first]) / rate_hz
    fixed[last:] = time_s[last] + (position[last:] - position[last]) / rate_hz
    return np.asarray(fixed, dtype=float)


def _spread(values: FloatArray, position: IntArray, n_grid: int) -> FloatArray:
    grid = np.full((n_grid, 3), np.nan)
    grid[position] = values
    return grid
