"""Tests done by simulated people, measured, held against their bones, and compared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import imuhip
from imuhip.assessment.protocol import read_test, shipped_test, shipped_tests
from imuhip.errors import AnalysisError, ConfigError
from imuhip.simulation.performances import Performance, perform, perform_after_walk

_ROTATIONS = ("hip_rotation_supine", "hip_rotation_prone", "hip_rotation_seated")


def _both(test: str, name: str, truth: str, seeds: range, **options: object) -> np.ndarray:
    """Return measured less true, of one measure, over people."""
    errors = []
    for seed in seeds:
        done = perform(test, seed=seed, side="left" if seed % 2 else "right", **options)  # type: ignore[arg-type]
        (trial,) = imuhip.assess(done.recording).trials
        errors.append(trial.measure(name).value - done.truth[truth])
    return np.array(errors)


@pytest.mark.parametrize("test", _ROTATIONS)
def test_hip_rotation_is_measured_by_the_shank(test: str) -> None:
    seeds = range(700, 706)
    for name, truth in (
        ("hip_internal_rotation_true", "true_ir_shank_deg"),
        ("hip_internal_rotation_apparent", "apparent_ir_shank_deg"),
        ("hip_internal_rotation_true", "true_ir_deg"),
    ):
        error = _both(test, name, truth, seeds)
        assert np.sqrt(np.mean(error**2)) < (3.0 if truth == "true_ir_deg" else 1.2)


def test_both_directions_and_their_own_signs() -> None:
    done = perform("hip_rotation_seated", seed=31, side="right", direction="both", mode="active")
    (trial,) = imuhip.assess(done.recording).trials
    assert {d: len(found) for d, found in trial.repetitions.items()} == {
        "internal": 3,
        "external": 3,
    }
    for letter, direction in (("i", "internal"), ("e", "external")):
        found = trial.measure(f"hip_{direction}_rotation_apparent").value
        assert found == pytest.approx(done.truth[f"apparent_{letter}r_shank_deg"], abs=2.5)


def test_knee_to_chest_and_extension() -> None:
    neutral = _both(
        "knee_to_chest", "hip_flexion_pelvis_neutral", "pelvis_onset_flexion_deg", range(710, 722)
    )
    # a thigh's skin stretches by 3 deg (one sigma) while the hip bends by 90
    assert np.sqrt(np.mean(neutral**2)) < 4.0
    share = _both("knee_to_chest", "hip_flexion_pelvis_share", "pelvis_share", range(710, 716))
    assert np.abs(share).max() < 0.03
    extension = _both(
        "hip_extension_prone", "hip_extension_total", "total_extension_deg", range(710, 716)
    )
    assert np.sqrt(np.mean(extension**2)) < 1.0


def test_a_hinge_is_told_from_a_squat() -> None:
    index = _both("hinge", "hinge_index", "hinge_share", range(720, 726))
    assert np.sqrt(np.mean(index**2)) < 0.05
    squatted = perform("hinge", seed=720, faults={"squat_hinge": 1.0})
    plain = perform("hinge", seed=720)
    values = [
        imuhip.assess(one.recording).trials[0].measure("hinge_index").value
        for one in (plain, squatted)
    ]
    assert values[1] < values[0] - 0.1


def test_list_and_twist_need_a_walk_with_the_same_straps() -> None:
    faults = {"pelvis_list": 1.0, "pelvis_twist": 1.0}
    done = perform_after_walk("hinge", seed=731, faults=faults)
    (trial,) = imuhip.assess(done.recording).trials
    for name in ("list", "twist"):
        true = done.truth[f"pelvis_{name}_deg"]
        assert trial.measure(f"hinge_pelvis_{name}").value == pytest.approx(true, abs=2.5)
    (unwalked,) = imuhip.assess(perform("hinge", seed=731, faults=faults).recording).trials
    assert not [m for m in unwalked.measures if m.name.endswith(("_list", "_twist"))]
    assert any("no walk" in note for note in unwalked.notes)


@pytest.mark.parametrize(
    ("test", "options", "limits"),
    [
        ("single_leg_hinge", {}, {"index": ("hinge_share", 0.06), "pelvis_list": (None, 4.0)}),
        ("internal_rotation_hinge", {}, {"pelvis_twist": (None, 2.5)}),
        ("hip_airplane", {"direction": "both"},
         {"open_range": (None, 3.0), "closed_range": (None, 3.0), "list_error": (None, 2.0),
          "smoothness": ("smoothness_sparc", 0.1), "time_to_stable": ("time_to_stable_s", 0.4)}),
        ("split_squat_rotation", {}, {"pelvis_rotation": (None, 3.0), "return_error": (None, 1.0)}),
        ("lateral_lunge", {}, {"pelvis_list": (None, 2.0), "pelvis_tilt": (None, 2.0)}),
        ("squat", {}, {"pelvis_tucked": (None, 1.0), "pelvis_list": (None, 4.0)}),
        ("rotations_90_90", {"direction": "both"},
         {"internal_rotation_apparent": ("apparent_ir_deg", 5.0), "return_error": (None, 1.0)}),
    ],
)  # fmt: skip
def test_drills_are_measured(
    test: str, options: dict[str, str], limits: dict[str, tuple[str | None, float]]
) -> None:
    """Each measure against the bones, of two people, in its own unit."""
    for seed in (760, 763):
        done = perform_after_walk(test, seed=seed, side="right", **options)
        (trial,) = imuhip.assess(done.recording).trials
        counted = sum(len(found) for found in trial.repetitions.values())
        assert counted == len(done.repetitions)
        for name, (truth, limit) in limits.items():
            true = done.truth[truth or f"{name}_deg"]
            assert trial.measure(f"{test}_{name}").value == pytest.approx(true, abs=limit), name


@pytest.mark.parametrize("test", (*_ROTATIONS, "knee_to_chest", "hip_extension_prone", "hinge"))
def test_repetitions_are_counted_and_timed(test: str) -> None:
    for seed in range(740, 746):
        count = 2 + seed % 3
        done = perform(test, seed=seed, side="left", repetitions=count)
        (trial,) = imuhip.assess(done.recording).trials
        found = sorted(
            (one for reps in trial.repetitions.values() for one in reps), key=lambda r: r.start_s
        )
        assert len(found) == count
        for one, true in zip(found, done.repetitions, strict=True):
            assert one.start_s == pytest.approx(true.start_s, abs=0.15)
            assert one.end_s == pytest.approx(true.end_s, abs=0.15)


def test_a_thigh_alone_is_refused_for_rotation_and_the_rest_still_reported() -> None:
    worn = ("pelvis", "thigh_left", "thigh_right")
    done = perform("hip_rotation_prone", seed=3, sensors=worn)
    (trial,) = imuhip.assess(done.recording).trials
    assert trial.measures == ()
    assert "no sensor on shank_left" in trial.notes[0]
    assert "under-reads" in trial.notes[0]


def test_a_test_without_its_pose_says_so() -> None:
    done = perform("knee_to_chest", seed=3)
    bare = replace(done.recording, markers=done.recording.markers[1:])
    (trial,) = imuhip.assess(bare).trials
    assert "no standing pose" in trial.notes[0]
    with pytest.raises(AnalysisError, match="no marker names a test"):
        imuhip.assess(replace(done.recording, markers=()))


def test_too_few_repetitions_are_told() -> None:
    done = perform("knee_to_chest", seed=4, repetitions=1)
    (trial,) = imuhip.assess(done.recording).trials
    assert "1 repetitions, at least 2 are needed" in trial.notes[0]
    assert trial.measure("hip_flexion_total").as_dict()["sd"] is None


def test_a_pelvis_sensor_that_slipped_is_named() -> None:
    done = perform("knee_to_chest", seed=5)
    pelvis = done.recording.sensors["pelvis"]
    turn = np.radians(20.0) * (pelvis.time_s > done.repetitions[1].end_s)
    c, s = np.cos(turn), np.sin(turn)

    def turned(v: np.ndarray) -> np.ndarray:
        return np.column_stack([v[:, 0], c * v[:, 1] - s * v[:, 2], s * v[:, 1] + c * v[:, 2]])

    slipped = replace(pelvis, acc=turned(pelvis.acc), gyr=turned(pelvis.gyr))
    recording = replace(done.recording, sensors={**done.recording.sensors, "pelvis": slipped})
    (trial,) = imuhip.assess(recording).trials
    assert any(note.startswith("pelvis ended") for note in trial.notes)


def test_before_and_after(tmp_path: Path) -> None:
    """A true change of 12 deg is called one between visits, none is not."""
    visits = [
        perform_after_walk("hip_rotation_seated", seed=750, visit=visit, change=change)
        for visit, change in ((0, {}), (1, {"true_ir_deg": 12.0}), (2, {}))
    ]
    paths = [tmp_path / f"visit{k}.h5" for k in range(3)]
    for one, path in zip(visits, paths, strict=True):
        one.recording.save(path)
    recordings = [imuhip.open(path) for path in paths]
    name = "hip_internal_rotation_apparent"

    def verdict(a: int, b: int) -> str:
        found = imuhip.compare(recordings[a], recordings[b])
        json.dumps(found.as_dict())
        return str(found.table.set_index("name").loc[name, "verdict"])

    assert verdict(0, 1) == "changed"
    assert verdict(0, 2) == "no detectable change"
    other = perform("hinge", seed=750).recording
    with pytest.raises(AnalysisError, match="nothing to compare"):
        imuhip.compare(recordings[0], other)


def test_every_shipped_test_can_be_read_and_names_what_it_needs(tmp_path: Path) -> None:
    for name in shipped_tests():
        test = shipped_test(name)
        assert test.name == name
        assert "pelvis" in test.segments("left" if test.sides else None)
    with pytest.raises(ConfigError, match="There is no test 'no_such'"):
        shipped_test("no_such")
    bad = tmp_path / "bad.toml"
    bad.write_text('name = "bad"\ntitle = ""\nmeasured_by = "guessing"\nposition = "standing"\n'
                   'sides = "yes"\nneeds = ["pelvis"]\n[[cues]]\nsay = "Go"\nseconds = -2\n'
                   '[repetitions]\nwanted = 3\nat_least = 2\nleast_deg = 5\n')  # fmt: skip
    with pytest.raises(ConfigError, match="4 problems"):
        read_test(bad)


def test_the_table_holds_every_measure_with_unit_and_count() -> None:
    done: Performance = perform("knee_to_chest", seed=6)
    found = imuhip.assess(done.recording)
    assert set(found.table["unit"]) <= {"deg", "s", "1"}
    assert (found.table["n"] == 3).all()
    views = found.norms("clinic")["knee_to_chest", "hip_flexion_pelvis_neutral", "left"]
    assert [view.norm.limited_to for view in views] == [None]
    json.dumps(found.as_dict())


def test_feet_ahead_of_a_seat_do_not_exchange_internal_and_external_rotation() -> None:
    """A shank that leans a little on the way down says nothing of its front."""
    done = perform("hip_rotation_seated", seed=6011, side="left", visit=2, direction="both")
    (trial,) = imuhip.assess(done.recording).trials
    for name, truth in (("internal", "ir"), ("external", "er")):
        found = trial.measure(f"hip_{name}_rotation_true").value
        assert found == pytest.approx(done.truth[f"true_{truth}_shank_deg"], abs=2.0)
