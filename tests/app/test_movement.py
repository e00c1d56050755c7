"""What is drawn of a movement: own bands, figure, limit and tones."""

from __future__ import annotations

import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("PySide6.QtWidgets", exc_type=ImportError, reason="Qt cannot be loaded here")

from heard_tones import Heard
from played_source import PlayedSource
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from window_picture import walked

import imuhip
from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.feedback import Feedback
from imuhip.app.models.limits import TOO_WIDE, is_usable
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.movement_model import CYCLE_ANGLES, MovementModel
from imuhip.app.models.own_band import bands_of
from imuhip.app.models.sounds import Sounds
from imuhip.app.models.stick_figure import PARTS, figure_of
from imuhip.app.models.stride_watch import StrideWatch
from imuhip.app.models.worker import InPlace
from imuhip.app.sound import RATE_HZ, DeviceSpeaker, ToneMaker, open_speaker
from imuhip.app.views.live_window import LiveWindow
from imuhip.core import quaternion
from imuhip.core.segments import ANGLES, SIDES
from imuhip.errors import ConfigError

pytestmark = pytest.mark.usefixtures("nothing_left")


def sounds(speaker: Heard | None = None) -> Sounds:
    return Sounds(lambda: speaker or Heard(), InPlace())


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 1.0, seed=4, turns=False)


@pytest.fixture(scope="module")
def analysis(walk) -> imuhip.Analysis:
    return imuhip.analyze(walk)


@pytest.fixture(scope="module")
def followed(walk) -> MovementModel:
    """Return a movement model after the walk, as it came live."""
    source = PlayedSource(walk)
    live = LiveModel(source)
    movement = MovementModel(live, InPlace(), sounds())
    while source.now_s < 62.0:
        source.play_to(source.now_s + 0.1)
        live.pull()
        movement.pull()
    return movement


# -- own bands ------------------------------------------------------------------------------------


def test_live_bands_are_those_of_the_offline_analysis(followed, analysis) -> None:
    """Same strides, same cycles: what differs is that live angles are causal."""
    offline = bands_of(analysis)
    for angle in CYCLE_ANGLES:
        for side in SIDES:
            name = f"{angle}_{side}" if angle.startswith("hip") else angle
            live, whole = followed.band(angle, side), offline[name, side]
            assert 8 <= live.n <= whole.n and whole.n >= 40
            difference_deg = live.mean_deg - whole.mean_deg
            assert np.sqrt(np.mean(difference_deg**2)) < 1.0, (angle, side)
            assert np.median(live.sd_deg) == pytest.approx(np.median(whole.sd_deg), abs=0.5)
    assert "of this session" in followed.band_words


def test_the_present_stride_lies_in_the_band(followed) -> None:
    for side in SIDES:
        stride, band = followed.present("hip_flexion", side), followed.band("hip_flexion", side)
        assert 0.0 <= stride.percent[0] < 3.0 and np.all(np.diff(stride.percent) > 0)
        assert stride.percent[-1] > 20.0
        expected_deg = np.interp(stride.percent, np.linspace(0, 100, 101), band.mean_deg)
        assert np.abs(stride.value_deg - expected_deg).max() < 6.0


def angles_of(time_s, **degrees) -> LiveAngles:
    values = {name: np.full(len(time_s), np.nan) for name in ANGLES}
    values |= {name: np.radians(column) for name, column in degrees.items()}
    sd = {name: np.full(len(time_s), np.radians(1.0)) for name in ANGLES}
    return LiveAngles(time_s, values, sd, {}, np.full(len(time_s), np.nan))


