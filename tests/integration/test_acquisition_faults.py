"""Sensors that vanish, fall silent, reboot or repeat themselves; hosts that stall or fill up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imuhip.recording.reader as reader
from acquisition_kit import (
    ACC_STEP,
    assert_equals_source,
    kit_and_engine,
    motion_rows,
    no_thread_left,
    noise_motion,
)
from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import RecordingResult
from imuhip.acquisition.supervisor import LinkState
from imuhip.core.sensor import StreamConfig
from imuhip.core.series import ImuSeries
from imuhip.errors import (
    ConfigError,
    DiskError,
    RecordingError,
    SensorLostError,
    SensorNotFoundError,
)
from imuhip.recording.session import Recording
from imuhip.simulation.kit import VirtualKit
from virtual_time import VirtualClock, run_virtual

KIT = ("pelvis", "thigh_left", "thigh_right")
QUICK_SEARCH = EngineOptions(search=SearchPlan(n_scans=3, scan_s=5.0))

Disturbance = Callable[[VirtualKit, Engine], Awaitable[None]]


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


def record_disturbed(
    path: Path, source: Recording, disturb: Disturbance, **kit_options
) -> tuple[RecordingResult, Recording]:
    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, **kit_options) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            kit.begin()
            await disturb(kit, engine)
            await kit.finished()
            await asyncio.sleep(0.5)
            assert engine.status().faults == ()
            assert engine.status().all_deliver, engine.status()
            return await engine.stop_recording()

    result = run_virtual(main)
    assert result.error is None
    return result, reader.open_recording(path)


def assert_gap_is_exact(recorded: ImuSeries, source: ImuSeries, n_lost: int) -> None:
    """Rows that are there equal the source's row of the same number; the others are NaN."""
    first = motion_rows(recorded).start
    rows = slice(first, first + len(source))
    valid = recorded.valid[rows]
    assert np.count_nonzero(~recorded.valid) == np.count_nonzero(~valid) == n_lost
    assert np.isnan(recorded.acc[rows][~valid]).all() and np.isnan(recorded.gyr[rows][~valid]).all()
    assert np.abs(recorded.acc[rows][valid] - source.acc[valid]).max() <= 0.51 * ACC_STEP


def kinds(recording: Recording, segment: str | None) -> list[str]:
    return [event.kind for event in recording.events if event.segment == segment]


def test_a_sensor_that_vanishes_leaves_an_exact_gap_and_comes_back(tmp_path: Path):
    source = noise_motion(KIT, 30.0)

    async def vanish(kit: VirtualKit, engine: Engine) -> None:
        address = kit.assignment["thigh_left"]
        await asyncio.sleep(8.0)
        kit.air.lose(address)
        await asyncio.sleep(1.0)
        status = engine.status().sensors
        assert status["thigh_left"].state is LinkState.SILENT  # its link still claims to be up
        assert status["pelvis"].state is status["thigh_right"].state is LinkState.STREAMING
        assert status["thigh_left"].grade == "bad" and status["pelvis"].grade == "good"
        await asyncio.sleep(4.0)
        assert engine.status().sensors["thigh_left"].state not in ("streaming", "silent")
        kit.air.regain(address)
        await asyncio.sleep(10.0)
        assert engine.status().sensors["thigh_left"].state is LinkState.STREAMING

    result, recording = record_disturbed(tmp_path / "gap.h5", source, vanish)
    for segment in ("pelvis", "thigh_right"):
        counters = result.counters[segment]
        assert (counters.lost, counters.duplicated, counters.reconnects) == (0, 0, 0)
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
    counters = result.counters["thigh_left"]
    print(counters)
    assert counters.reconnects == 1 and counters.duplicated == counters.reordered == 0
    assert counters.longest_gap_s == pytest.approx(counters.lost / 100)
    assert 4.5 < counters.longest_gap_s < 15
    assert_gap_is_exact(
        recording.sensors["thigh_left"], source.sensors["thigh_left"], counters.lost
    )
    assert len(recording.devices["thigh_left"].clock_fits) == 1  # its clock ran on
    assert {"lost", "reconnected"} <= set(kinds(recording, "thigh_left"))
    assert kinds(recording, "pelvis") == []


