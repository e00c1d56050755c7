"""The window on played sensors: what it shows, its keys, its end."""

from __future__ import annotations

import re
import sys
import threading

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from shiboken6 import Shiboken
from window_picture import draw, walked

import imuhip
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.palette import LIGHT
from imuhip.app.views.live_window import LiveWindow

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.4, seed=4, turns=False)


@pytest.fixture
def window(application, walk, tmp_path):
    source = PlayedSource(walk)
    model = LiveModel(source, simulated=True, out=tmp_path / "walk.h5")
    window = LiveWindow(model)
    window.source = source
    window.show()
    yield window
    window.close()


def frames(window: LiveWindow, application, until_s: float, frame_s: float = 1 / 30) -> None:
    while window.source.now_s < until_s:
        window.source.play_to(window.source.now_s + frame_s)
        window.tick()
        application.processEvents()


def shown_deg(text: str) -> float:
    return float(re.fullmatch(r"(−?\d+)°", text).group(1).replace("−", "-"))


def test_numbers_and_curves_are_the_simulated_walk(window, application, walk) -> None:
    walked(window.source, window.model, 55.0, 0.1)
    errors_deg = []
    for _ in range(20):
        frames(window, application, window.source.now_s + 0.11)
        window.show_words()
        at_s = window.model.history.now_s + window.model.history.curve("pelvis_tilt").age_s[-1]
        for panel in window.screen_widget.panels:
            for angle, number in zip(panel.plan.angles, panel.numbers, strict=True):
                true_deg = np.interp(at_s, walk.truth.index.to_numpy(), walk.truth[f"{angle}_deg"])
                errors_deg.append(shown_deg(number.value.text()) - true_deg)
                assert re.fullmatch(r"± \d+°", number.sd.text())
    assert np.max(np.abs(errors_deg)) < 5.0
    assert np.sqrt(np.mean(np.square(errors_deg))) < 2.0
    line = window.screen_widget.panels[1]._curves[0]._line.path()
    last = line.elementAt(line.elementCount() - 1)
    assert last.x == pytest.approx(0.0, abs=0.1)
    assert last.y == pytest.approx(
        shown_deg(window.screen_widget.panels[1].numbers[0].value.text()), abs=6
    )


def test_before_calibration_angles_are_grey_dashes_with_words(window, application) -> None:
    frames(window, application, 1.0)
    for panel in window.screen_widget.panels:
        for number in panel.numbers:
            assert number.value.text() == "–" and number.value.property("kind") == "unknown"
            assert number.range.text() == "not known"
    assert "tand still" in window.header.headline.text()


def test_no_layout_was_put_into_another_one_filled(window) -> None:
    """The objects PySide6 makes of its items outlive them and are taken for others."""
    assert window.screen_widget is not None
    assert "QWidgetItem" not in {type(one).__name__ for one in Shiboken.getAllValidWrappers()}


