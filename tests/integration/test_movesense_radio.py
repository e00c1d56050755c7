"""Virtual Movesense sensors on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
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
from imuhip.sensors.movesense.driver import MovesenseDriver
from imuhip.sensors.registry import driver_for
from imuhip.simulation.kit import open_virtual_kit
from imuhip.simulation.virtual_movesense import VirtualMovesense
from vendor_kit import (
    assert_same_floats,
    assert_survives_a_broken_link,
    clock_spread,
    record_whole_motion,
)
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
RATE_HZ = 104


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def options(rate_hz: int = RATE_HZ) -> EngineOptions:
    return EngineOptions(stream=StreamConfig(rate_hz=rate_hz))


@pytest.mark.parametrize(("rate_hz", "largest_mtu"), [(104, 247), (52, 247), (104, 64), (208, 247)])
def test_every_sample_is_recorded_whatever_the_parts(
    tmp_path: Path, rate_hz: int, largest_mtu: int
) -> None:
    """At 52 Hz packets are whole, at 104 Hz they have two parts, at 208 Hz three."""
    segments = SEGMENTS if rate_hz == RATE_HZ and largest_mtu == 247 else SEGMENTS[:1]
    source = noise_motion(segments, 12.0, rate_hz)
    result = record_whole_motion(
        source, tmp_path / "m.h5", options(rate_hz), sensor="movesense", largest_mtu=largest_mtu
    )
    recording = reader.open_recording(tmp_path / "m.h5")
    assert recording.rate_hz == rate_hz
    for segment, counters in result.counters.items():
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.longest_gap_s) == (0, 0.0)
        assert_same_floats(recording.sensors[segment], source.sensors[segment])
        steps_s = np.diff(recording.sensors[segment].time_s)
        assert np.abs(steps_s * rate_hz - 1).max() < 0.1
    assert recording.devices["pelvis"].identity.model == "Movesense Flash"
    assert recording.devices["pelvis"].battery_percent == 91


def test_the_clock_wraps_within_a_recording(tmp_path: Path) -> None:
    source = noise_motion(("pelvis",), 10.0, RATE_HZ)
    result = record_whole_motion(
        source, tmp_path / "wrap.h5", options(), sensor="movesense", offset_s=2**32 * 1e-3 - 5.0
    )
    assert result.counters["pelvis"].lost == 0
    assert len(result.clock_fits["pelvis"]) == 1
    pelvis = reader.open_recording(tmp_path / "wrap.h5").sensors["pelvis"]
    assert_same_floats(pelvis, source.sensors["pelvis"])


def test_a_lost_part_is_a_lost_packet_and_a_repeated_one_adds_nothing(tmp_path: Path) -> None:
    source = noise_motion(("pelvis",), 10.0, RATE_HZ)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, options(), sensor="movesense") as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "loss.h5")
            kit.begin()
            await asyncio.sleep(3.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 1)
            await asyncio.sleep(2.0)
            kit.air.drop_notifications(kit.assignment["pelvis"], 4)
            await asyncio.sleep(2.0)
            kit.air.repeat_notifications(kit.assignment["pelvis"], 4)
            await kit.finished()
            await asyncio.sleep(0.5)
            return await engine.stop_recording()

    counters = run_virtual(main).counters["pelvis"]
    assert counters.lost == 8 * 3
    assert counters.bad_packets >= 1
    pelvis = reader.open_recording(tmp_path / "loss.h5").sensors["pelvis"]
    missing = assert_same_floats(pelvis, source.sensors["pelvis"], whole=False)
    assert len(missing) == counters.lost


def test_a_link_that_breaks_comes_back_on_the_same_clock(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS, 20.0, RATE_HZ)
    assert_survives_a_broken_link(source, tmp_path / "broken.h5", options(), sensor="movesense")


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
    """Lower envelopes of arrivals, 60 s, ±26 ppm, stamps of whole milliseconds."""
    source = noise_motion(SEGMENTS, 60.0, RATE_HZ)

    async def main(clock: VirtualClock) -> float:
        async with kit_and_engine(
            clock,
            source,
            options(),
            sensor="movesense",
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


def test_identity_battery_while_streaming_refusals_and_imu9() -> None:
    source = noise_motion(("pelvis",), 4.0, RATE_HZ)

    async def main(_clock: VirtualClock) -> None:
        kit = await open_virtual_kit(source, begin="explicit", sensor="movesense")
        radio = await kit.radio()
        (advertisement,) = (await radio.scan(2.0)).values()
        sensor = kit.sensors["pelvis"]
        assert isinstance(sensor, VirtualMovesense)
        assert advertisement.name == f"Movesense {sensor.serial_number}"
        assert isinstance(driver_for(advertisement), MovesenseDriver)
        link: BleakLink = radio.link(advertisement.address, lambda: None)
        driver, packets = MovesenseDriver(with_magnetometer=True), list[bytes]()
        config = StreamConfig(rate_hz=RATE_HZ)
        for _ in range(2):  # the same link, connected again
            await link.connect(5.0)
            identity = await driver.identify(link)
            assert (identity.serial, identity.clock_hz) == (sensor.serial_number, 1000.0)
            assert identity.firmware == "gatt 2.3.1"
            with pytest.raises(ConnectError, match="100 Hz refused") as refused:
                await driver.configure(link, StreamConfig(rate_hz=100))
            assert "104" in refused.value.hint
            with pytest.raises(ConnectError, match="show itself"):
                await driver.blink(link)
            await driver.configure(link, config)
            await driver.start(link, packets.append)
            await asyncio.sleep(0.5)
            assert await driver.battery_percent(link) == sensor.battery_percent
            packets.clear()
            await driver.start(link, packets.append)  # as when the stream went silent
            await asyncio.sleep(1.0)
            assert sensor.is_streaming
            await driver.stop(link)
            assert not sensor.is_streaming
            await link.disconnect()
        assert sensor.unsubscribed == 4
        assert {packet[0] for packet in packets} == {2, 3}
        decoder = driver.decoder(config)
        blocks = [block for packet in packets if len(block := decoder.decode(packet))]
        assert sum(map(len, blocks)) >= 80
        assert blocks[0].mag is not None
        np.testing.assert_allclose(blocks[0].mag, np.tile([22.0, -5.0, 41.5], (8, 1)))
        await radio.close()
        await kit.close()

    run_virtual(main)
