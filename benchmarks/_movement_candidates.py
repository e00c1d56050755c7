"""What was tried with calibration movements: the figures behind what the analysis leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import imuhip
from benchmarks._document import Printed
from benchmarks._jobs import run_all
from benchmarks._scoring import errors
from imuhip.analysis.bends import find_bends, look_again
from imuhip.analysis.body import align_segments, levelled
from imuhip.analysis.grid import GridBlock, to_grid
from imuhip.analysis.headings import Headings, find_headings
from imuhip.analysis.motion import SensorMotion, offline_motion
from imuhip.analysis.occasions import find_activity, find_pose, gait_axis, rows_of_gait
from imuhip.calibration.pose import Pose
from imuhip.calibration.protocol import shipped_protocol
from imuhip.core.quaternion import IDENTITY
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.activity import Activity
from imuhip.kinematics.angles import hip_from_segments

__all__ = ["candidates"]

_RIGHT = np.array([0.0, 0.0, 1.0])  # sensors sit along the ISB axes here, and are not told so
_MOVEMENTS = ("squat", "hinge", "leg_swing_left", "leg_swing_right")


@dataclass(frozen=True)
class _Job:
    activity: str
    soft_tissue: float
    seed: int
    minutes: float


@dataclass(frozen=True)
class _Seen:
    """A session on its way through the analysis."""

    grid: GridBlock
    motions: dict[str, SensorMotion]
    activity: Activity
    gait: BoolArray
    pose: Pose

    def headings(self, gait: BoolArray, sides: tuple[Side, ...] = SIDES) -> Headings:
        rate_hz = self.grid.rate_hz
        axes = {
            side: gait_axis(self.motions[f"thigh_{side}"], self.pose, self.gait, side, rate_hz)
            for side in sides
        }
        return find_headings(self.grid, self.motions, self.activity, gait, self.pose, axes, rate_hz)

    def hips(self, headings: Headings, right_S: FloatArray) -> dict[str, FloatArray]:
        """Return hip adduction and rotation, degrees."""
        q_WB = align_segments(self.motions, self.pose, right_S, headings.heading_rad)
        q_WB = levelled(q_WB, self.motions["pelvis"], self.activity, self.gait, self.grid.rate_hz)
        found: dict[str, FloatArray] = {}
        for side in SIDES:
            hip = np.degrees(hip_from_segments(q_WB["pelvis"], q_WB[f"thigh_{side}"], side))
            found |= {f"hip_adduction_{side}": hip[:, 1], f"hip_rotation_{side}": hip[:, 2]}
        return found


def _see(recording: imuhip.Recording) -> _Seen:
    rate_hz = recording.rate_hz
    grid = to_grid(recording.sensors, rate_hz)
    motions = offline_motion(grid, rate_hz, "vqf")
    activity = find_activity(grid, motions, rate_hz)
    gait = rows_of_gait(grid.time_s, activity, recording.markers, rate_hz)
    pose = find_pose(grid, activity, gait, recording.markers, rate_hz)
    return _Seen(grid, motions, activity, gait, pose)


def _aside_deg(right_S: FloatArray, up_S: FloatArray) -> float:
    """Return how far (deg) an axis is from the true one, about the vertical."""
    level = [v - (v @ up_S) * up_S for v in (right_S, _RIGHT)]
    return float(np.degrees(np.arctan2(np.cross(level[1], level[0]) @ up_S, level[1] @ level[0])))


def _try(job: _Job) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """Return facing errors by source (deg), and squared hip errors by way."""
    recording = imuhip.simulate(
        job.activity,
        job.minutes,
        job.seed,
        soft_tissue=job.soft_tissue,
        mounting=dict.fromkeys(("pelvis", "thigh_left", "thigh_right"), IDENTITY),
        movements=shipped_protocol("full").movements,
    )
    seen = _see(recording)
    up_S = seen.pose.up_S["pelvis"]
    both = seen.headings(seen.gait)
    one = seen.headings(seen.gait, ("left",))
    args = (seen.grid, seen.motions, seen.activity, seen.gait, seen.pose, recording.markers)
    axes, weighed = look_again(
        find_bends(*args), seen.motions["pelvis"], seen.pose, both.pelvis_right_S,
        np.radians(3.5), recording.rate_hz,
    )  # fmt: skip
    facing = {
        "gait, both thighs": both.pelvis_right_S,
        "gait, left thigh": one.pelvis_right_S,
    } | {axis.kind: axis.right_S for axis in axes}
    moving = np.zeros(len(seen.grid), dtype=bool)
    for marker in recording.markers:
        if marker.name in _MOVEMENTS:
            moving |= (seen.grid.time_s >= marker.start_s) & (seen.grid.time_s < marker.end_s)
    ways = {
        "as it is: gait alone": seen.hips(both, both.pelvis_right_S),
        "facing weighed with bends": seen.hips(both, weighed.right_S),
        "facing from the truth": seen.hips(both, _RIGHT),
        "movements used as gait is": seen.hips(
            seen.headings(seen.gait | moving), both.pelvis_right_S
        ),
    }
    squared = {}
    for way, found in ways.items():
        wrong = errors(found, recording)
        squared[way] = tuple(
            float(np.mean([wrong[f"hip_{stem}_{side}"].squared for side in SIDES]))
            for stem in ("adduction", "rotation")
        )
    asides = {source: _aside_deg(right_S, up_S) for source, right_S in facing.items()}
    return asides, {way: (pair[0], pair[1]) for way, pair in squared.items()}


def candidates(say: Printed, people: int, first_seed: int, minutes: float, processes: int) -> None:
    """Print how far each source of the facing is off, and what the hips make of each way."""
    cases = [(a, s) for a in ("walk", "run") for s in (0.0, 1.0)]
    jobs = [_Job(a, s, first_seed + k, minutes) for a, s in cases for k in range(people)]
    found = dict(zip(jobs, run_all(_try, jobs, processes), strict=True))
    mine = {
        case: [found[job] for job in jobs if (job.activity, job.soft_tissue) == case]
        for case in cases
    }
    heads = [f"{activity}, soft {soft:g}" for activity, soft in cases]
    say(f"candidates: {people} people, degrees RMS")
    say()
    say(f"{'facing of the pelvis off':<28}" + "".join(f"{head:>18}" for head in heads))
    for source in ("gait, both thighs", "gait, left thigh", "hinge", "squat"):
        cells = [
            np.sqrt(np.mean([asides[source] ** 2 for asides, _ in some if source in asides]))
            for some in mine.values()
        ]
        say(f"{source:<28}" + "".join(f"{cell:>18.1f}" for cell in cells))
    say()
    say(f"{'hip adduction / rotation':<28}" + "".join(f"{head:>18}" for head in heads))
    for way in next(iter(mine.values()))[0][1]:
        pairs = [
            np.sqrt(np.mean([ways[way] for _, ways in some], axis=0)) for some in mine.values()
        ]
        say(f"{way:<28}" + "".join(f"{f'{a:.2f} / {r:.2f}':>18}" for a, r in pairs))
