"""Asking a sensor what its clock shows, about once a second, while it streams.

The instants are random: at equal ones the question would always wait equally long for a connection
event, and that wait would be taken for an offset of the clock.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from typing import Final

from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.two_way import Exchange
from imuhip.core.link import Link
from imuhip.errors import ImuhipError
from imuhip.sensors.driver import ClockReading, TellsItsClock

__all__ = ["ClockAsker"]

_log = logging.getLogger(__name__)

SPACING_S: Final = (0.5, 1.5)
_QUESTIONS: Final = 256


class ClockAsker:
    """Keeps asking one sensor, over one link after another.

    Parameters
    ----------
    driver : TellsItsClock
        Of its model.
    host : HostTime
        Stamps questions and answers.
    conversation : asyncio.Lock
        Held while the question is written: the sensor is asked for one thing at a time.
    on_exchange : callable
        Told of every question that was answered.
    rng : random.Random
        Spaces the questions.
    may_ask : callable
        Returns False while the radio is better left alone, such as while it connects a sensor.
    """

    def __init__(
        self,
        driver: TellsItsClock,
        host: HostTime,
        conversation: asyncio.Lock,
        on_exchange: Callable[[Exchange], None],
        *,
        rng: random.Random,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._driver = driver
        self._host = host
        self._conversation = conversation
        self._on_exchange = on_exchange
        self._rng = rng
        self._may_ask = may_ask
        self._number = 0
        self._asked_s: dict[int, float] = {}

    async def run(self, link: Link) -> None:
        """Ask until cancelled, or until the link or the sensor refuses."""
        self._asked_s.clear()
        try:
            async with self._conversation:
                if not await self._driver.offer_clock(link, self._on_reading):
                    return
            while True:
                await asyncio.sleep(self._rng.uniform(*SPACING_S))
                if not self._may_ask():
                    continue
                async with self._conversation:
                    await self._ask(link)
        except (ImuhipError, TimeoutError, ValueError) as error:
            _log.info("%s: no longer asked for its clock: %s", link.address, error)

    async def _ask(self, link: Link) -> None:
        self._number = (self._number + 1) % _QUESTIONS
        # An answer that comes later than the next question is still told by its number.
        self._asked_s.pop((self._number - _QUESTIONS // 2) % _QUESTIONS, None)
        asked_s = self._host.now_s()
        self._asked_s[self._number] = asked_s
        await self._driver.ask_clock(link, self._number, round(asked_s * 1e6))

    def _on_reading(self, reading: ClockReading) -> None:
        answered_s = self._host.now_s()
        asked_s = self._asked_s.pop(reading.exchange, None)
        if asked_s is not None:
            self._on_exchange(Exchange(asked_s, reading.received_s, reading.sent_s, answered_s))
