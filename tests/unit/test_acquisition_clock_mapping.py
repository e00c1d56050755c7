"""The lower envelope against simulated radios, with the figures the choice rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.acquisition.clock_mapping import ClockMapping, LowerHull, MappingPolicy
from imuhip.acquisition.connection_grid import hidden_wait

NO_GRID = MappingPolicy(connection_interval_s=0.0)


def simulate(
    rng: np.random.Generator, duration_s: float, *, interval_s: float, skew: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Device time, true host time and arrival of 25 packets/s over a link with random phase.

    3 % retransmissions, 0.4 ms host jitter, 0.2 % stalls of 50 to 400 ms, delivery in order.
    """
    true_s = np.arange(0.0, duration_s, 0.04)
    n = len(true_s)
    delay = rng.uniform(0, interval_s, n) + 0.0007
    delay += interval_s * rng.geometric(0.97, n) - interval_s
    delay += np.abs(rng.normal(0, 0.0004, n))
    delay += np.where(rng.random(n) < 0.002, rng.uniform(0.05, 0.4, n), 0.0)
    arrival_s = np.maximum.accumulate(true_s + delay)
    return 1234.5 + true_s * (1 + skew), true_s, arrival_s


def feed(mapping: ClockMapping, device_s: np.ndarray, arrival_s: np.ndarray) -> ClockMapping:
    for d, a in zip(device_s.tolist(), arrival_s.tolist(), strict=True):
        mapping.add(d, a)
    return mapping


def errors_s(seed: int, duration_s: float, interval_s: float) -> tuple[float, float, float, float]:
    """Rms error of the envelope, of regression, between two sensors, and the stated sigma."""
    rng = np.random.default_rng(seed)
    mapped, regressed, stated = [], [], []
    for _ in range(2):
        skew = rng.uniform(-30e-6, 30e-6)
        device_s, true_s, arrival_s = simulate(rng, duration_s, interval_s=interval_s, skew=skew)
        fit = feed(
            ClockMapping(policy=MappingPolicy(connection_interval_s=interval_s)),
            device_s,
            arrival_s,
        ).final_fit()
        mapped.append(fit.to_recording(device_s) - true_s)
        x = device_s - device_s[0]
        regressed.append(np.polyval(np.polyfit(x, arrival_s, 1), x) - true_s)
        stated.append(fit.uncertainty_s)
    rms = lambda v: float(np.sqrt(np.mean(np.square(v))))  # noqa: E731
    return rms(mapped), rms(regressed), rms(mapped[0] - mapped[1]), float(np.mean(stated))


def test_sensors_agree_to_a_fraction_of_a_millisecond_where_regression_errs_by_many():
    print("\n  T s  CI ms   envelope  regression  between sensors  stated (1 sigma), ms rms")
    for duration_s, interval_s, limit_s in [
        (10, 0.015, 0.6e-3),
        (60, 0.0075, 0.2e-3),
        (60, 0.015, 0.3e-3),
        (60, 0.030, 0.4e-3),
        (60, 0.060, 0.5e-3),
        (600, 0.015, 0.1e-3),
        (600, 0.060, 0.2e-3),
    ]:
        runs = np.array([errors_s(seed, duration_s, interval_s) for seed in range(10)])
        rms = np.sqrt(np.mean(runs**2, axis=0))
        print(f"{duration_s:5d} {interval_s * 1e3:6.1f}", *(f"{v * 1e3:11.2f}" for v in rms))
        assert rms[2] < limit_s
        assert rms[0] < 1.3e-3 < rms[1]


def test_a_deterministic_connection_grid_is_owned_up_to():
    """Packets every 30 ms on a 15 ms grid always wait the same: nobody can see that wait."""
    grid_s, period_s = 0.015, 0.030
    stated, hidden = [], []
    for phase_s in np.linspace(0.0, 0.0149, 16):
        ready_s = np.arange(0, 60, period_s)
        arrival_s = np.ceil((ready_s + phase_s) / grid_s) * grid_s - phase_s
        fit = feed(ClockMapping(), ready_s, arrival_s).final_fit()
        hidden.append(fit.to_recording(ready_s)[0] - ready_s[0])
        stated.append(fit.uncertainty_s)
    between = np.subtract.outer(hidden, hidden)
    rms = float(np.sqrt(np.mean(between**2)))
    print(f"\nbetween sensors {rms * 1e3:.1f} ms rms, stated {np.mean(stated) * 1e3:.1f} ms")
    assert rms == pytest.approx(np.mean(stated), rel=0.1)


def test_before_five_seconds_the_slope_is_one_and_the_offset_the_running_minimum():
    mapping = ClockMapping(policy=NO_GRID)
    delays = [0.020, 0.013, 0.030, 0.011, 0.018]
    for i, delay in enumerate(delays):
        mapping.add(100.0 + i, 7.0 + i + delay)
        fit = mapping.live_fit()
        assert fit.slope == 1.0
        assert float(fit.to_recording(np.array([100.0]))[0]) == pytest.approx(
            7.0 + min(delays[: i + 1])
        )


def test_the_slope_stays_within_200_ppm_even_when_the_clock_does_not():
    mapping = ClockMapping()
    for i in range(500):
        mapping.add(0.04 * i, 0.04 * i * 1.01)
    assert mapping.live_fit().slope == pytest.approx(1 + 200e-6)
    assert mapping.final_fit().slope == pytest.approx(1 + 200e-6)


