"""How well tests repeat on simulated people, and what a retest then calls a change.

Every person does every test three times, and walks and runs three times: with the straps left on,
and with the sensors put on anew. Both kinds of repeats go through the clinic's own way of finding
its limits (ICC, SEM, minimal detectable change). The limit that is shipped is the upper end of a
one-sided 90 % interval, or what 97 % of all pairs of visits stayed within, whichever is larger:
some dozen people tell a spread to 15 %, some people repeat themselves far worse than most, and a
limit that is too narrow invents changes. Other people then do a test twice, with and without a true
change of one and a half limits. Simulated people repeat themselves better than real ones: the
limits hold what sensors, placement, skin and repetition contribute, and no person's own day.

``--write`` puts the limits into ``calibration/references/change.toml``, in place of the simulated
ones there.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import imuhip
from benchmarks._document import Printed
from benchmarks._jobs import add_processes, run_all
from benchmarks.assessment import TESTS
from imuhip.analysis.gait_measures import gait_measures
from imuhip.assessment.change import (
    ChangeLimit,
    Strapping,
    best_limit,
    limits_text,
    read_limits,
    shipped_limits,
)
from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import shipped_test
from imuhip.assessment.reliability import Reliability, find_reliability
from imuhip.simulation.performances import Performance, perform, perform_after_walk

__all__ = ["main"]

_VISITS = 3
_STRAPPINGS: tuple[Strapping, ...] = ("same", "again")
_LEAST_PEOPLE = 10
_LIMITS = Path(__file__).parents[1] / "calibration" / "references" / "change.toml"
_DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "assessment.md"
_BEGIN = "# Simulated limits, written by the benchmark they name. Do not edit by hand.\n"
_KEY = tuple[str, str, str]
GAITS = ("walk", "run")
_GAIT_MIN = 2.0
_POSE_DEG = 2.0
_SAFE = 0.90
"""How sure it is that the shipped limit is not too narrow."""

_PAIRS_WITHIN = 0.97


def _visit(test: str, seed: int, visit: int, *, again: bool, **options: Any) -> dict[_KEY, float]:
    """Return every measure of one visit: name, unit, test."""
    do: Any = perform_after_walk if shipped_test(test).position == "standing" else perform
    side = "left" if seed % 2 else "right"
    done = do(test, seed=seed, side=side, visit=visit, restrapped=again, **options)
    (trial,) = imuhip.assess(done.recording).trials
    return {(m.test, m.name, m.unit): m.value for m in trial.measures}


def _gait(activity: str, seed: int, visit: int, *, again: bool) -> dict[_KEY, float]:
    """Return what one side's gait gives, and the pelvis."""
    recording = imuhip.simulate(
        activity, minutes=_GAIT_MIN, seed=seed, soft_tissue=1.0, contact_spread=1.0,
        pose_error_deg=_POSE_DEG, visit=visit, restrapped=again,
    )  # fmt: skip
    side = "left" if seed % 2 else "right"
    found = gait_measures(imuhip.analyze(recording))
    return {(m.test, m.name, m.unit): m.value for m in found if m.side in (None, side)}


def _repeats(job: tuple[str, int, bool]) -> list[dict[_KEY, float]]:
    what, seed, again = job
    if what in GAITS:
        return [_gait(what, seed, visit, again=again) for visit in range(_VISITS)]
    both = {"direction": "both"} if what.startswith("hip_rotation") else {}
    return [_visit(what, seed, visit, again=again, **both) for visit in range(_VISITS)]


@dataclass(frozen=True)
class _Found:
    """How well one measure repeats, and the limit that is safely not too narrow."""

    test: str
    name: str
    unit: str
    strapping: Strapping
    reliability: Reliability
    limit: float


def _safe_limit(values: np.ndarray) -> float:
    """Return a limit that is not too narrow; no one's occasions are alike here."""
    whole = values[np.isfinite(values).all(axis=1)]
    freedom = whole.shape[0] * (whole.shape[1] - 1)
    scatter = float(np.sum((whole - whole.mean(axis=1, keepdims=True)) ** 2))
    normal = 1.96 * np.sqrt(2.0 * scatter / stats.chi2.ppf(1.0 - _SAFE, freedom))
    pairs = [np.abs(whole[:, i] - whole[:, j]) for i, j in combinations(range(whole.shape[1]), 2)]
    return float(max(normal, np.quantile(np.concatenate(pairs), _PAIRS_WITHIN)))


