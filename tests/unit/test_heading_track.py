"""The heading through a session: drift, anchors, and what is learnt of the chips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core import quaternion
from imuhip.kinematics.drift_exposure import (
    N_EXPOSURES,
    HeadingSteps,
    drift_exposure,
    heading_steps,
)
from imuhip.kinematics.heading_blocks import HeadingBlocks, wrap
from imuhip.kinematics.heading_filter import DriftModel, HeadingFilter
from imuhip.kinematics.heading_track import heading_at_rows, smooth_heading

STEP_S = 2.0


def gait_steps(n_blocks: int, **fields) -> HeadingSteps:
    steps = HeadingSteps(
        still=np.zeros(n_blocks, dtype=bool),
        gait=np.ones(n_blocks, dtype=bool),
        running=np.zeros(n_blocks, dtype=bool),
        length_s=STEP_S,
        gait_s=np.full(n_blocks, STEP_S),
        exposure=np.zeros((n_blocks, N_EXPOSURES)),
        unseen_rad2=np.zeros(n_blocks),
    )
    return replace(steps, **fields)


def drifting(
    n_blocks: int, offset_rad: float, rate_rad_s: float, noise_rad: float, seed: int = 0
) -> tuple[np.ndarray, HeadingBlocks]:
    rng = np.random.default_rng(seed)
    true = offset_rad + rate_rad_s * STEP_S * np.arange(n_blocks)
    measured = wrap(true + rng.normal(0, noise_rad, n_blocks))
    return true, HeadingBlocks(measured, np.full(n_blocks, noise_rad**2))


def nothing_measured(n_blocks: int) -> HeadingBlocks:
    return HeadingBlocks(np.full(n_blocks, np.nan), np.full(n_blocks, np.inf))


@pytest.mark.parametrize("offset_deg", [0.0, 91.0, 179.5, -179.5])
def test_a_steady_drift_is_followed_even_across_the_half_turn(offset_deg: float):
    true, blocks = drifting(300, np.radians(offset_deg), np.radians(0.03), np.radians(2.0))
    found = smooth_heading(blocks, gait_steps(300), 0)
    error = wrap(found.heading_rad - true)
    # the level rests on the first blocks, the drift on all of them
    assert np.std(error) < np.radians(0.35)
    assert np.abs(error).max() < np.radians(1.5)
    assert np.abs(np.diff(found.heading_rad)).max() < np.radians(1.0), "no jumps of a full turn"
    np.testing.assert_allclose(found.rate_rad_s[20:], np.radians(0.03), atol=np.radians(0.03))


def walked_forwards(blocks: HeadingBlocks, steps: HeadingSteps, n_blocks: int):
    forwards, innovations, sds = HeadingFilter(), [], []
    for k in range(n_blocks):
        if k:
            forwards.predict(steps, k)
        update = forwards.measure(
            blocks.heading_rad[k], blocks.variance_rad2[k], running=bool(steps.running[k])
        )
        innovations.append(np.nan if update is None else update.innovation)
        sds.append(forwards.drift_sd_rad)
    return forwards, innovations, np.array(sds)


def varied_steps(n_blocks: int, seed: int = 3) -> HeadingSteps:
    rng = np.random.default_rng(seed)
    still = np.zeros(n_blocks, dtype=bool)
    still[20:25] = True
    return gait_steps(
        n_blocks,
        still=still,
        gait=~still,
        running=(np.arange(n_blocks) > 35) & ~still,
        exposure=np.where(still[:, None], 0.0, rng.normal(0.2, 0.5, (n_blocks, N_EXPOSURES))),
    )


def test_smoothing_never_knows_less_than_the_filter():
    _, blocks = drifting(60, 1.0, np.radians(-0.05), np.radians(2.0))
    steps = varied_steps(60)
    found = smooth_heading(blocks, steps, 0)
    forwards, _, filtered_sd = walked_forwards(blocks, steps, 60)
    assert np.all(found.drift_sd_rad <= filtered_sd + 1e-9)
    # where everything is known, forwards and backwards, both agree
    assert found.drift_sd_rad[-1] == pytest.approx(filtered_sd[-1], rel=1e-9)
    assert found.heading_rad[-1] == pytest.approx(forwards.heading_rad, abs=1e-9)


def test_the_smoother_walks_forwards_as_the_filter_does():
    """Cut anywhere, its last state and its innovations are the causal filter's."""
    _, blocks = drifting(60, 0.4, np.radians(0.2), np.radians(2.0))
    steps = varied_steps(60)
    for end in (1, 10, 23, 41, 60):
        part = HeadingBlocks(blocks.heading_rad[:end], blocks.variance_rad2[:end])
        found = smooth_heading(part, steps.part(slice(0, end)), 0)
        forwards, innovations, _ = walked_forwards(part, steps, end)
        np.testing.assert_allclose(found.innovation_rad, innovations, atol=1e-12)
        assert found.heading_rad[-1] == pytest.approx(forwards.heading_rad)
        assert found.rate_rad_s[-1] == pytest.approx(forwards.rate_rad_s)
        np.testing.assert_allclose(found.chip_errors[-1], forwards.chip_errors)


