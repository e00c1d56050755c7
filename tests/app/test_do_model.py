"""The step of tests on played sensors: phases, markers, counting, faults. No Qt in here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from played_source import PlayedSource

import imuhip
from imuhip.app.models.big_numbers import count_text, measure_numbers
from imuhip.app.models.do_words import about_test, do_words, list_line
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_model import SessionModel
from imuhip.app.models.worker import InPlace
from imuhip.assessment.measures import Measure
from imuhip.errors import SensorLostError
from imuhip.simulation.performances import perform

THREE = ("pelvis", "thigh_left", "thigh_right")


@pytest.fixture(scope="module")
def done():
    return perform("knee_to_chest", seed=33, sensors=THREE)


@pytest.fixture
def session(done, tmp_path: Path):
    source = PlayedSource(done.recording)
    live = LiveModel(source, out=tmp_path / "s.h5")
    session = SessionModel(live, InPlace())
    session.source = source
    session.go_to("do")
    to(session, 0.1)
    return session


def to(session: SessionModel, until_s: float, frame_s: float = 0.1) -> None:
    while session.source.now_s < until_s:
        session.source.play_to(min(until_s, session.source.now_s + frame_s))
        session.pull()


def choose(session: SessionModel, name: str, side: str | None = None) -> None:
    names = [None if test is None else test.name for test in session.do.tests]
    session.do.choose(names.index(name))
    if side:
        session.do.choose_side(side)


def test_a_test_is_led_counted_measured_and_marked_as_assess_wants_it(session, done) -> None:
    do, source = session.do, session.source
    test = done.recording.markers[1]
    choose(session, "knee_to_chest", "left")
    session.go_on()
    to(session, 3.0)
    assert do.phase == "standing" and do_words(do).guidance.progress > 0.3
    assert do_words(do).grade == "good" and do_words(do).count in "23"
    to(session, 7.0)
    assert do.phase == "going" and "Lie on your back" in do_words(do).cue
    to(session, test.start_s)
    session.go_on()
    counts, cues = [], []
    while source.now_s < test.end_s:
        to(session, source.now_s + 0.1)
        words = do_words(do)
        counts.append(words.count)
        cues.append(words.cue)
        assert not words.notes, "a leg half-way up is no strap that moved"
    assert list(dict.fromkeys(counts)) == ["0 / 3", "1 / 3", "2 / 3", "3 / 3"]
    assert [cue[:4] for cue in dict.fromkeys(cues)] == ["Rest", "Draw"]
    do.tell_pain(4)
    assert "Pain 4, left" in do_words(do).said
    session.go_on()
    to(session, source.now_s + 0.2)
    assert do.phase == "done" and not do.is_measuring
    assert [m.name for m in source.stretches] == ["n_pose", "pain_left_4", "knee_to_chest_left"]
    numbers = do_words(do).numbers
    assert len(numbers) == 4 and all(number.known for number in numbers)
    # the file with these markers gives what stood on the screen
    zero_s = 0.1
    markers = tuple(
        replace(m, start_s=m.start_s + zero_s, end_s=m.end_s + zero_s) for m in source.stretches
    )
    (trial,) = imuhip.assess(replace(done.recording, markers=markers)).trials
    for measure in trial.measures:
        assert do.result.measure(measure.name).value == pytest.approx(measure.value, abs=0.2)
    true_deg = done.truth["total_flexion_deg"]
    assert do.result.measure("hip_flexion_total").value == pytest.approx(true_deg, abs=8)
    assert list_line(do, do.choice.test).endswith("✓ left")
    session.go_on()
    assert do.phase == "choosing" and do.choice.side == "right"
    session.go_on()
    assert do.phase == "going", "the standing pose of this recording still holds"


def test_who_moves_is_named_and_no_pose_is_taken(tmp_path) -> None:
    walk = imuhip.simulate("walk", 0.6, seed=4, turns=False)
    source = PlayedSource(walk)
    session = SessionModel(LiveModel(source, out=tmp_path / "s.h5"), InPlace())
    session.source = source
    to(session, 0.1)
    source.play_to(40.0)  # well into the walk
    session.pull()
    session.go_to("do")
    session.go_on()
    to(session, 55.0)
    assert session.do.phase == "standing"
    words = do_words(session.do)
    assert "thigh" in words.notes[0] and words.grade == "warn"
    assert source.stretches == []


def test_a_walk_is_marked_as_gait_with_the_ranges_meanwhile(session) -> None:
    do = session.do
    session.go_on()
    to(session, 7.0)
    session.go_on()
    to(session, 19.0)
    words = do_words(do)
    assert words.count == "0:12" and len(words.numbers) == 4
    assert not words.numbers[0].known  # nobody walked yet: there is no calibration
    session.go_on()
    to(session, 20.0)
    assert [m.name for m in session.source.stretches] == ["n_pose", "gait"]
    assert session.source.stretches[1].end_s == pytest.approx(18.9, abs=0.01)


def test_leaving_marks_nothing_and_stopping_marks_the_test_before(session) -> None:
    do, source = session.do, session.source
    choose(session, "knee_to_chest", "left")
    session.go_on()
    to(session, 7.0)
    session.go_on()
    to(session, 15.0)
    do.leave()
    to(session, 15.2)
    assert do.phase == "choosing" and [m.name for m in source.stretches] == ["n_pose"]
    assert do.result is None
    session.go_on()
    session.go_on()
    assert do.phase == "doing"
    to(session, 30.0)
    session.toggle_recording()
    to(session, 30.5)
    assert source.calls == ["begin", "end"] and source.stretches[-1].name == "knee_to_chest_left"
    assert source.stretches[-1].end_s == pytest.approx(29.9)
    assert do.phase == "done"
    do.go_on()
    do.choose_side("left")
    session.go_on()
    to(session, 31.0)
    assert do.phase == "standing", "a new file needs a standing pose of its own"


def test_closing_in_a_test_marks_it_and_finishes_the_file(session) -> None:
    choose(session, "knee_to_chest", "left")
    session.go_on()
    to(session, 7.0)
    session.go_on()
    to(session, 12.0)
    session.close()
    assert session.source.calls == ["begin", "end", "close"]
    assert [m.name for m in session.source.stretches] == ["n_pose", "knee_to_chest_left"]


def test_a_test_whose_sensors_are_missing_says_which_and_cannot_begin(session) -> None:
    do = session.do
    choose(session, "hip_rotation_seated", "right")
    guidance = do_words(do).guidance
    assert guidance.kind == "alarm" and "right shank" in guidance.headline and guidance.detail
    session.go_on()
    assert do.phase == "choosing" and session.source.calls == []
    choose(session, "knee_to_chest", "right")
    session.source.silence("thigh_right")
    to(session, 4.0)
    assert do.missing == ("thigh_right",)


def test_a_recording_that_cannot_begin_is_told_in_place(session) -> None:
    session.source.refusal = SensorLostError("no samples for 5 s", hint="bring it near")
    session.go_on()
    to(session, 0.5)
    assert session.do.phase == "choosing"
    assert (session.guidance.headline, session.guidance.detail) == (
        "no samples for 5 s",
        "bring it near",
    )


def test_other_sensors_ask_for_the_standing_pose_again(session) -> None:
    do, source = session.do, session.source
    choose(session, "knee_to_chest", "left")
    session.go_on()
    to(session, 7.0)
    assert do.phase == "going"
    del source.rings["thigh_right"]
    to(session, 7.4)
    assert do.phase == "standing"
    do.stand_again()
    assert do.pose.still_s == 0.0


def test_a_pose_of_minutes_ago_is_taken_anew(session) -> None:
    do = session.do
    session.go_on()
    to(session, 7.0)
    do.leave()
    session.go_on()
    assert do.phase == "going"
    do.leave()
    to(session, 200.0, 10.0)
    session.go_on()
    assert do.phase == "standing"


def test_pain_is_told_with_its_side_and_only_into_a_recording(session) -> None:
    do = session.do
    do.tell_pain(3)
    assert "recording" in do.said and session.source.marks == []
    session.go_on()
    to(session, 2.0)
    do.tell_pain(10)
    do.turn_pain_side()
    do.tell_pain(0)
    do.turn_pain_side()
    do.tell_pain(5)
    assert [n for n, _ in session.source.marks] == ["pain_10", "pain_left_0", "pain_right_5"]
    with pytest.raises(ValueError, match="0 to 10"):
        do.tell_pain(11)


def test_every_shipped_test_can_be_shown(session) -> None:
    do = session.do
    for k, test in enumerate(do.tests):
        do.choose(k)
        told = dict(about_test(test, do.choice.side))
        assert all(word or text for word, text in told.items()) and do_words(do).guidance.headline
        assert list_line(do, test)
    do.choose(0)
    do.choose_side("left")
    assert do.choice.side is None
    do.choose(99)
    assert do.choice.test is None


def test_numbers_of_both_directions_are_shown_and_wide_ones_are_grey() -> None:
    measures = [
        Measure("hip_internal_rotation_true", "left", 33.2, 1.0, "deg", 3),
        Measure("hip_internal_rotation_apparent", "left", 47.0, 12.0, "deg", 3),
        Measure("hip_internal_rotation_pelvis_share", "left", 0.234, np.nan, "1", 3),
        Measure("hip_external_rotation_true", "left", -30.4, 1.0, "deg", 3),
        Measure("hip_external_rotation_apparent", "left", np.nan, np.nan, "deg", 0, (), "no"),
    ]
    numbers = measure_numbers(measures)
    assert [n.value for n in numbers] == ["33°", "−30°", "47°", "0.23"]
    assert [n.known for n in numbers] == [True, True, False, False]
    assert numbers[3].spread == "± ?"
    assert count_text({"internal": (), "external": ()}, 3)[0] == "0 + 0"


def test_a_sensor_lost_in_a_test_alarms_and_the_result_says_why(session, done) -> None:
    do, source = session.do, session.source
    test = done.recording.markers[1]
    choose(session, "knee_to_chest", "left")
    session.go_on()
    to(session, test.start_s)
    session.go_on()
    to(session, test.start_s + 4.0)
    source.silence("thigh_left")
    to(session, test.start_s + 9.0)
    assert do_words(do).guidance.kind == "alarm"
    assert "Left thigh" in do_words(do).guidance.headline
    source.back("thigh_left")
    to(session, test.end_s)
    session.go_on()
    to(session, test.end_s + 0.2)
    assert do.result.measures == () and "thigh_left measured" in do.result.notes[0]
    assert "Repeat the test" in do_words(do).notes[0]
    assert source.stretches[-1].name == "knee_to_chest_left"