def test_a_sensor_that_keeps_what_it_measured_leaves_no_gap(tmp_path: Path):
    source = noise_motion(KIT, 25.0)

    async def vanish(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(6.0)
        for segment in ("pelvis", "thigh_left"):
            kit.air.lose(kit.assignment[segment])
        await asyncio.sleep(3.0)
        for segment in ("pelvis", "thigh_left"):
            kit.air.regain(kit.assignment[segment])
        await asyncio.sleep(8.0)
        kit.air.drop_notifications(kit.assignment["thigh_right"], 5)

    result, recording = record_disturbed(tmp_path / "kept.h5", source, vanish, back_fills=True)
    for segment, least in (("pelvis", 250), ("thigh_left", 250), ("thigh_right", 30)):
        counters = result.counters[segment]
        print(counters)
        assert counters.backfilled >= least
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
        assert "back_filled" in kinds(recording, segment)


def test_a_rebooted_sensor_begins_an_epoch(tmp_path: Path):
    source = noise_motion(KIT, 30.0)

    async def reboot(kit: VirtualKit, engine: Engine) -> None:
        sensor = kit.sensors["pelvis"]
        await asyncio.sleep(10.0)
        kit.air.lose(sensor.address)
        await asyncio.sleep(3.0)
        sensor._end_session()
        sensor._on_air_s = asyncio.get_running_loop().time()  # its clock starts anew
        kit.air.regain(sensor.address)
        await asyncio.sleep(8.0)

    result, recording = record_disturbed(tmp_path / "reboot.h5", source, reboot)
    counters, series = result.counters["pelvis"], recording.sensors["pelvis"]
    print(counters)
    n_missing = int(np.count_nonzero(~series.valid))
    assert (counters.lost, counters.duplicated, counters.reconnects) == (n_missing, 0, 1)
    assert [fit.epoch for fit in recording.devices["pelvis"].clock_fits] == [0, 1]
    assert "clock_restarted" in kinds(recording, "pelvis")
    assert counters.longest_gap_s == pytest.approx(n_missing / 100, abs=1e-3)
    # After the reboot the motion is where it has to be: the gap is as long as it was.
    rows = motion_rows(series)
    tail = source.sensors["pelvis"].acc[-500:]
    assert np.abs(series.acc[rows.stop - 500 : rows.stop] - tail).max() <= 0.51 * ACC_STEP
    other = motion_rows(recording.sensors["thigh_left"])
    other_end_s = recording.sensors["thigh_left"].time_s[other.stop - 1]
    assert abs(series.time_s[rows.stop - 1] - other_end_s) < 0.02


def test_a_sensor_that_stopped_talking_is_started_again(tmp_path: Path):
    """Its firmware hangs, the link stays up: only starting the stream anew helps.

    It sampled on meanwhile, so nothing is lost, and the times do not show that half a second of
    samples came at once.
    """
    source = noise_motion(KIT, 20.0)

    async def hang(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(6.0)
        kit.sensors["pelvis"]._cancel_task()
        await asyncio.sleep(2.0)

    result, recording = record_disturbed(tmp_path / "silent.h5", source, hang)
    counters = result.counters["pelvis"]
    print(counters)
    assert (counters.reconnects, counters.lost, counters.duplicated) == (0, 0, 0)
    assert kinds(recording, "pelvis") == ["silent"]
    assert_equals_source(recording.sensors["pelvis"], source.sensors["pelvis"])
    assert np.abs(np.diff(recording.sensors["pelvis"].time_s) - 0.01).max() < 1e-5


def test_a_link_that_claims_to_be_up_but_delivers_nothing_is_made_anew(tmp_path: Path):
    source = noise_motion(KIT, 30.0)

    async def deafen(kit: VirtualKit, engine: Engine) -> None:
        address = kit.assignment["pelvis"]
        await asyncio.sleep(6.0)
        kit.air.drop_notifications(address, 40)  # 2.4 s of packets
        await asyncio.sleep(12.0)

    result, recording = record_disturbed(tmp_path / "deaf.h5", source, deafen)
    counters = result.counters["pelvis"]
    print(counters)
    assert counters.reconnects >= 1 and "lost" in kinds(recording, "pelvis")
    assert_gap_is_exact(recording.sensors["pelvis"], source.sensors["pelvis"], counters.lost)


def test_packets_delivered_twice_are_stored_once(tmp_path: Path):
    source = noise_motion(KIT, 10.0)

    async def repeat(kit: VirtualKit, engine: Engine) -> None:
        await asyncio.sleep(2.0)
        kit.air.repeat_notifications(kit.assignment["pelvis"], 50)

    result, recording = record_disturbed(tmp_path / "twice.h5", source, repeat)
    counters = result.counters["pelvis"]
    assert (counters.lost, counters.duplicated, counters.reordered) == (0, 50 * 6, 0)
    assert_equals_source(recording.sensors["pelvis"], source.sensors["pelvis"])
    _, packets = reader.read_packets(tmp_path / "twice.h5", "pelvis")
    assert len(packets) - len(set(packets)) == 50  # what the radio said is kept as it said it


def test_single_packets_lost_by_the_host_are_counted_to_the_sample(tmp_path: Path):
    source = noise_motion(KIT, 10.0)

    async def drop(kit: VirtualKit, engine: Engine) -> None:
        for _ in range(5):
            await asyncio.sleep(1.0)
            kit.air.drop_notifications(kit.assignment["thigh_right"], 1)

    result, recording = record_disturbed(tmp_path / "drops.h5", source, drop)
    counters = result.counters["thigh_right"]
    assert (counters.lost, counters.longest_gap_s) == (30, pytest.approx(0.06))
    assert_gap_is_exact(recording.sensors["thigh_right"], source.sensors["thigh_right"], 30)


def test_a_stalled_host_loses_nothing_and_says_so(tmp_path: Path):
    source = noise_motion(KIT, 20.0)

    async def stall(kit: VirtualKit, engine: Engine) -> None:
        for _ in range(3):
            await asyncio.sleep(4.0)
            asyncio.get_running_loop()._jump(0.3)
        await asyncio.sleep(1.0)
        assert engine.status().longest_stall_s >= 0.27

    result, recording = record_disturbed(
        tmp_path / "stall.h5", source, stall, connection_interval_s=0.015
    )
    for segment in KIT:
        counters = result.counters[segment]
        assert (counters.lost, counters.duplicated, counters.reordered) == (0, 0, 0)
        assert_equals_source(recording.sensors[segment], source.sensors[segment])
        steps_s = np.diff(recording.sensors[segment].time_s)
        assert np.abs(steps_s - 0.01).max() < 1e-5  # the stalls left no trace in the times
    assert kinds(recording, None).count("host_stall") == 3


def test_a_full_disk_shows_soon_and_leaves_the_file_readable(tmp_path: Path):
    source = noise_motion(KIT, 60.0, 400.0)
    resource = pytest.importorskip("resource", reason="file size limits are a matter of POSIX")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    options = EngineOptions(stream=StreamConfig(rate_hz=400))

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, source, options) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "full.h5")
            kit.begin()
            resource.setrlimit(resource.RLIMIT_FSIZE, (9 << 20, hard))
            try:
                while engine.status().recording.error is None:
                    await asyncio.sleep(0.5)
                    await asyncio.to_thread(lambda: None)
                status = engine.status()
                assert isinstance(status.recording.error, DiskError)
                assert status.recording.flush_age_s < 5.0  # real time, of a thread that may wait
                assert status.all_deliver
                before = status.sensors["pelvis"].counters.received
                await asyncio.sleep(1.0)
                status = engine.status()
                assert status.sensors["pelvis"].counters.received > before  # the stream goes on
                return await engine.stop_recording()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    result = run_virtual(main)
    assert isinstance(result.error, DiskError)
    recording = reader.open_recording(tmp_path / "full.h5")
    assert recording.duration_s > 5.0
    for segment in KIT:
        series = recording.sensors[segment]
        first = motion_rows(series).start
        n_rows = min(len(series) - first, len(source.sensors[segment]))
        expected = source.sensors[segment].acc[:n_rows]
        assert np.abs(series.acc[first : first + n_rows] - expected).max() <= 0.51 * ACC_STEP


