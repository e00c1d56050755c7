"""The lower envelope against simulated radios, with the figures the choice rests on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.acquisition.clock_mapping import ClockMapping, LowerHull, MappingPolicy
from imuhip.acquisition.connection_grid import unseen_wait_s

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


def feed(
    mapping: ClockMapping,
    device_s: np.ndarray,
    arrival_s: np.ndarray,
    sent_s: np.ndarray | None = None,
) -> ClockMapping:
    """Give packets to a mapping; those without a hand-over time have NaN."""
    told = np.full(len(device_s), np.nan) if sent_s is None else sent_s
    for d, a, s in zip(device_s.tolist(), arrival_s.tolist(), told.tolist(), strict=True):
        mapping.add(d, a, None if np.isnan(s) else s)
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


def on_a_grid(
    rng: np.random.Generator,
    *,
    interval_s: float,
    vary_s: float,
    resent: float = 0.03,
    duration_s: float = 60.0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Device time, true time, arrival and device time of hand-over: packets of 60 ms on a grid.

    They are handed over up to `vary_s` after their last sample. Clocks are up to 50 ppm apart,
    jitter is 0.4 ms, 0.2 % of the packets stall, all arrive in order.
    """
    skew = rng.uniform(-50e-6, 50e-6)
    device_s = 77.0 + np.arange(0.0, duration_s, 0.06)
    true_s = rng.uniform(0, 0.06) + (device_s - 77.0) / (1 + skew)
    n = len(true_s)
    age_s = rng.uniform(0, vary_s, n)
    arrival_s = true_s + age_s
    if interval_s:
        arrival_s = np.ceil(arrival_s / interval_s) * interval_s
    arrival_s += (interval_s or 0.0075) * (rng.geometric(1 - resent, n) - 1)
    arrival_s += np.abs(rng.normal(0, 0.0004, n))
    arrival_s += np.where(rng.random(n) < 0.002, rng.uniform(0.05, 0.4, n), 0.0)
    return device_s, true_s, np.maximum.accumulate(arrival_s), device_s + age_s * (1 + skew)