@pytest.mark.parametrize(
    ("period_s", "phase", "strides"),
    [(1.1, np.pi, 5), (0.7, np.pi, 8), (1.1, 0.0, 0), (3.0, 0.0, 0), (3.0, np.pi, 0)],
    ids=["walk", "run", "hop", "squat", "slow"],
)
def test_only_gait_makes_strides(period_s: float, phase: float, strides: int) -> None:
    watch = StrideWatch(100.0)
    time_s = np.arange(0.0, 12.0, 0.01)
    turn = 2 * np.pi * time_s / period_s
    whole = angles_of(
        time_s,
        hip_flexion_left=5 + 22 * np.cos(turn),
        hip_flexion_right=5 + 22 * np.cos(turn + phase),
        pelvis_tilt=np.full(len(time_s), 10.0),
    )
    for start in range(0, len(time_s), 3):
        part = slice(start, start + 3)
        watch.append(
            LiveAngles(
                whole.time_s[part],
                {name: column[part] for name, column in whole.values.items()},
                whole.sd,
                {},
                whole.direction_rad[part],
            )
        )
        watch.look()
    if strides:
        assert strides <= watch.store.n_seen["left"] <= 12.0 / period_s
        assert watch.store.stride_time_s("left") == pytest.approx(period_s, abs=0.02)
        assert watch.store.bands()["pelvis_tilt", "left"].mean_deg == pytest.approx(10.0)
        assert ("hip_rotation_left", "left") not in watch.store.bands()
    else:
        assert watch.store.n_seen == {"left": 0, "right": 0}
        assert watch.present("hip_flexion_left", "left") is None


def test_the_band_of_the_same_persons_last_session_comes_first(walk, analysis, tmp_path) -> None:
    earlier = replace(walk, subject="S01", truth_motion=None, devices={})
    earlier.save(tmp_path / "a.h5")
    replace(earlier, subject="S02").save(tmp_path / "b.h5")
    source = PlayedSource(replace(walk, subject="S01"))
    movement = MovementModel(LiveModel(source, out=tmp_path / "new.h5"), InPlace(), sounds())
    (tmp_path / "a.h5").touch()
    # a file that changed a moment ago may still be written
    import os

    for path in tmp_path.iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60))
    movement.pull()
    movement.pull()
    assert "a.h5" in movement.band_words
    band = movement.band("hip_rotation", "left")
    assert np.array_equal(band.mean_deg, bands_of(analysis)["hip_rotation_left", "left"].mean_deg)
    source.subject = "S03"
    movement.pull()
    movement.pull()
    assert movement.band("hip_rotation", "left") is None
    assert "no own band yet" in movement.band_words


# -- figure ---------------------------------------------------------------------------------------

UPRIGHT = quaternion.about_axis(np.array([1.0, 0.0, 0.0]), np.pi / 2)
"""x ahead along x of the world, y up."""


def bent(flexion_deg: float, adduction_deg: float = 0.0) -> np.ndarray:
    about_right = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), np.radians(flexion_deg))
    about_ahead = quaternion.about_axis(np.array([1.0, 0.0, 0.0]), np.radians(adduction_deg))
    return quaternion.multiply(quaternion.multiply(UPRIGHT, about_right), about_ahead)


@pytest.mark.parametrize("heading_deg", [0.0, 15.0, 90.0, 200.0])
def test_the_figure_stands_as_the_person_does_whatever_the_heading(heading_deg: float) -> None:
    heading_rad = np.radians(heading_deg)
    turned = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), heading_rad)
    posture = {"pelvis": UPRIGHT, "thigh_left": bent(0, 0), "thigh_right": bent(90)}
    q_WB = {segment: quaternion.multiply(turned, q) for segment, q in posture.items()}
    for direction_rad in (heading_rad, np.nan):
        parts = figure_of(q_WB, direction_rad).parts
        left, right = parts["thigh_left"], parts["thigh_right"]
        assert left.frontal == pytest.approx(np.array([[-0.085, 0.0], [-0.085, -0.42]]), abs=1e-9)
        assert left.sagittal[1] == pytest.approx((0.0, -0.42), abs=1e-9)
        # flexed to the horizontal: seen from the right the knee is ahead, from behind hidden
        assert right.sagittal[1] == pytest.approx((0.42, 0.0), abs=1e-9)
        assert right.frontal[1] == pytest.approx((0.085, 0.0), abs=1e-9)
        assert left.measured and not parts["shank_left"].measured
        assert parts["shank_left"].sagittal[1, 1] == pytest.approx(-0.84)
        assert "shank_right" not in parts, "nobody knows where it hangs"
        assert set(parts) <= set(PARTS) and not parts["trunk"].measured


