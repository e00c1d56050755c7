"""Where each repetition of a test begins, is farthest, and ends.

A repetition is an excursion that stands out from what lies between it and its neighbours by six
tenths of what the set's own repetitions do: a hold with a second push is one repetition, a fidget
or a false start none, and nobody has to come back to where they began. Rest before it ends where
it would have begun to gather speed as people do, with the square of time; a speed threshold alone
is late by a tenth of a second. Its start and end are where 5 % of its own way are done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import signal

from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.series import FloatArray, IntArray

__all__ = ["Repetition", "find_both_ways", "find_repetitions"]

_SMOOTH_HZ = 4.0
_OUTSTANDING = 0.6
_PEER = 0.4
"""Of the largest excursion: what counts when the set's usual size is taken."""

_NEAR_REST = 0.3
_START = 0.05
_AROUND_REST = 0.12
_REST_S = 1.0
_SLOW, _FASTER = 0.05, 0.2
"""Shares of a repetition's greatest speed between which its beginning is carried back."""


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition.

    Parameters
    ----------
    start_s, peak_s, end_s : float, s
        When 5 % of its way are done, it is farthest, and back to 5 %.
    rest, peak, back : int
        Rows: the last of rest before it, the farthest, the first of rest after it.
    height_rad : float, rad
        How far it stands out.
    """

    start_s: float
    peak_s: float
    end_s: float
    rest: int
    peak: int
    back: int
    height_rad: float


def find_repetitions(
    time_s: FloatArray,
    angle_rad: FloatArray,
    *,
    least_rad: float,
    rest_rad: float = -np.inf,
    least_s: float = 0.4,
) -> tuple[Repetition, ...]:
    """Return the repetitions of one set, in order of time.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    angle_rad : (n,) array, rad
        Grows in the direction of the test; finite.
    least_rad : float, rad
        Smaller excursions are none, however regular.
    rest_rad : float, rad
        Where the test goes to both sides of rest: repetitions rise from here, and what lies below
        belongs to the other side.
    least_s : float, s
        Peaks nearer to each other than this are one.
    """
    if len(time_s) < 8:
        return ()
    step_s = float(time_s[1] - time_s[0])
    smooth = zero_phase(low_pass(_SMOOTH_HZ, 1.0 / step_s), angle_rad)
    peaks, found = signal.find_peaks(
        np.maximum(smooth, rest_rad), prominence=least_rad, distance=max(1, round(least_s / step_s))
    )
    if len(peaks) == 0:
        return ()
    height = found["prominences"]
    usual = float(np.median(height[height >= _PEER * height.max()]))
    keep = height >= _OUTSTANDING * usual
    # nobody comes back to rest exactly: a little of what lies below it is still this side's
    smooth = np.maximum(smooth, rest_rad - _AROUND_REST * usual)
    speed = np.gradient(smooth, step_s)
    lows = _lows(smooth, peaks[keep])
    return tuple(
        _bounded(time_s, smooth, speed, int(a), int(peak), int(b), float(tall))
        for a, peak, b, tall in zip(lows[:-1], peaks[keep], lows[1:], height[keep], strict=True)
    )


def find_both_ways(
    time_s: FloatArray, angle_rad: FloatArray, ways: Mapping[str, float], *, least_rad: float
) -> dict[str, tuple[Repetition, ...]]:
    """Return the repetitions of a set that goes to both sides of rest, by their direction.

    Parameters
    ----------
    time_s, angle_rad : (n,) arrays
        As for `find_repetitions`; the first second is rest.
    ways : mapping of direction to {1, -1}
        Its sign.
    least_rad : float, rad
    """
    rest = float(np.median(angle_rad[: np.searchsorted(time_s, time_s[0] + _REST_S)]))
    return {
        direction: find_repetitions(
            time_s, sign * angle_rad, least_rad=least_rad, rest_rad=sign * rest
        )
        for direction, sign in ways.items()
    }


def _lows(smooth: FloatArray, peaks: IntArray) -> IntArray:
    """Return the rows of the lowest point before, between and after the peaks."""
    edges = [0, *peaks, len(smooth)]
    lows = [a + int(np.argmin(smooth[a:b])) for a, b in pairwise(edges)]
    return np.array(lows)


def _bounded(
    time_s: FloatArray, smooth: FloatArray, speed: FloatArray,
    low: int, peak: int, next_low: int, height_rad: float,
) -> Repetition:  # fmt: skip
    rest, start = _onset(smooth[low : peak + 1], speed[low : peak + 1])
    back, end = _onset(smooth[peak : next_low + 1][::-1], -speed[peak : next_low + 1][::-1])
    at = np.interp((low + start, next_low - end), np.arange(len(time_s)), time_s)
    return Repetition(
        float(at[0]), float(time_s[peak]), float(at[1]),
        low + rest, peak, next_low - back, height_rad,
    )  # fmt: skip


def _onset(smooth: FloatArray, speed: FloatArray) -> tuple[int, float]:
    """Return the last row of rest before the peak at the end, and where the start is done."""
    if len(smooth) < 3:
        return 0, 0.0
    fastest = float(speed.max())
    near = smooth < smooth[0] + _NEAR_REST * (smooth[-1] - smooth[0])
    below = np.flatnonzero(near & (speed < _SLOW * fastest))
    slow = int(below[-1]) if len(below) else 0
    faster = int(np.argmax(speed[slow:] >= _FASTER * fastest))
    # speed ~ (t - t0)²: twice as long from t0 to a fifth of the speed as to a twentieth
    rest = max(0, slow - faster)
    level = smooth[rest] + _START * (smooth[-1] - smooth[rest])
    under = np.flatnonzero(smooth[rest:] < level)
    row = rest + (int(under[-1]) if len(under) else 0)
    if row + 1 >= len(smooth) or smooth[row + 1] <= smooth[row]:
        return rest, float(row)
    return rest, row + float((level - smooth[row]) / (smooth[row + 1] - smooth[row]))
