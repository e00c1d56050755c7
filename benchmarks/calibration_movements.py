"""What calibration movements bring: angles, zero and their stated uncertainty, by protocol.

Three tables. ``angles``: people who stand perfectly, so that only the angles' own columns count.
``zero``: people who miss the pose by 4 deg in rotation (3 and 2 in flexion and adduction); how far
zero is off, how far it moves when the same people are calibrated anew, and what is stated of both.
``candidates``: what was tried besides and is not used.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

import imuhip
from benchmarks._document import Printed
from benchmarks._jobs import add_processes, run_all
from benchmarks._movement_candidates import candidates
from benchmarks._scoring import errors, gait_stretches
from imuhip.calibration.protocol import shipped_protocol
from imuhip.core.segments import HIP_ANGLES
from imuhip.core.series import FloatArray, Marker

__all__ = ["main"]

PROTOCOLS = ("n_pose_walk", "n_pose_leg_swing_walk", "n_pose_squat_hinge_walk", "full")
_STEMS = ("hip_flexion", "hip_adduction", "hip_rotation")
_POSE_ERROR_DEG = 4.0
_BOTH: tuple[str, ...] = ("pelvis", "thigh_left", "thigh_right")
_ONE: tuple[str, ...] = ("pelvis", "thigh_left")


@dataclass(frozen=True)
class Job:
    """One session of one person."""

    protocol: str
    activity: str
    minutes: float
    seed: int
    soft_tissue: float
    worn: tuple[str, ...] = _BOTH


def _row(values: Sequence[str], first: int = 26) -> str:
    return f"{values[0]:<{first}}" + "".join(f"{value:>19}" for value in values[1:])


# --- angles -------------------------------------------------------------------------------------


def _angles_of(job: Job) -> dict[str, list[tuple[float, ...]]]:
    """Return squared error, variance stated, and coverage of each hip angle."""
    recording = imuhip.simulate(
        job.activity,
        job.minutes,
        job.seed,
        segments=job.worn,
        soft_tissue=job.soft_tissue,
        movements=shipped_protocol(job.protocol).movements,
    )
    table = imuhip.analyze(recording).angles
    names = [name for name in HIP_ANGLES if f"{name}_deg" in table]
    sd = {name: table[f"{name}_sd_deg"].to_numpy() for name in names}
    found = errors({n: table[f"{n}_deg"].to_numpy() for n in names}, recording, sd)
    gait = np.logical_or.reduce(gait_stretches(recording))
    scores: dict[str, list[tuple[float, ...]]] = {}
    for name, error in found.items():
        stem = name.rsplit("_", 1)[0]
        stated = float(np.nanmean(sd[name][gait] ** 2))
        scores.setdefault(stem, []).append(
            (error.squared, stated, error.within_one, error.within_two)
        )
    return scores


def _angles(say: Printed, options: argparse.Namespace) -> None:
    softs = options.soft_tissue or [0.0, 1.0]
    cases = [(a, s, worn) for worn in (_BOTH, _ONE) for a in ("walk", "run") for s in softs]
    seeds = range(options.first_seed, options.first_seed + options.people)
    jobs = [
        Job(protocol, activity, options.minutes, seed, soft, worn)
        for activity, soft, worn in cases
        for protocol in options.protocol
        for seed in seeds
    ]
    found = dict(zip(jobs, run_all(_angles_of, jobs, options.processes), strict=True))
    say(f"angles: RMSE / stated sd, share within 1 and 2 sd; {options.people} people, degrees")
    for activity, soft, worn in cases:
        say()
        thighs = "both thighs" if worn == _BOTH else "left thigh only"
        say(f"{activity}, soft tissue {soft:g}, {thighs}")
        say(_row(["", *(stem.replace("_", " ") for stem in _STEMS)]))
        for protocol in options.protocol:
            mine = [
                found[job]
                for job in jobs
                if (job.protocol, job.activity, job.soft_tissue, job.worn)
                == (protocol, activity, soft, worn)
            ]
            cells = []
            for stem in _STEMS:
                mean = np.mean([score for scores in mine for score in scores[stem]], axis=0)
                cells.append(
                    f"{np.sqrt(mean[0]):.2f}/{np.sqrt(mean[1]):.2f}"
                    f" {100 * mean[2]:.0f} {100 * mean[3]:.0f} %"
                )
            say(_row([protocol, *cells]))


# --- zero ---------------------------------------------------------------------------------------


def _named(recording: imuhip.Recording, first: int, last: int) -> imuhip.Recording:
    """Return the recording with only some of its N-poses marked."""
    poses = [marker for marker in recording.markers if marker.name == "n_pose"]
    left_out = set(poses) - set(poses[first:last])
    kept: tuple[Marker, ...] = tuple(m for m in recording.markers if m not in left_out)
    return replace(recording, markers=kept)


def _zero_of(job: Job) -> dict[str, list[tuple[float, float, float, float, float]]]:
    """Return error of zero and its sd, and change at a second calibration and its sd; and poses."""
    movements = shipped_protocol(job.protocol).movements
    n_poses = 1 + movements.count("n_pose")
    recording = imuhip.simulate(
        job.activity,
        job.minutes,
        job.seed,
        soft_tissue=job.soft_tissue,
        pose_error_deg=_POSE_ERROR_DEG,
        # both calibrations before the gait; each analysis is told of one
        movements=(*movements, "n_pose", *(m for m in movements if m != "leg_swing")),
    )
    truth = recording.truth
    assert truth is not None
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = np.asarray((truth.index >= gait.start_s) & (truth.index <= gait.end_s))
    first = imuhip.analyze(_named(recording, 0, n_poses))
    second = imuhip.analyze(_named(recording, n_poses, 2 * n_poses))
    found: dict[str, list[tuple[float, float, float, float, float]]] = {}
    for name in HIP_ANGLES:
        stem, column = name.rsplit("_", 1)[0], f"{name}_deg"

        def mean(values: FloatArray) -> float:
            return float(np.nanmean(values[rows]))

        own, again = mean(first.angles[column].to_numpy()), mean(second.angles[column].to_numpy())
        off = own - mean(truth[column].to_numpy())
        changed = again - own
        stated = first.quality["pose_sd_deg"][stem]
        repeats = first.quality["calibration"]["pose_repeat_sd_deg"][stem]
        found.setdefault(stem, []).append((off**2, stated**2, changed**2 / 2, repeats**2, n_poses))
    return found


def _zero(say: Printed, options: argparse.Namespace) -> None:
    seeds = range(options.first_seed, options.first_seed + 3 * options.people)
    jobs = [Job(p, "walk", options.minutes, seed, 0.0) for p in options.protocol for seed in seeds]
    found = dict(zip(jobs, run_all(_zero_of, jobs, options.processes), strict=True))
    say(f"zero: measured / stated, RMS of {3 * options.people} people, degrees")
    for title, k in (("off the anatomical zero", 0), ("moved by calibrating anew", 2)):
        say()
        say(_row([title, *(stem.replace("_", " ") for stem in _STEMS), "poses"]))
        for protocol in options.protocol:
            cells, poses = [], 0.0
            for stem in _STEMS:
                mine = [found[job][stem] for job in jobs if job.protocol == protocol]
                mean = np.mean([one for both in mine for one in both], axis=0)
                cells.append(f"{np.sqrt(mean[k]):.2f} / {np.sqrt(mean[k + 1]):.2f}")
                poses = mean[4]
            say(_row([protocol, *cells, f"{poses:.0f}"]))


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks calibration_movements", description=__doc__
    )
    parser.add_argument("--people", type=int, default=12, help="three times as many for zero")
    parser.add_argument("--first-seed", type=int, default=9000)
    parser.add_argument("--minutes", type=float, default=0.45, help="of gait; 0.45 is 20 strides")
    tables = ("angles", "zero", "candidates")
    parser.add_argument("--table", choices=tables, help="one of the tables alone")
    parser.add_argument(
        "--protocol",
        action="append",
        choices=PROTOCOLS,
        help="one of the protocols; all by default",
    )
    parser.add_argument(
        "--soft-tissue", type=float, action="append", help="of the angles; 0 and 1 by default"
    )
    add_processes(parser)
    options = parser.parse_args(arguments)
    options.protocol = options.protocol or list(PROTOCOLS)
    say = Printed("calibration_movements", arguments)
    wanted = tables if options.table is None else (options.table,)
    if "angles" in wanted:
        _angles(say, options)
    if "zero" in wanted:
        say()
        _zero(say, options)
    if "candidates" in wanted:
        say()
        candidates(say, options.people, options.first_seed, options.minutes, options.processes)
    return 0
