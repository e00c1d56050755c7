"""What a sensor's link may be doing, and how patient the acquisition is with it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LinkPolicy", "LinkState"]


class LinkState(StrEnum):
    """What one sensor is doing, in one word."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONFIGURING = "configuring"
    STARTING = "starting"
    STREAMING = "streaming"
    SILENT = "silent"
    LOST = "lost"
    WAITING = "waiting"
    REFUSED = "refused"
    """Another sensor is in its place, or it lost its bond; looked for again now and then."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """Patience, in seconds; the defaults come from what real radios need."""

    connect_timeout_s: float = 10.0
    setup_timeout_s: float = 10.0
    pairing_timeout_s: float = 60.0
    """A system may ask the person in front of it before it pairs."""
    search_s: float = 4.0
    """One scan for a sensor that was lost."""
    first_attempts: int = 3
    silent_reconnect_s: float = 2.0
    """Packet age at which a link that claims to be up is given up."""
    backoff_first_s: float = 0.25
    backoff_cap_s: float = 1.5
    """A sensor that comes back is to stream again within 3 s, however long it was away."""
    backoff_jitter: float = 0.25
    battery_interval_s: float = 60.0
    watch_interval_s: float = 0.1

    def backoff_s(self, n_failures: int, rng: random.Random) -> float:
        """Return how long to wait after the n-th failure in a row, counted from 0."""
        wait_s = min(self.backoff_cap_s, self.backoff_first_s * 2.0 ** min(n_failures, 30))
        return wait_s * (1 + self.backoff_jitter * (2 * rng.random() - 1))
