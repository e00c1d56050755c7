"""What every virtual sensor of a vendor's model does: a clock, a battery, and samples on a grid.

A model derives from `SampledSensor` and adds its advertisement, its services and its bytes. Nothing
here or there knows the decoders of `imuhip.sensors`: a model is written from the specification a
second time, so that an error in one of the two shows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from imuhip.core.series import FloatArray
from imuhip.radio.gatt_model import (
    AttributeRefusedError,
    AttributeStatus,
    GattCharacteristic,
    GattService,
    PeripheralPort,
    Property,
)
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_sensor import SensorSpec

__all__ = ["SampledSensor", "device_information", "refuse_unless"]

_HOLD_S: Final = 60.0
"""How long a vanished sensor is still counted among those that are worn."""
_S_PER_PERCENT: Final = 360.0

SendSamples = Callable[[float, FloatArray, FloatArray], bool]
"""Takes instant of the first sample (event-loop s), (n, 3) m/s² and (n, 3) rad/s; returns whether
the radio took them."""


class SampledSensor:
    """A sensor on the air that samples a motion while it is told to.

    Parameters
    ----------
    spec : SensorSpec
        Who it is.
    motion : Motion
        What it feels.
    """

    def __init__(self, spec: SensorSpec, motion: Motion) -> None:
        self.spec = spec
        self.identified = 0
        """How often it was asked to show itself."""
        self.sent_samples = 0
        self.dropped_samples = 0
        """Samples the radio did not take: vendors' sensors keep no ring to repeat them from."""
        self._motion = motion
        self._port: PeripheralPort | None = None
        self._task: asyncio.Task[None] | None = None
        self._hold: asyncio.TimerHandle | None = None
        self._is_worn = False
        self._on_air_s = 0.0
        self._streamed_s = 0.0

    # ---- GattModel --------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """Return the static random address."""
        return self.spec.address

    @property
    def largest_mtu(self) -> int:
        """Return the largest ATT MTU the sensor agrees to."""
        return self.spec.largest_mtu

    def on_air(self, port: PeripheralPort) -> None:
        """Take the port to speak through; the sensor's clock starts."""
        self._port = port
        self._on_air_s = asyncio.get_running_loop().time()

    def on_connected(self) -> None:
        """Wait for what the host wants."""

    def on_disconnected(self) -> None:
        """Stop: nobody listens."""
        self._cancel()
        if self._is_worn and self._hold is None:
            self._hold = asyncio.get_running_loop().call_later(_HOLD_S, self._take_off)

    # ---- state ------------------------------------------------------------------------------

    @property
    def port(self) -> PeripheralPort:
        """Return what the sensor speaks through."""
        if self._port is None:
            raise RuntimeError(f"{self.spec.serial} is not on the air")
        return self._port

    @property
    def is_streaming(self) -> bool:
        """Return whether samples are being sent."""
        return self._task is not None

    @property
    def battery_percent(self) -> int:
        """Return the charge left; one percent goes every six minutes of streaming."""
        return max(1, self.spec.battery_percent - int(self._streamed_s / _S_PER_PERCENT))

    def clock_s(self, instant_s: float) -> float:
        """Return what the sensor's clock shows at an event-loop time, before it wraps."""
        elapsed_s = (instant_s - self._on_air_s) * (1 + self.spec.skew_ppm * 1e-6)
        return self.spec.clock_offset_s + elapsed_s

    def clock_us(self, instant_s: float) -> int:
        """Return the same in µs."""
        return round(self.clock_s(instant_s) * 1e6)

    def reboot(self) -> None:
        """Start anew, as after a change of battery: the clock shows its first value again."""
        self._cancel()
        self._on_air_s = asyncio.get_running_loop().time()

    def close(self) -> None:
        """End whatever runs."""
        self.end_samples()

    # ---- samples ----------------------------------------------------------------------------

    def begin_samples(self, rate_hz: float, batch: int, send: SendSamples) -> None:
        """Sample from now on, handing `batch` samples at a time to `send`."""
        self._cancel()
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        self._is_worn = True
        self._motion.started(self)
        now_s = asyncio.get_running_loop().time()
        first_s = self._motion.first_instant(now_s, rate_hz)
        step_s = 1 / (rate_hz * (1 + self.spec.skew_ppm * 1e-6))
        self._task = asyncio.create_task(self._run(first_s, step_s, batch, send))

    def end_samples(self) -> None:
        """Stop sampling."""
        self._cancel()
        self._take_off()

    async def _run(self, first_s: float, step_s: float, batch: int, send: SendSamples) -> None:
        loop = asyncio.get_running_loop()
        n_taken = 0
        while True:
            begin_s = first_s + n_taken * step_s
            complete_s = begin_s + (batch - 1) * step_s
            await asyncio.sleep(max(0.0, complete_s - loop.time()))
            acc, gyr = self._motion.read(self, begin_s, step_s, batch)
            if send(begin_s, acc, gyr):
                self.sent_samples += batch
            else:
                self.dropped_samples += batch
            self._streamed_s += batch * step_s
            n_taken += batch

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _take_off(self) -> None:
        if self._hold is not None:
            self._hold.cancel()
            self._hold = None
        if self._is_worn:
            self._is_worn = False
            self._motion.stopped(self)


def refuse_unless(fine: bool, status: AttributeStatus) -> None:
    """Answer a write with an error response unless `fine`."""
    if not fine:
        raise AttributeRefusedError(status)


def device_information(texts: dict[str, str]) -> GattService:
    """Return the device-information service of the Bluetooth SIG.

    Parameters
    ----------
    texts : dict
        By 16-bit characteristic number, as ``{"2a24": "model"}``.
    """

    def constant(text: str) -> Callable[[], bytes]:
        return lambda: text.encode()

    return GattService(
        "0000180a-0000-1000-8000-00805f9b34fb",
        tuple(
            GattCharacteristic(
                f"0000{number}-0000-1000-8000-00805f9b34fb", Property.READ, read=constant(text)
            )
            for number, text in texts.items()
        ),
    )
