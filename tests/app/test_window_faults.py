"""Faults of a session in the window: told there, the rest goes on, and the file is sound."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")
pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")

from PySide6.QtTest import QTest

import imuhip
from cli_process import CliProcess
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.live_source import AcquisitionSource
from imuhip.app.views.live_window import LiveWindow
from imuhip.core.link import Radio
from imuhip.recording.recovery import recover
from imuhip.simulation.kit import VirtualKit, open_virtual_kit

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("nothing_left")]


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.5, seed=4, calibration=False)


@pytest.fixture
def kits() -> list[VirtualKit]:
    """Return a list that will hold the kit of the window."""
    return []


@pytest.fixture
def window(application, walk, kits, tmp_path: Path) -> Iterator[LiveWindow]:
    """Return a window that runs, on a person who stands still until `begin` is called."""

    @asynccontextmanager
    async def radio() -> AsyncIterator[Radio]:
        kit = await open_virtual_kit(walk, begin="explicit")
        kits.append(kit)
        try:
            yield await kit.radio()
        finally:
            await kit.close()

    with Acquisition(radio, EngineOptions(simulated=True)) as acquisition:
        acquisition.connect(kits[0].assignment)
        source = AcquisitionSource(acquisition)
        window = LiveWindow(LiveModel(source, out=tmp_path / "s.h5", simulated=True))
        window.acquisition = acquisition
        window.show()
        window.start()
        wait_until(lambda: window.model.cards and not window.session.do.missing)
        yield window
        window.close()


def wait_until(condition, timeout_s: float = 30.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(20)


def on_the_air(window: LiveWindow, call) -> None:
    """Do something to the virtual sensors, on their thread."""

    async def do() -> None:
        call()

    window.acquisition.submit(do()).result(5)


def test_a_sensor_lost_in_a_test_is_told_comes_back_and_leaves_a_sound_file(
    window, kits, tmp_path
) -> None:
    (kit,) = kits
    do, lost = window.session.do, "thigh_left"
    window.go_to("do")
    window.go_on()
    wait_until(lambda: do.phase == "going")
    on_the_air(window, kit.begin)
    window.go_on()
    wait_until(lambda: do.elapsed_s > 1.0)
    on_the_air(window, lambda: kit.air.lose(kit.assignment[lost]))
    wait_until(lambda: window.header.property("kind") == "alarm")
    assert "Left thigh" in window.header.headline.toolTip()
    assert window.header.detail.text(), "and what to do"
    wait_until(lambda: not kit.sensors[lost].port.is_connected)
    assert do.phase == "doing" and window.model.recording.phase == "recording"
    on_the_air(window, lambda: kit.air.regain(kit.assignment[lost]))
    wait_until(lambda: window.header.property("kind") != "alarm")
    back_s = do.elapsed_s
    wait_until(lambda: do.elapsed_s > back_s + 1.0)
    window.go_on()
    window.toggle_recording()
    wait_until(lambda: window.model.recording.phase == "idle")
    (result,) = window.model.control.results
    assert result.error is None and result.counters[lost].reconnects == 1
    recording = imuhip.open(tmp_path / "s.h5")
    assert recording.state == "complete"
    assert [marker.name for marker in recording.markers] == ["n_pose", "gait"]
    gap = ~recording.sensors[lost].valid
    assert gap.any() and np.isnan(recording.sensors[lost].acc[gap]).all()
    for other in ("pelvis", "thigh_right"):
        assert recording.sensors[other].valid.all() and result.counters[other].lost == 0


@contextmanager
def smaller_disk(n_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as on a full disk."""
    resource = pytest.importorskip("resource", reason="limits of files are told to Unix only")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_fills_is_told_at_once_and_what_was_written_is_kept(window, tmp_path) -> None:
    window.toggle_recording()
    wait_until(lambda: window.model.recording.elapsed_s > 1.5)
    with smaller_disk(300_000):
        wait_until(lambda: window.header.property("kind") == "alarm", 60.0)
        assert "failed" in window.header.headline.toolTip()
        assert "free some space" in window.header.detail.text()
        window.toggle_recording()
        wait_until(lambda: window.model.recording.phase == "idle")
    window.close()
    (result,) = window.model.control.results
    assert result.error is not None and result.error.code == "E403"
    rescued = recover(tmp_path / "s.h5", tmp_path / "rescued.h5")
    assert len(imuhip.open(rescued.recovered).sensors["pelvis"]) > 100


def test_a_disk_full_from_the_start_is_told_and_sensors_stream_on(window, tmp_path) -> None:
    with smaller_disk(1 << 20):
        window.toggle_recording()
        wait_until(lambda: window.header.property("kind") == "alarm")
        assert window.model.recording.phase == "idle"
        assert "free some space" in window.header.detail.text()
    assert all(sensor.is_delivering for sensor in window.model.status.sensors.values())
    window.toggle_recording()  # space was made
    wait_until(lambda: window.model.recording.phase == "recording")
    wait_until(lambda: window.header.property("kind") != "alarm")


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_a_killed_window_leaves_a_recording_that_can_be_rescued(tmp_path: Path) -> None:
    """The recording thread dies with the window; what it flushed is there."""
    path = tmp_path / "s.h5"

    def n_rescued() -> int:
        rescued = tmp_path / f"rescued_{time.monotonic_ns()}.h5"
        try:
            return len(imuhip.open(recover(path, rescued).recovered).sensors["pelvis"])
        except imuhip.ImuhipError:
            return 0  # nothing is in it yet

    command = ("live", "--radio", "sim", "--record", "--out", path)
    with CliProcess(*command, cwd=tmp_path, QT_QPA_PLATFORM="offscreen") as process:
        wait_until(path.exists, 60.0)
        wait_until(lambda: n_rescued() > 200)
        before = n_rescued()
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert n_rescued() >= before
    with pytest.raises(imuhip.ImuhipError, match="never closed") as told:
        imuhip.open(path)
    assert f"imuhip recover {path}" in told.value.hint
