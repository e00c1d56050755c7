"""Time as an injected object, so that nothing in imuhip sleeps or reads a clock by itself."""

from __future__ import annotations

import sys
import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """The host's monotonic clock, and the calendar."""

    def monotonic_ns(self) -> int:
        """Return ns since an arbitrary instant; never goes backwards, and counts sleep."""
        ...

    def unix_s(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's own clocks.

    Sensors measure on while a laptop sleeps, so its clock has to go on, too. That of Python does so
    on Windows only.
    """

    def monotonic_ns(self) -> int:
        """Return ns since an arbitrary instant; never goes backwards, and counts sleep."""
        if sys.platform == "linux":
            return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if sys.platform == "darwin":
            return time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        return time.monotonic_ns()

    def unix_s(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        return time.time()
