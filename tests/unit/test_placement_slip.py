"""Steps in noisy courses, and slips taken out of samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imuhip
from imuhip.core.series import ImuSeries
from imuhip.kinematics.step_search import best_step
from imuhip.kinematics.strap_slip import StrapSlip, undo_slips

NOISE_RAD = np.radians(0.5)


def course(n_values: int, step_deg: float, index: int, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, NOISE_RAD, n_values)
    return noise + np.radians(step_deg) * (np.arange(n_values) >= index)


def steady(n_values: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(n_values, dtype=bool), np.zeros(n_values)


@given(st.integers(0, 200), st.integers(4, 26), st.sampled_from([-1.0, 1.0]))
def test_a_step_is_found_where_it_is(seed, index, sign):
    found = best_step(course(30, sign * 6.0, index, seed), *steady(30))
    assert found is not None and abs(found.index - index) <= 1
    assert np.degrees(found.size) == pytest.approx(sign * 6.0, abs=1.5)


def test_noise_and_creep_are_no_steps():
    for seed in range(100):
        assert best_step(course(40, 0.0, 0, seed), *steady(40)) is None
    creep = course(40, 0.0, 0) + np.radians(8.0) * np.linspace(0.0, 1.0, 40)
    assert best_step(creep, *steady(40)) is None


def test_what_comes_with_running_or_speed_is_not_a_step():
    running = np.arange(40) >= 20
    assert best_step(course(40, 8.0, 20), running, np.where(running, 1.9, 0.5)) is None
    beat = np.where(running, 0.8, 0.4)
    assert best_step(course(40, 4.0, 20), np.zeros(40, dtype=bool), beat) is None


def test_a_step_within_a_changing_gait_is_found():
    running = (np.arange(60) // 10) % 2 == 1
    values = course(60, 8.0, 35) + np.radians(5.0) * running
    found = best_step(values, running, np.where(running, 1.9, 0.5))
    assert found is not None and found.index == 35
    assert np.degrees(found.size) == pytest.approx(8.0, abs=1.0)


def test_few_values_say_nothing():
    assert best_step(course(4, 20.0, 2), *steady(4)) is None


def test_taking_a_slip_out_gives_back_the_samples_without_it():
    options = {"sensor_errors": 0.0, "mounting": "nominal"}
    kept = imuhip.simulate("walk", 0.3, 3, **options).sensors["thigh_left"]
    slipped = imuhip.simulate("walk", 0.3, 3, **options, strap_slip=("thigh_left", 40.0, 12.0))
    sensor = slipped.sensors["thigh_left"]
    turned = np.radians(12.0) * np.array([0.0, 1.0, 0.0])
    slip = StrapSlip("thigh_left", 40.0, turned, np.radians(12.0), 0.0, 0.0)
    back = undo_slips(sensor, [slip])
    clear = (kept.time_s < 39.9) | (kept.time_s > 40.7)
    np.testing.assert_allclose(back.gyr[clear], kept.gyr[clear], atol=1e-5)
    turn = (back.gyr - kept.gyr).sum(axis=0) / slipped.rate_hz
    assert np.degrees(np.abs(turn)).max() < 1.0, "the slip itself is no turn of the thigh"
    before = kept.time_s < 39.9
    np.testing.assert_array_equal(back.acc[before], kept.acc[before])
    assert undo_slips(sensor, []) is sensor


def test_gaps_and_magnetometer_survive():
    acc = np.ones((100, 3))
    acc[10:20] = np.nan
    series = ImuSeries(np.arange(100) / 100.0, acc, np.ones((100, 3)), mag=np.ones((100, 3)))
    slip = StrapSlip("pelvis", 0.0, np.array([0.0, 0.0, np.pi / 2]), np.pi / 2, 0.0, 0.0)
    back = undo_slips(series, [slip])
    np.testing.assert_array_equal(back.valid, series.valid)
    assert back.mag is not None
    np.testing.assert_allclose(back.mag[-1], [-1.0, 1.0, 1.0], atol=1e-9)
