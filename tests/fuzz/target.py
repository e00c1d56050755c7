"""What is fuzzed: seeds, a way to run one input, and what may come of it."""

from __future__ import annotations

import random
import time
import traceback
import tracemalloc
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fuzz.mutation import mutated

__all__ = ["Outcome", "Target", "campaign"]

Run = Callable[[bytes], object]
INPUTS_PER_STATE = 400
"""After so many a decoder is made anew, and may not have kept more than `Target.kept_bytes`."""


@dataclass(frozen=True)
class Target:
    """Something that takes bytes from outside.

    Parameters
    ----------
    name : str
        For people.
    begin : callable
        Returns what takes one input, in a state of its own.
    seeds : sequence of bytes
        Good inputs.
    documented : tuple of type
        Errors that may be raised.
    change : callable, optional
        Makes an input of a random generator and the seeds.
    longest : int
        Most bytes of an input.
    slowest_s : float, s
        Of processor time, for one input.
    peak_bytes, kept_bytes : int
        Most memory Python may take for one input, and keep after `INPUTS_PER_STATE`.
    """

    name: str
    begin: Callable[[], Run]
    seeds: Sequence[bytes]
    documented: tuple[type[Exception], ...] = ()
    change: Callable[[random.Random, Sequence[bytes], int], bytes] = mutated
    longest: int = 600
    slowest_s: float = 0.5
    peak_bytes: int = 4 << 20
    kept_bytes: int = 1 << 20


@dataclass
class Outcome:
    """What came of a campaign."""

    inputs: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    peak_bytes: int = 0
    findings: list[str] = field(default_factory=list)


def campaign(
    target: Target,
    rng: random.Random,
    go_on: Callable[[Outcome], bool],
    before: Callable[[bytes], object] = lambda _data: None,
) -> Outcome:
    """Run changed inputs while `go_on`; the first few findings end it.

    Parameters
    ----------
    before : callable
        Told each input before it is run, in case that is the last thing the process does.
    """
    outcome = Outcome()
    tracemalloc.start()
    try:
        while go_on(outcome) and len(outcome.findings) < 3:
            with warnings.catch_warnings(action="error"):
                _one_state(target, rng, go_on, before, outcome)
    finally:
        tracemalloc.stop()
    return outcome


def _one_state(
    target: Target,
    rng: random.Random,
    go_on: Callable[[Outcome], bool],
    before: Callable[[bytes], object],
    outcome: Outcome,
) -> None:
    run = target.begin()
    kept_before = None
    for _ in range(INPUTS_PER_STATE):
        if not go_on(outcome):
            return
        data = target.change(rng, target.seeds, target.longest)
        before(data)
        tracemalloc.reset_peak()
        held = tracemalloc.get_traced_memory()[0]
        kept_before = held if kept_before is None else kept_before
        began_s = time.process_time()
        try:
            run(data)
        except target.documented:
            outcome.refused += 1
        except Exception:
            outcome.findings.append(f"{data[:2000].hex()}\n{traceback.format_exc()}")
            return
        took_s = time.process_time() - began_s
        peak = tracemalloc.get_traced_memory()[1] - held
        outcome.inputs += 1
        outcome.slowest_s = max(outcome.slowest_s, took_s)
        outcome.peak_bytes = max(outcome.peak_bytes, peak)
        if took_s > target.slowest_s:
            outcome.findings.append(f"{data[:2000].hex()}\ntook {took_s:.2f} s")
        if peak > target.peak_bytes:
            outcome.findings.append(f"{data[:2000].hex()}\ntook {peak} bytes")
    kept = tracemalloc.get_traced_memory()[0] - (kept_before or 0)
    if kept > target.kept_bytes:
        outcome.findings.append(f"kept {kept} bytes after {INPUTS_PER_STATE} inputs")
