"""Drills on the feet: single-leg hinge, internal-rotation hinge, squat, lunges.

The pelvis and the thighs are seen against gravity; list, twist and the turn of a loaded hip need to
know which way the sensors face, which a walk with the same straps tells. A thigh's skin follows its
bone only in part, so rotation under load is compared with itself and never with a norm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from imuhip.assessment.hinge import pelvis_change, thigh_lean
from imuhip.assessment.measures import Measure, Unit, median_measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_repetitions
from imuhip.assessment.trial import TrialMotion
from imuhip.assessment.turns import farthest, spin
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray

__all__ = [
    "find_lowerings",
    "measure_lunge",
    "measure_single_leg_hinge",
    "measure_squat",
    "summarised",
]

_RIGHT = np.array([0.0, 0.0, 1.0])
_DEG_SD: Mapping[str, float] = {
    "pelvis_tilt": 1.5,
    "pelvis_tucked": 1.5,
    "pelvis_list": 2.0,
    "pelvis_twist": 2.0,
    "pelvis_rotation": 2.0,
    "thigh_inclination": 2.5,
    "thigh_asymmetry": 3.5,
    "knee_flexion": 3.5,
    "hip_flexion": 4.0,
    "hip_internal_rotation": 7.0,
    "return_error": 1.0,
}


def find_lowerings(
    motion: TrialMotion, test: MovementTest, sides: tuple[Side, ...]
) -> tuple[Repetition, ...]:
    """Return the repetitions in which one thigh, or both, come level and go back."""
    lean = np.mean([motion.about(f"thigh_{side}", _RIGHT, 0) for side in sides], axis=0)
    return find_repetitions(motion.time_s, lean, least_rad=np.radians(test.repetitions.least_deg))


def measure_single_leg_hinge(
    motion: TrialMotion, test: MovementTest, side: Side, repetitions: tuple[Repetition, ...]
) -> tuple[Measure, ...]:
    """Return the hinge's components on one leg, how steady its thigh is, and the hip's turn."""

    def one(rep: Repetition) -> dict[str, float]:
        whole = slice(rep.rest, rep.back + 1)
        change = pelvis_change(motion, rep.rest, whole)
        tilt = float(change[rep.peak - rep.rest, 0])
        lean = thigh_lean(motion, side, rep.rest, rep.peak)
        moving = slice(*np.searchsorted(motion.time_s, (rep.start_s, rep.end_s)))
        rate = spin(motion.q_WB[f"thigh_{side}"][moving], motion.step_s)[:, :2]
        found = {
            "index": tilt / (tilt + lean),
            "pelvis_tilt": tilt,
            "thigh_inclination": lean,
            "pelvis_twist": farthest(change[:, 2]),
            "pelvis_list": farthest(change[:, 1]),
            "thigh_wobble": float(np.sqrt(np.mean(np.sum(rate**2, axis=1)))),
            "tempo": rep.end_s - rep.start_s,
        }
        if test.measured_by == "rotation_under_load":
            hip = motion.hip(side, rep.rest, slice(rep.peak, rep.peak + 1))
            found["hip_internal_rotation"] = float(hip[0, 2])
        return found

    return summarised(test.name, side, repetitions, one)


def measure_squat(
    motion: TrialMotion, test: MovementTest, repetitions: tuple[Repetition, ...]
) -> tuple[Measure, ...]:
    """Return depth, how alike the thighs are, and what the pelvis does."""

    def one(rep: Repetition) -> dict[str, float]:
        change = pelvis_change(motion, rep.rest, slice(rep.rest, rep.back + 1))
        deepest = rep.peak - rep.rest
        lean = {side: thigh_lean(motion, side, rep.rest, rep.peak) for side in SIDES}
        tilt = change[: deepest + 1, 0]
        return {
            "thigh_inclination": 0.5 * (lean["left"] + lean["right"]),
            "thigh_asymmetry": lean["left"] - lean["right"],
            "pelvis_tilt": float(tilt[-1]),
            "pelvis_tucked": float(tilt.max() - tilt[-1]),
            "pelvis_list": farthest(change[:, 1]),
            "pelvis_twist": farthest(change[:, 2]),
            "tempo": rep.end_s - rep.start_s,
        }

    return summarised(test.name, None, repetitions, one)


def measure_lunge(
    motion: TrialMotion, test: MovementTest, side: Side, repetitions: tuple[Repetition, ...]
) -> tuple[Measure, ...]:
    """Return depth on the leading leg, the pelvis' turn towards it, and whether it comes back."""
    towards = 1.0 if side == "left" else -1.0

    def one(rep: Repetition) -> dict[str, float]:
        whole = slice(rep.rest, rep.back + 1)
        change = pelvis_change(motion, rep.rest, whole)
        hip = motion.hip(side, rep.rest, whole)
        found = {
            "thigh_inclination": thigh_lean(motion, side, rep.rest, rep.peak),
            "hip_flexion": float(hip[:, 0].max()),
            "hip_internal_rotation": float(hip[:, 2].max()),
            "pelvis_tilt": float(change[rep.peak - rep.rest, 0]),
            "pelvis_list": farthest(change[:, 1]),
            "pelvis_twist": farthest(change[:, 2]),
            "pelvis_rotation": float((towards * change[:, 2]).max()),
            "return_error": float(motion.moved("pelvis", rep.rest, whole)[-1]),
            "tempo": rep.end_s - rep.start_s,
        }
        if f"shank_{side}" in motion.q_WB:
            at = slice(rep.peak, rep.peak + 1)
            lean = [
                float(motion.about(f"{part}_{side}", _RIGHT, rep.rest, at)[0])
                for part in ("thigh", "shank")
            ]
            found["knee_flexion"] = lean[0] - lean[1]
        return found

    return summarised(test.name, side, repetitions, one)


def summarised(
    test: str,
    side: Side | None,
    repetitions: tuple[Repetition, ...],
    one: Callable[[Repetition], Mapping[str, float]],
) -> tuple[Measure, ...]:
    """Return the medians over repetitions of what `one` finds in each, named after the test.

    Angles and rates come in rad, indices and times as they are.
    """
    rows = [one(rep) for rep in repetitions]
    measures = []
    for name in dict.fromkeys(name for row in rows for name in row):
        values: FloatArray = np.array([row.get(name, np.nan) for row in rows])
        unit, sd = _UNITS.get(name, ("deg", _DEG_SD.get(name, 2.0)))
        if unit.startswith("deg"):
            values = np.degrees(values)
        measures.append(median_measure(f"{test}_{name}", side, values, unit, instrument_sd=sd))
    return tuple(measures)


_UNITS: Mapping[str, tuple[Unit, float]] = {
    "index": ("1", 0.03),
    "tempo": ("s", 0.03),
    "thigh_wobble": ("deg/s", 2.5),
    "smoothness": ("1", 0.05),
    "time_to_stable": ("s", 0.1),
    "pelvis_quiet_share": ("1", 0.05),
}
