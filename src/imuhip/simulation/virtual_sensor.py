"""A sensor with the firmware of ``firmware_protocol/specification.md``, for the virtual radio.

It samples a motion with its own clock, numbers its samples, batches them, keeps what the radio does
not take in a ring, and answers requests. It knows no radio library: `imuhip.radio.gatt_model` is
the whole of its world.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from imuhip.core.sensor import FLAGS
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.radio.gatt_model import (
    AttributeRefusedError,
    AttributeStatus,
    Beacon,
    GattCharacteristic,
    GattService,
    PeripheralPort,
    Property,
)
from imuhip.sensors.imuhip_v1 import control, packets, profile
from imuhip.sensors.imuhip_v1.control import Info, Reply, Request, Settings
from imuhip.sensors.imuhip_v1.profile import Capability, Operation, Status

__all__ = ["Motion", "SensorSpec", "VirtualSensor"]

RATES_HZ: Final = (25, 50, 60, 100, 120, 200, 400)
_LATENCY_S: Final = 0.06
"""An automatic batch is at most this long."""
_RING_S: Final = 10.0
_RETRY_S: Final = 0.0075
"""Between attempts while the radio's buffers are full: one short connection interval."""
_SESSION_HOLD_S: Final = 60.0
_CLOCK_HZ: Final = 1_000_000
_FIRMWARE: Final = 0x0100