def test_the_smoother_is_the_least_squares_solution():
    """All blocks at once, as one linear system: the same headings, and the same certainty."""
    n_blocks, model = 40, DriftModel(gate=1e9)
    _, blocks = drifting(n_blocks, 0.3, np.radians(0.1), np.radians(2.0), seed=4)
    steps = varied_steps(n_blocks)
    found = smooth_heading(blocks, steps, 0, model=model)
    n_states = 4 + N_EXPOSURES
    start = np.linalg.inv(model.start_covariance())
    rows, targets = [np.kron(np.eye(1, n_blocks)[0], np.linalg.cholesky(start).T)], [0.0]
    targets = [np.zeros(n_states)]
    for k in range(n_blocks):
        seen = np.zeros((1, n_blocks * n_states))
        seen[0, k * n_states + np.array([0, 2])] = 1.0
        seen[0, k * n_states + 3] = float(steps.running[k])
        weight = 1.0 / np.sqrt(blocks.variance_rad2[k])
        rows.append(seen * weight)
        targets.append(np.array([blocks.heading_rad[k] * weight]))
        if k:
            F = np.eye(n_states)
            if not steps.still[k]:
                F[0, 1], F[0, 4:] = steps.gait_s[k], steps.exposure[k]
            sd = np.full(n_states, 1e-6)
            sd[:3] = np.maximum(np.sqrt(model.noise(steps, k)), 1e-6)
            move = np.zeros((n_states, n_blocks * n_states))
            move[:, k * n_states : (k + 1) * n_states] = np.eye(n_states)
            move[:, (k - 1) * n_states : k * n_states] = -F
            rows.append(move / sd[:, None])
            targets.append(np.zeros(n_states))
    solution = np.linalg.lstsq(np.concatenate(rows), np.concatenate(targets), rcond=None)[0]
    states = solution.reshape(n_blocks, n_states)
    np.testing.assert_allclose(found.heading_rad, states[:, 0] + states[:, 2], atol=1e-5)
    np.testing.assert_allclose(found.chip_errors[-1], states[-1, 4:], atol=1e-5)


def test_the_gate_keeps_an_outlier_from_moving_the_state():
    headings = []
    for wild in (False, True):
        _, blocks = drifting(100, 0.5, 0.0, np.radians(1.0))
        if wild:
            blocks.heading_rad[-1] += np.radians(90.0)
        found, _, _ = walked_forwards(blocks, gait_steps(100), 100)
        headings.append(found.heading_rad)
    assert abs(headings[1] - headings[0]) < np.radians(1.0)


def test_a_block_without_a_measurement_changes_nothing():
    found = HeadingFilter()
    found.measure(0.3, np.radians(1.0) ** 2)
    state, covariance = found.state.copy(), found.covariance.copy()
    assert found.measure(np.nan, np.inf) is None
    np.testing.assert_array_equal(found.state, state)
    np.testing.assert_array_equal(found.covariance, covariance)


def test_standing_still_neither_drifts_nor_forgets():
    _, blocks = drifting(30, 0.2, 0.0, np.radians(1.0))
    found, _, _ = walked_forwards(blocks, gait_steps(30), 30)
    state, covariance = found.state.copy(), found.covariance.copy()
    standing = gait_steps(1, still=np.ones(1, dtype=bool), gait=np.zeros(1, dtype=bool))
    for _ in range(1000):
        found.predict(standing, 0)
    np.testing.assert_array_equal(found.state, state)
    np.testing.assert_array_equal(found.covariance, covariance)


