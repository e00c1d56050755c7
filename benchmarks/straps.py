"""How often the window's check of the straps is right, 15 s after the sensors were put on.

Simulated people stand for five seconds and walk or run for ten, on skin that moves, with their
sensors as named; with the thighs' exchanged; with pelvis and left thigh exchanged; and with loose
straps. What is told of each is counted. Nothing of the check was fitted to these people.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping

import imuhip
from benchmarks._jobs import add_processes, run_all
from imuhip.analysis.strap_check import judge_calibration
from imuhip.core.series import ImuSeries, Marker
from imuhip.errors import ImuhipError

__all__ = ["main"]

GAITS = ("walk", "run")
POSE_S, GAIT_S = 5.0, 10.0
_FIRST_SEED = 40
_WANTED = {"as named": "", "thighs exchanged": "sides", "pelvis on a thigh": "segments",
           "loose straps": "straps"}  # fmt: skip


def _told(sensors: Mapping[str, ImuSeries], gait_s: float) -> str:
    """Return the checks that are certain of a fault, or the code of an error."""
    pose = Marker("n_pose", gait_s - POSE_S - 0.5, gait_s - 0.5)
    gait = Marker("gait", gait_s, gait_s + GAIT_S)
    parts = {s: one.between(pose.start_s - 0.5, gait.end_s + 0.5) for s, one in sensors.items()}
    try:
        found = judge_calibration(parts, 100.0, (pose, gait))
    except ImuhipError as error:
        return error.code
    return " ".join(sorted({one.check for one in found.straps if one.weight == "bad"}))


def _person(job: tuple[int, str]) -> dict[str, str]:
    """Return what is told of one person in each case."""
    seed, gait = job
    worn = imuhip.simulate(gait, 0.3, seed=seed, calibration=False, turns=False, soft_tissue=1.0)
    loose = imuhip.simulate(
        gait, 0.3, seed=seed, calibration=False, turns=False, soft_tissue=1.0, strap_wobble=1.0
    )
    begun_s = next(marker.start_s for marker in worn.markers if marker.name == "gait")
    body = worn.sensors
    left, right, pelvis = body["thigh_left"], body["thigh_right"], body["pelvis"]
    cases: dict[str, Mapping[str, ImuSeries]] = {
        "as named": body,
        "thighs exchanged": {**body, "thigh_left": right, "thigh_right": left},
        "pelvis on a thigh": {**body, "pelvis": left, "thigh_left": pelvis},
        "loose straps": loose.sensors,
    }
    return {name: _told(sensors, begun_s) for name, sensors in cases.items()}


def main(arguments: list[str] | None = None) -> int:
    """Print how often each case is told for what it is."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks straps", description=__doc__)
    parser.add_argument("--people", type=int, default=30, help="simulated people for each gait")
    add_processes(parser)
    chosen = parser.parse_args(arguments)
    jobs = [
        (seed, gait) for gait in GAITS for seed in range(_FIRST_SEED, _FIRST_SEED + chosen.people)
    ]
    found = run_all(_person, jobs, chosen.processes)
    print(f"{'worn':20}{'gait':6}{'told so':>10}{'otherwise':>12}")
    for case, wanted in _WANTED.items():
        for gait in GAITS:
            told = Counter(
                one[case] == wanted for one, (_, of) in zip(found, jobs, strict=True) if of == gait
            )
            print(f"{case:20}{gait:6}{told[True]:>10}{told[False]:>12}")
    return 0
