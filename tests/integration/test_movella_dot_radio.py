"""Virtual DOTs on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import kit_and_engine, no_thread_left, noise_motion
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ConnectError
from imuhip.radio.bleak_radio import BleakLink
from imuhip.sensors.movella_dot.driver import MovellaDotDriver
from imuhip.sensors.movella_dot.payloads import PayloadMode
from imuhip.sensors.registry import driver_for
from imuhip.simulation.kit import VirtualKit, open_virtual_kit
from imuhip.simulation.virtual_movella_dot import VirtualMovellaDot
from vendor_kit import (
    assert_same_floats,
    assert_survives_a_broken_link,
    clock_spread,
    record_whole_motion,
)
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
RATE_HZ = 60
OPTIONS = EngineOptions(stream=StreamConfig(rate_hz=RATE_HZ))


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def test_every_sample_of_three_sensors_is_recorded(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS, 20.0, RATE_HZ)
    result = record_whole_motion(source, tmp_path / "dot.h5", OPTIONS, sensor="movella_dot")
    recording = reader.open_recording(tmp_path / "dot.h5")
    assert recording.rate_hz == RATE_HZ
    for segment, counters in result.counters.items():
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.longest_gap_s) == (0, 0.0)
        assert_same_floats(recording.sensors[segment], source.sensors[segment])
        identity = recording.devices[segment].identity
        assert (identity.model, identity.firmware) == ("Movella DOT XS-T02", "2.3.0")


def test_the_clock_wraps_within_a_recording(tmp_path: Path) -> None:
    source = noise_motion(("pelvis",), 12.0, RATE_HZ)
    result = record_whole_motion(
        source, tmp_path / "wrap.h5", OPTIONS, sensor="movella_dot", offset_s=2**32 * 1e-6 - 5.0
    )
    assert result.counters["pelvis"].lost == 0
    (fit,) = result.clock_fits["pelvis"]
    assert fit.epoch == 0
    recording = reader.open_recording(tmp_path / "wrap.h5")
    assert_same_floats(recording.sensors["pelvis"], source.sensors["pelvis"])
    steps_s = np.diff(recording.sensors["pelvis"].time_s)
    np.testing.assert_allclose(steps_s, 1 / RATE_HZ, atol=2e-6)


def test_lost_and_repeated_notifications_are_counted_by_the_stamps(tmp_path: Path) -> None:
    """The protocol has no packet number; a stamp that is missing is a sample that is missing."""
    source = noise_motion(("pelvis",), 10.0, RATE_HZ)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, OPTIONS, sensor="movella_dot") as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "loss.h5")
            kit.begin()
            await asyncio.sleep(3.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 7)
            await asyncio.sleep(3.0)
            kit.air.repeat_notifications(kit.assignment["pelvis"], 5)
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    counters = run_virtual(main).counters["pelvis"]
    assert (counters.lost, counters.duplicated, counters.reordered) == (7, 5, 0)
    assert counters.longest_gap_s == pytest.approx(7 / RATE_HZ)
    pelvis = reader.open_recording(tmp_path / "loss.h5").sensors["pelvis"]
    assert len(assert_same_floats(pelvis, source.sensors["pelvis"], whole=False)) == 7


def test_a_link_that_breaks_comes_back_on_the_same_clock(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS, 16.0, RATE_HZ)
    assert_survives_a_broken_link(source, tmp_path / "broken.h5", OPTIONS, sensor="movella_dot")


def test_a_clock_that_wraps_while_the_link_is_down_goes_on(tmp_path: Path) -> None:
    wrap_s = 2**32 * 1e-6

    def prepare(kit: VirtualKit) -> None:
        pelvis = kit.sensors["pelvis"]
        pelvis.spec = replace(pelvis.spec, clock_offset_s=wrap_s - 30.0)

    async def wait(kit: VirtualKit) -> None:
        now_s = kit.sensors["pelvis"].clock_s(asyncio.get_running_loop().time())
        await asyncio.sleep(wrap_s - 7.0 - now_s)

    assert_survives_a_broken_link(
        noise_motion(SEGMENTS[:2], 16.0, RATE_HZ),
        tmp_path / "wraps.h5",
        OPTIONS,
        sensor="movella_dot",
        prepare=prepare,
        wait=wait,
    )


@pytest.mark.parametrize(
    "connection_interval_s",
    [
        pytest.param(0.0075, marks=pytest.mark.slow),
        0.015,
        pytest.param(0.03, marks=pytest.mark.slow),
        0.06,
    ],
)
def test_sensors_share_a_clock_within_five_milliseconds(
    tmp_path: Path, connection_interval_s: float
) -> None:
    """Without the sensors' own synchronisation: lower envelopes of arrivals, 60 s, ±26 ppm."""
    source = noise_motion(SEGMENTS, 60.0, RATE_HZ)

    async def main(clock: VirtualClock) -> float:
        async with kit_and_engine(
            clock,
            source,
            OPTIONS,
            sensor="movella_dot",
            exact=False,
            connection_interval_s=connection_interval_s,
        ) as (kit, engine):
            spread_s, _stated = await clock_spread(kit, engine, tmp_path / "clocks.h5", 60.0)
            return float(spread_s.max())

    spread_s = run_virtual(main)
    print(
        f"\n{connection_interval_s * 1e3:g} ms: sensors differ by {spread_s * 1e3:.2f} ms", end=""
    )
    assert spread_s < 5e-3


