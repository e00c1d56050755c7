"""Squats, hinges and repeated poses: the feet stay, nobody bends in a plane, sensors are exact."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.errors import ConfigError
from imuhip.simulation.course import lay_course
from imuhip.simulation.ideal_imu import STANDARD_GRAVITY_M_S2, ideal_imu
from imuhip.simulation.motion import move_body, segment_motions
from imuhip.simulation.movements import add_movements, movement_rng
from imuhip.simulation.people import draw_person
from imuhip.simulation.plan import plan_session

INTERNAL_HZ = 400.0
EVERYTHING = ("squat", "n_pose", "hinge", "n_pose", "leg_swing", "n_pose")


def bend(name, seed):
    person = draw_person(np.random.default_rng(seed))
    rng = np.random.default_rng(seed + 100)
    plan = plan_session("stand", 0.05, rng, movements=(name,))
    time_s = np.arange(int(plan.duration_s * INTERNAL_HZ)) / INTERNAL_HZ
    course = lay_course(plan, person, time_s, rng)
    body = move_body(person, course, rng)
    bent = add_movements(body, course, plan.movements, person, movement_rng(seed))
    segments = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right")
    standing, moving = (segment_motions(b, person.body, segments) for b in (body, bent))
    return person.body, moving, standing, bent


def ankle(motions, body, side):
    shank = motions[f"shank_{side}"]
    return shank.position_W + quaternion.rotate(shank.q_WB, np.array([0.0, -body.shank_m, 0.0]))


@pytest.mark.parametrize("name", ["squat", "hinge"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_feet_stay_while_the_body_bends(name, seed):
    body, motions, standing, bent = bend(name, seed)
    left, right = (
        ankle(motions, body, side) - ankle(standing, body, side) for side in ("left", "right")
    )
    assert np.abs(left + right).max() < 1e-9
    assert np.abs(left).max() < 0.025
    deepest = np.degrees(max(bent.angles_rad[f"hip_flexion_{s}"].max() for s in ("left", "right")))
    assert 40.0 < deepest < 140.0
    assert np.ptp(motions["pelvis"].position_W[:, 2]) > (0.15 if name == "squat" else 0.005)


def test_both_neighbours_feel_the_same_at_the_hip():
    body, motions, _, _ = bend("squat", 4)
    pelvis, thigh = motions["pelvis"], motions["thigh_left"]
    upright = np.tile(quaternion.IDENTITY, (len(pelvis.time_s), 1))
    hip = np.tile(body.hip_centre_m("left"), (len(pelvis.time_s), 1))
    _, at_pelvis, _ = ideal_imu(pelvis, upright, hip, 100.0)
    _, at_thigh, gyr = ideal_imu(thigh, upright, np.zeros_like(hip), 100.0)
    rows = slice(None, None, 4)
    n = len(at_pelvis)
    world = [
        quaternion.rotate(motion.q_WB[rows][:n], force)
        for motion, force in ((pelvis, at_pelvis), (thigh, at_thigh))
    ]
    assert np.abs(world[0] - world[1])[2:-2].max() < 1e-3
    assert np.ptp(world[0][:, 2]) > 1.0
    assert np.abs(world[0].mean(axis=0) - [0, 0, STANDARD_GRAVITY_M_S2]).max() < 0.1
    assert np.abs(gyr).max() > 1.0


def test_movements_are_marked_and_found_in_the_truth():
    recording = imuhip.simulate("walk", 0.2, seed=5, movements=EVERYTHING)
    names = [marker.name for marker in recording.markers]
    assert names == [
        "n_pose", "squat", "n_pose", "hinge", "n_pose",
        "leg_swing_right", "leg_swing_left", "n_pose", "gait", "stand",
    ]  # fmt: skip
    for marker in recording.markers:
        angles = recording.truth.loc[marker.start_s : marker.end_s]
        moved = np.ptp(angles["hip_flexion_right_deg"].to_numpy())
        assert moved < 2.0 if marker.name in ("n_pose", "stand") else moved > 2.0


def test_every_new_stance_misses_the_pose_by_habit_and_by_chance():
    def stances(seed, error):
        recording = imuhip.simulate(
            "stand", 0.05, seed=seed, movements=("n_pose",) * 4, pose_error_deg=error
        )
        poses = [marker for marker in recording.markers if marker.name == "n_pose"]
        turned = recording.truth["hip_rotation_left_deg"]
        return [float(turned.loc[pose.start_s : pose.end_s].mean()) for pose in poses]

    assert np.abs(stances(0, 0.0)).max() < 0.5
    people = np.array([stances(seed, 4.0) for seed in range(12)])
    within = np.sqrt(np.mean(np.var(people, axis=1, ddof=1)))
    assert 1.4 < within < 2.7
    assert np.std(people.mean(axis=1)) > within


def test_soft_tissue_is_stretched_by_a_bend_and_rests_in_between():
    options = {"movements": ("squat", "n_pose"), "sensor_errors": 0.0, "mounting": "nominal"}
    hard, soft = (
        imuhip.simulate("stand", 0.05, seed=6, soft_tissue=scale, **options) for scale in (0.0, 1.0)
    )
    apart = np.abs(hard.sensors["thigh_left"].gyr - soft.sensors["thigh_left"].gyr).max(axis=1)
    time_s = hard.sensors["thigh_left"].time_s
    squat = next(marker for marker in hard.markers if marker.name == "squat")
    inside = (time_s > squat.start_s) & (time_s < squat.end_s)
    assert apart[inside].max() > 0.03
    assert apart[~inside].max() < 0.01


@pytest.mark.parametrize("movements", [("jump",), ("leg_swing", "leg_swing")])
def test_movements_that_cannot_be_done_are_named(movements):
    with pytest.raises(ConfigError) as caught:
        imuhip.simulate("walk", 0.2, movements=movements)
    assert repr(movements[0]) in str(caught.value)
    assert "squat" in caught.value.hint
