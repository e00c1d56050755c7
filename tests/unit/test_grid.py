"""One grid for all sensors: interpolation, gaps, causality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.analysis.grid import LONGEST_FILL_S, cubic_at, fill_gaps, hold_gaps, to_grid
from imuhip.core.series import ImuSeries
from imuhip.errors import AnalysisError

RATE_HZ = 100.0


def series(time_s: np.ndarray, seed: int = 0) -> ImuSeries:
    phase = 2 * np.pi * (1.3 * time_s[:, None] + np.array([0.0, 0.3, 0.6]) + seed)
    return ImuSeries(time_s, 9.81 + 5 * np.sin(phase), 3 * np.cos(phase))


# -- cubic interpolation ------------------------------------------------------------------------


@given(
    st.lists(st.floats(-2, 2), min_size=4, max_size=4),
    st.lists(st.floats(1.0, 18.0), min_size=1, max_size=20),
)
def test_cubics_are_interpolated_exactly(coefficients, rows):
    polynomial = np.polynomial.Polynomial(coefficients, domain=[0, 19], window=[-1, 1])
    values = polynomial(np.arange(20.0))[:, None]
    found = cubic_at(values, np.array(rows))
    np.testing.assert_allclose(found[:, 0], polynomial(np.array(rows)), atol=1e-9)


def test_samples_stay_what_they_are():
    values = np.random.default_rng(0).normal(size=(30, 2))
    np.testing.assert_allclose(cubic_at(values, np.arange(30.0)), values, atol=1e-12)


def test_ten_hertz_is_kept_better_than_by_straight_lines():
    rows = np.arange(300.0)
    values = np.sin(2 * np.pi * 10 * rows / RATE_HZ)[:, None]
    at = np.arange(5, 290, 0.37)
    truth = np.sin(2 * np.pi * 10 * at / RATE_HZ)
    cubic = np.abs(cubic_at(values, at)[:, 0] - truth).max()
    linear = np.abs(np.interp(at, rows, values[:, 0]) - truth).max()
    assert cubic < 0.25 * linear


def test_a_missing_row_spreads_no_farther_than_its_neighbours():
    values = np.arange(20.0)[:, None].repeat(2, axis=1)
    values[10] = np.nan
    at = np.array([8.5, 9.0, 9.5, 10.5, 11.0, 11.5])
    found = cubic_at(values, at)
    np.testing.assert_array_equal(np.isnan(found[:, 0]), [False, False, True, True, False, False])
    np.testing.assert_allclose(found[[0, 1, 4, 5], 0], at[[0, 1, 4, 5]])


def test_outside_nothing_is_known():
    found = cubic_at(np.ones((5, 1)), np.array([-0.01, 0.0, 4.0, 4.01, np.nan]))
    np.testing.assert_array_equal(np.isnan(found[:, 0]), [True, False, False, True, True])


# -- gaps ---------------------------------------------------------------------------------------


def holed(n_samples: int, holes: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    values = np.arange(float(n_samples))[:, None] * [1.0, -2.0]
    for start, length in holes:
        values[start : start + length] = np.nan
    return values, np.arange(n_samples) / RATE_HZ


@pytest.mark.parametrize("length", [1, 4, 5, 6, 30])
def test_gaps_up_to_50_ms_are_filled_and_longer_ones_stay_missing(length: int):
    values, time_s = holed(100, [(40, length)])
    filled, known = fill_gaps(values, time_s)
    assert np.isfinite(filled).all()
    np.testing.assert_allclose(filled[:, 0], np.arange(100.0))  # linear data, linear fill
    inside = slice(40, 40 + length)
    assert known[inside].all() == (length * 1000 / RATE_HZ <= 50)
    assert not known[inside].any() or known[inside].all(), "all or nothing"
    assert np.delete(known, np.arange(40, 40 + length)).all()


def test_missing_ends_are_never_believed():
    values, time_s = holed(60, [(0, 2), (57, 3)])
    filled, known = fill_gaps(values, time_s)
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(np.flatnonzero(~known), [0, 1, 57, 58, 59])


def test_without_gaps_nothing_is_touched():
    values, time_s = holed(60, [])
    for method in (fill_gaps, hold_gaps):
        filled, known = method(values, time_s)
        assert filled is values
        assert known.all()


def test_half_a_row_missing_is_a_row_missing():
    values, time_s = holed(60, [])
    values[20:40, 1] = np.nan
    _, known = fill_gaps(values, time_s)
    assert not known[20:40].any()


def test_holding_keeps_the_last_value_and_believes_it_for_50_ms():
    values, time_s = holed(100, [(0, 3), (40, 20)])
    filled, known = hold_gaps(values, time_s)
    np.testing.assert_array_equal(filled[40:60], np.tile(values[39], (20, 1)))
    np.testing.assert_array_equal(filled[:3], np.tile(values[3], (3, 1)))
    believed = round(LONGEST_FILL_S * RATE_HZ)
    np.testing.assert_array_equal(np.flatnonzero(~known), [0, 1, 2, *range(40 + believed, 60)])


@given(st.lists(st.booleans(), min_size=2, max_size=60), st.integers(1, 60))
def test_holding_knows_nothing_of_the_future(present, end):
    """Cut anywhere after the first sample, what was said before stays."""
    values = np.arange(float(len(present)))[:, None].copy()
    values[~np.array(present)] = np.nan
    first = present.index(True) if any(present) else len(present)
    end = min(end, len(present))
    if end <= first:
        return
    time_s = np.arange(len(present)) / RATE_HZ
    whole, cut = hold_gaps(values, time_s), hold_gaps(values[:end], time_s[:end])
    np.testing.assert_array_equal(cut[0], whole[0][:end])
    np.testing.assert_array_equal(cut[1], whole[1][:end])


# -- the grid -----------------------------------------------------------------------------------


def test_sensors_that_share_their_times_are_not_resampled():
    time_s = 5.0 + np.arange(400) / RATE_HZ
    sensors = {"pelvis": series(time_s), "thigh_left": series(time_s, 1)}
    grid = to_grid(sensors, 50.0)
    assert grid.time_s is sensors["pelvis"].time_s
    np.testing.assert_array_equal(grid.gyr["thigh_left"], sensors["thigh_left"].gyr)
    assert grid.rate_hz == RATE_HZ
    assert grid.segments == ("pelvis", "thigh_left")


def test_sensors_with_clocks_of_their_own_are_brought_together():
    """Shifted, stretched and starting apart: one grid from the first to the last sample."""
    first = 0.2 + np.arange(2000) / RATE_HZ
    other = 0.2537 + np.arange(2100) / (RATE_HZ * (1 + 4e-5))
    grid = to_grid({"pelvis": series(first), "thigh_left": series(other, 1)}, RATE_HZ)
    assert grid.time_s[0] == pytest.approx(0.2)
    assert grid.time_s[-1] == pytest.approx(other[-1], abs=1.01 / RATE_HZ)
    np.testing.assert_allclose(np.diff(grid.time_s), 1 / RATE_HZ, atol=1e-9)
    for segment, (times, seed) in {"pelvis": (first, 0), "thigh_left": (other, 1)}.items():
        inside = (grid.time_s > times[1]) & (grid.time_s < times[-2])
        np.testing.assert_array_equal(grid.valid[segment][inside], True)
        expected = series(grid.time_s, seed)
        np.testing.assert_allclose(grid.gyr[segment][inside], expected.gyr[inside], atol=2e-4)
        outside = (grid.time_s < times[0] - 1e-6) | (grid.time_s > times[-1] + 1e-6)
        assert not grid.valid[segment][outside].any()


def test_lost_rows_stay_lost_on_the_grid():
    time_s = np.arange(1000) / RATE_HZ
    full = series(time_s)
    valid = np.ones(1000, dtype=bool)
    valid[300:340] = False
    holed_series = ImuSeries(time_s, full.acc, full.gyr, valid=valid)
    other = ImuSeries(time_s + 0.004, full.acc, full.gyr)
    for sensors in ({"pelvis": holed_series}, {"pelvis": holed_series, "trunk": other}):
        grid = to_grid(sensors, RATE_HZ)
        lost = np.flatnonzero(~grid.valid["pelvis"][:995])
        assert 38 <= len(lost) <= 42
        assert 2.98 < grid.time_s[lost[0]] < 3.02
        assert np.isfinite(grid.gyr["pelvis"]).all()


def test_the_magnetometer_comes_along():
    time_s = np.arange(300) / RATE_HZ
    one = series(time_s)
    mag = np.tile([20.0, 0.0, -40.0], (300, 1))
    grid = to_grid({"pelvis": ImuSeries(time_s, one.acc, one.gyr, mag), "trunk": one}, RATE_HZ)
    np.testing.assert_array_equal(grid.mag["pelvis"], mag)
    assert set(grid.mag) == {"pelvis"}


def test_parts_are_parts():
    time_s = np.arange(300) / RATE_HZ
    grid = to_grid({"pelvis": series(time_s)}, RATE_HZ)
    part = grid.part(slice(50, 80))
    assert len(part) == 30
    np.testing.assert_array_equal(part.acc["pelvis"], grid.acc["pelvis"][50:80])


def test_sensors_that_never_ran_together_are_refused():
    early, late = np.arange(300) / RATE_HZ, 10 + np.arange(300) / RATE_HZ
    with pytest.raises(AnalysisError, match=r"miss each other by 7\.0 s") as caught:
        to_grid({"pelvis": series(early), "thigh_left": series(late)}, RATE_HZ)
    assert caught.value.code == "E602"
    assert caught.value.hint


def test_a_sensor_without_samples_is_refused():
    time_s = np.arange(300) / RATE_HZ
    silent = ImuSeries(time_s, np.full((300, 3), np.nan), np.full((300, 3), np.nan))
    with pytest.raises(AnalysisError, match="thigh_left: 0 usable samples") as caught:
        to_grid({"pelvis": series(time_s), "thigh_left": silent}, RATE_HZ)
    assert caught.value.code == "E601"
