"""The part of a virtual sensor that answers the question for its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from imuhip.radio.gatt_model import AttributeRefusedError, AttributeStatus, PeripheralPort
from imuhip.sensors.imuhip_v1 import profile
from imuhip.sensors.imuhip_v1.sync import SyncReply, encode_sync_reply

__all__ = ["ClockTeller"]

_REQUEST_BYTES: Final = 9
_RETRY_S: Final = 0.0075


class ClockTeller:
    """Answers what was asked last, as soon as the radio takes the answer.

    Parameters
    ----------
    port : callable
        Returns what the sensor speaks through.
    clock_us : callable
        Returns what the sensor's clock shows at an event-loop time, µs.
    """

    def __init__(
        self, port: Callable[[], PeripheralPort], clock_us: Callable[[float], int]
    ) -> None:
        self._port = port
        self._clock_us = clock_us
        self._asked: tuple[int, int] | None = None
        self._retry: asyncio.TimerHandle | None = None

    def on_write(self, data: bytes) -> None:
        """Take a question; one that was not answered yet is forgotten."""
        received_us = self._now_us()
        if not self._port().is_subscribed(profile.SYNC_UUID):
            raise AttributeRefusedError(AttributeStatus.NOT_CONFIGURED)
        if len(data) != _REQUEST_BYTES:
            raise AttributeRefusedError(AttributeStatus.INVALID_LENGTH)
        self._asked = data[0], received_us
        self._answer()

    def forget(self) -> None:
        """Owe no answer: the link broke, or the sensor is off."""
        self._asked = None
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _answer(self) -> None:
        if self._asked is None:
            return
        exchange, received_us = self._asked
        answer = encode_sync_reply(SyncReply(exchange, received_us, self._now_us()))
        if self._port().notify(profile.SYNC_UUID, answer):
            self.forget()
        else:
            self._retry = asyncio.get_running_loop().call_later(_RETRY_S, self._answer)

    def _now_us(self) -> int:
        return self._clock_us(asyncio.get_running_loop().time())