def on_grid_errors_s(is_told: bool, **link: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors of 24 sensors in the middle of the epoch, the largest of each, and what they state."""
    middle, largest, stated = [], [], []
    for seed in range(24):
        device_s, true_s, arrival_s, sent_s = on_a_grid(np.random.default_rng(seed), **link)
        mapping = feed(ClockMapping(), device_s, arrival_s, sent_s if is_told else None)
        fit = mapping.final_fit()
        error_s = fit.to_recording(device_s) - true_s
        middle.append(error_s[len(error_s) // 2])
        largest.append(np.abs(error_s).max())
        stated.append(fit.uncertainty_s)
    return np.array(middle), np.array(largest), np.array(stated)


@pytest.mark.parametrize("interval_s", [0.0, 0.0075, 0.015, 0.030])
@pytest.mark.parametrize("resent", [0.0, 0.05])
def test_hand_over_times_leave_no_wait_to_hide(interval_s: float, resent: float):
    link = {"interval_s": interval_s, "resent": resent, "vary_s": 0.030}
    untold, _, _ = on_grid_errors_s(False, **link)
    told, largest_s, stated_s = on_grid_errors_s(True, **link)
    between_s, untold_s = np.std(told) * np.sqrt(2), np.std(untold) * np.sqrt(2)
    print(
        f"\ngrid {interval_s * 1e3:4.1f} ms, {resent:.0%} sent again: between sensors"
        f" {untold_s * 1e3:.2f} ms by sample times, {between_s * 1e3:.2f} ms by hand-over times,"
        f" stated {np.median(stated_s) * 1e3:.2f} ms"
    )
    assert between_s < 0.25e-3
    assert np.median(stated_s) < 1.0e-3
    assert np.all(largest_s < 3 * stated_s)
    if interval_s:
        assert untold_s > 0.35 * interval_s


@pytest.mark.parametrize("interval_s", [0.0075, 0.015, 0.030, 0.050, 0.060])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_wait_that_hides_is_contained_in_the_uncertainty(interval_s: float, is_told: bool):
    """No hand-over times, or such that always follow the sample at once: neither shows the wait."""
    middle, largest_s, stated_s = on_grid_errors_s(is_told, interval_s=interval_s, vary_s=0.0)
    between_s = np.std(middle) * np.sqrt(2)
    print(f"\n{interval_s * 1e3:4.1f} ms: {between_s * 1e3:.1f}, stated {np.median(stated_s):.4f}")
    assert np.all(largest_s < 3 * stated_s)
    assert 0.5 * between_s < np.median(stated_s) < max(2.5 * between_s, 6.5e-3)
    if interval_s == 0.015:
        assert 5e-3 < np.median(stated_s) < 7e-3


@pytest.mark.parametrize("interval_s", [0.030, 0.060])
def test_hand_over_times_that_vary_too_little_are_found_out(interval_s: float):
    """Over 15 ms: the sensors with an event in this range know, the others own up."""
    _, largest_s, stated_s = on_grid_errors_s(True, interval_s=interval_s, vary_s=0.015)
    knows = stated_s < 2e-3
    assert 2 < np.count_nonzero(knows) < 20
    assert np.all(largest_s < 3 * stated_s)
    assert np.all(largest_s[knows] < 1.5e-3)
    assert largest_s[~knows].max() > 8e-3


@pytest.mark.parametrize("duration_s", [0.5, 2.0, 10.0])
def test_short_epochs_know_less(duration_s: float):
    """As after a sensor that restarted: few packets, and the clock's rate barely seen."""
    _, largest_s, stated_s = on_grid_errors_s(
        True, interval_s=0.015, vary_s=0.030, duration_s=duration_s
    )
    assert np.mean(largest_s < 3 * stated_s) > 0.95
    assert np.median(stated_s) < {0.5: 8e-3, 2.0: 8e-3, 10.0: 1e-3}[duration_s]


def test_packets_of_untold_age_among_others_change_nothing():
    """A sensor cannot state an age beyond 65 ms: those packets waited in its ring."""
    device_s, _, arrival_s, sent_s = on_a_grid(
        np.random.default_rng(3), interval_s=0.015, vary_s=0.030
    )
    all_told = feed(ClockMapping(), device_s, arrival_s, sent_s).final_fit()
    some = np.where(np.arange(len(sent_s)) % 10 < 2, np.nan, sent_s)
    mapping = feed(ClockMapping(), device_s, arrival_s, some)
    some_told = mapping.final_fit()
    difference_s = some_told.to_recording(device_s) - all_told.to_recording(device_s)
    assert np.abs(difference_s).max() < 0.3e-3
    assert some_told.uncertainty_s < 1e-3
    assert mapping.span_s == (device_s[0], device_s[-1])


def test_live_times_are_near_the_final_ones():
    device_s, _, arrival_s, sent_s = on_a_grid(
        np.random.default_rng(1), interval_s=0.015, vary_s=0.030, duration_s=900.0
    )
    mapping = feed(ClockMapping(), device_s, arrival_s, sent_s)
    live, final = mapping.live_fit(), mapping.final_fit()
    latest = device_s[[-10_000, -1]]
    assert np.abs(live.to_recording(latest) - final.to_recording(latest)).max() < 0.3e-3


def test_clusters_of_delays_bound_the_wait_by_their_distance():
    delay_s = np.tile([0.0, 0.005, 0.010], 300)
    untold = np.full(900, np.nan)
    wait_s = unseen_wait_s(delay_s, untold, connection_interval_s=0.015, packet_period_s=0.040)
    assert wait_s == pytest.approx(0.005)


def test_delays_of_every_length_leave_nothing_unseen():
    delay_s = np.random.default_rng(2).uniform(0, 0.015, 1000)
    delay_s[::200] += 0.3
    untold = np.full(1000, np.nan)
    wait_s = unseen_wait_s(delay_s, untold, connection_interval_s=0.015, packet_period_s=0.06)
    assert wait_s < 2e-3
