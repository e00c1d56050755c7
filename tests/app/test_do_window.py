"""The steps in the window: keys, pages, and a test on virtual sensors that ends in a file."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from heard_tones import Heard
from played_source import PlayedSource
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

import imuhip
from imuhip.acquisition.blocking import Acquisition
from imuhip.acquisition.engine import EngineOptions
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.live_source import AcquisitionSource
from imuhip.app.views.live_window import LiveWindow
from imuhip.core.link import Radio
from imuhip.core.series import Marker
from imuhip.simulation.kit import VirtualKit, open_virtual_kit
from imuhip.simulation.performances import perform

pytestmark = pytest.mark.usefixtures("nothing_left")

THREE = ("pelvis", "thigh_left", "thigh_right")


@pytest.fixture(scope="module")
def done():
    return perform("knee_to_chest", seed=33, sensors=THREE)


@pytest.fixture
def window(application, done, tmp_path: Path):
    source = PlayedSource(done.recording)
    window = LiveWindow(LiveModel(source, simulated=True, out=tmp_path / "s.h5"))
    window.source = source
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    yield window
    window.close()


def to(window: LiveWindow, until_s: float) -> None:
    while window.source.now_s < until_s:
        window.source.play_to(min(until_s, window.source.now_s + 0.2))
        window.tick()


def press(window: LiveWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
    window.show_words()


def settled(window: LiveWindow) -> None:
    """Wait for the worker, then show what it found."""
    deadline_s = time.monotonic() + 15.0
    while window.session.do.is_measuring:
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(10)
        window.tick()
    window.show_words()


def test_a_test_is_done_by_keys_alone(window, done) -> None:
    test = done.recording.markers[1]
    to(window, 0.2)
    press(window, Qt.Key.Key_F4)
    page, do = window.do_page, window.session.do
    assert page.isVisible() and page.tests.hasFocus()
    for _ in range([t and t.name for t in do.tests].index("knee_to_chest")):
        press(window, Qt.Key.Key_Down)
    press(window, Qt.Key.Key_R)
    assert do.choice.marker == "knee_to_chest_right" and page.right.text().startswith("✓")
    press(window, Qt.Key.Key_L, Qt.Key.Key_Space)
    to(window, 7.0)
    window.show_words()
    assert page.again.isVisible() and not page.tests.isVisible()
    assert "Lie on your back" in page.cue.text()
    to(window, test.start_s)
    press(window, Qt.Key.Key_Space)
    to(window, test.end_s)
    settled(window)
    press(window, Qt.Key.Key_7)
    assert "Pain 7, left" in page.said.text()
    press(window, Qt.Key.Key_Space)
    to(window, test.end_s + 0.2)
    settled(window)
    assert page.count.text() == "3 / 3"
    for number in page.numbers:
        assert number.value.text()[:1].isdigit() and number.spread.text().startswith("± ")
        assert number.accessibleName() and number.value.fontInfo().pixelSize() >= 70
    assert page.count.fontInfo().pixelSize() >= 110
    assert [m.name for m in window.source.stretches] == [
        "n_pose",
        "pain_left_7",
        "knee_to_chest_left",
    ]
    press(window, Qt.Key.Key_Space)
    assert page.tests.hasFocus() and page.tests.currentItem().text().endswith("✓ left")
    press(window, Qt.Key.Key_F7)
    assert window.screen_widget.isVisible() and window.header.record.hasFocus()


@pytest.mark.parametrize(("size", "scale"), [((1024, 700), 1.0), ((1280, 800), 2.0)])
def test_every_phase_fits_and_has_names(window, done, application, size, scale) -> None:
    window.enlarge(round(10 * (scale - 1)))
    window.toggle_theme()
    window.resize(*size)
    test = done.recording.markers[1]
    to(window, 0.2)
    window.go_to("do")
    do = window.session.do
    phases = []

    def fits() -> None:
        for _ in range(3):
            window.tick()
            window.show_words()
            application.processEvents()
        phases.append(do.phase)
        assert window.size().toTuple() == size, do.phase
        page = window.do_page
        assert page.primary.isVisible()
        assert page.primary.mapTo(window, page.primary.rect().bottomRight()).y() < size[1]
        for button in window.findChildren(QPushButton):
            assert button.accessibleName() or button.text()
        for label in page.findChildren(QLabel):
            assert label.fontInfo().pixelSize() >= 13 * scale or not label.isVisible()

    fits()
    do.choose(8)
    window.go_on()
    to(window, 3.0)
    fits()
    to(window, 7.0)
    fits()
    to(window, test.start_s)
    window.go_on()
    to(window, test.end_s)
    settled(window)
    fits()
    window.go_on()
    settled(window)
    fits()
    assert phases == ["choosing", "standing", "going", "doing", "done"]


@pytest.mark.realtime
def test_a_test_on_virtual_sensors_ends_in_a_file_that_gives_the_same(application, tmp_path):
    pytest.importorskip("bumble", reason="virtual Bluetooth is not installed")
    done = perform("squat", seed=33, repetitions=2, fidgets=0.0, sensors=THREE)
    starts_s = done.recording.markers[1].start_s - 1.5
    body = {
        segment: replace(part, time_s=part.time_s - part.time_s[0])
        for segment, series in done.recording.sensors.items()
        for part in [series.between(starts_s, done.recording.markers[1].end_s + 1.0)]
    }
    motion = replace(done.recording, sensors=body, markers=(), truth_motion=None, devices={})
    kits: list[VirtualKit] = []

    @asynccontextmanager
    async def radio() -> AsyncIterator[Radio]:
        kit = await open_virtual_kit(motion, begin="explicit")
        kits.append(kit)
        try:
            yield await kit.radio()
        finally:
            await kit.close()

    with Acquisition(radio, EngineOptions(simulated=True)) as acquisition:
        acquisition.connect(kits[0].assignment)
        model = LiveModel(AcquisitionSource(acquisition), out=tmp_path / "s.h5", simulated=True)
        window = LiveWindow(model)
        window.show()
        window.start()
        do, heard = window.session.do, Heard()
        do.movement.sounds._open = lambda: heard
        do.movement.sounds.toggle()

        def wait_until(condition, timeout_s: float = 30.0) -> None:
            deadline_s = time.monotonic() + timeout_s
            while not condition():
                assert time.monotonic() < deadline_s, f"waited in vain, {do.phase}"
                QTest.qWait(20)

        wait_until(lambda: model.cards and not do.missing)
        window.go_to("do")
        window.do_page.tests.setCurrentRow([t and t.name for t in do.tests].index("squat"))
        window.go_on()
        wait_until(lambda: do.phase == "going")

        async def begin() -> None:
            kits[0].begin()

        acquisition.submit(begin()).result(5)
        begun_s = time.monotonic()
        wait_until(lambda: time.monotonic() > begun_s + 1.5)
        window.go_on()
        do.turn_view()
        page = window.do_page.movement
        wait_until(lambda: page.isVisible() and page.count.text() == "2 / 3 repetitions")
        assert window.do_page.count.text() == "2 / 3"
        counted = do.elapsed_s
        window.go_on()
        wait_until(lambda: not do.is_measuring)
        on_screen = do.result
        window.close()
    assert heard.told == [1, 1, "closed"], "each repetition was heard once"
    assert counted > 5.0 and model.control.results[0].error is None
    recording = imuhip.open(tmp_path / "s.h5")
    assert [m.name for m in recording.markers] == ["n_pose", "squat"]
    (trial,) = imuhip.assess(recording).trials
    assert len(trial.repetitions[""]) == 2
    for measure in trial.measures:
        assert on_screen.measure(measure.name).value == pytest.approx(measure.value, abs=0.5)
    assert isinstance(recording.markers[0], Marker)
