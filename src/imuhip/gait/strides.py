"""Strides, cut at successive maxima of thigh flexion.

The flexion maximum comes shortly before initial contact and, unlike the contact, does not depend on
impacts, shoes or surface; every stride from maximum to maximum is one gait cycle. Many walkers hold
the thigh up over a quarter of the cycle with two humps of equal height, in late swing and in
loading response, so the maximum is taken of a curve smoothed over half a stride: it has one hump.
Seconds of gait are whole seconds: the strides that reach beyond the first and the last of them are
looked for as well, and belong to the bout where they are as long and at least half as large as
its own. When feet meet and leave the ground is told by `imuhip.gait.contacts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import signal

from imuhip.calibration.stillness import stretches
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["StrideCut", "cut_strides"]

_LOWEST_RANGE_RAD = np.radians(12.0)
_FIRST_SMOOTHING_S = 0.4
"""Near half a stride of any gait, until the stride time is known."""

_LONGEST_BRIDGE_S = 0.4
"""Across more, strides could be missed."""

_REACH_S = 3.0
"""Beyond a bout's own seconds; walkers start and stop within two strides."""

_MOST_EDGE_STRIDES = 2
_LIKE_THE_BOUT = (0.6, 1.6)
_LEAST_EDGE_RANGE = 0.5
_STEADY_RANGE, _STEADY_TIME = 0.75, (0.8, 1.25)
_MIXED = 1.15
"""Where the longest strides are this much longer than the shortest, smoothing follows them."""


_COLUMNS = ("start_s", "extended_s", "end_s", "regular", "steady")


@dataclass(frozen=True, slots=True)
class StrideCut:
    """Strides of one leg.

    Parameters
    ----------
    side : {"left", "right"}
    start_s, extended_s, end_s : (k,) arrays, s
        Greatest flexion (smoothed), greatest extension, next greatest flexion.
    regular : (k,) bool array
        Whether the stride time is within half and twice the median of its bout.
    steady : (k,) bool array, optional
        Whether time and range are like those of the strides around, and the stride is neither the
        first nor the last of walkers who start and stop. By default, all are.
    """

    side: Side
    start_s: FloatArray
    extended_s: FloatArray
    end_s: FloatArray
    regular: BoolArray
    steady: BoolArray = None  # type: ignore[assignment]  # filled in below, never None outside

    def __post_init__(self) -> None:
        if self.steady is None:
            object.__setattr__(self, "steady", np.ones(len(self.start_s), dtype=bool))

    def __len__(self) -> int:
        return len(self.start_s)