def test_a_dropped_pelvis_and_a_sensor_on_the_shank_show() -> None:
    hiked = quaternion.multiply(UPRIGHT, quaternion.about_axis(np.array([1.0, 0, 0]), -0.2))
    parts = figure_of({"pelvis": hiked, "thigh_left": UPRIGHT, "shank_left": bent(-60)}, 0.0).parts
    assert parts["pelvis"].frontal[1, 1] > 0.01 > -0.01 > parts["pelvis"].frontal[0, 1]
    assert parts["shank_left"].measured
    knee, ankle = parts["shank_left"].sagittal
    assert ankle[0] - knee[0] == pytest.approx(-0.42 * np.sin(np.radians(60)))
    assert figure_of({"pelvis": np.full(4, np.nan)}, 0.0).parts == {}
    assert (
        "thigh_left" not in figure_of({"pelvis": hiked, "thigh_left": np.full(4, np.nan)}, 0).parts
    )


# -- limit ----------------------------------------------------------------------------------------


def history_of(angle: str, value_deg: float, sd_deg: float = 1.0, at_s: float = 1.0):
    history = AngleHistory(100.0, 10.0)
    time_s = np.array([at_s - 0.01, at_s])
    angles = angles_of(time_s, **{angle: np.full(2, value_deg)})
    history.append(replace(angles, sd={a: np.full(2, np.radians(sd_deg)) for a in ANGLES}))
    return history


def test_a_limit_is_kept_reached_or_passed() -> None:
    feedback = Feedback()
    assert feedback.angle == "pelvis_obliquity" and feedback.limit_deg == 5.0

    def at(value_deg: float, **kinds) -> str:
        return feedback.look(history_of(feedback.angle, value_deg, **kinds)).state

    assert [at(v) for v in (4.9, 5.1, 4.7, 4.4, -5.1)] == [
        "good",
        "beyond",
        "beyond",
        "good",
        "beyond",
    ]
    feedback.turn_sense()
    assert feedback.sense == "below" and [at(v) for v in (-20.0, 5.1)] == ["good", "beyond"]
    feedback.turn_sense()
    assert feedback.sense == "above"
    assert [at(v) for v in (4.0, 5.2, 4.7, 4.4)] == ["short", "good", "good", "short"]
    assert at(9.0, sd_deg=TOO_WIDE["deg"] + 0.1) == "uncertain"
    assert feedback.look(AngleHistory(100.0, 10.0)).state == "unknown"
    history = history_of(feedback.angle, 9.0)
    history.move_to(3.0)
    assert feedback.look(history).state == "unknown", "an old value is none"


def test_limits_are_set_for_each_angle_and_kind() -> None:
    feedback = Feedback()
    feedback.set_limit(-7.4)
    assert feedback.limit_deg == 7.0, "within is a size"
    feedback.move_limit(-9)
    assert feedback.limit_deg == 1.0
    feedback.turn_angle()
    assert feedback.angle == "pelvis_rotation" and feedback.limit_deg == 5.0
    feedback.turn_sense()
    feedback.set_limit(-12.0)
    assert feedback.limit_deg == -12.0 and "−12°" in feedback.limit_words
    for _ in range(8):
        feedback.turn_angle()
    feedback.turn_sense()
    feedback.turn_sense()
    assert feedback.angle == "pelvis_obliquity" and feedback.limit_deg == 1.0
    assert "Pelvis list" in feedback.spoken and "±" in feedback.spoken
    with pytest.raises(ValueError, match="Expected an angle"):
        feedback.choose_angle("knee")


def test_what_cannot_be_used_is_said_in_one_place() -> None:
    assert is_usable(8.0) and not is_usable(8.1) and not is_usable(None)
    assert not is_usable(float("nan")) and is_usable(0.2, "1") and not is_usable(0.3, "1")


# -- tones ----------------------------------------------------------------------------------------


