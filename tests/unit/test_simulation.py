"""Simulated sessions: reproducible, with truth that means what the conventions say."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.core.cardan import Q_WALK_ISB, hip_angles
from imuhip.core.segments import ANGLES, SEGMENTS
from imuhip.errors import ConfigError
from imuhip.simulation.gait_curves import RANGES


def marker(recording, name):
    return next(m for m in recording.markers if m.name == name)


def steady_truth(recording):
    gait = marker(recording, "gait")
    return recording.truth.loc[gait.start_s + 5 : gait.end_s - 5]


def readings(recording):
    return {name: (s.acc, s.gyr) for name, s in recording.sensors.items()}


@pytest.fixture(scope="module")
def walk():
    return imuhip.simulate("walk", 1, seed=5)


@pytest.fixture(scope="module")
def run():
    return imuhip.simulate("run", 1, seed=5)


def test_same_arguments_give_the_same_samples(walk):
    again = imuhip.simulate("walk", 1, seed=5)
    for name, (acc, gyr) in readings(walk).items():
        np.testing.assert_array_equal(again.sensors[name].acc, acc)
        np.testing.assert_array_equal(again.sensors[name].gyr, gyr)
    assert again.markers == walk.markers
    other = imuhip.simulate("walk", 1, seed=6)
    assert not np.allclose(other.truth.iloc[5000], walk.truth.iloc[5000], atol=0.1)


@pytest.mark.parametrize(
    "options",
    [
        {"mounting": "nominal"},
        {"sensor_errors": 0.0},
        {"soft_tissue": 1.0, "strap_wobble": 1.0},
        {"packet_loss": 0.1},
        {"segments": SEGMENTS},
    ],
    ids=lambda options: "-".join(options),
)
def test_sensor_options_leave_the_person_alone(walk, options):
    other = imuhip.simulate("walk", 1, seed=5, **options)
    np.testing.assert_array_equal(other.truth_motion.angles_rad, walk.truth_motion.angles_rad)
    if "segments" in options:  # more sensors do not change those that were there
        assert set(other.sensors) == set(SEGMENTS)
        for name, series in walk.sensors.items():
            np.testing.assert_array_equal(other.sensors[name].acc, series.acc)


def test_time_table(walk):
    names = [m.name for m in walk.markers]
    assert names == ["n_pose", "leg_swing_right", "leg_swing_left", "stand", "gait", "stand"]
    gait = marker(walk, "gait")
    assert gait.end_s - gait.start_s == 60.0
    assert walk.sensors["pelvis"].time_s[-1] == pytest.approx(walk.markers[-1].end_s - 0.01)
    assert walk.subject == "SIM-walk-5"
    assert walk.devices["pelvis"].simulated
    np.testing.assert_array_equal(walk.truth_motion.time_s, walk.sensors["pelvis"].time_s)


@pytest.mark.parametrize("rate_hz", [50.0, 60.0, 200.0])
def test_any_rate_samples_the_same_motion(walk, rate_hz):
    other = imuhip.simulate("walk", 1, seed=5, rate_hz=rate_hz, sensor_errors=0, turns=True)
    np.testing.assert_allclose(np.diff(other.sensors["pelvis"].time_s), 1 / rate_hz)
    assert len(other.sensors["pelvis"]) == round(96 * rate_hz)
    at = other.truth_motion.time_s < 95.9
    for column, name in enumerate(ANGLES):
        expected = np.interp(
            other.truth_motion.time_s[at],
            walk.truth_motion.time_s,
            walk.truth_motion.angles_rad[:, column],
        )
        found = other.truth_motion.angles_rad[at, column]
        np.testing.assert_allclose(found, expected, atol=np.radians(0.6), err_msg=name)


def test_the_n_pose_is_still_and_zero(walk):
    pose = walk.truth.loc[0.0:8.0]
    assert pose.abs().to_numpy().max() < 1.0
    assert (pose.mean().abs() < 0.5).all()
    assert (np.degrees(np.linalg.norm(walk.sensors["pelvis"].gyr[:800], axis=1)) < 4.0).all()


def test_a_pose_error_is_in_the_truth_and_not_in_the_gait(walk):
    tilted = imuhip.simulate("walk", 1, seed=5, pose_error_deg=4.0)
    shift = (tilted.truth.loc[1:7] - walk.truth.loc[1:7]).mean()
    hip = [c for c in shift.index if c.startswith("hip_")]
    assert 0.5 < np.sqrt(np.mean(shift[hip] ** 2)) < 8.0
    np.testing.assert_allclose(steady_truth(tilted), steady_truth(walk), atol=1e-6)


def test_truth_angles_are_those_of_the_bones(walk):
    truth = walk.truth_motion
    pelvis = truth.orientations["pelvis"]
    for side in ("left", "right"):
        q_PT = quaternion.multiply(
            quaternion.conjugate(pelvis), truth.orientations[f"thigh_{side}"]
        )
        columns = [ANGLES.index(f"hip_{m}_{side}") for m in ("flexion", "adduction", "rotation")]
        np.testing.assert_allclose(hip_angles(q_PT, side), truth.angles_rad[:, columns], atol=1e-9)


def test_pelvis_rotation_is_relative_to_the_way():
    recording = imuhip.simulate("walk", 1, seed=5, turns=True)
    truth = recording.truth_motion
    heading = np.unwrap(
        quaternion.heading_about_z(
            quaternion.multiply(truth.orientations["pelvis"], quaternion.conjugate(Q_WALK_ISB))
        )
    )
    assert np.ptp(heading) > np.radians(80)  # it turned
    assert steady_truth(recording)["pelvis_rotation_deg"].abs().max() < 15.0
    straight = imuhip.simulate("walk", 1, seed=5, turns=False)
    q = quaternion.multiply(
        straight.truth_motion.orientations["pelvis"], quaternion.conjugate(Q_WALK_ISB)
    )
    assert np.ptp(np.unwrap(quaternion.heading_about_z(q))) < np.radians(25)


@pytest.mark.parametrize("activity", ["walk", "run"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_contacts_come_when_the_hip_is_flexed(walk, run, activity, side):
    recording = walk if activity == "walk" else run
    truth = recording.truth
    contacts = recording.truth_motion.initial_contacts_s[side]
    strides_s = np.diff(contacts)
    assert len(contacts) > (45 if activity == "walk" else 70)
    low, high = (0.9, 1.3) if activity == "walk" else (0.62, 0.85)
    assert low < np.median(strides_s) < high
    steady = slice(3, -4)
    assert 0.005 < (strides_s[steady] / np.median(strides_s)).std() < 0.1
    flexion = truth[f"hip_flexion_{side}_deg"]
    after = []
    for start, end in pairwise(contacts[3:-3]):
        phase = (flexion.loc[start:end].idxmax() - start) / (end - start)
        after.append((phase + 0.5) % 1.0 - 0.5)
    # walking: from late swing to loading (a plateau with two humps); running: in swing
    low, high = (-0.2, 0.12) if activity == "walk" else (-0.35, -0.05)
    assert low < np.median(after) < high
    # the legs alternate
    other = recording.truth_motion.initial_contacts_s["left" if side == "right" else "right"]
    middle = contacts[10]
    step = other[np.searchsorted(other, middle)] - middle
    assert 0.44 < step / np.median(strides_s) < 0.56


def test_signs_of_walking(walk):
    """Right in front and flexed at right contact; the pelvis is high on the stance side."""
    truth, contacts = steady_truth(walk), walk.truth_motion.initial_contacts_s["right"]
    stride_s = np.median(np.diff(contacts))

    def at(column, phase):
        times = contacts[6:-8] + phase * stride_s
        return np.interp(times, truth.index, truth[column]).mean()

    assert at("hip_flexion_right_deg", 0.0) > 15.0 > -3.0 > at("hip_flexion_right_deg", 0.52)
    assert at("hip_flexion_left_deg", 0.5) > 15.0 > -3.0 > at("hip_flexion_left_deg", 0.02)
    assert at("pelvis_rotation_deg", 0.1) > 2.0 and at("pelvis_rotation_deg", 0.6) < -2.0
    assert at("pelvis_obliquity_deg", 0.2) > 1.0 and at("pelvis_obliquity_deg", 0.7) < -1.0
    # the leg that stands is adducted against the one that swings
    assert at("hip_adduction_right_deg", 0.2) > at("hip_adduction_right_deg", 0.7) + 4.0
    assert at("hip_adduction_left_deg", 0.7) > at("hip_adduction_left_deg", 0.2) + 4.0


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_ranges_are_the_published_ones(activity):
    ranges = []
    for seed in range(8):
        recording = imuhip.simulate(activity, 0.5, seed, rate_hz=50.0, calibration=False)
        contacts = recording.truth_motion.initial_contacts_s["right"]
        truth = recording.truth
        strides = pairwise(contacts[4:-4])
        ranges.append(np.mean([np.ptp(truth.loc[a:b].to_numpy(), axis=0) for a, b in strides], 0))
    mean = dict(zip(ANGLES, np.mean(ranges, axis=0), strict=True))
    for name, found in mean.items():
        figures = RANGES[activity][name.removesuffix("_left").removesuffix("_right")]
        tolerance = 1.5 * figures.range_sd + 0.1 * figures.range_mean
        assert abs(found - figures.range_mean) < tolerance, name
    assert np.std([r[0] for r in ranges]) > 1.0  # people differ


def test_mounting_changes_axes_only(walk):
    turned = quaternion.normalize(np.array([0.1, -0.7, 0.5, 0.5]))  # upside down and more
    plain = imuhip.simulate("walk", 0.3, seed=5, mounting="nominal", sensor_errors=0)
    other = imuhip.simulate(
        "walk", 0.3, seed=5, mounting=dict.fromkeys(plain.sensors, turned), sensor_errors=0
    )
    for name, series in plain.sensors.items():
        for channel in ("acc", "gyr"):
            a, b = getattr(series, channel), getattr(other.sensors[name], channel)
            np.testing.assert_allclose(
                np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1), atol=1e-7
            )
            np.testing.assert_allclose(quaternion.rotate(turned, b), a, atol=1e-7)


def test_random_mounting_goes_all_ways_round():
    up = []
    for seed in range(12):
        recording = imuhip.simulate("stand", 0.05, seed, sensor_errors=0, calibration=False)
        acc = recording.sensors["thigh_left"].acc[:300].mean(axis=0)
        up.append(acc / np.linalg.norm(acc))
        assert np.linalg.norm(acc) == pytest.approx(9.80665, abs=0.02)
    up = np.array(up)
    assert up.min(axis=0)[0] < -0.6 and up.max(axis=0)[0] > 0.6


def test_mixed_walks_runs_and_stops():
    recording = imuhip.simulate("mixed", 5, seed=1, rate_hz=50.0)
    names = [m.name for m in recording.markers]
    assert names.count("walk") >= 2 and "run" in names
    truth = recording.truth
    run = marker(recording, "run")
    walk = marker(recording, "walk")
    flexion = truth["hip_flexion_right_deg"]
    assert np.ptp(flexion.loc[run.start_s + 5 : run.end_s - 5]) > 1.2 * np.ptp(
        flexion.loc[walk.start_s + 5 : walk.end_s - 5]
    )
    bouts = [m for m in recording.markers if m.name in ("walk", "run")]
    rests = [(a.end_s, b.start_s) for a, b in pairwise(bouts)]
    contacts = recording.truth_motion.initial_contacts_s["left"]
    rests = [(start, end) for start, end in rests if end - start > 1]
    assert rests
    for start, end in rests:
        assert not np.any((contacts > start) & (contacts < end))


def test_save_and_open_keep_a_simulated_session(tmp_path):
    recording = imuhip.simulate("walk", 0.2, seed=1, packet_loss=0.02)
    again = imuhip.open(recording.save(tmp_path / "sim.h5"))
    np.testing.assert_array_equal(
        again.sensors["thigh_left"].valid, recording.sensors["thigh_left"].valid
    )
    np.testing.assert_allclose(again.truth, recording.truth, atol=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activity": "swim"}, "swim"),
        ({"minutes": 0}, "0 min"),
        ({"rate_hz": 5.0}, "5.0 Hz"),
        ({"segments": ("pelvis", "arm")}, "arm"),
        ({"segments": ("pelvis", "pelvis")}, "pelvis"),
        ({"segments": ()}, "sensors on"),
        ({"packet_loss": 1.0}, "1.0"),
        ({"sensor_errors": -1.0}, "sensor_errors=-1.0"),
        ({"mounting": "sideways"}, "sideways"),
    ],
)
def test_options_that_cannot_be_used_are_named(options, message):
    with pytest.raises(ConfigError, match=message) as caught:
        imuhip.simulate(**({"minutes": 0.1} | options))
    assert caught.value.hint
