"""Modules and registers of a MetaMotion board, and the frames of a stamped stream.

A command is ``u8 module, u8 register, data``; bit 7 of the register asks for its value, which
comes as a notification that begins alike. A plain sample is ``u8 module, u8 register, i16 x, y, z``
and a stamped one (little-endian) is::

    u8 0x09    u8 0x03    u8 processor    u32 ticks    i16 x, y, z

with a tick of 48/32768 s. Processors are made by a command that names their source, and answered
with their number.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from imuhip.errors import ProtocolError

__all__ = [
    "ACC",
    "ACC_DATA",
    "ACC_LSB_PER_G",
    "BLINK",
    "BOARDS",
    "GYRO",
    "GYRO_DATA",
    "GYR_LSB_PER_DPS",
    "PROCESSOR",
    "PROCESSOR_MADE",
    "RATES_HZ",
    "SAMPLING_OFF",
    "SAMPLING_ON",
    "TICK_S",
    "Board",
    "StampedSample",
    "decode_plain",
    "decode_stamped",
    "make_stamper",
]

ACC, PROCESSOR, GYRO = 0x03, 0x09, 0x13
"""Modules."""
ACC_DATA: Final = 0x04
GYRO_DATA: Final = (0x05, 0x04)
"""Of a BMI160 and of a BMI270."""

TICK_S: Final = 48 / 32768
RATES_HZ: Final = (25, 50, 100, 200)
ACC_LSB_PER_G: Final[Mapping[int, float]] = {2: 16384.0, 4: 8192.0, 8: 4096.0, 16: 2048.0}
GYR_LSB_PER_DPS: Final[Mapping[int, float]] = {
    2000: 16.4,
    1000: 32.8,
    500: 65.6,
    250: 131.2,
    125: 262.4,
}
_ODR: Final = {25: 6, 50: 7, 100: 8, 200: 9}
_GYR_RANGE: Final = {2000: 0, 1000: 1, 500: 2, 250: 3, 125: 4}

PROCESSOR_MADE: Final = bytes((0x09, 0x02))
_PLAIN: Final = struct.Struct("<BB3h")
_STAMPED: Final = struct.Struct("<BBBI3h")
_ACCOUNTER: Final = bytes((0x11, 0x31, 0x03))
_THREE_I16: Final = 0xA0

BLINK: Final = (
    bytes.fromhex("020300021f00000032000000f40100000a"),  # green, 50 ms of every 500 ms, 10 times
    bytes.fromhex("020101"),
)
SAMPLING_ON: Final = tuple(map(bytes.fromhex, ("13020100", "03020100", "130101", "030101")))
_STREAMS_OFF: Final = ("030100", "130100", "03020001", "13020001")
_NOTHING_SENT: Final = ("030400", "130400", "130500", "090300", "0908")
SAMPLING_OFF: Final = tuple(map(bytes.fromhex, _STREAMS_OFF + _NOTHING_SENT))
"""Both streams, with or without stamps, whoever started them."""


@dataclass(frozen=True, slots=True)
class Board:
    """What differs between boards with different chips.

    Parameters
    ----------
    chip : str
        Name of the inertial chip.
    gyro_register : int
        Where its angular rate appears.
    odr_flags : int
        Set in the first byte of the acceleration's configuration.
    acc_range : mapping of int to int
        Codes of full scales in g.
    """

    chip: str
    gyro_register: int
    odr_flags: int
    acc_range: Mapping[int, int]

    def acc_config(self, rate_hz: int, range_g: int) -> bytes:
        """Return the two configuration bytes of the accelerometer."""
        return bytes((self.odr_flags | _ODR[rate_hz], self.acc_range[range_g]))

    def gyr_config(self, rate_hz: int, range_dps: int) -> bytes:
        """Return the two configuration bytes of the gyroscope."""
        return bytes((0x20 | _ODR[rate_hz], _GYR_RANGE[range_dps]))


BOARDS: Final[Mapping[tuple[int, int], Board]] = {
    (1, 0): Board("BMI160", 0x05, 0x20, {2: 0x03, 4: 0x05, 8: 0x08, 16: 0x0C}),
    (4, 1): Board("BMI270", 0x04, 0xA0, {2: 0x00, 4: 0x01, 8: 0x02, 16: 0x03}),
}
"""By the implementations that the modules for acceleration and for angular rate name."""


@dataclass(frozen=True, slots=True)
class StampedSample:
    """One sample of one stream.

    Parameters
    ----------
    processor : int
        Which stamped it.
    ticks : int
        Of the board's clock, modulo 2**32.
    counts : (int, int, int)
        As the chip gave them.
    """

    processor: int
    ticks: int
    counts: tuple[int, int, int]


def decode_plain(data: bytes) -> tuple[int, int, int]:
    """Read the counts of a plain sample.

    Raises
    ------
    ProtocolError
        When it is none.
    """
    if len(data) != _PLAIN.size:
        raise ProtocolError(
            f"notification {data[:16].hex()!r} of {len(data)} bytes, expected {_PLAIN.size}"
        )
    _, _, x, y, z = _PLAIN.unpack(data)
    return x, y, z


def make_stamper(module: int, register: int) -> bytes:
    """Return the command that makes a processor stamp the three numbers of a register."""
    return PROCESSOR_MADE + bytes((module, register, 0xFF, _THREE_I16)) + _ACCOUNTER


def decode_stamped(data: bytes) -> StampedSample:
    """Read a stamped sample.

    Raises
    ------
    ProtocolError
        When it is none.
    """
    if len(data) != _STAMPED.size or data[:2] != b"\x09\x03":
        raise ProtocolError(
            f"notification {data[:16].hex()!r} of {len(data)} bytes,"
            f" expected {_STAMPED.size} that begin with 0903"
        )
    _, _, processor, ticks, x, y, z = _STAMPED.unpack(data)
    return StampedSample(processor, ticks, (x, y, z))
