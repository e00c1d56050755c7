"""Virtual Thingies on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import kit_and_engine, motion_rows, no_thread_left
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import FLAGS, StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.errors import ConnectError
from imuhip.recording.session import Recording
from imuhip.sensors.registry import driver_for
from imuhip.sensors.thingy52 import Thingy52Driver
from imuhip.simulation.kit import open_virtual_kit
from imuhip.simulation.virtual_thingy52 import VirtualThingy52
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
ACC_STEP = 9.80665 / 1024
GYR_STEP = np.radians(1.0) / 32


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def moving(duration_s: float, rate_hz: float, segments: tuple[str, ...] = SEGMENTS) -> Recording:
    """Return motion within what a Thingy can tell, no two samples alike."""
    rng = np.random.default_rng(11)
    n = round(duration_s * rate_hz)
    return Recording.from_arrays(
        rate_hz=rate_hz,
        sensors={
            segment: {"acc": rng.uniform(-100, 100, (n, 3)), "gyr": rng.uniform(0.5, 17, (n, 3))}
            for segment in segments
        },
    )


def assert_same_samples(recorded: ImuSeries, source: ImuSeries) -> None:
    rows = motion_rows(recorded)
    assert rows.stop - rows.start == len(source)
    assert recorded.valid[rows].all()
    assert np.abs(recorded.acc[rows] - source.acc).max() <= 0.51 * ACC_STEP
    assert np.abs(recorded.gyr[rows] - source.gyr).max() <= 0.51 * GYR_STEP
    assert recorded.mag is not None
    np.testing.assert_allclose(recorded.mag[rows], [[18.0, -4.5, -41.0]] * len(source))


@pytest.mark.parametrize(
    ("rate_hz", "interval_s"), [(50, 0.03), (200, 0.015)], ids=["50 Hz", "200 Hz"]
)
def test_every_sample_of_three_sensors_is_recorded(
    rate_hz: int, interval_s: float, tmp_path: Path
) -> None:
    source = moving(5.0, rate_hz)
    options = EngineOptions(stream=StreamConfig(rate_hz=rate_hz))

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(
            clock, source, options, sensor="thingy52", connection_interval_s=interval_s
        ) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "thingy.h5")
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    result = run_virtual(main)
    recording = reader.open_recording(tmp_path / "thingy.h5")
    for segment, counters in result.counters.items():
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.longest_gap_s) == (0, 0.0)
        assert_same_samples(recording.sensors[segment], source.sensors[segment])
        identity = recording.devices[segment].identity
        assert (identity.model, identity.firmware) == ("Thingy:52", "2.2.0")
        assert identity.clock_hz == 0.0
        assert recording.devices[segment].battery_percent is not None


def test_dropped_notifications_begin_a_new_count_and_are_estimated(tmp_path: Path) -> None:
    source = moving(20.0, 100, ("pelvis",))

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, sensor="thingy52") as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "drop.h5")
            kit.begin()
            await asyncio.sleep(8.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 40)
            await kit.finished()
            return await engine.stop_recording()

    counters = run_virtual(main).counters["pelvis"]
    assert counters.lost == 40
    assert counters.longest_gap_s == pytest.approx(0.4, abs=0.002)
    recording = reader.open_recording(tmp_path / "drop.h5")
    series = recording.sensors["pelvis"]
    rows = motion_rows(series)
    valid = series.valid[rows]
    assert np.count_nonzero(~valid) == 40
    assert len(valid) == len(source.sensors["pelvis"])
    error = np.abs(series.acc[rows][valid] - source.sensors["pelvis"].acc[valid])
    assert error.max() <= 0.51 * ACC_STEP


def test_settings_light_and_battery() -> None:
    driver = Thingy52Driver()

    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(moving(2.0, 50, ("pelvis",)), sensor="thingy52")
        radio = await kit.radio()
        sensor = kit.sensors["pelvis"]
        assert isinstance(sensor, VirtualThingy52)
        seen = await radio.scan(5.0, stop_when=lambda found: bool(found))
        found = driver_for(seen[sensor.address])
        assert found is not None and found.model == "Thingy:52"
        link = radio.link(sensor.address, lambda: None)
        await link.connect(5.0)
        assert (await driver.identify(link)).serial == sensor.address
        assert await driver.battery_percent(link) == 91
        await driver.blink(link)
        assert sensor.light == bytes((3, 7, 100))
        await driver.configure(link, StreamConfig(rate_hz=100))
        await driver.configure(link, StreamConfig(rate_hz=100))
        assert (sensor.rate_hz, sensor.written) == (100, 1)
        for config, message in (
            (StreamConfig(rate_hz=400), "400 Hz refused"),
            (StreamConfig(gyr_range_dps=500), "500 °/s refused"),
            (StreamConfig(batch_samples=9), "9 samples in a packet"),
        ):
            with pytest.raises(ConnectError, match=message):
                await driver.configure(link, config)
        heard: list[bytes] = []
        await driver.start(link, heard.append)
        await asyncio.sleep(1.0)
        await driver.stop(link)
        n_heard = len(heard)
        assert n_heard == pytest.approx(100, abs=2)
        await asyncio.sleep(1.0)
        assert len(heard) == n_heard
        await link.disconnect()
        await radio.close()
        await kit.close()

    run_virtual(main)


def test_a_turn_faster_than_can_be_told_is_flagged() -> None:
    source = Recording.from_arrays(
        rate_hz=50.0,
        sensors={"pelvis": {"acc": np.ones((50, 3)), "gyr": np.full((50, 3), 20.0)}},
    )
    heard: list[bytes] = []

    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(source, sensor="thingy52", begin="first", lead_s=0.0)
        radio = await kit.radio()
        link = radio.link(kit.assignment["pelvis"], lambda: None)
        await link.connect(5.0)
        await Thingy52Driver().start(link, heard.append)
        await asyncio.sleep(0.5)
        await Thingy52Driver().stop(link)
        await link.disconnect()
        await radio.close()
        await kit.close()

    run_virtual(main)
    decoder = Thingy52Driver().decoder(StreamConfig(rate_hz=50))
    block = decoder.decode(heard[10])
    assert block.flags == FLAGS["clip_gyr"]
    assert np.degrees(block.gyr[0]) == pytest.approx([1023.97] * 3, abs=0.01)
