"""Turning from sample to sample, against a swing whose orientation is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.core import quaternion
from imuhip.fusion.turn_rate import interval_rate


def swing(rate_hz: float, seconds: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    """Return q_WS and the exact rate of a thigh that swings about two axes at once."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    phase = 2.0 * np.pi * 1.4 * time_s
    flexion = np.radians(35.0) * np.sin(phase)
    flexion_rate = np.radians(35.0) * 2.0 * np.pi * 1.4 * np.cos(phase)
    aside = np.radians(10.0) * np.sin(phase + 1.0)
    aside_rate = np.radians(10.0) * 2.0 * np.pi * 1.4 * np.cos(phase + 1.0)
    x, y = np.eye(3)[0], np.eye(3)[1]
    q_aside = quaternion.about_axis(x, aside)
    q_WS = quaternion.multiply(quaternion.about_axis(y, flexion), q_aside)
    rate = quaternion.rotate(quaternion.conjugate(q_aside), flexion_rate[:, None] * y)
    return q_WS, rate + aside_rate[:, None] * x


def drift(q_WS: np.ndarray, rate: np.ndarray, rate_hz: float) -> float:
    """Return how far (degrees) the end lies from the truth when `rate` is integrated."""
    found = q_WS[0]
    for step in quaternion.from_rotation_vector(rate[1:] / rate_hz):
        found = quaternion.multiply(found, step)
    apart = quaternion.multiply(found, quaternion.conjugate(q_WS[-1]))
    return float(np.degrees(np.linalg.norm(quaternion.rotation_vector(apart))))


@pytest.mark.parametrize("rate_hz", [50.0, 100.0, 200.0])
def test_a_swing_about_two_axes_hardly_drifts(rate_hz: float):
    q_WS, gyr = swing(rate_hz)
    mean = np.concatenate([gyr[:1], 0.5 * (gyr[1:] + gyr[:-1])])
    with_mean = drift(q_WS, mean, rate_hz)
    assert with_mean > 0.5, "the test must have something to show"
    assert drift(q_WS, interval_rate(gyr, gyr[[0, 0]], rate_hz), rate_hz) < 0.05 * with_mean


def test_the_rate_does_not_depend_on_the_cut():
    gyr = np.random.default_rng(1).normal(size=(50, 3))
    whole = interval_rate(gyr, gyr[[0, 0]], 100.0)
    known = gyr[[0, 0]]
    parts = []
    for start in range(0, 50, 7):
        part = gyr[start : start + 7]
        parts.append(interval_rate(part, known[-2:], 100.0))
        known = np.concatenate([known, part])
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_steady_rate_stays_what_it_is():
    steady = np.tile([0.3, -2.0, 1.0], (20, 1))
    np.testing.assert_allclose(interval_rate(steady, steady[:2], 100.0), steady, rtol=1e-14)
