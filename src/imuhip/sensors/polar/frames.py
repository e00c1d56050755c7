"""Data frames: bytes to counts of one stream.

Layout (little-endian)::

    u8 measurement    u64 time_ns    u8 compressed << 7 | kind    content

``time_ns`` is that of the frame's last sample, since 2000-01-01 on the sensor's clock. Compressed
content is one sample as it is, then blocks ``u8 bits, u8 count, count x channels x bits`` of signed
differences, least significant bit first. Other content is samples as they are.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray, IntArray
from imuhip.errors import ProtocolError
from imuhip.sensors.polar.profile import Measurement

__all__ = ["STANDARD_GRAVITY_M_S2", "Frame", "decode_frame", "measurement_of", "to_si"]

STANDARD_GRAVITY_M_S2: Final = 9.80665
_HEADER: Final = struct.Struct("<BQB")
_MEASUREMENT_MASK: Final = 0x3F
_COMPRESSED: Final = 0x80
_WIDEST_BITS: Final = 32
_MICROTESLA_PER_GAUSS: Final = 100.0

_CHANNELS: Final[dict[tuple[int, bool, int], int]] = {
    (Measurement.ACC, True, 0): 3,
    (Measurement.ACC, True, 1): 3,
    (Measurement.ACC, False, 1): 3,
    (Measurement.GYRO, True, 0): 3,
    (Measurement.GYRO, False, 0): 3,
    (Measurement.MAG, True, 0): 3,
    (Measurement.MAG, False, 0): 3,
    (Measurement.MAG, True, 1): 4,
}
"""Kinds of frames read, all of 16-bit samples, and their channels; the fourth is a grade."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One data frame.

    Parameters
    ----------
    measurement : Measurement
        Which stream it belongs to.
    time_ns : int
        Sensor clock at the last sample.
    kind : int
        Low seven bits of the frame type.
    counts : (n, 3) int array
        As sent, one row for each sample; n >= 1.
    """

    measurement: Measurement
    time_ns: int
    kind: int
    counts: IntArray


def measurement_of(data: bytes) -> int:
    """Return the number of the measurement that a data frame begins with, -1 of an empty one."""
    return data[0] & _MEASUREMENT_MASK if data else -1


def decode_frame(data: bytes) -> Frame:
    """Read a data frame.

    Raises
    ------
    ProtocolError
        When measurement, kind or length are not those of the protocol.
    """
    if len(data) < _HEADER.size:
        raise ProtocolError(f"data frame of {len(data)} bytes, its header alone has {_HEADER.size}")
    first, time_ns, type_byte = _HEADER.unpack_from(data)
    code, is_compressed, kind = first & _MEASUREMENT_MASK, bool(type_byte & _COMPRESSED), type_byte
    kind &= ~_COMPRESSED
    n_channels = _CHANNELS.get((code, is_compressed, kind))
    if n_channels is None:
        raise ProtocolError(
            f"data frame of measurement {code}, type {type_byte:#04x}: not one this driver reads",
            hint="update imuhip or the sensor's firmware",
        )
    content = data[_HEADER.size :]
    read = _compressed if is_compressed else _plain
    return Frame(Measurement(code), time_ns, kind, read(content, n_channels)[:, :3])


def _plain(content: bytes, n_channels: int) -> IntArray:
    if not content or len(content) % (2 * n_channels):
        raise ProtocolError(
            f"data frame with {len(content)} bytes of samples, expected a multiple of"
            f" {2 * n_channels}"
        )
    return np.frombuffer(content, dtype="<i2").astype(np.int64).reshape(-1, n_channels)


def _compressed(content: bytes, n_channels: int) -> IntArray:
    at = 2 * n_channels
    if len(content) < at:
        raise ProtocolError(f"data frame with {len(content)} bytes of samples, one takes {at}")
    parts = [_plain(content[:at], n_channels)]
    while at < len(content):
        if at + 2 > len(content):
            raise ProtocolError("data frame cut short before a block of differences")
        bits, count = content[at], content[at + 1]
        stop = at + 2 + (bits * count * n_channels + 7) // 8
        if not 1 <= bits <= _WIDEST_BITS or count == 0 or stop > len(content):
            raise ProtocolError(
                f"block of {count} differences of {bits} bits in {len(content) - at - 2} bytes"
            )
        parts.append(_differences(content[at + 2 : stop], bits, count, n_channels))
        at = stop
    return np.cumsum(np.concatenate(parts), axis=0)


def _differences(data: bytes, bits: int, count: int, n_channels: int) -> IntArray:
    """Return (count, n_channels) signed numbers of `bits` bits, least significant bit first."""
    stream = np.unpackbits(np.frombuffer(data, dtype=np.uint8), bitorder="little")
    rows = stream[: count * n_channels * bits].reshape(-1, bits).astype(np.int64)
    weights = np.int64(1) << np.arange(bits, dtype=np.int64)
    weights[-1] = -weights[-1]
    return np.asarray((rows @ weights).reshape(count, n_channels))


def to_si(frame: Frame, factor: float) -> FloatArray:
    """Return (n, 3) m/s², rad/s or µT of a frame.

    Parameters
    ----------
    frame : Frame
        As decoded.
    factor : float
        From the reply to the start of its measurement.
    """
    values = np.asarray(frame.counts * factor, dtype=np.float64)
    if frame.measurement is Measurement.GYRO:
        return np.asarray(np.radians(values))
    if frame.measurement is Measurement.MAG:
        return np.asarray(values * (_MICROTESLA_PER_GAUSS * (1e-3 if frame.kind == 1 else 1.0)))
    # Compressed frames of kind 0 are in g, all others in thousandths of g.
    return np.asarray(values * (STANDARD_GRAVITY_M_S2 * (1.0 if frame.kind == 0 else 1e-3)))
