"""Three to seven sensors over real GATT in virtual time: every sample once, in order, on disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import assert_equals_source, kit_and_engine, no_thread_left, noise_motion
from imuhip.acquisition.engine import Engine
from imuhip.acquisition.status import RecordingResult
from imuhip.core.segments import SEGMENTS
from virtual_time import VirtualClock, run_virtual

MINUTE_S = 60.0


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def check_counters(result: RecordingResult, n_least: int) -> None:
    assert result.error is None
    for segment, counters in result.counters.items():
        print(f"{segment:12s} {counters}")
        assert counters.received >= n_least
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.overrun_packets, counters.reconnects) == (0, 0, 0)
        assert counters.longest_gap_s == 0.0


@pytest.mark.parametrize("n_sensors", [3, 5])
def test_a_minute_is_recorded_without_loss(n_sensors: int, tmp_path: Path):
    source = noise_motion(SEGMENTS[:n_sensors], MINUTE_S)
    path = tmp_path / "minute.h5"

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            status = engine.status()
            assert {s.grade for s in status.sensors.values()} == {"good"}, status
            assert status.faults == ()
            return await engine.stop_recording()

    result = run_virtual(main)
    check_counters(result, int(MINUTE_S * 100))
    recording = reader.open_recording(path)
    for segment in SEGMENTS[:n_sensors]:
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
        assert recording.devices[segment].counters == result.counters[segment]
        assert recording.devices[segment].clock_fits == result.clock_fits[segment]


def test_seven_sensors_on_one_adapter_lose_nothing(tmp_path: Path):
    """Six segments of one person and the pelvis of another, who is recorded into a second file."""
    first, second = noise_motion(SEGMENTS, MINUTE_S), noise_motion(("pelvis",), MINUTE_S)

    async def main(clock: VirtualClock) -> list[RecordingResult]:
        from imuhip.simulation.shared_motion import SharedMotion
        from imuhip.simulation.virtual_sensor import SensorSpec, VirtualSensor

        async with kit_and_engine(clock, first) as (kit, engine):
            motion = SharedMotion(second.sensors, 100.0, begin="explicit")
            seventh = VirtualSensor(SensorSpec("pelvis", "SEVENTH", "C4:5C:4E:00:77:77"), motion)
            await kit.air.hang(seventh)
            async with Engine(engine._radio, clock) as other:
                await engine.connect(kit.assignment)
                await other.connect({"pelvis": seventh.address})
                await engine.start_recording(tmp_path / "first.h5")
                await other.start_recording(tmp_path / "second.h5")
                kit.begin()
                motion.begin_now()
                await kit.finished()
                await asyncio.sleep(0.5)
                results = [await engine.stop_recording(), await other.stop_recording()]
                await engine.close()
            seventh.close()
            return results

    results = run_virtual(main)
    for result, source in zip(results, (first, second), strict=True):
        check_counters(result, int(MINUTE_S * 100))
        recording = reader.open_recording(result.path)
        for segment in source.sensors:
            assert_equals_source(recording.sensors[segment], source.sensors[segment])


@pytest.mark.parametrize("connection_interval_s", [0.0, 0.0075, 0.015, 0.03])
def test_all_sensors_share_one_clock(tmp_path: Path, connection_interval_s: float):
    """Clocks run up to 26 ppm apart; after mapping, the same instant has the same time.

    Packets state when they were handed to the radio, at instants that sweep the connection events.
    """
    source = noise_motion(SEGMENTS[:3], MINUTE_S)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(
            clock, source, exact=False, connection_interval_s=connection_interval_s
        ) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "clocks.h5")
            kit.begin()
            await kit.finished()
            result = await engine.stop_recording()
            assert kit.motion.begin_s is not None
            instants, stated_s = {}, []
            for segment, sensor in kit.sensors.items():
                (fit,) = result.clock_fits[segment]
                device_s = np.array(
                    [sensor.clock_us(kit.motion.begin_s + t) / 1e6 for t in (0, 60)]
                )
                instants[segment] = fit.to_recording(device_s)
                slope_error_ppm = (fit.slope * (1 + sensor.spec.skew_ppm * 1e-6) - 1) * 1e6
                print(
                    f"\n{segment:12s} slope error {slope_error_ppm:5.1f} ppm,"
                    f" stated uncertainty {fit.uncertainty_s * 1e3:.2f} ms",
                    end="",
                )
                assert fit.uncertainty_s < 1.5e-3
                stated_s.append(fit.uncertainty_s)
            spread_s = np.ptp(list(instants.values()), axis=0)
            print(f"\n  grid {connection_interval_s * 1e3:.0f} ms: sensors differ by", end="")
            print(
                f" {spread_s[0] * 1e3:.2f} ms at the start, {spread_s[1] * 1e3:.2f} ms at the end"
            )
            assert spread_s.max() < 0.6e-3
            assert spread_s.max() < max(3 * min(stated_s), 0.1e-3)

    run_virtual(main)


def test_clocks_agree_before_and_after_a_broken_link_and_a_reboot(tmp_path: Path):
    """A link that breaks leaves the clock's line as it was; a reboot begins another, as good."""
    source = noise_motion(SEGMENTS[:3], MINUTE_S)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source, exact=False, connection_interval_s=0.015) as (
            kit,
            engine,
        ):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "epochs.h5")
            kit.begin()
            broken, rebooted = (kit.sensors[segment] for segment in SEGMENTS[:2])
            await asyncio.sleep(15.0)
            before_s = asyncio.get_running_loop().time()
            before_us = {name: sensor.clock_us(before_s) for name, sensor in kit.sensors.items()}
            for sensor in (broken, rebooted):
                kit.air.lose(sensor.address)
            await asyncio.sleep(3.0)
            rebooted._end_session()
            rebooted._on_air_s = asyncio.get_running_loop().time()  # its clock starts anew
            for sensor in (broken, rebooted):
                kit.air.regain(sensor.address)
            await asyncio.sleep(35.0)
            after_s = asyncio.get_running_loop().time()
            after_us = {name: sensor.clock_us(after_s) for name, sensor in kit.sensors.items()}
            result = await engine.stop_recording()
        fits = result.clock_fits
        assert [len(fits[segment]) for segment in SEGMENTS[:3]] == [1, 2, 1]
        for name, us, which in (("before", before_us, 0), ("after", after_us, -1)):
            times_s = {
                segment: float(fits[segment][which].to_recording(np.array([us[segment] * 1e-6]))[0])
                for segment in us
            }
            stated_s = [fits[segment][which].uncertainty_s for segment in us]
            spread_s = np.ptp(list(times_s.values()))
            print(f"\n{name}: {spread_s * 1e3:.2f} ms, stated {max(stated_s) * 1e3:.2f} ms", end="")
            assert spread_s < 0.8e-3 and max(stated_s) < 1.5e-3
            assert spread_s < 3 * max(stated_s)

    run_virtual(main)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_hour_is_recorded_without_loss(tmp_path: Path):
    source = noise_motion(SEGMENTS[:3], MINUTE_S)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, exact=False, at_end="loop") as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "hour.h5")
            kit.begin()
            await engine.recorded(3600.0)
            return await engine.stop_recording()

    result = run_virtual(main)
    check_counters(result, 359_900)
    recording = reader.open_recording(tmp_path / "hour.h5")
    for series in recording.sensors.values():
        assert series.valid.all() and len(series) >= 359_900
        assert np.abs(np.diff(series.time_s) - 0.01).max() < 1e-5
