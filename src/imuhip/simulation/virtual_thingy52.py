"""A Nordic Thingy:52 for the virtual radio, from the headers of its published firmware.

Configuration, light, motion and battery; of the motion, its settings and the raw characteristic.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.radio.gatt_model import Beacon, GattCharacteristic, GattService, Property
from imuhip.simulation.sampled_sensor import SampledSensor
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["VirtualThingy52"]

_LIMITS: Final = ((100, 5000), (100, 5000), (100, 1000), (5, 200), (0, 1))
"""Of step, temperature and compass interval in ms, motion frequency in Hz, wake on motion."""
_FIELD_UT: Final = (18.0, -4.5, -41.0)
"""Turns with nothing: this model's world has no north."""


def _uuid(number: int) -> str:
    return f"ef68{number:04x}-9b35-4933-9b10-52ffa9740042"


class VirtualThingy52(SampledSensor):
    """One Thingy; a `imuhip.radio.gatt_model.GattModel`.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    rate_error : float
        How much faster than nominal it samples.
    """

    def __init__(self, spec: SensorSpec, motion: Motion, *, rate_error: float = 0.0) -> None:
        super().__init__(spec, motion)
        self.rate_error = rate_error
        self.light = b""
        """What was last written to the light."""
        self.written = 0
        """How often settings went to flash."""
        self._settings = (100, 1000, 100, 50, 1)

    @property
    def rate_hz(self) -> int:
        """Return the motion frequency set."""
        return self._settings[3]

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise: the name and the configuration service."""
        return Beacon("Thingy", (_uuid(0x0100),))

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the services a host needs for motion."""
        both = Property.READ | Property.WRITE
        return (
            GattService(
                _uuid(0x0100),
                (
                    GattCharacteristic(_uuid(0x0101), both, read=lambda: b"Thingy"),
                    GattCharacteristic(_uuid(0x0107), Property.READ, read=lambda: b"\2\2\0"),
                ),
            ),
            GattService(
                _uuid(0x0300),
                (
                    GattCharacteristic(
                        _uuid(0x0301), both, read=lambda: self.light, write=self._on_light
                    ),
                ),
            ),
            GattService(
                _uuid(0x0400),
                (
                    GattCharacteristic(
                        _uuid(0x0401), both, read=self._read_settings, write=self._on_settings
                    ),
                    GattCharacteristic(
                        _uuid(0x0406), Property.NOTIFY, subscribed=self._on_listener
                    ),
                ),
            ),
            GattService(
                "0000180f-0000-1000-8000-00805f9b34fb",
                (
                    GattCharacteristic(
                        "00002a19-0000-1000-8000-00805f9b34fb",
                        Property.READ | Property.NOTIFY,
                        read=lambda: bytes((self.battery_percent,)),
                    ),
                ),
            ),
        )

    # ---- settings ---------------------------------------------------------------------------

    def _read_settings(self) -> bytes:
        return struct.pack("<4HB", *self._settings)

    def _on_settings(self, data: bytes) -> None:
        """Take settings of the right length and range; others are passed over in silence."""
        if len(data) != struct.calcsize("<4HB"):
            return
        wanted = struct.unpack("<4HB", data)
        if all(low <= value <= high for value, (low, high) in zip(wanted, _LIMITS, strict=True)):
            self._settings = wanted
            self.written += 1
            if self.is_streaming:
                self._begin()

    def _on_light(self, data: bytes) -> None:
        lengths = {0: 1, 1: 4, 2: 5, 3: 3}
        if data and lengths.get(data[0]) == len(data):
            self.light = data
            self.identified += 1

    # ---- samples ----------------------------------------------------------------------------

    def _on_listener(self, is_there: bool) -> None:
        if is_there:
            self._begin()
        else:
            self.end_samples()

    def _begin(self) -> None:
        self.begin_samples(self.rate_hz * (1 + self.rate_error), 1, self._send)

    def _send(self, _first_s: float, acc: FloatArray, gyr: FloatArray) -> bool:
        fixed_point = np.concatenate(
            (acc[0] / 9.80665 * 2**10, np.rad2deg(gyr[0]) * 2**5, np.array(_FIELD_UT) * 2**4)
        )
        values = np.clip(np.rint(fixed_point), -(2**15), 2**15 - 1).astype(int)
        return self.port.notify(_uuid(0x0406), struct.pack("<9h", *values))
