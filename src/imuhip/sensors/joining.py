"""Streams of one sensor that come apart, brought to the instants of one of them.

The gyroscope's samples set the pace, because orientation is integrated from them and interpolation
would cut the peaks of what is integrated. Acceleration and field are taken as they are where they
were sampled at the same instant, else interpolated between their neighbours, and the samples say
so. A gyroscope sample without acceleration on both sides is given up and its number stays missing:
no value is made up, and the account counts it as lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.sensor import FLAGS, SampleBlock
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["SAME_INSTANT", "JoinedSamples", "StreamJoiner", "no_samples"]

SAME_INSTANT: Final = 0.1
"""Of a period: what fine stamps of the same instant may differ by."""
_NEIGHBOUR_PERIODS: Final = 1.5
"""Samples farther apart than this have others missing between them."""
_PATIENCE_S: Final = 6.0
"""What is older was lost: the slowest stream fills a packet in less."""


@dataclass(frozen=True, slots=True)
class JoinedSamples:
    """Consecutive samples with everything known at their instants.

    Parameters
    ----------
    first : int
        Number of the first.
    time_s : (n,) array, s
        Of the gyroscope's samples.
    gyr, acc : (n, 3) array
        As given to the joiner.
    mag : (n, 3) array or None
        NaN where unknown.
    is_resampled : bool
        Whether any acceleration or field was interpolated.
    """

    first: int
    time_s: FloatArray
    gyr: FloatArray
    acc: FloatArray
    mag: FloatArray | None
    is_resampled: bool

    def block(self, packet_time_s: float, *, acc_limit: float, gyr_limit: float) -> SampleBlock:
        """Return the samples as a block.

        Parameters
        ----------
        packet_time_s : float, s
            The newest sample time in the packet that completed them.
        acc_limit, gyr_limit : float, m/s² and rad/s
            A value from here on was cut off at the end of its range.
        """
        flags = FLAGS["resampled"] if self.is_resampled else 0
        if np.abs(self.acc).max() >= acc_limit:
            flags |= FLAGS["clip_acc"]
        if np.abs(self.gyr).max() >= gyr_limit:
            flags |= FLAGS["clip_gyr"]
        return SampleBlock(
            first_seq=self.first,
            device_time_s=self.time_s,
            acc=self.acc,
            gyr=self.gyr,
            mag=self.mag,
            flags=flags,
            packet_time_s=packet_time_s,
        )


def no_samples(*, has_mag: bool = False) -> SampleBlock:
    """Return the block of a packet that completes no sample."""
    none = np.empty((0, 3))
    return SampleBlock(0, np.empty(0), none, none, none if has_mag else None)


class _Track:
    """The newest samples of a stream that is brought to the instants of another."""

    def __init__(self, rate_hz: float, same_instant: float) -> None:
        self.period_s = 1 / rate_hz
        self.same_s = same_instant / rate_hz
        self.time_s: FloatArray = np.empty(0)
        self.values: FloatArray = np.empty((0, 3))

    @property
    def end_s(self) -> float:
        return float(self.time_s[-1]) if len(self.time_s) else -np.inf

    def append(self, time_s: FloatArray, values: FloatArray) -> None:
        self.time_s = np.concatenate([self.time_s, time_s])
        self.values = np.concatenate([self.values, values])
        self.forget_before(self.end_s - _PATIENCE_S)

    def forget_before(self, time_s: float) -> None:
        keep = int(np.searchsorted(self.time_s, time_s - 2 * self.period_s))
        self.time_s, self.values = self.time_s[keep:], self.values[keep:]

    def at(self, time_s: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Return (n, 3) values, NaN where unknown, and which of them are interpolated."""
        out = np.full((len(time_s), 3), np.nan)
        if not len(self.time_s):
            return out, np.zeros(len(time_s), dtype=bool)
        right = np.clip(np.searchsorted(self.time_s, time_s), 0, len(self.time_s) - 1)
        left = np.maximum(right - 1, 0)
        nearest = np.where(time_s - self.time_s[left] < self.time_s[right] - time_s, left, right)
        same = np.abs(self.time_s[nearest] - time_s) <= self.same_s
        out[same] = self.values[nearest[same]]
        span_s = self.time_s[right] - self.time_s[left]
        between = ~same & (self.time_s[left] < time_s) & (time_s < self.time_s[right])
        between &= span_s <= _NEIGHBOUR_PERIODS * self.period_s
        lo, hi = left[between], right[between]
        share = ((time_s[between] - self.time_s[lo]) / span_s[between])[:, None]
        out[between] = self.values[lo] + share * (self.values[hi] - self.values[lo])
        return out, between