def heard(maker: ToneMaker, seconds: float, n: int = 882) -> np.ndarray:
    parts = [maker.samples(n) for _ in range(round(seconds * RATE_HZ / n))]
    return np.frombuffer(b"".join(parts), dtype="<i2") / 32767


def test_a_held_tone_is_a_tone_without_clicks() -> None:
    maker = ToneMaker()
    assert not heard(maker, 0.1).any()
    maker.holds = True
    sound = heard(maker, 1.0)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.fft.rfftfreq(len(sound), 1 / RATE_HZ)[spectrum.argmax()] == pytest.approx(440, abs=2)
    maker.holds = False
    whole = np.concatenate([sound, heard(maker, 0.1)])
    steepest = 0.25 * 2 * np.pi * 440 / RATE_HZ
    assert np.abs(np.diff(whole)).max() < 1.1 * steepest and not whole[-441:].any()


def test_repetitions_blip_over_it() -> None:
    maker = ToneMaker()
    maker.blip(2)
    sound = np.abs(heard(maker, 0.5))
    loud = np.convolve(sound > 0.1, np.ones(441), "same") > 0
    assert np.count_nonzero(np.diff(loud.astype(int)) == -1) == 2
    assert not sound[-4410:].any() and sound.max() <= 0.26


def test_a_real_device_asks_for_samples_and_ends() -> None:
    """On miniaudio's silent backend: its own thread, its own pace."""
    miniaudio = pytest.importorskip("miniaudio")
    speaker = DeviceSpeaker([miniaudio.Backend.NULL])
    speaker.hold(True)
    speaker.blip(1)
    deadline_s = time.monotonic() + 5.0
    while speaker.maker._loudness == 0.0 and time.monotonic() < deadline_s:
        QTest.qWait(5)
    speaker.close()
    assert speaker.maker._loudness > 0.0


def test_without_the_library_or_a_device_it_is_said(monkeypatch) -> None:
    miniaudio = pytest.importorskip("miniaudio")

    def refused(*_args, **_kwargs):
        raise miniaudio.MiniaudioError("failed to init device", -1)

    monkeypatch.setattr(miniaudio, "PlaybackDevice", refused)
    with pytest.raises(ConfigError, match="no sound device") as caught:
        open_speaker()
    assert caught.value.code == "E744"
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    with pytest.raises(ConfigError) as caught:
        open_speaker()
    assert "pip install" in caught.value.hint
    tones = Sounds(open_speaker, InPlace())
    tones.toggle()
    tones.pull()
    assert not tones.is_on and not tones.wanted and "No sound here" in tones.words
    tones.hold(True)
    tones.count(is_last=True)
    tones.close()


def test_opening_sound_keeps_nobody_waiting() -> None:
    gate, speaker = threading.Event(), Heard()

    def slow() -> Heard:
        assert gate.wait(10.0)
        return speaker

    tones = Sounds(slow, ThreadPoolExecutor(1))
    tones.toggle()
    tones.pull()
    tones.hold(True)
    assert "switched on" in tones.words and speaker.told == []
    gate.set()
    deadline_s = time.monotonic() + 10.0
    while not tones.is_on and time.monotonic() < deadline_s:
        tones.pull()
        QTest.qWait(1)
    tones.hold(True)
    tones.hold(True)
    tones.count(is_last=False)
    tones.count(is_last=True)
    tones.toggle()
    tones.count(is_last=True)
    tones.close()
    assert speaker.told == [True, 1, 2, False, "closed"]


def test_repetitions_are_heard_once_each(walk) -> None:
    speaker = Heard()
    movement = MovementModel(LiveModel(PlayedSource(walk)), InPlace(), sounds(speaker))
    movement.sounds.toggle()
    movement.pull()
    for n_done in (0, 1, 1, 2, 3, 3, 0, 1):
        movement.count(n_done, 3)
    assert speaker.told == [1, 1, 2, 1]