def test_a_turn_makes_the_heading_less_certain_until_the_chips_are_known():
    """Half a turn about the vertical, again and again: 1 % of scale is 1.8°, then nearly none."""
    exposure = np.zeros((40, N_EXPOSURES))
    exposure[1::4, 8] = np.pi  # row and column of the vertical, thigh sensor
    steps = gait_steps(40, exposure=exposure)
    scale = 0.01
    true = 0.3 + np.cumsum(exposure[:, 8]) * scale
    blocks = HeadingBlocks(wrap(true), np.full(40, np.radians(0.5) ** 2))
    gained = []
    forwards = HeadingFilter()
    for k in range(40):
        if k:
            before = forwards.drift_sd_rad
            forwards.predict(steps, k)
            if k % 4 == 1:
                gained.append(np.sqrt(forwards.drift_sd_rad**2 - before**2))
        forwards.measure(blocks.heading_rad[k], blocks.variance_rad2[k])
    assert gained[0] == pytest.approx(DriftModel().scale_sd * np.pi, rel=0.01)
    assert gained[-1] < 0.3 * gained[0]
    assert forwards.chip_errors[8] == pytest.approx(scale, abs=0.002)


def test_what_is_learnt_in_gait_tells_the_drift_of_what_came_before_it():
    """Leg swings between pose and gait leave 3° that nothing measured: the chip's scale tells."""
    n_blocks, scale = 80, 0.02
    exposure = np.zeros((n_blocks, N_EXPOSURES))
    exposure[5:15, 0] = np.radians(15.0)  # swings, unseen
    exposure[20:, 0] = np.radians(10.0)  # gait
    gait = np.arange(n_blocks) >= 20
    steps = gait_steps(n_blocks, exposure=exposure, gait=gait, gait_s=np.where(gait, STEP_S, 0.0))
    drift = np.cumsum(exposure[:, 0]) * scale
    rng = np.random.default_rng(5)
    measured = np.where(gait, drift + 0.8 + rng.normal(0, np.radians(1.0), n_blocks), np.nan)
    blocks = HeadingBlocks(measured, np.where(gait, np.radians(1.0) ** 2, np.inf))
    found = smooth_heading(blocks, steps, 0)
    unlearnt = smooth_heading(blocks, replace(steps, exposure=np.zeros_like(exposure)), 0)
    seen = [np.degrees(track.heading_rad[40] - track.heading_rad[0]) for track in (unlearnt, found)]
    true = np.degrees(drift[40] - drift[0])
    assert abs(seen[0] - true) > 2.0
    assert abs(seen[1] - true) < 0.6 * abs(seen[0] - true)


