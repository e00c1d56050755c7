"""Nordic Thingy:52, by its published firmware: raw motion of one notify characteristic.

Comes in: notifications of 18 bytes, nine little-endian ``i16``: acceleration x, y, z in 1/1024 g,
angular rate x, y, z in 1/32 °/s, magnetic field x, y, z in 1/16 µT. Goes out: samples in m/s²,
rad/s and µT. There is no number, time or checksum in them, so both are counted. Listening starts
the stream.

Protocol-verified, not hardware-verified: every exchange is tested over real GATT against a virtual
sensor written from the firmware's headers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imuhip.core.link import Advertisement, Link, NotifyCallback
from imuhip.core.sensor import SampleBlock, SensorIdentity, StreamConfig
from imuhip.errors import ConnectError, ProtocolError
from imuhip.sensors.counting import SampleCount, clip_flags
from imuhip.sensors.standard_services import read_battery_percent

__all__ = ["MotionSettings", "Thingy52Decoder", "Thingy52Driver"]

LOWEST_RATE_HZ: Final = 5
HIGHEST_RATE_HZ: Final = 200

_BASE: Final = "ef68{}-9b35-4933-9b10-52ffa9740042"
_ADVERTISED_SERVICE: Final = _BASE.format("0100")
_FIRMWARE: Final = _BASE.format("0107")
_LED: Final = _BASE.format("0301")
_MOTION_SETTINGS: Final = _BASE.format("0401")
_RAW_MOTION: Final = _BASE.format("0406")

_FIXED_RANGES: Final = (16, 2000)
_BREATHE_ONCE_WHITE: Final = bytes((3, 7, 100))
"""Mode, mix of red, green and blue, intensity in percent."""

_PACKET_BYTES: Final = 18
_ACC_SCALE: Final = 9.80665 / 1024
_GYR_SCALE: Final = float(np.radians(1.0)) / 32
_MAG_SCALE: Final = 1.0 / 16


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """The configuration of the motion service.

    Parameters
    ----------
    pedometer_ms, temperature_ms, compass_ms : int
        Intervals of what imuhip does not use.
    rate_hz : int
        Of the motion processing, raw motion included.
    wake_on_motion : int
        0 or 1.
    """

    pedometer_ms: int
    temperature_ms: int
    compass_ms: int
    rate_hz: int
    wake_on_motion: int

    @classmethod
    def from_bytes(cls, data: bytes) -> MotionSettings:
        """Read the characteristic.

        Raises
        ------
        ProtocolError
            When it does not have 9 bytes.
        """
        if len(data) != 9:
            raise ProtocolError(f"motion configuration of {len(data)} bytes, expected 9")
        return cls(*struct.unpack("<HHHHB", data))

    def to_bytes(self) -> bytes:
        """Return the bytes of the characteristic."""
        return struct.pack(
            "<HHHHB",
            self.pedometer_ms,
            self.temperature_ms,
            self.compass_ms,
            self.rate_hz,
            self.wake_on_motion,
        )


class Thingy52Decoder:
    """Turns notifications of raw motion into samples, one each.

    Parameters
    ----------
    config : StreamConfig
        Its rate is the one the count runs at.
    """

    def __init__(self, config: StreamConfig) -> None:
        self._count = SampleCount(config.rate_hz)

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification.

        Raises
        ------
        ProtocolError
            When it does not have 18 bytes.
        """
        if len(packet) != _PACKET_BYTES:
            raise ProtocolError(
                f"raw motion of {len(packet)} bytes, expected {_PACKET_BYTES}",
                hint="the Bluetooth stack may have truncated it",
            )
        counts = np.frombuffer(packet, dtype="<i2").reshape(3, 1, 3)
        acc, gyr, mag = counts
        return self._count.block(
            acc * _ACC_SCALE, gyr * _GYR_SCALE, mag * _MAG_SCALE, clip_flags(acc, gyr)
        )


class Thingy52Driver:
    """Thingy:52 with Nordic's own firmware, version 2."""

    @property
    def model(self) -> str:
        """Return the model's name as people know it."""
        return "Thingy:52"

    @property
    def is_known_by_address(self) -> bool:
        """Return True: its firmware states no serial number."""
        return True

    def matches(self, advertisement: Advertisement) -> bool:
        """Return whether an advertisement carries the service or the name given at the factory."""
        return _ADVERTISED_SERVICE in advertisement.service_uuids or advertisement.name.startswith(
            "Thingy"
        )

    async def identify(self, link: Link) -> SensorIdentity:
        """Read the firmware; there is no serial number, so the address stands for it."""
        try:
            version = await link.read(_FIRMWARE)
        except ConnectError:
            version = b""
        return SensorIdentity(
            model=self.model,
            serial=link.address,
            firmware=".".join(map(str, version)),
            clock_hz=0.0,
        )

    async def battery_percent(self, link: Link) -> int | None:
        """Read the battery level."""
        return await read_battery_percent(link)

    async def configure(self, link: Link, config: StreamConfig) -> None:
        """Set the rate, if it is another, and read it back; other settings stay.

        Raises
        ------
        ConnectError
            When the sensor has no such rate or range.
        """
        _require_possible(link, config)
        present = MotionSettings.from_bytes(await link.read(_MOTION_SETTINGS))
        if present.rate_hz == config.rate_hz:
            return
        wanted = replace(present, rate_hz=config.rate_hz)
        await link.write(_MOTION_SETTINGS, wanted.to_bytes())
        kept = MotionSettings.from_bytes(await link.read(_MOTION_SETTINGS))
        if kept != wanted:
            raise ConnectError(
                f"{link.address}: sample rate of {config.rate_hz} Hz refused,"
                f" it keeps {kept.rate_hz} Hz",
                hint=f"it offers {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz",
            )

    async def start(self, link: Link, on_packet: NotifyCallback) -> None:
        """Subscribe, which starts the stream."""
        await link.subscribe(_RAW_MOTION, on_packet)

    async def stop(self, link: Link) -> None:
        """Unsubscribe, which stops it."""
        await link.unsubscribe(_RAW_MOTION)

    async def blink(self, link: Link) -> None:
        """Let the light come and go once, in white."""
        await link.write(_LED, _BREATHE_ONCE_WHITE)

    def nearest(self, config: StreamConfig) -> StreamConfig:
        """Return what the model offers and is nearest to what is asked for."""
        return StreamConfig(
            min(max(config.rate_hz, LOWEST_RATE_HZ), HIGHEST_RATE_HZ), *_FIXED_RANGES
        )

    def decoder(self, config: StreamConfig) -> Thingy52Decoder:
        """Return a fresh decoder for one connection epoch."""
        return Thingy52Decoder(config)


def _require_possible(link: Link, config: StreamConfig) -> None:
    if not LOWEST_RATE_HZ <= config.rate_hz <= HIGHEST_RATE_HZ:
        raise ConnectError(
            f"{link.address}: sample rate of {config.rate_hz} Hz refused",
            hint=f"it offers {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz",
        )
    if (config.acc_range_g, config.gyr_range_dps) != _FIXED_RANGES:
        raise ConnectError(
            f"{link.address}: ranges of {config.acc_range_g} g and {config.gyr_range_dps} °/s"
            " refused",
            hint=f"they are fixed at {_FIXED_RANGES[0]} g and {_FIXED_RANGES[1]} °/s",
        )
    if config.batch_samples > 1:
        raise ConnectError(
            f"{link.address}: {config.batch_samples} samples in a packet refused",
            hint="the sensor sends every sample as it is taken; 0 leaves it to the sensor",
        )
