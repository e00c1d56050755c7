"""Asking a sensor again for what got lost: over a broken link, or in the host's own stack.

The sample numbers tell what is missing; the sensor's ring may still hold it. What comes is marked
in the file and counted, and never taken for a sign that the live stream is well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from imuhip.acquisition.stream import SensorStream
from imuhip.core.link import Link
from imuhip.errors import ImuhipError
from imuhip.sensors.driver import BackFills

__all__ = ["BackFiller"]

_log = logging.getLogger(__name__)

_LOOK_INTERVAL_S: Final = 0.25
_PATIENCE_S: Final = 2.0
"""Without a sample for so long, back-fill is over."""
_MOST_SAMPLES: Final = 65_535


class BackFiller:
    """Closes the gaps of one sensor's stream, as far as its ring reaches.

    Parameters
    ----------
    driver : BackFills
        Of its model.
    stream : SensorStream
        Knows what is missing, and takes what comes.
    conversation : asyncio.Lock
        Held while the sensor is asked: it answers one request at a time.
    on_event : callable
        Told kind and text of what is worth noting in the file.
    """

    def __init__(
        self,
        driver: BackFills,
        stream: SensorStream,
        conversation: asyncio.Lock,
        on_event: Callable[[str, str], None],
    ) -> None:
        self._driver = driver
        self._stream = stream
        self._conversation = conversation
        self._on_event = on_event
        self._settled: set[tuple[int, int]] = set()
        """Gaps that were asked for, as far as anything came."""

    async def run(self, link: Link) -> None:
        """Ask for gaps until cancelled, or until the link or the sensor refuses."""
        is_offered = False
        seen: set[tuple[int, int]] = set()
        try:
            while True:
                await asyncio.sleep(_LOOK_INTERVAL_S)
                missing = set(self._stream.missing_ranges())
                self._settled &= missing
                # A gap seen twice is no packet that merely came late.
                ripe = sorted((missing & seen) - self._settled)
                seen = missing
                if not ripe:
                    continue
                if not is_offered:
                    async with self._conversation:
                        is_offered = await self._driver.offer_back_fill(
                            link, self._stream.on_back_filled
                        )
                    if not is_offered:
                        return
                await self._close(link, *ripe[-1])
        except (ImuhipError, TimeoutError, ValueError) as error:
            _log.info("%s: back-fill ended: %s", link.address, error)

    async def _close(self, link: Link, first: int, stop: int) -> None:
        """Ask for one gap, newest gap first, and wait for what comes."""
        start = max(first, stop - _MOST_SAMPLES)
        before = self._stream.counters().backfilled
        async with self._conversation:
            n_coming = await self._driver.back_fill(link, start, stop - start)
        n_came, quiet_s = 0, 0.0
        while n_came < n_coming and quiet_s < _PATIENCE_S:
            await asyncio.sleep(_LOOK_INTERVAL_S)
            newly = self._stream.counters().backfilled - before - n_came
            n_came += newly
            quiet_s = 0.0 if newly else quiet_s + _LOOK_INTERVAL_S
        # What is left of the gap is not in the ring any more.
        self._settled |= {
            gap for gap in self._stream.missing_ranges() if first <= gap[0] and gap[1] <= stop
        }
        self._on_event("back_filled", f"{n_came} of {stop - first} lost samples were sent again")
