"""Commands to a Movesense and their replies, which share one characteristic with its data."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from imuhip.core.link import Link, NotifyCallback
from imuhip.errors import ConnectError, DeviceError
from imuhip.sensors.movesense.packets import Response

__all__ = ["NOTIFY_UUID", "SERVICE_UUID", "Pipe"]

SERVICE_UUID: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
_WRITE_UUID: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY_UUID: Final = "34800002-7185-4d5d-b431-630e7050e8f0"
_REPLY_TIMEOUT_S: Final = 2.0


class Pipe:
    """One connection's subscription, which replies and data come through.

    Parameters
    ----------
    link : Link
        Connected.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self.on_data: NotifyCallback | None = None
        self.data_reference = 0
        """Whose data is handed on."""
        self.strangers: set[int] = set()
        """References of other data that came: an earlier program subscribed to it."""
        self.is_streaming = False
        self.has_data = False
        """Whether data came since this was last set to False."""
        self.rate_hz = 0

    async def open(self) -> None:
        """Subscribe, anew if need be."""
        with suppress(DeviceError, ValueError):
            await self._link.unsubscribe(NOTIFY_UUID)
        await self._link.subscribe(NOTIFY_UUID, self._on_notification)

    def _on_notification(self, data: bytes) -> None:
        if len(data) >= 2 and data[0] == Response.COMMAND_RESULT:
            reply = self._waiting.pop(data[1], None)
            if reply is not None and not reply.done():
                reply.set_result(data[2:])
        elif data[1:2] != bytes((self.data_reference,)):
            self.strangers.update(data[1:2])
        elif self.on_data is not None:
            self.has_data = True
            self.on_data(data)

    async def tell(self, command: int, reference: int, payload: bytes = b"") -> None:
        """Write a command and wait for no reply."""
        await self._link.write(_WRITE_UUID, bytes((command, reference)) + payload)

    async def ask(self, command: int, reference: int, payload: bytes = b"") -> bytes:
        """Write a command and return its reply, without the first two bytes.

        Raises
        ------
        ConnectError
            When none comes.
        """
        reply: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[reference] = reply
        try:
            await self.tell(command, reference, payload)
            async with asyncio.timeout(_REPLY_TIMEOUT_S):
                return await reply
        except TimeoutError:
            raise ConnectError(
                f"{self._link.address}: no reply to command {command}"
                f" within {_REPLY_TIMEOUT_S:g} s",
                hint="bring the sensor nearer; its firmware must offer GSP, the GATT SensorData"
                " Protocol",
            ) from None
        finally:
            self._waiting.pop(reference, None)
