"""What the body's movement says about where sensors are, on motion made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.calibration.placement_check import (
    label_evidence,
    pose_motion,
    segment_doubts,
    upward_axis,
)

RATE_HZ = 100.0
TIME_S = np.arange(0.0, 20.0, 1.0 / RATE_HZ)
SWING = np.sin(2.0 * np.pi * TIME_S)
ALL = np.ones(len(TIME_S), dtype=bool)


def evidence(facing: float = 1.0, swapped: bool = False, same_leg: bool = False):
    """A walker whose flexion rates are cosines; `facing` -1 has every axis the wrong way round."""
    legs = {"right": facing * 0.4 * SWING, "left": -facing * 0.4 * SWING}
    if swapped:
        legs = {"right": legs["left"], "left": legs["right"]}
    if same_leg:
        legs["left"] = legs["right"]
    # In stance of the right leg (extending) the body is pushed to the left.
    rightward = facing * 0.7 * np.cos(2.0 * np.pi * TIME_S) + 0.5 * np.cos(4.0 * np.pi * TIME_S)
    apart = facing * (-0.17 if swapped else 0.17)
    return label_evidence(rightward, legs, ALL, facing * 3.0, apart)


@pytest.mark.parametrize("facing", [1.0, -1.0])
def test_names_are_judged_whichever_way_the_person_faces(facing):
    right, wrong = evidence(facing), evidence(facing, swapped=True)
    assert not right.swapped and not right.doubtful and right.score > 4.0
    assert wrong.swapped and wrong.score == pytest.approx(-right.score)


def test_two_sensors_on_one_leg_swing_together():
    found = evidence(same_leg=True)
    assert found.one_leg and not found.swapped and not found.doubtful
    assert not evidence().one_leg


def test_one_thigh_alone_is_judged_by_the_push():
    push = 0.7 * np.cos(2.0 * np.pi * TIME_S)
    right = label_evidence(push, {"right": 0.4 * SWING}, ALL, 3.0, 0.0)
    wrong = label_evidence(push, {"left": 0.4 * SWING}, ALL, 3.0, 0.0)
    assert right.score > 4.0 and np.isnan(right.in_phase)
    assert wrong.swapped


def test_no_push_is_no_evidence():
    still = label_evidence(np.zeros(len(TIME_S)), {"right": 0.4 * SWING}, ALL, 0.0, 0.0)
    assert still.doubtful and not still.swapped


def swinging(**amplitudes: float) -> dict[str, np.ndarray]:
    return {name: np.outer(size * SWING, [0.6, 0.0, 0.8]) for name, size in amplitudes.items()}


def test_segments_are_told_by_how_fast_they_swing():
    assert segment_doubts(swinging(pelvis=0.5, thigh_left=2.0, thigh_right=2.2), ALL) == []
    (doubt,) = segment_doubts(swinging(pelvis=2.0, thigh_left=0.5, thigh_right=2.2), ALL)
    assert doubt.certain and doubt.segments == ("pelvis", "thigh_left")
    assert "named thigh_left like a pelvis" in doubt.reason
    (doubt,) = segment_doubts(swinging(pelvis=0.5, thigh_left=2.0, thigh_right=4.2), ALL)
    assert not doubt.certain and doubt.segments == ("thigh_right",) and "shank" in doubt.reason
    (doubt,) = segment_doubts(swinging(pelvis=1.8, thigh_left=2.0, thigh_right=2.2), ALL)
    assert not doubt.certain and doubt.segments == ("pelvis",)


def test_no_thighs_or_no_rows_say_nothing():
    assert segment_doubts(swinging(pelvis=2.0), ALL) == []
    assert segment_doubts(swinging(pelvis=2.0, thigh_left=0.5), ~ALL) == []


def test_steps_and_turns_in_a_pose():
    up = {"pelvis": np.array([0.0, 1.0, 0.0]), "thigh_left": np.array([1.0, 0.0, 0.0])}
    quiet = {name: np.full((400, 3), 1e-3) for name in up}
    assert not pose_motion(quiet, up, RATE_HZ).turned
    assert not pose_motion(quiet, up, RATE_HZ).stepped
    turning = dict(quiet, pelvis=np.full((400, 3), [0.0, np.radians(3.0), 0.0]))
    found = pose_motion(turning, up, RATE_HZ)
    assert found.turned and np.degrees(found.turned_rad) == pytest.approx(12.0)
    stepping = dict(quiet, thigh_left=quiet["thigh_left"] + np.eye(400, 3) * 0.9)
    assert pose_motion(stepping, up, RATE_HZ).stepped


def test_the_axis_that_points_up():
    assert upward_axis(np.array([0.0, -1.0, 0.0])) == "-y axis up, tilted 0°"
    assert upward_axis(np.array([np.cos(0.2), 0.0, np.sin(0.2)])) == "x axis up, tilted 11°"
