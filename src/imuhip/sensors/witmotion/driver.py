"""Driver of WitMotion sensors: configure, start, stop, decode.

Protocol-verified, not hardware-verified: every exchange is tested over real GATT against a virtual
sensor written from the protocol's description.
"""

from __future__ import annotations

import asyncio
from typing import Final
from weakref import WeakKeyDictionary

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.errors import ConnectError
from imuhip.sensors.driver import nearest_of
from imuhip.sensors.witmotion.frames import (
    ACC_RANGE_G,
    GYR_RANGE_DPS,
    REGISTERS,
    FrameReader,
    WitMotionDecoder,
    read_request,
    register_values,
    write_requests,
)

__all__ = ["RATE_CODES", "WitMotionDriver", "charge_percent"]

# Not the base of the Bluetooth SIG, which has 9b where this has 9a.
_BASE: Final = "0000{}-0000-1000-8000-00805f9a34fb"
_SERVICE: Final = _BASE.format("ffe5")
_NOTIFY: Final = _BASE.format("ffe4")
_WRITE: Final = _BASE.format("ffe9")
_NAMES: Final = ("WT", "BWT", "WitMotion")

RATE_CODES: Final = {1: 3, 2: 4, 5: 5, 10: 6, 20: 7, 50: 8, 100: 9, 125: 10, 200: 11}
"""Value of the rate register by rate in Hz; not every model knows the highest."""

_RATE_REGISTER: Final = 0x03
_VERSION_REGISTER: Final = 0x2E
_CHARGE_REGISTER: Final = 0x64
_NUMBER_REGISTER: Final = 0x7F
_NUMBER_REGISTERS: Final = 6

_CHARGE_BY_VOLTAGE: Final = (
    (397, 100),
    (393, 90),
    (387, 75),
    (382, 60),
    (379, 50),
    (377, 40),
    (373, 30),
    (370, 20),
    (368, 15),
    (350, 10),
    (340, 5),
)
"""The vendor's steps: from this many hundredths of a volt on, so many percent."""

_ANSWER_TIMEOUT_S: Final = 1.0
_MOST_ASKED: Final = 3
_OPTIONAL_TIMEOUT_S: Final = 0.6
"""For registers that not every model has."""
_UNLOCK_S: Final = 0.12
"""The sensor needs 0.1 s to open its registers, and as long to store one."""


