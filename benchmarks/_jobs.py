"""Many recordings on a few processes, with progress and the time left on the error stream."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

__all__ = ["add_processes", "run_all"]

Job = TypeVar("Job")
Result = TypeVar("Result")


def add_processes(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses how many processes there are."""
    parser.add_argument("--processes", type=int, default=2, help="at once (default 2)")


def run_all(work: Callable[[Job], Result], jobs: Sequence[Job], processes: int = 2) -> list[Result]:
    """Return the result of every job, in the order of the jobs.

    Parameters
    ----------
    work : callable
        A function of a module, so that another process can find it.
    jobs : sequence
        The longest first end soonest together.
    processes : int
        1 works in this one.
    """
    if processes <= 1:
        return [
            result
            for _, result in _shown(((k, work(job)) for k, job in enumerate(jobs)), len(jobs))
        ]
    with ProcessPoolExecutor(processes) as pool:
        futures = {pool.submit(work, job): k for k, job in enumerate(jobs)}
        done = ((futures[future], future.result()) for future in as_completed(futures))
        results = dict(_shown(done, len(jobs)))
    return [results[k] for k in range(len(jobs))]


def _shown(done: Iterable[tuple[int, Result]], total: int) -> Iterator[tuple[int, Result]]:
    """Pass results on and say how many there are and how long the rest will take."""
    begin_s = time.monotonic()
    for count, result in enumerate(done, start=1):
        left_s = (time.monotonic() - begin_s) / count * (total - count)
        print(f"  {count}/{total} done, about {left_s:.0f} s left", file=sys.stderr, flush=True)
        yield result
