"""The account of samples against a brute-force oracle, and reboots against late packets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imuhip.acquisition.accounting import EpochTracker, SampleAccounts
from imuhip.acquisition.epoch_ledger import EpochLedger
from imuhip.core.sensor import FLAGS, SampleBlock

PERIOD_S = 0.01


def block(first_seq: int, n_samples: int, start_s: float, flags: int = 0) -> SampleBlock:
    zeros = np.zeros((n_samples, 3))
    return SampleBlock(
        first_seq, start_s + PERIOD_S * np.arange(n_samples), zeros, zeros, flags=flags
    )


def oracle(arrivals: list[int]) -> dict[str, object]:
    seen: set[int] = set()
    fresh, duplicated, reordered = [], 0, 0
    for seq in arrivals:
        fresh.append(seq not in seen)
        if seq in seen:
            duplicated += 1
        elif seen and seq < max(seen):
            reordered += 1
        seen.add(seq)
    missing = sorted(set(range(min(seen), max(seen) + 1)) - seen)
    longest = run = 0
    for i, seq in enumerate(missing):
        run = run + 1 if i and seq == missing[i - 1] + 1 else 1
        longest = max(longest, run)
    return {
        "fresh": fresh,
        "received": len(seen),
        "lost": len(missing),
        "duplicated": duplicated,
        "reordered": reordered,
        "longest": longest,
        "missing": missing,
    }


@st.composite
def disturbed_streams(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """Sample numbers with loss, duplication and reorder, and where the blocks are cut."""
    start = draw(st.integers(0, 1000))
    seqs = list(range(start, start + draw(st.integers(1, 60))))
    kept = [s for s in seqs if draw(st.integers(0, 9)) < 7] or seqs[:1]
    arrivals = []
    for s in kept:
        arrivals += [s] * draw(st.sampled_from([1, 1, 1, 2, 3]))
    delays = [draw(st.sampled_from([0, 0, 0, 4, 15])) for _ in arrivals]
    order = sorted(range(len(arrivals)), key=lambda i: (i + delays[i], i))
    cuts = draw(st.lists(st.integers(1, 12), min_size=1, max_size=80))
    return [arrivals[i] for i in order], cuts


@given(disturbed_streams())
def test_ledger_equals_the_oracle_however_blocks_are_cut(stream: tuple[list[int], list[int]]):
    arrivals, cuts = stream
    ledger, at, fresh, i = EpochLedger(), 0, [], 0
    while at < len(arrivals):
        size = cuts[i % len(cuts)]
        fresh += ledger.add(np.array(arrivals[at : at + size])).tolist()
        at, i = at + size, i + 1
    expected = oracle(arrivals)
    assert fresh == expected["fresh"]
    for name in ("received", "lost", "duplicated", "reordered"):
        assert getattr(ledger, name) == expected[name], name
    assert ledger.longest_gap_samples == expected["longest"]
    assert [s for a, b in ledger.gaps.tolist() for s in range(a, b)] == expected["missing"]


@given(disturbed_streams(), st.data())
def test_numbers_taken_back_are_missing_again(
    stream: tuple[list[int], list[int]], data: st.DataObject
):
    """Whether or not they come a second time."""
    ledger, arrivals = EpochLedger(), stream[0]
    ledger.add(np.array(arrivals))
    every = set(range(min(arrivals), max(arrivals) + 1))
    for _ in range(2):
        present = sorted(every - {s for a, b in ledger.gaps.tolist() for s in range(a, b)})
        refused = data.draw(st.lists(st.sampled_from(present), unique=True)) if present else []
        missing = every - set(present) | set(refused)
        ledger.take_back(np.array(refused, dtype=np.int64))
        assert ledger.received == len(present) - len(refused)
        assert ledger.lost == len(missing)
        assert [s for a, b in ledger.gaps.tolist() for s in range(a, b)] == sorted(missing)
        again = data.draw(st.lists(st.sampled_from(sorted(missing)))) if missing else []
        fresh = ledger.add(np.array(again, dtype=np.int64))
        assert np.count_nonzero(fresh) == len(set(again))
        assert ledger.lost == len(missing) - len(set(again))
    runs = np.diff(ledger.gaps, axis=1)
    assert ledger.longest_gap_samples == runs.max(initial=0)


def test_an_hour_with_one_percent_loss_is_counted_quickly_and_exactly():
    rng = np.random.default_rng(3)
    ledger = EpochLedger()
    seq = np.arange(360_000)
    kept = seq[rng.random(len(seq)) > 0.01]
    for part in np.array_split(kept, 20_000):
        assert ledger.add(part).all()
    assert ledger.received == len(kept)
    assert ledger.lost == kept[-1] - kept[0] + 1 - len(kept)


def test_late_packets_stay_in_their_epoch():
    tracker = EpochTracker(PERIOD_S)
    tracker.place(block(0, 10, 5.0))
    tracker.place(block(20, 10, 5.2))
    late = tracker.place(block(10, 10, 5.1))
    assert (late.epoch, late.is_new_epoch, late.seq[0]) == (0, False, 10)


def test_a_reboot_begins_an_epoch_with_or_without_a_noticed_restart():
    for noticed in (False, True):
        tracker = EpochTracker(PERIOD_S)
        tracker.place(block(500, 10, 65.0))
        if noticed:
            tracker.stream_restarted()
        placed = tracker.place(block(0, 10, 0.3))
        assert (placed.epoch, placed.is_new_epoch, placed.seq[0]) == (1, True, 0)


def test_a_reboot_onto_the_same_line_is_recognised_after_a_restart():
    """Number and time start exactly as the first time: only the new start tells."""
    tracker = EpochTracker(PERIOD_S)
    for i in range(100):
        tracker.place(block(10 * i, 10, 2.0 + 0.1 * i))
    tracker.stream_restarted()
    assert tracker.place(block(0, 10, 2.0)).is_new_epoch


def test_a_count_that_starts_anew_on_a_running_clock_is_continued_by_the_clock():
    tracker, accounts = EpochTracker(PERIOD_S), SampleAccounts(PERIOD_S)
    accounts.add(tracker.place(block(0, 100, 10.0)))
    tracker.stream_restarted()
    placed = tracker.place(block(0, 10, 14.0))  # sample 400 of the stream that stopped
    accounts.add(placed)
    assert (placed.epoch, int(placed.seq[0])) == (0, 400)
    counters = accounts.counters()
    assert (counters.received, counters.lost) == (110, 300)
    assert counters.longest_gap_s == pytest.approx(3.0)
    assert int(tracker.place(block(10, 10, 14.1)).seq[0]) == 410


def test_a_count_that_kept_running_through_an_outage_is_believed():
    """The sensor's rate is 180 ppm off its nominal one: a 1000 s outage is 18 samples off."""
    tracker = EpochTracker(PERIOD_S)
    tracker.place(block(0, 100, 0.0))
    tracker.stream_restarted()
    placed = tracker.place(block(100_018, 10, 1000.0))
    assert (placed.epoch, int(placed.seq[0])) == (0, 100_018)


def test_backfilled_samples_fill_gaps_and_are_counted_as_such():
    tracker, accounts = EpochTracker(PERIOD_S), SampleAccounts(PERIOD_S)
    accounts.add(tracker.place(block(0, 10, 0.0)))
    tracker.stream_restarted()
    accounts.add(tracker.place(block(30, 10, 0.3)))
    old = block(10, 20, 0.1, FLAGS["backfilled"])
    assert accounts.add(tracker.place(old), old.flags).all()
    assert not accounts.add(tracker.place(old), old.flags).any()
    counters = accounts.counters()
    assert (counters.lost, counters.backfilled, counters.duplicated) == (0, 20, 20)
    assert counters.reordered == 0  # late because they were asked for
    assert counters.longest_gap_s == 0.0
