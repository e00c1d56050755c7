"""What must hold, measured: each promise with its limit, and whether it is kept.

Simulated people with consumer sensors in any mounting; soft tissue on unless a row says otherwise;
root mean square errors against bone truth, all people and both legs pooled, beside them the person
and leg with the largest one. A promise counts as kept when the pooled figure keeps its limit. The
floor is the same analysis with the true headings of the sensors and of the walk. With ``--data``,
trials of BROAD too (see ``python -m benchmarks orientation``). The people of the default seeds are
for this table alone: nothing is to be tuned to them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from vqf import VQF, offlineVQF

import imuhip
from benchmarks._document import Printed, add_write
from benchmarks._jobs import add_processes, run_all
from benchmarks._methods import FLOOR, LIVE, OFFLINE, by_us, peers
from benchmarks._scoring import GROUPS, Errors, Scores, mean_of, pooled, worst_of
from benchmarks.orientation import DATA_SOURCE, Trial, measure, orientation_errors, read_trial
from imuhip.fusion.filters import FILTERS

_FIRST_SEED: Final = 9101
_SHORT_MIN: Final = 10.0
_SYNC_MS: Final = 10.0
_WAYS: Final = (OFFLINE, LIVE)
_ROTATION: Final = GROUPS["hip rotation"]


@dataclass(frozen=True, slots=True)
class _Job:
    """One person in one scenario."""

    scenario: str
    activity: str
    minutes: float
    seed: int
    options: dict[str, Any] = field(default_factory=dict)
    with_floor: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """Errors by method, and how far the clocks found are from the true ones."""

    scores: dict[str, dict[str, Errors]]
    sync_error_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Promise:
    """A row of the table: what was measured, the largest of all people, and the limit."""

    text: str
    way: str
    found: float
    largest: float
    limit: float
    unit: str = "°"

    @property
    def kept(self) -> bool:
        """Return whether the figure as printed keeps its limit."""
        return bool(np.isfinite(self.found) and round(self.found, 2) <= round(self.limit, 2))


def _work(job: _Job) -> _Found:
    """Simulate and analyse one person."""
    recording = imuhip.simulate(job.activity, job.minutes, job.seed, **job.options)
    scores = {OFFLINE: by_us(recording), LIVE: by_us(recording, live=True)}
    if job.with_floor:
        scores[FLOOR] = peers(recording)[FLOOR]
    late_ms = job.options.get("sync_error_ms", 0.0)
    if not late_ms:
        return _Found(scores)
    sync = imuhip.analyze(recording).quality["sync"]
    true = {"thigh_left": late_ms, "thigh_right": -late_ms}
    return _Found(scores, tuple(float(sync[s]["offset_ms"] - true[s]) for s in true))


def _jobs(options: argparse.Namespace) -> list[_Job]:
    """Return all work, the longest first."""
    people = range(options.first_seed, options.first_seed + options.people)
    short = min(_SHORT_MIN, options.minutes)
    skin = {"soft_tissue": 1.0, "rate_hz": options.rate}
    jobs = []
    for gait in ("run", "walk"):
        jobs += [_Job(gait, gait, options.minutes, seed, skin, True) for seed in people]
    for gait in ("run", "walk"):
        bones = {"rate_hz": options.rate}
        jobs += [_Job(f"{gait}, no soft tissue", gait, short, seed, bones) for seed in people]
    for name, more in (("loss", {"packet_loss": 0.02}), ("sync", {"sync_error_ms": _SYNC_MS})):
        jobs += [_Job(name, "run", short, seed, skin | more) for seed in people]
    return jobs


def _rmse(text: str, found: Sequence[_Found], group: str, limits: Sequence[float]) -> list[Promise]:
    """Return the promise offline and live, as far as there is a limit."""
    names, rows = GROUPS[group], []
    for way, limit in zip(_WAYS, limits, strict=False):
        mine = [one.scores[way] for one in found]
        rows.append(
            Promise(text, way, pooled(mine, names)[0], worst_of(mine, names, "rmse"), limit)
        )
    return rows


def _floor(found: Sequence[_Found], group: str) -> str:
    """Return, for angles that need a heading, what they are worth when it is known."""
    if group not in ("hip rotation", "pelvis rotation"):
        return ""
    return f" (floor {pooled([one.scores[FLOOR] for one in found], GROUPS[group])[0]:.2f}°)"


def _promises(done: dict[str, list[_Found]], minutes: float, short: float) -> Iterator[Promise]:
    """Measure every promise on simulated people."""
    for gait in ("walk", "run"):
        found = done[f"{gait}, no soft tissue"]
        text = f"hip rotation, {gait} {short:g} min, no soft tissue"
        yield from _rmse(text, found, "hip rotation", (0.35, 0.8))
    for gait in ("walk", "run"):
        floor = pooled([one.scores[FLOOR] for one in done[gait]], _ROTATION)[0]
        text = f"hip rotation, {gait} {minutes:g} min{_floor(done[gait], 'hip rotation')}"
        yield from _rmse(text, done[gait], "hip rotation", (floor + 0.2, floor + 0.5))
    for gait in ("walk", "run"):
        for way, limit in zip(_WAYS, (1.5, 2.5), strict=True):
            mine: list[Scores] = [one.scores[way] for one in done[gait]]
            drift, worst = (of(mine, _ROTATION, "drift") for of in (mean_of, worst_of))
            yield Promise(
                f"drift of hip rotation, {gait} {minutes:g} min", way, drift, worst, limit
            )
    for group, limits in (
        ("hip flexion", (1.0, 1.2)),
        ("hip adduction", (1.0, 1.2)),
        ("pelvis tilt", (0.8, 1.0)),
        ("obliquity", (0.8, 1.0)),
        ("pelvis rotation", (0.5, 0.8)),
    ):
        for gait in ("walk", "run"):
            text = f"{group}, {gait} {minutes:g} min{_floor(done[gait], group)}"
            yield from _rmse(text, done[gait], group, limits)
    floor_told = _floor(done["run"], "hip rotation")
    text = f"hip rotation, run, 2 % lost{floor_told}"
    yield from _rmse(text, done["loss"], "hip rotation", (2.5, 3.0))
    text = f"hip rotation, run, clocks ±{_SYNC_MS:g} ms{floor_told}"
    yield from _rmse(text, done["sync"], "hip rotation", (2.4,))
    off = np.abs([error for one in done["sync"] for error in one.sync_error_ms])
    text = f"clocks found from the motion, run, ±{_SYNC_MS:g} ms"
    yield Promise(text, OFFLINE, float(np.sqrt(np.mean(off**2))), float(off.max()), 3.0, " ms")


# -- BROAD --------------------------------------------------------------------------------------


def _alone(trial: Trial, way: str) -> float:
    """Return the inclination error of the ``vqf`` package by itself."""
    step_s = 1.0 / trial.rate_hz
    gyr, acc = (np.ascontiguousarray(values) for values in (trial.gyr, trial.acc))
    if way == OFFLINE:
        q_WS = offlineVQF(gyr, acc, None, step_s, {})["quat6D"]
    else:
        q_WS = VQF(step_s).updateBatch(gyr, acc)["quat6D"]
    return orientation_errors(q_WS, trial).inclination_rmse_deg


def on_broad(trials: Sequence[Trial]) -> Iterator[Promise]:
    """Measure the promises on trials of BROAD: means over them."""
    modes: dict[str, str] = {OFFLINE: "offline", LIVE: "live"}
    best = min(
        np.mean([measure(trial, name)[0].inclination_rmse_deg for trial in trials])
        for name in FILTERS
        if name != "vqf"
    )
    for way, mode in modes.items():
        ours = [measure(trial, "vqf", mode)[0].inclination_rmse_deg for trial in trials]
        alone = [_alone(trial, way) for trial in trials]
        mean, largest = float(np.mean(ours)), float(np.max(ours))
        text = f"inclination, {len(trials)} trials of BROAD"
        reference = float(np.mean(alone))
        yield Promise(f"{text} (vqf {reference:.2f}°)", way, mean, largest, reference + 0.02)
        yield Promise(f"{text} (best ahrs {best:.2f}°)", way, mean, largest, 0.4 * float(best))


# -- table --------------------------------------------------------------------------------------


def _print_table(say: Callable[[str], None], promises: Sequence[Promise]) -> None:
    say(f"{'must hold':<50}{'way':<16}{'measured':>10}{'limit':>10}{'largest':>10}   kept")
    for row in promises:
        cells = "".join(
            f"{value:>{10 - len(row.unit)}.2f}{row.unit}"
            for value in (row.found, row.limit, row.largest)
        )
        way = row.way.removeprefix("ours ")
        say(f"{row.text:<50}{way:<16}{cells}   {'yes' if row.kept else 'NO'}")
    missed = sum(not row.kept for row in promises)
    say("")
    say(f"{len(promises) - missed} of {len(promises)} kept, {missed} missed")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks targets",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="of the long sessions (default 60)"
    )
    parser.add_argument("--people", type=int, default=4, help="how many (default 4)")
    parser.add_argument("--first-seed", type=int, default=_FIRST_SEED)
    parser.add_argument("--rate", type=float, default=100.0, help="Hz (default 100)")
    parser.add_argument("--data", type=Path, help="folder of BROAD trials (*.hdf5)")
    add_processes(parser)
    add_write(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print the table; what is missed is counted, not an error."""
    options = _arguments(arguments)
    say = Printed("targets", arguments)
    last = options.first_seed + options.people - 1
    say(f"people (seeds) {options.first_seed} to {last}, {options.rate:g} Hz; long sessions first")
    jobs = _jobs(options)
    done: dict[str, list[_Found]] = {}
    for job, found in zip(jobs, run_all(_work, jobs, options.processes), strict=True):
        done.setdefault(job.scenario, []).append(found)
    promises = list(_promises(done, options.minutes, min(_SHORT_MIN, options.minutes)))
    trials = (
        [read_trial(path) for path in sorted(options.data.glob("*.hdf5"))] if options.data else []
    )
    promises += on_broad(trials) if trials else []
    _print_table(say, promises)
    if not trials:
        say(f"not measured: orientation on BROAD; --data FOLDER with trials from {DATA_SOURCE}")
    if options.write:
        say.write(options.document)
    return 0
