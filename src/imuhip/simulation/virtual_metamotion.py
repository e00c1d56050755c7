"""An MbientLab MetaMotion on the virtual radio: its command registers, from their description.

Acceleration and angular rate are modules with a configuration, a switch and a data register each. A
processor hangs on a data register, puts the board's ticks before every value, and has a switch too.
"""

from __future__ import annotations

import struct
from typing import Final, Literal

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.radio.gatt_model import Beacon, GattCharacteristic, GattService, Property
from imuhip.simulation.sampled_sensor import SampledSensor, device_information
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["VirtualMetaMotion"]

_SERVICE: Final = "326a9000-85cb-9195-d9dd-464cfbbae75a"
_COMMAND: Final = "326a9001-85cb-9195-d9dd-464cfbbae75a"
_NOTIFY: Final = "326a9006-85cb-9195-d9dd-464cfbbae75a"
_TICKS_HZ: Final = 32768 / 48
_LED, _ACC, _PROCESSOR, _GYRO = 0x02, 0x03, 0x09, 0x13
_RATES: Final = {6: 25, 7: 50, 8: 100, 9: 200, 10: 400}
_GYR_FULL: Final = (2000, 1000, 500, 250, 125)
_MOST_PROCESSORS: Final = 16
_CHIPS: Final = {
    "BMI160": {
        "model": "5",
        "acc": 1,
        "gyro": 0,
        "source": 5,
        "ranges": {3: 2, 5: 4, 8: 8, 12: 16},
    },
    "BMI270": {"model": "8", "acc": 4, "gyro": 1, "source": 4, "ranges": {0: 2, 1: 4, 2: 8, 3: 16}},
}


class VirtualMetaMotion(SampledSensor):
    """One MetaMotion.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    chip : {"BMI160", "BMI270"}
        The inertial chip: an R or an S.
    """

    def __init__(
        self, spec: SensorSpec, motion: Motion, *, chip: Literal["BMI160", "BMI270"] = "BMI270"
    ) -> None:
        super().__init__(spec, motion)
        self._chip: dict[str, object] = dict(_CHIPS[chip])
        self._ranges: dict[int, int] = dict(_CHIPS[chip]["ranges"])  # type: ignore[call-overload]
        self._config = {_ACC: bytes((0x28, 3)), _GYRO: bytes((0x28, 0))}
        self._powered: set[int] = set()
        self._sampling: set[int] = set()
        self._processors: list[tuple[int, int]] = []
        self._listening: set[int] = set()
        self._reports = False
        self.lamp: bytes | None = None
        """The pattern its lamp plays."""
        self._pattern = b""

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise."""
        return Beacon("MetaWear", (_SERVICE,))

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the command, battery and device-information services."""
        return (
            GattService(
                _SERVICE,
                (
                    GattCharacteristic(
                        _COMMAND,
                        Property.WRITE | Property.WRITE_WITHOUT_RESPONSE,
                        write=self._on_command,
                    ),
                    GattCharacteristic(_NOTIFY, Property.NOTIFY),
                ),
            ),
            GattService(
                "0000180f-0000-1000-8000-00805f9b34fb",
                (
                    GattCharacteristic(
                        "00002a19-0000-1000-8000-00805f9b34fb",
                        Property.READ,
                        read=lambda: bytes((self.battery_percent,)),
                    ),
                ),
            ),
            device_information(
                {
                    "2a29": "MbientLab Inc",
                    "2a24": str(self._chip["model"]),
                    "2a25": self.spec.serial,
                    "2a26": "1.7.3",
                }
            ),
        )

    def on_disconnected(self) -> None:
        """Stop, and forget what was set up for this peer."""
        super().on_disconnected()
        self._powered.clear()
        self._sampling.clear()
        self._processors.clear()
        self._listening.clear()
        self._reports = False

    # ---- commands ---------------------------------------------------------------------------

    def _on_command(self, data: bytes) -> None:
        """Obey what is understood; the board is silent about the rest."""
        if len(data) < 2:
            return
        module, register, rest = data[0], data[1], data[2:]
        if module in (_ACC, _GYRO):
            self._module(module, register, rest)
        elif module == _PROCESSOR:
            self._process(register, rest)
        elif module == _LED and register == 3:
            self._pattern = rest
        elif module == _LED and register == 1 and rest == b"\x01":
            self.lamp = self._pattern
            self.identified += 1

    def _module(self, module: int, register: int, rest: bytes) -> None:
        if register == 0x80:
            name = "acc" if module == _ACC else "gyro"
            self._answer(bytes((module, 0x80, int(str(self._chip[name])), 0)))
        elif register == 0x83:
            self._answer(bytes((module, 0x83)) + self._config[module])
        elif register == 3 and len(rest) == 2 and self._is_possible(module, rest):
            self._config[module] = rest
        elif register == 2 and len(rest) == 2:
            (self._sampling.add if rest[0] else self._sampling.discard)(module)
            self._switched()
        elif register == 1 and len(rest) == 1:
            (self._powered.add if rest[0] else self._powered.discard)(module)
            self._switched()

    def _is_possible(self, module: int, config: bytes) -> bool:
        ranges = self._ranges if module == _ACC else range(len(_GYR_FULL))
        return config[0] & 15 in _RATES and config[1] in ranges

    def _process(self, register: int, rest: bytes) -> None:
        if register == 0x80:
            self._answer(bytes((_PROCESSOR, 0x80, 0, 3)))
        if register == 2 and len(self._processors) < _MOST_PROCESSORS:
            if rest[2:] == bytes((0xFF, 0xA0, 0x11, 0x31, 0x03)):
                self._processors.append((rest[0], rest[1]))
                self._answer(bytes((_PROCESSOR, 2, len(self._processors) - 1)))
        elif register == 3 and len(rest) == 1:
            self._reports = rest[0] == 1
        elif register == 7 and len(rest) == 2:
            (self._listening.add if rest[1] else self._listening.discard)(rest[0])
        elif register == 8:
            self._processors.clear()
            self._listening.clear()

    def _answer(self, data: bytes) -> None:
        self.port.notify(_NOTIFY, data)

    # ---- samples ----------------------------------------------------------------------------

    def _switched(self) -> None:
        if self._powered and self._powered == self._sampling:
            # Both modules take the chip's one sampling clock; the later switch sets it.
            self.begin_samples(_RATES[self._config[_GYRO][0] & 15], 1, self._send)
        elif not self._powered and self.is_streaming:
            self.end_samples()

    def _send(self, instant_s: float, acc: FloatArray, gyr: FloatArray) -> bool:
        acc_lsb = 9.80665 * self._ranges[self._config[_ACC][1]] / 32768
        gyr_lsb = np.pi / 180 / (16.4 * 2 ** self._config[_GYRO][1])
        values = {
            (_GYRO, int(str(self._chip["source"]))): gyr[0] / gyr_lsb,
            (_ACC, 4): acc[0] / acc_lsb,
        }
        ticks = int(self.clock_s(instant_s) * _TICKS_HZ) & 0xFFFFFFFF
        taken = True
        for number, source in enumerate(self._processors):
            if self._reports and number in self._listening and source[0] in self._powered:
                counts = np.clip(np.rint(values[source]), -32768, 32767).astype(int)
                head = struct.pack("<BBBI", _PROCESSOR, 3, number, ticks)
                taken &= self.port.notify(_NOTIFY, head + struct.pack("<3h", *counts.tolist()))
        return taken
