"""A virtual sensor that runs the C core of ``firmware_protocol/core``, as a board does.

Python is the board here: clock, inertial sensor, Bluetooth stack. Every byte on the air is made,
and every request answered, by the C code; nothing of `imuhip.sensors.imuhip_v1` takes part but the
UUIDs.
"""

from __future__ import annotations

import asyncio
import ctypes
from pathlib import Path

import numpy as np

from c_compiler import FIRMWARE, build
from imuhip.radio.gatt_model import (
    AttributeRefusedError,
    AttributeStatus,
    Beacon,
    GattCharacteristic,
    GattService,
    PeripheralPort,
    Property,
)
from imuhip.radio.virtual_controller import VirtualController
from imuhip.sensors.imuhip_v1 import profile
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["FirmwareSensor", "load_core"]

_CHANNELS = {
    3: profile.CONTROL_UUID,
    4: profile.STREAM_UUID,
    5: profile.BACK_FILL_UUID,
    6: profile.SYNC_UUID,
}
_RATES_HZ = (25, 50, 100, 200)
_RING_SAMPLES = 1000
_NEVER = 0xFFFFFFFF

_User = ctypes.c_void_p
_Bytes = ctypes.POINTER(ctypes.c_uint8)


class Config(ctypes.Structure):
    _fields_ = (
        ("rate_hz", ctypes.c_uint16),
        ("acc_range_g", ctypes.c_uint16),
        ("gyr_range_dps", ctypes.c_uint16),
        ("fields", ctypes.c_uint8),
        ("batch_samples", ctypes.c_uint8),
        ("dither_ms", ctypes.c_uint8),
    )


class Identity(ctypes.Structure):
    _fields_ = (
        ("firmware", ctypes.c_uint16),
        ("unique_id", ctypes.c_uint8 * 8),
        ("capabilities", ctypes.c_uint16),
        ("clock_hz", ctypes.c_uint32),
        ("rates_hz", ctypes.POINTER(ctypes.c_uint16)),
        ("n_rates", ctypes.c_uint8),
    )


class Port(ctypes.Structure):
    _fields_ = (
        ("user", _User),
        ("now_us", ctypes.CFUNCTYPE(ctypes.c_uint64, _User)),
        ("mtu", ctypes.CFUNCTYPE(ctypes.c_uint16, _User)),
        ("is_subscribed", ctypes.CFUNCTYPE(ctypes.c_bool, _User, ctypes.c_int)),
        ("is_protected", ctypes.CFUNCTYPE(ctypes.c_bool, _User)),
        ("send", ctypes.CFUNCTYPE(ctypes.c_bool, _User, ctypes.c_int, _Bytes, ctypes.c_size_t)),
        ("free_buffers", ctypes.CFUNCTYPE(ctypes.c_uint8, _User)),
        ("battery_percent", ctypes.CFUNCTYPE(ctypes.c_uint8, _User)),
        ("configure", ctypes.CFUNCTYPE(ctypes.c_bool, _User, ctypes.POINTER(Config))),
        ("start_sampling", ctypes.CFUNCTYPE(ctypes.c_bool, _User)),
        ("stop_sampling", ctypes.CFUNCTYPE(None, _User)),
        ("identify", ctypes.CFUNCTYPE(None, _User)),
        ("time_hint", ctypes.CFUNCTYPE(None, _User, ctypes.c_uint64)),
        ("power_off", ctypes.CFUNCTYPE(None, _User)),
    )


def load_core(folder: Path) -> ctypes.CDLL:
    """Compile the core into a shared library in `folder` and load it."""
    path = build(
        folder / "libimuhip_core.so",
        FIRMWARE / "tests" / "bridge.c",
        options=("-shared", "-fPIC"),
    )
    core = ctypes.CDLL(str(path))
    for name in ("bridge_sensor_bytes", "bridge_slot_bytes", "imuhip_read_info"):
        getattr(core, name).restype = ctypes.c_size_t
    core.imuhip_accepts_pairing.restype = ctypes.c_bool
    for name in ("imuhip_poll", "bridge_next_seq"):
        getattr(core, name).restype = ctypes.c_uint32
    return core


