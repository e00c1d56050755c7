"""The control point: requests, replies, and the lists of settings they carry.

A request is ``u8 operation, u8 measurement`` and, to start, settings; a reply ``u8 0xF0, u8
operation, u8 measurement, u8 status, u8 more`` and settings, continued in further replies while
``more`` is set. Settings are ``u8 kind, u8 count, count x value``, little-endian.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from imuhip.errors import ProtocolError
from imuhip.sensors.polar.profile import REPLY, Measurement, Operation, Setting, Status

__all__ = ["Reply", "decode_reply", "decode_settings", "encode_start", "factor_of"]

_WIDTHS: Final = {
    Setting.RATE: 2,
    Setting.RESOLUTION: 2,
    Setting.RANGE: 2,
    Setting.RANGE_MILLIUNIT: 4,
    Setting.CHANNELS: 1,
    Setting.FACTOR: 4,
    Setting.SECURITY: 16,
}
_HEADER_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the control point."""

    operation: int
    measurement: int
    status: int
    has_more: bool
    parameters: bytes

    @property
    def reason(self) -> str:
        """Return the status in words."""
        known = self.status in set(Status)
        name = Status(self.status).name.lower().replace("_", " ") if known else "unknown reason"
        return f"{name} (status {self.status})"


def decode_reply(data: bytes) -> Reply:
    """Read a reply.

    Raises
    ------
    ProtocolError
        When it is none.
    """
    if len(data) < 4 or data[0] != REPLY:
        raise ProtocolError(f"control reply {data[:8].hex()!r}, expected one that begins with f0")
    parameters = data[_HEADER_BYTES:] if data[3] == Status.OK else b""
    has_more = data[3] == Status.OK and len(data) >= _HEADER_BYTES and data[4] != 0
    return Reply(data[1], data[2], data[3], has_more, parameters)


def decode_settings(data: bytes) -> dict[Setting, tuple[int, ...]]:
    """Read a list of settings; a factor comes as the bits of its float.

    Raises
    ------
    ProtocolError
        When the list is cut short or names an unknown kind.
    """
    settings: dict[Setting, tuple[int, ...]] = {}
    at = 0
    while at < len(data):
        if data[at] not in set(Setting) or at + 2 > len(data):
            raise ProtocolError(f"settings {data.hex()!r}: byte {at} begins no known setting")
        kind, count = Setting(data[at]), data[at + 1]
        width = _WIDTHS[kind]
        stop = at + 2 + count * width
        if stop > len(data):
            raise ProtocolError(
                f"settings of {len(data)} bytes announce {count} values of {kind.name.lower()},"
                f" which end at byte {stop}"
            )
        settings[kind] = tuple(
            int.from_bytes(data[i : i + width], "little") for i in range(at + 2, stop, width)
        )
        at = stop
    return settings


def factor_of(settings: Mapping[Setting, tuple[int, ...]]) -> float:
    """Return what counts are multiplied with, 1 where the sensor names none.

    Raises
    ------
    ProtocolError
        When it is not a positive number.
    """
    bits = settings.get(Setting.FACTOR, ())
    if not bits:
        return 1.0
    factor: float = struct.unpack("<f", bits[0].to_bytes(4, "little"))[0]
    if not math.isfinite(factor) or factor <= 0:
        raise ProtocolError(f"factor {factor} in the reply to a start, expected a positive number")
    return factor


def encode_start(measurement: Measurement, chosen: Mapping[Setting, int]) -> bytes:
    """Return the request that starts a measurement with one value for each setting."""
    parts = [bytes((Operation.START, measurement))]
    parts += [
        bytes((kind, 1)) + value.to_bytes(_WIDTHS[kind], "little")
        for kind, value in sorted(chosen.items())
    ]
    return b"".join(parts)
