"""Strides, curves over the cycle and activity, on signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.core import quaternion
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.gait.activity import find_gait_frames, gait_period_s, stride_period_s
from imuhip.gait.cycles import CYCLE_POINTS, normalise_cycles, stride_statistics
from imuhip.gait.strides import StrideCut, cut_strides
from strategies import unit_quaternions

RATE_HZ = 100.0


def grid(duration_s: float, start_s: float = 0.0) -> np.ndarray:
    return start_s + np.arange(round(duration_s * RATE_HZ)) / RATE_HZ


def flexion(time_s: np.ndarray, period_s: float, first_peak_s: float = 0.3) -> np.ndarray:
    return np.radians(10 + 20 * np.cos(2 * np.pi * (time_s - first_peak_s) / period_s))


def cut(time_s: np.ndarray, values: np.ndarray, gait: np.ndarray | None = None) -> StrideCut:
    everywhere = np.ones(len(time_s), dtype=bool)
    return cut_strides(time_s, values, everywhere if gait is None else gait, "left")


# -- strides ------------------------------------------------------------------------------------


@pytest.mark.parametrize("period_s", [0.6180, 0.9137, 1.1, 1.5713])
def test_strides_of_a_cosine_are_found_between_samples(period_s: float):
    time_s = grid(20, start_s=100.0)
    found = cut(time_s, flexion(time_s, period_s, first_peak_s=101.2345))
    inner = slice(1, -1)  # at the ends the smoothing has nothing to lean on
    phase = (found.start_s[inner] - 101.2345) / period_s
    np.testing.assert_allclose(phase, np.round(phase), atol=2e-3)
    np.testing.assert_allclose((found.end_s - found.start_s)[inner], period_s, atol=1e-3)
    assert len(found) >= int(20 / period_s) - 2
    assert found.regular.all()


def test_strides_of_one_bout_join_without_a_break():
    time_s = grid(15)
    found = cut(time_s, flexion(time_s, 1.1))
    np.testing.assert_array_equal(found.start_s[1:], found.end_s[:-1])
    assert np.all(found.start_s < found.extended_s)
    assert np.all(found.extended_s < found.end_s)


def test_the_greatest_extension_is_found_between_samples():
    time_s = grid(15)
    found = cut(time_s, flexion(time_s, 1.1, first_peak_s=0.3))
    inner = slice(1, -1)
    lowest_s = found.start_s[inner] + 0.55
    np.testing.assert_allclose(found.extended_s[inner], lowest_s, atol=2e-3)


def test_two_equal_humps_are_one_maximum():
    """Late swing and loading response are as high as each other on many walkers."""
    time_s = grid(60)
    phase = 2 * np.pi * time_s / 1.05
    rng = np.random.default_rng(1)
    curve = 20 * np.cos(phase) - 8 * np.cos(2 * phase) + 2 * np.cos(3 * phase)
    found = cut(time_s, np.radians(curve + rng.normal(0, 0.5, len(time_s))))
    assert abs(len(found) - 56) <= 1
    np.testing.assert_allclose(found.end_s - found.start_s, 1.05, atol=0.04)


def test_standing_has_no_strides():
    time_s = grid(20)
    still = np.radians(3.0) + np.radians(2.0) * np.sin(2 * np.pi * time_s / 1.1)
    assert len(cut(time_s, still)) == 0


def test_strides_are_cut_in_gait_only():
    time_s = grid(30)
    gait = (time_s >= 10) & (time_s < 20)
    found = cut(time_s, flexion(time_s, 1.0), gait)
    assert 7 <= len(found) <= 9
    assert found.start_s.min() >= 10.0
    assert found.end_s.max() < 20.0


def test_a_short_gap_leaves_a_stride_to_exclude_and_a_long_one_none():
    time_s = grid(30)
    values = flexion(time_s, 1.0, first_peak_s=0.25)
    values[(time_s >= 10.5) & (time_s < 10.7)] = np.nan
    values[(time_s >= 20.4) & (time_s < 22.0)] = np.nan
    found = cut(time_s, values)

    def across(at_s: float) -> int:
        return int(((found.start_s < at_s) & (found.end_s > at_s)).sum())

    assert across(10.6) == 1
    assert across(21.0) == 0
    assert np.all(found.end_s - found.start_s < 1.2), "no stride bridges a long gap"


def test_a_stride_twice_as_long_is_irregular():
    time_s = grid(30)
    # one hesitation: the phase stands for 1.5 s at greatest extension
    moving = np.where((time_s > 15.5) & (time_s < 17.0), 0.0, 1.0)
    phase = 2 * np.pi * np.cumsum(moving) / RATE_HZ
    found = cut(time_s, np.radians(20 * np.cos(phase)))
    assert (~found.regular).sum() == 1
    odd = int(np.flatnonzero(~found.regular)[0])
    assert found.start_s[odd] < 16.0 < found.end_s[odd]


@pytest.mark.parametrize("n_samples", [0, 1, 2, 50])
def test_next_to_no_data_has_no_strides(n_samples: int):
    time_s = np.arange(n_samples) / RATE_HZ
    assert len(cut(time_s, np.zeros(n_samples))) == 0


def test_all_missing_has_no_strides():
    time_s = grid(5)
    assert len(cut(time_s, np.full(len(time_s), np.nan))) == 0


# -- cycles -------------------------------------------------------------------------------------


def test_cycles_of_a_straight_line_are_straight():
    time_s = grid(10)
    start_s, end_s = np.array([1.004, 2.5]), np.array([2.5, 3.77])
    curves = normalise_cycles(time_s, 3.0 * time_s - 1.0, start_s, end_s)
    assert curves.shape == (2, CYCLE_POINTS)
    expected = 3.0 * (start_s[:, None] + np.linspace(0, 1, 101) * (end_s - start_s)[:, None]) - 1.0
    np.testing.assert_allclose(curves, expected, atol=1e-12)


def test_a_cycle_with_a_gap_is_nan_and_its_neighbours_are_not():
    time_s = grid(10)
    values = np.sin(time_s)
    values[250] = np.nan
    curves = normalise_cycles(time_s, values, np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    assert np.isnan(curves[1]).all()
    assert np.isfinite(curves[[0, 2]]).all()


def test_a_cycle_that_reaches_beyond_the_data_is_nan():
    curves = normalise_cycles(grid(3), grid(3), np.array([1.0, 2.5]), np.array([2.0, 3.5]))
    assert np.isfinite(curves[0]).all()
    assert np.isnan(curves[1]).all()


def test_a_single_missing_sample_between_two_curve_points_is_not_overlooked():
    """A long stride has more samples than 101 points; a hole may lie between two of them."""
    time_s = grid(10)
    for row in range(205, 395):
        values = np.ones(len(time_s))
        values[row] = np.nan
        curves = normalise_cycles(time_s, values, np.array([2.0]), np.array([4.0]))
        assert np.isnan(curves).all(), row


def test_no_strides_give_an_empty_table():
    empty = np.empty(0)
    assert normalise_cycles(grid(1), grid(1), empty, empty).shape == (0, CYCLE_POINTS)
    assert all(len(v) == 0 for v in stride_statistics(grid(1), grid(1), empty, empty).values())


@st.composite
def strided_values(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    n_samples = draw(st.integers(1, 60))
    value = st.one_of(st.just(np.nan), st.floats(-100, 100))
    values = np.array(draw(st.lists(value, min_size=n_samples, max_size=n_samples)))
    edges = st.floats(-0.5, n_samples + 0.5)
    n_strides = draw(st.integers(0, 6))
    pairs = [sorted((draw(edges), draw(edges))) for _ in range(n_strides)]
    pairs.sort()
    start_s, end_s = (np.array([p[k] for p in pairs], dtype=float) for k in (0, 1))
    return np.arange(n_samples, dtype=float), values, start_s, end_s


@given(strided_values())
def test_stride_statistics_equal_brute_force(case):
    time_s, values, start_s, end_s = case
    found = stride_statistics(time_s, values, start_s, end_s)
    for k, (a, b) in enumerate(zip(start_s, end_s, strict=True)):
        inside = values[(time_s >= a) & (time_s < b)]
        inside = inside[np.isfinite(inside)]
        if len(inside) == 0:
            assert all(np.isnan(found[kind][k]) for kind in ("min", "max", "mean", "range"))
            continue
        assert found["min"][k] == inside.min()
        assert found["max"][k] == inside.max()
        assert found["range"][k] == inside.max() - inside.min()
        assert found["mean"][k] == pytest.approx(inside.mean(), abs=1e-9)


# -- activity -----------------------------------------------------------------------------------


def thigh_rate(time_s: np.ndarray, period_s: float, noise: float = 0.0, seed: int = 0):
    phase = 2 * np.pi * time_s / period_s
    rng = np.random.default_rng(seed)
    swing = 2.0 * np.cos(phase) + 1.2 * np.cos(2 * phase + 0.4) + 0.5 * np.cos(3 * phase + 1)
    side = 0.5 * np.cos(phase + 1.0)
    rate = np.stack([side, 0.2 * np.sin(2 * phase), swing], axis=1)
    return rate + zero_phase(low_pass(5.0, RATE_HZ), rng.normal(0, noise, rate.shape))


@pytest.mark.parametrize("period_s", [0.62, 0.9, 1.1, 1.45])
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_period_with_harmonics_and_noise(period_s: float, noise: float):
    period, share = stride_period_s(thigh_rate(grid(4), period_s, noise), RATE_HZ)
    assert period == pytest.approx(period_s, rel=0.03)
    assert share > 0.7


def test_the_first_of_equal_peaks_is_the_stride():
    """0.7 s repeats at 1.4 s just as well; two strides must not pass for one."""
    period, _ = stride_period_s(thigh_rate(grid(6), 0.7), RATE_HZ)
    assert period == pytest.approx(0.7, abs=0.02)


@given(unit_quaternions())
def test_period_does_not_depend_on_the_mounting(q):
    rate = thigh_rate(grid(4), 1.1, 0.1)
    expected = stride_period_s(rate, RATE_HZ)
    assert stride_period_s(quaternion.rotate(q, rate), RATE_HZ) == pytest.approx(expected, rel=1e-6)


def test_noise_and_stillness_are_not_periodic():
    rng = np.random.default_rng(5)
    for _ in range(5):
        rate = zero_phase(low_pass(5.0, RATE_HZ), rng.normal(0, 3, (800, 3)))[200:600]
        _, share = stride_period_s(rate, RATE_HZ)
        assert share < 0.45
    assert stride_period_s(np.zeros((400, 3)), RATE_HZ)[1] == 0.0


def test_legs_that_disagree_are_not_gait():
    time_s, own = grid(4), slice(150, 250)
    force = 9.81 + 2 * np.sin(2 * np.pi * time_s / 0.5)
    pelvis = np.stack([force, 0 * force, 0 * force], axis=1)
    same = [thigh_rate(time_s, 1.0), thigh_rate(time_s + 0.5, 1.0)]
    other = [thigh_rate(time_s, 1.0), thigh_rate(time_s, 1.5)]
    assert gait_period_s(same, pelvis, own, RATE_HZ) == pytest.approx(1.0, abs=0.02)
    assert np.isnan(gait_period_s(other, pelvis, own, RATE_HZ))


def test_leg_swings_on_the_spot_are_not_gait():
    """The pelvis is not shaken."""
    time_s = grid(4)
    pelvis = np.tile([0.0, 0.0, 9.81], (len(time_s), 1))
    swing = [thigh_rate(time_s, 1.2)]
    assert np.isnan(gait_period_s(swing, pelvis, slice(150, 250), RATE_HZ))


def test_frames_of_gait_are_labelled_with_their_edges():
    time_s = grid(40)
    walking = (time_s >= 12) & (time_s < 28)
    rate = thigh_rate(time_s, 1.05) * walking[:, None]
    shake = 2 * np.sin(2 * np.pi * time_s / 0.525) * walking
    pelvis = np.stack([9.81 + shake, 0 * shake, 0 * shake], axis=1)
    still = ~walking.reshape(40, 100).any(axis=1)
    found = find_gait_frames({"thigh_left": rate}, pelvis, still, RATE_HZ)
    frames = np.flatnonzero(found.gait)
    assert abs(frames[0] - 12) <= 1
    assert abs(frames[-1] - 27) <= 1
    assert len(frames) == frames[-1] - frames[0] + 1
    np.testing.assert_allclose(found.period_s[frames[1:-1]], 1.05, atol=0.04)
    assert np.isnan(found.period_s[~found.gait]).all()