def test_the_live_mapping_follows_a_clock_that_drifts_and_the_final_one_admits_it():
    """The clock changes by 40 ppm after 20 minutes, as a sensor does that leaves a warm pocket."""
    true_s = np.arange(0, 2400, 0.1)
    device_s = true_s + np.where(true_s > 1200, 40e-6 * (true_s - 1200), 0.0)
    mapping = feed(ClockMapping(policy=NO_GRID), device_s, true_s + 0.001)
    live_error_s = float(mapping.live_fit().to_recording(device_s[-1:])[0] - true_s[-1])
    final = mapping.final_fit()
    worst_s = float(np.abs(final.to_recording(device_s) - true_s).max())
    assert abs(live_error_s) < 2e-3
    assert worst_s > 5e-3
    assert worst_s / 5 < final.uncertainty_s < worst_s


def test_packets_that_come_late_do_not_move_the_line():
    rng = np.random.default_rng(0)
    device_s, _, arrival_s = simulate(rng, 30, interval_s=0.015, skew=1e-5)
    mapping = feed(ClockMapping(), device_s, arrival_s)
    before = mapping.final_fit()
    feed(mapping, device_s[100:200], arrival_s[100:200] + 30.0)
    assert mapping.final_fit() == before


def test_an_empty_mapping_has_no_line():
    with pytest.raises(ValueError, match="at least one packet"):
        ClockMapping().live_fit()


@given(
    st.lists(st.tuples(st.floats(0.001, 5.0), st.floats(0.0, 1.0)), min_size=2, max_size=60),
    st.floats(0, 1),
)
def test_hull_line_is_the_highest_line_below_all_points(
    points: list[tuple[float, float]], where: float
):
    x = np.cumsum([step for step, _ in points])
    y = x + np.array([delay for _, delay in points])
    hull = LowerHull()
    for xi, yi in zip(x.tolist(), y.tolist(), strict=True):
        hull.push(xi, yi)
    pivot = float(x[0] + where * (x[-1] - x[0]))
    offset, slope = hull.line(pivot, 1e9)
    assert np.all(y - (offset + slope * x) >= -1e-9)
    # Oracle: the lower envelope at the pivot, over every pair of points around it.
    best = min(
        yi + (yj - yi) * (pivot - xi) / (xj - xi) if xj > xi else yi
        for xi, yi in zip(x, y, strict=True)
        if xi <= pivot
        for xj, yj in zip(x, y, strict=True)
        if xj >= pivot
    )
    assert offset + slope * pivot == pytest.approx(best, abs=1e-7)


# -- the grid of connection events ----------------------------------------------------------------


def dithered_grid(
    rng: np.random.Generator, duration_s: float, *, interval_s: float, resent: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Device time, true time and arrival of dithered packets on a grid they beat with for ever."""
    true_s = rng.uniform(0, interval_s) + np.arange(0.0, duration_s, 0.06)
    n = len(true_s)
    ready_s = true_s + rng.uniform(0, 0.015, n)
    arrival_s = np.ceil(ready_s / interval_s) * interval_s
    arrival_s += interval_s * (rng.geometric(1 - resent, n) - 1)
    arrival_s += np.abs(rng.normal(0, 0.0004, n))
    skew = rng.uniform(-30e-6, 30e-6)
    return 77.0 + true_s * (1 + skew), true_s, np.maximum.accumulate(arrival_s)


@pytest.mark.parametrize("interval_s", [0.0075, 0.015])
@pytest.mark.parametrize("resent", [0.0, 0.05])
def test_dither_shows_the_phase_that_the_envelope_hides(interval_s: float, resent: float):
    errors = {0.0: [], 0.015: []}
    stated = []
    for seed in range(16):
        device_s, true_s, arrival_s = dithered_grid(
            np.random.default_rng(seed), 60.0, interval_s=interval_s, resent=resent
        )
        for dither_s, found in errors.items():
            policy = MappingPolicy(dither_s=dither_s)
            fit = feed(ClockMapping(policy=policy), device_s, arrival_s).final_fit()
            found.append(np.mean(fit.to_recording(device_s) - true_s))
            if dither_s:
                stated.append(fit.uncertainty_s)
    without, with_dither = (np.std(found) * np.sqrt(2) for found in errors.values())
    print(
        f"\ngrid {interval_s * 1e3:4.1f} ms, {resent:.0%} sent again: between sensors"
        f" {without * 1e3:.2f} ms by the envelope, {with_dither * 1e3:.2f} ms with the phase,"
        f" stated {np.mean(stated) * 1e3:.2f} ms"
    )
    assert with_dither < 1.0e-3 < without
    assert with_dither < 3 * np.mean(stated)


def test_the_phase_keeps_the_slope_within_its_limit_and_live_times_follow():
    device_s, _, arrival_s = dithered_grid(
        np.random.default_rng(1), 60.0, interval_s=0.015, resent=0.0
    )
    mapping = feed(ClockMapping(policy=MappingPolicy(dither_s=0.015)), device_s, arrival_s)
    live, final = mapping.live_fit(), mapping.final_fit()
    assert abs(final.slope - 1) <= 200e-6
    ends = device_s[[0, -1]]
    assert np.abs(live.to_recording(ends) - final.to_recording(ends)).max() < 2e-3


def test_delays_without_clusters_hide_nothing():
    rng = np.random.default_rng(2)
    x, delay_s = np.arange(1000.0), rng.uniform(0, 0.015, 1000)
    delay_s[::200] += 0.3
    wait = hidden_wait(x, delay_s, dither_s=0.015, connection_interval_s=0.015)
    assert (wait.offset_s, wait.slope) == (0.0, 0.0)
    assert wait.uncertainty_s < 0.6e-3


def test_clusters_without_dither_are_an_uncertainty_and_not_a_correction():
    delay_s = np.tile([0.0, 0.005, 0.010], 300)
    wait = hidden_wait(np.arange(900.0), delay_s, dither_s=0.0, connection_interval_s=0.015)
    assert wait.offset_s == 0.0
    assert wait.uncertainty_s == pytest.approx(0.005 / np.sqrt(12))
