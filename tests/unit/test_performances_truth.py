"""What a performed test should report, measured anew on bones; faults, changes, skin, visits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import imuhip
from imuhip.cli.commands import build
from imuhip.core import quaternion
from imuhip.simulation.performances import CHANGES, perform

PERFECT = {"soft_tissue": 0.0, "sensor_errors": 0.0, "mounting": "nominal"}
QUICK = PERFECT | {"rate_hz": 50.0, "sensors": ("pelvis",)}
FINE = PERFECT | {"rate_hz": 200.0}
SEEDS = range(21, 26)


def bones(performance, segment, from_s, to_s):
    """Return times and rotation matrices of one bone in the room."""
    truth = performance.recording.truth_motion
    rows = (truth.time_s >= from_s - 1e-9) & (truth.time_s <= to_s + 1e-9)
    return truth.time_s[rows], quaternion.to_matrix(truth.orientations[segment][rows])


def since(matrices):
    """Return the turn in the room since the first row."""
    return matrices @ matrices[0].T


def angle_deg(turns):
    trace = np.trace(turns, axis1=1, axis2=2)
    return np.degrees(np.arccos(np.clip(0.5 * (trace - 1.0), -1.0, 1.0)))


def about_deg(turns, axis):
    """Return how far a vector across the axis has gone around it."""
    across = np.cross(axis, [0.3, -0.5, 0.8])
    across -= axis * (across @ axis)
    across /= np.linalg.norm(across)
    # the twist about an axis, from the vector part of each turn
    vector = 0.5 * np.stack(
        [
            turns[:, 2, 1] - turns[:, 1, 2],
            turns[:, 0, 2] - turns[:, 2, 0],
            turns[:, 1, 0] - turns[:, 0, 1],
        ],
        axis=1,
    )
    w = 0.5 * np.sqrt(np.maximum(1.0 + np.trace(turns, axis1=1, axis2=2), 0.0))
    return np.degrees(2.0 * np.arctan2(vector @ axis / (2.0 * w), w))


@pytest.mark.parametrize("position", ["supine", "prone", "seated"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_true_and_apparent_rotation_are_what_the_bones_did(position, side):
    performance = perform(f"hip_rotation_{position}", seed=21, side=side, **FINE)
    inwards = 1.0 if side == "right" else -1.0
    for k, repetition in enumerate(performance.repetitions):
        span = (repetition.rest_s, repetition.peak_s)
        time_s, femur = bones(performance, f"thigh_{side}", *span)
        _, pelvis = bones(performance, "pelvis", *span)
        along = femur[0][:, 1]
        turned = inwards * about_deg(since(femur), along)
        moved = angle_deg(since(pelvis))
        row = int(np.argmax(moved >= 5.0))
        truth = {
            name: values[k]
            for name, values in performance.truth.items()
            if name.endswith("_per_repetition")
        }
        assert truth["apparent_ir_deg_per_repetition"] == pytest.approx(turned[-1], abs=0.1)
        assert truth["true_ir_deg_per_repetition"] == pytest.approx(turned[row], abs=0.5)
        share = inwards * about_deg(since(pelvis), along)[-1] / turned[-1]
        assert truth["pelvic_share_per_repetition"] == pytest.approx(share, abs=0.01)
        assert truth["pelvis_moved_at_s_per_repetition"] == pytest.approx(
            time_s[row] - time_s[0], abs=0.02
        )
        assert 0.0 < truth["true_ir_deg_per_repetition"] < turned[-1]


def test_the_knee_gives_way_at_the_end_and_less_to_muscles():
    for seed in SEEDS:
        more = {}
        for mode in ("passive", "active"):
            truth = perform("hip_rotation_prone", seed=seed, mode=mode, **QUICK).truth
            more[mode] = truth["apparent_ir_shank_deg"] - truth["apparent_ir_deg"]
            assert truth["true_ir_shank_deg"] - truth["true_ir_deg"] < more[mode]
        assert 2.0 < more["passive"] < 9.5
        assert more["active"] < 0.6 * more["passive"]


def test_flexion_is_told_until_the_pelvis_tilts():
    performance = perform("knee_to_chest", seed=22, **FINE)
    truth = performance.recording.truth
    for k, repetition in enumerate(performance.repetitions):
        part = truth.loc[repetition.rest_s - 1e-9 : repetition.peak_s + 1e-9]
        tilted = part["pelvis_tilt_deg"].iloc[0] - part["pelvis_tilt_deg"]
        hip = part["hip_flexion_left_deg"] - part["hip_flexion_left_deg"].iloc[0]
        row = int(np.argmax(tilted.to_numpy() >= 5.0))
        told = performance.truth
        assert told["pelvis_onset_flexion_deg_per_repetition"][k] == pytest.approx(
            hip.iloc[row], abs=1.0
        )
        total = float(hip.iloc[-1] + tilted.iloc[-1])
        assert told["total_flexion_deg_per_repetition"][k] == pytest.approx(total, rel=0.02)
        assert told["pelvis_share_per_repetition"][k] == pytest.approx(
            tilted.iloc[-1] / total, abs=0.01
        )
    assert 75.0 < performance.truth["pelvis_onset_flexion_deg"] < 130.0


def test_hinge_index_is_tilt_over_thigh_inclination():
    performance = perform("hinge", seed=23, **FINE)
    truth = performance.recording.truth
    for k, repetition in enumerate(performance.repetitions):
        span = (repetition.rest_s, repetition.peak_s)
        tilt = truth["pelvis_tilt_deg"].loc[span[0] - 1e-9 : span[1] + 1e-9]
        thighs = []
        for side in ("left", "right"):
            _, thigh = bones(performance, f"thigh_{side}", *span)
            thighs.append(np.degrees(np.arccos(thigh[0][:, 1] @ thigh[-1][:, 1])))
        index = (tilt.iloc[-1] - tilt.iloc[0]) / np.mean(thighs)
        assert performance.truth["hinge_index_per_repetition"][k] == pytest.approx(index, rel=0.01)
    assert 1.4 < performance.truth["hinge_index"] < 3.0


def test_start_and_end_are_a_twentieth_of_the_way():
    performance = perform("knee_to_chest", seed=24, **FINE)
    for repetition in performance.repetitions:
        span = (repetition.rest_s - 0.5, repetition.end_s + 0.5)
        time_s, thigh = bones(performance, "thigh_left", *span)
        bent = np.degrees(np.arccos(np.clip(thigh[0][:, 1] @ thigh[:, :, 1].T, -1.0, 1.0)))
        whole = np.interp(repetition.peak_s, time_s, bent)
        for at_s in (repetition.start_s, repetition.end_s):
            assert np.interp(at_s, time_s, bent) == pytest.approx(0.05 * whole, abs=0.02 * whole)
        assert np.argmax(bent) == pytest.approx(np.searchsorted(time_s, repetition.peak_s), abs=3)


@pytest.mark.parametrize(
    ("test", "fault", "name", "effect"),
    [
        ("hip_rotation_supine", "early_pelvic_tilt", "true_ir_deg", (-14.0, -8.0)),
        ("hip_rotation_prone", "pelvis_twist", "pelvis_moved_deg", (4.0, 8.0)),
        ("hip_rotation_seated", "incomplete_range", "apparent_ir_deg", (-25.0, -6.0)),
        ("knee_to_chest", "early_pelvic_tilt", "pelvis_onset_flexion_deg", (-23.0, -16.0)),
        ("knee_to_chest", "hip_hike", "pelvis_list_deg", (-8.0, -4.0)),
        ("hip_extension_prone", "early_pelvic_tilt", "pelvis_share", (0.0, 0.3)),
        ("rotations_90_90", "early_pelvic_tilt", "pelvis_quiet_share", (-0.6, -0.1)),
        ("hinge", "squat_hinge", "hinge_index", (-1.7, -0.7)),
        ("hinge", "pelvis_twist", "pelvis_twist_deg", (5.5, 8.5)),
        ("hinge", "pelvis_list", "pelvis_list_deg", (4.5, 7.5)),
        ("hinge", "shift", "thigh_asymmetry_deg", (6.0, 9.5)),
        ("hinge", "spine_round", "spine_flexion_deg", (12.0, 19.0)),
        ("single_leg_hinge", "pelvis_twist", "pelvis_twist_deg", (4.0, 12.0)),
        ("internal_rotation_hinge", "incomplete_range", "hip_ir_deg", (-15.0, -3.0)),
        ("hip_airplane", "incomplete_range", "open_range_deg", (-14.0, -6.0)),
        ("split_squat_rotation", "too_fast", "tempo_s", (-3.5, -1.0)),
        ("lateral_lunge", "pelvis_list", "pelvis_list_deg", (4.5, 7.5)),
        ("squat", "shift", "pelvis_list_deg", (2.0, 4.5)),
    ],
)
def test_faults_do_what_they_say(test, fault, name, effect):
    sizes = []
    for seed in SEEDS:
        side = "left" if seed % 2 else "right"
        good, bad = (
            perform(test, seed=seed, side=side, faults=faults, **QUICK).truth[name]
            for faults in ({}, {fault: 1.0})
        )
        is_mirrored = name in ("pelvis_twist_deg", "pelvis_list_deg", "thigh_asymmetry_deg")
        sizes.append((bad - good) * (-1.0 if is_mirrored and side == "right" else 1.0))
    if (test, fault) == ("knee_to_chest", "hip_hike"):
        assert all(effect[0] < size < effect[1] for size in sizes)
    assert effect[0] < np.median(sizes) < effect[1]
    assert np.sign(sizes).sum() == np.sign(np.median(sizes)) * len(sizes)


@pytest.mark.parametrize(
    ("test", "name"),
    [
        ("hip_rotation_supine", "true_ir_deg"),
        ("hip_rotation_prone", "apparent_ir_deg"),
        ("knee_to_chest", "pelvis_onset_flexion_deg"),
        ("knee_to_chest", "total_flexion_deg"),
        ("hip_extension_prone", "total_extension_deg"),
        ("rotations_90_90", "hip_ir_deg"),
        ("hinge", "hinge_index"),
        ("internal_rotation_hinge", "hip_ir_deg"),
        ("hip_airplane", "closed_range_deg"),
        ("split_squat_rotation", "pelvis_rotation_deg"),
    ],
)
def test_a_true_change_is_found_on_the_bones(test, name):
    assert name in CHANGES[test]
    size = 0.4 if name == "hinge_index" else 6.0
    found = []
    for seed in SEEDS:
        before = perform(test, seed=seed, visit=0, **QUICK).truth[name]
        after = perform(test, seed=seed, visit=1, change={name: size}, **QUICK).truth[name]
        found.append(after - before)
    assert np.mean(found) == pytest.approx(size, rel=0.45)


def test_without_a_change_visits_differ_by_what_people_differ():
    differences = [
        perform("hip_rotation_supine", seed=seed, visit=1, **QUICK).truth["true_ir_deg"]
        - perform("hip_rotation_supine", seed=seed, visit=0, **QUICK).truth["true_ir_deg"]
        for seed in SEEDS
    ]
    assert 0.2 < np.std(differences) < 2.0
    assert abs(np.mean(differences)) < 1.0


def test_straps_stay_on_unless_they_are_taken_off():
    options = {"seed": 25, "sensor_errors": 0.0, "soft_tissue": 0.0}
    up = {}
    for name, more in {
        "first": {},
        "same": {"visit": 1},
        "anew": {"visit": 1, "restrapped": True},
    }.items():
        recording = perform("hinge", **options, **more).recording
        pose = recording.sensors["thigh_left"].time_s < 6.0
        up[name] = recording.sensors["thigh_left"].acc[pose].mean(axis=0) / 9.80665
    assert np.linalg.norm(up["first"] - up["same"]) < 0.02
    assert np.linalg.norm(up["first"] - up["anew"]) > 0.1


def test_skin_of_the_thigh_follows_part_of_the_turn_and_the_shank_most():
    followed, shank, pelvis = [], [], []
    for seed in SEEDS:
        performance = perform("hip_rotation_prone", seed=seed, sensor_errors=0.0)
        flexed = perform("knee_to_chest", seed=seed, sensor_errors=0.0)
        followed.append(_sensed(performance, "thigh_left", "apparent_ir_deg"))
        shank.append(_sensed(performance, "shank_left", "apparent_ir_shank_deg"))
        pelvis.append(_pulled_deg(flexed))
    assert min(followed) > 0.45 and max(followed) < 0.9 and np.median(followed) < 0.8
    assert min(shank) > 0.9 and max(shank) < 1.03
    assert 0.8 < np.median(pelvis) < 5.0


def _sensed(performance, segment, name):
    """Return the part of a bone's turn that the sensor on its skin makes, over the repetitions."""
    parts = []
    for k, repetition in enumerate(performance.repetitions):
        truth = performance.recording.truth_motion
        rows = [
            int(np.searchsorted(truth.time_s, t)) for t in (repetition.rest_s, repetition.peak_s)
        ]
        sensor = quaternion.to_matrix(truth.sensor_orientations[segment][rows])
        thigh = quaternion.to_matrix(truth.orientations["thigh_left"][rows])
        turned = -about_deg(since(sensor), thigh[0][:, 1])[-1]
        parts.append(turned / performance.truth[f"{name}_per_repetition"][k])
    return float(np.median(parts))