class FirmwareSensor:
    """One board; a `imuhip.radio.gatt_model.GattModel`.

    Parameters
    ----------
    core : CDLL
        The compiled core.
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    capabilities : int
        Bits of the info characteristic.
    """

    def __init__(
        self, core: ctypes.CDLL, spec: SensorSpec, motion: Motion, capabilities: int = 0xF3
    ) -> None:
        self.spec = spec
        self.identified = 0
        self.n_off = 0
        self.time_hint_ms = 0
        self.is_broken = False
        self._core = core
        self._motion = motion
        self._capabilities = capabilities
        self._port: PeripheralPort | None = None
        self._on_air_s = asyncio.get_running_loop().time()
        self._first_s: float | None = None
        self._step_s = 0.0
        self._n_sampled = 0
        self._sampling: asyncio.TimerHandle | None = None
        self._polling: asyncio.TimerHandle | None = None
        self._rates = (ctypes.c_uint16 * len(_RATES_HZ))(*_RATES_HZ)
        unique_id = (ctypes.c_uint8 * 8)(*spec.serial.encode().ljust(8, b"\0")[-8:])
        self._identity = Identity(
            0x0203, unique_id, capabilities, 1_000_000, self._rates, len(_RATES_HZ)
        )
        self._board = self._make_port()
        self._slots = (ctypes.c_uint8 * (core.bridge_slot_bytes() * _RING_SAMPLES))()
        self._sensor = (ctypes.c_uint8 * core.bridge_sensor_bytes())()
        core.imuhip_init(
            self._sensor,
            ctypes.byref(self._board),
            ctypes.byref(self._identity),
            self._slots,
            ctypes.c_uint32(_RING_SAMPLES),
        )

    # ---- GattModel --------------------------------------------------------------------------

    @property
    def address(self) -> str:
        return self.spec.address

    @property
    def beacon(self) -> Beacon:
        return Beacon(self.spec.name, (profile.SERVICE_UUID,))

    @property
    def largest_mtu(self) -> int:
        return self.spec.largest_mtu

    @property
    def services(self) -> tuple[GattService, ...]:
        notify, read = Property.NOTIFY, Property.READ
        bonds = bool(self._capabilities & profile.Capability.BOND)
        own = [
            GattCharacteristic(profile.INFO_UUID, read, read=self._read_info),
            GattCharacteristic(
                profile.CONTROL_UUID,
                Property.WRITE | Property.INDICATE,
                write=self._on_control,
                protected=bonds,
            ),
            GattCharacteristic(profile.STREAM_UUID, notify, protected=bonds),
        ]
        if self._capabilities & profile.Capability.BACKFILL:
            own.append(GattCharacteristic(profile.BACK_FILL_UUID, notify, protected=bonds))
        if self._capabilities & profile.Capability.SYNC:
            own.append(
                GattCharacteristic(
                    profile.SYNC_UUID,
                    Property.WRITE | notify,
                    write=self._on_sync,
                    protected=bonds,
                )
            )
        texts = {
            profile.MANUFACTURER_UUID: "imuhip",
            profile.MODEL_UUID: "imuhip C core",
            profile.SERIAL_UUID: self.spec.serial,
            profile.FIRMWARE_UUID: "2.3",
        }
        return (
            GattService(profile.SERVICE_UUID, tuple(own)),
            GattService(
                profile.BATTERY_SERVICE_UUID,
                (
                    GattCharacteristic(
                        profile.BATTERY_LEVEL_UUID,
                        read | notify,
                        read=lambda: bytes((self.spec.battery_percent,)),
                    ),
                ),
            ),
            GattService(
                profile.DEVICE_INFORMATION_SERVICE_UUID,
                tuple(
                    GattCharacteristic(uuid, read, read=lambda text=text: text.encode())
                    for uuid, text in texts.items()
                ),
            ),
        )

    def on_air(self, port: PeripheralPort) -> None:
        self._port = port
        self._on_air_s = asyncio.get_running_loop().time()

    def accepts_pairing(self, n_bonds: int) -> bool:
        return bool(self._core.imuhip_accepts_pairing(self._sensor, ctypes.c_uint32(n_bonds)))

    def on_connected(self) -> None:
        self._core.imuhip_on_connected(self._sensor)

    def on_disconnected(self) -> None:
        self._core.imuhip_on_disconnected(self._sensor)
        self._poll_after(0.0)

    # ---- what tests look at -------------------------------------------------------------------

    @property
    def is_streaming(self) -> bool:
        return self._core.bridge_state(self._sensor) != 0

    @property
    def sampled(self) -> int:
        """Samples of the present session."""
        return int(self._core.bridge_next_seq(self._sensor))

    def clock_us(self, instant_s: float) -> int:
        """Return what the board's clock shows at an event-loop time."""
        elapsed_s = (instant_s - self._on_air_s) * (1 + self.spec.skew_ppm * 1e-6)
        return round((self.spec.clock_offset_s + elapsed_s) * 1e6)

    def close(self) -> None:
        self._stop_sampling(None)
        if self._polling is not None:
            self._polling.cancel()

    # ---- events for the core ------------------------------------------------------------------

    def _read_info(self) -> bytes:
        data = (ctypes.c_uint8 * 64)()
        length = self._core.imuhip_read_info(self._sensor, data, ctypes.c_size_t(len(data)))
        return bytes(data[:length])

    def _on_control(self, data: bytes) -> None:
        self._refuse(
            self._core.imuhip_on_control_write(self._sensor, data, ctypes.c_size_t(len(data)))
        )
        self._poll_after(0.0)

    def _on_sync(self, data: bytes) -> None:
        now_us = ctypes.c_uint64(self.clock_us(asyncio.get_running_loop().time()))
        self._refuse(
            self._core.imuhip_on_sync_write(self._sensor, data, ctypes.c_size_t(len(data)), now_us)
        )
        self._poll_after(0.0)

    def _refuse(self, att_error: int) -> None:
        if att_error:
            known = {status.value for status in AttributeStatus}
            raise AttributeRefusedError(
                AttributeStatus(att_error if att_error in known else AttributeStatus.UNLIKELY)
            )

    def _poll_after(self, wait_s: float) -> None:
        if self._polling is not None:
            self._polling.cancel()
        self._polling = asyncio.get_running_loop().call_later(wait_s, self._poll)

    def _poll(self) -> None:
        wait_us = self._core.imuhip_poll(self._sensor)
        if wait_us != _NEVER:
            self._poll_after(wait_us * 1e-6)

    def _sample(self) -> None:
        assert self._first_s is not None
        instant_s = self._first_s + self._n_sampled * self._step_s
        acc, gyr = self._motion.read(self, instant_s, self._step_s, 1)
        config = self._config()
        scale = [config.acc_range_g * 9.80665 / 32768] * 3
        scale += [np.radians(config.gyr_range_dps) / 32768] * 3
        counts = np.clip(np.rint(np.hstack((acc, gyr))[0] / scale), -32768, 32767).astype(int)
        self._n_sampled += 1
        self._core.imuhip_push_sample(
            self._sensor,
            ctypes.c_uint64(self.clock_us(instant_s)),
            (ctypes.c_int16 * 6)(*counts.tolist()),
        )
        self._await_sample()
        self._poll()

    def _await_sample(self) -> None:
        assert self._first_s is not None
        due_s = self._first_s + self._n_sampled * self._step_s
        self._sampling = asyncio.get_running_loop().call_at(due_s, self._sample)

    def _config(self) -> Config:
        config = Config()
        self._core.bridge_config(self._sensor, ctypes.byref(config))
        return config

    # ---- the port, called by the core ---------------------------------------------------------

    def _make_port(self) -> Port:
        types = dict(Port._fields_)
        calls = {
            "now_us": lambda _: self.clock_us(asyncio.get_running_loop().time()),
            "mtu": lambda _: self._on_radio.mtu,
            "is_subscribed": self._is_subscribed,
            "is_protected": lambda _: self._on_radio.is_protected,
            "send": self._send,
            "free_buffers": self._free_buffers,
            "battery_percent": lambda _: self.spec.battery_percent,
            "configure": lambda _, _config: not self.is_broken,
            "start_sampling": self._start_sampling,
            "stop_sampling": self._stop_sampling,
            "identify": self._identify,
            "time_hint": self._take_time_hint,
            "power_off": self._power_off,
        }
        return Port(None, *(types[name](call) for name, call in calls.items()))

    @property
    def _on_radio(self) -> PeripheralPort:
        assert self._port is not None
        return self._port

    def _is_subscribed(self, _user: None, channel: int) -> bool:
        return self._on_radio.is_subscribed(_CHANNELS[channel])

    def _send(self, _user: None, channel: int, data: ctypes.Array, length: int) -> bool:
        packet = bytes(data[:length])
        if channel == 3:
            self._on_radio.indicate(profile.CONTROL_UUID, packet)
            return True
        return self._on_radio.notify(_CHANNELS[channel], packet)

    def _free_buffers(self, _user: None) -> int:
        capacity = VirtualController.total_num_le_acl_data_packets
        return max(0, min(255, capacity - self._on_radio.queued_packets))

    def _start_sampling(self, _user: None) -> bool:
        if self.is_broken:
            return False
        rate_hz = self._config().rate_hz
        self._motion.started(self)
        now_s = asyncio.get_running_loop().time()
        self._first_s = self._motion.first_instant(now_s, rate_hz)
        self._step_s = 1 / (rate_hz * (1 + self.spec.skew_ppm * 1e-6))
        self._n_sampled = 0
        self._await_sample()
        return True

    def _stop_sampling(self, _user: None) -> None:
        if self._sampling is not None:
            self._sampling.cancel()
            self._sampling = None
            self._motion.stopped(self)

    def _identify(self, _user: None) -> None:
        self.identified += 1

    def _take_time_hint(self, _user: None, unix_ms: int) -> None:
        self.time_hint_ms = unix_ms

    def _power_off(self, _user: None) -> None:
        self.n_off += 1
        self._on_radio.disconnect()
