"""The window on virtual sensors in real time: nothing lost while it runs, nothing left after."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")
pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")

from PySide6.QtTest import QTest

import imuhip
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.live_source import AcquisitionSource
from imuhip.app.views.live_window import LiveWindow
from imuhip.app.window import ensure_window, run_live_window
from imuhip.core.link import Radio
from imuhip.errors import ConfigError
from imuhip.simulation.kit import VirtualKit, open_virtual_kit

pytestmark = [pytest.mark.realtime, pytest.mark.usefixtures("nothing_left")]

ADDRESSES = {
    "pelvis": "C4:5C:4E:00:1A:2B",
    "thigh_left": "C4:5C:4E:00:2C:3D",
    "thigh_right": "C4:5C:4E:00:3E:4F",
}


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.2, seed=4, calibration=False)


@pytest.fixture
def kits() -> list[VirtualKit]:
    """Return a list that will hold the kit of the acquisition."""
    return []


@pytest.fixture
def acquisition(application, walk, kits):
    @asynccontextmanager
    async def radio() -> AsyncIterator[Radio]:
        kit = await open_virtual_kit(walk)
        kits.append(kit)
        try:
            yield await kit.radio()
        finally:
            await kit.close()

    with Acquisition(radio, EngineOptions(simulated=True)) as acquisition:
        acquisition.connect(ADDRESSES)
        yield acquisition


def wait_until(condition, timeout_s: float = 15.0) -> None:
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(20)


def test_a_gui_blocked_for_two_seconds_loses_no_sample(acquisition, tmp_path: Path) -> None:
    model = LiveModel(AcquisitionSource(acquisition), out=tmp_path / "walk.h5", simulated=True)
    window = LiveWindow(model)
    window.show()
    window.start()
    window.toggle_recording()
    wait_until(lambda: model.recording.elapsed_s > 0.5)
    time.sleep(2.0)  # the main thread does nothing at all, as under a modal dialog
    wait_until(lambda: model.recording.elapsed_s > 3.0)
    window.toggle_recording()
    wait_until(lambda: model.recording.phase == "idle")
    window.close()
    result = model.control.results[0]
    assert result.error is None and model.n_missed == 0
    recording = imuhip.open(tmp_path / "walk.h5")
    for segment, counters in result.counters.items():
        assert counters.lost == counters.duplicated == counters.reordered == 0
        assert counters.received >= 280
        series = recording.sensors[segment]
        assert series.valid.all() and len(series) >= 280
        assert np.diff(series.time_s).max() < 0.015


def test_run_live_window_records_closes_and_leaves_nothing(acquisition, tmp_path: Path) -> None:
    told = []
    code = run_live_window(
        acquisition,
        title="test",
        out=tmp_path / "walk.h5",
        record_at_start=True,
        duration_s=1.0,
        subject="S01",
        settings={"radio": "sim"},
        on_recorded=told.append,
    )
    assert code == 0 and len(told) == 1
    recording = imuhip.open(tmp_path / "walk.h5")
    assert recording.subject == "S01"
    assert 1.0 <= told[0].duration_s < 10.0
    assert all(len(series) >= 95 for series in recording.sensors.values())


def test_closing_while_recording_finishes_the_file(acquisition, tmp_path: Path) -> None:
    stop = threading.Event()
    timer = threading.Timer(1.5, stop.set)
    timer.start()
    code = run_live_window(
        acquisition, out=tmp_path / "walk.h5", record_at_start=True, stop_event=stop
    )
    timer.join()
    assert code == 0
    assert imuhip.open(tmp_path / "walk.h5").state == "complete"


def test_a_sensor_taken_off_the_air_turns_red_within_seconds(acquisition, kits) -> None:
    window = LiveWindow(LiveModel(AcquisitionSource(acquisition), simulated=True))
    window.show()
    window.start()
    wait_until(lambda: window.model.cards and "bad" not in {c.grade for c in window.model.cards})

    async def switch_off() -> None:
        kits[0].sensors["thigh_left"].close()

    acquisition.submit(switch_off()).result(5)
    wait_until(lambda: window.screen_widget.strip.cards["thigh_left"].property("kind") == "bad")
    cards = window.screen_widget.strip.cards
    assert cards["thigh_left"].step.text().strip() and cards["thigh_left"].symbol.text() == "✖"
    assert "Left thigh" in window.model.guidance.headline
    assert cards["thigh_right"].property("kind") != "bad"
    window.close()


@pytest.mark.parametrize("platform", [None, ""])
def test_a_missing_display_is_explained(monkeypatch, platform: str | None) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if platform is not None:  # Qt takes an empty name for none
        monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    with pytest.raises(ConfigError, match="no display") as caught:
        ensure_window()
    assert "imuhip record" in caught.value.hint
