"""What a lost stretch of gait most likely held: what the strides before and after it held.

Orientation has to be carried across gaps, and a straight line is a poor guess for a thigh that
turns by hundreds of degrees a second. Gait repeats itself, so the same phase of the neighbouring
strides is a good one. These values serve the orientation filter only; nobody is ever shown them:
angles inside a gap stay missing, and the heading's uncertainty grows by every gap.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imuhip.analysis.absence import LONG_GAP_S
from imuhip.analysis.grid import GridBlock
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["LAG_SEARCH", "MATCH_S", "fill_from_strides", "gap_turn_variance"]

MATCH_S = 0.12
"""On each side of a gap, compared with the neighbouring stride to find the same phase."""

LAG_SEARCH = 0.06
"""Share of a stride by which neighbours may be longer or shorter."""

_UNSEEN_SHARE = 0.05
"""Of the angle turned during a gap, what the filling gets wrong (one sigma)."""


def fill_from_strides(grid: GridBlock, gait: BoolArray, period_s: FloatArray) -> GridBlock:
    """Return the grid with gaps during gait filled from the strides around.

    Parameters
    ----------
    grid : GridBlock
        Gaps filled linearly.
    gait : (n,) bool array
    period_s : (n,) array, s
        Stride time.
    """
    acc, gyr = dict(grid.acc), dict(grid.gyr)
    for segment, measured in grid.measured.items():
        lost = ~measured & gait
        if not lost.any():
            continue
        values = np.concatenate([grid.acc[segment], grid.gyr[segment]], axis=1)
        filled = _fill(values, measured, lost, period_s * grid.rate_hz, grid.rate_hz)
        acc[segment], gyr[segment] = filled[:, :3], filled[:, 3:]
    return replace(grid, acc=acc, gyr=gyr)


def _fill(
    values: FloatArray,
    measured: BoolArray,
    lost: BoolArray,
    period_rows: FloatArray,
    rate_hz: float,
) -> FloatArray:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], lost, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    margin = max(2, round(MATCH_S * rate_hz))
    inside = (starts >= margin) & (ends + margin <= len(values))
    starts, ends = starts[inside], ends[inside]
    guesses = [
        _neighbour(values, measured, starts, ends, sign * period_rows[starts], margin)
        for sign in (-1.0, 1.0)
    ]
    total, count = np.zeros_like(values), np.zeros(len(values))
    for guess, rows in guesses:
        total[rows] += guess
        count[rows] += 1.0
    known = count > 0
    template = total[known] / count[known][:, None]
    filled = values.copy()
    filled[known] = template
    return _joined_at_edges(values, filled, known, measured)


def _neighbour(
    values: FloatArray,
    measured: BoolArray,
    starts: IntArray,
    ends: IntArray,
    period_rows: FloatArray,
    margin: int,
) -> tuple[FloatArray, IntArray]:
    """Return values from one stride away for the rows of all gaps, and those rows.

    The stride's length is searched around the expected one so that the rows on both sides of the
    gap fit best; gaps whose neighbour is itself missing are left out.
    """
    reach = max(1, round(float(np.median(np.abs(period_rows))) * LAG_SEARCH)) if len(starts) else 1
    beside = np.concatenate([np.arange(-margin, 0), np.arange(margin)])
    rows = np.where(
        np.arange(2 * margin) < margin, starts[:, None] + beside, ends[:, None] + beside
    )
    scale = values[measured].std(axis=0) + 1e-9
    best = np.full(len(starts), np.inf)
    lag = np.zeros(len(starts), dtype=int)
    for shift in range(-reach, reach + 1):
        candidate = np.round(period_rows).astype(int) + shift
        there = np.clip(rows + candidate[:, None], 0, len(values) - 1)
        misfit = (((values[rows] - values[there]) / scale) ** 2).mean(axis=(1, 2))
        misfit[~measured[there].all(axis=1)] = np.inf
        better = misfit < best
        best[better], lag[better] = misfit[better], candidate[better]
    usable = np.isfinite(best)
    # one measured row more on each side, where the filling will be joined
    at = np.concatenate(
        [np.arange(a - 1, b + 1) for a, b in zip(starts[usable], ends[usable], strict=True)]
        or [np.empty(0, dtype=int)]
    ).astype(int)
    away = np.repeat(lag[usable], (ends - starts)[usable] + 2)
    there = at + away
    good = (there >= 0) & (there < len(values))
    good[good] &= measured[there[good]]
    return values[there[good]], at[good]


def _joined_at_edges(
    values: FloatArray, filled: FloatArray, known: BoolArray, measured: BoolArray
) -> FloatArray:
    """Shift each filled stretch linearly, so that it meets the measured rows at its ends.

    Between those rows `values` holds a straight line. The filling brings only the shape: its own
    straight line is taken off and the measured one put in its place.
    """
    rows = np.flatnonzero(known)
    if len(rows) == 0:
        return values
    first = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) > 1)
    last = np.concatenate([first[1:] - 1, [len(rows) - 1]])
    run = np.cumsum(np.diff(rows, prepend=rows[0] - 2) > 1) - 1
    length = (rows[last] - rows[first])[run]
    share = np.where(length > 0, (rows - rows[first][run]) / np.maximum(length, 1), 0.5)[:, None]
    own = (1 - share) * filled[rows[first]][run] + share * filled[rows[last]][run]
    joined = filled.copy()
    joined[rows] = filled[rows] - own + values[rows]
    joined[measured] = values[measured]
    return joined


def gap_turn_variance(
    measured: BoolArray, gyr: FloatArray, gait: BoolArray, block: int, rate_hz: float
) -> FloatArray:
    """Return (b,) the heading variance (rad²) that the gaps of one sensor add in each block.

    Parameters
    ----------
    measured : (n,) bool array
    gyr : (n, 3) array, rad/s
        Filled.
    gait : (n,) bool array
        Where the typical rate is taken from.
    block : int
        Samples in a block.
    rate_hz : float
    """
    n_blocks = len(measured) // block
    variance = np.zeros(n_blocks)
    if measured.all() or not gait.any():
        return variance
    typical = float(np.sqrt((gyr[gait & measured] ** 2).sum(axis=1).mean()))
    edges = np.flatnonzero(np.diff(np.concatenate([[True], measured, [True]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    gap_s = (ends - starts) / rate_hz
    turned = np.where(gap_s > LONG_GAP_S, np.pi, _UNSEEN_SHARE * typical * gap_s)
    where = np.minimum(starts // block, n_blocks - 1)
    np.add.at(variance, where, np.minimum(turned, np.pi) ** 2)
    return variance
