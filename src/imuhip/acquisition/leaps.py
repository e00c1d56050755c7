"""Numbers and times that cannot be: a checksum of 16 bits lets one damaged packet in 65536 pass.

One such packet, believed, would look like years of lost samples. The host's clock bounds how far a
sensor can have come since its last packet. What leaps beyond is dropped and counted, unless the
next packet goes on from there: then the sensor's clock is another one, and an epoch begins.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from imuhip.core.sensor import FLAGS, SampleBlock

__all__ = ["LeapGuard", "Step"]

_LATE_S: Final = 60.0
"""Packets may have waited for so long in a sensor's ring, in a stack, or while a clock stood."""
_RATE_TOLERANCE: Final = 0.05
_SLACK_SAMPLES: Final = 100
_LATE_SAMPLES: Final = 1.5
_LATE_RATE: Final = 5e-4
"""As the account has it: a packet that is late lies on the line of number against time."""


class Step(Enum):
    """How a block follows those before it."""

    GOOD = "good"
    SUSPECT = "suspect"
    """It cannot be, and nothing confirms it."""
    LEAP = "leap"
    """It cannot be, but it is so: the clock is another one."""


class LeapGuard:
    """Holds the blocks of one sensor against the host's clock.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._newest: tuple[int, float, float] | None = None  # number, time, arrival
        self._suspect: tuple[int, float, float] | None = None
        self._is_fresh = True

    def restarted(self) -> None:
        """Note that the stream was told to start: whatever comes next is believed."""
        self._is_fresh = True

    def step(self, block: SampleBlock, arrival_s: float) -> Step:
        """Take a block of at least one sample.

        Parameters
        ----------
        block : SampleBlock
            As decoded.
        arrival_s : float, s
            When it arrived, on the host's clock.
        """
        if block.is_counted:
            return Step.GOOD
        at = int(block.first_seq) + len(block) - 1, float(block.device_time_s[-1]), arrival_s
        is_fresh, suspect = self._is_fresh, self._suspect
        if block.flags & FLAGS["backfilled"]:
            beyond = self._newest is None or at[0] > self._newest[0]
            return Step.SUSPECT if beyond else Step.GOOD
        if self._newest is None or not self._leaps(self._newest, at, is_restart=is_fresh):
            step = Step.GOOD
        elif is_fresh or (suspect is not None and self._follows(suspect, at)):
            step = Step.LEAP
        else:
            self._suspect = at
            return Step.SUSPECT
        self._is_fresh, self._suspect = False, None
        if step is Step.LEAP or is_fresh or not self._is_late(at):
            self._newest = at
        return step

    def _leaps(
        self,
        before: tuple[int, float, float],
        after: tuple[int, float, float],
        *,
        is_restart: bool,
    ) -> bool:
        elapsed_s = after[1] - before[1]
        if elapsed_s > _LATE_S + (1 + _RATE_TOLERANCE) * (after[2] - before[2]):
            return True
        # A stream that was started again may count anew, and one that went back has rebooted.
        return not (is_restart or elapsed_s < 0) and self._is_off(after[0] - before[0], elapsed_s)

    def _is_late(self, at: tuple[int, float, float]) -> bool:
        """Return whether a block was overtaken, rather than sent by a sensor that rebooted."""
        if self._newest is None or at[1] > self._newest[1]:
            return False
        n_back = self._newest[0] - at[0]
        expected = (self._newest[1] - at[1]) / self._period_s
        return abs(n_back - expected) <= _LATE_SAMPLES + _LATE_RATE * expected

    def _follows(self, before: tuple[int, float, float], after: tuple[int, float, float]) -> bool:
        elapsed_s = after[1] - before[1]
        return 0 < elapsed_s <= _LATE_S and not self._is_off(after[0] - before[0], elapsed_s)

    def _is_off(self, n_samples: int, elapsed_s: float) -> bool:
        """Return whether numbers and times tell of different durations."""
        expected = elapsed_s / self._period_s
        return abs(n_samples - expected) > _SLACK_SAMPLES + _RATE_TOLERANCE * abs(expected)
