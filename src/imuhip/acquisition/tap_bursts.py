"""How one sensor was pushed of late, and which pushes stand out of what is usual for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["FeltPushes", "TapPolicy"]

_EXPLAINED: Final = 3
"""More knocks than these within what is usual, and they are usual: somebody began to walk."""


@dataclass(frozen=True, slots=True)
class TapPolicy:
    """What counts as a tap; lengths in s, accelerations in m/s².

    Parameters
    ----------
    floor : float, m/s²
        Weakest push that is a burst, in whatever silence. A push is the acceleration of some
        samples less that of those before and after, as a mean over `push_s`: slow movement is
        not in it, and it is the same whatever the sample rate.
    times_usual : float
        A burst exceeds what was usual by this factor.
    usual_s, usual_quantile : float
        What is usual: this quantile of the pushes over this time.
    least_s : float, s
        Nothing is judged of a sensor before it was heard for this long.
    times_step, step_s, step_quantile : float
        And by that factor this quantile of the hardest pushes in stretches so long, s.
    push_s : float, s
        About how long a tap pushes.
    burst_s : float, s
        Bursts nearer than this are one.
    pair_s : tuple of float, s
        Shortest and longest time between the two taps. What falls bounces faster, and the
        strides of who runs take longer.
    around_s : float, s
        How long before them others must have been calm.
    after_s : float, s
        How long after them: who begins to walk goes on walking.
    echo : float
        Share of the tap that others may feel.
    likeness : float
        One tap may be harder than the other by this factor.
    distinct : float
        The harder of the two exceeds what a burst must exceed by this factor.
    most_bursts : int
        More of them around the two, and the sensor is being handled.
    listening : float
        Share of the samples that others must have delivered.
    """

    floor: float = 4.0
    times_usual: float = 1.5
    usual_s: float = 5.0
    usual_quantile: float = 0.95
    least_s: float = 2.5
    times_step: float = 1.6
    step_s: float = 0.5
    step_quantile: float = 0.65
    push_s: float = 0.01
    burst_s: float = 0.08
    pair_s: tuple[float, float] = (0.17, 0.6)
    around_s: float = 0.3
    after_s: float = 0.7
    echo: float = 0.4
    likeness: float = 3.0
    distinct: float = 1.4
    most_bursts: int = 4
    listening: float = 0.8


class FeltPushes:
    """How one sensor was pushed of late."""

    def __init__(self, rate_hz: float, policy: TapPolicy) -> None:
        # A push that falls between two samples is in their sum as it would be in one of them.
        self._length = 4 * max(1, round(rate_hz * policy.push_s))
        self._period_s = 1.0 / rate_hz
        self._policy = policy
        self._kept_s = policy.usual_s + 2 * (policy.pair_s[1] + policy.after_s) + 2.0
        self._time_s = np.zeros(0)
        self._acc = np.zeros((0, 3))
        self.time_s = np.zeros(0)
        self.push = np.zeros(0)
        self.explained: deque[tuple[float, float]] = deque(maxlen=50)
        """Stretches of knocks that were told: no part of what is usual."""

    def add(self, time_s: FloatArray, acc: FloatArray) -> None:
        """Take the next samples; rows that do not go on or have no value are left out."""
        time_s, acc = np.asarray(time_s, dtype=float), np.asarray(acc, dtype=float)
        usable = np.isfinite(acc).all(axis=1) & np.isfinite(time_s)
        if len(self._time_s):
            usable &= time_s > self._time_s[-1]
        time_s = np.concatenate([self._time_s, time_s[usable]])
        kept = time_s > (time_s[-1] - self._kept_s if len(time_s) else 0.0)
        self._time_s = time_s[kept]
        self._acc = np.concatenate([self._acc, acc[usable]])[kept]
        length = self._length
        if len(self._time_s) < length:
            return
        sums = np.concatenate([np.zeros((1, 3)), np.cumsum(self._acc, axis=0)])
        half = length // 4
        starts = np.arange(len(self._acc) - length + 1)
        middle = sums[starts + 3 * half] - sums[starts + half]
        beside = sums[starts + length] - sums[starts] - middle
        push = np.linalg.norm(middle - beside, axis=1) * self._period_s / self._policy.push_s
        # Over a gap a turn of the wrist looks like a push.
        span_s = self._time_s[length - 1 :] - self._time_s[: len(starts)]
        self.push = np.where(span_s < (length + 0.5) * self._period_s, push, 0.0)
        self.time_s = 0.5 * (self._time_s[length - 1 :] + self._time_s[: len(starts)])

    @property
    def newest_s(self) -> float:
        """Return the time of the newest push; minus infinity before there is one."""
        return float(self.time_s[-1]) if len(self.time_s) else -np.inf

    @property
    def is_settled(self) -> bool:
        """Return whether it was heard long enough to know what is usual."""
        return len(self.time_s) * self._period_s >= self._policy.least_s

    def between(self, start_s: float, end_s: float) -> FloatArray:
        """Return the pushes of a stretch."""
        first, stop = np.searchsorted(self.time_s, (start_s, end_s))
        return self.push[first:stop]

    def is_listening(self, start_s: float, end_s: float) -> bool:
        """Return whether it delivered its samples in a stretch."""
        expected = (end_s - start_s) / self._period_s
        return len(self.between(start_s, end_s)) >= self._policy.listening * expected

    def threshold(self, at_s: float) -> float:
        """Return what a burst at this time must exceed."""
        policy = self._policy
        start_s, stop_s = at_s - policy.usual_s, at_s - policy.burst_s
        before = self.between(start_s, stop_s)
        if len(before) * self._period_s < policy.least_s:
            return np.inf
        explained = [one for one in self.explained if one[1] > start_s and one[0] < stop_s]
        if 0 < len(explained) <= _EXPLAINED:
            first, stop = np.searchsorted(self.time_s, (start_s, stop_s))
            time_s = self.time_s[first:stop]
            before = before[~np.any([(a < time_s) & (time_s < b) for a, b in explained], axis=0)]
        usual = float(np.quantile(before, policy.usual_quantile)) if len(before) else 0.0
        # Steps are fewer than a quantile of samples sees. Of half seconds, most have one, and a few
        # with taps that were not understood change nothing.
        width = max(1, round(policy.step_s / self._period_s))
        stretches = before[len(before) % width :].reshape(-1, width)
        hardest = np.sort(stretches.max(axis=1, initial=0.0))
        step = float(hardest[int(policy.step_quantile * (len(hardest) - 1))]) if len(hardest) else 0
        return max(policy.floor, policy.times_usual * usual, policy.times_step * step)

    def bursts(self, start_s: float, end_s: float) -> list[tuple[float, float, float]]:
        """Return time, strength and threshold of each burst that stands out of what was usual."""
        reach = max(1, round(self._policy.burst_s / self._period_s))
        first, stop = np.searchsorted(self.time_s, (start_s, end_s))
        if first >= stop:
            return []
        around = np.pad(self.push, reach)
        highest = np.lib.stride_tricks.sliding_window_view(around, 2 * reach + 1)[first:stop]
        push = self.push[first:stop]
        peaks = np.flatnonzero(
            (push > self._policy.floor) & (push >= highest.max(axis=1, initial=0))
        )
        found = [
            (float(self.time_s[i]), float(self.push[i]), self.threshold(float(self.time_s[i])))
            for i in first + peaks
        ]
        return [one for one in found if one[1] >= one[2]]
