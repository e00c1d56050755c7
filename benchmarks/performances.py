"""Simulated tests: what they report on the bones, how people differ, and what each fault does.

No sensor is involved: this is the truth that tests are held against, and what it costs to make.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._document import Printed
from benchmarks._jobs import add_processes, run_all
from imuhip.simulation.performances import CHANGES, FAULTS, TESTS, perform

__all__ = ["main"]

_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "simulated_tests.md"
_BARE = {"sensors": ("pelvis",), "rate_hz": 50.0, "soft_tissue": 0.0, "sensor_errors": 0.0}
_PLAIN = 0.7
"""A fault shows in a measure that it moves by so many spreads between people."""
_CHANGED_BY = {"hinge_index": 0.3}
_DEFAULT_CHANGE = 5.0
_COST_PEOPLE = 5

Truth = Mapping[str, Any]


def measured(job: tuple[str, int, Mapping[str, Any]]) -> Truth:
    """Return what one person's test should report."""
    test, seed, options = job
    return dict(perform(test, seed=seed, **_BARE, **options).truth)


def main(arguments: list[str]) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(prog="benchmarks performances", description=__doc__)
    parser.add_argument("--people", type=int, default=40, help="per test (default 40)")
    parser.add_argument("--first-seed", type=int, default=3000)
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=list(TESTS))
    parser.add_argument("--write", action="store_true", help=f"keep it in docs/{_DOCUMENT.name}")
    parser.add_argument("--document", type=Path, default=_DOCUMENT, help="into another document")
    add_processes(parser)
    options = parser.parse_args(arguments)
    say = Printed("performances", arguments)
    seeds = range(options.first_seed, options.first_seed + options.people)
    for test in options.tests:
        jobs = [(test, seed, more) for more in _variants(test) for seed in seeds]
        truths = run_all(measured, jobs, options.processes)
        parts = [truths[k : k + len(seeds)] for k in range(0, len(truths), len(seeds))]
        _people(say, test, parts[0])
        _faults(say, test, parts)
        _changes(say, test, parts)
    _cost(say, options.tests)
    if options.write:
        say.write(options.document)
    return 0


def _variants(test: str) -> list[dict[str, Any]]:
    """Return the options of the plain test, then of each fault, then of each change."""
    return [
        {},
        *({"faults": {fault: 1.0}} for fault in FAULTS[test]),
        *({"change": {name: _change(name)}, "visit": 1} for name in _changes_of(test)),
    ]


def _changes_of(test: str) -> list[str]:
    """Return what can change in the direction that a test takes by itself: the internal one."""
    return [name for name in CHANGES[test] if "_er_" not in name]


def _change(name: str) -> float:
    return _CHANGED_BY.get(name, _DEFAULT_CHANGE)


def _values(truths: Sequence[Truth], name: str) -> np.ndarray[Any, Any]:
    return np.array([truth[name] for truth in truths], dtype=float)


def _names(truths: Sequence[Truth]) -> list[str]:
    return [name for name in truths[0] if not name.endswith("_per_repetition")]


def _within(truths: Sequence[Truth], name: str) -> float:
    """Return the spread from one repetition to the next, pooled over people."""
    spreads = []
    for truth in truths:
        each = np.array(truth[f"{name}_per_repetition"], dtype=float)
        each = each[np.isfinite(each)]
        if len(each) > 1:
            spreads.append(np.var(each, ddof=1))
    return float(np.sqrt(np.mean(spreads))) if spreads else float("nan")


def _people(say: Printed, test: str, truths: Sequence[Truth]) -> None:
    say()
    say(f"{test}, {len(truths)} people")
    say(f"  {'measure':30} {'mean':>8} {'sd':>7} {'least':>8} {'most':>8} {'repeats':>8}")
    for name in _names(truths):
        values = _values(truths, name)
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        row = (values.mean(), values.std(ddof=1), values.min(), values.max())
        digits = 1 if np.abs(values).max() >= 10.0 else 2
        mean, sd, least, most, again = (f"{v:.{digits}f}" for v in (*row, _within(truths, name)))
        say(f"  {name:30} {mean:>8} {sd:>7} {least:>8} {most:>8} {again:>8}")


def _faults(say: Printed, test: str, parts: Sequence[Sequence[Truth]]) -> None:
    say("  fault of size 1: what it moves, mean over people")
    for truths, fault in zip(parts[1:], FAULTS[test], strict=False):
        moved = []
        for name in _names(truths):
            before, after = _values(parts[0], name), _values(truths, name)
            change = after - before
            change = change[np.isfinite(change)]
            spread = np.nanstd(before) if np.isfinite(before).any() else np.nan
            if len(change) and abs(change.mean()) > _PLAIN * spread:
                digits = 1 if abs(change.mean()) >= 1.0 else 2
                moved.append((abs(change.mean()) / spread, f"{name} {change.mean():+.{digits}f}"))
        told = ", ".join(text for _, text in sorted(moved, reverse=True)[:4])
        say(f"    {fault:18} {told or 'no measure here by much'}")


def _changes(say: Printed, test: str, parts: Sequence[Sequence[Truth]]) -> None:
    for truths, name in zip(parts[1 + len(FAULTS[test]) :], _changes_of(test), strict=True):
        change = _values(truths, name) - _values(parts[0], name)
        say(
            f"  asked to change {name} by {_change(name):g}:"
            f" {change.mean():+.2f}, sd between people {change.std(ddof=1):.2f}"
        )


def _cost(say: Printed, tests: Sequence[str]) -> None:
    """Print the processor time of whole performances: five sensors on skin, three repetitions."""
    longest, slowest = 0.0, ""
    for test in tests:
        for seed in range(_COST_PEOPLE):
            begin_s = time.process_time()
            perform(test, seed=seed)
            took_s = time.process_time() - begin_s
            if took_s > longest:
                longest, slowest = took_s, test
    say()
    say(f"processor time of a performance with five sensors: at most {longest:.2f} s ({slowest})")