class StreamJoiner:
    """Joins acceleration, angular rate and, if wanted, the magnetic field.

    Parameters
    ----------
    rate_hz : float
        Nominal, of acceleration and angular rate.
    mag_rate_hz : float, optional
        Nominal, of the field; without one there is none.
    same_instant : float
        What stamps of the same instant may differ by, in periods.
    """

    def __init__(
        self,
        rate_hz: float,
        mag_rate_hz: float | None = None,
        *,
        same_instant: float = SAME_INSTANT,
    ) -> None:
        self._acc = _Track(rate_hz, same_instant)
        self._mag = None if mag_rate_hz is None else _Track(mag_rate_hz, same_instant)
        self._seq: IntArray = np.empty(0, dtype=np.int64)
        self._time_s: FloatArray = np.empty(0)
        self._gyr: FloatArray = np.empty((0, 3))

    def add_gyr(self, first: int, time_s: FloatArray, values: FloatArray) -> None:
        """Take angular rate; numbers and times rise from call to call."""
        seq = np.arange(first, first + len(time_s), dtype=np.int64)
        self._seq = np.concatenate([self._seq, seq])
        self._time_s = np.concatenate([self._time_s, time_s])
        self._gyr = np.concatenate([self._gyr, values])

    def add_acc(self, time_s: FloatArray, values: FloatArray) -> None:
        """Take acceleration; times rise from call to call."""
        self._acc.append(time_s, values)

    def add_mag(self, time_s: FloatArray, values: FloatArray) -> None:
        """Take the field; times rise from call to call. Nothing happens if none is wanted."""
        if self._mag is not None:
            self._mag.append(time_s, values)

    def take(self) -> JoinedSamples | None:
        """Return the next samples that have all they wait for, up to the next number missing."""
        n_ready = self._ready()
        acc, between = self._acc.at(self._time_s[:n_ready])
        known = np.flatnonzero(np.isfinite(acc[:, 0]))
        if not len(known):
            self._drop(n_ready)
            return None
        start = int(known[0])
        follows = np.diff(self._seq[start:n_ready]) == 1
        follows &= np.isfinite(acc[start + 1 :, 0])
        breaks = np.flatnonzero(~follows)
        stop = start + 1 + (int(breaks[0]) if len(breaks) else len(follows))
        mag, resampled = None, between[start:stop]
        if self._mag is not None:
            mag, mag_between = self._mag.at(self._time_s[start:stop])
            resampled = resampled | mag_between
        joined = JoinedSamples(
            first=int(self._seq[start]),
            time_s=self._time_s[start:stop],
            gyr=self._gyr[start:stop],
            acc=acc[start:stop],
            mag=mag,
            is_resampled=bool(resampled.any()),
        )
        self._drop(stop)
        return joined

    def _ready(self) -> int:
        """Return how many of the samples that wait need wait no longer."""
        if not len(self._time_s):
            return 0
        given_up_s = float(self._time_s[-1]) - _PATIENCE_S
        until_s = self._acc.end_s
        if self._mag is not None:
            until_s = min(until_s, max(self._mag.end_s, given_up_s))
        until_s = max(until_s, given_up_s)
        # The sample at the edge may lie a hair after the other stream's, at the same instant.
        edge_s = until_s + self._acc.same_s
        return int(np.searchsorted(self._time_s, edge_s, side="right"))

    def _drop(self, n: int) -> None:
        if n == 0:
            return
        if n < len(self._time_s):
            self._acc.forget_before(float(self._time_s[n]))
            if self._mag is not None:
                self._mag.forget_before(float(self._time_s[n]))
        self._seq, self._time_s, self._gyr = self._seq[n:], self._time_s[n:], self._gyr[n:]
