"""A Movella DOT for the virtual radio, from "Xsens DOT BLE Services Specifications" XD0506P rev. F.

Live measurement, device control, information and battery; no recording and no synchronisation.
"""

from __future__ import annotations

import struct
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.radio.gatt_model import (
    AttributeStatus,
    Beacon,
    GattCharacteristic,
    GattService,
    Property,
)
from imuhip.simulation.sampled_sensor import SampledSensor, refuse_unless
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["VirtualMovellaDot"]

_LIVE_RATES_HZ: Final = {1, 4, 10, 12, 15, 20, 30, 60}
_RECORDING_RATE_HZ: Final = 120
_CHARACTERISTIC_BYTES: Final = {"2002": 63, "2003": 40, "2004": 20}
_G: Final = 9.80665
_RATE_QUANTITIES: Final = 21
_RATE_QUANTITIES_MAG: Final = 20


def _uuid(number: str) -> str:
    return f"1517{number}-4947-11e9-8646-d663bd873d93"


class VirtualMovellaDot(SampledSensor):
    """One DOT; a `imuhip.radio.gatt_model.GattModel`. It streams payload modes 20 and 21.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    """

    def __init__(self, spec: SensorSpec, motion: Motion) -> None:
        super().__init__(spec, motion)
        self.rate_hz = 60
        self._action = 0
        self._mode = 0

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise."""
        return Beacon("Movella DOT", (), {0x0886: bytes(4)})

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the configuration, measurement and battery services."""
        both = Property.READ | Property.WRITE
        return (
            GattService(
                _uuid("1000"),
                (
                    GattCharacteristic(_uuid("1001"), Property.READ, read=self._information),
                    GattCharacteristic(
                        _uuid("1002"), both, read=self._settings, write=self._on_settings
                    ),
                    GattCharacteristic(_uuid("1004"), Property.NOTIFY),
                ),
            ),
            GattService(
                _uuid("2000"),
                (
                    GattCharacteristic(
                        _uuid("2001"),
                        both,
                        read=lambda: bytes((1, self._action, self._mode)),
                        write=self._on_measurement,
                    ),
                    *(
                        GattCharacteristic(_uuid(number), Property.NOTIFY)
                        for number in _CHARACTERISTIC_BYTES
                    ),
                ),
            ),
            GattService(
                _uuid("3000"),
                (
                    GattCharacteristic(
                        _uuid("3001"),
                        Property.READ | Property.NOTIFY,
                        read=lambda: bytes((self.battery_percent, 0)),
                    ),
                ),
            ),
        )

    def on_disconnected(self) -> None:
        """Stop measuring."""
        self._action = 0
        super().on_disconnected()

    def reboot(self) -> None:
        """Start anew, not measuring."""
        self._action = 0
        super().reboot()

    # ---- configuration service --------------------------------------------------------------

    def _information(self) -> bytes:
        address = bytes.fromhex(self.spec.address.replace(":", ""))[::-1]
        build = struct.pack("<HBBBBB", 2022, 6, 28, 9, 30, 0)
        # The serial string's last eight characters stand for the number of a real sensor.
        serial = int.from_bytes(self.spec.serial.encode()[-8:], "big")
        return (
            address
            + bytes((2, 3, 0))
            + build
            + struct.pack("<I", 7)
            + struct.pack("<Q", serial)
            + b"XS-T02"
        )

    def _settings(self) -> bytes:
        tag = b"DOT " + self.spec.segment.encode()[:12]
        head = bytes((0, 0, 0, 10, 0, 30, 0, len(tag)))
        rate = struct.pack("<H", self.rate_hz)
        return head + tag.ljust(16, b"\0") + rate + bytes(6)

    def _on_settings(self, data: bytes) -> None:
        refuse_unless(len(data) == 32, AttributeStatus.INVALID_LENGTH)
        visited = data[0]
        if visited & 0x10:
            (rate_hz,) = struct.unpack("<H", data[24:26])
            known = rate_hz in _LIVE_RATES_HZ or rate_hz == _RECORDING_RATE_HZ
            refuse_unless(known and not self._action, AttributeStatus.VALUE_NOT_ALLOWED)
            self.rate_hz = rate_hz
        if visited & 0x01 and data[1] == 1:
            self.identified += 1

    # ---- measurement service ----------------------------------------------------------------

    def _on_measurement(self, data: bytes) -> None:
        refuse_unless(len(data) == 3, AttributeStatus.INVALID_LENGTH)
        kind, action, mode = data
        refuse_unless(kind == 1 and action in (0, 1), AttributeStatus.VALUE_NOT_ALLOWED)
        if action == 0:
            self._action = 0
            self.end_samples()
            return
        streams = mode in (_RATE_QUANTITIES, _RATE_QUANTITIES_MAG)
        live = self.rate_hz in _LIVE_RATES_HZ
        refuse_unless(streams and live, AttributeStatus.VALUE_NOT_ALLOWED)
        self._action, self._mode = 1, mode
        self.begin_samples(self.rate_hz, 1, self._send)

    def _send(self, instant_s: float, acc: FloatArray, gyr: FloatArray) -> bool:
        timestamp = self.clock_us(instant_s) & 0xFFFFFFFF
        specific_force = np.clip(acc[0], -16 * _G, 16 * _G)
        turn_dps = np.clip(np.degrees(gyr[0]), -2000, 2000)
        payload = struct.pack("<I", timestamp)
        payload += struct.pack("<fff", *specific_force) + struct.pack("<fff", *turn_dps)
        if self._mode == _RATE_QUANTITIES_MAG:
            payload += struct.pack("<hhh", 2048, -1024, 3072)
        # The stack of a sensor cuts off what the MTU does not carry.
        room = self.port.mtu - 3
        whole = payload.ljust(_CHARACTERISTIC_BYTES["2003"], b"\0")
        return self.port.notify(_uuid("2003"), whole[:room])
