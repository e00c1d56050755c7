"""What the person does, second by second, before anything is known about the mounting.

Gait is periodic in every thigh, alternates between the legs, and shakes the pelvis twice a stride.
All three are asked of signals that do not depend on how a sensor is turned on its segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.fft import next_fast_len

from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = [
    "FRAME_S",
    "WINDOW_S",
    "Activity",
    "find_gait_frames",
    "gait_period_s",
    "stride_period_s",
]

FRAME_S = 1.0
"""Activity is judged once a second."""

WINDOW_S = 4.0
"""Long enough for two strides of the slowest walk worth the name."""

_PERIOD_LIMITS_S = (0.5, 1.8)
_THIGH_RATE_RMS_RAD_S = 0.5
_PERIODICITY = 0.45
_PELVIS_FORCE_SD_M_S2 = 0.5

_WINDOWS_AT_ONCE = 64
"""Their spectra fit into the cache."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Labels of frames of `FRAME_S`, half open, aligned with row 0 of the grid.

    Parameters
    ----------
    gait : (f,) bool array
        Walking or running.
    still : (f,) bool array
        No sensor moves.
    period_s : (f,) array, s
        Stride time where there is gait, NaN elsewhere.
    """

    gait: BoolArray
    still: BoolArray
    period_s: FloatArray


def stride_period_s(rate: FloatArray, rate_hz: float) -> tuple[float, float]:
    """Return the period (s) at which a vector signal repeats itself best, and how well (0..1).

    Parameters
    ----------
    rate : (n, 3) array, rad/s
        A few seconds of low-passed angular rate; the lag product of vectors ignores the mounting.
    rate_hz : float
        Sample rate.
    """
    period_s, share = _stride_periods_s(rate.T[None], rate_hz)
    return float(period_s[0]), float(share[0])


def _stride_periods_s(windows: FloatArray, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return periods (k,) s and shares (k,) of many windows (k, 3, n); see `stride_period_s`."""
    n_samples = windows.shape[2]
    first, last = (round(limit * rate_hz) for limit in _PERIOD_LIMITS_S)
    last = min(last, n_samples // 2 + n_samples // 4)
    period_s, found = np.full(len(windows), np.nan), np.zeros(len(windows))
    if last <= first + 2 or len(windows) == 0:
        return period_s, found
    n_padded = next_fast_len(n_samples + last + 1, real=True)  # no lag looked at wraps around
    spectrum = np.fft.rfft(windows - windows.mean(axis=2, keepdims=True), n_padded)
    power = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    correlation = np.fft.irfft(power, n_padded)[:, : last + 1]
    # A shorter overlap has less energy: compare each lag with the energy it could have had.
    overlap = n_samples / np.arange(n_samples, n_samples - last - 1, -1)
    share = correlation * overlap / np.maximum(correlation[:, :1], np.finfo(float).tiny)
    inner, before, after = (share[:, first + 1 + k : last + k] for k in (0, -1, 1))
    peaks = np.where((inner >= before) & (inner > after), inner, -np.inf)
    best = peaks.max(axis=1)
    # The first peak nearly as high as the best one is the stride; later ones are two strides.
    peak = np.argmax(peaks >= 0.85 * best[:, None], axis=1)
    good = (best > 0.0) & (correlation[:, 0] > 0.0)
    period_s[good] = (first + 1 + peak[good]) / rate_hz
    found[good] = np.minimum(1.0, inner[good, peak[good]])
    return period_s, found


def gait_period_s(
    thigh_windows: Sequence[FloatArray], pelvis_window: FloatArray, own: slice, rate_hz: float
) -> float:
    """Return the stride period (s) of one frame, NaN when it is not gait.

    Parameters
    ----------
    thigh_windows : sequence of (w, 3) arrays, rad/s
        Low-passed (5 Hz) angular rates of every thigh over `WINDOW_S` around or before the frame.
    pelvis_window : (w, 3) array, m/s²
        Low-passed specific force of the pelvis sensor.
    own : slice
        The rows of the frame itself inside the window.
    rate_hz : float
        Sample rate.
    """
    if np.linalg.norm(pelvis_window, axis=1).std() < _PELVIS_FORCE_SD_M_S2:
        return float("nan")
    found = [_thigh_period(window, window[own], rate_hz) for window in thigh_windows]
    if not all(np.isfinite(found)) or max(found) > 1.25 * min(found):
        return float("nan")
    return float(np.mean(found))


def find_gait_frames(
    thigh_rates: Mapping[str, FloatArray],
    pelvis_acc: FloatArray,
    still: BoolArray,
    rate_hz: float,
    absent: Mapping[str, BoolArray] | None = None,
) -> Activity:
    """Label every frame of a whole recording.

    Parameters
    ----------
    thigh_rates : mapping of thigh to (n, 3) array, rad/s
        Low-passed (5 Hz) angular rates; NaN is not allowed, gaps are filled by the caller.
    pelvis_acc : (n, 3) array, m/s²
        Low-passed specific force of the pelvis sensor.
    still : (f,) bool array
        Still frames of `FRAME_S`.
    rate_hz : float
        Sample rate.
    absent : mapping of segment to (n,) bool array, optional
        Where a sensor is gone for long; a thigh is not asked about frames near that.
    """
    frame = round(FRAME_S * rate_hz)
    window = min(round(WINDOW_S * rate_hz), len(pelvis_acc))
    frames = np.flatnonzero(~still)
    centres = frames * frame + frame // 2
    starts = np.maximum(0, np.minimum(centres - window // 2, len(pelvis_acc) - window))
    gone = {
        segment: _total(flags.astype(float), starts, window) > 0
        for segment, flags in (absent or {}).items()
    }
    force = np.linalg.norm(pelvis_acc, axis=1)
    force -= force.mean()  # the spread of small numbers is told more exactly
    mean = _total(force, starts, window) / window
    variance = _total(force**2, starts, window) / window - mean**2
    moving = variance >= _PELVIS_FORCE_SD_M_S2**2
    if "pelvis" in gone:
        moving &= ~gone["pelvis"]
    found = np.full((len(thigh_rates), len(frames)), np.nan)
    asked = np.zeros(found.shape, dtype=bool)
    for k, (name, rate) in enumerate(thigh_rates.items()):
        asked[k] = ~gone.get(name, np.zeros(len(frames), dtype=bool))
        square = np.einsum("nc,nc->n", rate, rate)
        rms = np.minimum(
            _total(square, starts, window) / window,
            _total(square, frames * frame, frame) / frame,
        )
        rows = np.flatnonzero(moving & asked[k] & (rms >= _THIGH_RATE_RMS_RAD_S**2))
        found[k, rows] = _window_periods_s(rate, starts[rows], window, rate_hz)
    period = np.full(len(still), np.nan)
    period[frames] = _agreed(found, asked)
    gait = _without_lone_frames(np.isfinite(period))
    period[~gait] = np.nan
    return Activity(gait=gait, still=still.copy(), period_s=period)


def _total(values: FloatArray, starts: IntArray, n_rows: int) -> FloatArray:
    """Return the sums of the `n_rows` values from each start on."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[np.minimum(starts + n_rows, len(values))] - total[starts])


def _window_periods_s(
    rate: FloatArray, starts: IntArray, window: int, rate_hz: float
) -> FloatArray:
    """Return the stride period of each window, NaN where it does not repeat itself."""
    columns = np.ascontiguousarray(rate.T)
    views = np.lib.stride_tricks.sliding_window_view(columns, window, axis=1).transpose(1, 0, 2)
    period_s = np.empty(len(starts))
    for first in range(0, len(starts), _WINDOWS_AT_ONCE):
        some = slice(first, first + _WINDOWS_AT_ONCE)
        periods, share = _stride_periods_s(views[starts[some]], rate_hz)
        period_s[some] = np.where(share > _PERIODICITY, periods, np.nan)
    return period_s


def _agreed(period_s: FloatArray, asked: BoolArray) -> FloatArray:
    """Return the mean of the thighs' periods (t, f), NaN unless all that were asked agree."""
    told = asked & np.isfinite(period_s)
    low = np.where(told, period_s, np.inf).min(axis=0, initial=np.inf)
    high = np.where(told, period_s, 0.0).max(axis=0, initial=0.0)
    good = (told == asked).all(axis=0) & asked.any(axis=0) & (high <= 1.25 * low)
    total = np.where(told, period_s, 0.0).sum(axis=0)
    return np.where(good, total / np.maximum(told.sum(axis=0), 1), np.nan)


def _thigh_period(window: FloatArray, own: FloatArray, rate_hz: float) -> float:
    """Return the stride period of one thigh, NaN when it does not move as in gait."""
    rms = [np.sqrt((part**2).sum(axis=1).mean()) for part in (window, own)]
    if min(rms) < _THIGH_RATE_RMS_RAD_S:
        return float("nan")
    period, share = stride_period_s(window, rate_hz)
    return period if share > _PERIODICITY else float("nan")


def _without_lone_frames(gait: BoolArray, shortest: int = 3) -> BoolArray:
    """Drop runs shorter than `shortest` frames; close single frames missing inside a run."""
    closed = gait.copy()
    closed[1:-1] |= gait[:-2] & gait[2:]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed.astype(np.int8), [0]])))
    for a, b in zip(edges[::2], edges[1::2], strict=True):
        if b - a < shortest:
            closed[a:b] = False
    return closed
