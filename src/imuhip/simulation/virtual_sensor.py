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
from imuhip.sensors.imuhip_v1.control import Reply, Request, Settings
from imuhip.sensors.imuhip_v1.profile import Operation, Status
from imuhip.simulation.sensor_clock import ClockTeller
from imuhip.simulation.sensor_services import FIRMWARE, accepts_pairing, info, refusal, services
from imuhip.simulation.sensor_spec import SensorSpec
from imuhip.simulation.sensor_stream import Motion, SensorStream

__all__ = ["SensorSpec", "VirtualSensor"]

_LATENCY_S: Final = 0.06
"""An automatic batch is at most this long."""
_SESSION_HOLD_S: Final = 60.0
_OFF_AFTER_S: Final = 1.0
"""So long the reply has to reach the host before the sensor goes."""


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
        self._clock_teller = ClockTeller(lambda: self.port, self.clock_us)
        self._switching_off: asyncio.TimerHandle | None = None
        self.is_off = False
        """Whether it was switched off over the air; then it neither samples nor advertises."""
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
            firmware=f"{FIRMWARE >> 8}.{FIRMWARE & 0xFF}",
            back_fills=self.spec.back_fills,
            on_sync=self._clock_teller.on_write if self.spec.tells_clock else None,
            bonds=self.spec.bonds,
        )

    def on_air(self, port: PeripheralPort) -> None:
        """Take the port to speak through; the sensor's clock starts."""
        self._port = port
        self._on_air_s = asyncio.get_running_loop().time()

    def accepts_pairing(self, n_bonds: int) -> bool:
        """Return whether a peer may pair now."""
        since_on_s = asyncio.get_running_loop().time() - self._on_air_s
        return accepts_pairing(self.spec, n_bonds, since_on_s)

    def on_connected(self) -> None:
        """Keep a held session."""

    def on_disconnected(self) -> None:
        """Sample on, so that the gap stays countable, but not for ever."""
        self._clock_teller.forget()
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
        self._clock_teller.forget()
        if self._switching_off is not None:
            self._switching_off.cancel()
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
        return info(self.spec, self.settings)

    def _on_control(self, data: bytes) -> None:
        port = self.port
        if not port.is_subscribed(profile.CONTROL_UUID):
            raise AttributeRefusedError(AttributeStatus.NOT_CONFIGURED)
        if self._switching_off is not None:
            raise AttributeRefusedError(AttributeStatus.BUSY)
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
            Operation.OFF: (0, self._off),
        }
        if request.operation == Operation.OFF and not self.spec.switches_off:
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
        status = refusal(wanted, capacity, is_idle=self._stream is None)
        if status is not Status.OK:
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

    def _off(self, _arguments: bytes) -> tuple[Status, bytes]:
        self._end_session()
        loop = asyncio.get_running_loop()
        self._switching_off = loop.call_later(_OFF_AFTER_S, self._power_down)
        return Status.OK, b""

    def _power_down(self) -> None:
        self._switching_off = None
        self._clock_teller.forget()
        self.is_off = True
        self.port.disconnect()

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