def _limits(tests: list[str], people: int, first_seed: int, processes: int) -> list[_Found]:
    """Return how well every measure repeats, for both strappings."""
    jobs = [
        (test, seed, strapping == "again")
        for test in tests
        for strapping in _STRAPPINGS
        for seed in range(first_seed, first_seed + people)
    ]
    repeats = run_all(_repeats, jobs, processes)
    tables: dict[tuple[_KEY, Strapping], list[list[float]]] = defaultdict(list)
    for (_, _, again), visits in zip(jobs, repeats, strict=True):
        for key in visits[0]:
            row = [visit.get(key, np.nan) for visit in visits]
            tables[key, "again" if again else "same"].append(row)
    found = []
    for ((test, name, unit), strapping), rows in tables.items():
        values = np.array(rows)
        if np.isfinite(values).all(axis=1).sum() >= _LEAST_PEOPLE:
            limit = _safe_limit(values)
            found.append(_Found(test, name, unit, strapping, find_reliability(values), limit))
    return found


def main(arguments: list[str]) -> int:
    """Print the limits, and how often retests are called changed."""
    parser = argparse.ArgumentParser(prog="benchmarks retest")
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--first-seed", type=int, default=6000)
    parser.add_argument("--retests", type=int, default=100, help="with, and as many without change")
    asked = (*TESTS, *GAITS)
    parser.add_argument("--tests", nargs="+", choices=asked, default=list(asked))
    add_processes(parser)
    parser.add_argument("--write", action="store_true", help="renew the simulated limits")
    parser.add_argument("--keep", action="store_true", help=f"keep it in docs/{_DOCUMENT.name}")
    options = parser.parse_args(arguments)
    say = Printed("retest", [word for word in arguments if word != "--keep"])
    command = f"python -m benchmarks retest --people {options.people}"
    found = _limits(options.tests, options.people, options.first_seed, options.processes)
    heads = "".join(f"{head:>9}" for head in ("ICC", "SEM", "MDC95", "shipped"))
    if found:
        say(f"{'test':24s} {'measure':40s} {'straps':6s} {'unit':5s}{heads}")
    else:
        say(f"no limits: {_LEAST_PEOPLE} people or more tell them (--people {options.people})")
    for one in found:
        repeat = one.reliability
        numbers = "".join(f"{x:9.2f}" for x in (repeat.icc, repeat.sem, repeat.mdc95, one.limit))
        say(f"{one.test or 'gait':24s} {one.name:40s} {one.strapping:6s} {one.unit:5s}{numbers}")
    if options.write:
        _write(found, options.tests, options.people, command)
    if options.retests > 0:
        tests = set(options.tests)
        _called(say, tests, options.retests, options.first_seed + 1000, options.processes)
        _detected(say, tests, options.retests, options.first_seed + 2000, options.processes)
    if options.keep:
        say.write(_DOCUMENT)
    return 0


def _shipped(test: str, name: str, strapping: Strapping) -> ChangeLimit | None:
    """Return the limit a comparison takes."""
    unit: Any = "1" if name == "hinge_index" else "deg"
    measure = Measure(name, None, 0.0, 0.0, unit, 1, test=test)
    return best_limit(measure, shipped_limits(), strapping)


_RETESTED = {
    "knee_to_chest": ("hip_flexion_total", "total_flexion_deg"),
    "hip_rotation_seated": ("hip_internal_rotation_true", "true_ir_deg"),
}


def _retest(job: tuple[str, int, bool, float]) -> bool:
    """Return whether a second visit is called changed."""
    test, seed, again, change = job
    name, changed = _RETESTED[test]

    def visit(number: int, by: float) -> Performance:
        return perform(
            test, seed=seed, side="left", visit=number, restrapped=again, change={changed: by}
        )

    before, after = visit(0, 0.0), visit(1, 0.0)
    if change > 0.0:
        # joints near their end give a part of what is asked for; the truth says how much
        arrived = visit(1, change).truth[changed] - after.truth[changed]
        after = visit(1, change * change / arrived)
    found = imuhip.compare(
        imuhip.assess(before.recording),
        imuhip.assess(after.recording),
        strapping="again" if again else "same",
    )
    verdict = {change.before.name: change.verdict for change in found.changes}
    return verdict.get(name) == "changed"


def _called(say: Printed, tests: set[str], retests: int, first_seed: int, processes: int) -> None:
    """Print how often retests are called changed by the shipped limits."""
    say()
    say(f"retests called changed, {retests} people each")
    for test, (name, _) in _RETESTED.items():
        if test not in tests:
            continue
        for strapping in _STRAPPINGS:
            limit = _shipped(test, name, strapping)
            if limit is None:
                say(f"{name}, straps {strapping}: no limit shipped")
                continue
            for times in (0.0, 1.5):
                jobs = [
                    (test, seed, strapping == "again", times * limit.mdc95)
                    for seed in range(first_seed, first_seed + retests)
                ]
                share = np.mean(run_all(_retest, jobs, processes))
                asked, kept = (
                    ("<= 5 %", share <= 0.05) if times == 0.0 else (">= 80 %", share >= 0.8)
                )
                say(
                    f"{name}, straps {strapping}, true change {times:g} x {limit.mdc95:.2f} "
                    f"{limit.unit}: {100.0 * share:.1f} % ({asked}: {_kept(kept)})"
                )