def test_running_may_pull_the_coupling_to_another_side():
    """A bias that comes and goes with running is none of the heading's."""
    n_blocks = 120
    running = (np.arange(n_blocks) // 20) % 2 == 1
    _, blocks = drifting(n_blocks, 0.4, 0.0, np.radians(1.0))
    blocks = replace(blocks, heading_rad=blocks.heading_rad + running * np.radians(4.0))
    found = smooth_heading(blocks, gait_steps(n_blocks, running=running), 0)
    assert np.ptp(found.heading_rad) < np.radians(0.5)


@given(
    st.lists(
        st.tuples(st.floats(-np.pi, np.pi), st.floats(1e-5, 1.0), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_the_covariance_stays_one(walk):
    still = np.array([entry[2] for entry in walk])
    steps = replace(varied_steps(len(walk)), still=still, gait=~still)
    found = HeadingFilter()
    for k, (heading, variance, _) in enumerate(walk):
        found.predict(steps, k)
        found.measure(heading, variance)
        assert np.isfinite(found.state).all()
        assert np.linalg.eigvalsh(0.5 * (found.covariance + found.covariance.T)).min() > -1e-12


def test_blocks_before_the_anchor_in_which_nobody_walked_take_its_value():
    _, blocks = drifting(40, 0.7, 0.0, np.radians(1.0))
    blocks.heading_rad[:11] = np.nan
    blocks.variance_rad2[:11] = np.inf
    found = smooth_heading(blocks, gait_steps(40), 10)
    np.testing.assert_array_equal(found.heading_rad[:10], found.heading_rad[10])
    np.testing.assert_array_equal(found.drift_sd_rad[:10], found.drift_sd_rad[10])


def test_gait_before_the_anchor_is_tracked_backwards():
    true, blocks = drifting(120, 0.7, np.radians(0.1), np.radians(1.0))
    blocks.heading_rad[60], blocks.variance_rad2[60] = np.nan, np.inf
    for known in (slice(None), slice(0, 60)):
        there = np.zeros(120, dtype=bool)
        there[known] = True
        seen = HeadingBlocks(
            np.where(there, blocks.heading_rad, np.nan),
            np.where(there, blocks.variance_rad2, np.inf),
        )
        found = smooth_heading(seen, gait_steps(120), 60)
        assert np.abs(wrap(found.heading_rad - true))[known].max() < np.radians(0.8)


def test_a_second_stance_takes_drift_out_but_not_a_different_stance():
    """Before the walk 1° drift came in unseen; standing as before shows it, feet turned do not."""
    n_blocks, drift = 40, np.radians(1.0)
    steps = gait_steps(n_blocks, gait=np.zeros(n_blocks, dtype=bool), gait_s=np.zeros(n_blocks))
    silent = nothing_measured(n_blocks)
    without = smooth_heading(silent, steps, 0)
    seen = smooth_heading(silent, steps, 0, stances={10: (drift, np.radians(0.5) ** 2)})
    other = smooth_heading(silent, steps, 0, stances={10: (np.radians(40.0), np.radians(0.5) ** 2)})
    assert seen.heading_rad[10] > 0.5 * drift
    assert seen.drift_sd_rad[10] < without.drift_sd_rad[10]
    np.testing.assert_array_equal(other.heading_rad, without.heading_rad)


def test_rows_between_blocks_follow_the_turns_where_they_happen():
    """A quick half turn within one block: 2 % of scale is 3.6°, gained in half a second."""
    rate_hz, block, n_blocks = 50.0, 100, 60
    n_rows = n_blocks * block
    time_s = np.arange(n_rows) / rate_hz
    rate = np.zeros((n_rows, 3))
    turns = ((time_s % 12.0) > 5.1) & ((time_s % 12.0) < 5.6)
    rate[turns, 2] = np.pi / 0.5
    up = np.tile([0.0, 0.0, 1.0], (n_rows, 1))
    everywhere = np.ones(n_rows, dtype=bool)
    thigh = drift_exposure(up, rate * 1.02, everywhere)
    pelvis = drift_exposure(up, rate, everywhere)
    none = np.zeros(n_blocks, dtype=bool)
    steps, exposed = heading_steps(thigh, pelvis, everywhere, rate_hz, block, none, none)
    true = 0.5 - np.cumsum(rate[:, 2]) / rate_hz * 0.02
    means = true.reshape(n_blocks, block).mean(axis=1)
    found = smooth_heading(
        HeadingBlocks(wrap(means), np.full(n_blocks, np.radians(0.7) ** 2)), steps, 0
    )
    error = np.degrees(heading_at_rows(found, exposed, block) - true)
    by_blocks = np.interp(np.arange(n_rows), (np.arange(n_blocks) + 0.5) * block, found.heading_rad)
    assert np.std(error) < 0.5 * np.std(np.degrees(by_blocks - true))
    assert np.abs(error - error.mean()).max() < 1.0


def test_exposure_times_error_is_the_heading_drift():
    """A chip with known errors, a tumbling sensor: the drift of its heading, integrated."""
    rate_hz, n_rows = 1000.0, 8000
    time_s = np.arange(n_rows) / rate_hz
    gyr = np.stack([2.0 * np.sin(6.0 * time_s), 1.5 * np.cos(5.0 * time_s), np.sin(time_s)], axis=1)
    errors = np.random.default_rng(2).normal(0.0, 1e-3, (3, 3))

    def turned(rate: np.ndarray) -> np.ndarray:
        q = np.empty((n_rows, 4))
        q[0] = quaternion.IDENTITY
        for k, step in enumerate(quaternion.from_rotation_vector(rate[1:] / rate_hz), start=1):
            q[k] = quaternion.multiply(q[k - 1], step)
        return q

    q_true, q_read = turned(gyr), turned(gyr + gyr @ errors.T)
    drift = quaternion.heading_about_z(quaternion.multiply(q_read, quaternion.conjugate(q_true)))
    up = quaternion.rotate(quaternion.conjugate(q_true), np.array([0.0, 0.0, 1.0]))
    exposure = drift_exposure(up, gyr, np.ones(n_rows, dtype=bool))
    expected = np.cumsum(exposure @ errors.ravel()) / rate_hz
    assert np.abs(drift - expected).max() < 0.05 * np.abs(expected).max()