def test_tones_follow_the_limit_and_end_with_the_movement(walk) -> None:
    speaker = Heard()
    source = PlayedSource(walk)
    live = LiveModel(source)
    movement = MovementModel(live, InPlace(), sounds(speaker))
    while source.now_s < 50.0:
        source.play_to(source.now_s + 0.1)
        live.pull()
        movement.pull(sounds=False)
    movement.sounds.toggle()
    feedback = movement.feedback
    feedback.choose_angle("hip_flexion_left")
    feedback.turn_sense()

    def play(seconds: float, *, going: bool = True) -> list[object]:
        speaker.told.clear()
        until_s = source.now_s + seconds
        while source.now_s < until_s:
            source.play_to(source.now_s + 1 / 30)
            live.pull()
            movement.pull(sounds=going)
        return list(speaker.told)

    feedback.set_limit(15.0)
    told = play(3.4)  # three strides of about 1.05 s
    assert told[0] is True and 5 <= len(told) <= 8
    assert all(one is not other for one, other in pairwise(told)), "on and off by turns"
    assert play(1.2, going=False)[:1] in ([], [False]), "it ends with the movement"
    feedback.turn_sense()
    assert feedback.sense == "above"
    feedback.set_limit(15.0)
    told = play(3.4)
    assert set(told) == {1} and 2 <= len(told) <= 4, "reaching it is heard once"


# -- the window -----------------------------------------------------------------------------------


@pytest.fixture
def window(application, walk, tmp_path: Path):
    source = PlayedSource(walk, writes=True)
    window = LiveWindow(LiveModel(source, simulated=True, out=tmp_path / "walk.h5"))
    window.source = source
    window.show()
    window.activateWindow()
    assert QTest.qWaitForWindowActive(window)
    yield window
    window.close()


def press(window: LiveWindow, *keys: Qt.Key) -> None:
    for key in keys:
        QTest.keyClick(window.focusWidget() or window, key)
    window.show_words()


def do_a_walk(window: LiveWindow, until_s: float) -> None:
    """Begin a walk by keys and let it go on until then."""
    window.source.play_to(0.1)
    window.tick()
    window.go_to("do")
    press(window, Qt.Key.Key_Space)
    while window.source.now_s < 10.0:
        window.source.play_to(window.source.now_s + 0.2)
        window.tick()
    press(window, Qt.Key.Key_Space)
    assert window.session.do.phase == "doing"
    while window.source.now_s < until_s:
        window.source.play_to(window.source.now_s + 0.2)
        window.tick()
    window.show_words()


