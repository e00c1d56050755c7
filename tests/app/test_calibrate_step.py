"""The step of calibration: played people stand and walk, and sensors are worn wrongly."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from played_source import PlayedSource
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import imuhip
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import SessionParts
from imuhip.app.views.live_window import LiveWindow
from imuhip.core.series import ImuSeries

pytestmark = pytest.mark.usefixtures("nothing_left")

STANDS_S = 8.0


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.8, seed=4, calibration=False, turns=False)


def turned_over(series: ImuSeries) -> ImuSeries:
    """Return what the sensor would have measured strapped on upside down."""
    up = series.acc[100:500].mean(axis=0)
    axis = np.argmin(np.abs(up))  # half a turn about what is level
    over = np.full(3, -1.0)
    over[axis] = 1.0
    return replace(series, acc=series.acc * over, gyr=series.gyr * over)


def opened(recording: imuhip.Recording, tmp_path: Path, name: str = "s") -> LiveWindow:
    source = PlayedSource(recording, writes=True)
    model = LiveModel(source, out=tmp_path / f"{name}.h5")
    parts = SessionParts(
        mounting_file=tmp_path / "mounting.json", protocols_folder=tmp_path / "protocols"
    )
    window = LiveWindow(model, parts=parts, step="calibrate")
    window.source = source
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    to(window, 0.2)
    return window


@pytest.fixture
def window(application, walk, tmp_path: Path):
    window = opened(walk, tmp_path)
    yield window
    window.close()


def to(window: LiveWindow, until_s: float) -> None:
    while window.source.now_s < until_s:
        window.source.play_to(min(until_s, window.source.now_s + 0.1))
        window.tick()
    window.show_words()


def press(window: LiveWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
    window.show_words()


def settled(window: LiveWindow) -> None:
    """Wait for the worker, then show what it found."""
    deadline_s = time.monotonic() + 20.0
    while window.session.calibrate.is_busy:
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(10)
        window.tick()
    window.show_words()


def headline(window: LiveWindow) -> str:
    return window.header.headline.toolTip()


def calibrated(window: LiveWindow) -> None:
    """Stand as the default protocol says, and walk long enough."""
    press(window, Qt.Key.Key_Space)
    to(window, 24.0)
    settled(window)
    press(window, Qt.Key.Key_Space)
    settled(window)


def test_standing_and_walking_give_a_grade_by_keys_alone(window) -> None:
    calibrate, page = window.session.calibrate, window.calibrate_page
    assert page.protocols.hasFocus() and page.protocols.count() == 4
    press(window, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Space)
    to(window, 1.5)
    assert "Get ready" in headline(window) and "Stand still" in page.cue.text()
    assert page.course.text().split("     ") == ["▸ Stand still", "○ Walk or run"]
    assert not page.protocols.isVisible()
    to(window, 5.0)
    assert "Stand still" in headline(window) and page.count.text() in ("3", "4")
    for segment in ("pelvis", "thigh_left", "thigh_right"):
        label, bar = page.bars[segment]
        assert bar.isVisible() and 0 < bar.value() < 50 and "still" in label.text()
    to(window, 9.0)
    assert "Standing pose: grade" in page.notes.text() and "Walk" in headline(window)
    to(window, 19.5)
    settled(window)
    texts = [label.text() for label in page.straps]
    assert all(label.isVisible() for label in page.straps)
    assert texts[0].startswith("● Each sensor on its segment")
    assert texts[1].startswith("● Left and right: left is left")
    assert texts[2].startswith("● Straps: firm") and texts[3].startswith("○ Way up")
    to(window, 40.0)
    settled(window)
    assert calibrate.phase == "done" and page.grade.text() in ("A", "B")
    assert window.source.stretches == []  # nothing is marked before it is accepted
    press(window, Qt.Key.Key_Space)
    assert window.session.step == "do"
    pose, gait = window.source.stretches
    assert (pose.name, gait.name) == ("n_pose", "gait")
    assert pose.end_s - pose.start_s >= 5.0 and gait.end_s - gait.start_s >= 29.0
    # A test can begin at once: nobody stands twice.
    names = [test.name if test else "" for test in window.session.do.tests]
    window.session.do.choose(names.index("knee_to_chest"))
    window.session.do.go_on()
    assert window.session.do.phase == "going"


def test_the_recording_gives_the_same_calibration(window) -> None:
    calibrated(window)
    judged = window.session.calibrate.judgement
    press(window, Qt.Key.Key_Space)
    window.toggle_recording()
    window.tick()
    recording = imuhip.open(window.model.control.results[0].path)
    quality = imuhip.analyze(recording).quality
    assert [marker.name for marker in recording.markers] == ["n_pose", "gait"]
    assert quality["grade"] == judged.grade and set(quality["reasons"]) == set(judged.reasons)
    assert quality["calibration"]["pose_from_marker"]


def test_a_window_closed_right_after_calibrating_keeps_what_was_marked(window) -> None:
    calibrated(window)
    assert window.session.calibrate.phase == "done"
    window.close()
    recording = imuhip.open(window.model.control.results[0].path)
    assert [marker.name for marker in recording.markers] == ["n_pose", "gait"]


def test_who_moves_begins_the_count_again_and_is_named(window, walk) -> None:
    calibrate, page = window.session.calibrate, window.calibrate_page
    to(window, STANDS_S - 2.0)
    press(window, Qt.Key.Key_Space)
    to(window, STANDS_S + 6.0)  # the person walks off where they should stand
    assert calibrate.phase == "doing" and calibrate.pose is not None
    assert calibrate.pose.still_s < 1.0 and page.count.text() == "5"
    label, bar = page.bars["thigh_left"]
    assert "moves" in label.text() and label.text().startswith("✖")
    assert bar.property("kind") == "bad" and bar.value() == 100
    press(window, Qt.Key.Key_Escape)
    assert calibrate.phase == "choosing" and page.protocols.hasFocus()


@pytest.mark.parametrize("seed", [4, 12, 29])
def test_swapped_thighs_are_told_within_fifteen_seconds(application, tmp_path, seed: int) -> None:
    walk = imuhip.simulate("walk", 0.3, seed=seed, calibration=False, turns=False)
    left, right = walk.sensors["thigh_left"], walk.sensors["thigh_right"]
    body = {**walk.sensors, "thigh_left": right, "thigh_right": left}
    window = opened(replace(walk, sensors=body, truth_motion=None, devices={}), tmp_path)
    try:
        press(window, Qt.Key.Key_Space)
        to(window, 3.3)
        begun_s = window.source.now_s
        while window.session.calibrate.judgement is None:
            to(window, window.source.now_s + 0.1)
            settled(window)
            assert window.source.now_s < begun_s + 15.5
        page = window.calibrate_page
        assert headline(window) == "Look at the straps: Left and right"
        assert "exchange the thigh sensors" in window.header.detail.text()
        assert page.straps[1].text().startswith("✖") and page.straps[1].property("kind") == "bad"
        assert window.header.property("kind") == "alarm"
        to(window, window.source.now_s + 1.0)
        press(window, Qt.Key.Key_Space)
        settled(window)
        press(window, Qt.Key.Key_Space)  # not accepted: nothing is marked, one stays here
        assert window.session.step == "calibrate" and window.source.stretches == []
        assert not page.primary.isEnabled() and page.grade.text() == "D"
    finally:
        window.close()


def test_a_sensor_on_the_wrong_segment_and_a_loose_strap_are_told(application, tmp_path) -> None:
    walk = imuhip.simulate("walk", 0.3, seed=7, calibration=False, turns=False)
    pelvis, thigh = walk.sensors["pelvis"], walk.sensors["thigh_left"]
    wrong = {**walk.sensors, "pelvis": thigh, "thigh_left": pelvis}
    loose = imuhip.simulate(
        "walk", 0.3, seed=7, calibration=False, turns=False, strap_wobble=1.0, soft_tissue=1.0
    )
    for name, recording, check, words in (
        ("wrong", replace(walk, sensors=wrong, truth_motion=None, devices={}), 0, "exchange"),
        ("loose", loose, 2, "tighten"),
    ):
        window = opened(recording, tmp_path, name)
        try:
            press(window, Qt.Key.Key_Space)
            to(window, 19.0)
            settled(window)
            text = window.calibrate_page.straps[check].text()
            assert text.startswith("✖") and words in text, (name, text)
            assert window.header.property("kind") == "alarm"
        finally:
            window.close()


def test_a_sensor_worn_upside_down_is_told_from_the_second_time_on(application, walk, tmp_path):
    window = opened(walk, tmp_path, "first")
    try:
        calibrated(window)
        press(window, Qt.Key.Key_Space)
        assert window.session.step == "do"
    finally:
        window.close()
    body = {**walk.sensors, "thigh_right": turned_over(walk.sensors["thigh_right"])}
    again = replace(walk, sensors=body, truth_motion=None, devices={})
    window = opened(again, tmp_path, "second")
    try:
        calibrated(window)
        text = window.calibrate_page.straps[3].text()
        assert text.startswith("✖ Way up: right thigh: upside down"), text
        assert window.calibrate_page.straps[1].text().startswith("●")
        press(window, Qt.Key.Key_C)
        assert window.session.calibrate.phase == "ready"
        assert window.session.calibrate.judgement is None
    finally:
        window.close()
    (tmp_path / "mounting.json").write_text('{"x": [1, 2], "y": "z"}')
    opened(again, tmp_path, "third").close()  # nobody misses it


def test_a_protocol_with_an_error_is_explained_and_the_others_work(application, walk, tmp_path):
    folder = tmp_path / "protocols"
    folder.mkdir()
    (folder / "ours.toml").write_text('title = "Ours"\n[[steps]]\nname = "n_pose"\n')
    window = opened(walk, tmp_path)
    try:
        page, calibrate = window.calibrate_page, window.session.calibrate
        press(window, *[Qt.Key.Key_Down] * 4)
        assert page.protocols.currentItem().text() == "✖ ours: cannot be used"
        assert window.header.property("kind") == "alarm"
        assert "ours.toml" in page.notes.text() and "prompt" in page.notes.text()
        press(window, Qt.Key.Key_Space)
        assert calibrate.phase == "choosing" and window.source.calls == []
        press(window, *[Qt.Key.Key_Up] * 4)
        press(window, Qt.Key.Key_Space)
        assert calibrate.phase in ("starting", "ready")
    finally:
        window.close()


def test_a_lost_sensor_and_a_stopped_recording_end_it_in_words(window) -> None:
    calibrate = window.session.calibrate
    press(window, Qt.Key.Key_Space)
    to(window, 5.0)
    window.source.silence("thigh_left")
    to(window, 9.5)
    assert "Left thigh" in headline(window) and window.header.property("kind") == "alarm"
    assert calibrate.phase == "doing" and calibrate.pose.still_s == 0.0
    assert "no samples" in window.calibrate_page.bars["thigh_left"][0].text()
    window.source.back("thigh_left")
    window.toggle_recording()
    to(window, 10.0)
    assert calibrate.phase == "choosing" and "recording ended" in window.calibrate_page.notes.text()