def test_identity_battery_identify_and_refusals() -> None:
    source = noise_motion(("pelvis",), 2.0, RATE_HZ)

    async def main(_clock: VirtualClock) -> None:
        kit = await open_virtual_kit(source, begin="explicit", sensor="movella_dot")
        radio = await kit.radio()
        seen = await radio.scan(2.0)
        (advertisement,) = seen.values()
        driver = driver_for(advertisement)
        assert isinstance(driver, MovellaDotDriver)
        assert advertisement.name == "Movella DOT"
        link: BleakLink = radio.link(advertisement.address, lambda: None)
        await link.connect(5.0)
        sensor = kit.sensors["pelvis"]
        assert isinstance(sensor, VirtualMovellaDot)
        identity = await driver.identify(link)
        assert bytes.fromhex(identity.serial) == sensor.spec.serial.encode()[-8:].rjust(8, b"\0")
        assert identity.clock_hz == 1e6
        assert await driver.battery_percent(link) == sensor.battery_percent
        await driver.blink(link)
        assert sensor.identified == 1
        with pytest.raises(ConnectError, match="100 Hz refused") as refused:
            await driver.configure(link, StreamConfig(rate_hz=100))
        assert "1, 4, 10, 12, 15, 20, 30, 60 Hz" in refused.value.hint
        with pytest.raises(ConnectError, match="8 g"):
            await driver.configure(link, StreamConfig(rate_hz=60, acc_range_g=8))
        packets: list[bytes] = []
        for rate_hz in (30, 60):  # the second time while the measurement runs
            await driver.configure(link, StreamConfig(rate_hz=rate_hz))
            assert sensor.rate_hz == rate_hz and not sensor.is_streaming
            await driver.start(link, packets.append)
            await asyncio.sleep(1.0)
        assert len(packets) == pytest.approx(90, abs=2)
        assert {len(packet) for packet in packets} == {40}
        await driver.stop(link)
        assert not sensor.is_streaming
        with_mag = MovellaDotDriver(PayloadMode.RATE_WITH_MAG)
        packets.clear()
        await with_mag.start(link, packets.append)
        await asyncio.sleep(0.5)
        await with_mag.stop(link)
        block = with_mag.decoder(StreamConfig(rate_hz=60)).decode(packets[0])
        np.testing.assert_allclose(block.acc, source.sensors["pelvis"].acc[:1], rtol=1e-6)
        await link.disconnect()
        await radio.close()
        await kit.close()

    run_virtual(main)


def test_a_small_mtu_cuts_packets_and_none_of_them_becomes_a_sample() -> None:
    source = noise_motion(("pelvis",), 2.0, RATE_HZ)

    async def main(clock: VirtualClock) -> tuple[int, int]:
        async with kit_and_engine(clock, source, OPTIONS, sensor="movella_dot", largest_mtu=23) as (
            kit,
            engine,
        ):
            await engine.connect(kit.assignment)
            await asyncio.sleep(1.0)
            counters = engine.status().sensors["pelvis"].counters
            return counters.received, counters.bad_packets

    received, n_bad = run_virtual(main)
    assert received == 0 and n_bad > 30