def test_a_vanished_sensor_turns_its_card_red_with_words(window, application) -> None:
    frames(window, application, 1.0)
    cards = window.screen_widget.strip.cards
    assert {card.property("kind") for card in cards.values()} == {"good"}
    window.source.silence("thigh_left")
    frames(window, application, 4.5, 0.1)
    left = cards["thigh_left"]
    assert left.property("kind") == "bad" and left.symbol.text() == "✖"
    assert "searching again for" in left.state.text() and "nearer" in left.step.text()
    assert cards["pelvis"].property("kind") == "good"
    assert window.header.property("kind") == "alarm"
    red = left.grab().toImage().pixelColor(left.width() // 2, left.height() - 4)
    assert red.red() > red.green() + 5
    assert "Left thigh" in left.accessibleName()


def test_keys_record_mark_and_quit(window, application) -> None:
    frames(window, application, 0.5)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_Space)
    frames(window, application, 2.0)
    header = window.header
    assert window.model.recording.phase == "recording" and "Stop" in header.record.text()
    QTest.keyClick(window, Qt.Key.Key_M)
    frames(window, application, 2.5)
    assert "(1)" in header.mark.text()
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    frames(window, application, 3.0)
    assert window.model.recording.phase == "idle" and "Saved" in header.file.toolTip()
    QTest.mouseClick(header.record, Qt.MouseButton.LeftButton)
    frames(window, application, 4.0)
    assert window.model.recording.path.name == "walk.h5"  # nothing was written by the player
    QTest.keyClick(window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert not window.isVisible()
    assert window.source.calls[-2:] == ["end", "close"]


def test_the_window_closes_by_itself_and_on_request(application, walk, tmp_path) -> None:
    source = PlayedSource(walk)
    model = LiveModel(source, out=tmp_path / "walk.h5")
    window = LiveWindow(model, duration_s=2.0, record_at_start=True)
    window.source = source
    window.show()
    frames(window, application, 3.0)
    assert not window.isVisible() and source.calls == ["begin", "end", "close"]
    assert model.control.results[0].duration_s == pytest.approx(2.0, abs=0.1)

    stop = threading.Event()
    window = LiveWindow(LiveModel(PlayedSource(walk)), stop_event=stop)
    window.show()
    window.tick()
    assert window.isVisible()
    stop.set()
    window.tick()
    assert not window.isVisible()


def test_the_timer_pulls_and_ends_with_the_window(window, application) -> None:
    window.start()
    for _ in range(100):
        window.source.play_to(window.source.now_s + 0.1)
        QTest.qWait(20)
        if window.model.history.n_rows:
            break
    assert window.model.history.n_rows > 0
    window.close()
    assert not window._timer.isActive()
    rows = window.model.history.n_rows
    window.source.play_to(window.source.now_s + 1.0)
    QTest.qWait(80)
    assert window.model.history.n_rows == rows


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_redrawing_loses_no_reference_to_none(window, application) -> None:
    """PySide6 6.12 did, and aborted within seconds."""
    walked(window.source, window.model, 50.0, 0.1)
    frames(window, application, 50.5)
    before = sys.getrefcount(None)
    for _ in range(50):
        window.source.play_to(window.source.now_s + 1 / 30)
        window.tick()
        window.show_words()
        window.grab()
    assert sys.getrefcount(None) >= before - 20


def test_everything_a_person_uses_has_a_name_and_legible_text(window, application) -> None:
    frames(window, application, 0.5)
    for button in window.findChildren(QPushButton):
        assert button.accessibleName() or button.text()
    for panel in window.screen_widget.panels:
        assert panel.accessibleName()
        for number in panel.numbers:
            assert number.accessibleName() and number.value.fontInfo().pixelSize() >= 28
    for card in window.screen_widget.strip.cards.values():
        assert card.accessibleName()
    small = [
        label.text() for label in window.findChildren(QLabel) if label.fontInfo().pixelSize() < 13
    ]
    assert not small
    assert window.header.badge.isVisible()


@pytest.mark.parametrize("size", [(1280, 800), (1024, 700)])
def test_it_fits_the_screen_even_when_sensors_are_lost(window, application, size) -> None:
    window.source.silence("pelvis")
    frames(window, application, 4.0, 0.1)
    window.resize(*size)
    frames(window, application, 4.4)
    assert window.size().toTuple() == size
    for panel in window.screen_widget.panels:
        assert panel.plot.width() > 200 and panel.plot.height() > 100


def test_a_dark_window_is_dark(window, application) -> None:
    window.toggle_theme()
    frames(window, application, 0.3)
    image = window.grab().toImage()
    assert image.pixelColor(4, 4).lightness() < 60
    window.toggle_theme()
    frames(window, application, 0.6)
    assert window.grab().toImage().pixelColor(4, 4).lightness() > 200


def test_pictures_can_be_made_again(application, tmp_path) -> None:
    for path in draw(tmp_path):
        assert 20_000 < path.stat().st_size < 300_000


def test_the_newest_sample_is_where_the_curve_ends_on_the_screen(window, application) -> None:
    """What the benchmark takes for drawn is painted: pixels there have the colour of the curve."""
    walked(window.source, window.model, 55.0, 0.1)
    frames(window, application, 55.3)
    for panel in window.screen_widget.panels[:2]:
        curve, box = panel._curves[0], panel.plot.getPlotItem().getViewBox()
        line = curve._line.path()
        last = line.elementAt(line.elementCount() - 1)
        assert window.model.history.now_s + last.x == pytest.approx(55.3, abs=0.12)
        image = panel.plot.grab().toImage()
        at = panel.plot.mapFromScene(box.mapViewToScene(QPointF(last.x, last.y)))
        wanted = QColor(LIGHT.curves["left"])
        near = [
            image.pixelColor(at.x() + dx, at.y() + dy)
            for dx in range(-4, 2)
            for dy in range(-3, 4)
            if image.rect().contains(at.x() + dx, at.y() + dy)
        ]
        off = min(
            abs(one.red() - wanted.red())
            + abs(one.green() - wanted.green())
            + abs(one.blue() - wanted.blue())
            for one in near
        )
        assert off < 160, panel.plan.title  # paper is 470 away, the band 370