def test_the_movement_is_shown_by_a_key_and_the_limit_set_by_keys_and_mouse(window) -> None:
    do_a_walk(window, 59.0)
    page, movement = window.do_page, window.session.do.movement
    assert not page.movement.isVisible() and page.numbers[0].isVisible()
    press(window, Qt.Key.Key_V)
    window.tick()
    assert page.movement.isVisible() and not page.numbers[0].isVisible()
    assert "6 left" in page.movement.whose.toolTip() or "left" in page.movement.whose.toolTip()
    flexion = page.movement.cycles[1]
    assert flexion._bands["left"]._item.path().elementCount() == 203
    assert flexion._present["left"]._item.path().elementCount() > 20
    assert page.movement.figure.note.text().startswith("Right dashed")
    for panel in page.movement.cycles:
        assert re.fullmatch(
            r"[A-Z][a-z]+ [a-z]+: Left −?\d+° ±\d+°, Right −?\d+° ±\d+°", panel.accessibleName()
        )
    feedback = movement.feedback
    press(window, *[Qt.Key.Key_A] * 5, Qt.Key.Key_B)
    assert feedback.angle == "hip_flexion_left" and feedback.sense == "below"
    for _ in range(40):
        press(window, Qt.Key.Key_Minus)
    for _ in range(2):
        window.source.play_to(window.source.now_s + 0.01)
        window.tick()
    window.show_words()
    panel = page.movement.feedback
    value_deg = feedback.state.value_deg
    press(window, Qt.Key.Key_Plus)
    assert feedback.limit_deg == -9.0
    feedback.set_limit(value_deg - 3.0)
    for _ in range(2):
        window.source.play_to(window.source.now_s + 0.01)
        window.tick()
    window.show_words()
    assert feedback.state.is_wrong and panel.property("kind") == "bad"
    assert panel.state.text() == "▲ too far" and "too far" in panel.accessibleName()
    before_deg = feedback.limit_deg
    # the line is dragged upwards by the mouse
    plot = panel.plot
    box = plot.getPlotItem().getViewBox()
    at = plot.mapFromScene(box.mapViewToScene(QPointF(0.9, feedback.limit_deg)))
    x = at.x()
    start, end = QPoint(x, at.y()), QPoint(x, at.y() - 25)
    QTest.mousePress(plot.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 6):
        QTest.mouseMove(plot.viewport(), start + (end - start) * step / 5)
    QTest.mouseRelease(plot.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert feedback.limit_deg > before_deg + 3.0
    for size in ((1024, 700), (1280, 800)):
        window.resize(*size)
        window.show_words()
        assert window.size().toTuple() == size


def test_the_limit_alone_is_read_from_three_metres(window) -> None:
    do_a_walk(window, 56.0)
    press(window, Qt.Key.Key_V, Qt.Key.Key_V)
    page, movement = window.do_page, window.session.do.movement
    panel = page.limit
    assert panel.isVisible() and not page.movement.isVisible() and not page._shown.isVisible()
    assert panel.value.fontInfo().pixelSize() >= 120 and panel.state.fontInfo().pixelSize() >= 70
    assert panel.count.text().startswith("0:4")
    movement.feedback.choose_angle("hip_flexion_left")
    said = set()
    for limit_deg in (60.0, 1.0, 60.0):
        movement.feedback.set_limit(limit_deg)
        for _ in range(20):
            window.source.play_to(window.source.now_s + 1 / 30)
            window.tick()
            # words and colour come with the frame that shows it, not with the next words
            assert panel.state.text() == movement.feedback.state.words
            assert (panel.property("kind") == "bad") == movement.feedback.state.is_wrong
            said.add(panel.state.text())
    assert said == {"● good", "▲ too far"}
    press(window, Qt.Key.Key_V)
    assert page._shown.isVisible() and not panel.isVisible()


def test_a_tone_that_cannot_sound_says_so_in_the_panel(window) -> None:
    tones = window.session.do.movement.sounds

    def refused() -> Heard:
        raise ConfigError("no sound device", code="E744")

    tones._open = refused
    window.go_to("do")
    press(window, Qt.Key.Key_Z)
    deadline_s = time.monotonic() + 5.0
    while not tones.problem and time.monotonic() < deadline_s:
        QTest.qWait(2)
        window.tick()
    panel = window.do_page.movement.feedback
    panel.show_words()
    assert "No sound here: no sound device" in panel.sound.toolTip()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_drawing_a_movement_loses_no_reference_and_makes_no_items(window) -> None:
    do_a_walk(window, 59.0)
    press(window, Qt.Key.Key_V)
    window.tick()
    window.grab()
    scenes = [panel.plot.scene() for panel in window.do_page.movement._all]
    items = [len(scene.items()) for scene in scenes]
    before = sys.getrefcount(None)
    for _ in range(50):
        window.source.play_to(window.source.now_s + 1 / 30)
        window.tick()
        window.show_words()
        window.do_page.movement.grab()
    assert sys.getrefcount(None) >= before - 20
    assert [len(scene.items()) for scene in scenes] == items


def test_an_angle_too_wide_to_use_is_grey_with_a_word(window, monkeypatch) -> None:
    walked(window.source, window.model, 50.0, 0.1)
    monkeypatch.setitem(TOO_WIDE, "deg", 0.0)
    window.show_words()
    for rolling in window.screen_widget.panels:
        for number in rolling.numbers:
            assert number.range.text() == "too uncertain"
            assert number.value.property("kind") == "unknown" and number.value.text() != "–"
    panel = window.do_page.movement
    panel.show_words(walks=True, count="")
    for cycle in panel.cycles:
        for value in cycle.values.values():
            assert "too uncertain" in value.toolTip() and value.property("kind") == "unknown"
