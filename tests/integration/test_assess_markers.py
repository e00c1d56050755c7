"""Tests marked wrongly, not done, or cut off: what is said instead of a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.assessment.trial import TrialResult
from imuhip.core.series import ImuSeries, Marker
from imuhip.errors import AnalysisError
from imuhip.recording.session import Recording
from imuhip.simulation.performances import TESTS, perform, perform_after_walk

_WORN = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right", "trunk")
_BOTH_LEGS = ("hinge", "squat", "rotations_90_90")
_ONE_LEG = [test for test in TESTS if test not in _BOTH_LEGS]


def _only(recording: Recording) -> TrialResult:
    (trial,) = imuhip.assess(recording).trials
    return trial


def _renamed(recording: Recording, old: str, new: str) -> Recording:
    markers = tuple(replace(m, name=m.name.replace(old, new)) for m in recording.markers)
    return replace(recording, markers=markers)


def _remarked(recording: Recording, name: str, start_s: float, end_s: float) -> Recording:
    """Return the recording with its last marker replaced."""
    return replace(recording, markers=(*recording.markers[:-1], Marker(name, start_s, end_s)))


def _altered(
    recording: Recording, segment: str, change: Callable[[ImuSeries], ImuSeries]
) -> Recording:
    return replace(
        recording, sensors={**recording.sensors, segment: change(recording.sensors[segment])}
    )


@pytest.mark.parametrize("test", _ONE_LEG)
def test_a_test_marked_for_the_other_side_gives_no_number(test: str) -> None:
    for seed, do in ((903, perform), (904, perform_after_walk)):
        done = do(test, seed=seed, side="left", sensors=_WORN)
        right = _only(done.recording)
        assert right.measures, right.notes
        assert not any("nothing is measured" in note for note in right.notes)
        wrong = _only(_renamed(done.recording, "_left", "_right"))
        assert not wrong.measures
        assert any("names the wrong side" in note for note in wrong.notes), wrong.notes


@pytest.mark.parametrize("test", TESTS)
def test_rest_alone_gives_no_number(test: str) -> None:
    done = perform(test, seed=905, side="left", sensors=_WORN)
    marker = done.recording.markers[-1]
    rest = _remarked(done.recording, marker.name, marker.start_s, done.repetitions[0].start_s - 0.3)
    trial = _only(rest)
    assert not trial.measures
    assert any("no repetition was found" in note for note in trial.notes)
    assert not any("wrong side" in note for note in trial.notes)


@pytest.mark.parametrize(
    ("did", "marked", "told"),
    [
        ("hip_rotation_supine", "hip_rotation_prone", "shank did not lie"),
        ("hip_rotation_prone", "hip_rotation_supine", "shank did not lie"),
        ("hip_rotation_seated", "hip_rotation_supine", "pelvis was upright"),
        ("hip_rotation_supine", "hip_rotation_seated", "not upright"),
        ("knee_to_chest", "hip_extension_prone", "no hip does"),
        ("knee_to_chest", "squat", "not upright"),
        ("hinge", "knee_to_chest_left", "pelvis was upright"),
        ("hip_rotation_supine", "knee_to_chest", "wants it lifted"),
    ],
)
def test_a_test_marked_as_another_gives_no_number(did: str, marked: str, told: str) -> None:
    done = perform(did, seed=903, side="left", sensors=_WORN)
    end = done.recording.markers[-1]
    name = marked if marked in ("squat", "knee_to_chest_left") else f"{marked}_left"
    trial = _only(_remarked(done.recording, name, end.start_s, end.end_s))
    assert not trial.measures
    assert any(told in note for note in trial.notes), trial.notes


@pytest.mark.parametrize("size", [1.0, 2.0])
def test_who_squats_on_one_leg_is_not_taken_to_stand_on_the_other(size: float) -> None:
    for seed, do in ((3102, perform), (3103, perform_after_walk)):
        done = do("single_leg_hinge", seed=seed, faults={"squat_hinge": size}, sensors=_WORN)
        assert _only(done.recording).measure("single_leg_hinge_index").n == len(done.repetitions)


def test_without_a_sensor_on_the_other_leg_the_test_is_measured() -> None:
    done = perform("hip_rotation_seated", seed=901, side="left", sensors=("pelvis", "shank_left"))
    trial = _only(done.recording)
    found = trial.measure("hip_internal_rotation_true").value
    assert found == pytest.approx(done.truth["true_ir_shank_deg"], abs=2.0)
    assert not trial.notes


@pytest.mark.parametrize("side", ["left", "right"])
def test_knees_falling_inwards_are_told_from_outwards_without_a_walk(side: str) -> None:
    for seed in (910, 911):
        done = perform("rotations_90_90", seed=seed, side=side)  # type: ignore[arg-type]
        counted = {way: len(found) for way, found in _only(done.recording).repetitions.items()}
        assert counted == {"internal": len(done.repetitions), "external": 0}


def test_markers_that_name_no_test_say_what_is_wrong() -> None:
    recording = perform("knee_to_chest", seed=901, side="left").recording
    at = recording.markers[-1]
    for name, end_s, told in (
        ("knee_to_chest", at.end_s, "done for each side"),
        ("knee_to_chest_left", at.start_s, "marks an instant"),
        ("knees_up", at.end_s, "no marker names a test"),
    ):
        with pytest.raises(AnalysisError, match=told) as caught:
            imuhip.assess(_remarked(recording, name, at.start_s, end_s))
        assert caught.value.code == "E622"


def test_a_marker_beyond_the_recording_ends_with_it() -> None:
    done = perform("knee_to_chest", seed=901, side="left")
    at = done.recording.markers[-1]
    longer = _only(_remarked(done.recording, at.name, at.start_s, at.end_s + 900.0))
    assert len(longer.repetitions[""]) == len(done.repetitions)
    after = _only(_remarked(done.recording, at.name, at.end_s + 50.0, at.end_s + 60.0))
    assert not after.measures
    assert "measured 0 %" in after.notes[0]


def test_rows_missing_altogether_are_missing_samples() -> None:
    done = perform("knee_to_chest", seed=901, side="left")
    from_s = done.repetitions[0].peak_s

    def cut(series: ImuSeries) -> ImuSeries:
        kept = (series.time_s < from_s) | (series.time_s >= from_s + 1.0)
        return ImuSeries(
            series.time_s[kept], series.acc[kept], series.gyr[kept], None, series.valid[kept]
        )

    trial = _only(_altered(done.recording, "thigh_left", cut))
    assert not trial.measures
    assert "thigh_left measured 9" in trial.notes[0]


def test_a_pose_that_was_none_is_refused() -> None:
    walked = perform_after_walk("knee_to_chest", seed=901, side="left").recording
    gait = next(m for m in walked.markers if m.name == "gait")
    test = walked.markers[-1]
    moving = Marker("n_pose", gait.start_s + 5.0, gait.start_s + 10.0)
    before = Marker("n_pose", -20.0, -10.0)
    for pose, told in ((moving, "moved in the standing pose"), (before, "less than 1 s")):
        trial = _only(replace(walked, markers=(pose, test)))
        assert not trial.measures
        assert told in trial.notes[0]


def test_a_trunk_that_stays_has_no_share() -> None:
    done = perform("hinge", seed=901, sensors=_WORN)
    still = done.recording.sensors["trunk"]
    n = len(still)
    held = replace(still, acc=np.tile(still.acc[:50].mean(axis=0), (n, 1)), gyr=np.zeros((n, 3)))
    trial = _only(_altered(done.recording, "trunk", lambda _: held))
    assert np.isnan(trial.measure("hinge_hip_share").value)
    assert np.isfinite(trial.measure("hinge_index").value)