def _pulled_deg(performance):
    """Return how far skin turns the pelvis sensor on the bone from the rest to the deepest bend."""
    truth = performance.recording.truth_motion
    one = performance.repetitions[0]
    rows = [int(np.searchsorted(truth.time_s, t)) for t in (one.rest_s, one.peak_s)]
    bone = quaternion.to_matrix(truth.orientations["pelvis"][rows])
    sensor = quaternion.to_matrix(truth.sensor_orientations["pelvis"][rows])
    mounts = np.swapaxes(bone, 1, 2) @ sensor
    return float(angle_deg(since(mounts))[-1])


def test_the_command_writes_the_file_and_tells_the_truth(tmp_path):
    path = tmp_path / "hinge.h5"
    options = ["--seed", "26", "--side", "right", "--fault", "shift=1.5", "--fault", "spine_round"]
    wanted = ["simulate", "test", "hinge", *options, "--trunk", "--out", str(path), "--json"]
    done = CliRunner().invoke(build(), wanted)
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    made = perform(
        "hinge",
        seed=26,
        side="right",
        faults={"shift": 1.5, "spine_round": 1.0},
        sensors=("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right", "trunk"),
    )
    assert told["truth"]["hinge_index"] == made.truth["hinge_index"]
    assert [one["peak_s"] for one in told["repetitions"]] == [r.peak_s for r in made.repetitions]
    stored = imuhip.open(path)
    assert [marker.name for marker in stored.markers] == ["n_pose", "hinge"]
    np.testing.assert_allclose(
        stored.sensors["trunk"].acc, made.recording.sensors["trunk"].acc, atol=1e-3
    )
    shown = CliRunner().invoke(build(), [*wanted[:-3], "--out", str(tmp_path / "again.h5")])
    assert "spine_flexion_deg" in shown.stdout and "3 repetitions" in shown.stdout


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["hop"], "unknown test 'hop'"),
        (["hinge", "--fault", "hop"], "unknown fault of hinge 'hop'"),
        (["hinge", "--fault", "shift=far"], "--fault shift=far: expected NAME"),
        (["hinge", "--change", "true_ir_deg=5"], "unknown change of hinge"),
    ],
)
def test_the_command_refuses_what_cannot_be_performed(typed, told, tmp_path):
    path = tmp_path / "never.h5"
    done = CliRunner().invoke(build(), ["simulate", "test", *typed, "--out", str(path)])
    assert done.exit_code == 2
    assert told in done.stderr
    assert not path.exists()


def test_people_stand_by_habit_and_by_chance():
    def stood(seed, visit, error=4.0):
        done = perform("hinge", seed=seed, visit=visit, pose_error_deg=error, **QUICK)
        return float(done.recording.truth["hip_rotation_right_deg"].loc[1.0:5.0].mean())

    assert abs(stood(21, 0, 0.0)) < 0.4
    people = np.array([[stood(seed, visit) for visit in (0, 1)] for seed in range(21, 45)])
    between, within = people.mean(axis=1).std(), np.diff(people, axis=1).std() / np.sqrt(2.0)
    assert 2.2 < between < 5.5
    assert 1.0 < within < 3.2 < 2.0 * between
