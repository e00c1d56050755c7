"""The heading between two sensors' worlds, and directions of walking, against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imuhip
from imuhip.analysis.grid import to_grid
from imuhip.analysis.motion import offline_motion
from imuhip.core import quaternion
from imuhip.core.butterworth import band_pass, zero_phase
from imuhip.kinematics.angles import centred_direction, trailing_direction, unwrap_heading
from imuhip.kinematics.heading_blocks import heading_blocks, turn_about_z, wrap
from imuhip.kinematics.hip_centre import BAND_HZ, PointForce, angular_acceleration, point_force
from imuhip.kinematics.joint_vectors import JointVectors, VectorPrior, find_joint_vectors
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import draw_person
from imuhip.simulation.simulate import _streams

RATE_HZ = 100.0
BLOCK = 200


def force(n_samples: int, seed: int = 0) -> np.ndarray:
    """Return a band-limited force such as gait makes at the hip."""
    rng = np.random.default_rng(seed)
    white = rng.normal(0, 10, (n_samples + 400, 3))
    return zero_phase(band_pass(*BAND_HZ, RATE_HZ), white)[200:-200]


# -- one block ----------------------------------------------------------------------------------


@given(st.floats(-np.pi, np.pi))
def test_a_known_heading_comes_back_from_any_direction(heading: float):
    thigh = force(3 * BLOCK)
    pelvis = turn_about_z(thigh, np.full(len(thigh), heading))
    found = heading_blocks(pelvis, thigh, np.ones(len(thigh), dtype=bool), BLOCK, RATE_HZ)
    np.testing.assert_allclose(wrap(found.heading_rad - heading), 0.0, atol=1e-9)
    assert found.usable.all()


@pytest.mark.parametrize("heading", np.radians([-179.0, -60.0, 0.0, 100.0, 180.0]))
def test_outliers_hardly_move_the_heading(heading: float):
    rng = np.random.default_rng(4)
    thigh = force(10 * BLOCK)
    pelvis = turn_about_z(thigh, np.full(len(thigh), heading)) + rng.normal(0, 0.2, thigh.shape)
    hit = rng.random(len(pelvis)) < 0.1
    pelvis[hit] += rng.normal(0, 20, (int(hit.sum()), 3))
    found = heading_blocks(pelvis, thigh, np.ones(len(thigh), dtype=bool), BLOCK, RATE_HZ)
    error = wrap(found.heading_rad - heading)
    assert np.abs(error).max() < np.radians(2.0)
    dot = (pelvis[:, :2] * thigh[:, :2]).sum(axis=1).reshape(10, BLOCK).sum(axis=1)
    cross = thigh[:, 0] * pelvis[:, 1] - thigh[:, 1] * pelvis[:, 0]
    plain = wrap(np.arctan2(cross.reshape(10, BLOCK).sum(axis=1), dot) - heading)
    assert np.std(error) < 0.5 * np.std(plain), "robust must beat plain least squares"


def test_masked_samples_have_no_say():
    thigh = force(4 * BLOCK)
    pelvis = turn_about_z(thigh, np.full(len(thigh), 1.0))
    usable = np.ones(len(thigh), dtype=bool)
    usable[50:120] = False
    pelvis[50:120] = 1e3
    usable[BLOCK : BLOCK + 90] = False  # 55 % left: too little
    usable[2 * BLOCK : 3 * BLOCK] = False
    found = heading_blocks(pelvis, thigh, usable, BLOCK, RATE_HZ)
    np.testing.assert_allclose(found.heading_rad[[0, 3]], 1.0, atol=1e-9)
    np.testing.assert_array_equal(found.usable, [True, False, False, True])
    assert np.isnan(found.heading_rad[1:3]).all()
    assert np.isinf(found.variance_rad2[1:3]).all()


def test_the_variance_grows_with_the_noise_and_is_never_zero():
    thigh = force(20 * BLOCK)
    rng = np.random.default_rng(0)
    usable = np.ones(len(thigh), dtype=bool)
    variances = []
    for noise in (0.0, 0.5, 2.0):
        pelvis = turn_about_z(thigh, np.full(len(thigh), 0.3)) + rng.normal(0, noise, thigh.shape)
        variances.append(heading_blocks(pelvis, thigh, usable, BLOCK, RATE_HZ).variance_rad2.mean())
    assert 0 < variances[0] < variances[1] < variances[2]


def test_less_than_a_block_measures_nothing():
    found = heading_blocks(force(150), force(150), np.ones(150, dtype=bool), BLOCK, RATE_HZ)
    assert len(found.heading_rad) == 0


# -- hip centre ---------------------------------------------------------------------------------


def test_the_force_of_a_point_is_that_of_a_sensor_there():
    """Turning about a fixed point: at that point nothing but gravity is felt."""
    time_s = np.arange(2000) / RATE_HZ
    angle = 0.6 * np.sin(2 * np.pi * time_s)
    axis = np.array([0.36, 0.48, 0.8])
    q_WS = quaternion.about_axis(axis, angle)
    gyr = np.gradient(angle, time_s)[:, None] * axis
    rate = angular_acceleration(gyr, RATE_HZ)
    r_S_m = np.array([0.05, -0.2, 0.1])  # from the sensor to the fixed point
    acc_S = -(np.cross(rate, r_S_m) + np.cross(gyr, np.cross(gyr, r_S_m)))
    acc_S += quaternion.rotate(quaternion.conjugate(q_WS), np.array([0.0, 0.0, 9.81]))
    found = point_force(q_WS, acc_S, gyr, rate, lambda values: values)
    np.testing.assert_allclose(found.at(r_S_m), np.tile([0, 0, 9.81], (2000, 1)), atol=1e-9)
    assert np.abs(found.at(np.zeros(3))[:, :2]).max() > 1.0


MOUNTING = {
    "pelvis": quaternion.normalize(np.array([0.3, -0.5, 0.7, 0.2])),
    "thigh_right": quaternion.normalize(np.array([0.8, 0.1, -0.3, 0.6])),
}
SEED = 8


@pytest.fixture(scope="module")
def ideal_walk() -> imuhip.Recording:
    segments = tuple(MOUNTING)
    return imuhip.simulate(
        "walk", 1.5, SEED, segments=segments, mounting=MOUNTING, sensor_errors=0.0
    )


def true_vectors() -> dict[str, np.ndarray]:
    """Return the hip centre as seen from each sensor of the ideal walk, in its own axes."""
    body = draw_person(_streams(SEED)["person"]).body
    mounts = place_sensors(MOUNTING, tuple(MOUNTING), body, np.random.default_rng(0))
    hip_B = {"pelvis": body.hip_centre_m("right"), "thigh_right": np.zeros(3)}
    return {
        segment: quaternion.rotate(quaternion.conjugate(mount.q_BS), hip_B[segment] - mount.r_BS_m)
        for segment, mount in mounts.items()
    }


def test_joint_vectors_are_found_on_ideal_sensors(ideal_walk):
    """From priors 15 cm off and 30 cm wide, by the motion alone."""
    grid = to_grid(ideal_walk.sensors, RATE_HZ)
    motions = offline_motion(grid, RATE_HZ, "vqf")
    sections = band_pass(*BAND_HZ, RATE_HZ)
    gait = next(m for m in ideal_walk.markers if m.name == "gait")
    rows = (grid.time_s > gait.start_s + 2) & (grid.time_s < gait.end_s - 2)
    forces = [
        point_force(
            motion.q_WS,
            motion.acc,
            motion.gyr,
            angular_acceleration(motion.gyr, RATE_HZ),
            lambda values: zero_phase(sections, values),
        )
        for motion in (motions["pelvis"], motions["thigh_right"])
    ]
    truth = true_vectors()
    priors = [
        VectorPrior(r + np.array([0.1, -0.1, 0.05]), 0.3**2 * np.eye(3)) for r in truth.values()
    ]
    found, heading = find_joint_vectors(*forces, rows, (priors[0], priors[1]), RATE_HZ)
    print("pelvis error, m:", found.pelvis_m - truth["pelvis"])
    print("thigh error, m:", found.thigh_m - truth["thigh_right"])
    assert np.linalg.norm(found.pelvis_m - truth["pelvis"]) < 0.01
    assert np.linalg.norm(found.thigh_m - truth["thigh_right"]) < 0.01
    assert found.residual_rms < 0.2
    assert np.isfinite(heading[rows]).mean() > 0.9


# -- direction of the walk ----------------------------------------------------------------------


def pelvis_heading(time_s: np.ndarray, turn_rate: float, period_s: float = 1.1) -> np.ndarray:
    return turn_rate * time_s + np.radians(8) * np.sin(2 * np.pi * time_s / period_s)


@pytest.mark.parametrize("turn_deg_s", [0.0, 20.0, -45.0])
def test_the_direction_of_a_steady_turn_is_free_of_the_pelvis_own_motion(turn_deg_s: float):
    time_s = np.arange(3000) / RATE_HZ
    heading = pelvis_heading(time_s, np.radians(turn_deg_s))
    steady = np.radians(turn_deg_s) * time_s
    centred = centred_direction(heading, 110)
    np.testing.assert_allclose(centred[300:-300], steady[300:-300], atol=np.radians(0.15))
    trailing = trailing_direction(heading, 2000, 110)
    np.testing.assert_allclose(trailing, steady[-2000:], atol=np.radians(0.1))


def test_trailing_direction_knows_only_the_past():
    time_s = np.arange(3000) / RATE_HZ
    heading = pelvis_heading(time_s, 0.3)
    whole = trailing_direction(heading, 3000, 110)
    for end in (1, 5, 300, 1777):
        np.testing.assert_allclose(
            trailing_direction(heading[:end], min(end, 5), 110), whole[max(0, end - 5) : end]
        )


def test_centred_direction_cuts_a_smooth_turn_less_than_a_mean_does():
    time_s = np.arange(4000) / RATE_HZ
    course = np.pi / (1 + np.exp(-(time_s - 20) / 0.5))  # half a turn within some 3 s
    heading = course + np.radians(8) * np.sin(2 * np.pi * time_s / 1.1)
    error = centred_direction(heading, 110) - course
    mean = np.convolve(heading, np.ones(111) / 111, mode="same") - course
    inner = slice(300, -300)
    assert np.abs(error[inner]).max() < 0.6 * np.abs(mean[inner]).max()


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=50))
def test_unwrapping_undoes_wrapping(steps):
    straight = np.cumsum(steps)
    found = unwrap_heading(wrap(straight))
    np.testing.assert_allclose(found - found[0], straight - straight[0], atol=1e-9)


def test_unwrapping_steps_over_missing_values():
    heading = wrap(np.linspace(0, 20, 400))
    heading[100:105] = np.nan
    found = unwrap_heading(heading)
    assert np.isnan(found[100:105]).all()
    np.testing.assert_allclose(
        np.delete(found, np.s_[100:105]), np.delete(np.linspace(0, 20, 400), np.s_[100:105])
    )


def test_joint_vectors_without_usable_rows_stay_at_the_prior():
    parts = (
        PointForce(force(400), np.zeros((400, 3, 3))),
        PointForce(force(400), np.zeros((400, 3, 3))),
    )
    prior = VectorPrior(np.array([0.1, 0.0, 0.0]), np.eye(3))
    found, heading = find_joint_vectors(*parts, np.zeros(400, dtype=bool), (prior, prior), RATE_HZ)
    assert isinstance(found, JointVectors)
    np.testing.assert_array_equal(found.thigh_m, prior.mean_m)
    assert np.isnan(heading).all()
