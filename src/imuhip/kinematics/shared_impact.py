"""How late one sensor is against another, from an impact both felt: a tap on their table, a jump.

What an impact does to the length of acceleration and angular rate does not depend on how a sensor
is turned, so the two signals are shifted over each other until they agree best. On a table all
sensors feel it at once. In the body the shock of a landing takes some milliseconds from segment to
segment and straps soften it, which counts into the uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, ImuSeries

__all__ = ["IMPACT_KINDS", "ImpactKind", "ImpactOffset", "find_taps", "impact_offset"]

ImpactKind = Literal["tap", "jump"]
IMPACT_KINDS: Final[tuple[ImpactKind, ...]] = ("tap", "jump")

LARGEST_OFFSET_S: Final = 0.25
"""More is no residual of a clock, and would take one tap for the next."""
LEAST_LIKENESS: Final = 0.6
"""Correlation below which the two did not feel the same."""
SPREAD_S: Final = {"tap": 0.001, "jump": 0.006}
"""One sigma of how unequally soon an impact reaches two sensors."""
_STEP_S: Final = 0.001
_RATE_ARM: Final = 1.0
"""An angular rate of 1 rad/s counts as much as 1 m/s²."""
_PEAK: Final = 3.0
_STILL_ACC: Final = 0.5
_STILL_RATE: Final = 0.2
_STILL_SHARE: Final = 0.6
_AROUND_S: Final = 1.5
_LARGEST_TURN_RAD: Final = float(np.radians(6.0))
_APART_S: Final = 0.2
_KNOWN_SHARE: Final = 0.8
"""With less of a sensor's samples there, a tap may be among those that are not."""


@dataclass(frozen=True, slots=True)
class ImpactOffset:
    """How late a sensor's times are against another's.

    Parameters
    ----------
    offset_s : float, s
        Stated minus true time.
    sd_s : float, s
        One sigma.
    likeness : float
        Correlation of what the two felt.
    """

    offset_s: float
    sd_s: float
    likeness: float


def impact_offset(
    reference: ImuSeries, other: ImuSeries, start_s: float, end_s: float, kind: ImpactKind
) -> ImpactOffset | None:
    """Compare what two sensors felt between two instants; None where they felt no impact alike.

    Parameters
    ----------
    reference, other : ImuSeries
        Of any rates and mountings, on the recording's clock.
    start_s, end_s : float, s
        A stretch with the impact in it, and time to spare on both sides.
    kind : {"tap", "jump"}
        On a table beside the sensors, or of the person who wears them.
    """
    both = (reference.time_s, other.time_s)
    if not all(len(time_s) for time_s in both):
        return None
    start_s = max(start_s, *(float(time_s[0]) for time_s in both))
    end_s = min(end_s, *(float(time_s[-1]) for time_s in both))
    at_s = np.arange(start_s, end_s, _STEP_S)
    first, second = _felt(reference, at_s), _felt(other, at_s)
    if first is None or second is None:
        return None
    n_lags = round(LARGEST_OFFSET_S / _STEP_S)
    inside = slice(n_lags, len(at_s) - n_lags)
    if len(at_s) < 4 * n_lags or min(_peak(first[inside]), _peak(second)) < _PEAK:
        return None
    base = first[inside] - first[inside].mean(axis=0)
    likeness = np.empty(2 * n_lags + 1)
    for k in range(2 * n_lags + 1):
        moved = second[k : k + len(base)]
        moved = moved - moved.mean(axis=0)
        likeness[k] = np.sum(base * moved) / np.sqrt(np.sum(base**2) * np.sum(moved**2) + 1e-12)
    best = int(np.argmax(likeness))
    if likeness[best] < LEAST_LIKENESS or best in (0, 2 * n_lags):
        return None
    before, peak, after = likeness[best - 1 : best + 2]
    curvature = before - 2 * peak + after
    part = 0.5 * (before - after) / curvature if curvature < 0 else 0.0
    n_peaks = _count_peaks(first[inside][:, 0])
    periods_s = [float(np.median(np.diff(series.time_s))) for series in (reference, other)]
    # Each impact falls anywhere between two samples of either sensor.
    sampled_s = float(np.hypot(periods_s[0], periods_s[1])) / np.sqrt(12 * n_peaks)
    return ImpactOffset(
        (best - n_lags + float(np.clip(part, -1, 1))) * _STEP_S,
        float(np.hypot(sampled_s, SPREAD_S[kind])),
        float(peak),
    )


