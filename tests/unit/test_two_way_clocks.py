"""What questions for a sensor's clock add, whatever the delays, and the matrix of all faults."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks import clocks
from benchmarks._clock_world import MODELS, Link, World
from benchmarks.clocks import FAULTS, INTERVALS_S, LIMITS_S, Cell, cell
from hypothesis import given, settings
from hypothesis import strategies as st

from imuhip.acquisition.clock_asker import SPACING_S
from imuhip.acquisition.event_grid import event_grid
from imuhip.acquisition.two_way import HIDDEN_S, LinkGap, least_delays, link_gap
from imuhip.core.sensor import ClockFit
from imuhip.sensors.imuhip_v1 import sync

IDENTITY = ClockFit(0, 0.0, 0.0, 1.0, 0.0)
FAULT_NAMES = tuple(FAULTS)


def gap(gap_s: float, hidden_s: float = 0.0) -> LinkGap:
    return LinkGap(gap_s, 1e-4, gap_s, hidden_s, 50)


# -- one link -------------------------------------------------------------------------------------


def test_answers_are_read_as_they_are_written():
    answer = sync.SyncReply(7, (1 << 48) - 5, 3)
    data = sync.encode_sync_reply(answer)
    assert sync.decode_sync_reply(data) == answer
    reading = sync.clock_reading(data)
    assert reading.exchange == 7 and reading.sent_s - reading.received_s == pytest.approx(
        8e-6, abs=1e-7
    )
    taken = []
    take = sync.clock_reader(taken.append)
    take(b"short")
    take(data)
    assert taken == [reading]


@settings(max_examples=60, deadline=None)
@given(st.floats(0.0, 0.02), st.floats(0.0, 0.02), st.floats(0.0075, 0.06), st.integers(0, 10**6))
def test_the_truth_lies_in_the_gap_whatever_the_delays(
    up_s: float, down_s: float, interval_s: float, seed: int
):
    """So the middle is off by no more than half of the gap, where arrivals may be off by all."""
    rng = np.random.default_rng(seed)
    asked_s = np.cumsum(rng.uniform(*SPACING_S, 60))
    received_s = np.ceil(asked_s / interval_s) * interval_s + down_s
    late = ClockFit(0, 0.0, up_s, 1.0, 0.0)  # what arrivals say: late by the least delay
    found = link_gap(asked_s, received_s, late, 0.0)
    assert found is not None
    assert 0.0 <= up_s <= found.widest_s + 1e-12
    assert abs(up_s - 0.5 * found.widest_s) <= 0.5 * found.widest_s + 1e-12
    # The rest of the promptest question's wait for an event is estimated, not left in.
    assert abs(found.gap_s - up_s - down_s) < 6 * found.sd_s + 1e-9


def test_too_few_questions_say_nothing():
    times_s = np.arange(4.0)
    assert link_gap(times_s, times_s, IDENTITY, 0.0) is None
    assert least_delays({"pelvis": None})["pelvis"].delay_s == 0.0


# -- several links --------------------------------------------------------------------------------


@given(st.lists(st.floats(0.0, 0.2), min_size=1, max_size=6))
def test_delays_that_nobody_can_tell_apart_add_nothing_between_sensors(gaps_s: list[float]):
    """Slow in one direction, unequal among sensors: all get the same, those without answers too."""
    told = {k: gap(value) for k, value in enumerate(gaps_s)} | {"silent": None}
    delays = {key: found.delay_s for key, found in least_delays(told).items()}
    assert len(set(delays.values())) == 1 or max(delays.values()) - min(delays.values()) < 1e-12
    assert 0.0 <= delays["silent"] <= 0.5 * min(gaps_s) + 1e-12


def test_a_wait_that_hides_is_taken_off_the_sensor_that_waits():
    delays = least_delays({"prompt": gap(0.0014), "waits": gap(0.0214, hidden_s=0.03)})
    assert delays["prompt"].delay_s == pytest.approx(0.0007)
    assert delays["waits"].delay_s == pytest.approx(0.0207)
    assert least_delays({"waits": gap(0.09, hidden_s=0.03)})["waits"].delay_s <= 0.03 + 0.001
    assert HIDDEN_S < 0.002


def apart_s(link: Link, model: str, seed: int) -> tuple[float, float]:
    """Return the largest error between two sensors, and the mean error, s."""
    found = cell(
        MODELS[model], link.interval_s, FAULTS["stalls"], n_sensors=2, seed=seed, link=link
    )
    return found.between_s, abs(found.late_s)


@pytest.mark.parametrize(
    ("up_s", "down_s"), [(0.001, 0.001), (0.004, 0.0005), (0.001, 0.003), (0.0005, 0.015)]
)
def test_asymmetric_delays_never_make_it_worse_than_arrivals_alone(up_s: float, down_s: float):
    link = Link(0.015, up_s=up_s, down_s=down_s)
    asked_s, asked_late_s = apart_s(link, "imuhip", seed=1)
    alone_s, alone_late_s = apart_s(link, "imuhip_1.0", seed=1)
    print(
        f"\n{up_s * 1e3:g} ms up, {down_s * 1e3:g} ms down:"
        f" {alone_s * 1e3:.2f} -> {asked_s * 1e3:.2f} ms between sensors,"
        f" {alone_late_s * 1e3:.2f} -> {asked_late_s * 1e3:.2f} ms late",
        end="",
    )
    assert asked_s <= alone_s + 1e-6
    if down_s <= 3 * up_s:
        assert asked_late_s < alone_late_s + 0.1e-3
    if up_s == down_s:
        assert asked_late_s < 0.5 * alone_late_s


# -- connection events ----------------------------------------------------------------------------


@pytest.mark.parametrize("interval_s", INTERVALS_S)
def test_questions_show_the_connection_events(interval_s: float):
    rng = np.random.default_rng(3)
    for skew in (-60e-6, 60e-6):
        event = np.ceil(np.cumsum(rng.uniform(*SPACING_S, 40)) / interval_s)
        event += rng.geometric(0.97, 40) - 1
        received_s = 5.0 + event * interval_s * (1 + skew) + np.abs(rng.normal(0, 3e-4, 40))
        grid = event_grid(received_s)
        assert grid is not None
        assert grid.period_s == pytest.approx(interval_s * (1 + skew), rel=8e-6)
        off_s = grid.next_event(received_s - 0.5 * grid.period_s) - received_s
        assert np.abs(off_s).max() < 1.2e-3 and grid.sd_s < 0.5e-3


def test_questions_without_a_grid_show_none():
    rng = np.random.default_rng(4)
    for n in (10, 25, 100):
        assert event_grid(np.cumsum(rng.uniform(*SPACING_S, n))) is None


# -- the matrix -----------------------------------------------------------------------------------


def held(model: str, interval_s: float, fault: str, seed: int) -> Cell:
    found = cell(
        MODELS[model],
        interval_s,
        FAULTS[fault],
        n_sensors=2,
        seed=seed,
    )
    print(
        f"\n{model} {interval_s * 1e3:g} ms, {fault}: {found.between_s * 1e3:.2f} ms,"
        f" stated {found.bound_s * 1e3:.2f}",
        end="",
    )
    assert found.between_s <= LIMITS_S.get(model, np.inf)
    assert found.excess <= 1.0
    return found


@pytest.mark.parametrize("interval_s", INTERVALS_S)
def test_asked_sensors_agree_within_two_milliseconds(interval_s: float):
    held("imuhip", interval_s, "broken link", seed=100)
    if interval_s in (0.015, 0.060):
        held("imuhip", interval_s, "reboot", seed=101)


def test_a_new_connection_goes_on_with_the_clock_of_the_last_one():
    """Live: before a connection's own events can be seen, the sensor's clock is still the same."""
    live_s = [
        cell(
            MODELS["imuhip"], 0.06, FAULTS["broken link"], n_sensors=2, seed=s, duration_s=90.0
        ).live_s
        for s in range(3)
    ]
    print(f"\nlive, three pairs of sensors: {', '.join(f'{1e3 * one:.2f}' for one in live_s)} ms")
    assert np.median(live_s) < 2e-3  # 3.7 ms when each connection began from nothing


@pytest.mark.parametrize(
    ("model", "intervals_s"),
    [
        ("movella_dot", (0.0075, 0.030, 0.060)),
        ("movesense", INTERVALS_S),
        ("witmotion", (0.015, 0.060)),
    ],
)
def test_the_others_agree_within_their_limit_and_what_they_state(
    model: str, intervals_s: tuple[float, ...]
):
    for k, interval_s in enumerate(intervals_s):
        held(model, interval_s, FAULT_NAMES[(k + 1) % len(FAULT_NAMES)], seed=200 + k)


def test_asked_sensors_beside_others_share_their_clock():
    """A DOT cannot be asked: the delay common to the host's links is taken off its times too."""
    world = World(30.0, 5)
    for model in ("imuhip", "movella_dot"):
        world.wear(MODELS[model], Link(0.01125, up_s=0.004, down_s=0.004), FAULTS["none"], 2e-5)
    at_s = np.arange(2.0, 28.0)
    for outcome in world.run():
        assert abs(float(np.nanmean(outcome.error_s(at_s)))) < 1.5e-3


def test_the_benchmark_prints_a_row_for_each_interval(capsys, tmp_path):
    document = tmp_path / "clocks.md"
    document.write_text("before\n<!-- clocks: begin -->\n<!-- clocks: end -->\nafter\n")
    options = ["--models", "movesense", "--sensors", "2", "--seconds", "8"]
    clocks.main([*options, "--write", "--document", str(document)])
    printed = capsys.readouterr().out
    assert printed.count("\nMovesense ") == len(INTERVALS_S)
    assert printed.strip() in document.read_text()
