"""Hip and pelvis angles against the simulator's exact truth, beside simpler ways to get them.

Every row is one method on the same recordings: random mounting, consumer sensors, errors over the
gait, both sides and all people pooled. ``a (b)`` is the RMSE and, in brackets, the RMSE less each
angle's own mean: a constant comes from the pose and the mounting, the rest from the measurement.
Of hip rotation also the offset (root mean square of each leg's mean error) and the drift (range of
the means over 30 s, mean and largest of all legs). The peers change one thing each:

- floor: headings of sensors and walk from the truth; inclination, mounting and skin are left
- no heading correction: the heading of the pose is kept, as without a magnetometer or a joint model
- detrended: the same, hip rotation less its running mean over 30 s or a stride (mean-free by
  construction)
- ahrs: orientation by a filter of the ``ahrs`` package, heading as the filter has it; and the same
  with the heading found from the hip joint as here
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Final

import numpy as np

import imuhip
from benchmarks._document import Printed, add_write
from benchmarks._jobs import add_processes, run_all
from benchmarks._methods import AHRS, LIVE, OFFLINE, by_filter, by_us, peers
from benchmarks._scoring import GROUPS, Errors, Scores, errors, mean_of, pooled, worst_of

__all__ = ["GROUPS", "Errors", "errors", "pooled"]

_ROTATION: Final = GROUPS["hip rotation"]


@dataclass(frozen=True, slots=True)
class _Job:
    activity: str
    soft_tissue: float
    minutes: float
    seed: int
    rate_hz: float
    with_peers: bool
    filters: tuple[str, ...]


def _work(job: _Job) -> dict[str, dict[str, Errors]]:
    """Return the errors of every method on one recording."""
    recording = imuhip.simulate(
        job.activity, job.minutes, job.seed, soft_tissue=job.soft_tissue, rate_hz=job.rate_hz
    )
    found = {OFFLINE: by_us(recording), LIVE: by_us(recording, live=True)}
    if job.with_peers:
        found |= peers(recording)
    for name in job.filters:
        found |= by_filter(recording, name)
    return found


def _row(method: str, found: list[Scores]) -> str:
    cells = "".join(
        f"{rmse:>9.2f} ({mean_free:5.2f})"
        for rmse, mean_free in (pooled(found, names) for names in GROUPS.values())
    )
    rmse, mean_free = pooled(found, _ROTATION)
    offset = float(np.sqrt(max(rmse**2 - mean_free**2, 0.0)))
    drift, worst = (of(found, _ROTATION, "drift") for of in (mean_of, worst_of))
    return f"{method:<27}{cells}{offset:>9.2f}{drift:>9.2f}{worst:>9.2f}"


def _print_table(say: Printed, jobs: list[_Job], results: list[dict[str, Scores]]) -> None:
    first = jobs[0]
    say()
    say(f"{first.activity}, {first.minutes:g} min, soft tissue {first.soft_tissue:g}, degrees")
    groups = "".join(f"{group:>17}" for group in GROUPS)
    say(f"{'method':<27}{groups}{'offset':>9}{'drift':>9}{'largest':>9}")
    for method in results[0]:
        say(_row(method, [result[method] for result in results]))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks hip_angles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, nargs="+", default=[2.0], help="of the activity (default 2)"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="people")
    parser.add_argument("--soft-tissue", type=float, nargs="+", default=[0.0, 1.0])
    parser.add_argument("--activity", nargs="+", default=["walk", "run"])
    parser.add_argument("--rate", type=float, default=100.0, help="Hz (default 100)")
    parser.add_argument("--peers", action="store_true", help="simpler methods beside it")
    parser.add_argument(
        "--ahrs",
        nargs="*",
        choices=AHRS,
        default=None,
        help="filters of ahrs beside it. With --peers all, unless named",
    )
    parser.add_argument(
        "--ahrs-minutes",
        type=float,
        default=10.0,
        help="longest session they are run on: they take a minute for ten (default 10)",
    )
    add_processes(parser)
    add_write(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print one table for each length, activity and amount of soft tissue."""
    options = _arguments(arguments)
    filters = AHRS if options.ahrs is None and options.peers else tuple(options.ahrs or ())
    tables = [
        [
            _Job(
                activity,
                softness,
                minutes,
                seed,
                options.rate,
                options.peers,
                filters if minutes <= options.ahrs_minutes else (),
            )
            for seed in options.seeds
        ]
        for minutes in options.minutes
        for activity in options.activity
        for softness in options.soft_tissue
    ]
    say = Printed("hip_angles", arguments)
    say("RMSE (mean-free RMSE) against simulated truth over the gait, all people and sides pooled;")
    say("offset and drift (range of 30-s means: mean, largest) of hip rotation")
    done = run_all(_work, [job for jobs in tables for job in jobs], options.processes)
    for k, jobs in enumerate(tables):
        _print_table(say, jobs, list(done[k * len(jobs) : (k + 1) * len(jobs)]))
    if options.write:
        say.write(options.document)
    return 0
