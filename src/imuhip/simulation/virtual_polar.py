"""A Polar Verity Sense on the virtual radio: the Polar Measurement Data service from its document.

Acceleration, angular rate and field are measurements of their own, each started, buffered and sent
by itself as delta-compressed frames. A frame leaves when the next sample would no longer fit.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray, IntArray
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

__all__ = ["VirtualPolar"]

_PMD: Final = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
_CONTROL: Final = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
_DATA: Final = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
_HEART_RATE: Final = "0000180d-0000-1000-8000-00805f9b34fb"
_BATTERY: Final = "0000180f-0000-1000-8000-00805f9b34fb"
_BATTERY_LEVEL: Final = "00002a19-0000-1000-8000-00805f9b34fb"
_COMPANY: Final = 0x006B

_ACC, _GYRO, _MAG, _SDK = 2, 5, 6, 9
_FEATURES: Final = bytes((0x0F, 0x6E, 0x02)) + bytes(14)
"""PPG, ACC, PPI, GYRO, MAG; in the second byte the SDK mode."""
_Offer = dict[int, dict[int, tuple[int, ...]]]
_ORDINARY: Final[_Offer] = {
    _ACC: {0: (52,), 1: (16,), 2: (8,), 4: (3,)},
    _GYRO: {0: (52,), 1: (16,), 2: (2000,), 4: (3,)},
    _MAG: {0: (10, 20, 50, 100), 1: (16,), 2: (50,), 4: (3,)},
}
_WIDENED: Final[_Offer] = {
    _ACC: {0: (26, 52, 104, 208, 416), 1: (16,), 2: (2, 4, 8, 16), 4: (3,)},
    _GYRO: {0: (26, 52, 104, 208, 416), 1: (16,), 2: (250, 500, 1000, 2000), 4: (3,)},
    _MAG: _ORDINARY[_MAG],
}
_FRAME_TYPE: Final = {_ACC: 0x81, _GYRO: 0x80, _MAG: 0x80}
_UNIT: Final = {_ACC: 9.80665e-3, _GYRO: np.pi / 180, _MAG: 100.0}
"""m/s² in a thousandth of g, rad/s in °/s, µT in a gauss."""
_IN_FULL_SCALE: Final = {_ACC: 1000.0, _GYRO: 1.0, _MAG: 1.0}
_DEFAULT_TIME_S: Final = 536_580_000
"""2017-01-01 10:00, what an unset clock starts from, in seconds since 2000."""
_BLOCK_DELTAS: Final = 10
_MOST_SAMPLES: Final = 80
"""In a frame; a sensor without noise would fill none otherwise."""
_OK, _NO_OPERATION, _NO_MEASUREMENT, _BAD_LENGTH, _BAD_PARAMETER, _ALREADY = 0, 1, 2, 4, 5, 6
_BAD_SETTING: Final = {0: 8, 1: 7, 2: 9, 4: 11}
_BAD_MTU: Final = 10
_LEAST_MTU: Final = 60


@dataclass(frozen=True)
class _Measuring:
    task: asyncio.Task[None]
    rate_hz: int


class VirtualPolar(SampledSensor):
    """One Verity Sense in sensor mode.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    field : callable, optional
        Returns the (n, 3) field in µT at (n,) event-loop times.
    acc_delay_s : float
        How much later than the gyroscope the accelerometer samples.
    """

    def __init__(
        self,
        spec: SensorSpec,
        motion: Motion,
        *,
        field: Callable[[FloatArray], FloatArray] | None = None,
        acc_delay_s: float = 0.0,
    ) -> None:
        super().__init__(spec, motion)
        self.is_widened = False
        """Whether the SDK mode is on."""
        self._field = field or _turning_field
        self._delay_s = {_ACC: acc_delay_s}
        self._measuring: dict[int, _Measuring] = {}

    # ---- GattModel --------------------------------------------------------------------------

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise: the name with the eight digits, and the heart-rate service."""
        digits = self.spec.address.replace(":", "")[-8:].upper()
        return Beacon(f"Polar Sense {digits}", (_HEART_RATE,), {_COMPANY: bytes((0x72, 0x08))})

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the measurement, battery and device-information services."""
        return (
            GattService(
                _PMD,
                (
                    GattCharacteristic(
                        _CONTROL,
                        Property.READ | Property.WRITE | Property.INDICATE,
                        read=lambda: _FEATURES,
                        write=self._on_control,
                    ),
                    GattCharacteristic(_DATA, Property.NOTIFY),
                ),
            ),
            GattService(
                _BATTERY,
                (
                    GattCharacteristic(
                        _BATTERY_LEVEL,
                        Property.READ | Property.NOTIFY,
                        read=lambda: bytes((self.battery_percent,)),
                    ),
                ),
            ),
            device_information(
                {
                    "2a29": "Polar Electro Oy",
                    "2a24": "Sense",
                    "2a25": self.spec.serial,
                    "2a26": "2.2.6",
                }
            ),
        )

    def on_disconnected(self) -> None:
        """Stop every measurement; the SDK mode ends too."""
        self.is_widened = False
        super().on_disconnected()

    @property
    def is_streaming(self) -> bool:
        """Return whether anything is measured."""
        return bool(self._measuring)

    # ---- control point ----------------------------------------------------------------------

    def _on_control(self, data: bytes) -> None:
        refuse_unless(self.port.is_subscribed(_CONTROL), AttributeStatus.NOT_CONFIGURED)
        refuse_unless(len(data) >= 2, AttributeStatus.INVALID_LENGTH)
        operation, kind = data[0], data[1]
        status, parameters = self._answer(operation, kind, data[2:])
        reply = bytes((0xF0, operation, kind, status))
        if status == _OK:
            reply += b"\0" + parameters
        self.port.indicate(_CONTROL, reply)

    def _answer(self, operation: int, kind: int, rest: bytes) -> tuple[int, bytes]:
        if kind not in (*_ORDINARY, _SDK):
            return _NO_MEASUREMENT, b""
        if operation == 1:
            return (_OK, self._settings(kind)) if kind != _SDK else (_NO_MEASUREMENT, b"")
        if operation == 2:
            return self._switch(True) if kind == _SDK else self._start(kind, rest)
        if operation == 3:
            return self._switch(False) if kind == _SDK else self._stop(kind)
        return _NO_OPERATION, b""

    def _offer(self) -> _Offer:
        return _WIDENED if self.is_widened else _ORDINARY

    def _settings(self, kind: int) -> bytes:
        out = b""
        for setting, values in self._offer()[kind].items():
            form = "<B" if setting == 4 else "<H"
            out += bytes((setting, len(values))) + b"".join(struct.pack(form, v) for v in values)
        return out

    def _switch(self, widened: bool) -> tuple[int, bytes]:
        if self.is_widened == widened:
            return _ALREADY, b""
        self.end_samples()
        self.is_widened = widened
        return _OK, b""

    def _start(self, kind: int, rest: bytes) -> tuple[int, bytes]:
        chosen: dict[int, int] = {}
        while rest:
            width = 1 if rest[0] == 4 else 2
            if len(rest) < 2 + width or rest[1] != 1:
                return _BAD_LENGTH, b""
            chosen[rest[0]] = int.from_bytes(rest[2 : 2 + width], "little")
            rest = rest[2 + width :]
        for setting, values in self._offer()[kind].items():
            if chosen.get(setting) not in values:
                return _BAD_SETTING[setting], b""
        if len(chosen) != 4:
            return _BAD_PARAMETER, b""
        if self.port.mtu < _LEAST_MTU:
            return _BAD_MTU, b""
        if kind in self._measuring:
            return _ALREADY, b""
        self._begin(kind, chosen[0], chosen[2])
        factor = chosen[2] * _IN_FULL_SCALE[kind] / 32768
        return _OK, bytes((5, 1)) + struct.pack("<f", factor)

    def _stop(self, kind: int) -> tuple[int, bytes]:
        measuring = self._measuring.pop(kind, None)
        if measuring is None:
            return _ALREADY, b""
        measuring.task.cancel()
        if not self._measuring:
            self.end_samples()
        return _OK, b""

    # ---- measuring --------------------------------------------------------------------------

    def _begin(self, kind: int, rate_hz: int, full_scale: int) -> None:
        if not self._measuring:
            if self._hold is not None:
                self._hold.cancel()
                self._hold = None
            self._is_worn = True
            self._motion.started(self)
        measure = self._measure(kind, rate_hz, full_scale)
        self._measuring[kind] = _Measuring(asyncio.create_task(measure), rate_hz)

    async def _measure(self, kind: int, rate_hz: int, full_scale: int) -> None:
        """Sample for ever, sending a frame whenever the next sample would not fit it."""
        loop = asyncio.get_running_loop()
        delay_s = self._delay_s.get(kind, 0.0)
        first_s = self._motion.first_instant(loop.time(), rate_hz) + delay_s
        step_s = 1 / (rate_hz * (1 + self.spec.skew_ppm * 1e-6))
        lsb = full_scale * _IN_FULL_SCALE[kind] / 32768 * _UNIT[kind]
        waiting: list[IntArray] = []
        n_taken = 0
        while True:
            instant_s = first_s + n_taken * step_s
            await asyncio.sleep(max(0.0, instant_s - loop.time()))
            values = self._sense(kind, instant_s, step_s)
            counts = np.clip(np.rint(values / lsb), -32768, 32767).astype(np.int64)
            room = self.port.mtu - 3 - 10
            is_full = len(_compressed(np.array([*waiting, counts]))) > room
            if is_full or len(waiting) == _MOST_SAMPLES:
                stamp_s = instant_s - step_s
                self._send(kind, stamp_s, _compressed(np.array(waiting)), len(waiting))
                waiting = []
            waiting.append(counts)
            n_taken += 1
            self._streamed_s += step_s / len(self._measuring)

    def _sense(self, kind: int, instant_s: float, step_s: float) -> FloatArray:
        if kind == _MAG:
            return np.asarray(self._field(np.array([instant_s]))[0])
        acc, gyr = self._motion.read(self, instant_s, step_s, 1)
        return np.asarray((acc if kind == _ACC else gyr)[0])

    def _send(self, kind: int, last_s: float, content: bytes, n_samples: int) -> None:
        time_ns = (_DEFAULT_TIME_S * 10**9) + round(self.clock_s(last_s) * 1e9)
        frame = struct.pack("<BQB", kind, time_ns, _FRAME_TYPE[kind]) + content
        if self.port.notify(_DATA, frame):
            self.sent_samples += n_samples
        else:
            self.dropped_samples += n_samples

    def _cancel(self) -> None:
        for measuring in self._measuring.values():
            measuring.task.cancel()
        self._measuring.clear()
        super()._cancel()


def _compressed(counts: IntArray) -> bytes:
    """Return a reference sample and blocks of differences, each of the width it needs."""
    out = struct.pack("<3h", *counts[0].tolist())
    differences = np.diff(counts, axis=0)
    for begin in range(0, len(differences), _BLOCK_DELTAS):
        block = differences[begin : begin + _BLOCK_DELTAS]
        magnitude = max(int(block.max()), -int(block.min()) - 1)
        bits = max(1, magnitude.bit_length() + 1)
        number = 0
        for place, value in enumerate(block.ravel().tolist()):
            number |= (value & ((1 << bits) - 1)) << (place * bits)
        out += bytes((bits, len(block))) + number.to_bytes((block.size * bits + 7) // 8, "little")
    return out


def _turning_field(instants_s: FloatArray) -> FloatArray:
    """Return a field of 49 µT that turns slowly, (n, 3) µT."""
    angle = 0.3 * instants_s
    return np.column_stack((20 * np.cos(angle), 20 * np.sin(angle), np.full(len(angle), -45.0)))
