"""Virtual MetaMotions on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import no_thread_left, noise_motion
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.errors import ConnectError
from imuhip.recording.session import Recording
from imuhip.sensors.metamotion.driver import MetaMotionDriver
from imuhip.sensors.registry import driver_for
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_metamotion import VirtualMetaMotion
from imuhip.simulation.virtual_sensor import SensorSpec
from vendor_kit import (
    SKEW_PPM,
    VendorKit,
    assert_within_counts,
    clock_spread,
    vendor_kit_and_engine,
)
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
CHIPS = {"pelvis": "BMI270", "thigh_left": "BMI160", "thigh_right": "BMI270"}
MODELS = {"BMI270": "MetaMotion S", "BMI160": "MetaMotion R"}
ACC_LSB, GYR_LSB = 16 * 9.80665 / 32768, np.radians(1 / 16.4)
TICK_S = 48 / 32768


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def kit_and_engine(
    clock: VirtualClock, source: Recording, *, exact: bool = True, interval_s: float = 0.0
) -> AbstractAsyncContextManager[tuple[VendorKit, Engine]]:
    def make(i: int, segment: str, motion: Motion) -> VirtualMetaMotion:
        spec = SensorSpec(
            segment,
            f"0{i}4B2C",
            f"C4:5C:3A:00:00:{i:02X}",
            skew_ppm=0.0 if exact else SKEW_PPM[i],
            clock_offset_s=50.0 * i + 0.4321,
            largest_mtu=23 if i == 0 else 247,
        )
        return VirtualMetaMotion(spec, motion, chip=CHIPS[segment])

    options = EngineOptions(stream=StreamConfig(rate_hz=round(source.rate_hz)))
    return vendor_kit_and_engine(clock, source, options, make, connection_interval_s=interval_s)


def assert_same_samples(recorded: ImuSeries, source: ImuSeries) -> np.ndarray:
    return assert_within_counts(recorded, source, ACC_LSB, GYR_LSB)


@pytest.mark.parametrize("rate_hz", [100, 200])
def test_every_sample_of_three_sensors_is_recorded(tmp_path: Path, rate_hz: int) -> None:
    source = noise_motion(SEGMENTS, 300 / rate_hz, rate_hz)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "mm.h5")
            kit.motion.begin_now()
            await kit.motion.finished()
            await asyncio.sleep(0.5)
            status = engine.status()
            assert {s.grade for s in status.sensors.values()} == {"good"}, status
            result = await engine.stop_recording()
            await engine.close()
            assert not any(s.is_streaming for s in kit.sensors.values())
            return result

    result = run_virtual(main)
    recording = reader.open_recording(tmp_path / "mm.h5")
    assert recording.rate_hz == rate_hz
    for segment, counters in result.counters.items():
        assert counters.received >= 300
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.reconnects, counters.longest_gap_s) == (0, 0, 0.0)
        series = recording.sensors[segment]
        assert len(assert_same_samples(series, source.sensors[segment])) == 0
        settled = np.diff(series.time_s[100:])
        np.testing.assert_allclose(settled, 1 / rate_hz, atol=0.25e-3)
        identity = recording.devices[segment].identity
        assert identity.model == MODELS[CHIPS[segment]]
        assert identity.clock_hz == pytest.approx(1 / TICK_S)


def test_lost_and_repeated_notifications_are_counted(tmp_path: Path) -> None:
    source = noise_motion(("pelvis",), 9.0)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            pelvis = kit.assignment["pelvis"]
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "loss.h5")
            kit.motion.begin_now()
            await asyncio.sleep(3.0)
            kit.air.drop_notifications(pelvis, 1)  # one stream's: the other has no partner
            await asyncio.sleep(2.0)
            kit.air.drop_notifications(pelvis, 10)
            await asyncio.sleep(2.0)
            kit.air.repeat_notifications(pelvis, 8)
            await kit.motion.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    counters = run_virtual(main).counters["pelvis"]
    pelvis = reader.open_recording(tmp_path / "loss.h5").sensors["pelvis"]
    missing = assert_same_samples(pelvis, source.sensors["pelvis"])
    assert counters.lost == len(missing) == 6
    assert counters.duplicated == 4
    assert (counters.bad_packets, counters.reordered) == (0, 0)


def test_a_broken_link_and_a_reboot_come_back(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS[:2], 13.0)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "broken.h5")
            kit.motion.begin_now()
            await asyncio.sleep(4.0)
            for segment in SEGMENTS[:2]:
                kit.air.lose(kit.assignment[segment])
            await asyncio.sleep(3.0)
            kit.sensors["thigh_left"].reboot()
            for segment in SEGMENTS[:2]:
                kit.air.regain(kit.assignment[segment])
            await kit.motion.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    result = run_virtual(main)
    broken, rebooted = (result.counters[segment] for segment in SEGMENTS[:2])
    pelvis = reader.open_recording(tmp_path / "broken.h5").sensors["pelvis"]
    missing = assert_same_samples(pelvis, source.sensors["pelvis"])
    assert (broken.reconnects, rebooted.reconnects) == (1, 1)
    assert broken.lost == len(missing) > 250
    assert np.ptp(missing) == len(missing) - 1
    assert [len(result.clock_fits[segment]) for segment in SEGMENTS[:2]] == [1, 2]


def test_sensors_share_one_clock(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS[:2], 15.0)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source, exact=False, interval_s=0.015) as (kit, engine):
            spread_s, stated_s = await clock_spread(kit, engine, tmp_path / "clocks.h5", 15.0)
            print(f"\nspread {spread_s * 1e3} ms, stated {np.array(stated_s) * 1e3} ms")
            assert spread_s.max() < 0.01
            assert spread_s.max() < 3 * min(stated_s)

    run_virtual(main)


def test_recognised_identified_blinked_and_refused_in_words() -> None:
    source = noise_motion(SEGMENTS[:2], 2.0)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source) as (kit, engine):
            radio = engine._radio
            seen = await radio.scan(1.0)
            for segment, sensor in kit.sensors.items():
                driver = driver_for(seen[kit.assignment[segment]])
                assert isinstance(driver, MetaMotionDriver)
                link = radio.link(sensor.address, lambda: None)
                await link.connect(5.0)
                assert (await driver.identify(link)).serial == sensor.spec.serial
                assert await driver.battery_percent(link) == 87
                await driver.blink(link)
                await asyncio.sleep(0.1)
                assert sensor.identified == 1 and sensor.lamp is not None
                assert sensor.lamp[:2] == b"\0\2"
                with pytest.raises(ConnectError, match="before it was configured"):
                    await driver.start(link, lambda _: None)
                for config, words in (
                    (StreamConfig(rate_hz=60), "sample rate of 60 Hz"),
                    (StreamConfig(acc_range_g=3), "range of 3 g"),
                    (StreamConfig(gyr_range_dps=300), "300 °/s"),
                ):
                    with pytest.raises(ConnectError, match=words):
                        await driver.configure(link, config)
                await driver.configure(link, StreamConfig())
                packets: list[bytes] = []
                await driver.start(link, packets.append)
                await asyncio.sleep(0.5)
                await driver.start(link, packets.append)  # as after a silence
                n_before = len(packets)
                await asyncio.sleep(0.5)
                assert len(packets) > n_before + 80
                await driver.stop(link)
                await asyncio.sleep(0.1)
                assert not sensor.is_streaming
                await link.disconnect()

    run_virtual(main)
