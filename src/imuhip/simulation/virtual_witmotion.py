"""A WitMotion sensor for the virtual radio, from the vendor's Bluetooth 5.0 protocol.

It sends whenever somebody listens, knows no time and counts nothing. Its registers open for ten
seconds after the unlock command, a tenth of a second later.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.radio.gatt_model import Beacon, GattCharacteristic, GattService, Property
from imuhip.simulation.sampled_sensor import SampledSensor
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["VirtualWitMotion"]

_VENDOR_SUFFIX: Final = "-0000-1000-8000-00805f9a34fb"
_HZ_BY_CODE: Final = {3: 1, 4: 2, 5: 5, 6: 10, 7: 20, 8: 50, 9: 100, 10: 125, 11: 200}
_COMMAND: Final = b"\xff\xaa"
_OPEN_AFTER_S: Final = 0.1
_OPEN_FOR_S: Final = 10.0
_COUNTS: Final = 32768


class VirtualWitMotion(SampledSensor):
    """One WT901BLE; a `imuhip.radio.gatt_model.GattModel`.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    highest_rate_hz : int
        Rates above are not kept: models differ.
    rate_error : float
        How much faster than nominal it samples.
    cut_bytes : int, optional
        Send notifications of this length, wherever frames begin; by default one per frame.
    has_number : bool
        Whether it answers with a serial number and a version.
    """

    def __init__(
        self,
        spec: SensorSpec,
        motion: Motion,
        *,
        highest_rate_hz: int = 200,
        rate_error: float = 0.0,
        cut_bytes: int | None = None,
        has_number: bool = True,
    ) -> None:
        super().__init__(spec, motion)
        self.registers = {0x03: 6, 0x2E: 8033, 0x40: 2650, 0x64: 0}
        """Values by number; what is not here reads 0."""
        self.saved = 0
        """How often registers were stored for good."""
        self.highest_rate_hz = highest_rate_hz
        self.rate_error = rate_error
        self.cut_bytes = cut_bytes
        self.has_number = has_number
        self._open_s = -np.inf
        self._waiting = b""
        if has_number:
            number = spec.serial.encode()[-12:].ljust(12, b"\0")
            for i in range(6):
                self.registers[0x7F + i] = int.from_bytes(number[2 * i : 2 * i + 2], "little")

    @property
    def rate_hz(self) -> int:
        """Return the rate the register asks for."""
        return _HZ_BY_CODE[self.registers[0x03]]

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise: the name, and no service."""
        return Beacon("WT901BLE" + self.spec.address.replace(":", "")[-2:])

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the one service: what the sensor says, and what it is told."""
        return (
            GattService(
                "0000ffe5" + _VENDOR_SUFFIX,
                (
                    GattCharacteristic(
                        "0000ffe4" + _VENDOR_SUFFIX, Property.NOTIFY, subscribed=self._on_listener
                    ),
                    GattCharacteristic(
                        "0000ffe9" + _VENDOR_SUFFIX,
                        Property.WRITE_WITHOUT_RESPONSE,
                        write=self._on_command,
                    ),
                ),
            ),
        )

    def on_disconnected(self) -> None:
        """Forget the bytes of a frame that will not be finished."""
        self._waiting = b""
        super().on_disconnected()

    # ---- samples ----------------------------------------------------------------------------

    def _on_listener(self, is_there: bool) -> None:
        if is_there and not self.is_streaming:
            self.begin_samples(self.rate_hz * (1 + self.rate_error), 1, self._send)
        elif not is_there:
            self._waiting = b""
            self.end_samples()

    def _send(self, _first_s: float, acc: FloatArray, gyr: FloatArray) -> bool:
        g = acc[0] / 9.80665
        dps = np.rad2deg(gyr[0])
        tilt = np.rad2deg([np.arctan2(g[1], g[2]), np.arctan2(-g[0], np.hypot(g[1], g[2])), 0.0])
        values = np.concatenate((g / 16, dps / 2000, tilt / 180)) * _COUNTS
        frame = struct.pack("<BB9h", 0x55, 0x61, *np.clip(np.rint(values), -_COUNTS, _COUNTS - 1)
                            .astype(int))  # fmt: skip
        return self._say(frame)

    def _say(self, frame: bytes) -> bool:
        if self.cut_bytes is None:
            return self.port.notify("0000ffe4" + _VENDOR_SUFFIX, frame)
        self._waiting += frame
        taken = True
        while len(self._waiting) >= self.cut_bytes:
            piece = self._waiting[: self.cut_bytes]
            self._waiting = self._waiting[self.cut_bytes :]
            taken &= self.port.notify("0000ffe4" + _VENDOR_SUFFIX, piece)
        return taken

    # ---- registers --------------------------------------------------------------------------

    def _on_command(self, data: bytes) -> None:
        """Do what five bytes say; others are passed over in silence, as the protocol has it."""
        if len(data) != 5 or data[:2] != _COMMAND:
            return
        register, value = data[2], data[3] | data[4] << 8
        now_s = asyncio.get_running_loop().time()
        if register == 0x27:
            self._answer(value & 0xFF)
        elif register == 0x69 and value == 0xB588:
            self._open_s = now_s + _OPEN_AFTER_S
        elif not self._open_s <= now_s <= self._open_s + _OPEN_FOR_S:
            return
        elif register == 0x00:
            self.saved += 1
        elif register == 0x03:
            self._set_rate(value)
        else:
            self.registers[register] = value

    def _answer(self, first: int) -> None:
        if not self.has_number and first in (0x2E, 0x7F):
            return
        # Four volts are full, and one percent is 0.6 hundredths of a volt.
        self.registers[0x64] = round(340 + 0.6 * self.battery_percent)
        values = [self.registers.get(first + i, 0) for i in range(8)]
        self._say(struct.pack("<BBH8H", 0x55, 0x71, first, *values))

    def _set_rate(self, code: int) -> None:
        if _HZ_BY_CODE.get(code, self.highest_rate_hz + 1) > self.highest_rate_hz:
            return
        self.registers[0x03] = code
        if self.is_streaming:
            self.begin_samples(self.rate_hz * (1 + self.rate_error), 1, self._send)
