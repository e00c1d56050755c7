"""Sessions with calibration movements: a zero that repeats, a facing for one thigh sensor."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from benchmarks import calibration_movements

import imuhip
from imuhip.calibration.protocol import shipped_protocol

FULL = shipped_protocol("full").movements
SHORT = shipped_protocol("n_pose_squat_hinge_walk").movements
STEMS = ("hip_flexion", "hip_adduction", "hip_rotation")


def gait_error(recording, analysis, name):
    """Return the error (n,) of an angle over the gait, degrees."""
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = slice(gait.start_s, gait.end_s)
    column = f"{name}_deg"
    return (analysis.angles[column] - recording.truth[column]).loc[rows].to_numpy()


@pytest.fixture(scope="module")
def person():
    return imuhip.simulate("walk", 0.4, seed=61, movements=FULL, pose_error_deg=4.0)


@pytest.fixture(scope="module")
def analysed(person):
    return imuhip.analyze(person)


def test_zero_is_the_mean_of_all_poses(person, analysed):
    poses = [marker for marker in person.markers if marker.name == "n_pose"]
    assert analysed.quality["calibration"]["poses"] == len(poses) == 4
    for stem in STEMS:
        for side in ("left", "right"):
            name = f"{stem}_{side}"
            each = [
                float(person.truth[f"{name}_deg"].loc[pose.start_s : pose.end_s].mean())
                for pose in poses
            ]
            off = float(np.nanmean(gait_error(person, analysed, name)))
            assert off == pytest.approx(-np.mean(each), abs=1.5), name
            shown = [
                float(analysed.angles[f"{name}_deg"].loc[pose.start_s : pose.end_s].mean())
                for pose in poses
            ]
            assert np.mean(shown) == pytest.approx(0.0, abs=0.5), name


def test_more_poses_are_stated_to_repeat_better(person, analysed):
    first = next(marker for marker in person.markers if marker.name == "n_pose")
    kept = tuple(m for m in person.markers if m.name != "n_pose" or m == first)
    once = imuhip.analyze(replace(person, markers=kept)).quality
    often = analysed.quality
    assert once["calibration"]["poses"] == 1
    assert once["pose_sd_deg"] == {"hip_flexion": 3.0, "hip_adduction": 2.0, "hip_rotation": 4.0}
    for stem in STEMS:
        assert often["pose_sd_deg"][stem] < once["pose_sd_deg"][stem]
        repeats = [q["calibration"]["pose_repeat_sd_deg"][stem] for q in (often, once)]
        assert repeats[0] < 0.75 * repeats[1]


def test_without_markers_bends_and_poses_are_found_by_themselves():
    recording = imuhip.simulate("walk", 0.4, seed=68, movements=FULL)
    marked = imuhip.analyze(recording)
    bare = imuhip.analyze(replace(recording, markers=()))
    kinds = [found["kind"] for found in marked.quality["calibration"]["movements"]]
    assert kinds == ["squat", "hinge"]
    assert [f["kind"] for f in bare.quality["calibration"]["movements"]] == kinds
    assert bare.quality["calibration"]["poses"] == 4
    for name in ("hip_flexion_left", "hip_adduction_right", "hip_rotation_left"):
        apart = gait_error(recording, bare, name) - gait_error(recording, marked, name)
        assert np.nanmax(np.abs(apart)) < 0.5


def test_a_walker_with_one_thigh_sensor_gains_from_bows():
    """Root mean squares over four people; the stated sd follows what is gained."""
    errors, stated, facing = [], [], []
    for movements in ((), SHORT):
        squares, variances = [], []
        for seed in (71, 72, 73, 74):
            recording = imuhip.simulate(
                "walk", 0.4, seed=seed, segments=("pelvis", "thigh_left"), movements=movements
            )
            found = imuhip.analyze(recording)
            squares.append(np.nanmean(gait_error(recording, found, "hip_adduction_left") ** 2))
            gait = next(marker for marker in recording.markers if marker.name == "gait")
            sd = found.angles["hip_adduction_left_sd_deg"].loc[gait.start_s : gait.end_s]
            variances.append(float(np.nanmean(sd**2)))
        errors.append(np.sqrt(np.mean(squares)))
        stated.append(np.sqrt(np.mean(variances)))
        facing.append(found.quality["calibration"]["facing_sd_deg"])
    assert errors[1] < 0.7 * errors[0]
    assert stated[1] < 0.7 * stated[0]
    assert facing[1] < 0.5 * facing[0]


def test_poses_that_differ_too_much_are_named():
    recording = imuhip.simulate(
        "walk", 0.3, seed=64, movements=("n_pose", "n_pose"), pose_error_deg=9.0
    )
    quality = imuhip.analyze(recording).quality
    assert quality["calibration"]["pose_spread_deg"] > 3.0
    assert any("N-poses differ by" in why for why in quality["reasons"])
    assert quality["grade"] in "BC"


def test_the_benchmark_prints_what_is_measured_beside_what_is_stated(capsys):
    options = ["--people", "1", "--minutes", "0.3", "--processes", "1"]
    options += ["--protocol", "n_pose_walk", "--protocol", "n_pose_leg_swing_walk"]
    assert calibration_movements.main([*options, "--table", "zero"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line for line in lines if line.startswith("n_pose")]
    assert len(rows) == 4
    numbers = [[float(word) for word in re.findall(r"\d+\.\d+", row)] for row in rows]
    assert numbers[0][1::2] == [3.0, 2.0, 4.0]
    assert numbers[2][1::2] == [1.5, 1.0, 2.0]
    assert all(more < one for more, one in zip(numbers[1][1::2], numbers[0][1::2], strict=True))
    assert [row.split()[-1] for row in rows] == ["1", "2", "1", "2"]
