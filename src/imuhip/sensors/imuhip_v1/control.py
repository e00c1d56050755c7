"""Who a sensor is, how it is set, and the requests and replies that change it.

All numbers are little-endian. A request is ``u8 operation, u8 reference, arguments``; its reply,
an indication of the same characteristic, ``u8 operation | 0x80, u8 reference, u8 status, result``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from imuhip.errors import ProtocolError
from imuhip.sensors.imuhip_v1.profile import (
    REPLY_BIT,
    Capability,
    Field,
    Operation,
    Status,
)

__all__ = [
    "Info",
    "Reply",
    "Request",
    "SampleRange",
    "Settings",
    "decode_info",
    "decode_range",
    "decode_reply",
    "decode_request",
    "decode_settings",
    "encode_info",
    "encode_range",
    "encode_reply",
    "encode_request",
    "encode_settings",
]

_INFO = struct.Struct("<BBH8sHIhhB")
_SETTINGS = struct.Struct("<HHHBBB")
_RANGE = struct.Struct("<IH")
_SEQ_MODULUS = 1 << 32


@dataclass(frozen=True, slots=True)
class Info:
    """The info characteristic.

    Parameters
    ----------
    major, minor : int
        Protocol version.
    firmware : int
        Firmware version, ``major << 8 | minor``.
    unique_id : bytes
        8 bytes that never change.
    capabilities : Capability
        What the sensor offers.
    clock_hz : int
        Nominal rate of the clock behind its time stamps.
    acc_range_g, gyr_range_dps : int
        Full scales set at present.
    rates_hz : tuple of int
        Sample rates it can be set to.
    """

    major: int
    minor: int
    firmware: int
    unique_id: bytes
    capabilities: Capability
    clock_hz: int
    acc_range_g: int
    gyr_range_dps: int
    rates_hz: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What get-config returns and set-config takes.

    Parameters
    ----------
    rate_hz, acc_range_g, gyr_range_dps : int
        Sample rate and full scales.
    fields : Field
        What every sample carries.
    batch_samples : int
        Samples in a packet; 0 lets the sensor choose.
    dither_ms : int
        Longest random delay of a packet; 0 for none.
    """

    rate_hz: int = 100
    acc_range_g: int = 16
    gyr_range_dps: int = 2000
    fields: Field = Field.ACC | Field.GYRO
    batch_samples: int = 0
    dither_ms: int = 30


@dataclass(frozen=True, slots=True)
class Request:
    """A write to the control characteristic; an unknown operation stays a plain number."""

    operation: int
    reference: int
    arguments: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """An indication of the control characteristic."""

    operation: int
    reference: int
    status: Status
    result: bytes = b""


@dataclass(frozen=True, slots=True)
class SampleRange:
    """Consecutive samples of a session: what back-fill is asked for, and what it answers.

    Parameters
    ----------
    first : int
        Number of the first sample, modulo 2**32.
    count : int
        How many, at most 65535; 0 for none.
    """

    first: int
    count: int


def encode_info(info: Info) -> bytes:
    """Return the bytes of the info characteristic."""
    head = _INFO.pack(
        info.major,
        info.minor,
        info.firmware,
        info.unique_id,
        info.capabilities,
        info.clock_hz,
        info.acc_range_g,
        info.gyr_range_dps,
        len(info.rates_hz),
    )
    return head + struct.pack(f"<{len(info.rates_hz)}H", *info.rates_hz)


def decode_info(data: bytes) -> Info:
    """Read the info characteristic; later minor versions may append to it.

    Raises
    ------
    ProtocolError
        When it is too short.
    """
    if len(data) < _INFO.size or len(data) < _INFO.size + 2 * data[_INFO.size - 1]:
        raise ProtocolError(
            f"info of {len(data)} bytes, at least {_INFO.size} and 2 for each rate are needed"
        )
    major, minor, firmware, unique_id, caps, clock_hz, acc_g, gyr_dps, n_rates = _INFO.unpack_from(
        data
    )
    rates = struct.unpack_from(f"<{n_rates}H", data, _INFO.size)
    return Info(
        major, minor, firmware, unique_id, Capability(caps), clock_hz, acc_g, gyr_dps, rates
    )


def encode_settings(settings: Settings) -> bytes:
    """Return the 9 bytes of a configuration."""
    return _SETTINGS.pack(
        settings.rate_hz,
        settings.acc_range_g,
        settings.gyr_range_dps,
        settings.fields,
        settings.batch_samples,
        settings.dither_ms,
    )


def decode_settings(data: bytes) -> Settings:
    """Read a configuration.

    Raises
    ------
    ProtocolError
        When it is not 9 bytes long.
    """
    if len(data) != _SETTINGS.size:
        raise ProtocolError(f"configuration of {len(data)} bytes, {_SETTINGS.size} are needed")
    rate, acc_g, gyr_dps, fields, batch, dither = _SETTINGS.unpack(data)
    return Settings(rate, acc_g, gyr_dps, Field(fields), batch, dither)


def encode_range(samples: SampleRange) -> bytes:
    """Return the 6 bytes of the arguments, and of the result, of back-fill."""
    return _RANGE.pack(samples.first % _SEQ_MODULUS, samples.count)


def decode_range(data: bytes) -> SampleRange:
    """Read the arguments, or the result, of back-fill.

    Raises
    ------
    ProtocolError
        When it is not 6 bytes long.
    """
    if len(data) != _RANGE.size:
        raise ProtocolError(f"back-fill range of {len(data)} bytes, {_RANGE.size} are needed")
    return SampleRange(*_RANGE.unpack(data))


def encode_request(request: Request) -> bytes:
    """Return the bytes of a request."""
    return bytes((request.operation, request.reference)) + request.arguments


def decode_request(data: bytes) -> Request:
    """Read a request.

    Raises
    ------
    ProtocolError
        When it is shorter than 2 bytes.
    """
    if len(data) < 2:
        raise ProtocolError(f"request of {len(data)} bytes, at least 2 are needed")
    return Request(data[0], data[1], bytes(data[2:]))


def encode_reply(reply: Reply) -> bytes:
    """Return the bytes of a reply."""
    head = bytes((reply.operation | REPLY_BIT, reply.reference, reply.status))
    return head + reply.result


def decode_reply(data: bytes) -> Reply:
    """Read a reply.

    Raises
    ------
    ProtocolError
        When it is too short, not a reply, or carries an unknown status.
    """
    if len(data) < 3 or not data[0] & REPLY_BIT:
        raise ProtocolError(f"reply {data.hex()!r}: not an operation with bit 7, reference, status")
    try:
        status = Status(data[2])
    except ValueError:
        raise ProtocolError(
            f"reply with status {data[2]}, the highest known is {max(Status)}"
        ) from None
    return Reply(data[0] & ~REPLY_BIT, data[1], status, bytes(data[3:]))


def operation_name(operation: int) -> str:
    """Return the name of an operation as the specification writes it."""
    try:
        return Operation(operation).name.lower().replace("_", "-")
    except ValueError:
        return f"operation {operation}"
