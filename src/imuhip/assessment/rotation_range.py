"""Hip internal and external rotation on the plinth: true, apparent, and what the pelvis does.

The shank is the goniometer's arm: with the knee bent to a right angle it turns about the femur as
the femur turns about itself. A thigh sensor under-reads by up to 22° (Fiorentino et al. 2017), so
it is never used here in the shank's place. The femur's axis is the one the shank turns about.

*Apparent* rotation is what a goniometer shows at the end of the range, the pelvis' part included;
*true* rotation is what it shows at the instant the pelvis has moved by 5°. At the end the knee
gives way by some degrees, which the arm shows and nobody can take out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.assessment.facing import KNOWN_FRONT_RAD
from imuhip.assessment.measures import Measure, median_measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_both_ways
from imuhip.assessment.trial import TrialMotion, first_crossing
from imuhip.assessment.turns import main_axis, turn_about
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["PELVIS_MOVED_RAD", "find_rotation", "measure_rotation"]

PELVIS_MOVED_RAD = np.radians(5.0)
"""The pelvis no longer rests when it has turned by so much."""

_X, _Y = np.eye(3)[:2]
_ONSET_RAD = np.radians(2.0)
_STRAIGHT_HIP = ("prone", "supine_straight")
_ARM_SD_DEG = 0.8
_KNEE_SD_DEG = 3.0
_FACELESS = "nothing showed which way the pelvis sensor faces: walk with the same straps before"
_SIGN = {"internal": 1.0, "external": -1.0}


@dataclass(frozen=True, slots=True)
class _Way:
    """One repetition from rest to the end of its range, rad; + is its own direction."""

    arm: FloatArray
    pelvis: FloatArray
    moved: FloatArray
    time_s: FloatArray


def find_rotation(
    motion: TrialMotion, test: MovementTest, side: Side
) -> dict[str, tuple[Repetition, ...]]:
    """Return the repetitions of both directions, in order of time."""
    axis = _arm_axis(motion, test, side)
    arm = motion.about(f"shank_{side}", axis, 0)
    least = np.radians(test.repetitions.least_deg)
    return find_both_ways(motion.time_s, arm, _SIGN, least_rad=least)


def measure_rotation(
    motion: TrialMotion,
    test: MovementTest,
    side: Side,
    repetitions: dict[str, tuple[Repetition, ...]],
) -> tuple[Measure, ...]:
    """Return the measures of both directions.

    Parameters
    ----------
    motion : TrialMotion
        With the pelvis and the side's shank.
    test : MovementTest
    side : {"left", "right"}
    repetitions : mapping of direction to tuple of Repetition
        From `find_rotation`.
    """
    axis = _arm_axis(motion, test, side)
    measures: list[Measure] = []
    for direction, found in repetitions.items():
        if not found:  # only one of the two was asked for
            continue
        ways = [_way(motion, test, side, axis, one, _SIGN[direction]) for one in found]
        measures += _measures(ways, direction, side)
    return tuple(measures)


def _arm_axis(motion: TrialMotion, test: MovementTest, side: Side) -> FloatArray:
    """Return the femur's axis in the shank, + inwards: the front of a shank at a right angle.

    The line is where the shank turns about; the front gives it its direction. Where nothing showed
    the shank's front, the thigh does, which goes the same way though not as far, or the pelvis.
    """
    s = side_sign(side)
    q_shank = motion.since(f"shank_{side}", 0)
    axis, _ = main_axis(q_shank, np.array([-s, 0.0, 0.0]))
    if motion.facing_sd_rad[f"shank_{side}"] < KNOWN_FRONT_RAD:
        return axis
    arm = turn_about(q_shank, axis)
    thigh = f"thigh_{side}"
    if thigh in motion.q_WB:
        along = motion.about(thigh, np.array([0.0, s, 0.0]), 0)
    else:
        along = motion.about("pelvis", _femur_in_pelvis(motion, test, side, 0), 0)
    return axis if np.sum(arm * along) >= 0.0 else -axis


def _femur_in_pelvis(motion: TrialMotion, test: MovementTest, side: Side, rest: int) -> FloatArray:
    """Return the axis of the femur, + inwards, in the pelvis at rest.

    From the hip to the knee it points upwards with the hip bent on the back, level and forwards
    sitting, level along the body with the hip straight.
    """
    up = motion.up_B("pelvis", rest)
    if test.position == "supine_90":
        along = -up
    else:
        along = _Y if test.position in _STRAIGHT_HIP else -_X
        along = along - (along @ up) * up
    return np.asarray(side_sign(side) * along / np.linalg.norm(along))


def _way(
    motion: TrialMotion, test: MovementTest, side: Side, axis: FloatArray,
    one: Repetition, sign: float,
) -> _Way:  # fmt: skip
    rows = slice(one.rest, one.peak + 1)
    femur = _femur_in_pelvis(motion, test, side, one.rest)
    if motion.facing_sd_rad["pelvis"] > KNOWN_FRONT_RAD:
        femur = np.full(3, np.nan)  # how far it moved is known, about which axis is not
    return _Way(
        arm=sign * motion.about(f"shank_{side}", axis, one.rest, rows),
        pelvis=sign * motion.about("pelvis", femur, one.rest, rows),
        moved=motion.moved("pelvis", one.rest, rows),
        time_s=motion.time_s[rows],
    )


def _measures(ways: list[_Way], direction: str, side: Side) -> list[Measure]:
    stem = f"hip_{direction}_rotation"
    at = np.array([first_crossing(way.moved, PELVIS_MOVED_RAD) for way in ways])
    rows = [np.arange(len(way.arm)) for way in ways]
    true = np.array(
        [
            way.arm[-1] if np.isnan(k) else np.interp(k, row, way.arm)
            for way, k, row in zip(ways, at, rows, strict=True)
        ]
    )
    apparent = np.array([way.arm[-1] for way in ways])
    share = np.array([way.pelvis[-1] / way.arm[-1] for way in ways])
    hip_onset = np.array([_when(way, way.arm - way.pelvis) for way in ways])
    pelvis_onset = np.array([_when(way, way.moved) for way in ways])
    never = int(np.sum(np.isnan(at)))
    note = f"in {never} of {len(ways)} the pelvis never moved by 5 deg" if never else ""
    hip = np.array([way.arm[-1] - way.pelvis[-1] for way in ways])

    def degrees(name: str, values: FloatArray, sd: float, note: str = "") -> Measure:
        return median_measure(
            f"{stem}_{name}", side, np.degrees(values), "deg", instrument_sd=sd, note=note
        )

    return [
        degrees("true", true, _ARM_SD_DEG, note),
        degrees("apparent", apparent, _ARM_SD_DEG,
                "as a goniometer shows it, the pelvis' part and the knee's give included"),
        degrees("of_hip", hip, float(np.hypot(_ARM_SD_DEG, _KNEE_SD_DEG))),
        median_measure(f"{stem}_pelvis_share", side, share, "1", instrument_sd=0.05,
                       note="" if np.isfinite(share).all() else _FACELESS),
        degrees("pelvis_moved", np.array([way.moved[-1] for way in ways]), 1.0),
        median_measure(f"{stem}_pelvis_delay", side, pelvis_onset - hip_onset, "s",
                       instrument_sd=0.05, note="pelvis after hip, each at 2 deg"),
    ]  # fmt: skip


def _when(way: _Way, curve: FloatArray) -> float:
    """Return when a curve has gone 2°, s; NaN if never."""
    row = first_crossing(curve, _ONSET_RAD)
    return row if np.isnan(row) else float(np.interp(row, np.arange(len(curve)), way.time_s))
