"""The blocking facade: its thread, its errors, and Ctrl-C at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import imuhip.recording.reader as reader
from acquisition_kit import no_thread_left, noise_motion
from imuhip.acquisition.assignment import SearchPlan
from imuhip.acquisition.blocking import Acquisition, record
from imuhip.acquisition.engine import EngineOptions
from imuhip.acquisition.status import AcquisitionStatus
from imuhip.core.link import Radio
from imuhip.errors import BluetoothUnavailableError, DiskError, SensorNotFoundError
from imuhip.recording.session import Recording
from imuhip.simulation.kit import VirtualKit, open_virtual_kit
from virtual_time import VirtualClock, VirtualTimeLoop

TESTS = Path(__file__).resolve().parents[1]
KIT = ("pelvis", "thigh_left")


@pytest.fixture(autouse=True)
def _no_thread_left():
    with no_thread_left():
        yield


class VirtualPlace:
    """A kit on a loop in virtual time, opened and closed with the radio."""

    def __init__(self, source: Recording) -> None:
        self.source = source
        self.kit: VirtualKit | None = None
        self.assignment = {"pelvis": "C4:5C:4E:00:1A:2B", "thigh_left": "C4:5C:4E:00:2C:3D"}
        self.timing = {
            "make_loop": VirtualTimeLoop,
            "make_clock": lambda: VirtualClock(asyncio.get_running_loop()),
        }

    @asynccontextmanager
    async def radio(self) -> AsyncIterator[Radio]:
        self.kit = await open_virtual_kit(self.source)
        try:
            yield await self.kit.radio()
        finally:
            await self.kit.close()


def test_record_returns_with_a_finished_file(tmp_path: Path):
    place = VirtualPlace(noise_motion(KIT, 20.0))
    seen: list[AcquisitionStatus] = []
    result = record(
        place.radio,
        place.assignment,
        tmp_path / "walk.h5",
        duration_s=30.0,
        on_status=seen.append,
        settings={"radio": "sim"},
        **place.timing,
    )
    assert not result.interrupted and result.error is None
    assert result.duration_s >= 30.0
    assert seen and seen[-1].sensors["pelvis"].serial == "SIM-PELVIS"
    recording = reader.open_recording(tmp_path / "walk.h5")
    assert recording.state == "complete"
    for segment in KIT:
        assert result.counters[segment].lost == 0
        assert recording.devices[segment].address == place.assignment[segment]


def test_facade_scans_records_and_shows_samples_live(tmp_path: Path):
    source = noise_motion(KIT, 10.0)
    place = VirtualPlace(source)
    with Acquisition(place.radio, EngineOptions(simulated=True), **place.timing) as acquisition:
        assert set(acquisition.scan(1.0)) == set(place.assignment.values())
        acquisition.connect(place.assignment)
        acquisition.start_recording(tmp_path / "live.h5", subject="S02")
        acquisition.add_marker("begin")
        acquisition.submit(acquisition.engine.recorded(15.0)).result(30)
        result = acquisition.stop_recording()
        ring = acquisition.ring("pelvis")
        assert len(ring.latest(100)) == 100
        assert acquisition.status().sensors["thigh_left"].counters.received > 0
    acquisition.close()  # a second time does nothing
    recording = reader.open_recording(result.path)
    assert recording.devices["pelvis"].simulated
    assert recording.subject == "S02" and recording.markers[0].name == "begin"


def test_stop_event_ends_a_recording(tmp_path: Path):
    place, stop = VirtualPlace(noise_motion(KIT, 5.0)), threading.Event()
    calls = 0

    def on_status(status: AcquisitionStatus) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            stop.set()

    result = record(
        place.radio,
        place.assignment,
        tmp_path / "stopped.h5",
        on_status=on_status,
        stop_event=stop,
        **place.timing,
    )
    assert not result.interrupted
    assert reader.open_recording(result.path).duration_s > 0


def test_errors_leave_nothing_running_and_no_file(tmp_path: Path):
    place = VirtualPlace(noise_motion(KIT, 5.0))
    options = EngineOptions(search=SearchPlan(1, 2.0))
    wrong = {"pelvis": "C4:5C:4E:00:99:99"}
    with pytest.raises(SensorNotFoundError, match="pelvis: not found after 1 scans"):
        record(place.radio, wrong, tmp_path / "a.h5", options=options, **place.timing)
    with pytest.raises(DiskError, match="does not exist"):
        record(place.radio, place.assignment, tmp_path / "no" / "a.h5", **place.timing)
    assert list(tmp_path.iterdir()) == []

    async def no_adapter() -> Radio:
        raise BluetoothUnavailableError("no adapter")

    with pytest.raises(BluetoothUnavailableError, match="no adapter"):
        record(no_adapter, place.assignment, tmp_path / "b.h5")


def start_child(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(TESTS / "integration" / "acquisition_child.py"), str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )


@pytest.mark.realtime
@pytest.mark.parametrize(("wait_s", "presses"), [(0.0, 1), (1.2, 3)])
def test_ctrl_c_while_recording_finishes_the_file(tmp_path: Path, wait_s: float, presses: int):
    path = tmp_path / "ctrl_c.h5"
    child = start_child(path)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        assert child.stdout.readline() == "recording\n"
        time.sleep(wait_s)
        for _ in range(presses):  # an impatient person presses again
            child.send_signal(signal.SIGINT)
            time.sleep(0.02)
        out, err = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    if presses == 1:
        assert child.returncode == 0, err
    if child.returncode == 0:
        assert "interrupted=True error=None lost=0" in out
    else:  # a press after `record` has returned is the calling script's own to handle
        assert child.returncode == -signal.SIGINT, err
    recording = reader.open_recording(path)
    assert recording.state == "complete"
    assert recording.duration_s > 0.5 * wait_s


@pytest.mark.realtime
@pytest.mark.parametrize("wait_s", [0.05, 0.4, 0.7])
def test_ctrl_c_before_or_at_the_start_leaves_no_half_file(tmp_path: Path, wait_s: float):
    path = tmp_path / "early.h5"
    child = start_child(path)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        time.sleep(wait_s)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    if path.exists():
        assert reader.open_recording(path).state == "complete"
    else:
        assert child.returncode != 0
