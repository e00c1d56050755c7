"""What a real walker taught: ends in a foot strike, turns, bursts of drift, runners' strides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imuhip.core.butterworth import zero_phase
from imuhip.gait.running import running_blocks
from imuhip.kinematics.drift_exposure import N_EXPOSURES, HeadingSteps
from imuhip.kinematics.heading_blocks import HeadingBlocks, heading_blocks, turn_about_z, turning
from imuhip.kinematics.heading_filter import DriftModel
from imuhip.kinematics.heading_track import smooth_heading
from imuhip.kinematics.hip_centre import BAND_HZ, force_band

RATE_HZ = 50.0
BLOCK = 100
STEP_S = 2.0


def strides(n_samples: int) -> np.ndarray:
    """Return a force (n, 3) with the harmonics of a stride a second and a spike at each strike."""
    phase = np.arange(n_samples) / RATE_HZ
    force = np.stack(
        [
            2.0 * np.sin(2 * np.pi * 2 * phase) + np.sin(2 * np.pi * 4 * phase),
            1.5 * np.sin(2 * np.pi * phase + 0.7),
            9.81 + 4.0 * np.cos(2 * np.pi * 2 * phase),
        ],
        axis=1,
    )
    force[:: int(RATE_HZ)] += [60.0, 20.0, 40.0]
    return force


def test_a_series_that_ends_in_a_foot_strike_is_filtered_as_if_it_went_on():
    n_samples = 20 * int(RATE_HZ) + 1  # the last sample is a strike
    longer = strides(n_samples + 500)
    sections = force_band(RATE_HZ)
    expected = zero_phase(sections, longer, mirrored=True)[:n_samples]
    own, turned_about_the_end = (
        zero_phase(sections, longer[:n_samples], mirrored=mirrored) for mirrored in (True, False)
    )
    last = slice(-BLOCK, None)

    def error(values: np.ndarray) -> float:
        return float(np.sqrt(np.mean((values - expected)[last] ** 2)))

    assert error(turned_about_the_end) > 10.0, "the fault this guards against"
    assert error(own) < 1.5


def test_the_band_leaves_four_harmonics_of_walking_and_stops_a_loose_strap():
    time_s = np.arange(0, 60, 0.01)

    def passed(hz: float) -> float:
        wave = np.sin(2 * np.pi * hz * time_s)[:, None]
        middle = zero_phase(force_band(100.0), wave, mirrored=True)[1000:-1000]
        return float(np.std(middle) / np.std(wave))

    assert all(passed(hz) > 0.7 for hz in (1.0, 2.0, 3.0, 3.5))
    assert passed(8.0) < 0.02
    assert passed(0.1) < 0.02
    assert BAND_HZ[1] < 4.5


def test_a_turn_is_told_from_the_swing_of_the_pelvis():
    time_s = np.arange(0, 20, 1 / RATE_HZ)
    swing = np.radians(60.0) * np.sin(2 * np.pi * 1.0 * time_s)  # every stride, at 60 deg/s
    turn = np.where((time_s >= 10.0) & (time_s < 12.0), np.radians(90.0), 0.0)
    assert not turning(swing, RATE_HZ).any()
    found = turning(swing + turn, RATE_HZ)
    assert found[(time_s > 10.3) & (time_s < 11.7)].all()
    assert not found[(time_s < 9.4) | (time_s > 12.6)].any()
    assert turning(np.full(3, np.radians(90.0)), RATE_HZ).all(), "shorter than a stride"


def test_what_repeats_with_each_stride_is_no_noise_of_the_block():
    """Skin that moves alike in all strides turns all blocks alike: none is worse for it."""
    rng = np.random.default_rng(1)
    n_blocks = 30
    thigh = zero_phase(force_band(RATE_HZ), strides(n_blocks * BLOCK), mirrored=True)
    skin = np.roll(thigh[:, [1, 0, 2]], 7, axis=0) * 0.4
    noise = zero_phase(force_band(RATE_HZ), rng.normal(0, 0.5, thigh.shape), mirrored=True)
    pelvis = turn_about_z(thigh, np.full(len(thigh), 0.6)) + skin + noise
    found = heading_blocks(pelvis, thigh, np.ones(len(thigh), dtype=bool), BLOCK, RATE_HZ)
    scatter = float(np.std(found.heading_rad[1:-1]))
    stated = float(np.sqrt(np.median(found.variance_rad2)))
    assert 0.7 * scatter < stated < 4.0 * scatter


# -- drift that comes in bursts -----------------------------------------------------------------


def walk(n_blocks: int) -> HeadingSteps:
    return HeadingSteps(
        still=np.zeros(n_blocks, dtype=bool),
        gait=np.ones(n_blocks, dtype=bool),
        running=np.zeros(n_blocks, dtype=bool),
        length_s=STEP_S,
        gait_s=np.full(n_blocks, STEP_S),
        exposure=np.zeros((n_blocks, N_EXPOSURES)),
        unseen_rad2=np.zeros(n_blocks),
    )


def blocks(true_rad: np.ndarray, noise_deg: float, seed: int) -> HeadingBlocks:
    noise = np.radians(noise_deg)
    measured = true_rad + np.random.default_rng(seed).normal(0, noise, len(true_rad))
    return HeadingBlocks(measured, np.full(len(true_rad), noise**2))


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_of_drift_is_followed_and_widens_the_uncertainty(seed: int):
    """As the real one: 13° within 8 s, next to nothing before and after."""
    true = np.radians(13.0) / (1.0 + np.exp(-(np.arange(22) - 6.0) / 1.0))
    found = smooth_heading(blocks(true, 2.0, seed), walk(22), 0)
    usual = smooth_heading(blocks(np.zeros(22), 2.0, seed), walk(22), 0)
    error = found.heading_rad - true
    assert np.degrees(np.std(error)) < 1.8
    assert np.degrees(np.std(found.residual_rad)) < 2.5
    assert np.median(found.drift_sd_rad) > 1.5 * np.median(usual.drift_sd_rad)
    assert np.ptp(usual.heading_rad) < np.radians(3.0), "nothing is followed where nothing drifts"


def test_the_usual_model_is_kept_where_nothing_surprises():
    calm = blocks(np.radians(0.1) * np.arange(100), 1.0, 3)
    found = smooth_heading(calm, walk(100), 0)
    wild = smooth_heading(
        calm, walk(100), 0, model=replace(DriftModel(), wander_rad_per_sqrt_s=np.radians(2.0))
    )
    assert found.surprise < 1.6
    assert found.likelihood > wild.likelihood
    assert np.median(found.drift_sd_rad) < 0.5 * np.median(wild.drift_sd_rad)


def test_blocks_without_a_heading_have_no_residual():
    some = blocks(np.zeros(20), 1.0, 5)
    some.heading_rad[7], some.variance_rad2[7] = np.nan, np.inf
    found = smooth_heading(some, walk(20), 5)
    assert np.isnan(found.residual_rad[7])
    assert np.isfinite(np.delete(found.residual_rad, 7)).all()


# -- runners ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stride_s", "running"), [(0.72, True), (0.95, False), (np.nan, True)])
def test_flight_with_strides_too_long_for_a_runner_is_a_loose_belt(stride_s: float, running: bool):
    time_s = np.arange(0, 10, 1 / RATE_HZ)
    bounce = 9.81 * (1.0 + np.cos(2 * np.pi * 2.2 * time_s))  # weightless twice a stride
    acc = np.stack([bounce, np.zeros_like(bounce), np.zeros_like(bounce)], axis=1)
    assert running_blocks(acc, RATE_HZ, BLOCK, np.full(10, stride_s)).tolist() == [running] * 5
    standing = np.tile([9.81, 0.0, 0.0], (len(time_s), 1))
    assert not running_blocks(standing, RATE_HZ, BLOCK, np.full(10, stride_s)).any()
    assert len(running_blocks(acc[:10], RATE_HZ, BLOCK, np.empty(0))) == 0
