"""Driver of imuhip sensors: configure, start, stop, decode.

Hardware verification is up to owners of boards; every exchange here is tested over real GATT
against the virtual sensor of `imuhip.simulation`.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError
from imuhip.sensors.driver import ClockReading
from imuhip.sensors.imuhip_v1 import profile
from imuhip.sensors.imuhip_v1.control import (
    Info,
    Reply,
    Request,
    SampleRange,
    Settings,
    decode_info,
    decode_range,
    decode_reply,
    decode_settings,
    encode_range,
    encode_request,
    encode_settings,
    operation_name,
)
from imuhip.sensors.imuhip_v1.packets import StreamDecoder, samples_that_fit
from imuhip.sensors.imuhip_v1.profile import Operation, Status
from imuhip.sensors.imuhip_v1.sync import clock_reader, encode_sync_request
from imuhip.sensors.standard_services import (
    FIRMWARE_UUID,
    MODEL_UUID,
    SERIAL_UUID,
    read_battery_percent,
    read_text,
)

__all__ = ["ImuhipV1Driver"]

_REPLY_TIMEOUT_S: Final = 3.0
_SMALLEST_MTU: Final = 34
"""Carries one sample: 3 bytes of ATT, 16 of header, 12 of sample, 3 of trailer."""


class ImuhipV1Driver:
    """Sensors that speak the protocol of ``firmware_protocol/specification.md``.

    Parameters
    ----------
    session : int
        Sent with `start`. A sensor that lost its link goes on numbering its samples when it is
        started again with the same number, so that the gap is known exactly.
    dither_ms : int
        Longest random delay the sensor adds to a packet. With the age stated in each packet, it
        lets the mapping of the sensor's clock see through connection intervals up to this long.
    """

    def __init__(self, *, session: int = 1, dither_ms: int = 30) -> None:
        self._session = session
        self._dither_ms = dither_ms

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "imuhip"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the service or, for want of it, the name."""
        if advertisement.service_uuids:
            return profile.SERVICE_UUID in advertisement.service_uuids
        return advertisement.name.startswith(profile.ADVERTISED_NAME_PREFIX)

    async def identify(self, link: Link) -> SensorIdentity:
        """Read model, serial number, firmware and clock.

        Raises
        ------
        ConnectError
            When the sensor speaks another major version.
        ProtocolError
            When its info cannot be read.
        """
        info = await self._info(link)
        return SensorIdentity(
            model=await read_text(link, MODEL_UUID),
            serial=await read_text(link, SERIAL_UUID) or info.unique_id.hex(),
            firmware=await read_text(link, FIRMWARE_UUID),
            clock_hz=float(info.clock_hz),
            asks_for_bond=profile.Capability.BOND in info.capabilities,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        return await read_battery_percent(link)

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Set rate, ranges and batch; a stream that still runs is stopped first.

        Raises
        ------
        ConnectError
            When the sensor refuses a value, naming it and the allowed ones.
        """
        info = await self._info(link)
        wanted = Settings(
            rate_hz=config.rate_hz,
            acc_range_g=config.acc_range_g,
            gyr_range_dps=config.gyr_range_dps,
            batch_samples=config.batch_samples,
            dither_ms=self._dither_ms if profile.Capability.DITHER in info.capabilities else 0,
        )
        async with _conversation(link) as ask:
            present = decode_settings((await ask(Operation.GET_CONFIG)).result)
            if present == wanted:
                # A running session of the same settings goes on, so that its gap stays countable.
                return
            reply = await ask(Operation.SET_CONFIG, encode_settings(wanted))
            if reply.status is Status.WRONG_STATE:
                await ask(Operation.STOP)
                reply = await ask(Operation.SET_CONFIG, encode_settings(wanted))
        if reply.status is not Status.OK:
            raise _refusal(link, config, info, reply)

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe, then start the stream.

        Raises
        ------
        ConnectError
            When the MTU cannot carry a sample, or the sensor refuses otherwise.
        """
        await link.subscribe(profile.STREAM_UUID, on_packet)
        async with _conversation(link) as ask:
            reply = await ask(Operation.START, struct.pack("<I", self._session))
        if reply.status is Status.MTU_TOO_SMALL:
            raise ConnectError(
                f"{link.address}: the connection's MTU of {link.mtu} bytes carries"
                f" {samples_that_fit(link.mtu)} samples, one needs {_SMALLEST_MTU}",
                hint="use a Bluetooth adapter that negotiates a larger MTU (most allow 185 to 247)",
            )
        _require_ok(link, reply)

    async def stop(self, link: Link) -> None:
        """Stop the stream and unsubscribe."""
        async with _conversation(link) as ask:
            reply = await ask(Operation.STOP)
        await link.unsubscribe(profile.STREAM_UUID)
        _require_ok(link, reply)

    async def blink(self, link: Link) -> None:
        """Make the sensor show itself."""
        async with _conversation(link) as ask:
            _require_ok(link, await ask(Operation.IDENTIFY))

    async def set_time_hint(self, link: Link, unix_s: float) -> None:
        """Tell the sensor the time of day, for its own log; streams do not depend on it."""
        async with _conversation(link) as ask:
            unix_ms = struct.pack("<Q", round(unix_s * 1000))
            _require_ok(link, await ask(Operation.SET_TIME_HINT, unix_ms))

    async def offer_back_fill(self, link: Link, on_packet: NotifyCallback) -> bool:
        """Subscribe to what is sent again; return False when this sensor cannot."""
        if profile.Capability.BACKFILL not in (await self._info(link)).capabilities:
            return False
        await link.subscribe(profile.BACK_FILL_UUID, on_packet)
        return True

    async def back_fill(self, link: Link, first_seq: int, count: int) -> int:
        """Ask for samples of the session; return how many are going to come.

        Raises
        ------
        ConnectError
            When the sensor refuses.
        """
        async with _conversation(link) as ask:
            reply = await ask(Operation.BACKFILL, encode_range(SampleRange(first_seq, count)))
        _require_ok(link, reply)
        return decode_range(reply.result).count

    async def offer_clock(self, link: Link, on_reading: Callable[[ClockReading], None]) -> bool:
        """Subscribe to what the sensor's clock shows; return False when it does not tell."""
        if profile.Capability.SYNC not in (await self._info(link)).capabilities:
            return False
        await link.subscribe(profile.SYNC_UUID, clock_reader(on_reading))
        return True

    async def ask_clock(self, link: Link, exchange: int, host_us: int) -> None:
        """Ask what the sensor's clock shows."""
        await link.write(profile.SYNC_UUID, encode_sync_request(exchange, host_us))

    def decoder(self, config: StreamConfig) -> StreamDecoder:
        """Return a fresh decoder for one connection epoch."""
        return StreamDecoder(config.acc_range_g, config.gyr_range_dps)

    async def _info(self, link: Link) -> Info:
        info = decode_info(await link.read(profile.INFO_UUID))
        if info.major != profile.PROTOCOL_MAJOR:
            raise ConnectError(
                f"{link.address}: speaks version {info.major} of the imuhip protocol,"
                f" this imuhip version {profile.PROTOCOL_MAJOR}",
                hint="update imuhip or the sensor's firmware",
            )
        return info


class _Conversation:
    """Requests and their replies, one at a time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._replies: asyncio.Queue[bytes] = asyncio.Queue()
        self._reference = 0

    def on_indication(self, data: bytes) -> None:
        self._replies.put_nowait(data)

    async def __call__(self, operation: Operation, arguments: bytes = b"") -> Reply:
        self._reference = self._reference % 255 + 1
        request = Request(operation, self._reference, arguments)
        await self._link.write(profile.CONTROL_UUID, encode_request(request))
        try:
            async with asyncio.timeout(_REPLY_TIMEOUT_S):
                while True:
                    reply = decode_reply(await self._replies.get())
                    if (reply.operation, reply.reference) == (operation, self._reference):
                        return reply
        except TimeoutError:
            raise ConnectError(
                f"{self._link.address}: no reply to {operation_name(operation)}"
                f" within {_REPLY_TIMEOUT_S:g} s",
                hint="switch the sensor off and on, and bring it nearer",
            ) from None


@asynccontextmanager
async def _conversation(link: Link) -> AsyncIterator[_Conversation]:
    conversation = _Conversation(link)
    await link.subscribe(profile.CONTROL_UUID, conversation.on_indication)
    try:
        yield conversation
    finally:
        if link.is_connected:
            await link.unsubscribe(profile.CONTROL_UUID)


def _refusal(link: Link, config: StreamConfig, info: Info, reply: Reply) -> ConnectError:
    def choices(values: tuple[int, ...]) -> str:
        return ", ".join(map(str, values))

    reasons = {
        Status.BAD_RATE: (
            f"sample rate of {config.rate_hz} Hz refused",
            f"it offers {choices(info.rates_hz)} Hz",
        ),
        Status.BAD_ACC_RANGE: (
            f"acceleration range of {config.acc_range_g} g refused",
            f"allowed are {choices(profile.ACC_RANGES_G)} g",
        ),
        Status.BAD_GYRO_RANGE: (
            f"angular-rate range of {config.gyr_range_dps} °/s refused",
            f"allowed are {choices(profile.GYRO_RANGES_DPS)} °/s",
        ),
        Status.BAD_BATCH: (
            f"{config.batch_samples} samples in a packet refused",
            f"the MTU of {link.mtu} bytes carries {samples_that_fit(link.mtu)}; 0 chooses itself",
        ),
    }
    if reply.status in reasons:
        what, hint = reasons[reply.status]
        return ConnectError(f"{link.address}: {what}", hint=hint)
    return _failure(link, reply)


def _failure(link: Link, reply: Reply) -> ConnectError:
    reason = reply.status.name.lower().replace("_", " ")
    return ConnectError(
        f"{link.address}: {operation_name(reply.operation)} refused: {reason}"
        f" (status {int(reply.status)})",
        hint="switch the sensor off and on, then try again",
    )


def _require_ok(link: Link, reply: Reply) -> None:
    if reply.status is not Status.OK:
        raise _failure(link, reply)
