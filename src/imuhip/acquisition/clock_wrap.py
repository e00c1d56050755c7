"""Clocks that wrap, over a reconnection: what a fresh decoder cannot know.

A decoder unwraps its sensor's clock from the first packet on. After a broken link it is a fresh
one, and an earlier time may mean that the clock wrapped meanwhile, or that the sensor restarted.
The host's clock tells which: it knows how long the link was down.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol, runtime_checkable

from imuhip.core.sensor import SampleBlock

__all__ = ["WrapContinuation", "WrappingClock"]

_LATE_S: Final = 0.5
"""Packets on either side of the pause may have been later than others by this much."""
_DRIFT: Final = 5e-4
"""Fraction of the pause by which the two clocks may part: ±200 ppm and more."""


@runtime_checkable
class WrappingClock(Protocol):
    """A decoder whose sensor's clock shows 0 again after a while."""

    @property
    def clock_wraps_s(self) -> float:
        """Return after how long, s on the sensor's clock."""
        ...


class WrapContinuation:
    """Adds the wraps that happened before a decoder was made."""

    def __init__(self) -> None:
        self._newest: tuple[float, float] | None = None  # device time, arrival
        self._wrapped_s = 0.0
        self._is_fresh = True

    def restarted(self) -> None:
        """Note that the next block comes from a fresh decoder."""
        self._is_fresh = True

    def continued(self, block: SampleBlock, arrival_s: float, decoder: object) -> SampleBlock:
        """Return a block of at least one sample on a clock that goes on over reconnections.

        Where the block's time does not fit a clock that kept running, it is returned as it is: the
        sensor restarted, and a new epoch begins.
        """
        if self._is_fresh:
            self._is_fresh = False
            self._wrapped_s = self._missed_s(block, arrival_s, decoder)
        if self._wrapped_s:
            block = _later(block, self._wrapped_s)
        self._newest = float(block.device_time_s[-1]), arrival_s
        return block

    def _missed_s(self, block: SampleBlock, arrival_s: float, decoder: object) -> float:
        if self._newest is None or not isinstance(decoder, WrappingClock):
            return 0.0
        device_s, before_s = self._newest
        paused_s = arrival_s - before_s
        behind_s = device_s + paused_s - float(block.device_time_s[-1])
        wrapped_s = round(behind_s / decoder.clock_wraps_s) * decoder.clock_wraps_s
        fits = abs(behind_s - wrapped_s) <= _LATE_S + _DRIFT * paused_s
        return wrapped_s if wrapped_s > 0 and fits else 0.0


def _later(block: SampleBlock, by_s: float) -> SampleBlock:
    return replace(
        block,
        device_time_s=block.device_time_s + by_s,
        sent_time_s=None if block.sent_time_s is None else block.sent_time_s + by_s,
        packet_time_s=None if block.packet_time_s is None else block.packet_time_s + by_s,
    )