def test_existing_files_are_not_overwritten_and_recording_can_be_tried_again(tmp_path: Path):
    path = tmp_path / "taken.h5"
    path.write_bytes(b"precious")

    async def main(clock: VirtualClock) -> RecordingResult:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0)) as (kit, engine):
            await engine.connect(kit.assignment)
            with pytest.raises(DiskError, match="exists already"):
                await engine.start_recording(path)
            with pytest.raises(RecordingError, match="nothing is being recorded"):
                await engine.stop_recording()
            await engine.start_recording(tmp_path / "free.h5", subject="S01")
            engine.add_marker("n_pose", 0.0, 1.0)
            engine.add_marker("jump")
            with pytest.raises(RecordingError, match="already"):
                await engine.start_recording(tmp_path / "third.h5")
            await engine.recorded(2.0)
            return await engine.stop_recording()

    result = run_virtual(main)
    assert path.read_bytes() == b"precious"
    recording = reader.open_recording(tmp_path / "free.h5")
    assert recording.subject == "S01"
    assert [marker.name for marker in recording.markers] == ["n_pose", "jump"]
    # Virtual time runs on while the writer's thread makes the file, so it may be more.
    assert result.duration_s >= 2.0
    assert recording.duration_s == pytest.approx(result.duration_s, abs=0.3)
    assert recording.start_time is not None


