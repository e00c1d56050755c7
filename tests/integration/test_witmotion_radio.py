"""Virtual WitMotion sensors on virtual Bluetooth, through the engine, into a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import (
    assert_equals_source,
    kit_and_engine,
    motion_rows,
    no_thread_left,
    noise_motion,
)
from imuhip.acquisition.status import RecordingResult
from imuhip.cli.truth_lines import truth_lines
from imuhip.core.sensor import StreamConfig
from imuhip.errors import ConnectError, DeviceError
from imuhip.recording.session import Recording
from imuhip.sensors.registry import driver_for
from imuhip.sensors.witmotion.driver import WitMotionDriver
from imuhip.simulation.kit import open_virtual_kit
from imuhip.simulation.virtual_witmotion import VirtualWitMotion
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def record(
    source: Recording, path: Path, *, cut_bytes: int | None = None, **kit_options: object
) -> RecordingResult:
    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, sensor="witmotion", **kit_options) as (
            kit,
            engine,
        ):
            for sensor in kit.sensors.values():
                assert isinstance(sensor, VirtualWitMotion)
                sensor.cut_bytes = cut_bytes
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await kit.finished()
            await asyncio.sleep(0.5)
            status = engine.status()
            assert {s.grade for s in status.sensors.values()} == {"good"}
            assert all("lost about 0" in line for line in truth_lines(status))
            return await engine.stop_recording()

    return run_virtual(main)


@pytest.mark.parametrize(
    ("cut_bytes", "interval_s"),
    [(None, 0.03), (60, 0.0), (13, 0.015)],
    ids=["one frame", "three frames", "13 bytes"],
)
def test_every_sample_of_three_sensors_is_recorded(
    cut_bytes: int | None, interval_s: float, tmp_path: Path
) -> None:
    source = noise_motion(SEGMENTS, 10.0)
    path = tmp_path / "wit.h5"
    result = record(source, path, cut_bytes=cut_bytes, connection_interval_s=interval_s)
    recording = reader.open_recording(path)
    for segment, counters in result.counters.items():
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert (counters.bad_packets, counters.longest_gap_s) == (0, 0.0)
        assert len(result.clock_fits[segment]) == 1
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
        device = recording.devices[segment]
        assert device.identity.model == "WitMotion"
        assert device.identity.clock_hz == 0.0
        assert device.identity.serial == ("SIM-" + segment.upper().replace("_", "-"))[-12:]


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.03, 0.06])
def test_sensors_without_a_clock_share_one(interval_s: float, tmp_path: Path) -> None:
    """Sensors that sample at 101.3 and 98.9 Hz show the same instant at the same time.

    Acceleration rises steadily here, so that every sample tells when it was truly taken.
    """
    rise = 4.0
    rates = {"pelvis": 0.013, "thigh_left": -0.011}
    n = 2000
    ramp = np.tile(np.arange(n)[:, None] * rise / 100 - 40, 3)
    source = Recording.from_arrays(
        rate_hz=100.0,
        sensors={segment: {"acc": ramp, "gyr": np.ones((n, 3))} for segment in rates},
    )

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(
            clock, source, sensor="witmotion", connection_interval_s=interval_s
        ) as (kit, engine):
            for segment, sensor in kit.sensors.items():
                assert isinstance(sensor, VirtualWitMotion)
                sensor.rate_error = rates[segment]
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "clocks.h5")
            kit.begin()
            await kit.finished()
            return await engine.stop_recording()

    result = run_virtual(main)
    recording = reader.open_recording(tmp_path / "clocks.h5")
    begin_s, end_s = [], []
    for segment, rate_error in rates.items():
        (fit,) = result.clock_fits[segment]
        assert 1 / fit.slope == pytest.approx(1 + rate_error, abs=1e-3)
        assert result.counters[segment].lost == 0
        series = recording.sensors[segment]
        rows = motion_rows(series)
        true_s = (series.acc[rows].mean(axis=1) + 40) / rise
        inside = (true_s > 0.1) & (true_s < n / 100 - 0.1)
        line = np.polyfit(true_s[inside], series.time_s[rows][inside] - true_s[inside], 1)
        begin_s.append(np.polyval(line, 0.0))
        end_s.append(np.polyval(line, n / 100))
    apart_s = max(abs(begin_s[0] - begin_s[1]), abs(end_s[0] - end_s[1]))
    stated_s = fit.uncertainty_s
    print(
        f"\n{interval_s * 1e3:g} ms: sensors differ by {apart_s * 1e3:.2f} ms,"
        f" stated {stated_s * 1e3:.1f} ms",
        end="",
    )
    assert apart_s < 0.006
    assert apart_s < stated_s


def test_a_vanished_sensor_comes_back_with_its_loss_estimated(tmp_path: Path) -> None:
    source = noise_motion(SEGMENTS[:2], 30.0)

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, sensor="witmotion") as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "gone.h5")
            kit.begin()
            await asyncio.sleep(12.0)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(3.0)
            kit.air.regain(kit.assignment["pelvis"])
            await asyncio.sleep(5.0)
            # As BlueZ delivers what comes after a link loss.
            kit.air.repeat_notifications(kit.assignment["pelvis"], 400)
            await kit.finished()
            return await engine.stop_recording()

    result = run_virtual(main)
    gone, other = (result.counters[segment] for segment in SEGMENTS[:2])
    assert gone.reconnects == 1
    assert gone.bad_packets == 0
    assert gone.duplicated == 400
    assert len(result.clock_fits["pelvis"]) == 2
    assert (other.lost, other.longest_gap_s, other.reconnects) == (0, 0.0, 0)
    recording = reader.open_recording(tmp_path / "gone.h5")
    pelvis, reference = recording.sensors["pelvis"], recording.sensors["thigh_left"]
    rows = motion_rows(pelvis)
    valid = pelvis.valid[rows]
    n_missing = int(np.count_nonzero(~valid))
    assert n_missing == gone.lost
    assert 300 < gone.lost < 800
    assert gone.longest_gap_s == pytest.approx(gone.lost / 100, abs=0.02)
    # Where a row is there, it is the one that was measured then.
    acc = source.sensors["pelvis"].acc
    assert rows.stop - rows.start == pytest.approx(len(acc), abs=1)
    head = slice(0, 1000)
    np.testing.assert_allclose(pelvis.acc[rows][head], acc[head], atol=0.003)
    np.testing.assert_allclose(pelvis.acc[rows][-1000:], acc[-1000:], atol=0.003)
    ends_s = (pelvis.time_s[rows.stop - 1], reference.time_s[motion_rows(reference).stop - 1])
    assert abs(ends_s[0] - ends_s[1]) < 0.005


def test_registers_are_read_and_the_rate_is_stored_only_when_it_changes() -> None:
    driver = WitMotionDriver()

    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(noise_motion(("pelvis",), 5.0), sensor="witmotion")
        radio = await kit.radio()
        sensor = kit.sensors["pelvis"]
        assert isinstance(sensor, VirtualWitMotion)
        seen = await radio.scan(5.0, stop_when=lambda found: bool(found))
        found = driver_for(seen[sensor.address])
        assert found is not None and found.model == "WitMotion"
        link = radio.link(sensor.address, lambda: None)
        await link.connect(5.0)
        assert (await driver.identify(link)).firmware == "8033"
        assert await driver.battery_percent(link) == 90
        await driver.configure(link, StreamConfig(rate_hz=100))
        assert (sensor.rate_hz, sensor.saved) == (100, 1)
        await driver.configure(link, StreamConfig(rate_hz=100))
        assert sensor.saved == 1
        heard: list[bytes] = []
        await driver.start(link, heard.append)
        await asyncio.sleep(1.0)
        assert await driver.battery_percent(link) == 90  # while it streams
        decoder = driver.decoder(StreamConfig(rate_hz=100))
        assert sum(len(decoder.decode(packet)) for packet in heard) == pytest.approx(100, abs=3)
        await driver.stop(link)
        await link.disconnect()
        await radio.close()
        await kit.close()

    run_virtual(main)


@pytest.mark.parametrize(
    ("config", "message", "hint"),
    [
        (StreamConfig(rate_hz=60), "rate of 60 Hz refused", "50, 100, 125, 200"),
        (StreamConfig(rate_hz=200), "200 Hz refused, it keeps 10 Hz", "stop at 50 or 100"),
        (StreamConfig(acc_range_g=8), "ranges of 8 g", "fixed at 16 g"),
        (StreamConfig(batch_samples=4), "4 samples in a packet", "0 leaves it"),
    ],
)
def test_what_the_sensor_cannot_do_is_refused_with_the_choices(
    config: StreamConfig, message: str, hint: str
) -> None:
    driver = WitMotionDriver()

    async def main(clock: VirtualClock) -> None:
        kit = await open_virtual_kit(noise_motion(("pelvis",), 5.0), sensor="witmotion")
        radio = await kit.radio()
        sensor = kit.sensors["pelvis"]
        assert isinstance(sensor, VirtualWitMotion)
        sensor.highest_rate_hz = 100
        sensor.has_number = False
        link = radio.link(sensor.address, lambda: None)
        await link.connect(5.0)
        identity = await driver.identify(link)
        assert (identity.serial, identity.firmware) == (sensor.address, "")
        with pytest.raises(ConnectError, match=message) as refused:
            await driver.configure(link, config)
        assert hint in refused.value.hint
        with pytest.raises(ConnectError, match="cannot be told to blink"):
            await driver.blink(link)
        await link.disconnect()
        with pytest.raises(DeviceError):
            await driver.identify(link)
        await radio.close()
        await kit.close()

    run_virtual(main)
