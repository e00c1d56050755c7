"""What the person does, second by second, before anything is known about the mounting.

Gait is periodic in every thigh, alternates between the legs, and shakes the pelvis twice a stride.
All three are asked of signals that do not depend on how a sensor is turned on its segment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

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
    n_samples = len(rate)
    centred = rate - rate.mean(axis=0)
    spectrum = np.fft.rfft(centred, 2 * n_samples, axis=0)
    correlation = np.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1))[:n_samples]
    if correlation[0] <= 0.0:
        return float("nan"), 0.0
    # A shorter overlap has less energy: compare each lag with the energy it could have had.
    share = correlation / correlation[0] * n_samples / np.arange(n_samples, 0, -1)
    first, last = (round(limit * rate_hz) for limit in _PERIOD_LIMITS_S)
    last = min(last, n_samples // 2 + n_samples // 4)
    if last <= first + 2:
        return float("nan"), 0.0
    part = share[first : last + 1]
    peaks = np.flatnonzero((part[1:-1] >= part[:-2]) & (part[1:-1] > part[2:])) + 1
    if len(peaks) == 0 or part[peaks].max() <= 0.0:
        return float("nan"), 0.0
    best = part[peaks].max()
    # The first peak nearly as high as the best one is the stride; later ones are two strides.
    peak = peaks[part[peaks] >= 0.85 * best][0]
    return float((first + peak) / rate_hz), float(min(1.0, part[peak]))


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
    absent = absent or {}
    frame = round(FRAME_S * rate_hz)
    window = round(WINDOW_S * rate_hz)
    period = np.full(len(still), np.nan)
    for k in (int(row) for row in np.flatnonzero(~still)):
        centre = k * frame + frame // 2
        start = max(0, min(centre - window // 2, len(pelvis_acc) - window))
        rows = slice(start, start + window)
        own = slice(k * frame - start, (k + 1) * frame - start)
        gone = {segment for segment, flags in absent.items() if flags[rows].any()}
        thighs = [rate[rows] for name, rate in thigh_rates.items() if name not in gone]
        if not thighs or "pelvis" in gone:
            continue
        period[k] = gait_period_s(thighs, pelvis_acc[rows], own, rate_hz)
    gait = _without_lone_frames(np.isfinite(period))
    period[~gait] = np.nan
    return Activity(gait=gait, still=still.copy(), period_s=period)


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
