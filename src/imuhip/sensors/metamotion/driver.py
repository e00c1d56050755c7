"""Driver of MbientLab MetaMotion boards: configure, start, stop, decode.

Verified against the published protocol over the virtual radio, not against hardware.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final
from weakref import WeakKeyDictionary

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError
from imuhip.sensors.driver import nearest_of
from imuhip.sensors.metamotion.decoder import MetaMotionDecoder
from imuhip.sensors.metamotion.registers import (
    ACC,
    ACC_DATA,
    ACC_LSB_PER_G,
    BLINK,
    BOARDS,
    GYR_LSB_PER_DPS,
    GYRO,
    PROCESSOR,
    RATES_HZ,
    SAMPLING_OFF,
    SAMPLING_ON,
    TICK_S,
    Board,
    make_stamper,
)
from imuhip.sensors.standard_services import (
    FIRMWARE_UUID,
    MODEL_UUID,
    SERIAL_UUID,
    read_battery_percent,
    read_text,
)

__all__ = ["MetaMotionDriver"]

_SERVICE: Final = "326a9000-85cb-9195-d9dd-464cfbbae75a"
_COMMAND: Final = "326a9001-85cb-9195-d9dd-464cfbbae75a"
_NOTIFY: Final = "326a9006-85cb-9195-d9dd-464cfbbae75a"
_NAMES: Final = ("MetaWear", "MetaMotion")
_MODELS: Final = {"5": "MetaMotion R", "6": "MetaMotion C", "8": "MetaMotion S"}
_REPLY_TIMEOUT_S: Final = 3.0
_OPTIONAL_TIMEOUT_S: Final = 1.0
"""For what not every firmware answers."""
_CONFIG, _INFO, _READ = 0x03, 0x00, 0x80
_SHORT_INTERVAL: Final = bytes.fromhex("110906000c0000005802")
"""Asks for connection events every 7.5 to 15 ms: each sample is a notification."""


class MetaMotionDriver:
    """MetaMotion R, RL, C and S, every sample stamped by a board that has processors for it."""

    def __init__(self) -> None:
        self._boards: WeakKeyDictionary[Link, Board] = WeakKeyDictionary()
        self._stamps: WeakKeyDictionary[Link, bool] = WeakKeyDictionary()

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "MetaMotion"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the service or a name of the maker."""
        return _SERVICE in advertisement.service_uuids or advertisement.name.startswith(_NAMES)

    async def identify(self, link: Link) -> SensorIdentity:
        """Read model, serial number and firmware, and whether samples can be stamped."""
        number = await read_text(link, MODEL_UUID)
        async with _conversation(link) as ask:
            self._stamps[link] = await _has_processors(ask)
        return SensorIdentity(
            model=_MODELS.get(number, f"MetaWear model {number}" if number else self.model),
            serial=await read_text(link, SERIAL_UUID) or link.address,
            firmware=await read_text(link, FIRMWARE_UUID),
            clock_hz=1 / TICK_S if self._stamps[link] else 0.0,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        return await read_battery_percent(link)

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Find out which chip the board has, set rate and ranges, and read them back.

        Raises
        ------
        ConnectError
            When a value is not offered, the chip is not known, or the board did not take it.
        """
        for name, value, offered, unit in (
            ("sample rate", config.rate_hz, RATES_HZ, "Hz"),
            ("acceleration range", config.acc_range_g, tuple(ACC_LSB_PER_G), "g"),
            ("angular-rate range", config.gyr_range_dps, tuple(GYR_LSB_PER_DPS), "°/s"),
        ):
            if value not in offered:
                raise ConnectError(
                    f"{link.address}: {name} of {value} {unit} refused",
                    hint=f"it offers {', '.join(map(str, offered))} {unit}",
                )
        async with _conversation(link) as ask:
            await ask.send(*SAMPLING_OFF)
            board = await _board(link, ask)
            wanted = {
                ACC: board.acc_config(config.rate_hz, config.acc_range_g),
                GYRO: board.gyr_config(config.rate_hz, config.gyr_range_dps),
            }
            for module, values in wanted.items():
                await ask.send(bytes((module, _CONFIG)) + values)
                taken = await ask.if_any(bytes((module, _CONFIG | _READ)))
                if taken and taken[2:4] != values:
                    raise ConnectError(
                        f"{link.address}: module {module:#04x} was set to {values.hex()}"
                        f" and reads {taken[2:].hex()}",
                        hint="switch the sensor off and on, then try again",
                    )
        self._boards[link] = board

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe, let the board stamp both streams, and start them.

        Raises
        ------
        ConnectError
            When the board does not answer, or was not configured.
        """
        board = self._boards.get(link)
        if board is None:
            raise ConnectError(f"{link.address}: to be started before it was configured")
        ask = _Conversation(link, on_packet)
        await link.subscribe(_NOTIFY, ask.on_notification)
        try:
            await ask.send(*SAMPLING_OFF, _SHORT_INTERVAL)
            sources = ((GYRO, board.gyro_register), (ACC, ACC_DATA))
            if self._stamps.get(link, True):
                numbers = [(await ask(make_stamper(*source)))[2] for source in sources]
                reports = [bytes((PROCESSOR, 0x07, number, 0x01)) for number in numbers]
                reports.insert(0, bytes((PROCESSOR, 0x03, 0x01)))
            else:
                reports = [bytes((*source, 0x01)) for source in sources]
        finally:
            ask.is_listening = False
        await ask.send(*reports, *SAMPLING_ON)

    async def stop(self, link: Link) -> None:
        """Stop both streams, take the processors away, and unsubscribe."""
        await _Conversation(link).send(*SAMPLING_OFF)
        await link.unsubscribe(_NOTIFY)

    async def blink(self, link: Link) -> None:
        """Let the green lamp blink for five seconds."""
        await _Conversation(link).send(*BLINK)

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what the model offers and is nearest to what is asked for."""
        return replace(
            config,
            rate_hz=nearest_of(config.rate_hz, RATES_HZ),
            acc_range_g=nearest_of(config.acc_range_g, ACC_LSB_PER_G),
            gyr_range_dps=nearest_of(config.gyr_range_dps, GYR_LSB_PER_DPS),
        )

    def decoder(self, config: StreamConfig) -> MetaMotionDecoder:
        """Return a fresh decoder for one connection epoch."""
        return MetaMotionDecoder(config)


class _Conversation:
    """Commands, and the notifications that answer some of them."""

    def __init__(self, link: Link, on_packet: NotifyCallback | None = None) -> None:
        self.is_listening = True
        self._link = link
        self._on_packet = on_packet
        self._replies: asyncio.Queue[bytes] = asyncio.Queue()

    def on_notification(self, data: bytes) -> None:
        if self.is_listening:
            self._replies.put_nowait(data)
        if self._on_packet is not None:
            self._on_packet(data)

    async def send(self, *commands: bytes) -> None:
        for command in commands:
            await self._link.write(_COMMAND, command, response=False)

    async def __call__(self, command: bytes) -> bytes:
        reply = await self.if_any(command, _REPLY_TIMEOUT_S)
        if not reply:
            raise ConnectError(
                f"{self._link.address}: no reply to command {command.hex()}"
                f" within {_REPLY_TIMEOUT_S:g} s",
                hint="switch the sensor off and on, and bring it nearer",
            )
        return reply

    async def if_any(self, command: bytes, timeout_s: float = _OPTIONAL_TIMEOUT_S) -> bytes:
        """Return the reply, or nothing when none comes; of a module that is absent, its head."""
        await self.send(command)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    reply = await self._replies.get()
                    if reply[:2] == command[:2]:
                        return reply
        except TimeoutError:
            return b""


@asynccontextmanager
async def _conversation(link: Link) -> AsyncIterator[_Conversation]:
    conversation = _Conversation(link)
    await link.subscribe(_NOTIFY, conversation.on_notification)
    try:
        yield conversation
    finally:
        if link.is_connected:
            await link.unsubscribe(_NOTIFY)


async def _has_processors(ask: _Conversation) -> bool:
    """Ask for the module; where nothing answers that, try."""
    reply = await ask.if_any(bytes((PROCESSOR, _INFO | _READ)))
    if not reply:
        await ask.send(*SAMPLING_OFF)
        reply = await ask.if_any(make_stamper(ACC, ACC_DATA))
        await ask.send(*SAMPLING_OFF)
    return len(reply) > 2


async def _board(link: Link, ask: _Conversation) -> Board:
    replies = [await ask(bytes((module, _INFO | _READ))) for module in (ACC, GYRO)]
    acc, gyro = (reply[2] if len(reply) > 2 else None for reply in replies)
    board = None if acc is None or gyro is None else BOARDS.get((acc, gyro))
    if board is None:
        named = ["none" if one is None else str(one) for one in (acc, gyro)]
        raise ConnectError(
            f"{link.address}: it names chip {named[0]} for acceleration and {named[1]} for angular"
            " rate,"
            f" known are {', '.join(f'{a} and {g} ({b.chip})' for (a, g), b in BOARDS.items())}",
            hint="a MetaMotion R, RL, C or S is needed",
        )
    return board