class Motion(Protocol):
    """Where a sensor gets its samples from; shared between the sensors of one person."""

    def first_instant(self, now_s: float, rate_hz: float) -> float:
        """Return the instant (event-loop time, s) of the first sample of a stream starting now."""
        ...

    def started(self, sensor: VirtualSensor) -> None:
        """Learn that a sensor's session began."""
        ...

    def stopped(self, sensor: VirtualSensor) -> None:
        """Learn that it ended."""
        ...

    def read(
        self, sensor: VirtualSensor, first_s: float, step_s: float, n_samples: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return (n, 3) acceleration in m/s² and angular rate in rad/s at event-loop times."""
        ...


@dataclass(frozen=True)
class SensorSpec:
    """What makes one virtual sensor different from another.

    Parameters
    ----------
    segment : str
        Where the simulated person wears it.
    serial : str
        Its serial number string.
    address : str
        Its Bluetooth address, static random (``"C0:..."`` to ``"FF:..."``).
    skew_ppm : float
        How much faster than true its clock runs.
    clock_offset_s : float
        What its clock shows when it is put on the air.
    battery_percent : int
        Charge when it is put on the air; one percent goes every six minutes of streaming.
    largest_mtu : int
        Largest ATT MTU it agrees to.
    """

    segment: str
    serial: str
    address: str
    skew_ppm: float = 0.0
    clock_offset_s: float = 0.0
    battery_percent: int = 87
    largest_mtu: int = 247

    @property
    def name(self) -> str:
        """Return the advertised name: the model and the end of the address."""
        return profile.ADVERTISED_NAME_PREFIX + self.address.replace(":", "")[-4:].upper()


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
        self._stream: _Stream | None = None
        self._task: asyncio.Task[None] | None = None
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
        return (
            GattService(
                profile.SERVICE_UUID,
                (
                    GattCharacteristic(profile.INFO_UUID, Property.READ, read=self._read_info),
                    GattCharacteristic(
                        profile.CONTROL_UUID,
                        Property.WRITE | Property.INDICATE,
                        write=self._on_control,
                    ),
                    GattCharacteristic(profile.STREAM_UUID, Property.NOTIFY),
                ),
            ),
            GattService(
                profile.BATTERY_SERVICE_UUID,
                (
                    GattCharacteristic(
                        profile.BATTERY_LEVEL_UUID,
                        Property.READ | Property.NOTIFY,
                        read=lambda: bytes((self.battery_percent,)),
                    ),
                ),
            ),
            GattService(
                profile.DEVICE_INFORMATION_SERVICE_UUID,
                tuple(
                    GattCharacteristic(uuid, Property.READ, read=_constant(text))
                    for uuid, text in (
                        (profile.MANUFACTURER_UUID, "imuhip"),
                        (profile.MODEL_UUID, "imuhip virtual sensor"),
                        (profile.SERIAL_UUID, self.spec.serial),
                        (profile.FIRMWARE_UUID, f"{_FIRMWARE >> 8}.{_FIRMWARE & 0xFF}"),
                    )
                ),
            ),
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

    # ---- requests ---------------------------------------------------------------------------

    def _read_info(self) -> bytes:
        return control.encode_info(
            Info(
                major=profile.PROTOCOL_MAJOR,
                minor=profile.PROTOCOL_MINOR,
                firmware=_FIRMWARE,
                unique_id=self.spec.serial.encode().ljust(8, b"\0")[-8:],
                capabilities=Capability.GYRO | Capability.ACC | Capability.DITHER,
                clock_hz=_CLOCK_HZ,
                acc_range_g=self.settings.acc_range_g,
                gyr_range_dps=self.settings.gyr_range_dps,
                rates_hz=RATES_HZ,
            )
        )

    def _on_control(self, data: bytes) -> None:
        port = self._require_port()
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
            Operation.SET_TIME_HINT: (8, self._set_time_hint),
        }
        if request.operation in (Operation.OFF, Operation.BACKFILL):
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
        capacity = packets.samples_that_fit(self._require_port().mtu)
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
        port = self._require_port()
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
            self._stream = _Stream(session, first_s, step_s)
        elif was_lost:
            # What was sampled while nobody listened is for back-fill; live goes on live.
            self._stream.next_seq = self._stream.newest_seq(now_s) + 1
        batch = self._batch_samples(capacity)
        self._task = asyncio.create_task(self._run(self._stream, batch, capacity))
        return Status.OK, bytes((batch,))

    def _stop(self, _arguments: bytes) -> tuple[Status, bytes]:
        self._end_session()
        return Status.OK, b""

    def _identify(self, _arguments: bytes) -> tuple[Status, bytes]:
        self.identified += 1
        return Status.OK, b""

    def _set_time_hint(self, arguments: bytes) -> tuple[Status, bytes]:
        self.time_hint_unix_s = int.from_bytes(arguments, "little") / 1000
        return Status.OK, b""

    # ---- the stream -------------------------------------------------------------------------

    def _batch_samples(self, capacity: int) -> int:
        wanted = self.settings.batch_samples or max(1, int(_LATENCY_S * self.settings.rate_hz))
        return min(wanted, capacity)

    async def _run(self, stream: _Stream, batch: int, capacity: int) -> None:
        loop = asyncio.get_running_loop()
        taken = True
        while True:
            complete_s = stream.instant_s(stream.next_seq + batch - 1)
            longest_s = min(self.settings.dither_ms * 1e-3, 0.5 * batch * stream.step_s)
            dither_s = self._random.random() * longest_s
            pause_s = complete_s + dither_s - loop.time()
            if not taken:
                pause_s = _RETRY_S
            await asyncio.sleep(max(0.0, pause_s))
            taken = self._drain(stream, batch, capacity, loop.time())

    def _drain(self, stream: _Stream, batch: int, capacity: int, now_s: float) -> bool:
        """Send every complete batch, giving up what the ring can no longer hold.

        Returns False when the radio did not take all of it.
        """
        newest = stream.newest_seq(now_s)
        ring_samples = int(_RING_S * self.settings.rate_hz)
        excess = newest + 1 - stream.next_seq - ring_samples
        if excess > 0:
            stream.next_seq += excess
            stream.overflowed = True
            self.dropped_samples += excess
        while (waiting := newest + 1 - stream.next_seq) >= batch:
            n_samples = batch if waiting < 2 * batch else min(waiting, capacity)
            if not self._send(stream, n_samples):
                return False
        return True

    def _send(self, stream: _Stream, n_samples: int) -> bool:
        first_s = stream.instant_s(stream.next_seq)
        acc, gyr = self._motion.read(self, first_s, stream.step_s, n_samples)
        counts, flags = packets.to_counts(
            acc, gyr, self.settings.acc_range_g, self.settings.gyr_range_dps
        )
        if stream.overflowed:
            flags |= FLAGS["fifo_overflow"]
        if self.battery_percent < 10:
            flags |= FLAGS["low_battery"]
        dt_us = round(1e6 / self.settings.rate_hz)
        time_us = self.clock_us(first_s)
        now_us = self.clock_us(asyncio.get_running_loop().time())
        packet = packets.RawPacket(
            seq=stream.next_seq,
            time_us=time_us,
            dt_us=dt_us,
            counts=counts,
            flags=flags,
            age_us=max(0, now_us - time_us - (n_samples - 1) * dt_us),
        )
        port = self._require_port()
        if not port.notify(profile.STREAM_UUID, packets.encode_packet(packet)):
            return False
        stream.next_seq += n_samples
        stream.overflowed = False
        self.sent_samples += n_samples
        charge = self.battery_percent
        self._streamed_s += n_samples / self.settings.rate_hz
        if self.battery_percent != charge:
            port.notify(profile.BATTERY_LEVEL_UUID, bytes((self.battery_percent,)))
        return True

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

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _require_port(self) -> PeripheralPort:
        if self._port is None:
            raise RuntimeError(f"{self.spec.serial} is not on the air")
        return self._port


@dataclasses.dataclass
class _Stream:
    """One session's sampling: which instants, and how far it was sent."""

    session: int
    first_s: float
    step_s: float
    next_seq: int = 0
    overflowed: bool = False

    def instant_s(self, seq: int) -> float:
        return self.first_s + seq * self.step_s

    def newest_seq(self, now_s: float) -> int:
        return int((now_s - self.first_s) / self.step_s + 1e-6) if now_s >= self.first_s else -1


def _constant(text: str) -> Callable[[], bytes]:
    return lambda: text.encode()