_FAULTY = (
    (
        "knee_to_chest",
        "early_pelvic_tilt",
        "hip_flexion_pelvis_neutral",
        "pelvis_onset_flexion_deg",
    ),
    ("hinge", "pelvis_twist", "hinge_pelvis_twist", "pelvis_twist_deg"),
    ("hinge", "pelvis_list", "hinge_pelvis_list", "pelvis_list_deg"),
    ("hinge", "squat_hinge", "hinge_index", "hinge_share"),
    ("squat", "shift", "squat_thigh_asymmetry", "thigh_asymmetry_deg"),
)
"""Test, fault, the measure that is to show it, and its truth."""


def _faulted(job: tuple[tuple[str, str, str, str], int, float]) -> tuple[bool, bool]:
    """Return whether a fault of twice the limit is called a change, and whether none is."""
    (test, fault, name, truth), seed, limit = job
    do: Any = perform_after_walk if shipped_test(test).position == "standing" else perform

    def visit(number: int, size: float) -> Any:
        faults = {fault: size} if size > 0.0 else None
        return do(test, seed=seed, side="left", visit=number, faults=faults)

    plain = visit(0, 0.0)
    effect = abs(visit(1, 1.0).truth[truth] - visit(1, 0.0).truth[truth])
    size = min(2.0 * limit / max(effect, 1e-6), 10.0)
    before = imuhip.assess(plain.recording)
    verdicts = []
    for one in (visit(1, size), visit(2, 0.0)):
        found = imuhip.compare(before, imuhip.assess(one.recording), strapping="same")
        verdicts.append(any(c.verdict == "changed" for c in found.changes if c.before.name == name))
    return verdicts[0], verdicts[1]


def _kept(kept: bool) -> str:
    return "kept" if kept else "NOT KEPT"


def _detected(say: Printed, tests: set[str], people: int, first_seed: int, processes: int) -> None:
    """Print how often faulty performances are told from good ones of the same person."""
    say()
    say(f"faults of twice the limit against the person's own good performance, {people} people")
    for faulty in _FAULTY:
        if faulty[0] not in tests:
            continue
        limit = _shipped(faulty[0], faulty[2], "same")
        if limit is None:
            say(f"{faulty[0]}, {faulty[1]}: no limit shipped for {faulty[2]}")
            continue
        jobs = [(faulty, seed, limit.mdc95) for seed in range(first_seed, first_seed + people)]
        called = np.array(run_all(_faulted, jobs, processes))
        seen, unharmed = called[:, 0].mean(), 1.0 - called[:, 1].mean()
        say(
            f"{faulty[0]}, {faulty[1]} by {faulty[2]} ({limit.mdc95:.2f} {limit.unit}): "
            f"sensitivity {100.0 * seen:.0f} %, specificity {100.0 * unharmed:.0f} % "
            f"(>= 95 %: {_kept(bool(min(seen, unharmed) >= 0.95))})"
        )


def _write(found: list[_Found], tests: list[str], people: int, command: str) -> None:
    """Put the limits behind the others in the file they belong to, those of other tests kept."""
    kept, _, _ = _LIMITS.read_text(encoding="utf-8").partition(_BEGIN)
    renewed = {one.test for one in found} | set(tests)
    others = [
        one
        for one in read_limits(_LIMITS)
        if one.kind == "simulated" and _told_by(one) not in renewed
    ]
    own = [
        ChangeLimit(
            one.name, one.strapping, float(f"{one.limit:.2g}"), one.unit, "simulated",  # type: ignore[arg-type]
            one.reliability.n_people, command, test=one.test,
        )
        for one in found
        if one.limit > 0.0
    ]  # fmt: skip
    simulated = sorted((*others, *own), key=lambda x: (x.test, x.measure, x.strapping))
    text = f"{kept.rstrip()}\n\n{_BEGIN}\n{limits_text(simulated)}"
    _LIMITS.write_text(text, encoding="utf-8")
    print(f"\n{len(own)} limits written to {_LIMITS.name}, {len(others)} kept")


def _told_by(limit: ChangeLimit) -> str:
    """Return the test or gait a limit is of."""
    return limit.test or limit.measure.partition("_")[0]
