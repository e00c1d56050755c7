"""A perfect sensor's readings are the motion: integrating them gives the poses back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from imuhip.core import quaternion
from imuhip.core.cardan import hip_angles
from imuhip.simulation.course import lay_course
from imuhip.simulation.ideal_imu import (
    STANDARD_GRAVITY_M_S2,
    SegmentMotion,
    ideal_imu,
)
from imuhip.simulation.motion import move_body, segment_motions
from imuhip.simulation.people import draw_person
from imuhip.simulation.plan import plan_session
from strategies import unit_quaternions

GRAVITY_W = np.array([0.0, 0.0, -STANDARD_GRAVITY_M_S2])
INTERNAL_HZ = 400.0


def move(activity, minutes=0.25, seed=4, **options):
    person = draw_person(np.random.default_rng(seed))
    rng = np.random.default_rng(seed + 100)
    plan = plan_session(activity, minutes, rng, calibration=False)
    time_s = np.arange(int(plan.duration_s * INTERNAL_HZ)) / INTERNAL_HZ
    course = lay_course(plan, person, time_s, rng)
    body = move_body(person, course, rng, **options)
    segments = ("pelvis", "thigh_left", "thigh_right", "shank_right", "trunk")
    return person, body, segment_motions(body, person.body, segments)


def magnus_steps(gyr, step_s):
    """Return one rotation per two samples, fourth order, from gyr at its start, middle and end."""
    first, middle, last = gyr[:-2:2], gyr[1:-1:2], gyr[2::2]
    mean = (first + 4.0 * middle + last) / 6.0
    # commutator of the linear part with the mean: the coning the mean rate alone leaves out
    coning = np.cross(mean, (last - first)) * step_s**2 / 12.0
    return quaternion.from_rotation_vector(mean * step_s + coning)


def chain(steps):
    """Return the product of all rotations, pairwise."""
    while len(steps) > 1:
        if len(steps) % 2:
            steps = np.concatenate([steps, quaternion.IDENTITY[None]])
        steps = quaternion.multiply(steps[::2], steps[1::2])
    return steps[0]


def integration_error_deg(motion, rate_hz):
    time_s, _, gyr = ideal_imu(motion, rate_hz=rate_hz)
    n = 2 * ((len(gyr) - 1) // 2) + 1
    turned = chain(magnus_steps(gyr[:n], 2.0 / rate_hz))
    end = np.searchsorted(motion.time_s, time_s[n - 1] - 1e-9)
    predicted = quaternion.multiply(motion.q_WB[0], turned)
    missing = quaternion.multiply(quaternion.conjugate(predicted), motion.q_WB[end])
    return np.degrees(np.linalg.norm(quaternion.rotation_vector(missing)))


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_integrated_rate_returns_the_orientation_after_100_s(activity):
    _, _, motions = move(activity, minutes=100 / 60)
    for segment in ("pelvis", "thigh_left"):
        assert motions[segment].time_s[-1] > 100.0
        assert integration_error_deg(motions[segment], 3200.0) < 1e-6


def test_a_rate_error_of_one_part_in_a_million_is_seen():
    _, _, motions = move("run", minutes=100 / 60)
    motion = motions["thigh_left"]
    time_s, _, gyr = ideal_imu(motion, rate_hz=3200.0)
    n = 2 * ((len(gyr) - 1) // 2) + 1
    exact = chain(magnus_steps(gyr[:n], 2.0 / 3200.0))
    wrong = chain(magnus_steps(gyr[:n] * (1.0 + 1e-6), 2.0 / 3200.0))
    apart = quaternion.rotation_vector(quaternion.multiply(quaternion.conjugate(exact), wrong))
    assert np.degrees(np.linalg.norm(apart)) > 1e-5
    assert time_s[-1] > 100.0


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_twice_integrated_acceleration_returns_the_position(activity):
    _, _, motions = move(activity, minutes=0.5)
    motion, rate_hz, r_BS_m = motions["thigh_right"], 400.0, np.array([0.02, -0.2, 0.07])
    time_s, acc, _ = ideal_imu(motion, r_BS_m=r_BS_m, rate_hz=rate_hz)
    place = motion.position_W + quaternion.rotate(motion.q_WB, r_BS_m)
    acceleration = quaternion.rotate(motion.q_WB[: len(acc)], acc) + GRAVITY_W
    first, last = np.searchsorted(time_s, [15.0, 20.0])
    # start from the velocity of the true path, then use nothing but the accelerometer
    velocity = (place[first + 1] - place[first - 1]) * rate_hz / 2
    rows = slice(first, last)
    step_s = 1.0 / rate_hz
    speed = velocity + np.cumsum(acceleration[rows] * step_s, axis=0)
    speed -= 0.5 * step_s * (acceleration[rows] + acceleration[first])
    path = place[first] + np.cumsum(speed * step_s, axis=0) - 0.5 * step_s * (speed + velocity)
    assert np.linalg.norm(path - place[rows], axis=1).max() < 2e-3


@pytest.mark.parametrize("activity", ["walk", "run"])
def test_hip_centre_accelerates_alike_seen_from_pelvis_and_thigh(activity):
    person, _, motions = move(activity)
    sensors = {"pelvis": np.array([-0.11, 0.08, 0.01]), "thigh_left": np.array([0.0, -0.2, -0.07])}
    centres = {"pelvis": person.body.hip_centre_m("left"), "thigh_left": np.zeros(3)}
    force_W = {}
    for segment, r_BS_m in sensors.items():
        motion = motions[segment]
        _, acc, gyr = ideal_imu(motion, r_BS_m=r_BS_m, rate_hz=INTERNAL_HZ)
        turning = np.gradient(gyr, 1.0 / INTERNAL_HZ, axis=0, edge_order=2)
        lever = centres[segment] - r_BS_m
        at_hip = acc + np.cross(turning, lever) + np.cross(gyr, np.cross(gyr, lever))
        force_W[segment] = quaternion.rotate(motion.q_WB, at_hip)[1000:-1000]
    size = force_W["pelvis"].std(axis=0).max()
    apart = force_W["pelvis"] - force_W["thigh_left"]
    assert size > 1.0
    assert np.sqrt(np.mean(apart**2)) < 0.02 * size

    # and exactly, where a sensor sits on the hip centre itself, on either segment
    direct = {}
    for segment, centre in centres.items():
        _, acc, _ = ideal_imu(motions[segment], r_BS_m=centre, rate_hz=INTERNAL_HZ)
        direct[segment] = quaternion.rotate(motions[segment].q_WB, acc)
    np.testing.assert_allclose(direct["pelvis"], direct["thigh_left"], atol=1e-6)


def test_the_chain_hangs_together():
    person, body, motions = move("walk")
    knee = quaternion.rotate(
        motions["thigh_right"].q_WB, np.array([0.0, -person.body.thigh_m, 0.0])
    )
    np.testing.assert_allclose(
        motions["thigh_right"].position_W + knee, motions["shank_right"].position_W, atol=1e-12
    )
    q_PT = quaternion.multiply(
        quaternion.conjugate(motions["pelvis"].q_WB), motions["thigh_left"].q_WB
    )
    angles = hip_angles(q_PT, "left")
    for column, name in enumerate(("flexion", "adduction", "rotation")):
        np.testing.assert_allclose(
            angles[:, column], body.angles_rad[f"hip_{name}_left"], atol=1e-9
        )


@settings(max_examples=10)
@given(q_BS=unit_quaternions())
def test_mounting_turns_the_readings_and_nothing_else(q_BS):
    time_s = np.arange(0.0, 1.0, 1.0 / INTERNAL_HZ)
    wave = np.column_stack([np.sin(5 * time_s), np.cos(3 * time_s), 0.5 * np.sin(7 * time_s)])
    motion = SegmentMotion(time_s, quaternion.from_rotation_vector(wave), 0.1 * wave)
    _, acc, gyr = ideal_imu(motion)
    _, acc_S, gyr_S = ideal_imu(motion, q_BS=q_BS)
    np.testing.assert_allclose(quaternion.rotate(q_BS, acc_S), acc, atol=1e-8)
    np.testing.assert_allclose(quaternion.rotate(q_BS, gyr_S), gyr, atol=1e-8)


def test_a_wheel_reads_its_rate_and_its_centripetal_force():
    time_s = np.arange(0.0, 4.0, 1.0 / INTERNAL_HZ)
    turning = np.column_stack([0 * time_s, 0 * time_s, 3.0 * time_s])
    motion = SegmentMotion(time_s, quaternion.from_rotation_vector(turning), 0.0 * turning)
    _, acc, gyr = ideal_imu(motion, r_BS_m=(0.5, 0.0, 0.0))
    np.testing.assert_allclose(gyr, np.tile([0.0, 0.0, 3.0], (len(gyr), 1)), atol=1e-7)
    # the ends of the spline are a little less exact
    expected = np.tile([-4.5, 0.0, STANDARD_GRAVITY_M_S2], (len(acc) - 20, 1))
    np.testing.assert_allclose(acc[10:-10], expected, atol=1e-6)


def test_wrong_shapes_are_named():
    time_s = np.arange(10.0)
    with pytest.raises(ValueError, match=r"Expected q_WB of shape \(10, 4\), got \(9, 4\)"):
        SegmentMotion(time_s, np.zeros((9, 4)), np.zeros((10, 3)))
    with pytest.raises(ValueError, match="at least 6 samples"):
        SegmentMotion(time_s[:3], np.zeros((3, 4)), np.zeros((3, 3)))
