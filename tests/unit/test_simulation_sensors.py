"""What stands between the bones and the samples: chips, skin, straps and the radio."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import imuhip
from imuhip.simulation.ideal_imu import STANDARD_GRAVITY_M_S2 as G
from imuhip.simulation.impacts import ringing, shock
from imuhip.simulation.packet_loss import lost_samples
from imuhip.simulation.sensor_errors import apply_errors, draw_errors

RANGE_DPS, RANGE_G = 2000.0, 16.0


def rng(seed=0):
    return np.random.default_rng(seed)


def test_scale_zero_is_a_perfect_sensor():
    acc, gyr = rng(1).normal(0, 500, (2, 100, 3))
    read = apply_errors(draw_errors(rng(), 0.0), acc, gyr, 100.0, rng(2))
    np.testing.assert_array_equal(read[0], acc)
    np.testing.assert_array_equal(read[1], gyr)


def test_readings_stop_at_the_range():
    acc, gyr = np.full((50, 3), 30 * G), np.full((50, 3), -np.radians(3000.0))
    acc_read, gyr_read = apply_errors(draw_errors(rng()), acc, gyr, 100.0, rng(2))
    lsb = RANGE_G * G / 2**15
    np.testing.assert_allclose(acc_read, RANGE_G * G - lsb)
    np.testing.assert_allclose(gyr_read, -np.radians(RANGE_DPS))


def test_readings_are_whole_steps_of_the_converter():
    acc, gyr = rng(1).normal(0, 5, (2, 200, 3))
    acc_read, gyr_read = apply_errors(draw_errors(rng()), acc, gyr, 100.0, rng(2))
    for read, limit in ((acc_read, RANGE_G * G), (gyr_read, np.radians(RANGE_DPS))):
        steps = read * 2**15 / limit
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
        assert len(np.unique(np.round(steps))) > 100


def test_bias_noise_and_warm_up_have_the_documented_sizes():
    rate_hz, n_samples = 100.0, 60_000
    still = np.tile([0.0, 0.0, G], (n_samples, 1)), np.zeros((n_samples, 3))
    starts, drifts, noises, acc_errors = [], [], [], []
    for seed in range(20):
        acc, gyr = apply_errors(draw_errors(rng(seed)), *still, rate_hz, rng(seed + 99))
        dps = np.degrees(gyr)
        starts.append(dps[:500].mean(axis=0))
        drifts.append(dps[-500:].mean(axis=0) - starts[-1])
        noises.append(np.diff(dps, axis=0).std(axis=0) / np.sqrt(2))
        acc_errors.append(acc.mean(axis=0) - [0, 0, G])
    assert 0.2 < np.std(starts) < 0.4 and np.abs(starts).max() < 0.6
    assert 0.04 < np.sqrt(np.mean(np.square(drifts))) < 0.1
    # white noise of 7 mdps/√Hz over 50 Hz, and the rounding to 61 mdps steps
    expected = np.hypot(0.007 * np.sqrt(50), 2 * RANGE_DPS / 2**16 / np.sqrt(12))
    assert np.mean(noises) == pytest.approx(expected, rel=0.1)
    assert 0.09 < np.std(acc_errors) < 0.22  # 15 mg


def test_gyroscope_scale_and_acceleration_sensitivity():
    turning = np.tile([3.0, 0.0, 0.0], (100, 1))
    scales = []
    for seed in range(200):
        errors = draw_errors(rng(seed))
        scales.append(errors.gyr_scale[0, 0] - 1.0)
        assert np.abs(errors.gyr_scale - np.eye(3)).max() < 0.04
    assert np.std(scales) == pytest.approx(0.007, rel=0.2)
    errors = draw_errors(rng(3))
    falling = apply_errors(errors, np.zeros((100, 3)), turning, 100.0, rng(5))[1]
    pressed = apply_errors(errors, np.full((100, 3), G), turning, 100.0, rng(5))[1]
    moved = np.degrees((pressed - falling).mean(axis=0))
    np.testing.assert_allclose(moved, np.degrees(errors.gyr_per_acc.sum(axis=1) * G), atol=0.02)


@given(
    n_samples=st.integers(1, 5000),
    rate_hz=st.sampled_from([50.0, 100.0, 200.0]),
    fraction=st.floats(0.0, 0.99),
)
def test_the_asked_fraction_is_lost_in_whole_packets(n_samples, rate_hz, fraction):
    lost = lost_samples(n_samples, rate_hz, fraction, rng(7))
    per_packet = round(0.05 * rate_hz)
    assert lost.shape == (n_samples,)
    assert abs(int(lost.sum()) - fraction * n_samples) <= 1.5 * per_packet
    whole = lost[: n_samples // per_packet * per_packet].reshape(-1, per_packet)
    assert np.all(whole.all(axis=1) == whole.any(axis=1))


def test_lost_samples_are_nan_and_invalid_and_differ_between_sensors():
    recording = imuhip.simulate("walk", 1, seed=2, packet_loss=0.05)
    lost = {name: ~series.valid for name, series in recording.sensors.items()}
    for name, series in recording.sensors.items():
        assert np.isnan(series.acc[lost[name]]).all() and np.isnan(series.gyr[lost[name]]).all()
        assert np.isfinite(series.acc[~lost[name]]).all()
        assert lost[name].mean() == pytest.approx(0.05, abs=0.002)
        assert recording.devices[name].counters.lost == lost[name].sum()
    assert not np.array_equal(lost["thigh_left"], lost["thigh_right"])


def quiet(activity, **options):
    return imuhip.simulate(
        activity, 0.7, seed=3, mounting="nominal", sensor_errors=0, calibration=False, **options
    )


def share_above(values, cutoff_hz, rate_hz=100.0):
    power = np.abs(np.fft.rfft(values - values.mean())) ** 2
    return power[np.fft.rfftfreq(len(values), 1 / rate_hz) > cutoff_hz].sum() / power.sum()


GAIT = slice(1500, 4500)


def test_a_loose_strap_rocks_like_the_real_one():
    firm, loose = quiet("walk"), quiet("walk", strap_wobble=1.0)
    for segment in ("thigh_left", "thigh_right"):
        about_long_axis = loose.sensors[segment].gyr[GAIT, 1]
        assert 4.0 < about_long_axis.std() < 7.0
        assert 11.0 < np.abs(about_long_axis).max() < 25.0
        assert share_above(about_long_axis, 6.0) > 0.8
        assert share_above(firm.sensors[segment].gyr[GAIT, 1], 6.0) < 0.2
        assert np.abs(loose.sensors[segment].acc[GAIT]).max() < 8 * G
    np.testing.assert_array_equal(loose.sensors["pelvis"].gyr, firm.sensors["pelvis"].gyr)


def test_skin_hides_part_of_the_bone():
    bone, skin = quiet("run"), quiet("run", soft_tissue=1.0)
    moved = {}
    for segment in ("pelvis", "thigh_left"):
        apart = skin.sensors[segment].gyr[GAIT] - bone.sensors[segment].gyr[GAIT]
        moved[segment] = np.sqrt(np.mean(apart**2))
    assert 0.2 < moved["thigh_left"] < 2.0
    assert moved["pelvis"] < 0.6 * moved["thigh_left"]
    # standing skin is still
    still = slice(0, 600)
    apart = skin.sensors["thigh_left"].gyr[still] - bone.sensors["thigh_left"].gyr[still]
    assert np.abs(apart).max() < 0.01


def test_impacts_scale_and_strike_the_pelvis_as_hard_as_drawn():
    none, normal, hard = (quiet("run", impact=scale) for scale in (0.0, 1.0, 1.7))
    without = none.sensors["pelvis"].acc[GAIT]
    apart = [np.abs(r.sensors["pelvis"].acc[GAIT] - without).max() for r in (normal, hard)]
    assert 7.0 < apart[0] < 20.0
    assert apart[1] / apart[0] == pytest.approx(1.7, rel=0.05)


def test_a_shock_is_of_unit_size_and_below_the_sampling_limit():
    time_s = np.arange(0.0, 1.0, 1 / 4000)
    acceleration = np.gradient(np.gradient(shock(time_s, np.array([0.5])), time_s), time_s)
    assert np.abs(acceleration).max() == pytest.approx(1.0, abs=0.02)
    power = np.abs(np.fft.rfft(acceleration)) ** 2
    frequency = np.fft.rfftfreq(len(time_s), 1 / 4000)
    assert 10.0 < frequency[power.argmax()] < 20.0
    assert power[frequency > 40.0].sum() < 1e-3 * power.sum()


def test_events_add_up_and_may_hang_over_the_ends():
    time_s = np.arange(0.0, 2.0, 1 / 400)
    at = np.array([-0.01, 0.3, 0.35, 1.99])
    together = ringing(time_s, at, 9.0)
    alone = sum(ringing(time_s, at[[i]], 9.0) for i in range(len(at)))
    np.testing.assert_allclose(together, alone, atol=1e-12)
    assert ringing(time_s, np.array([]), 9.0).max() == 0.0
