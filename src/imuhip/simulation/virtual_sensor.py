"""A sensor with the firmware of ``firmware_protocol/specification.md``, for the virtual radio.

It answers requests, has a clock and a battery of its own, and while a session runs its samples
leave through a `imuhip.simulation.sensor_stream.SensorStream`. It knows no radio library:
`imuhip.radio.gatt_model` is the whole of its world.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final

from imuhip.errors import ProtocolError
from imuhip.radio.gatt_model import (
    AttributeRefusedError,
    AttributeStatus,
    Beacon,
    GattService,
    PeripheralPort,
)
from imuhip.sensors.imuhip_v1 import control, packets, profile
from imuhip.sensors.imuhip_v1.control import Info, Reply, Request, Settings
from imuhip.sensors.imuhip_v1.profile import Capability, Operation, Status
from imuhip.simulation.sensor_services import services
from imuhip.simulation.sensor_spec import SensorSpec
from imuhip.simulation.sensor_stream import Motion, SensorStream

__all__ = ["SensorSpec", "VirtualSensor"]

RATES_HZ: Final = (25, 50, 60, 100, 120, 200, 400)
_LATENCY_S: Final = 0.06
"""An automatic batch is at most this long."""
_SESSION_HOLD_S: Final = 60.0
_CLOCK_HZ: Final = 1_000_000
_FIRMWARE: Final = 0x0100


class VirtualSensor:
    """One imuhip sensor; a `imuhip.radio.gatt_model.GattModel`.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    """

    def __init__(self, spec: SensorSpec, motion: Motion) -> None:
        self.spec = spec
        self.settings = Settings()
        self.identified = 0
        """How often it was asked to show itself."""
        self.time_hint_unix_s: float | None = None
        self.sent_samples = 0
        self.dropped_samples = 0
        """Samples the ring had to give up because the radio did not take them."""
        self._motion = motion
        self._port: PeripheralPort | None = None
        self._stream: SensorStream | None = None
        self._task: asyncio.Task[None] | None = None
        self._back_filling: asyncio.Task[None] | None = None
        self._hold: asyncio.TimerHandle | None = None
        self._random = random.Random(spec.serial)
        self._on_air_s = 0.0
        self._streamed_s = 0.0

    # ---- GattModel --------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Return the static random address."""
        return self.spec.address

    @property
    def beacon(self) -> Beacon:
        """Return what to advertise."""
        return Beacon(self.spec.name, (profile.SERVICE_UUID,))

    @property
    def largest_mtu(self) -> int:
        """Return the largest ATT MTU the sensor agrees to."""
        return self.spec.largest_mtu

    @property
    def services(self) -> tuple[GattService, ...]:
        """Return the imuhip, battery and device-information services."""
        return services(
            read_info=self._read_info,
            on_control=self._on_control,
            battery=lambda: bytes((self.battery_percent,)),
            serial=self.spec.serial,
            firmware=f"{_FIRMWARE >> 8}.{_FIRMWARE & 0xFF}",
            back_fills=self.spec.back_fills,
        )

    def on_air(self, port: PeripheralPort) -> None:
        """Take the port to speak through; the sensor's clock starts."""
        self._port = port
        self._on_air_s = asyncio.get_running_loop().time()

    def on_connected(self) -> None:
        """Keep a held session."""

    def on_disconnected(self) -> None:
        """Sample on, so that the gap stays countable, but not for ever."""
        self._cancel_task()
        if self._stream is not None:
            loop = asyncio.get_running_loop()
            self._hold = loop.call_later(_SESSION_HOLD_S, self._end_session)

    # ---- state ------------------------------------------------------------------------------

    @property
    def is_streaming(self) -> bool:
        """Return whether a session runs, connected or not."""
        return self._stream is not None

    @property
    def port(self) -> PeripheralPort:
        """Return what the sensor speaks through."""
        if self._port is None:
            raise RuntimeError(f"{self.spec.serial} is not on the air")
        return self._port

    @property
    def battery_percent(self) -> int:
        """Return the charge left."""
        return max(1, self.spec.battery_percent - int(self._streamed_s / 360))

    def close(self) -> None:
        """End whatever runs."""
        self._end_session()

    def clock_us(self, instant_s: float) -> int:
        """Return what the sensor's clock shows at an event-loop time."""
        elapsed_s = (instant_s - self._on_air_s) * (1 + self.spec.skew_ppm * 1e-6)
        return round((self.spec.clock_offset_s + elapsed_s) * 1e6)

    def count_sent(self, n_samples: int) -> None:
        """Count samples the radio took, and the charge they cost."""
        self.sent_samples += n_samples
        charge = self.battery_percent
        self._streamed_s += n_samples / self.settings.rate_hz
        if self.battery_percent != charge:
            self.port.notify(profile.BATTERY_LEVEL_UUID, bytes((self.battery_percent,)))

    # ---- requests ---------------------------------------------------------------------------

    def _read_info(self) -> bytes:
        return control.encode_info(
            Info(
                major=profile.PROTOCOL_MAJOR,
                minor=profile.PROTOCOL_MINOR,
                firmware=_FIRMWARE,
                unique_id=self.spec.serial.encode().ljust(8, b"\0")[-8:],
                capabilities=self._capabilities,
                clock_hz=_CLOCK_HZ,
                acc_range_g=self.settings.acc_range_g,
                gyr_range_dps=self.settings.gyr_range_dps,
                rates_hz=RATES_HZ,
            )
        )

    @property
    def _capabilities(self) -> Capability:
        back_fill = Capability.BACKFILL if self.spec.back_fills else Capability(0)
        return Capability.GYRO | Capability.ACC | Capability.DITHER | back_fill

    def _on_control(self, data: bytes) -> None:
        port = self.port
        if not port.is_subscribed(profile.CONTROL_UUID):
            raise AttributeRefusedError(AttributeStatus.NOT_CONFIGURED)
        try:
            request = control.decode_request(data)
        except ProtocolError as error:
            raise AttributeRefusedError(AttributeStatus.INVALID_LENGTH) from error
        status, result = self._answer(request)
        reply = Reply(request.operation, request.reference, status, result)
        port.indicate(profile.CONTROL_UUID, control.encode_reply(reply))

    def _answer(self, request: Request) -> tuple[Status, bytes]:
        handlers: dict[int, tuple[int, Callable[[bytes], tuple[Status, bytes]]]] = {
            Operation.GET_CONFIG: (0, self._get_config),
            Operation.SET_CONFIG: (9, self._set_config),
            Operation.START: (4, self._start),
            Operation.STOP: (0, self._stop),
            Operation.IDENTIFY: (0, self._identify),
            Operation.BACKFILL: (6, self._back_fill),
            Operation.SET_TIME_HINT: (8, self._set_time_hint),
        }
        if request.operation == Operation.OFF:
            return Status.NOT_SUPPORTED, b""
        if request.operation == Operation.BACKFILL and not self.spec.back_fills:
            return Status.NOT_SUPPORTED, b""
        if request.operation not in handlers:
            return Status.UNKNOWN_OPERATION, b""
        length, handler = handlers[request.operation]
        if len(request.arguments) != length:
            return Status.BAD_LENGTH, b""
        return handler(request.arguments)

    def _get_config(self, _arguments: bytes) -> tuple[Status, bytes]:
        return Status.OK, control.encode_settings(self.settings)

    def _set_config(self, arguments: bytes) -> tuple[Status, bytes]:
        wanted = control.decode_settings(arguments)
        capacity = packets.samples_that_fit(self.port.mtu)
        checks = (
            (self._stream is None, Status.WRONG_STATE),
            (wanted.rate_hz in RATES_HZ, Status.BAD_RATE),
            (wanted.acc_range_g in profile.ACC_RANGES_G, Status.BAD_ACC_RANGE),
            (wanted.gyr_range_dps in profile.GYRO_RANGES_DPS, Status.BAD_GYRO_RANGE),
            (wanted.fields == profile.Field.ACC | profile.Field.GYRO, Status.BAD_FIELDS),
            (wanted.batch_samples <= max(capacity, 1), Status.BAD_BATCH),
        )
        for fine, status in checks:
            if not fine:
                return status, b""
        self.settings = wanted
        return Status.OK, b""

    def _start(self, arguments: bytes) -> tuple[Status, bytes]:
        port = self.port
        capacity = packets.samples_that_fit(port.mtu)
        if not port.is_subscribed(profile.STREAM_UUID):
            return Status.NOT_SUBSCRIBED, b""
        if capacity == 0:
            return Status.MTU_TOO_SMALL, b""
        session = int.from_bytes(arguments, "little")
        was_lost = self._hold is not None
        self._cancel_task()
        self._cancel_hold()
        if self._stream is not None and self._stream.session != session:
            self._end_session()
        now_s = asyncio.get_running_loop().time()
        if self._stream is None:
            self._motion.started(self)
            first_s = self._motion.first_instant(now_s, self.settings.rate_hz)
            step_s = 1 / (self.settings.rate_hz * (1 + self.spec.skew_ppm * 1e-6))
            self._stream = SensorStream(self, self._motion, self._random, session, first_s, step_s)
        elif was_lost:
            # What was sampled while nobody listened is for back-fill; live goes on live.
            self._stream.go_live(now_s)
        batch = self._batch_samples(capacity)
        self._task = asyncio.create_task(self._stream.run(batch, capacity))
        return Status.OK, bytes((batch,))

    def _stop(self, _arguments: bytes) -> tuple[Status, bytes]:
        self._end_session()
        return Status.OK, b""

    def _back_fill(self, arguments: bytes) -> tuple[Status, bytes]:
        if self._stream is None or self._task is None:
            return Status.WRONG_STATE, b""
        if not self.port.is_subscribed(profile.BACK_FILL_UUID):
            return Status.NOT_SUBSCRIBED, b""
        asked = control.decode_range(arguments)
        held = self._stream.held(asked.first, asked.count, asyncio.get_running_loop().time())
        self._cancel_back_filling()
        capacity = packets.samples_that_fit(self.port.mtu)
        self._back_filling = asyncio.create_task(self._stream.back_fill(held, capacity))
        coming = control.SampleRange(held.start, len(held))
        return Status.OK, control.encode_range(coming)

    def _identify(self, _arguments: bytes) -> tuple[Status, bytes]:
        self.identified += 1
        return Status.OK, b""

    def _set_time_hint(self, arguments: bytes) -> tuple[Status, bytes]:
        self.time_hint_unix_s = int.from_bytes(arguments, "little") / 1000
        return Status.OK, b""

    # ---- the session ------------------------------------------------------------------------

    def _batch_samples(self, capacity: int) -> int:
        wanted = self.settings.batch_samples or max(1, int(_LATENCY_S * self.settings.rate_hz))
        return min(wanted, capacity)

    def _end_session(self) -> None:
        self._cancel_task()
        self._cancel_hold()
        if self._stream is not None:
            self._stream = None
            self._motion.stopped(self)

    def _cancel_hold(self) -> None:
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None

    def _cancel_back_filling(self) -> None:
        if self._back_filling is not None:
            self._back_filling.cancel()
            self._back_filling = None

    def _cancel_task(self) -> None:
        self._cancel_back_filling()
        if self._task is not None:
            self._task.cancel()
            self._task = None
