"""Which sensors lose samples at present, whatever they lost earlier in the session."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Final

from imuhip.acquisition.status import LOSS_BAD_PERCENT, SensorStatus

__all__ = ["RecentLoss"]

_SPAN_S: Final = 5.0
_EVERY_S: Final = 0.5


class RecentLoss:
    """Looks at what was counted during the last seconds.

    A sensor that was away for a while has lost much of a short session, and may be well again: its
    card says the first, this the second.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, dict[str, tuple[int, int]]]] = deque()

    def losing(self, at_s: float, sensors: Mapping[str, SensorStatus]) -> frozenset[str]:
        """Return the segments whose sensors lost much since a few seconds before `at_s`."""
        counted = {s: (one.counters.received, one.counters.lost) for s, one in sensors.items()}
        if not self._seen or at_s >= self._seen[-1][0] + _EVERY_S:
            self._seen.append((at_s, counted))
        while len(self._seen) > 1 and self._seen[1][0] <= at_s - _SPAN_S:
            self._seen.popleft()
        before = self._seen[0][1]
        return frozenset(s for s, now in counted.items() if _loses(before.get(s, now), now))


def _loses(before: tuple[int, int], now: tuple[int, int]) -> bool:
    received, lost = (new - old for new, old in zip(now, before, strict=True))
    return lost > 0 and 100.0 * lost >= LOSS_BAD_PERCENT * (received + lost)
