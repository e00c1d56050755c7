"""Time as an injected object, so that nothing in imuhip sleeps or reads a clock by itself."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """The host's monotonic clock, and the calendar."""

    def monotonic_ns(self) -> int:
        """Return ns since an arbitrary instant; never goes backwards."""
        ...

    def unix_s(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def monotonic_ns(self) -> int:
        """Return ns since an arbitrary instant; never goes backwards."""
        return time.monotonic_ns()

    def unix_s(self) -> float:
        """Return seconds since 1970-01-01 UTC."""
        return time.time()
