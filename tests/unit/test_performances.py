"""Performed tests: physics of the motion, repetitions, the same again, and variety."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from imuhip.core import quaternion
from imuhip.core.segments import SIDES
from imuhip.errors import ConfigError
from imuhip.simulation.ideal_imu import STANDARD_GRAVITY_M_S2
from imuhip.simulation.people import draw_person
from imuhip.simulation.performances import CHANGES, FAULTS, TESTS, perform

PERFECT = {"soft_tissue": 0.0, "sensor_errors": 0.0, "mounting": "nominal"}
QUICK = PERFECT | {"rate_hz": 50.0, "sensors": ("pelvis",)}
DRILLS = tuple(name for name in TESTS if not name.startswith(("hip_rotation", "hip_ext", "knee")))


@cache
def perfect(test):
    return perform(test, seed=5, rate_hz=200.0, repetitions=2, **PERFECT)


def body_of(seed):
    return draw_person(np.random.default_rng(np.random.SeedSequence(seed).spawn(1)[0])).body


def part_of(series, from_s, to_s):
    return (series.time_s >= from_s) & (series.time_s <= to_s)


def in_world(recording, segment, vectors):
    return quaternion.rotate(recording.truth_motion.orientations[segment], vectors)


@pytest.mark.parametrize("test", TESTS)
def test_a_performance_is_complete(test):
    performance = perform(test, seed=3, repetitions=2)
    recording = performance.recording
    pose, marker = recording.markers
    assert pose.name == "n_pose" and pose.end_s - pose.start_s == 6.0
    assert marker.name == (f"{test}_left" if performance.side else test)
    assert len(performance.repetitions) == (4 if test == "hip_airplane" else 2)
    before = marker.start_s + 2.5
    for repetition in performance.repetitions:
        assert before < repetition.rest_s <= repetition.start_s < repetition.peak_s
        assert repetition.peak_s < repetition.end_s < marker.end_s - 0.5
        before = repetition.end_s
    assert marker.end_s < recording.duration_s
    assert all(series.valid.all() for series in recording.sensors.values())
    names = [name for name in performance.truth if not name.endswith("_per_repetition")]
    assert len(names) >= 6
    for name in names:
        each = np.array(performance.truth[f"{name}_per_repetition"])
        assert each.shape == (len(performance.repetitions),)
        if np.isfinite(each).any():
            assert performance.truth[name] == np.nanmedian(each)


@pytest.mark.parametrize("test", TESTS)
def test_a_body_at_rest_feels_gravity_alone(test):
    performance = perfect(test)
    marker = performance.recording.markers[-1]
    for from_s, to_s in ((1.0, 5.0), (marker.start_s + 0.7, marker.start_s + 2.4)):
        for series in performance.recording.sensors.values():
            still = part_of(series, from_s, to_s)
            force = np.linalg.norm(series.acc[still], axis=1)
            assert np.abs(force - STANDARD_GRAVITY_M_S2).max() < 0.25
            assert abs(force.mean() - STANDARD_GRAVITY_M_S2) < 0.02
            assert np.degrees(np.abs(series.gyr[still])).max() < 5.0


@pytest.mark.parametrize("test", TESTS)
def test_from_rest_to_rest_no_speed_is_left(test):
    performance = perfect(test)
    recording = performance.recording
    from_s, to_s = 2.0, recording.markers[-1].end_s
    for segment in ("pelvis", "shank_left"):
        series = recording.sensors[segment]
        rows = part_of(series, from_s, to_s)
        gravity = np.array([0.0, 0.0, STANDARD_GRAVITY_M_S2])
        acceleration = in_world(recording, segment, series.acc)[rows] - gravity
        speed = np.cumsum(acceleration, axis=0) / 200.0
        assert np.abs(speed[-1]).max() < 0.06
        # people got to the test's posture and moved there
        assert np.abs(speed).max() > 0.01


@pytest.mark.parametrize("test", ["hip_rotation_prone", "hip_airplane", "lateral_lunge"])
def test_rates_integrate_to_where_the_bones_are(test):
    performance = perfect(test)
    for segment in ("pelvis", "shank_left"):
        series = performance.recording.sensors[segment]
        truth = performance.recording.truth_motion.orientations[segment]
        turns = quaternion.from_rotation_vector(0.5 * (series.gyr[1:] + series.gyr[:-1]) / 200.0)
        # products of neighbours, again and again, until one turn is left
        while len(turns) > 1:
            if len(turns) % 2:
                turns = np.vstack([turns, quaternion.IDENTITY])
            turns = quaternion.multiply(turns[0::2], turns[1::2])
        told = quaternion.multiply(truth[0], turns[0])
        apart = quaternion.multiply(quaternion.conjugate(told), truth[-1])
        assert np.degrees(2.0 * np.linalg.norm(apart[1:])) < 0.1


@pytest.mark.parametrize("test", TESTS)
def test_both_neighbours_of_a_joint_feel_the_same_there(test):
    """Moved to the joint by their own rates, sensors on both of its bones read one acceleration."""
    recording, body = perfect(test).recording, body_of(5)

    def at(segment, joint_m):
        series = recording.sensors[segment]
        kind = segment.partition("_")[0]
        side = 1.0 if segment.endswith("right") else -1.0
        place = {
            "pelvis": np.array([-0.11, 0.08, 0.02]),
            "thigh": np.array([0.0, -0.6 * body.thigh_m, side * 0.075]),
            "shank": np.array([0.0, -0.6 * body.shank_m, side * 0.05]),
        }[kind]
        arm = np.asarray(joint_m) - place
        rate = series.gyr
        spin = np.gradient(rate, 1.0 / 200.0, axis=0)
        there = series.acc + np.cross(spin, arm) + np.cross(rate, np.cross(rate, arm))
        return in_world(recording, segment, there)

    for side in SIDES:
        hip = at("pelvis", body.hip_centre_m(side)), at(f"thigh_{side}", [0.0, 0.0, 0.0])
        knee = (
            at(f"thigh_{side}", [0.0, -body.thigh_m, 0.0]),
            at(f"shank_{side}", [0.0, 0.0, 0.0]),
        )
        for here, there in (hip, knee):
            assert np.abs(here - there)[3:-3].max() < 0.15
            assert np.sqrt(np.mean((here - there)[3:-3] ** 2)) < 0.01
        assert np.ptp(hip[0][:, 2]) > 0.03


@pytest.mark.parametrize("test", ["hinge", "squat", "lateral_lunge", "split_squat_rotation"])
def test_feet_stay_through_the_repetitions(test):
    performance = perform(test, seed=7, **PERFECT)
    body = body_of(7)
    time_s = performance.recording.truth_motion.time_s
    orientation = performance.recording.truth_motion.orientations

    def ankle(side, rows):
        return (
            quaternion.rotate(orientation["pelvis"][rows], body.hip_centre_m(side))
            - quaternion.rotate(orientation[f"thigh_{side}"][rows], [0.0, body.thigh_m, 0.0])
            - quaternion.rotate(orientation[f"shank_{side}"][rows], [0.0, body.shank_m, 0.0])
        )

    for repetition in performance.repetitions:
        rows = (time_s >= repetition.rest_s) & (time_s <= repetition.end_s)
        left, right = ankle("left", rows), ankle("right", rows)
        # the body goes up and down over feet that stay as far apart as they are
        between = left - right
        apart_m = np.abs(between - between[0]).max(axis=0)
        if test == "split_squat_rotation":
            assert 0.03 < apart_m[2] < 0.06  # the hind heel rises
            apart_m[2] = 0.0
        assert apart_m.max() < (0.01 if test in ("lateral_lunge", "split_squat_rotation") else 0.08)
        assert np.ptp(left[:, 2]) > 0.01


def test_lying_down_turns_the_body_in_gravity():
    up = {}
    for test in ("knee_to_chest", "hip_extension_prone", "hip_rotation_seated"):
        recording = perform(test, seed=8, **PERFECT).recording
        series, marker = recording.sensors["pelvis"], recording.markers[-1]
        rest = part_of(series, marker.start_s + 0.5, marker.start_s + 2.5)
        up[test] = series.acc[rest].mean(axis=0) / STANDARD_GRAVITY_M_S2
    assert up["knee_to_chest"][0] > 0.98
    assert up["hip_extension_prone"][0] < -0.98
    assert up["hip_rotation_seated"][1] > 0.9


def test_the_same_again_is_the_same():
    first, again = (perform("hip_airplane", seed=9, faults={"pelvis_list": 1.0}) for _ in range(2))
    assert first.repetitions == again.repetitions
    assert str(dict(first.truth)) == str(dict(again.truth))
    for segment, series in first.recording.sensors.items():
        np.testing.assert_array_equal(series.gyr, again.recording.sensors[segment].gyr)


def test_what_else_is_worn_changes_nothing():
    alone, kit = (
        perform("hinge", seed=10, sensors=sensors)
        for sensors in (("pelvis",), ("trunk", "shank_right", "pelvis"))
    )
    np.testing.assert_array_equal(
        alone.recording.sensors["pelvis"].acc, kit.recording.sensors["pelvis"].acc
    )
    assert alone.truth["hinge_index"] == kit.truth["hinge_index"]
    np.testing.assert_array_equal(alone.recording.truth, kit.recording.truth)


@pytest.mark.parametrize("test", ["hip_rotation_supine", "single_leg_hinge"])
def test_people_differ(test):
    performances = [perform(test, seed=seed, **QUICK) for seed in range(12)]
    name = "true_ir_deg" if test == "hip_rotation_supine" else "pelvis_tilt_deg"
    assert np.std([p.truth[name] for p in performances]) > 4.0
    assert len({len(p.recording.truth) for p in performances}) > 8
    pauses = [
        after.start_s - before.end_s
        for p in performances
        for before, after in zip(p.repetitions, p.repetitions[1:], strict=False)
    ]
    assert min(pauses) > 0.4 and max(pauses) > 2.5
    lasting = [one.end_s - one.start_s for p in performances for one in p.repetitions]
    assert min(lasting) > 1.3 and max(lasting) < 6.0 and np.std(lasting) > 0.3


def test_people_fidget_and_break_off_unless_told_not_to():
    broken = [len(perform("squat", seed=s, repetitions=8, **QUICK).false_starts) for s in range(6)]
    assert sum(broken) > 2
    calm = perform("squat", seed=1, repetitions=8, fidgets=0.0, **QUICK)
    assert not calm.false_starts and len(calm.repetitions) == 8
    one = next(
        p
        for p in (perform("squat", seed=s, repetitions=8, **QUICK) for s in range(6))
        if p.false_starts
    )
    angle = one.recording.truth["hip_flexion_left_deg"]
    whole = min(np.ptp(angle.loc[r.rest_s : r.end_s]) for r in one.repetitions)
    assert all(np.ptp(angle.loc[r.rest_s : r.end_s]) < 0.4 * whole for r in one.false_starts)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"test": "hop"}, "hop"),
        ({"test": "hinge", "side": "both"}, "both"),
        ({"test": "hinge", "faults": {"hip_hike": 1.0}}, "hip_hike"),
        ({"test": "hinge", "faults": {"shift": -1.0}}, "shift"),
        ({"test": "hinge", "change": {"true_ir_deg": 5.0}}, "true_ir_deg"),
        ({"test": "hinge", "repetitions": 0}, "0 repetitions"),
        ({"test": "hinge", "direction": "internal"}, "internal"),
        ({"test": "hinge", "mode": "asleep"}, "asleep"),
        ({"test": "hinge", "sensors": ("head",)}, "head"),
        ({"test": "hinge", "sensor_errors": -1.0}, "sensor_errors"),
    ],
)
def test_what_cannot_be_performed_is_named(arguments, told):
    with pytest.raises(ConfigError) as caught:
        perform(**arguments)
    assert told in str(caught.value)
    assert caught.value.hint


def test_every_test_has_faults_and_they_are_listed():
    assert set(FAULTS) == set(CHANGES) == set(TESTS) and len(TESTS) == 13
    assert all({"incomplete_range", "too_fast"} < set(faults) for faults in FAULTS.values())
    assert all("pelvis_list" in FAULTS[name] for name in DRILLS if name != "rotations_90_90")