class WitMotionDriver:
    """Sensors of WitMotion's Bluetooth 5.0 protocol.

    One characteristic carries samples and answers alike, so the driver keeps, for each link, who
    listens to it: registers can then be read while samples stream.
    """

    def __init__(self) -> None:
        self._wires: WeakKeyDictionary[Link, _Wire] = WeakKeyDictionary()

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "WitMotion"

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the service or a name of the maker."""
        return _SERVICE in advertisement.service_uuids or advertisement.name.startswith(_NAMES)

    async def identify(self, link: Link) -> SensorIdentity:
        """Read serial number and firmware; a model without a number is known by its address.

        Raises
        ------
        ConnectError
            When the sensor does not answer at all.
        """
        self._wires.pop(link, None)  # of a connection that is gone
        wire = await self._wire(link)
        await wire.ask(_RATE_REGISTER)
        # An answer that got lost must not make another sensor of it.
        number = await wire.ask_if_any(_NUMBER_REGISTER)
        number = number or await wire.ask_if_any(_NUMBER_REGISTER)
        version = await wire.ask_if_any(_VERSION_REGISTER)
        return SensorIdentity(
            model=self.model,
            serial=_text(number[:_NUMBER_REGISTERS]) or link.address,
            firmware=".".join(str(value & 0xFFFF) for value in version[:1]),
            clock_hz=0.0,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the voltage; None when the model does not tell."""
        values = await (await self._wire(link)).ask_if_any(_CHARGE_REGISTER)
        return charge_percent(values[0]) if values else None

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Set the rate, if it is another, and read it back.

        Raises
        ------
        ConnectError
            When the sensor has no such rate or range.
        """
        _require_possible(link, config)
        code = RATE_CODES[config.rate_hz]
        wire = await self._wire(link)
        if (await wire.ask(_RATE_REGISTER))[0] == code:
            return  # its memory is written as seldom as can be
        for command in write_requests(_RATE_REGISTER, code):
            await link.write(_WRITE, command, response=False)
            await asyncio.sleep(_UNLOCK_S)
        answer = (await wire.ask(_RATE_REGISTER))[0]
        if answer != code:
            kept = next((hz for hz, each in RATE_CODES.items() if each == answer), None)
            raise ConnectError(
                f"{link.address}: sample rate of {config.rate_hz} Hz refused, it keeps"
                f" {f'{kept} Hz' if kept else f'code {answer:#x}'}",
                hint="some models stop at 50 or 100 Hz: choose a lower rate",
            )

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Hand on what the sensor sends, which it does as long as somebody listens."""
        wire = await self._wire(link)
        is_again = wire.on_packet is not None
        wire.on_packet = on_packet
        if is_again:
            await link.subscribe(_NOTIFY, wire.on_bytes)

    async def stop(self, link: Link) -> None:
        """Unsubscribe."""
        self._wires.pop(link, None)
        await link.unsubscribe(_NOTIFY)

    async def blink(self, link: Link) -> None:
        """Refuse: the protocol has no way to make a sensor show itself.

        Raises
        ------
        ConnectError
            Always.
        """
        raise ConnectError(
            f"{link.address}: WitMotion sensors cannot be told to blink",
            hint="move the sensor by hand and watch which one feels it",
        )

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what the model offers and is nearest to what is asked for."""
        return StreamConfig(nearest_of(config.rate_hz, RATE_CODES), ACC_RANGE_G, GYR_RANGE_DPS)

    def decoder(self, config: StreamConfig) -> WitMotionDecoder:
        """Return a fresh decoder for one connection epoch."""
        return WitMotionDecoder(config)

    async def _wire(self, link: Link) -> _Wire:
        """Return who listens to a link, listening from now on if nobody did."""
        wire = self._wires.get(link)
        if wire is None:
            wire = _Wire(link)
            await link.subscribe(_NOTIFY, wire.on_bytes)
            self._wires[link] = wire
        return wire


class _Wire:
    """What one link sends: everything to the stream's listener, answers to whoever asked."""

    def __init__(self, link: Link) -> None:
        self.on_packet: NotifyCallback | None = None
        self._link = link
        self._reader = FrameReader()
        self._waiting: dict[int, asyncio.Future[tuple[int, ...]]] = {}

    def on_bytes(self, data: bytes) -> None:
        if self.on_packet is not None:
            self.on_packet(data)
        if not self._waiting:
            return
        for frame in self._reader.feed(data)[0]:
            if frame[1] == REGISTERS:
                register, values = register_values(frame)
                answer = self._waiting.get(register)
                if answer is not None and not answer.done():
                    answer.set_result(values)

    async def ask(self, register: int) -> tuple[int, ...]:
        """Return the eight registers from this one on; a command may get lost, so ask again."""
        for _ in range(_MOST_ASKED - 1):
            try:
                return await self._ask(register, _ANSWER_TIMEOUT_S)
            except ConnectError:
                continue
        return await self._ask(register, _ANSWER_TIMEOUT_S)

    async def _ask(self, register: int, timeout_s: float) -> tuple[int, ...]:
        self._reader = FrameReader()
        answer: asyncio.Future[tuple[int, ...]] = asyncio.get_running_loop().create_future()
        self._waiting[register] = answer
        try:
            await self._link.write(_WRITE, read_request(register), response=False)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise ConnectError(
                f"{self._link.address}: no answer about register {register:#04x}"
                f" within {timeout_s:g} s",
                hint="switch the sensor off and on, and bring it nearer",
            ) from None
        finally:
            self._waiting.pop(register, None)

    async def ask_if_any(self, register: int) -> tuple[int, ...]:
        """Return the same, or nothing from a sensor that does not answer."""
        try:
            async with asyncio.timeout(2 * _OPTIONAL_TIMEOUT_S):
                return await self._ask(register, _OPTIONAL_TIMEOUT_S)
        except (ConnectError, TimeoutError):
            return ()


def charge_percent(centivolts: int) -> int:
    """Return the charge the vendor takes for a battery voltage, in hundredths of a volt."""
    return next((percent for least, percent in _CHARGE_BY_VOLTAGE if centivolts >= least), 0)


def _require_possible(link: Link, config: StreamConfig) -> None:
    if config.rate_hz not in RATE_CODES:
        raise ConnectError(
            f"{link.address}: sample rate of {config.rate_hz} Hz refused",
            hint=f"it offers {', '.join(map(str, RATE_CODES))} Hz",
        )
    if (config.acc_range_g, config.gyr_range_dps) != (ACC_RANGE_G, GYR_RANGE_DPS):
        raise ConnectError(
            f"{link.address}: ranges of {config.acc_range_g} g and {config.gyr_range_dps} °/s"
            " refused",
            hint=f"they are fixed at {ACC_RANGE_G} g and {GYR_RANGE_DPS} °/s",
        )
    if config.batch_samples > 1:
        raise ConnectError(
            f"{link.address}: {config.batch_samples} samples in a packet refused",
            hint="the sensor sends every sample as it is taken; 0 leaves it to the sensor",
        )


def _text(values: tuple[int, ...]) -> str:
    """Return the printable text of registers that hold two characters each, else nothing."""
    data = b"".join((value & 0xFFFF).to_bytes(2, "little") for value in values).rstrip(b"\0 ")
    text = data.decode("ascii", "replace")
    return text if data and text.isprintable() and "\ufffd" not in text else ""
