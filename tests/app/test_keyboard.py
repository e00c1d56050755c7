"""Everything is reached by keys alone, has a name for screen readers, and grows with the text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QScrollBar, QWidget

import imuhip
from imuhip.app.models import translation
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.preferences import PreferenceFile
from imuhip.app.models.session_model import STEPS
from imuhip.app.views.live_window import LiveWindow

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.2, seed=4, turns=False)


@pytest.fixture
def window(application, walk, tmp_path: Path):
    source = PlayedSource(walk)
    model = LiveModel(source, simulated=True, out=tmp_path / "s.h5")
    window = LiveWindow(model, preferences=PreferenceFile(tmp_path / "settings.toml"))
    window.source = source
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    for _ in range(5):
        source.play_to(source.now_s + 0.1)
        window.tick()
    yield window
    window.close()


def settle(window: LiveWindow) -> None:
    """Let texts find their layout, and the layout its texts."""
    for _ in range(4):
        window.tick()
        window.show_words()
        QApplication.processEvents()


def focusable(window: LiveWindow) -> list[QWidget]:
    return [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
    ]


def test_what_takes_the_keyboard_has_a_name_and_is_reached_by_tab(window) -> None:
    for step in STEPS:
        window.go_to(step)
        settle(window)
        wanted = set(focusable(window))
        for widget in wanted:
            name = widget.accessibleName() or getattr(widget, "text", str)()
            assert name.strip(), f"{step}: {type(widget).__name__} {widget.objectName()}"
        assert window.focusWidget() in wanted, f"nothing has the keyboard in {step}"
        for forwards in (True, False):
            reached = {window.focusWidget()}
            for _ in range(len(wanted) + 2):
                window.focusNextPrevChild(forwards)
                reached.add(window.focusWidget())
            assert wanted <= reached, [type(w).__name__ for w in wanted - reached]


def test_buttons_name_the_key_that_does_the_same(window) -> None:
    for step in STEPS:
        window.go_to(step)
        settle(window)
        keys = {
            key.toString()
            for action in window.findChildren(QAction)
            if action.isEnabled()
            for key in action.shortcuts()
        }
        assert len(keys) > 15
        for button in window.findChildren(QAbstractButton):
            if button.isVisible() and not button.focusPolicy() & Qt.FocusPolicy.TabFocus:
                told = f"{button.text()} {button.toolTip()}"
                words = set(re.findall(r"[\w+]+", told))
                named = {"Escape" if word == "Esc" else word for word in words}
                assert named & keys, f"{told!r} in {step}"


def test_no_two_actions_share_a_key_in_a_step(window) -> None:
    for step in STEPS:
        window.go_to(step)
        keys = [
            key.toString()
            for action in window.findChildren(QAction)
            if action.isEnabled()
            for key in action.shortcuts()
        ]
        assert len(keys) == len(set(keys)), sorted(k for k in keys if keys.count(k) > 1)


def test_colours_and_size_of_text_change_by_keys_and_are_kept(window, tmp_path) -> None:
    sizes = [window.header.elapsed.fontInfo().pixelSize()]
    control = Qt.KeyboardModifier.ControlModifier
    for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
        QTest.keyClick(window, key, control)
        settle(window)
        sizes.append(window.header.elapsed.fontInfo().pixelSize())
    assert sizes == [*sorted(sizes[:4]), sizes[2]] and sizes[0] < sizes[1] < sizes[2]
    QTest.keyClick(window, Qt.Key.Key_D, control)
    kept = PreferenceFile(tmp_path / "settings.toml").preferences
    assert (kept.theme, kept.text_percent) == ("dark", 120)


@pytest.mark.parametrize("percent", [100, 200])
@pytest.mark.parametrize("size", [(1280, 800), (1024, 700)], ids=str)
def test_every_step_fits_the_screen_and_scrolls_where_it_must(window, size, percent) -> None:
    window.enlarge((percent - 100) // 10)
    window.resize(*size)
    for step in STEPS:
        window.go_to(step)
        settle(window)
        assert window.size().toTuple() == size, step
        area = window._areas[step]
        across = area.horizontalScrollBar()
        # Text of twice the size on the smallest screen may scroll a little to the side as well.
        spare = 100 if (size, percent) == ((1024, 700), 200) else 0
        assert across.maximum() <= spare, f"{step} is {across.maximum()} px too wide"
        assert area.height() >= 0.4 * size[1], f"{step} has {area.height()} px left"
        down = area.verticalScrollBar()
        if percent == 100:
            assert down.maximum() == 0, f"{step} is {down.maximum()} px too high"
        elif down.maximum():
            QTest.keyClick(window, Qt.Key.Key_Down, Qt.KeyboardModifier.ControlModifier)
            assert down.value() > 0
            QTest.keyClick(window, Qt.Key.Key_Up, Qt.KeyboardModifier.ControlModifier)
            assert down.value() == 0
        for label in area.findChildren(QLabel):
            if label.isVisible() and label.text():
                assert label.fontInfo().pixelSize() >= 12.9 * percent / 100, label.text()
        for button in window.findChildren(QAbstractButton):
            if button.isVisible() and not isinstance(button, QScrollBar) and button.text():
                room = button.width() - button.fontMetrics().horizontalAdvance(button.text())
                assert room >= 0, f"{step}: {button.text()!r} is cut off"


def flat(value) -> list[str]:
    """Return every string of a constant."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    return [text for part in parts for text in flat(part)]


def test_a_german_window_has_no_english_in_it(application, walk, tmp_path) -> None:
    english = translation.constants()
    told = translation.read_language("de")
    pairs = [
        (one, other)
        for module, table in english.items()
        for key, value in table.items()
        for one, other in zip(flat(value), flat(told[module][key]), strict=True)
    ]
    same = {other for _, other in pairs}
    only_english = {one for one, _ in pairs if len(one) > 2 and one not in same}
    translation.use("de")
    try:
        window = LiveWindow(LiveModel(PlayedSource(walk), simulated=True))
        window.show()
        for step in STEPS:
            window.go_to(step)
            settle(window)
            shown = [w.text() for w in window.findChildren(QLabel) if w.isVisible()]
            shown += [w.text() for w in window.findChildren(QAbstractButton) if w.isVisible()]
            shown += [w.accessibleName() for w in window.findChildren(QWidget) if w.isVisible()]
            shown += [action.text() for action in window.findChildren(QAction)]
            assert not only_english & {text.strip() for text in shown}, step
        assert window.steps.buttons["calibrate"].text().startswith("Kalibrieren")
        window.close()
    finally:
        translation.use("en")


def test_settings_that_are_not_understood_are_told_in_the_window(
    application, walk, tmp_path
) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('version = 99\ntheme = "dark"\n')
    window = LiveWindow(LiveModel(PlayedSource(walk)), preferences=PreferenceFile(path))
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    settle(window)
    assert window.notice_bar.isVisible() and "version 99" in window.notice_bar.text.text()
    assert "version 99" in window.notice_bar.accessibleName()
    assert window.grab().toImage().pixelColor(4, 4).lightness() < 60, "what is known of it counts"
    QTest.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert not window.notice_bar.isVisible()
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert window.grab().toImage().pixelColor(4, 4).lightness() > 200, "and can be changed"
    assert path.read_text() == 'version = 99\ntheme = "dark"\n'
    assert not window.notice_bar.isVisible(), "told once"
    window.close()
