"""90/90 rotations on the floor: both knees fall to one side; what turns, and is the pelvis quiet.

The feet stay, so each leg turns as one piece about the line from hip to ankle, one hip inwards and
the other outwards. The shank shows that turn, and its part about the femur is the rotation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_both_ways
from imuhip.assessment.rotation_range import PELVIS_MOVED_RAD
from imuhip.assessment.standing import summarised
from imuhip.assessment.trial import TrialMotion, first_crossing
from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["find_falls", "measure_falls"]

_SIGN: Final = {"internal": 1.0, "external": -1.0}
_Y = np.array([0.0, 1.0, 0.0])


def find_falls(
    motion: TrialMotion, test: MovementTest, side: Side
) -> dict[str, tuple[Repetition, ...]]:
    """Return the repetitions in which the side's hip turns inwards, and those outwards."""
    turned = motion.about(f"shank_{side}", _femur(motion, side, 0), 0)
    least = np.radians(test.repetitions.least_deg)
    return find_both_ways(motion.time_s, turned, _SIGN, least_rad=least)


def _femur(motion: TrialMotion, side: Side, rest: int) -> FloatArray:
    """Return the femur's axis at rest in the shank's axes, + inwards.

    The thigh sensor shows it; without one the knee is taken for bent to a right angle.
    """
    s = side_sign(side)
    thigh = f"thigh_{side}"
    if thigh not in motion.q_WB:
        return np.array([-s, 0.0, 0.0])
    along_W = quaternion.rotate(motion.q_WB[thigh][rest], _Y)
    return s * quaternion.rotate(quaternion.conjugate(motion.q_WB[f"shank_{side}"][rest]), along_W)


def measure_falls(
    motion: TrialMotion,
    test: MovementTest,
    side: Side,
    repetitions: Mapping[str, tuple[Repetition, ...]],
) -> tuple[Measure, ...]:
    """Return what the side's hip turns in both directions, and how quiet the pelvis stays."""
    way_of = {rep: way for way, found in repetitions.items() for rep in found}

    def one(rep: Repetition) -> dict[str, float]:
        way = way_of[rep]
        out = slice(rep.rest, rep.peak + 1)
        femur = _femur(motion, side, rep.rest)
        turned = _SIGN[way] * motion.about(f"shank_{side}", femur, rep.rest, out)
        moved = motion.moved("pelvis", rep.rest, slice(rep.rest, rep.back + 1))
        at = first_crossing(moved[: len(turned)], PELVIS_MOVED_RAD)
        row = len(turned) - 1 if np.isnan(at) else at
        return {
            f"{way}_rotation_apparent": float(turned[-1]),
            f"{way}_rotation_true": float(np.interp(row, np.arange(len(turned)), turned)),
            "pelvis_moved": float(moved[len(turned) - 1]),
            "pelvis_quiet_share": float(1.0 - moved[len(turned) - 1] / turned[-1]),
            "return_error": float(moved[-1]),
        }

    return summarised(test.name, side, tuple(way_of), one)
