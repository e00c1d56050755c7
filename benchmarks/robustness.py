"""What angles are worth when things go wrong: one scenario a row, everything else as in the base.

The base: simulated people with consumer sensors in any mounting, soft tissue of a firm strap, turns
and laps, 100 Hz. Each scenario changes what it names and keeps the people and their strides. RMSE
against bone truth over the gait in degrees, all people and both legs pooled; ``drift`` is the range
of the means of the error of hip rotation over 30 s, mean of all legs; ``<1sd`` and ``<2sd`` the
share of samples of hip rotation whose error is below one and two stated sigma (68 and 95 % would be
perfect); ``lost`` the share without hip rotation; ``people`` how many of them could be analysed.
Where people miss the N-pose, its own stated uncertainty counts, too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import imuhip
from benchmarks._document import Printed, add_write
from benchmarks._jobs import add_processes, run_all
from benchmarks._methods import LIVE, OFFLINE, by_us
from benchmarks._scoring import GROUPS, Errors, Scores, mean_of, pooled
from imuhip.errors import ImuhipError

_FIRST_SEED: Final = 9101
_ROTATION: Final = GROUPS["hip rotation"]
_SLIP: Final = ("thigh_left", 0.5, 10.0)
_BREAK: Final = {"pause_min": 5.0}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Something that goes wrong.

    Parameters
    ----------
    name : str
    options : mapping
        Of `imuhip.simulate`, over those of the base. A slip's instant is a part of the session.
    analysis : mapping
        Of `imuhip.analyze`, offline.
    marked : bool
        Whether markers tell when the person posed and walked.
    gaits : tuple of str
        Activities it is shown for.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    gaits: tuple[str, ...] = ("walk", "run")
    marked: bool = True


SCENARIOS: Final = (
    Scenario("base"),
    Scenario("no soft tissue", {"soft_tissue": 0.0}),
    Scenario("no markers", marked=False),
    Scenario("clocks of the legs ±10 ms", {"sync_error_ms": 10.0}),
    Scenario("2 % lost in bursts", {"packet_loss": 0.02}),
    Scenario("10 % lost in bursts", {"packet_loss": 0.1}),
    Scenario("50 Hz", {"rate_hz": 50.0}),
    Scenario("200 Hz", {"rate_hz": 200.0}),
    Scenario("500 Hz", {"rate_hz": 500.0}),
    Scenario("strap slips by 10°", {"strap_slip": _SLIP}),
    Scenario("strap slips by 10°, put right", {"strap_slip": _SLIP}, {"correct_slips": True}),
    Scenario("soft tissue x0.5 to x1.5", {"tissue_change": (0.5, 1.5)}),
    Scenario("soft tissue x1 to x0", {"tissue_change": (1.0, 0.0)}),
    Scenario("strap wobbles, a quarter", {"strap_wobble": 0.25}),
    Scenario("strap wobbles, a half", {"strap_wobble": 0.5}),
    Scenario("strap wobbles as a real one", {"strap_wobble": 1.0}),
    Scenario("all sensor errors x3", {"sensor_errors": 3.0}),
    Scenario("impacts x1.7", {"impact": 1.7}),
    Scenario("treadmill", {"treadmill": True}),
    Scenario("hills of ±8 %", {"hill_percent": 8.0}),
    Scenario("N-pose missed by 4° sd", {"pose_error_deg": 4.0}),
    Scenario("2 stops and end pose, feet 3° sd", {"stops": 2, "end_pose": True, "stance_deg": 3.0}),
    Scenario("5 min on a chair", {"pause": "sit", **_BREAK}),
    Scenario("5 min off, worn as before", {"pause": "sensors_off_same_mount", **_BREAK}),
    Scenario("5 min off, worn anew", {"pause": "sensors_off", **_BREAK}),
    Scenario("5 min off, worn anew, no markers", {"pause": "sensors_off", **_BREAK}, marked=False),
    Scenario("walk, run, stand in turn", gaits=("mixed",)),
    Scenario("mixed, no markers", gaits=("mixed",), marked=False),
    Scenario(
        "mixed, 2 % lost, end pose", {"packet_loss": 0.02, "end_pose": True}, gaits=("mixed",)
    ),
)


@dataclass(frozen=True, slots=True)
class _Job:
    scenario: Scenario
    gait: str
    minutes: float
    seed: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class _Found:
    """Errors by way, or why there are none."""

    scores: dict[str, dict[str, Errors]]
    failed: dict[str, str]


def _work(job: _Job) -> _Found:
    """Simulate and analyse one person in one scenario."""
    options = {"soft_tissue": 1.0, "rate_hz": job.rate_hz} | dict(job.scenario.options)
    if "strap_slip" in options:
        segment, part, degrees = options["strap_slip"]
        options["strap_slip"] = (segment, 60.0 * job.minutes * part, degrees)
    recording = imuhip.simulate(job.gait, job.minutes, job.seed, **options)
    told = {"pose_counts": "pose_error_deg" in options, "marked": job.scenario.marked}
    found = _Found({}, {})
    for way in (OFFLINE, LIVE):
        more = {} if way == LIVE else job.scenario.analysis
        try:
            found.scores[way] = by_us(recording, live=way == LIVE, **told, **more)
        except ImuhipError as error:
            found.failed[way] = f"{error.code} {error}"
    return found


def _print_rows(say: Printed, job: _Job, found: Sequence[_Found]) -> None:
    for way in (OFFLINE, LIVE):
        scores: list[Scores] = [one.scores[way] for one in found if way in one.scores]
        name = job.scenario.name if way == OFFLINE else ""
        gait = job.gait if way == OFFLINE else ""
        start = f"{name:<34}{gait:<7}{way.removeprefix('ours '):<8}"
        if scores:
            cells = "".join(f"{pooled(scores, names)[0]:>7.2f}" for names in GROUPS.values())
            drift = mean_of(scores, _ROTATION, "drift")
            within = (mean_of(scores, _ROTATION, f"within_{n}") for n in ("one", "two"))
            shares = "".join(f"{100 * share:>5.0f} %" for share in within)
            lost = 100 * mean_of(scores, _ROTATION, "missing")
            people = f"{len(scores)}/{len(found)}"
            say(f"{start}{cells}{drift:>7.2f}{shares}{lost:>6.1f} %{people:>8}")
        for why in sorted({one.failed[way] for one in found if way in one.failed}):
            say(f"{start}failed: {why}")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks robustness",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=6.0, help="of the activity (default 6)")
    parser.add_argument("--people", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--first-seed", type=int, default=_FIRST_SEED)
    parser.add_argument("--rate", type=float, default=100.0, help="Hz of the base (default 100)")
    parser.add_argument(
        "--only", nargs="+", metavar="WORD", help="scenarios with a word in the name"
    )
    parser.add_argument("--activity", nargs="+", default=["walk", "run", "mixed"])
    add_processes(parser)
    add_write(parser)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print two rows for each scenario and gait: offline and live."""
    options = _arguments(arguments)
    people = range(options.first_seed, options.first_seed + options.people)
    rows = [
        [_Job(scenario, gait, options.minutes, seed, options.rate) for seed in people]
        for scenario in SCENARIOS
        if options.only is None or any(word in scenario.name for word in options.only)
        for gait in scenario.gaits
        if gait in options.activity
    ]
    say = Printed("robustness", arguments)
    say(f"{options.minutes:g} min each, people (seeds) {people[0]} to {people[-1]}; degrees")
    done = run_all(_work, [job for jobs in rows for job in jobs], options.processes)
    heads = ("flex", "add", "rot", "tilt", "obl", "p.rot", "drift", "<1sd", "<2sd")
    say(
        f"{'scenario':<34}{'gait':<7}{'way':<8}"
        + "".join(f"{head:>7}" for head in heads)
        + "    lost  people"
    )
    for k, jobs in enumerate(rows):
        _print_rows(say, jobs[0], done[k * len(jobs) : (k + 1) * len(jobs)])
    if options.write:
        say.write(options.document)
    return 0
