"""Stillness, the pose, flexion axes and what comes of them, in any mounting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.calibration.alignment import axes_from_up_and_right, facing_like, pelvis_right_axis
from imuhip.calibration.anatomy import pelvis_prior, pelvis_prior_unfacing, thigh_prior
from imuhip.calibration.gait_axis import find_gait_axis
from imuhip.calibration.pose import choose_pose, make_pose, mean_up, upright
from imuhip.calibration.stance import drift_between_stances, same_stance
from imuhip.calibration.stillness import Stretch, still_frames, stretches
from imuhip.core import quaternion
from strategies import unit_quaternions

G = 9.80665
RATE_HZ = 100.0
X, Y, Z = np.eye(3)


# -- stillness ----------------------------------------------------------------------------------


def quiet(n_samples: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return rates and forces of a standing person: sway, noise, a gyroscope bias."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_samples)[:, None] / RATE_HZ
    sway = 0.03 * np.sin(2 * np.pi * 0.5 * time_s + [0.0, 1.0, 2.0])
    gyr = sway + rng.normal(0, 0.005, (n_samples, 3)) + [0.02, -0.03, 0.01]
    acc = np.array([0.0, 0.0, 10.1]) + 0.05 * sway + rng.normal(0, 0.03, (n_samples, 3))
    return gyr, acc


def test_frames_of_standing_are_still_and_frames_of_motion_are_not():
    gyr, acc = quiet(1050)
    gyr[300:400] += 0.5 * np.sin(np.arange(100) / 8)[:, None]
    acc[600:650, 1] += np.linspace(0, 3, 50)
    still = still_frames({"pelvis": gyr}, {"pelvis": acc}, 100)
    np.testing.assert_array_equal(np.flatnonzero(~still), [3, 6])
    assert len(still) == 10, "the incomplete frame is left out"


def test_one_moving_sensor_or_a_missing_sample_is_enough():
    gyr, acc = quiet(500)
    moving = gyr.copy()
    moving[210:220] += 2.0
    holed = gyr.copy()
    holed[450] = np.nan
    still = still_frames(
        {"pelvis": gyr, "thigh_left": moving, "thigh_right": holed},
        {"pelvis": acc, "thigh_left": acc, "thigh_right": acc},
        100,
    )
    np.testing.assert_array_equal(still, [True, True, False, True, False])


def test_a_steady_turn_is_not_still():
    gyr, acc = quiet(300)
    assert not still_frames({"pelvis": gyr + np.array([0, 0, 0.3])}, {"pelvis": acc}, 100).any()


def test_no_sensor_is_a_mistake():
    with pytest.raises(ValueError, match="at least one sensor"):
        still_frames({}, {}, 100)


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4))
def test_stretches_are_the_runs(flags, minimum):
    rebuilt = np.zeros(len(flags), dtype=bool)
    for run in stretches(np.array(flags, dtype=bool), minimum):
        assert len(run) >= minimum
        assert all(flags[run.start : run.end])
        assert run.start == 0 or not flags[run.start - 1]
        assert run.end == len(flags) or not flags[run.end]
        rebuilt[run.start : run.end] = True
    if minimum == 1:
        np.testing.assert_array_equal(rebuilt, flags)


# -- the pose -----------------------------------------------------------------------------------


def day(q_BS: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return forces of 10 s seated, 6 s standing, 10 s gait, 8 s standing, any mounting.

    Seated, thighs are level; in gait they lean forwards by 8° on average, the pelvis by 3°.
    """
    rng = np.random.default_rng(2)
    lean = {"pelvis": (-10.0, 0.0, 3.0, 0.0), "thigh_left": (85.0, 1.0, 8.0, 0.0)}
    acc, gait_up = {}, {}
    for segment, angles in lean.items():
        parts = []
        for angle, seconds in zip(angles, (10, 6, 10, 8), strict=True):
            up_B = np.array([np.sin(np.radians(angle)), np.cos(np.radians(angle)), 0.0])
            up_S = quaternion.rotate(quaternion.conjugate(q_BS[segment]), up_B)
            parts.append(G * up_S + rng.normal(0, 0.02, (seconds * 100, 3)))
        acc[segment] = np.concatenate(parts)
        gait_up[segment] = mean_up(acc[segment][1600:2600])[0]
    return acc, gait_up


