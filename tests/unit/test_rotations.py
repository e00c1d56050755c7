"""Quaternions and clinical angles, with scipy as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from imuhip.core import cardan, quaternion
from strategies import unit_quaternions, vectors


def to_scipy(q: np.ndarray) -> Rotation:
    return Rotation.from_quat(np.roll(np.atleast_2d(q), -1, axis=1))


@given(unit_quaternions(), unit_quaternions(), unit_quaternions())
def test_multiplication_is_associative(a, b, c) -> None:
    left = quaternion.multiply(quaternion.multiply(a, b), c)
    np.testing.assert_allclose(left, quaternion.multiply(a, quaternion.multiply(b, c)), atol=1e-12)


@given(unit_quaternions(), unit_quaternions(), vectors())
def test_rotating_agrees_with_scipy(a, b, v) -> None:
    expected = (to_scipy(a) * to_scipy(b)).apply(v)[0]
    np.testing.assert_allclose(quaternion.rotate(quaternion.multiply(a, b), v), expected, atol=1e-9)


@given(unit_quaternions(), vectors())
def test_inverse_undoes(q, v) -> None:
    back = quaternion.rotate(quaternion.conjugate(q), quaternion.rotate(q, v))
    np.testing.assert_allclose(back, v, atol=1e-9)


@given(unit_quaternions())
def test_matrix_round_trip(q) -> None:
    back = quaternion.from_matrix(quaternion.to_matrix(q))
    assert abs(abs(np.dot(back, q)) - 1) < 1e-12
    np.testing.assert_allclose(quaternion.to_matrix(q), to_scipy(q).as_matrix()[0], atol=1e-12)


@given(unit_quaternions())
def test_rotation_vector_round_trip(q) -> None:
    vector = quaternion.rotation_vector(q)
    assert np.linalg.norm(vector) <= np.pi + 1e-9
    assert abs(abs(np.dot(quaternion.from_rotation_vector(vector), q)) - 1) < 1e-12


@given(vectors(minimum=0.1), vectors(minimum=0.1))
def test_rotation_between_turns_one_into_the_other(a, b) -> None:
    turned = quaternion.rotate(quaternion.rotation_between(a, b), a / np.linalg.norm(a))
    np.testing.assert_allclose(turned, b / np.linalg.norm(b), atol=1e-6)


def test_rotation_between_opposites_is_a_half_turn() -> None:
    for axis in np.eye(3):
        turned = quaternion.rotate(quaternion.rotation_between(axis, -axis), axis)
        np.testing.assert_allclose(turned, -axis, atol=1e-12)


@given(unit_quaternions(), unit_quaternions())
def test_slerp_ends_and_middle(a, b) -> None:
    for fraction, expected in ((0.0, a), (1.0, b)):
        assert abs(abs(np.dot(quaternion.slerp(a, b, np.array(fraction)), expected)) - 1) < 1e-9


def test_average_ignores_signs() -> None:
    rng = np.random.default_rng(1)
    q = quaternion.multiply(
        np.array([0.5, 0.5, 0.5, 0.5]),
        quaternion.from_rotation_vector(0.01 * rng.standard_normal((200, 3))),
    )
    q[::2] *= -1
    assert abs(np.dot(quaternion.average(q), [0.5, 0.5, 0.5, 0.5])) > 1 - 1e-5


angle = st.floats(-1.4, 1.4)


@pytest.mark.parametrize("side", ["left", "right"])
@given(st.floats(-3, 3), angle, st.floats(-3, 3))
def test_hip_angles_round_trip(side, flexion, adduction, internal) -> None:
    angles = np.array([flexion, adduction, internal])
    back = cardan.hip_angles(cardan.hip_quaternion(angles, side), side)
    np.testing.assert_allclose(back, angles, atol=1e-9)


@given(angle, angle, st.floats(-3, 3))
def test_pelvis_angles_round_trip(tilt, obliquity, turn) -> None:
    angles = np.array([tilt, obliquity, turn])
    back = cardan.pelvis_angles(cardan.pelvis_quaternion(angles))
    np.testing.assert_allclose(back, angles, atol=1e-9)


def test_signs_mean_what_the_clinic_means() -> None:
    """One small turn at a time, checked on where a bony point goes (ISB: x anterior, z right)."""
    small = 0.1
    knee = np.array([0.0, -1.0, 0.0])
    toes = np.array([1.0, 0.0, 0.0])
    for side, outward in (("right", 1.0), ("left", -1.0)):
        flexed = quaternion.rotate(cardan.hip_quaternion(np.array([small, 0, 0]), side), knee)
        assert flexed[0] > 0.09  # the knee goes forward
        adducted = quaternion.rotate(cardan.hip_quaternion(np.array([0, small, 0]), side), knee)
        assert adducted[2] * outward < -0.09  # the knee goes towards the other leg
        internal = quaternion.rotate(cardan.hip_quaternion(np.array([0, 0, small]), side), toes)
        assert internal[2] * outward < -0.09  # the toes turn in
    superior, right = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
    tilted = quaternion.rotate(cardan.pelvis_quaternion(np.array([small, 0, 0])), superior)
    assert tilted[0] > 0.09  # the top of the pelvis goes forward
    hiked = quaternion.rotate(cardan.pelvis_quaternion(np.array([0, small, 0])), right)
    assert hiked[2] > 0.09  # the right side goes up
    turned = quaternion.rotate(cardan.pelvis_quaternion(np.array([0, 0, small])), right)
    assert turned[0] > 0.09  # the right side goes forward
