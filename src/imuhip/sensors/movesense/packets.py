"""What a Movesense notifies: replies to commands, and measurements in one to three parts.

Little-endian. The first byte says what follows, the second repeats the reference the host chose::

    01 ref  u16 status, result           reply to a command (to HELLO: no status)
    02 ref  payload                      data, or its first part
    03 ref  rest                         where it does not fit one notification; 04 likewise

An IMU payload is ``u32 milliseconds`` of the sensor's uptime at its first sample, then array by
array n times float32 x, y, z: acceleration in m/s², angular rate in °/s, and of IMU9 the magnetic
field in µT. Nothing tells n but the length.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from imuhip.core.sensor import SampleBlock
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.sensors.joining import no_samples
from imuhip.sensors.stamps import StampCounter

__all__ = [
    "CLOCK_WRAP_MS",
    "Hello",
    "ImuPayload",
    "MovesenseStreamDecoder",
    "Response",
    "decode_hello",
    "decode_imu",
]

CLOCK_WRAP_MS: Final = 1 << 32
_LEAP_MS: Final = 3000
_HEAD_BYTES: Final = 2
_STAMP_BYTES: Final = 4
_TRIPLE_BYTES: Final = 12
_LARGEST_PAYLOAD: Final = 4 * 512
"""Four of the longest notifications there are; the protocol has at most three parts."""
_LARGEST: Final = (1.5 * 16 * 9.80665, 1.5 * 2000.0, 1e5)
"""m/s², °/s and µT beyond which a value is no measurement of these sensors."""


class Response(IntEnum):
    """First byte of a notification."""

    COMMAND_RESULT = 1
    DATA = 2
    DATA_PART_2 = 3
    DATA_PART_3 = 4


@dataclass(frozen=True, slots=True)
class ImuPayload:
    """One measurement packet, its parts put together.

    Parameters
    ----------
    timestamp_ms : int
        Uptime at the first sample, modulo 2**32.
    acc : (n, 3) array, m/s²
        Sensor frame.
    gyr_dps : (n, 3) array, °/s
        Sensor frame.
    mag : (n, 3) array, µT, optional
        Sensor frame; of IMU9 only.
    """

    timestamp_ms: int
    acc: FloatArray
    gyr_dps: FloatArray
    mag: FloatArray | None


def decode_imu(payload: bytes, n_sensors: int) -> ImuPayload:
    """Read a measurement.

    Parameters
    ----------
    payload : bytes
        Without the two bytes before it.
    n_sensors : int
        2 for IMU6, 3 for IMU9.

    Raises
    ------
    ProtocolError
        When the length is not that of whole samples, or a value is none.
    """
    body = len(payload) - _STAMP_BYTES
    if body <= 0 or body % (n_sensors * _TRIPLE_BYTES):
        raise ProtocolError(
            f"Movesense measurement of {len(payload)} bytes, expected {_STAMP_BYTES} and a multiple"
            f" of {n_sensors * _TRIPLE_BYTES}",
            hint="a part of it was lost; it is dropped and counted",
        )
    with np.errstate(invalid="ignore"):  # what is no number is refused below, without a warning
        values = np.frombuffer(payload, dtype="<f4", offset=_STAMP_BYTES).astype(float)
    sensors = values.reshape(n_sensors, -1, 3)
    for array, largest in zip(sensors, _LARGEST, strict=False):
        if not (np.abs(array) <= largest).all():  # also where it is not a number
            raise ProtocolError(
                f"Movesense measurement with a value that is none, or beyond {largest:g}",
                hint="the packet is damaged; it is dropped and counted",
            )
    (timestamp_ms,) = struct.unpack_from("<I", payload)
    return ImuPayload(timestamp_ms, sensors[0], sensors[1], sensors[2] if n_sensors > 2 else None)


class MovesenseStreamDecoder:
    """Puts parts together, turns them into samples, unwraps the clock and numbers the samples.

    Parameters
    ----------
    rate_hz : int
        Of the subscription.
    n_sensors : int
        2 for IMU6, 3 for IMU9.

    Notes
    -----
    That a packet is whole can be seen from its length, unless a first part happens to be as long as
    whole samples are. A length seen for the first time therefore waits for the next notification.
    """

    clock_wraps_s: Final = CLOCK_WRAP_MS * 1e-3
    """Tells the acquisition how to go on over a reconnection after a wrap."""

    def __init__(self, rate_hz: int, n_sensors: int = 2) -> None:
        self._n_sensors = n_sensors
        self._counter = StampCounter(1e3 / rate_hz, CLOCK_WRAP_MS, _LEAP_MS, jitter_ticks=1.0)
        self._newest: tuple[int, float] | None = None  # number and ms of the newest first sample
        self._pending = b""
        self._whole_lengths: set[int] = set()
        self._split_lengths: set[int] = set()

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification; what completes no packet gives no samples.

        Raises
        ------
        ProtocolError
            For bytes that do not follow the protocol; the decoder stays usable.
        """
        if len(packet) < _HEAD_BYTES:
            raise ProtocolError(f"Movesense notification of {len(packet)} bytes, at least 2 needed")
        kind, part = packet[0], packet[_HEAD_BYTES:]
        if kind == Response.COMMAND_RESULT:
            return no_samples()
        if kind == Response.DATA:
            return self._begin(part)
        if kind in (Response.DATA_PART_2, Response.DATA_PART_3):
            return self._continue(part)
        raise ProtocolError(f"Movesense notification of kind {kind}, known are 1 to 4")

    def _begin(self, part: bytes) -> SampleBlock:
        waiting, self._pending = self._pending, b""
        if self._is_whole(waiting) and len(waiting) not in self._split_lengths:
            # No second part came, so packets of this length have none.
            self._whole_lengths.add(len(waiting))
            return self._with_next(self._samples(waiting), part)
        if self._is_whole(part) and len(part) in self._whole_lengths:
            return self._samples(part)
        self._pending = part
        if waiting:
            raise ProtocolError(
                f"Movesense measurement that ends after {len(waiting)} bytes without its next part",
                hint="the packet is dropped and counted",
            )
        return no_samples()

    def _continue(self, part: bytes) -> SampleBlock:
        waiting, self._pending = self._pending, b""
        whole = waiting + part
        if self._is_whole(waiting):
            self._split_lengths.add(len(waiting))
        if not waiting or len(whole) > _LARGEST_PAYLOAD:
            raise ProtocolError(
                "Movesense notification that continues nothing",
                hint="its first part was lost; the packet is dropped and counted",
            )
        if not self._is_whole(whole):
            self._pending = whole
            return no_samples()
        return self._samples(whole)

    def _with_next(self, first: SampleBlock, part: bytes) -> SampleBlock:
        if len(part) not in self._whole_lengths:
            self._pending = part
            return first
        second = self._samples(part)
        if second.first_seq != first.first_seq + len(first):
            return second
        return SampleBlock(
            first_seq=first.first_seq,
            device_time_s=np.concatenate([first.device_time_s, second.device_time_s]),
            acc=np.concatenate([first.acc, second.acc]),
            gyr=np.concatenate([first.gyr, second.gyr]),
            mag=None
            if first.mag is None or second.mag is None
            else np.concatenate([first.mag, second.mag]),
        )

    def _is_whole(self, payload: bytes) -> bool:
        body = len(payload) - _STAMP_BYTES
        return body > 0 and body % (self._n_sensors * _TRIPLE_BYTES) == 0

    def _samples(self, payload: bytes) -> SampleBlock:
        imu = decode_imu(payload, self._n_sensors)
        n_samples = len(imu.acc)
        seq, stamp_ms = self._counter.place(imu.timestamp_ms, n_samples)
        period_ms = self._counter.period_ticks
        first_ms = self._within_stamp(seq, stamp_ms, period_ms)
        return SampleBlock(
            first_seq=seq,
            device_time_s=(first_ms + period_ms * np.arange(n_samples, dtype=float)) * 1e-3,
            acc=imu.acc,
            gyr=np.radians(imu.gyr_dps),
            mag=imu.mag,
        )

    def _within_stamp(self, seq: int, stamp_ms: int, period_ms: float) -> float:
        """Return when a sample was taken: as its number tells, within the millisecond stamped."""
        if self._newest is None:
            time_ms = stamp_ms + 0.5
        else:
            newest_seq, newest_ms = self._newest
            expected_ms = newest_ms + (seq - newest_seq) * period_ms
            time_ms = min(max(expected_ms, float(stamp_ms)), stamp_ms + 1.0)
        if self._newest is None or seq > self._newest[0]:
            self._newest = seq, time_ms
        return time_ms


@dataclass(frozen=True, slots=True)
class Hello:
    """What a sensor says of itself; empty where an early firmware does not.

    Parameters
    ----------
    protocol_version : int
        Of GSP; 0 when not told.
    serial, product, address, app, app_version : str
        Serial number, product name, Bluetooth address for firmware updates, firmware and version.
    """

    protocol_version: int = 0
    serial: str = ""
    product: str = ""
    address: str = ""
    app: str = ""
    app_version: str = ""


def decode_hello(result: bytes) -> Hello:
    """Read the reply to HELLO, without its first two bytes.

    Early firmware replies the word ``Hello``, or nothing, and tells nothing.
    """
    texts = [text.decode("utf-8", "replace") for text in result[1:].split(b"\0")]
    if len(texts) < 5:
        return Hello()
    return Hello(result[0], *(text.strip() for text in texts[:5]))