@given(unit_quaternions(), unit_quaternions())
def test_sitting_never_passes_for_the_pose_in_any_mounting(q_pelvis, q_thigh):
    acc, gait_up = day({"pelvis": q_pelvis, "thigh_left": q_thigh})
    seated, standing, after = Stretch(0, 1000), Stretch(1000, 1600), Stretch(2600, 3400)
    assert not upright(make_pose(seated, acc, given=False), gait_up)
    found = choose_pose([seated, standing, after], acc, gait_up, 1600)
    assert found is not None
    assert found.rows == standing, "before gait comes before longer"
    for segment, q_BS in {"pelvis": q_pelvis, "thigh_left": q_thigh}.items():
        up_B = quaternion.rotate(q_BS, found.up_S[segment])
        assert up_B @ Y > np.cos(np.radians(1.5))
    late = choose_pose([seated, after], acc, gait_up, 1600)
    assert late is not None
    assert late.rows == after
    assert choose_pose([seated], acc, gait_up, 1600) is None


def test_the_longest_of_several_poses_is_taken():
    one = {"pelvis": quaternion.IDENTITY, "thigh_left": quaternion.IDENTITY}
    acc, gait_up = day(one)
    short, long = Stretch(1000, 1200), Stretch(1250, 1600)
    found = choose_pose([short, long], acc, gait_up, 1600)
    assert found is not None
    assert found.rows == long


def test_sway_is_the_spread_of_the_vertical():
    rng = np.random.default_rng(0)
    tilt = rng.normal(0, np.radians(2.0), 20000)
    acc = G * np.stack([np.sin(tilt), 0 * tilt, np.cos(tilt)], axis=1)
    up, spread = mean_up(acc)
    np.testing.assert_allclose(up, Z, atol=1e-3)
    assert np.degrees(spread) == pytest.approx(2.0, rel=0.03)


def test_missing_samples_do_not_enter_the_vertical():
    acc = np.tile([0.0, 3.0, 4.0], (50, 1))
    acc[7] = np.nan
    np.testing.assert_allclose(mean_up(acc)[0], [0.0, 0.6, 0.8])


# -- the flexion axis ---------------------------------------------------------------------------


