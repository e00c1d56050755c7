"""Driver of Movesense sensors: subscribe, unsubscribe, decode.

Protocol-verified, not hardware-verified: every exchange is tested over real GATT against a virtual
sensor written from the specification.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import IntEnum
from typing import Final
from weakref import WeakKeyDictionary

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError
from imuhip.sensors.driver import nearest_of
from imuhip.sensors.movesense.packets import Hello, MovesenseStreamDecoder, decode_hello
from imuhip.sensors.movesense.pipe import NOTIFY_UUID, SERVICE_UUID, Pipe
from imuhip.sensors.standard_services import SERIAL_UUID, percent_of, read_text

__all__ = ["RATES_HZ", "MovesenseDriver"]

RATES_HZ: Final = (13, 26, 52, 104, 208, 416, 833, 1666)

_NAME_PREFIX: Final = "Movesense"
_HELLO_REFERENCE: Final = 1
_ENERGY_REFERENCE: Final = 2
_IMU_REFERENCE: Final = 99
_OK: Final = 200
_LARGEST_OK: Final = 299
_STRANGERS_S: Final = 0.5
_CLOCK_HZ: Final = 1000.0


class _Command(IntEnum):
    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    GET = 4


class MovesenseDriver:
    """Sensors whose firmware offers the GATT SensorData Protocol, version 1.

    Parameters
    ----------
    with_magnetometer : bool
        Stream IMU9 and not IMU6.
    """

    def __init__(self, *, with_magnetometer: bool = False) -> None:
        self._n_sensors = 3 if with_magnetometer else 2
        # Replies and data share one characteristic, which can be subscribed to once: who listens is
        # kept for each connection.
        self._pipes: WeakKeyDictionary[Link, Pipe] = WeakKeyDictionary()

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "Movesense"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the name or the service.

        Name and service together do not fit one advertisement; the sensors give the name.
        """
        return (
            advertisement.name.startswith(_NAME_PREFIX)
            or SERVICE_UUID in advertisement.service_uuids
        )

    async def identify(self, link: Link) -> SensorIdentity:
        """Read serial number and firmware; to be called once a connection is made."""
        pipe = self._pipes[link] = Pipe(link)
        await pipe.open()
        try:
            hello = decode_hello(await pipe.ask(_Command.HELLO, _HELLO_REFERENCE))
        except ConnectError:
            hello = Hello()  # what matters is whether it replies to a subscription
        serial = hello.serial or await read_text(link, SERIAL_UUID) or link.address
        return SensorIdentity(
            model=hello.product or self.model,
            serial=serial,
            firmware=f"{hello.app} {hello.app_version}".strip(),
            clock_hz=_CLOCK_HZ,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        path = b"/System/Energy/Level"
        result = await self._on_path(link, _Command.GET, _ENERGY_REFERENCE, path)
        return percent_of(result)

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Check the rate, which the subscription carries; ranges cannot be set by this protocol.

        Raises
        ------
        ConnectError
            For a rate the sensor has not.
        """
        if config.rate_hz not in RATES_HZ:
            raise ConnectError(
                f"{link.address}: sample rate of {config.rate_hz} Hz refused",
                hint=f"a Movesense measures at {', '.join(map(str, RATES_HZ))} Hz;"
                " record with --rate 104",
            )
        pipe = await self._pipe(link)
        pipe.rate_hz = config.rate_hz

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe to the measurement; a subscription that stands is given up first.

        Raises
        ------
        ConnectError
            When the sensor refuses, or neither replies nor sends.
        """
        pipe = await self._pipe(link)
        if pipe.is_streaming:
            await pipe.open()
            await pipe.tell(_Command.UNSUBSCRIBE, _IMU_REFERENCE)
        pipe.on_data, pipe.data_reference, pipe.has_data = on_packet, _IMU_REFERENCE, False
        path = f"/Meas/IMU{3 * self._n_sensors}/{pipe.rate_hz}".encode()
        try:
            await self._on_path(link, _Command.SUBSCRIBE, _IMU_REFERENCE, path)
        except ConnectError:
            # Early firmware sends what it was asked for and does not reply.
            if not pipe.has_data:
                # What an earlier program left subscribed may be in the way; its data tells.
                await asyncio.sleep(_STRANGERS_S)
                for reference in {_IMU_REFERENCE, *pipe.strangers}:
                    await pipe.tell(_Command.UNSUBSCRIBE, reference)
                await self._on_path(link, _Command.SUBSCRIBE, _IMU_REFERENCE, path)
        pipe.is_streaming = True

    async def stop(self, link: Link) -> None:
        """Unsubscribe from the measurement, then from the characteristic."""
        pipe = await self._pipe(link)
        await pipe.tell(_Command.UNSUBSCRIBE, _IMU_REFERENCE)
        pipe.is_streaming = False
        pipe.on_data = None
        self._pipes.pop(link, None)
        await link.unsubscribe(NOTIFY_UUID)

    async def blink(self, link: Link) -> None:
        """Refuse: the protocol has no request that makes the sensor show itself.

        Raises
        ------
        ConnectError
            Always.
        """
        raise ConnectError(
            f"{link.address}: a Movesense cannot be told to show itself",
            hint="compare the number on it with the end of its name",
        )

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what the model offers and is nearest to what is asked for."""
        return replace(config, rate_hz=nearest_of(config.rate_hz, RATES_HZ))

    def decoder(self, config: StreamConfig) -> MovesenseStreamDecoder:
        """Return a fresh decoder for one connection epoch."""
        return MovesenseStreamDecoder(config.rate_hz, self._n_sensors)

    async def _pipe(self, link: Link) -> Pipe:
        pipe = self._pipes.get(link)
        if pipe is None:
            pipe = self._pipes[link] = Pipe(link)
            await pipe.open()
        return pipe

    async def _on_path(self, link: Link, command: _Command, reference: int, path: bytes) -> bytes:
        """Ask for a resource; return the result behind the status.

        The path is sent as it is, then, to firmware that wants it ended, with a zero behind.
        """
        pipe = await self._pipe(link)
        status = 0
        for ending in (b"", b"\0"):
            reply = await pipe.ask(command, reference, path + ending)
            status = int.from_bytes(reply[:2], "little")
            if len(reply) >= 2 and _OK <= status <= _LARGEST_OK:
                return reply[2:]
        raise ConnectError(
            f"{link.address}: {path.decode()} refused with status {status}",
            hint="take the battery out and in again; while it answers 429, only that helps",
        )
