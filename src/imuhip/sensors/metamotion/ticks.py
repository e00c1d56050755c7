"""Times of samples that are stamped in ticks as coarse as a seventh of their period."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from imuhip.errors import ProtocolError
from imuhip.sensors.metamotion.registers import TICK_S
from imuhip.sensors.stamps import StampCounter

__all__ = ["TickClock", "TickedSample"]

_MODULUS: Final = 1 << 32
_LEAP_S: Final = 60.0
_FIRST_WEIGHT, _LAST_WEIGHT = 5, 80
"""Of how many samples the loop's line is the line of least squares, at first and later."""
_LARGEST_MISS_TICKS: Final = 3.0
_REMEMBERED: Final = 64


@dataclass(frozen=True, slots=True)
class TickedSample:
    """Number and time of a sample; numbers that never come are lost samples."""

    seq: int
    time_s: float
    is_repeat: bool = False


class TickClock:
    """Numbers one stream's samples and smooths their stamps.

    The chip samples evenly and the stamp says between which two ticks. A line through the middles
    of the last of those, kept up by an alpha-beta filter, is finer than the ticks; after a miss it
    begins anew at the stamp.

    Parameters
    ----------
    rate_hz : float
        Nominal.
    """

    def __init__(self, rate_hz: float) -> None:
        period_ticks = 1 / (rate_hz * TICK_S)
        self._counter = StampCounter(period_ticks, _MODULUS, round(_LEAP_S / TICK_S))
        self._period = period_ticks
        self._weight = _FIRST_WEIGHT
        self._last: tuple[int, float] | None = None
        self._recent: deque[tuple[int, TickedSample]] = deque(maxlen=_REMEMBERED)

    def place(self, stamp: int) -> TickedSample:
        """Take a sample's stamp.

        Raises
        ------
        ProtocolError
            For a stamp that leaps and was not confirmed, or that is older than the newest and
            did not come before.
        """
        for known, sample in self._recent:
            if known == stamp:
                return TickedSample(sample.seq, sample.time_s, is_repeat=True)
        seq, ticks = self._counter.place(stamp)
        middle = ticks + 0.5
        time = middle
        if self._last is not None:
            n_passed = seq - self._last[0]
            if n_passed <= 0:
                raise ProtocolError("sample older than the newest, and not one that came before")
            predicted = self._last[1] + n_passed * self._period
            miss = middle - predicted
            if abs(miss) <= _LARGEST_MISS_TICKS:
                k = self._weight
                time = predicted + 2 * (2 * k - 1) / (k * (k + 1)) * miss
                self._period += 6 / (k * (k + 1)) * miss / n_passed
                self._weight = min(k + 1, _LAST_WEIGHT)
            else:
                self._weight = _FIRST_WEIGHT
        self._last = seq, time
        sample = TickedSample(seq, time * TICK_S)
        self._recent.append((stamp, sample))
        return sample