def thigh_in_gait(
    q_BS: np.ndarray, mean_flexion_deg: float = 10.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rates and verticals of a thigh sensor, and its axis to the right.

    Flexion rises faster than it falls, with some abduction and twisting about the thigh.
    """
    time_s = np.arange(3000) / RATE_HZ
    phase = 2 * np.pi * time_s / 1.1
    swing = np.cos(phase) - 0.25 * np.sin(2 * phase)  # rises in 0.4, falls in 0.6 of the cycle
    flexion = np.radians(mean_flexion_deg + 20 * swing)
    twist, spread = np.radians(6 * np.sin(2 * phase)), np.radians(4 * np.sin(phase + 0.5))
    q_WB = quaternion.multiply(
        quaternion.about_axis(X, np.pi / 2),
        quaternion.multiply(
            quaternion.about_axis(Z, flexion),
            quaternion.multiply(quaternion.about_axis(X, spread), quaternion.about_axis(Y, twist)),
        ),
    )
    step = quaternion.multiply(quaternion.conjugate(q_WB[:-1]), q_WB[1:])
    gyr_B = np.concatenate([quaternion.rotation_vector(step), np.zeros((1, 3))]) * RATE_HZ
    up_B = quaternion.rotate(quaternion.conjugate(q_WB), Z)
    q_SB = quaternion.conjugate(q_BS)
    return (
        quaternion.rotate(q_SB, gyr_B),
        quaternion.rotate(q_SB, up_B),
        quaternion.rotate(q_SB, Z),
    )


@given(unit_quaternions())
def test_the_flexion_axis_points_right_in_any_mounting(q_BS):
    gyr, up_S, right_S = thigh_in_gait(q_BS)
    pose_up_S = quaternion.rotate(quaternion.conjugate(q_BS), Y)
    rows = np.ones(len(gyr), dtype=bool)
    found = find_gait_axis(gyr, up_S, pose_up_S, rows)
    assert found.right_S @ right_S > np.cos(np.radians(5.0))
    assert found.right_S @ pose_up_S == pytest.approx(0.0, abs=1e-9)
    assert found.sign_evidence > 1.0
    assert found.planarity > 0.9


@pytest.mark.parametrize("mean_flexion_deg", [3.0, 10.0, 20.0])
def test_a_mirror_image_turns_the_axis_round(mean_flexion_deg: float):
    """Seen in a mirror, flexion becomes extension: the sign must follow, not the mounting."""
    gyr, up_S, right_S = thigh_in_gait(quaternion.IDENTITY, mean_flexion_deg)
    mirror = np.array([-1.0, 1.0, 1.0])  # front to back: rates about y and z change sign
    rows = np.ones(len(gyr), dtype=bool)
    ahead = find_gait_axis(gyr, up_S, Y, rows)
    back = find_gait_axis(-gyr * mirror, up_S * mirror, Y, rows)
    assert ahead.right_S @ right_S > 0.99
    assert back.right_S @ right_S < -0.99
    assert back.sign_evidence == pytest.approx(ahead.sign_evidence, rel=1e-6)


def test_only_the_rows_asked_for_are_used():
    gyr, up_S, right_S = thigh_in_gait(quaternion.IDENTITY)
    rows = np.zeros(len(gyr), dtype=bool)
    rows[:1500] = True
    gyr[1500:] = 50.0
    up_S[1500:] = -Y
    assert find_gait_axis(gyr, up_S, Y, rows).right_S @ right_S > 0.99


def test_flipping_an_axis_flips_its_evidence():
    gyr, up_S, _ = thigh_in_gait(quaternion.IDENTITY)
    found = find_gait_axis(gyr, up_S, Y, np.ones(len(gyr), dtype=bool))
    other = found.flipped()
    np.testing.assert_array_equal(other.right_S, -found.right_S)
    assert other.sign_evidence == -found.sign_evidence
    assert other.planarity == found.planarity


# -- alignment ----------------------------------------------------------------------------------


@given(unit_quaternions(), st.floats(-0.5, 0.5))
def test_axes_come_from_up_and_a_rough_right(q_SB, lean):
    up_S, right_S = quaternion.rotate(q_SB, Y), quaternion.rotate(q_SB, Z)
    found = axes_from_up_and_right(up_S, right_S + lean * up_S)
    np.testing.assert_allclose(quaternion.to_matrix(found), quaternion.to_matrix(q_SB), atol=1e-9)


def test_a_right_along_the_vertical_is_refused():
    with pytest.raises(ValueError, match="parallel"):
        axes_from_up_and_right(Y, 2 * Y)


@given(unit_quaternions(), st.floats(-3.1, 3.1))
def test_the_thigh_faces_as_the_pelvis_does(q_SB, heading):
    q_reference = quaternion.multiply(
        quaternion.about_axis(Z, heading), quaternion.about_axis(X, np.pi / 2)
    )
    q_WS = quaternion.multiply(q_reference, quaternion.conjugate(q_SB))
    found = facing_like(q_WS, quaternion.rotate(q_SB, Y), q_reference)
    np.testing.assert_allclose(
        quaternion.to_matrix(quaternion.multiply(q_WS, found)),
        quaternion.to_matrix(q_reference),
        atol=1e-9,
    )


def test_the_pelvis_faces_where_both_thighs_say():
    """One thigh turned in, the other as much out: the pelvis faces between them."""
    rng = np.random.default_rng(6)
    yaw = np.radians(5 * np.sin(np.arange(200) / 10) + 40)
    q_WP = quaternion.about_axis(Z, yaw)
    q_WT, heading, right_S = {}, {}, {}
    for thigh, turned_deg, world in (("thigh_left", 8.0, 1.0), ("thigh_right", -8.0, -2.0)):
        q_mount = quaternion.normalize(rng.normal(size=4))
        q_bone = quaternion.multiply(q_WP, quaternion.about_axis(Z, np.radians(turned_deg)))
        q_own_world = quaternion.about_axis(Z, -world)
        q_WT[thigh] = quaternion.multiply(quaternion.multiply(q_own_world, q_bone), q_mount)
        heading[thigh] = np.full(200, world)
        right_S[thigh] = quaternion.rotate(quaternion.conjugate(q_mount), -Y)
    found = pelvis_right_axis(q_WP, q_WT, heading, right_S)
    np.testing.assert_allclose(found, -Y, atol=1e-9)


# -- anatomy ------------------------------------------------------------------------------------


@given(unit_quaternions())
def test_priors_turn_with_the_sensor(q_SB):
    up_S, right_S = quaternion.rotate(q_SB, Y), quaternion.rotate(q_SB, Z)
    for make in (thigh_prior, pelvis_prior):
        for side in ("left", "right"):
            mean, covariance = make(up_S, right_S, side)
            mean_B, covariance_B = make(Y, Z, side)
            np.testing.assert_allclose(mean, quaternion.rotate(q_SB, mean_B), atol=1e-9)
            R = quaternion.to_matrix(q_SB)
            np.testing.assert_allclose(covariance, R @ covariance_B @ R.T, atol=1e-9)


def test_priors_point_where_anatomy_says():
    for side, sign in (("right", 1.0), ("left", -1.0)):
        thigh, _ = thigh_prior(Y, Z, side)
        pelvis, _ = pelvis_prior(Y, Z, side)
        assert thigh @ Y > 0.1, "the hip is above a thigh sensor"
        assert sign * (thigh @ Z) < 0, "and towards the midline of one worn outside"
        assert pelvis @ X > 0, "in front of the sacrum"
        assert pelvis @ Y < 0
        assert sign * (pelvis @ Z) > 0
    mean, covariance = pelvis_prior_unfacing(Y)
    np.testing.assert_allclose(np.cross(mean, Y), 0.0, atol=1e-12)
    for angle in (0.3, 1.0, 2.5):  # no direction around the vertical is preferred
        R = quaternion.to_matrix(quaternion.about_axis(Y, angle))
        np.testing.assert_allclose(R @ covariance @ R.T, covariance, atol=1e-12)


# -- stances ------------------------------------------------------------------------------------


def test_equal_stances_tell_drift_and_others_are_told_apart():
    q_pose = {"pelvis": quaternion.about_axis(X, 0.7), "thigh_left": quaternion.about_axis(Y, 1.1)}
    # the person faces 90° elsewhere; the thigh's world drifted by 3° against the pelvis'
    q_later = {
        "pelvis": quaternion.multiply(quaternion.about_axis(Z, np.pi / 2), q_pose["pelvis"]),
        "thigh_left": quaternion.multiply(
            quaternion.about_axis(Z, np.pi / 2 - np.radians(3.0)), q_pose["thigh_left"]
        ),
    }
    drift = drift_between_stances(q_pose, q_later, "thigh_left")
    assert np.degrees(drift) == pytest.approx(3.0, abs=1e-9)
    up = {s: quaternion.rotate(quaternion.conjugate(q), Z) for s, q in q_pose.items()}
    later = {s: quaternion.rotate(quaternion.conjugate(q), Z) for s, q in q_later.items()}
    assert same_stance(up, later)
    q_bend = quaternion.about_axis(Y, np.radians(5.0))
    bent = dict(later) | {"thigh_left": quaternion.rotate(q_bend, later["thigh_left"])}
    assert not same_stance(up, bent)
