"""Hip hinge: does the pelvis tip over the hips, or does the person squat; and what else it does.

The *hinge index* is the pelvis' tilt as a share of tilt and thigh inclination together: near 1 the
pelvis tips over standing thighs, near 0.5 it goes down as in a squat. List, twist, shift and the
thighs' likeness are shown beside it, each in degrees: there is no score. With a sensor on the upper
trunk (T12) the hip's share of the trunk's inclination is told by quarter of the descent; without
one nothing is said of the spine.
"""

from __future__ import annotations

import numpy as np

from imuhip.assessment.measures import Measure, Unit, median_measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_repetitions
from imuhip.assessment.trial import TrialMotion, first_crossing
from imuhip.assessment.turns import farthest
from imuhip.core import quaternion
from imuhip.core.cardan import pelvis_angles
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray

__all__ = ["find_bows", "measure_hinge", "pelvis_change", "thigh_lean"]

_UP = np.array([0.0, 1.0, 0.0])
_RIGHT = np.array([0.0, 0.0, 1.0])
_QUARTERS = (0.25, 0.5, 0.75, 1.0)
_LEAST_BOW_RAD = np.radians(5.0)
_RHYTHM = (
    *(f"hinge_hip_share_q{k}" for k in (1, 2, 3, 4)),
    "hinge_hip_share",
    "hinge_spine_flexion",
)
_TILT_SD_DEG, _LEAN_SD_DEG, _LIST_SD_DEG = 1.5, 2.5, 2.0


def find_bows(motion: TrialMotion, test: MovementTest) -> tuple[Repetition, ...]:
    """Return the repetitions: the pelvis tips forwards and comes back."""
    tilt = pelvis_change(motion, 0)[:, 0]
    return find_repetitions(motion.time_s, tilt, least_rad=np.radians(test.repetitions.least_deg))


def pelvis_change(motion: TrialMotion, rest: int, rows: slice = slice(None)) -> FloatArray:
    """Return (m, 3) rad: how tilt, obliquity and rotation of the pelvis changed since a row."""
    angles = np.unwrap(pelvis_angles(motion.q_WB["pelvis"]), axis=0)
    return np.asarray(angles[rows] - angles[rest])


def thigh_lean(motion: TrialMotion, side: Side, rest: int, row: int) -> float:
    """Return the angle (rad) between a thigh's long axis at two rows."""
    q = motion.q_WB[f"thigh_{side}"][[rest, row]]
    then, now = quaternion.rotate(q, _UP)
    return float(np.arctan2(np.linalg.norm(np.cross(then, now)), then @ now))


def measure_hinge(motion: TrialMotion, repetitions: tuple[Repetition, ...]) -> tuple[Measure, ...]:
    """Return the hinge index and its components.

    Parameters
    ----------
    motion : TrialMotion
        With the pelvis and both thighs; the trunk where it is worn.
    repetitions : tuple of Repetition
        From `find_bows`.
    """
    rows = [_of_one(motion, one) for one in repetitions]
    names = dict.fromkeys(name for row in rows for name in row)
    units: dict[str, tuple[Unit, float]] = {
        "hinge_index": ("1", 0.02),
        "hinge_pelvis_tilt": ("deg", _TILT_SD_DEG),
        "hinge_thigh_inclination": ("deg", _LEAN_SD_DEG),
        "hinge_thigh_asymmetry": ("deg", 1.4 * _LEAN_SD_DEG),
        "hinge_pelvis_twist": ("deg", _LIST_SD_DEG),
        "hinge_pelvis_list": ("deg", _LIST_SD_DEG),
        "hinge_spine_flexion": ("deg", 3.0),
    }
    measures = []
    for name in names:
        unit, sd = units.get(name, ("1", 0.05))
        values = np.array([row.get(name, np.nan) for row in rows])
        if unit == "deg":
            values = np.degrees(values)
        measures.append(median_measure(name, None, values, unit, instrument_sd=sd))
    return tuple(measures)


def _of_one(motion: TrialMotion, one: Repetition) -> dict[str, float]:
    change = pelvis_change(motion, one.rest, slice(one.rest, one.back + 1))
    deepest = one.peak - one.rest
    tilt = float(change[deepest, 0])
    lean = {side: thigh_lean(motion, side, one.rest, one.peak) for side in SIDES}
    mean = 0.5 * (lean["left"] + lean["right"])
    found = {
        "hinge_index": tilt / (tilt + mean),
        "hinge_pelvis_tilt": tilt,
        "hinge_thigh_inclination": mean,
        "hinge_thigh_asymmetry": lean["left"] - lean["right"],
        "hinge_pelvis_twist": farthest(change[:, 2]),
        "hinge_pelvis_list": farthest(change[:, 1]),
    }
    return found | (_rhythm(motion, one, change) if "trunk" in motion.q_WB else {})


def _rhythm(motion: TrialMotion, one: Repetition, change: FloatArray) -> dict[str, float]:
    """Return the hip's share of the trunk's inclination, by quarter of the descent."""
    pelvis = change[: one.peak - one.rest + 1, 0]
    whole = motion.about("trunk", -_RIGHT, one.rest, slice(one.rest, one.peak + 1))
    if whole.max() < _LEAST_BOW_RAD:  # the trunk stays: no share of nothing
        return dict.fromkeys(_RHYTHM, np.nan)
    part = np.maximum.accumulate(whole) / whole.max()
    at = [int(np.ceil(first_crossing(part, quarter))) for quarter in _QUARTERS]
    shares, before = {}, 0
    for quarter, row in enumerate(at, start=1):
        gone = whole[row] - whole[before]
        share = (pelvis[row] - pelvis[before]) / gone if gone > 0.0 else np.nan
        shares[f"hinge_hip_share_q{quarter}"] = float(share)
        before = row
    return shares | {
        "hinge_hip_share": float(pelvis[at[-1]] / whole[at[-1]]),
        "hinge_spine_flexion": float(whole[at[-1]] - pelvis[at[-1]]),
    }