def test_closing_finishes_a_recording(tmp_path: Path):
    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0)) as (kit, engine):
            await engine.connect(kit.assignment)
            await engine.start_recording(tmp_path / "closed.h5")
            await asyncio.sleep(1.0)

    run_virtual(main)
    assert reader.open_recording(tmp_path / "closed.h5").state == "complete"


def test_unknown_addresses_are_named_with_those_that_did_connect(tmp_path: Path):
    async def main(clock: VirtualClock) -> float:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0)) as (kit, engine):
            wrong = kit.assignment | {"thigh_left": "C4:5C:4E:00:99:99"}
            began_s = clock.monotonic_ns() / 1e9
            with pytest.raises(SensorNotFoundError) as caught:
                await engine.connect(wrong)
            assert str(caught.value) == (
                "thigh_left: not found after 3 scans (15 s); connected: pelvis, thigh_right"
            )
            assert "imuhip scan" in caught.value.hint
            took_s = clock.monotonic_ns() / 1e9 - began_s
            with pytest.raises(SensorLostError, match=r"thigh_left \(idle\): no samples for 5 s"):
                await engine.start_recording(tmp_path / "none.h5")
            assert not (tmp_path / "none.h5").exists()
            await engine.connect(kit.assignment)  # the others are kept, the right one is added
            await engine.start_recording(tmp_path / "some.h5")
            return took_s

    assert 15.0 <= run_virtual(main) < 17.0


def test_refused_settings_are_named_with_what_is_allowed():
    options = replace(QUICK_SEARCH, stream=StreamConfig(rate_hz=123))

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0), options) as (kit, engine):
            with pytest.raises(Exception, match="123 Hz refused") as caught:
                await engine.connect(kit.assignment)
            assert "400 Hz" in caught.value.hint
            assert "connected: none" in str(caught.value)

    run_virtual(main)


def test_two_segments_cannot_share_a_sensor():
    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0)) as (kit, engine):
            address = kit.assignment["pelvis"]
            with pytest.raises(ConfigError, match="assigned to pelvis and to thigh_left"):
                await engine.connect({"pelvis": address, "thigh_left": address.lower()})
            with pytest.raises(ConfigError, match="two sensors assigned"):
                await engine.connect([("pelvis", "A"), ("pelvis", "B")])

    run_virtual(main)


def test_a_recording_waits_for_all_streams(tmp_path: Path):
    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(clock, noise_motion(KIT, 2.0)) as (kit, engine):
            await engine.connect(kit.assignment)
            kit.air.lose(kit.assignment["pelvis"])
            await asyncio.sleep(1.0)
            with pytest.raises(SensorLostError, match=r"pelvis .* delivering: thigh_left"):
                await engine.start_recording(tmp_path / "no.h5")
            assert not (tmp_path / "no.h5").exists()

    run_virtual(main)
