"""Stream packets: samples to bytes and back.

Layout (little-endian), 16 bytes of header, 12 per sample, 3 of trailer::

    u8 version << 4 | fields    u8 n    u32 seq    u48 t_us    u16 dt_us    u16 age_us
    n x (i16 acc x, y, z, i16 gyr x, y, z)
    u8 flags    u16 crc

``crc`` is CRC-16/CCITT-FALSE (polynomial 0x1021, initial value 0xFFFF) over everything before it.
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from imuhip.core.sensor import FLAGS, SampleBlock
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.sensors.imuhip_v1.profile import PROTOCOL_MAJOR, Field

__all__ = [
    "HEADER_BYTES",
    "SAMPLE_BYTES",
    "STANDARD_GRAVITY_M_S2",
    "TRAILER_BYTES",
    "UNKNOWN_AGE_US",
    "RawPacket",
    "StreamDecoder",
    "decode_packet",
    "encode_packet",
    "from_counts",
    "samples_that_fit",
    "to_counts",
]

STANDARD_GRAVITY_M_S2 = 9.80665
HEADER_BYTES = 16
SAMPLE_BYTES = 12
TRAILER_BYTES = 3
UNKNOWN_AGE_US = 0xFFFF
_ATT_HEADER_BYTES = 3

_FULL_SCALE_COUNTS = 32768
_HEADER = struct.Struct("<BBIIHHH")  # u48 t_us travels as u32 low, u16 high
_SEQ_MODULUS = 1 << 32
_TIME_MODULUS_US = 1 << 48
_FIELDS = Field.ACC | Field.GYRO
_FIRST_BYTE = PROTOCOL_MAJOR << 4 | _FIELDS
_KNOWN_FLAGS = (
    FLAGS["clip_acc"]
    | FLAGS["clip_gyr"]
    | FLAGS["fifo_overflow"]
    | FLAGS["low_battery"]
    | FLAGS["backfilled"]
)


@dataclass(frozen=True, slots=True)
class RawPacket:
    """One stream packet as transmitted.

    Parameters
    ----------
    seq : int
        Number of the first sample, modulo 2**32.
    time_us : int
        Sensor clock at the first sample, modulo 2**48.
    dt_us : int
        Sensor-clock time from one sample to the next.
    counts : (n, 6) int16 array
        Acceleration x, y, z, then angular rate x, y, z; 32768 counts are full scale.
    flags : int
        Bits of `imuhip.core.sensor.FLAGS`.
    age_us : int
        Sensor-clock time from the last sample to the hand-over to the radio; `UNKNOWN_AGE_US` when
        it is longer or not known.
    """

    seq: int
    time_us: int
    dt_us: int
    counts: NDArray[np.int16]
    flags: int = 0
    age_us: int = UNKNOWN_AGE_US


def samples_that_fit(mtu: int) -> int:
    """Return how many samples one notification can carry at an ATT MTU of `mtu` bytes."""
    return max(0, (mtu - _ATT_HEADER_BYTES - HEADER_BYTES - TRAILER_BYTES) // SAMPLE_BYTES)


def encode_packet(packet: RawPacket) -> bytes:
    """Return the bytes of a packet.

    Raises
    ------
    ValueError
        When the counts are not (1..255, 6), or `dt_us` does not fit 16 bits.
    """
    counts = np.asarray(packet.counts)
    if counts.ndim != 2 or counts.shape[1] != 6 or not 1 <= len(counts) <= 255:
        raise ValueError(f"Expected counts of shape (1 to 255, 6), got {counts.shape}")
    time_us = packet.time_us % _TIME_MODULUS_US
    body = (
        _HEADER.pack(
            _FIRST_BYTE,
            len(counts),
            packet.seq % _SEQ_MODULUS,
            time_us & 0xFFFFFFFF,
            time_us >> 32,
            _checked_dt(packet.dt_us),
            min(packet.age_us, UNKNOWN_AGE_US),
        )
        + counts.astype("<i2", copy=False).tobytes()
        + bytes((packet.flags & _KNOWN_FLAGS,))
    )
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "little")


def _checked_dt(dt_us: int) -> int:
    if not 1 <= dt_us <= 0xFFFF:
        raise ValueError(f"Expected dt_us from 1 to 65535, got {dt_us}")
    return dt_us


def decode_packet(data: bytes) -> RawPacket:
    """Read a packet.

    Raises
    ------
    ProtocolError
        When version, fields, length or checksum are not those of the protocol.
    """
    shortest = HEADER_BYTES + SAMPLE_BYTES + TRAILER_BYTES
    if len(data) < shortest:
        raise ProtocolError(
            f"stream packet of {len(data)} bytes, the shortest possible has {shortest}",
            hint="the Bluetooth stack may have truncated it; check the negotiated MTU",
        )
    first, n_samples, seq, time_low, time_high, dt_us, age_us = _HEADER.unpack_from(data)
    if first != _FIRST_BYTE:
        raise ProtocolError(
            f"stream packet of version {first >> 4} with fields {first & 15:#x},"
            f" this driver reads version {PROTOCOL_MAJOR} with fields {int(_FIELDS):#x}",
            hint="update imuhip or the sensor's firmware",
        )
    expected = HEADER_BYTES + SAMPLE_BYTES * n_samples + TRAILER_BYTES
    if n_samples == 0 or len(data) != expected:
        raise ProtocolError(
            f"stream packet of {len(data)} bytes announces {n_samples} samples,"
            f" which take {expected} bytes",
            hint="the Bluetooth stack may have truncated it; check the negotiated MTU",
        )
    crc = int.from_bytes(data[-2:], "little")
    computed = binascii.crc_hqx(data[:-2], 0xFFFF)
    if crc != computed:
        raise ProtocolError(
            f"stream packet with checksum {crc:#06x}, its bytes give {computed:#06x}",
            hint="bytes were damaged after the radio; the packet is dropped and counted",
        )
    if dt_us == 0:
        raise ProtocolError("stream packet with 0 µs between samples, at least 1 is needed")
    counts = np.frombuffer(data, dtype="<i2", count=6 * n_samples, offset=HEADER_BYTES)
    return RawPacket(
        seq, time_high << 32 | time_low, dt_us, counts.reshape(-1, 6), data[-3], age_us
    )


def to_counts(
    acc: FloatArray, gyr: FloatArray, acc_range_g: int, gyr_range_dps: int
) -> tuple[NDArray[np.int16], int]:
    """Quantise samples as a sensor does.

    Parameters
    ----------
    acc : (n, 3) array, m/s²
        Sensor frame.
    gyr : (n, 3) array, rad/s
        Sensor frame.
    acc_range_g, gyr_range_dps : int
        Full scale.

    Returns
    -------
    counts : (n, 6) int16 array
        Saturated at the ends of the range.
    flags : int
        ``clip_acc`` and ``clip_gyr`` bits of `imuhip.core.sensor.FLAGS`.
    """
    counts = np.rint(np.hstack((acc, gyr)) / _scales(acc_range_g, gyr_range_dps))
    over = (counts < -_FULL_SCALE_COUNTS) | (counts > _FULL_SCALE_COUNTS - 1)
    flags = 0
    if over.any():
        flags |= FLAGS["clip_acc"] if over[:, :3].any() else 0
        flags |= FLAGS["clip_gyr"] if over[:, 3:].any() else 0
    return np.clip(counts, -_FULL_SCALE_COUNTS, _FULL_SCALE_COUNTS - 1).astype(np.int16), flags


def from_counts(
    counts: NDArray[np.int16], acc_range_g: int, gyr_range_dps: int
) -> tuple[FloatArray, FloatArray]:
    """Return (n, 3) acceleration in m/s² and (n, 3) angular rate in rad/s of (n, 6) counts."""
    values = counts * _scales(acc_range_g, gyr_range_dps)
    return values[:, :3], values[:, 3:]


def _scales(acc_range_g: int, gyr_range_dps: int) -> FloatArray:
    acc_scale = acc_range_g * STANDARD_GRAVITY_M_S2 / _FULL_SCALE_COUNTS
    gyr_scale = np.radians(gyr_range_dps) / _FULL_SCALE_COUNTS
    return np.array([acc_scale] * 3 + [gyr_scale] * 3)


def _unwrap(value: int, newest: int, modulus: int) -> int:
    """Return the number nearest to `newest` that equals `value` modulo `modulus`."""
    half = modulus // 2
    return newest + (value - newest + half) % modulus - half


class StreamDecoder:
    """Turns stream packets into samples; unwraps sample numbers and time over any duration.

    Parameters
    ----------
    acc_range_g, gyr_range_dps : int
        Full scales the sensor was configured with.
    """

    clock_wraps_s: Final = _TIME_MODULUS_US * 1e-6
    """Tells the acquisition how to go on over a reconnection after a wrap."""

    def __init__(self, acc_range_g: int, gyr_range_dps: int) -> None:
        self._acc_range_g = acc_range_g
        self._gyr_range_dps = gyr_range_dps
        self._newest_seq: int | None = None
        self._newest_time_us = 0

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification.

        Raises
        ------
        ProtocolError
            For bytes that do not follow the protocol; the next good packet decodes as if the bad
            one had been lost.
        """
        raw = decode_packet(packet)
        if self._newest_seq is None:
            seq, time_us = raw.seq, raw.time_us
        else:
            seq = _unwrap(raw.seq, self._newest_seq, _SEQ_MODULUS)
            time_us = _unwrap(raw.time_us, self._newest_time_us, _TIME_MODULUS_US)
        if self._newest_seq is None or seq >= self._newest_seq:
            self._newest_seq, self._newest_time_us = seq, time_us
        acc, gyr = from_counts(raw.counts, self._acc_range_g, self._gyr_range_dps)
        time_s = (time_us + raw.dt_us * np.arange(len(acc), dtype=float)) * 1e-6
        is_aged = raw.age_us != UNKNOWN_AGE_US
        return SampleBlock(
            first_seq=seq,
            device_time_s=time_s,
            acc=acc,
            gyr=gyr,
            flags=raw.flags,
            sent_time_s=float(time_s[-1]) + raw.age_us * 1e-6 if is_aged else None,
        )
