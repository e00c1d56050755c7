"""Strides, cut at successive maxima of thigh flexion.

The flexion maximum comes shortly before initial contact and, unlike the contact, does not depend on
impacts, shoes or surface; every stride from maximum to maximum is one gait cycle. Many walkers hold
the thigh up over a quarter of the cycle with two humps of equal height, in late swing and in
loading response, so the maximum is taken of a curve smoothed over half a stride: it has one hump.
Toe-off is taken from the thigh's greatest extension: the foot leaves the ground shortly after it.
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

_TOE_OFF_DELAY_S = 0.045
"""From greatest thigh extension to toe-off, 30..60 ms; ±40 ms on a person."""


@dataclass(frozen=True, slots=True)
class StrideCut:
    """Strides of one leg.

    Parameters
    ----------
    side : {"left", "right"}
    start_s, toe_off_s, end_s : (k,) arrays, s
        Flexion maximum (smoothed), estimated toe-off, next flexion maximum.
    regular : (k,) bool array
        Whether the stride time is within half and twice the median of its bout.
    """

    side: Side
    start_s: FloatArray
    toe_off_s: FloatArray
    end_s: FloatArray
    regular: BoolArray

    def __len__(self) -> int:
        return len(self.start_s)


def cut_strides(
    time_s: FloatArray, flexion_rad: FloatArray, gait: BoolArray, side: Side
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
    """
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 1.0
    flexion_rad = _bridged(flexion_rad, round(_LONGEST_BRIDGE_S / step_s))
    starts: list[FloatArray] = []
    offs: list[FloatArray] = []
    ends: list[FloatArray] = []
    regular: list[BoolArray] = []
    for bout in stretches(gait & np.isfinite(flexion_rad), minimum=round(1.0 / step_s)):
        peaks, toe_offs = _turning_points(flexion_rad[bout.start : bout.end], step_s)
        if len(peaks) < 2:
            continue
        at = time_s[bout.start] + peaks * step_s
        duration = np.diff(at)
        starts.append(at[:-1])
        ends.append(at[1:])
        offs.append(time_s[bout.start] + toe_offs * step_s + _TOE_OFF_DELAY_S)
        typical = np.median(duration)
        regular.append((duration > 0.5 * typical) & (duration < 2.0 * typical))
    if not starts:
        empty = np.empty(0)
        return StrideCut(side, empty, empty, empty, np.empty(0, dtype=bool))
    return StrideCut(
        side,
        np.concatenate(starts),
        np.concatenate(offs),
        np.concatenate(ends),
        np.concatenate(regular),
    )


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


def _turning_points(flexion_rad: FloatArray, step_s: float) -> tuple[FloatArray, FloatArray]:
    """Return the maxima and, between each two, the minimum, in fractional samples."""
    peaks, smooth = _maxima(flexion_rad, _FIRST_SMOOTHING_S, step_s)
    if len(peaks) > 1:
        stride_s = float(np.median(np.diff(peaks))) * step_s
        peaks, smooth = _maxima(flexion_rad, 0.5 * stride_s, step_s)
    fine = _smoothed(flexion_rad, 0.12, step_s)
    lows = [a + int(np.argmin(fine[a:b])) for a, b in pairwise(peaks)]
    return _parabola(smooth, peaks), _parabola(fine, np.array(lows, dtype=int))


def _maxima(flexion_rad: FloatArray, window_s: float, step_s: float) -> tuple[IntArray, FloatArray]:
    """Return the rows of the maxima of the smoothed curve, and that curve."""
    smooth = _smoothed(flexion_rad, window_s, step_s)
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
