"""Repeated poses and bends: what they say of zero and of the facing, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.calibration.movement_axis import (
    combine_facing,
    find_movement_axis,
    gait_facing_sd_rad,
)
from imuhip.calibration.pose_spread import CHANCE_SD_DEG, HABIT_SD_DEG, judge_poses
from imuhip.calibration.stance import STANCE_SD_RAD, stance_variance
from imuhip.core import quaternion

UP = np.array([0.0, 0.0, 1.0])
RIGHT = np.array([0.0, -1.0, 0.0])


def turned(degrees, vector=RIGHT):
    return quaternion.rotate(quaternion.about_axis(UP, np.radians(degrees)), vector)


def bows(about, *, aside=0.0, n=400):
    """Return the rate of four bows about an axis, with some turning aside."""
    wave = np.sin(2 * np.pi * 4 * np.arange(n) / n)
    other = np.cross(UP, about)
    return np.outer(wave, about) + aside * np.outer(np.cos(2 * np.pi * 9 * np.arange(n) / n), other)


def test_the_axis_of_a_bow_is_found_with_its_sign_and_with_how_far_people_stray():
    everywhere = np.ones(400, dtype=bool)
    hinge = find_movement_axis("hinge", bows(turned(12.0)), everywhere, UP, RIGHT)
    squat = find_movement_axis("squat", -bows(turned(12.0)), everywhere, UP, RIGHT)
    assert hinge is not None and squat is not None
    assert np.allclose(hinge.right_S, turned(12.0), atol=1e-6)
    assert np.allclose(squat.right_S, turned(12.0), atol=1e-6)
    assert np.degrees(hinge.sd_rad) == pytest.approx(3.0, abs=0.1)
    assert squat.sd_rad > hinge.sd_rad


def test_what_does_not_turn_about_one_axis_has_no_axis():
    everywhere = np.ones(400, dtype=bool)
    assert find_movement_axis("hinge", bows(RIGHT, aside=0.6), everywhere, UP, RIGHT) is None
    assert find_movement_axis("hinge", 0.05 * bows(RIGHT), everywhere, UP, RIGHT) is None
    assert find_movement_axis("hinge", bows(RIGHT), ~everywhere, UP, RIGHT) is None


def test_bows_count_for_a_walker_with_one_thigh_sensor_and_for_nobody_else():
    everywhere = np.ones(400, dtype=bool)
    axis = find_movement_axis("hinge", bows(turned(8.0)), everywhere, UP, RIGHT)
    assert axis is not None
    alone = gait_facing_sd_rad(1, walking=True)
    one = combine_facing(RIGHT, alone, UP, [axis])
    assert 5.0 < np.degrees(one.turned_rad) < 8.0
    assert np.allclose(one.right_S, turned(np.degrees(one.turned_rad)))
    assert one.sd_rad < 0.6 * alone
    assert one.used == (True,)
    for better in (gait_facing_sd_rad(2, walking=True), gait_facing_sd_rad(1, walking=False)):
        both = combine_facing(RIGHT, better, UP, [axis])
        assert both.turned_rad == 0.0
        assert both.sd_rad == pytest.approx(better)
        assert both.used == (False,)


def test_an_axis_far_from_the_mediolateral_one_is_left_out():
    everywhere = np.ones(400, dtype=bool)
    axis = find_movement_axis("hinge", bows(turned(35.0)), everywhere, UP, RIGHT)
    assert axis is not None
    found = combine_facing(RIGHT, gait_facing_sd_rad(1, walking=True), UP, [axis])
    assert found.used == (False,)
    assert found.turned_rad == 0.0


def poses(scale, n_poses, seed=0):
    rng = np.random.default_rng(seed)
    return {name: scale * sd * rng.normal(size=(n_poses, 2)) for name, sd in CHANCE_SD_DEG.items()}


def test_one_pose_is_worth_what_people_do_in_general():
    spread = judge_poses(poses(1.0, 1))
    assert spread.pose_sd_deg == pytest.approx(
        {"hip_flexion": 3.0, "hip_adduction": 2.0, "hip_rotation": 4.0}, abs=0.01
    )
    assert spread.repeat_sd_deg == pytest.approx(CHANCE_SD_DEG)
    assert spread.seen_deg == 0.0


def test_more_poses_repeat_better_but_do_not_take_habit_away():
    found = [judge_poses(poses(1.0, n, seed=3)) for n in (1, 2, 4, 16)]
    for name, habit in HABIT_SD_DEG.items():
        sd = [spread.pose_sd_deg[name] for spread in found]
        assert sd == sorted(sd, reverse=True)
        assert habit < sd[-1] < 1.02 * habit
    assert found[-1].repeat_sd_deg["hip_rotation"] < 0.7


def test_the_spread_is_the_persons_own():
    exact, sloppy = judge_poses(poses(0.3, 4)), judge_poses(poses(3.0, 4))
    assert exact.chance_sd_deg["hip_flexion"] < 0.8
    assert sloppy.chance_sd_deg["hip_flexion"] > 2.0
    assert sloppy.seen_deg > 2.0 > exact.seen_deg


def test_a_stance_repeats_the_heading_no_better_than_the_verticals():
    def leaning(degrees):
        q = quaternion.about_axis(RIGHT, np.radians(degrees))
        return {"pelvis": quaternion.rotate(q, UP), "thigh_left": UP}

    assert stance_variance(leaning(0.0), leaning(0.0)) == pytest.approx(STANCE_SD_RAD**2)
    sd = [np.degrees(np.sqrt(stance_variance(leaning(0.0), leaning(a)))) for a in (0.2, 2.0)]
    assert sd[0] < 0.6
    assert 1.3 < sd[1] < 2.0
