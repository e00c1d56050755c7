"""What a DOT notifies: the payloads of the measurement service, and the information it tells.

Little-endian throughout. Every payload begins with ``u32 timestamp`` in µs, which wraps after
71 min 35 s; the rest are float32, but for the magnetometer (i16) and the status. The
characteristics have fixed lengths; what a payload leaves over is sent as 0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np

from imuhip.core.sensor import FLAGS, SampleBlock
from imuhip.errors import ProtocolError
from imuhip.sensors.stamps import StampCounter

__all__ = [
    "CLOCK_WRAP_US",
    "DeviceInfo",
    "DotStreamDecoder",
    "PayloadMode",
    "decode_info",
    "decode_payload",
]

CLOCK_WRAP_US: Final = 1 << 32
_LEAP_US: Final = 3_000_000
"""A sensor silent for longer is reconnected, and then decoded afresh."""
_STANDARD_GRAVITY_M_S2: Final = 9.80665
_ACC_RANGE_M_S2: Final = 16 * _STANDARD_GRAVITY_M_S2
_GYR_RANGE_DPS: Final = 2000.0
_BEYOND_RANGE: Final = 1.5
"""Calibrated values may pass the nominal range; half as much again is not a measurement."""


class PayloadMode(IntEnum):
    """Payloads of the public specification, by the number that starts them."""

    EXTENDED_QUATERNION = 2
    COMPLETE_QUATERNION = 3
    ORIENTATION_EULER = 4
    ORIENTATION_QUATERNION = 5
    FREE_ACCELERATION = 6
    EXTENDED_EULER = 7
    COMPLETE_EULER = 16
    DELTA_WITH_MAG = 18
    DELTA = 19
    RATE_WITH_MAG = 20
    RATE = 21
    CUSTOM_1 = 22
    CUSTOM_2 = 23
    CUSTOM_3 = 24


_WIDTHS: Final[Mapping[str, str]] = {
    "quaternion": "4f",
    "euler_deg": "3f",
    "free_acc": "3f",
    "acc": "3f",
    "gyr_dps": "3f",
    "delta_quaternion": "4f",
    "delta_velocity": "3f",
    "mag_counts": "3h",
    "status": "H",
    "clip_counts": "2B",
}
_FIELDS: Final[Mapping[PayloadMode, tuple[str, ...]]] = {
    PayloadMode.EXTENDED_QUATERNION: ("quaternion", "free_acc", "status", "clip_counts"),
    PayloadMode.COMPLETE_QUATERNION: ("quaternion", "free_acc"),
    PayloadMode.ORIENTATION_EULER: ("euler_deg",),
    PayloadMode.ORIENTATION_QUATERNION: ("quaternion",),
    PayloadMode.FREE_ACCELERATION: ("free_acc",),
    PayloadMode.EXTENDED_EULER: ("euler_deg", "free_acc", "status", "clip_counts"),
    PayloadMode.COMPLETE_EULER: ("euler_deg", "free_acc"),
    PayloadMode.DELTA_WITH_MAG: ("delta_quaternion", "delta_velocity", "mag_counts"),
    PayloadMode.DELTA: ("delta_quaternion", "delta_velocity"),
    PayloadMode.RATE_WITH_MAG: ("acc", "gyr_dps", "mag_counts"),
    PayloadMode.RATE: ("acc", "gyr_dps"),
    PayloadMode.CUSTOM_1: ("euler_deg", "free_acc", "gyr_dps"),
    PayloadMode.CUSTOM_2: ("euler_deg", "free_acc", "mag_counts"),
    PayloadMode.CUSTOM_3: ("quaternion", "gyr_dps"),
}
_LAYOUTS: Final = {
    mode: struct.Struct("<I" + "".join(_WIDTHS[name] for name in names))
    for mode, names in _FIELDS.items()
}
_LONGEST_NOTIFICATION: Final = 63
_ATT_HEADER_BYTES: Final = 3


def decode_payload(
    mode: PayloadMode, data: bytes
) -> tuple[int, dict[str, tuple[int, ...] | tuple[float, ...]]]:
    """Read one notification.

    Parameters
    ----------
    mode : PayloadMode
        As the stream was started.
    data : bytes
        The payload, and whatever fills up the characteristic behind it.

    Returns
    -------
    timestamp_us : int
        Sensor clock, modulo 2**32.
    fields : dict
        By name: ``quaternion`` (w, x, y, z), ``euler_deg`` (roll, pitch, yaw), ``free_acc`` and
        ``acc`` in m/s², ``gyr_dps`` in °/s, ``delta_velocity`` in m/s, ``mag_counts`` as sent.

    Raises
    ------
    ProtocolError
        When the payload is too short or too long, or a number in it is none.
    """
    layout = _LAYOUTS[mode]
    if len(data) < layout.size:
        raise ProtocolError(
            f"DOT notification of {len(data)} bytes, payload mode {int(mode)} has {layout.size}:"
            f" cut short, as by a connection with an MTU of {len(data) + _ATT_HEADER_BYTES}",
            hint="use a Bluetooth adapter, or a newer Bluetooth system, that negotiates an MTU of"
            f" {layout.size + _ATT_HEADER_BYTES} or more (most allow 185 to 247)",
        )
    if len(data) > _LONGEST_NOTIFICATION:
        raise ProtocolError(
            f"DOT notification of {len(data)} bytes, at most {_LONGEST_NOTIFICATION} are sent",
            hint="is it this model, and its newest firmware?",
        )
    timestamp_us, *values = layout.unpack_from(data)
    if not all(map(math.isfinite, values)):
        raise ProtocolError("DOT notification with a value that is not a number")
    fields: dict[str, tuple[int, ...] | tuple[float, ...]] = {}
    for name in _FIELDS[mode]:
        n_values = int(_WIDTHS[name][:-1] or 1)
        fields[name] = tuple(values[:n_values])
        values = values[n_values:]
    return timestamp_us, fields


class DotStreamDecoder:
    """Turns notifications into samples; unwraps the clock, and numbers the samples by it.

    Parameters
    ----------
    rate_hz : int
        Output rate the sensor was set to.
    mode : PayloadMode
        `PayloadMode.RATE` or `PayloadMode.RATE_WITH_MAG`. The magnetometer's scale is not in the
        specification, so its counts are not made into µT; they stay in the stored packets.
    """

    clock_wraps_s: Final = CLOCK_WRAP_US * 1e-6
    """Tells the acquisition how to go on over a reconnection after a wrap."""

    def __init__(self, rate_hz: int, mode: PayloadMode = PayloadMode.RATE) -> None:
        if not {"acc", "gyr_dps"} <= set(_FIELDS[mode]):
            raise ValueError(f"Expected a payload with acc and gyr, got {mode.name}")
        self._mode = mode
        self._counter = StampCounter(1e6 / rate_hz, CLOCK_WRAP_US, _LEAP_US)

    def decode(self, packet: bytes) -> SampleBlock:
        """Decode one notification.

        Raises
        ------
        ProtocolError
            For bytes that do not follow the protocol; the decoder stays usable.
        """
        timestamp_us, fields = decode_payload(self._mode, packet)
        acc = np.array([fields["acc"]], dtype=float)
        gyr_dps = np.array([fields["gyr_dps"]], dtype=float)
        acc_part = float(np.abs(acc).max()) / _ACC_RANGE_M_S2
        gyr_part = float(np.abs(gyr_dps).max()) / _GYR_RANGE_DPS
        if max(acc_part, gyr_part) > _BEYOND_RANGE:
            raise ProtocolError(
                f"DOT sample at {acc_part:.3g} of the accelerometer's and {gyr_part:.3g} of the"
                f" gyroscope's range, {_BEYOND_RANGE:g} is the limit",
                hint="the packet is damaged, or of another payload mode; it is dropped and counted",
            )
        seq, ticks = self._counter.place(timestamp_us)
        flags = FLAGS["clip_acc"] if acc_part >= 1 else 0
        flags |= FLAGS["clip_gyr"] if gyr_part >= 1 else 0
        return SampleBlock(
            first_seq=seq,
            device_time_s=np.array([ticks * 1e-6]),
            acc=acc,
            gyr=np.radians(gyr_dps),
            flags=flags,
        )


_INFO: Final = struct.Struct("<6s3BH5BIQ6s")


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The device-information characteristic, as far as it matters here.

    Parameters
    ----------
    address : str
        Bluetooth address.
    firmware : str
        ``"major.minor.revision"``.
    serial : str
        16 hexadecimal digits.
    product_code : str
        ``"XS-T01"`` or ``"XS-T02"``.
    """

    address: str
    firmware: str
    serial: str
    product_code: str


def decode_info(data: bytes) -> DeviceInfo:
    """Read the device information.

    Raises
    ------
    ProtocolError
        When it is shorter than specified.
    """
    if len(data) < _INFO.size:
        raise ProtocolError(f"DOT device information of {len(data)} bytes, expected {_INFO.size}")
    address, major, minor, revision, *_build, _stack, serial, code = _INFO.unpack_from(data)
    return DeviceInfo(
        # Little-endian like everything else: the last byte of an address comes first.
        address=":".join(f"{byte:02X}" for byte in reversed(address)),
        firmware=f"{major}.{minor}.{revision}",
        serial=f"{serial:016X}",
        product_code=code.decode("ascii", "replace").rstrip("\0").strip(),
    )