def find_taps(sensors: dict[str, ImuSeries]) -> list[tuple[float, float]]:
    """Return stretches in which all sensors lay still and were shaken by the same taps.

    On a table none of them turns: a person who lies still and jerks a leg up is not taken for one.

    Parameters
    ----------
    sensors : dict of segment to ImuSeries
        At least two.
    """
    begin_s = max(float(series.time_s[0]) for series in sensors.values())
    end_s = min(float(series.time_s[-1]) for series in sensors.values())
    step_s = 0.01
    at_s = np.arange(begin_s, end_s, step_s)
    shaken = np.ones(len(at_s), dtype=bool)
    still = np.ones(len(at_s), dtype=bool)
    near = round(_APART_S / step_s)
    for series in sensors.values():
        felt = _felt(series, at_s)
        if felt is None:
            return []
        shaken &= _widened(felt[:, 0] > _PEAK, near)
        still &= (felt[:, 0] < _STILL_ACC) & (felt[:, 1] < _STILL_RATE * _RATE_ARM)
    around = round(_AROUND_S / step_s)
    count = np.concatenate([[0], np.cumsum(still)])
    rows = np.arange(len(at_s))
    low, high = np.maximum(rows - around, 0), np.minimum(rows + around, len(at_s))
    share = (count[high] - count[low]) / (2 * around)
    hits = np.flatnonzero(shaken & (share >= _STILL_SHARE))
    if not len(hits):
        return []
    groups = np.split(hits, np.flatnonzero(np.diff(hits) > 2 * around) + 1)
    shaken_s = [(float(at_s[g[0]]), float(at_s[g[-1]])) for g in groups]
    return [
        (start_s, end_s)
        for start_s, end_s in shaken_s
        if not any(
            _turns(series.between(start_s - _AROUND_S, end_s + _AROUND_S))
            for series in sensors.values()
        )
    ]


def _turns(series: ImuSeries) -> bool:
    """Return whether a sensor is turned at any time further than a tap moves it."""
    rows = series.valid & np.isfinite(series.gyr).all(axis=1)
    if np.count_nonzero(rows) < 2:
        return True
    time_s, rate = series.time_s[rows], series.gyr[rows]
    free = rate[:-1] - np.median(rate, axis=0)  # nearly still: the median is the bias
    angle = np.cumsum(free * np.diff(time_s)[:, None], axis=0)
    return bool(np.linalg.norm(angle - angle[0], axis=1).max() > _LARGEST_TURN_RAD)


def _felt(series: ImuSeries, at_s: FloatArray) -> FloatArray | None:
    """Return change of the length of acceleration, and angular rate, (n, 2); None in a gap."""
    known = series.valid & np.isfinite(series.acc).all(axis=1) & np.isfinite(series.gyr).all(axis=1)
    if not len(at_s):
        return None
    near = (series.time_s > at_s[0] - 0.5) & (series.time_s < at_s[-1] + 0.5)
    inside = known & near
    covers = series.time_s[0] <= at_s[0] + 0.5 and series.time_s[-1] >= at_s[-1] - 0.5
    if not covers or np.count_nonzero(inside) < max(10, _KNOWN_SHARE * np.count_nonzero(near)):
        return None
    time_s = series.time_s[inside]
    acc = np.linalg.norm(series.acc[inside], axis=1)
    rate = np.linalg.norm(series.gyr[inside], axis=1) * _RATE_ARM
    acc = np.abs(acc - np.median(acc))
    return np.stack([np.interp(at_s, time_s, acc), np.interp(at_s, time_s, rate)], axis=1)


def _peak(felt: FloatArray) -> float:
    return float(felt[:, 0].max()) if len(felt) else 0.0


def _count_peaks(felt: FloatArray) -> int:
    """Return how many impacts there are, told apart by a fifth of a second."""
    high = np.flatnonzero(felt > max(_PEAK, 0.3 * float(felt.max())))
    return 1 + int(np.count_nonzero(np.diff(high) > _APART_S / _STEP_S))


def _widened(rows: BoolArray, by: int) -> BoolArray:
    return np.convolve(rows, np.ones(2 * by + 1), mode="same") > 0.5
