"""A Movesense for the virtual radio, by the GATT SensorData Protocol, version 1 (GD-77).

HELLO, SUBSCRIBE, UNSUBSCRIBE and GET of the battery; no logbook. The sensor agrees to an MTU of 161
bytes at most, as its firmware does, so that most measurements come in parts.
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
from imuhip.simulation.sampled_sensor import SampledSensor, device_information, refuse_unless
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["VirtualMovesense"]

_SERVICE: Final = "34802252-7185-4d5d-b431-630e7050e8f0"
_COMMANDS: Final = "34800001-7185-4d5d-b431-630e7050e8f0"
_DATA: Final = "34800002-7185-4d5d-b431-630e7050e8f0"
_FIRMWARE_MTU: Final = 161
_RATES_HZ: Final = ("13", "26", "52", "104", "208", "416", "833", "1666")
_FIELD_UT: Final = (22.0, -5.0, 41.5)


class VirtualMovesense(SampledSensor):
    """One Movesense; a `imuhip.radio.gatt_model.GattModel`. It streams IMU6 and IMU9.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    """

    def __init__(self, spec: SensorSpec, motion: Motion) -> None:
        super().__init__(spec, motion)
        self.unsubscribed = 0
        """How often a subscription was given up."""
        self._subscription: tuple[int, bool] | None = None  # reference, whether IMU9

    @property
    def largest_mtu(self) -> int:
        """Return the largest ATT MTU the sensor agrees to."""
        return min(self.spec.largest_mtu, _FIRMWARE_MTU)

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise: the name ends with the serial number."""
        heart_rate = "0000180d-0000-1000-8000-00805f9b34fb"
        return Beacon(f"Movesense {self.serial_number}", (heart_rate,))

    @property
    def serial_number(self) -> str:
        """Return twelve digits that are always the same for one sensor."""
        return f"{int.from_bytes(self.spec.serial.encode(), 'big') % 10**12:012d}"

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the protocol's one service and the device information."""
        return (
            GattService(
                _SERVICE,
                (
                    GattCharacteristic(_COMMANDS, Property.WRITE, write=self._on_command),
                    GattCharacteristic(_DATA, Property.NOTIFY),
                ),
            ),
            device_information({"2a29": "Movesense", "2a25": self.serial_number}),
        )

    def on_disconnected(self) -> None:
        """Give up the subscription."""
        self._subscription = None
        super().on_disconnected()

    # ---- commands ---------------------------------------------------------------------------

    def _on_command(self, data: bytes) -> None:
        refuse_unless(len(data) >= 2, AttributeStatus.INVALID_LENGTH)
        code, reference, argument = data[0], data[1], data[2:]
        path = argument.rstrip(b"\0").decode("utf-8", "replace")
        if code == 0:
            texts = (self.serial_number, "Movesense Flash", self.spec.address, "gatt", "2.3.1")
            hello = bytes((1,)) + b"".join(text.encode() + b"\0" for text in texts)
            self.port.notify(_DATA, bytes((1, reference)) + hello)
        elif code == 1:
            self._reply(reference, self._subscribe(reference, path))
        elif code == 2:
            held = self._subscription is not None and self._subscription[0] == reference
            if held:
                self._subscription = None
                self.unsubscribed += 1
                self.end_samples()
            self._reply(reference, 200 if held else 404)
        elif code == 4 and path == "/System/Energy/Level":
            self._reply(reference, 200, bytes((self.battery_percent,)))
        else:
            self._reply(reference, 404 if code == 4 else 501)

    def _reply(self, reference: int, status: int, result: bytes = b"") -> None:
        self.port.notify(_DATA, struct.pack("<BBH", 1, reference, status) + result)

    def _subscribe(self, reference: int, path: str) -> int:
        parts = path.split("/")
        if len(parts) != 4 or parts[:2] != ["", "Meas"]:
            return 404
        resource, rate = parts[2:]
        if resource not in ("IMU6", "IMU9") or rate not in _RATES_HZ:
            return 404
        if self._subscription is not None:
            return 409
        self._subscription = reference, resource == "IMU9"
        rate_hz = int(rate)
        self.begin_samples(rate_hz, min(16, max(1, rate_hz // 13)), self._send)
        return 200

    # ---- data -------------------------------------------------------------------------------

    def _send(self, instant_s: float, acc: FloatArray, gyr: FloatArray) -> bool:
        if self._subscription is None:
            return False
        reference, with_field = self._subscription
        uptime_ms = int(self.clock_s(instant_s) * 1000 + 1e-6) % 2**32
        payload = struct.pack("<I", uptime_ms)
        payload += acc.astype("<f4").tobytes() + np.degrees(gyr).astype("<f4").tobytes()
        if with_field:
            payload += np.tile(np.array(_FIELD_UT, dtype="<f4"), len(acc)).tobytes()
        room = self.port.mtu - 3 - 2
        for number, start in enumerate(range(0, len(payload), room)):
            head = bytes((min(2 + number, 4), reference))
            if not self.port.notify(_DATA, head + payload[start : start + room]):
                return False
        return True