def cut_strides(
    time_s: FloatArray,
    flexion_rad: FloatArray,
    gait: BoolArray,
    side: Side,
    beyond: BoolArray | None = None,
) -> StrideCut:
    """Cut one leg's strides.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform grid.
    flexion_rad : (n,) array, rad
        Thigh or hip flexion; NaN in gaps. A stride is cut across a gap of up to 0.4 s, for the
        caller to exclude; longer gaps end the bout.
    gait : (n,) bool array
        Walking or running.
    side : {"left", "right"}
        Whose strides.
    beyond : (n,) bool array, optional
        Where strides may reach into from a bout; by default, nowhere.
    """
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0
    flexion_rad = _bridged(flexion_rad, round(_LONGEST_BRIDGE_S / step_s))
    known = np.isfinite(flexion_rad)
    bouts = stretches(gait & known, minimum=round(1.0 / step_s))
    open_rows = known & (gait if beyond is None else gait | beyond)
    parts: list[StrideCut] = []
    for bout, before, after in zip(bouts, [None, *bouts], [*bouts[1:], None], strict=False):
        reach = round(_REACH_S / step_s)
        first = max(bout.start - reach, 0 if before is None else (before.end + bout.start) // 2)
        last = min(bout.end + reach, len(known) if after is None else (bout.end + after.start) // 2)
        first = _nearest_gap(open_rows, first, bout.start, forwards=False)
        last = _nearest_gap(open_rows, last, bout.end, forwards=True)
        found = _bout_strides(flexion_rad[first:last], bout.start - first, bout.end - first, step_s)
        if found is None:
            continue
        rows, regular, steady = found
        if beyond is not None:  # a bout cut by a marker or a gap neither starts nor stops there
            for edge, row in ((0, bout.start - 1), (-1, bout.end)):
                steady[edge] &= not (0 <= row < len(beyond) and beyond[row])
        starts, lows, ends = time_s[first] + rows * step_s
        parts.append(StrideCut(side, starts, lows, ends, regular, steady))
    if not parts:
        empty, nothing = np.empty(0), np.empty(0, dtype=bool)
        return StrideCut(side, empty, empty, empty, nothing, nothing)
    starts, lows, ends, regular, steady = (
        np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS
    )
    return StrideCut(side, starts, lows, ends, regular, steady)


def _nearest_gap(open_rows: BoolArray, far: int, near: int, *, forwards: bool) -> int:
    """Return how far a bout reaches beyond `near` towards `far`."""
    if forwards:
        gap = np.flatnonzero(~open_rows[near:far])
        return near + int(gap[0]) if len(gap) else far
    gap = np.flatnonzero(~open_rows[far:near])
    return far + int(gap[-1]) + 1 if len(gap) else far


def _bout_strides(
    flexion_rad: FloatArray, begin: int, end: int, step_s: float
) -> tuple[FloatArray, BoolArray, BoolArray] | None:
    """Return starts, lows and ends (3, k) of a bout's strides in rows, which are regular, steady.

    Parameters
    ----------
    flexion_rad : (n,) array, rad
        Of the bout and of what is around it.
    begin, end : int
        The bout's own rows.
    """
    peaks, lows, size = _turning_points(flexion_rad, step_s)
    duration = np.diff(peaks)
    middle = 0.5 * (peaks[1:] + peaks[:-1])
    core = np.flatnonzero((middle >= begin) & (middle < end))
    if len(core) == 0:
        return None
    typical, usual_size = float(np.median(duration[core])), float(np.median(size[core]))
    like = (duration > _LIKE_THE_BOUT[0] * typical) & (duration < _LIKE_THE_BOUT[1] * typical)
    like &= size > _LEAST_EDGE_RANGE * usual_size
    first, last = core[0], core[-1]
    for _ in range(_MOST_EDGE_STRIDES):
        first -= int(first > 0 and like[first - 1])
        last += int(last < len(like) - 1 and like[last + 1])
    kept = slice(first, last + 1)
    duration, size = duration[kept], size[kept]
    regular = (duration > 0.5 * typical) & (duration < 2.0 * typical)
    around = (_running_median(duration), _running_median(size))
    steady = (duration > _STEADY_TIME[0] * around[0]) & (duration < _STEADY_TIME[1] * around[0])
    steady &= size > _STEADY_RANGE * around[1]
    rows = np.stack([peaks[:-1][kept], lows[kept], peaks[1:][kept]])
    return rows, regular, steady


def _running_median(values: FloatArray, n_around: int = 7) -> FloatArray:
    """Return the median of the values around each, fewer beyond the ends."""
    padded = np.pad(values, n_around // 2, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_around)
    return np.asarray(np.nanmedian(windows, axis=1))


def _bridged(flexion_rad: FloatArray, longest_samples: int) -> FloatArray:
    """Return the curve with short gaps closed by straight lines, only to count strides across."""
    missing = ~np.isfinite(flexion_rad)
    if missing.all() or not missing.any():
        return flexion_rad
    known = np.flatnonzero(~missing)
    # np.interp continues level beyond the ends: those rows stay missing
    rows = np.arange(len(flexion_rad))
    bridged = np.interp(rows, known, flexion_rad[known], left=np.nan, right=np.nan)
    for gap in stretches(missing, minimum=longest_samples + 1):
        bridged[gap.start : gap.end] = np.nan
    return np.asarray(bridged)


def _turning_points(
    flexion_rad: FloatArray, step_s: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the maxima and, between each two, the minimum (fractional rows) and the range."""
    rows, smooth = _maxima(_smoothed(flexion_rad, _FIRST_SMOOTHING_S, step_s), step_s)
    if len(rows) > 1:
        rows, smooth = _maxima(_smoothed_by_stride(flexion_rad, rows, step_s), step_s)
    fine = _smoothed(flexion_rad, 0.12, step_s)
    lows = np.array([a + int(np.argmin(fine[a:b])) for a, b in pairwise(rows)], dtype=int)
    size = fine[rows[:-1]] - fine[lows] if len(rows) > 1 else np.empty(0)
    return _parabola(smooth, rows), _parabola(fine, lows), size


def _smoothed_by_stride(flexion_rad: FloatArray, rows: IntArray, step_s: float) -> FloatArray:
    """Return the curve smoothed over half a stride, also where walkers begin to run."""
    around = _running_median(np.diff(rows).astype(float)) * step_s
    short, long = np.percentile(around, (10, 90))
    if long < _MIXED * short:
        return _smoothed(flexion_rad, 0.5 * float(np.median(around)), step_s)
    middle = 0.5 * (rows[1:] + rows[:-1])
    share = np.clip((around - short) / (long - short), 0.0, 1.0)
    part = np.interp(np.arange(len(flexion_rad)), middle, share)
    curves = [_smoothed(flexion_rad, 0.5 * float(window), step_s) for window in (short, long)]
    return np.asarray((1.0 - part) * curves[0] + part * curves[1])


def _maxima(smooth: FloatArray, step_s: float) -> tuple[IntArray, FloatArray]:
    """Return the rows of the maxima of the smoothed curve, and that curve."""
    peaks, _ = signal.find_peaks(
        smooth, prominence=_LOWEST_RANGE_RAD, distance=max(1, round(0.4 / step_s))
    )
    return peaks, smooth


def _smoothed(values: FloatArray, window_s: float, step_s: float) -> FloatArray:
    """Return the mean under a Hann window, the ends continued level."""
    n_rows = max(3, round(window_s / step_s) | 1)
    padded = np.pad(values, n_rows // 2, mode="edge")
    kernel = np.hanning(n_rows + 2)[1:-1]
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def _parabola(values: FloatArray, rows: IntArray) -> FloatArray:
    """Refine extrema to fractions of a sample by the parabola through three points."""
    inner = np.clip(rows, 1, len(values) - 2)
    before, at, after = values[inner - 1], values[inner], values[inner + 1]
    bend = before - 2 * at + after
    shift = np.where(np.abs(bend) > 1e-12, 0.5 * (before - after) / np.where(bend == 0, 1, bend), 0)
    return np.asarray(inner + np.clip(shift, -0.5, 0.5))
