"""What links and operating systems do to notifications: lose, repeat, overtake, damage them.

A disturbance is handed the value of each notification and returns the values to deliver in its
place. Which ones it hits is decided by a seed, so that every run is the same, and it notes what it
hit, so that accounts can be held to it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Damaging", "Disturbance", "Losing", "Overtaking", "Repeating"]


class Disturbance(Protocol):
    """Stands between a peripheral and the host."""

    def __call__(self, value: bytes) -> Sequence[bytes]:
        """Return what arrives in place of a notification: nothing, itself, several, or others."""
        ...


class _Chance:
    """Hits a share of the notifications.

    Parameters
    ----------
    share : float
        How many are hit, 0 to 1.
    seed : int
        Chooses them.
    count : int, optional
        After so many hits no more; by default it never ends.
    """

    def __init__(self, share: float, seed: int = 0, *, count: int | None = None) -> None:
        self.hit: list[bytes] = []
        """Values that were hit, as they were sent."""
        self._share = share
        self._random = random.Random(seed)
        self._count = count

    def _hits(self, value: bytes) -> bool:
        if self._count is not None and len(self.hit) >= self._count:
            return False
        if self._random.random() >= self._share:
            return False
        self.hit.append(value)
        return True


class Losing(_Chance):
    """Loses some, as a busy host's stack does."""

    def __call__(self, value: bytes) -> Sequence[bytes]:
        """Return nothing, or the notification."""
        return () if self._hits(value) else (value,)


class Repeating(_Chance):
    """Delivers some twice, as BlueZ does after a link loss."""

    def __call__(self, value: bytes) -> Sequence[bytes]:
        """Return the notification once or twice."""
        return (value, value) if self._hits(value) else (value,)


class Overtaking(_Chance):
    """Holds some back until the next one has passed, as threads of a host may."""

    def __init__(self, share: float, seed: int = 0, *, count: int | None = None) -> None:
        super().__init__(share, seed, count=count)
        self._held: bytes | None = None

    def __call__(self, value: bytes) -> Sequence[bytes]:
        """Return nothing, the notification, or it and the one held back."""
        if self._held is not None:
            held, self._held = self._held, None
            return value, held
        if self._hits(value):
            self._held = value
            return ()
        return (value,)


class Damaging(_Chance):
    """Flips one bit of some, or cuts them short, after the radio's own checksum.

    Parameters
    ----------
    share, seed, count
        As of every disturbance.
    cut : bool
        Cut short instead.
    """

    def __init__(
        self, share: float, seed: int = 0, *, count: int | None = None, cut: bool = False
    ) -> None:
        super().__init__(share, seed, count=count)
        self._cut = cut

    def __call__(self, value: bytes) -> Sequence[bytes]:
        """Return the notification, whole or damaged."""
        if not value or not self._hits(value):
            return (value,)
        if self._cut:
            return (value[: self._random.randrange(len(value))],)
        damaged = bytearray(value)
        damaged[self._random.randrange(len(value))] ^= 1 << self._random.randrange(8)
        return (bytes(damaged),)
