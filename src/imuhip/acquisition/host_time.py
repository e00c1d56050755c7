"""The host's clock, counted from the start of the acquisition."""

from __future__ import annotations

from imuhip.core.clock import Clock

__all__ = ["HostTime"]


class HostTime:
    """The host's monotonic clock in seconds since acquisition began, fine to the nanosecond.

    Parameters
    ----------
    clock : Clock
        Where time comes from.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._zero_ns = clock.monotonic_ns()

    def now_s(self) -> float:
        """Return the present, s."""
        return (self.clock.monotonic_ns() - self._zero_ns) * 1e-9
