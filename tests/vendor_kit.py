"""What the tests of vendors' sensors on virtual Bluetooth share: kits, recording, comparing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition_kit import kit_and_engine, motion_rows
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.link import Advertisement
from imuhip.core.series import ImuSeries
from imuhip.radio.virtual_air import VirtualAir
from imuhip.recording.reader import open_recording
from imuhip.recording.session import Recording
from imuhip.sensors.driver import SensorDriver
from imuhip.simulation.kit import VirtualKit
from imuhip.simulation.models import VirtualModel
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.shared_motion import SharedMotion
from virtual_time import VirtualClock, run_virtual

SKEW_PPM = (25.0, -30.0, 10.0)
"""Of the sensors of a kit that is not exact."""


class VendorKit:
    """Sensors made by `make`, on the air, one for each segment of a motion."""

    def __init__(
        self, source: Recording, air: VirtualAir, make: Callable[[int, str, Motion], VirtualModel]
    ) -> None:
        self.air = air
        self.motion = SharedMotion(source.sensors, source.rate_hz, begin="explicit")
        self.sensors = {
            segment: make(i, segment, self.motion) for i, segment in enumerate(source.sensors)
        }

    @property
    def assignment(self) -> dict[str, str]:
        return {segment: sensor.address for segment, sensor in self.sensors.items()}


@asynccontextmanager
async def vendor_kit_and_engine(
    clock: VirtualClock,
    source: Recording,
    options: EngineOptions,
    make: Callable[[int, str, Motion], VirtualModel],
    *,
    connection_interval_s: float = 0.0,
    driver: SensorDriver | None = None,
) -> AsyncIterator[tuple[VendorKit, Engine]]:
    """Yield a kit and an engine that knows all models, or `driver` alone."""
    air = VirtualAir(connection_interval_s=connection_interval_s)
    kit = VendorKit(source, air, make)
    for sensor in kit.sensors.values():
        await air.hang(sensor)

    def find(advertisement: Advertisement) -> SensorDriver | None:
        return driver if driver.matches(advertisement) else None

    chosen = {} if driver is None else {"find_driver": find}
    try:
        async with Engine(await air.radio(), clock, options, **chosen) as engine:
            yield kit, engine
    finally:
        for sensor in kit.sensors.values():
            sensor.close()
        await air.close()


def record_whole_motion(
    source: Recording,
    path: Path,
    options: EngineOptions,
    *,
    offset_s: float | None = None,
    **kit_options: object,
) -> RecordingResult:
    """Record a motion from before its begin until after its end."""

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, options, **kit_options) as (kit, engine):
            for sensor in kit.sensors.values():
                if offset_s is not None:
                    sensor.spec = replace(sensor.spec, clock_offset_s=offset_s)
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    return run_virtual(main)


def assert_survives_a_broken_link(
    source: Recording,
    path: Path,
    options: EngineOptions,
    *,
    prepare: Callable[[VirtualKit], None] = lambda _kit: None,
    wait: Callable[[VirtualKit], Awaitable[None]] | None = None,
    **kit_options: object,
) -> None:
    """Break the pelvis' link for 3 s: one clock, its loss exact, and nobody else harmed.

    Parameters
    ----------
    source : Recording
        16 s or longer.
    path : Path
        Of the session file.
    options : EngineOptions
    prepare : callable, optional
        Sets the sensors up before they are connected.
    wait : callable, optional
        Waits, connected, for when to begin.
    **kit_options
        Of `kit_and_engine`.
    """

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, options, **kit_options) as (kit, engine):
            prepare(kit)
            await engine.connect(kit.assignment)
            if wait is not None:
                await wait(kit)
            await engine.start_recording(path)
            kit.begin()
            await asyncio.sleep(5.0)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(3.0)
            kit.air.regain(kit.assignment["pelvis"])
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    result = run_virtual(main)
    counters = result.counters["pelvis"]
    assert (counters.reconnects, counters.duplicated) == (1, 0)
    assert all(len(fits) == 1 for fits in result.clock_fits.values())
    others = [segment for segment in source.sensors if segment != "pelvis"]
    assert others and all(result.counters[segment].lost == 0 for segment in others)
    pelvis = open_recording(path).sensors["pelvis"]
    missing = assert_same_floats(pelvis, source.sensors["pelvis"], whole=False)
    assert len(missing) == counters.lost > 3.0 * source.rate_hz


def assert_same_floats(recorded: ImuSeries, source: ImuSeries, *, whole: bool = True) -> np.ndarray:
    """Assert that what was recorded is the source to float32's resolution; return what is missing.

    With `whole`, nothing may be.
    """
    rows = motion_rows(recorded)
    assert rows.stop - rows.start == len(source)
    valid = recorded.valid[rows]
    assert valid.all() or not whole
    np.testing.assert_allclose(recorded.acc[rows][valid], source.acc[valid], rtol=1e-6)
    np.testing.assert_allclose(recorded.gyr[rows][valid], source.gyr[valid], rtol=1e-6)
    return np.flatnonzero(~valid)


def assert_within_counts(
    recorded: ImuSeries, source: ImuSeries, acc_lsb: float, gyr_lsb: float
) -> np.ndarray:
    """Assert that what was recorded is the source within quantisation; return what is missing."""
    rows = motion_rows(recorded)
    assert rows.stop - rows.start == len(source)
    valid = recorded.valid[rows]
    assert np.abs(recorded.acc[rows] - source.acc)[valid].max() <= 0.51 * acc_lsb
    assert np.abs(recorded.gyr[rows] - source.gyr)[valid].max() <= 0.51 * gyr_lsb
    return np.flatnonzero(~valid)


async def clock_spread(
    kit: VendorKit | VirtualKit,
    engine: Engine,
    path: Path,
    duration_s: float,
    *,
    zero_s: float = 0.0,
) -> tuple[np.ndarray, list[float]]:
    """Record a motion; return how far apart the mapped clocks are at its ends, and what is stated.

    Parameters
    ----------
    kit, engine
        As opened, not connected.
    path : Path
        Of the session file.
    duration_s : float
        Of the motion.
    zero_s : float
        What the sensors' clocks stand at when the model's `clock_s` says 0.
    """
    await engine.connect(kit.assignment)
    await engine.start_recording(path)
    kit.motion.begin_now()
    await kit.motion.finished()
    result = await engine.stop_recording()
    times_s, stated_s = [], []
    for segment, sensor in kit.sensors.items():
        (fit,) = result.clock_fits[segment]
        device_s = [zero_s + sensor.clock_s(kit.motion.begin_s + t) for t in (0, duration_s)]
        times_s.append(fit.to_recording(np.array(device_s)))
        stated_s.append(fit.uncertainty_s)
    return np.ptp(times_s, axis=0), stated_s
