"""Driver of the Polar Verity Sense: configure, start, stop, decode.

Verified against the published protocol over the virtual radio, not against hardware.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from weakref import WeakKeyDictionary

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError, ProtocolError
from imuhip.sensors.polar import profile
from imuhip.sensors.polar.decoder import PolarDecoder
from imuhip.sensors.polar.profile import Measurement, Operation, Setting, Status
from imuhip.sensors.polar.settings import Reply, decode_reply, decode_settings, encode_start
from imuhip.sensors.standard_services import (
    FIRMWARE_UUID,
    MODEL_UUID,
    SERIAL_UUID,
    read_battery_percent,
    read_text,
)

__all__ = ["PolarDriver"]

_REPLY_TIMEOUT_S: Final = 3.0
_FEATURES: Final = 0x0F
"""First byte of what reading the control point returns; the bits of the measurements follow."""
_RESOLUTION_BITS: Final = 16
_CHANNELS: Final = 3
_MAG_RATE_HZ: Final = 50
_MAG_RANGE_GAUSS: Final = 50
_FULL_FRAME_SAMPLES: Final = 100
"""The sensor sends a frame when it is full; a calm one takes this many samples."""

_ORDINARY: Final = StreamConfig(rate_hz=52, acc_range_g=8)
_SDK_RATES_HZ: Final = (26, 104, 208, 416)

Chosen = Mapping[Measurement, Mapping[Setting, int]]


class PolarDriver:
    """Polar Verity Sense.

    Parameters
    ----------
    magnetometer : bool
        Stream the field as well. It costs bandwidth, and samples wait for the slower stream.
    """

    def __init__(self, *, magnetometer: bool = False) -> None:
        self._magnetometer = magnetometer
        # The start takes the settings along, so they are kept from one call to the next.
        self._chosen: WeakKeyDictionary[Link, Chosen] = WeakKeyDictionary()

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "Polar Verity Sense"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the model's name; it has no service of its own.

        The chest straps of the same maker have no gyroscope and another name.
        """
        return advertisement.name.startswith(profile.ADVERTISED_NAMES)

    async def identify(self, link: Link) -> SensorIdentity:
        """Read model, serial number and firmware; the clock counts nanoseconds."""
        serial = await read_text(link, SERIAL_UUID)
        return SensorIdentity(
            model=f"Polar {await read_text(link, MODEL_UUID) or 'Verity Sense'}",
            serial=serial or link.address,
            firmware=await read_text(link, FIRMWARE_UUID),
            clock_hz=1e9,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        return await read_battery_percent(link)

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Choose settings the sensor offers, in its SDK mode when the ordinary one has them not.

        Raises
        ------
        ConnectError
            When it has no gyroscope, or offers neither way what is asked for.
        """
        wanted = self._wanted(config)
        features = await link.read(profile.CONTROL_UUID)
        if len(features) < 2 or features[0] != _FEATURES:
            raise ProtocolError(f"features {features[:8].hex()!r}, expected some after 0f")
        bits = int.from_bytes(features[1:], "little")
        absent = [kind.name for kind in wanted if not bits >> kind & 1]
        if absent:
            raise ConnectError(
                f"{link.address}: measures no {' and no '.join(absent)}",
                hint="a Verity Sense in sensor mode is needed; update its firmware",
            )
        async with _conversation(link) as ask:
            for kind in wanted:  # an earlier program may have left it running
                await ask(bytes((Operation.STOP, kind)))
            chosen = await _offered(ask, wanted)
            if isinstance(chosen, _Missing):
                # Widens the choice; older firmware refuses, and then offers no more than before.
                await ask(bytes((Operation.START, Measurement.SDK_MODE)))
                chosen = await _offered(ask, wanted)
        if isinstance(chosen, _Missing):
            offers = ", ".join(map(str, chosen.offered)) or "none"
            raise ConnectError(
                f"{link.address}: {chosen.setting.name.lower()} {chosen.value}"
                f" of {chosen.kind.name} refused",
                hint=f"it offers {offers}",
            )
        self._chosen[link] = chosen

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe, then start each measurement.

        Replies to the starts are handed to `on_packet` too: they hold the factors of the counts.

        Raises
        ------
        ConnectError
            When the sensor refuses, or was not configured.
        """
        chosen = self._chosen.get(link)
        if chosen is None:
            raise ConnectError(f"{link.address}: to be started before it was configured")
        await link.subscribe(profile.DATA_UUID, on_packet)
        async with _conversation(link, on_start=on_packet) as ask:
            for kind, settings in chosen.items():
                request = encode_start(kind, settings)
                reply = await ask(request)
                if reply.status == Status.ALREADY_IN_STATE:
                    await ask(bytes((Operation.STOP, kind)))
                    reply = await ask(request)
                _require_ok(link, f"starting {kind.name}", reply)

    async def stop(self, link: Link) -> None:
        """Stop every measurement, leave the SDK mode, and unsubscribe."""
        chosen = self._chosen.pop(link, self._wanted(StreamConfig()))
        async with _conversation(link) as ask:
            replies = {
                kind: await ask(bytes((Operation.STOP, kind)))
                for kind in (*chosen, Measurement.SDK_MODE)
            }
        await link.unsubscribe(profile.DATA_UUID)
        for kind, reply in replies.items():
            if reply.status not in (Status.ALREADY_IN_STATE, Status.INVALID_STATE):
                _require_ok(link, f"stopping {kind.name}", reply)

    async def blink(self, link: Link) -> None:
        """Refuse: the protocol has no request that makes the sensor show itself.

        Raises
        ------
        ConnectError
            Always.
        """
        raise ConnectError(
            f"{link.address}: a Verity Sense cannot be told to show itself",
            hint="compare the digits on its back with the end of its name",
        )

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return the settings of the ordinary mode, unless a rate of the SDK mode is asked for."""
        if config.rate_hz in _SDK_RATES_HZ:
            return config
        return replace(config, rate_hz=_ORDINARY.rate_hz, acc_range_g=_ORDINARY.acc_range_g)

    def decoder(self, config: StreamConfig) -> PolarDecoder:
        """Return a fresh decoder for one connection epoch."""
        return PolarDecoder(config, mag_rate_hz=_MAG_RATE_HZ if self._magnetometer else None)

    def longest_packet_s(self, config: StreamConfig) -> float:
        """Return how long the sensor may gather samples for one packet, s."""
        rate_hz = min(config.rate_hz, _MAG_RATE_HZ) if self._magnetometer else config.rate_hz
        return _FULL_FRAME_SAMPLES / rate_hz

    def _wanted(self, config: StreamConfig) -> Chosen:
        def settings(rate_hz: int, full_scale: int) -> dict[Setting, int]:
            return {
                Setting.RATE: rate_hz,
                Setting.RESOLUTION: _RESOLUTION_BITS,
                Setting.RANGE: full_scale,
                Setting.CHANNELS: _CHANNELS,
            }

        wanted = {
            Measurement.GYRO: settings(config.rate_hz, config.gyr_range_dps),
            Measurement.ACC: settings(config.rate_hz, config.acc_range_g),
        }
        if self._magnetometer:
            wanted[Measurement.MAG] = settings(_MAG_RATE_HZ, _MAG_RANGE_GAUSS)
        return wanted


@dataclass(frozen=True, slots=True)
class _Missing:
    """A setting that is not offered, and what is."""

    kind: Measurement
    setting: Setting
    value: int
    offered: tuple[int, ...]


class _Conversation:
    """Requests to the control point and their replies, one at a time."""

    def __init__(self, link: Link, on_start: NotifyCallback | None) -> None:
        self._link = link
        self._on_start = on_start
        self._replies: asyncio.Queue[bytes] = asyncio.Queue()

    def on_indication(self, data: bytes) -> None:
        # In the callback, so that no data frame overtakes the reply that explains it.
        if self._on_start is not None and data[:2] == bytes((profile.REPLY, Operation.START)):
            self._on_start(data)
        self._replies.put_nowait(data)

    async def __call__(self, request: bytes) -> Reply:
        await self._link.write(profile.CONTROL_UUID, request)
        parameters = b""
        try:
            async with asyncio.timeout(_REPLY_TIMEOUT_S):
                while True:
                    data = await self._replies.get()
                    if data[:1] != bytes((profile.REPLY,)):
                        continue  # the sensor tells that it stopped a measurement by itself
                    reply = decode_reply(data)
                    if (reply.operation, reply.measurement) != (request[0], request[1]):
                        continue
                    parameters += reply.parameters
                    if not reply.has_more:
                        break
        except TimeoutError:
            raise ConnectError(
                f"{self._link.address}: no reply to request {request[:2].hex()}"
                f" within {_REPLY_TIMEOUT_S:g} s",
                hint="switch the sensor off and on, and bring it nearer",
            ) from None
        return Reply(reply.operation, reply.measurement, reply.status, False, parameters)


@asynccontextmanager
async def _conversation(
    link: Link, on_start: NotifyCallback | None = None
) -> AsyncIterator[_Conversation]:
    conversation = _Conversation(link, on_start)
    await link.subscribe(profile.CONTROL_UUID, conversation.on_indication)
    try:
        yield conversation
    finally:
        if link.is_connected:
            await link.unsubscribe(profile.CONTROL_UUID)


async def _offered(ask: _Conversation, wanted: Chosen) -> Chosen | _Missing:
    """Return what is wanted of the kinds of settings the sensor has, or the first it has not."""
    chosen: dict[Measurement, dict[Setting, int]] = {}
    for kind, settings in wanted.items():
        reply = await ask(bytes((Operation.GET_SETTINGS, kind)))
        offered = decode_settings(reply.parameters) if reply.status == Status.OK else {}
        chosen[kind] = {}
        for setting, value in settings.items():
            if setting not in offered and setting is not Setting.RATE:
                continue  # it has no choice there, and refuses to be told
            if value not in offered.get(setting, ()):
                return _Missing(kind, setting, value, offered.get(setting, ()))
            chosen[kind][setting] = value
    return chosen


def _require_ok(link: Link, what: str, reply: Reply) -> None:
    if reply.status == Status.IN_CHARGER:
        raise ConnectError(
            f"{link.address}: {what} refused: it is in its charger", hint="take it out"
        )
    if reply.status != Status.OK:
        raise ConnectError(
            f"{link.address}: {what} refused: {reply.reason}",
            hint="switch the sensor off and on, then try again",
        )
