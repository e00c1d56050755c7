"""Virtual sensors, an engine on them in virtual time, and motion that can be recognised."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import numpy as np

from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.core.series import ImuSeries
from imuhip.recording.session import Recording
from imuhip.simulation.kit import VirtualKit, open_virtual_kit
from virtual_time import VirtualClock

ACC_STEP = 16 * 9.80665 / 32768
GYR_STEP = np.radians(2000) / 32768


def noise_motion(segments: tuple[str, ...], duration_s: float, rate_hz: float = 100.0) -> Recording:
    """Every sample of every sensor differs, so that a lost or swapped one cannot hide."""
    rng = np.random.default_rng(7)
    n = round(duration_s * rate_hz)
    sensors = {}
    for segment in segments:
        acc = rng.uniform(-40, 40, (n, 3))
        gyr = rng.uniform(0.5, 20, (n, 3))
        sensors[segment] = {"acc": acc, "gyr": gyr}
    return Recording.from_arrays(rate_hz=rate_hz, sensors=sensors)


@asynccontextmanager
async def kit_and_engine(
    clock: VirtualClock, source: Recording, options: EngineOptions | None = None, **kit_options
) -> AsyncIterator[tuple[VirtualKit, Engine]]:
    kit = await open_virtual_kit(source, begin="explicit", **kit_options)
    try:
        async with Engine(await kit.radio(), clock, options) as engine:
            yield kit, engine
    finally:
        await kit.close()


def motion_rows(series: ImuSeries) -> slice:
    """Return the rows from the first to the last that moved: outside, the gyroscope is still."""
    moving = np.flatnonzero(np.isfinite(series.gyr).all(axis=1) & (np.abs(series.gyr) > 0.1).any(1))
    return slice(int(moving[0]), int(moving[-1]) + 1)


def assert_equals_source(recorded: ImuSeries, source: ImuSeries) -> None:
    """Assert that the motion was recorded whole, in order, within the sensor's resolution."""
    rows = motion_rows(recorded)
    assert rows.stop - rows.start == len(source)
    assert np.all(recorded.valid[rows])
    assert np.abs(recorded.acc[rows] - source.acc).max() <= 0.51 * ACC_STEP
    assert np.abs(recorded.gyr[rows] - source.gyr).max() <= 0.51 * GYR_STEP


@contextmanager
def no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
    assert not left, f"threads left running: {left}"
