"""Virtual Verity Senses on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import motion_rows, no_thread_left, noise_motion
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.errors import ConnectError
from imuhip.recording.session import Recording
from imuhip.sensors.polar.driver import PolarDriver
from imuhip.sensors.registry import driver_for
from imuhip.simulation.sensor_stream import Motion
from imuhip.simulation.virtual_polar import VirtualPolar
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
ORDINARY = StreamConfig(rate_hz=52, acc_range_g=8)
DRAIN_S = 4.0
"""The last frame leaves when it is full."""


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def kit_and_engine(
    clock: VirtualClock,
    source: Recording,
    config: StreamConfig = ORDINARY,
    *,
    exact: bool = True,
    acc_delay_s: float = 0.0,
    connection_interval_s: float = 0.0,
    driver: PolarDriver | None = None,
) -> AbstractAsyncContextManager[tuple[VendorKit, Engine]]:
    def make(i: int, segment: str, motion: Motion) -> VirtualPolar:
        spec = SensorSpec(
            segment,
            f"PS-{segment}",
            f"C4:5C:A0:00:00:{i:02X}",
            skew_ppm=0.0 if exact else SKEW_PPM[i],
            clock_offset_s=100.0 * i + 0.123456,
        )
        return VirtualPolar(spec, motion, acc_delay_s=acc_delay_s)

    return vendor_kit_and_engine(
        clock,
        source,
        EngineOptions(stream=config),
        make,
        connection_interval_s=connection_interval_s,
        driver=driver,
    )


def assert_same_samples(recorded: ImuSeries, source: ImuSeries, config: StreamConfig) -> np.ndarray:
    acc_lsb = config.acc_range_g * 9.80665 / 32768
    return assert_within_counts(recorded, source, acc_lsb, np.radians(config.gyr_range_dps) / 32768)


@pytest.mark.parametrize(
    "config", [ORDINARY, StreamConfig(rate_hz=104)], ids=["ordinary", "sdk mode"]
)
def test_every_sample_of_three_sensors_is_recorded(tmp_path: Path, config: StreamConfig) -> None:
    source = noise_motion(SEGMENTS, 12.0, config.rate_hz)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, config) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "polar.h5")
            assert {s.is_widened for s in kit.sensors.values()} == {config.rate_hz != 52}
            kit.motion.begin_now()
            await kit.motion.finished()
            await asyncio.sleep(DRAIN_S)
            status = engine.status()
            assert {s.grade for s in status.sensors.values()} == {"good"}, status
            result = await engine.stop_recording()
            await engine.close()
            assert not any(s.is_streaming or s.is_widened for s in kit.sensors.values())
            assert {s.dropped_samples for s in kit.sensors.values()} == {0}
            return result

    result = run_virtual(main)
    recording = reader.open_recording(tmp_path / "polar.h5")
    assert recording.rate_hz == config.rate_hz
    for segment, counters in result.counters.items():
        assert counters.received >= 12 * config.rate_hz
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.reconnects, counters.longest_gap_s) == (0, 0, 0.0)
        assert len(recording.sensors[segment]) == counters.received
        missing = assert_same_samples(recording.sensors[segment], source.sensors[segment], config)
        assert len(missing) == 0
        identity = recording.devices[segment].identity
        assert (identity.model, identity.serial) == ("Polar Sense", f"PS-{segment}")
        assert identity.clock_hz == 1e9


def test_lost_frames_leave_exact_gaps_and_repeated_ones_nothing(tmp_path: Path) -> None:
    source = noise_motion(("pelvis",), 30.0, 52)
    repeated: list[int] = []

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "loss.h5")
            kit.motion.begin_now()
            await asyncio.sleep(8.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 1)
            await asyncio.sleep(6.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 3)
            await asyncio.sleep(6.0)
            kit.air.repeat_notifications(kit.assignment["pelvis"], 4)
            sent = [kit.sensors["pelvis"].sent_samples]
            for _ in range(300):
                await asyncio.sleep(0.01)
                sent.append(kit.sensors["pelvis"].sent_samples)
            frames = np.diff(sent)
            repeated.append(int(frames[frames > 0][:4].sum()))
            await kit.motion.finished()
            await asyncio.sleep(DRAIN_S)
            return await engine.stop_recording()

    counters = run_virtual(main).counters["pelvis"]
    pelvis = reader.open_recording(tmp_path / "loss.h5").sensors["pelvis"]
    missing = assert_same_samples(pelvis, source.sensors["pelvis"], ORDINARY)
    assert counters.lost == len(missing) > 60
    # Two frames of angular rate came twice, and two of acceleration, which are not counted.
    assert counters.duplicated == pytest.approx(repeated[0] / 2, abs=8)
    assert (counters.bad_packets, counters.reordered) == (0, 0)
    assert np.isnan(pelvis.acc[~pelvis.valid]).all()


def test_a_broken_link_comes_back_with_its_gap_counted(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS[:2], 30.0, 52)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "broken.h5")
            kit.motion.begin_now()
            await asyncio.sleep(8.0)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(5.0)
            kit.air.regain(kit.assignment["pelvis"])
            await kit.motion.finished()
            await asyncio.sleep(DRAIN_S)
            return await engine.stop_recording()

    result = run_virtual(main)
    recording = reader.open_recording(tmp_path / "broken.h5")
    missing = {
        segment: assert_same_samples(recording.sensors[segment], source.sensors[segment], ORDINARY)
        for segment in SEGMENTS[:2]
    }
    broken, other = (result.counters[segment] for segment in SEGMENTS[:2])
    assert (broken.reconnects, other.reconnects) == (1, 0)
    assert broken.lost == len(missing["pelvis"]) > 4 * 52
    assert np.ptp(missing["pelvis"]) == len(missing["pelvis"]) - 1
    assert broken.longest_gap_s == pytest.approx(broken.lost / 52)
    assert other.lost == len(missing["thigh_left"]) == 0


def test_sensors_share_one_clock_and_own_up_to_what_is_hidden(tmp_path: Path) -> None:
    """Frames state no hand-over, so a wait for the link may hide; the bound must hold."""
    source = noise_motion(SEGMENTS, 60.0, 52)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source, exact=False, connection_interval_s=0.015) as (
            kit,
            engine,
        ):
            spread_s, stated_s = await clock_spread(
                kit, engine, tmp_path / "clocks.h5", 60.0, zero_s=536_580_000
            )
            print(f"\nspread {spread_s * 1e3} ms, stated {np.array(stated_s) * 1e3} ms")
            assert spread_s.max() < 0.02
            assert spread_s.max() < 3 * min(stated_s)

    run_virtual(main)


def test_the_field_and_a_late_accelerometer_are_brought_to_the_gyroscope(tmp_path: Path) -> None:
    rate_hz, n = 104, 104 * 12
    t = np.arange(n) / rate_hz
    wave = np.column_stack((20 * np.sin(5 * t), 9.8 + 0 * t, 15 * np.cos(4 * t)))
    turn = np.column_stack((3 + np.sin(6 * t), np.cos(3 * t), 2 + 0 * t))
    source = Recording.from_arrays(rate_hz=rate_hz, sensors={"pelvis": {"acc": wave, "gyr": turn}})
    config = StreamConfig(rate_hz=rate_hz)
    driver = PolarDriver(magnetometer=True)

    async def main(clock: VirtualClock) -> tuple[RecordingResult, float]:
        async with kit_and_engine(clock, source, config, acc_delay_s=0.004, driver=driver) as (
            kit,
            engine,
        ):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "field.h5")
            kit.motion.begin_now()
            await kit.motion.finished()
            await asyncio.sleep(DRAIN_S)
            return await engine.stop_recording(), kit.motion.begin_s

    result, begin_s = run_virtual(main)
    counters = result.counters["pelvis"]
    assert (counters.lost, counters.duplicated, counters.bad_packets) == (0, 0, 0)
    pelvis = reader.open_recording(tmp_path / "field.h5").sensors["pelvis"]
    rows = motion_rows(pelvis)
    assert rows.stop - rows.start == n
    # Half the square of the step times the largest second derivative, and the resolution.
    assert np.abs(pelvis.acc[rows] - wave)[5:-5].max() < 500 / rate_hz**2 / 8 + 0.01
    instants_s = begin_s + t
    field = np.column_stack((20 * np.cos(0.3 * instants_s), 20 * np.sin(0.3 * instants_s)))
    assert pelvis.mag is not None
    assert np.isfinite(pelvis.mag[rows]).all()
    assert np.abs(pelvis.mag[rows][:, :2] - field).max() < 0.1
    assert np.abs(pelvis.mag[rows][:, 2] + 45).max() < 0.1


def test_recognised_identified_and_refused_in_words() -> None:
    source = noise_motion(("pelvis",), 2.0, 52)

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, source) as (kit, engine):
            radio = engine._radio
            seen = await radio.scan(1.0)
            advertisement = seen[kit.assignment["pelvis"]]
            driver = driver_for(advertisement)
            assert isinstance(driver, PolarDriver)
            link = radio.link(advertisement.address, lambda: None)
            await link.connect(5.0)
            assert await driver.battery_percent(link) == 87
            with pytest.raises(ConnectError, match="cannot be told to show itself"):
                await driver.blink(link)
            with pytest.raises(ConnectError, match="before it was configured"):
                await driver.start(link, lambda _: None)
            with pytest.raises(ConnectError, match="rate 100 of GYRO refused") as refused:
                await driver.configure(link, StreamConfig(rate_hz=100))
            assert "26, 52, 104, 208, 416" in str(refused.value.hint)
            await driver.configure(link, ORDINARY)
            packets: list[bytes] = []
            await driver.start(link, packets.append)
            assert [packet[:3].hex() for packet in packets] == ["f00205", "f00202"]
            await driver.start(link, packets.append)  # as after a silence: stopped, started anew
            await asyncio.sleep(4.0)
            assert {packet[0] for packet in packets} == {0xF0, 2, 5}
            await driver.stop(link)
            assert not kit.sensors["pelvis"].is_streaming
            await link.disconnect()

    run_virtual(main)
