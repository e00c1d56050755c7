"""Whether a test was done as its marker says: in its posture, by its leg, by its movement.

A wrong marker is the commonest mistake there is, and most of what it makes looks like a number. So
what a test measures is withheld where the body lay otherwise than the test wants, where the other
leg did it, or where the leg turned about another axis. Only what is plainly so is called so: people
lean back on a chair, and free legs wander.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.assessment.facing import KNOWN_FRONT_RAD
from imuhip.assessment.hinge import thigh_lean
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition
from imuhip.assessment.trial import TrialMotion
from imuhip.assessment.turns import main_axis
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side

__all__ = ["doubts"]

_X, _Y, _Z = np.eye(3)
_LYING: Final = {"supine_90": 1.0, "supine_straight": 1.0, "prone": -1.0}
_SHANK_UP: Final = {"supine_90": (-0.7, 0.7), "prone": (-1.0, -0.5), "seated": (0.5, 1.0)}
"""How much of the shank's axis, from ankle to knee, points upwards at rest: least and most."""

_UPRIGHT = np.cos(np.radians(60.0))
_NOT_LYING = np.cos(np.radians(30.0))
_ASIDE = np.cos(np.radians(55.0))
_TWICE = 2.0
_HARDLY = 0.65
_PLAINLY_RAD = np.radians(10.0)
_LITTLE_RAD = np.radians(5.0)
_WALKED_RAD = np.radians(4.0)
"""How well a walk tells which way a segment faces; gravity in a posture never does so well."""

_MOVES: Final = {"hip_rotation": "shank", "hip_flexion": "thigh", "hip_extension": "thigh"}
"""What of the leg under test moves, and of the other does not."""

_FARTHEST: Final = {
    "hip_rotation": np.radians(100.0),
    "hip_flexion": np.radians(165.0),
    "hip_extension": np.radians(65.0),
}


def doubts(
    motion: TrialMotion, test: MovementTest, repetitions: Mapping[str, tuple[Repetition, ...]]
) -> tuple[str, ...]:
    """Return in words why this was not the test that its marker names; empty where it may be.

    Parameters
    ----------
    motion : TrialMotion
        Sensors on the other leg are looked at where they are worn: without any nothing tells
        whether the other leg did it.
    test : MovementTest
    repetitions : mapping of direction to tuple of Repetition
        As they were found.
    """
    found = [one for ones in repetitions.values() for one in ones]
    said = [_posture(motion, test, found)]
    if motion.side is not None:
        said.append(_knee(motion, test, motion.side, found))
        said.append(_other_leg(motion, test, motion.side, found))
        if found:
            said.append(_other_axis(motion, test, motion.side))
        said.append(_beyond(motion, test, motion.side, found))
    return tuple(one for one in said if one)


def _posture(motion: TrialMotion, test: MovementTest, found: list[Repetition]) -> str:
    """Return how the pelvis lay otherwise than the test wants, at rest before the repetitions."""
    if test.measured_by == "pelvis_on_femur":  # stands, but bowed
        return ""
    rows = [one.rest for one in found] or list(range(len(motion.time_s)))
    up = np.median(motion.up_B("pelvis")[rows], axis=0)
    if test.position not in _LYING:
        if up @ _Y > _UPRIGHT:
            return ""
        return f"the pelvis was not upright, as the test wants ({_words(test)})"
    if abs(up @ _Y) > _NOT_LYING:
        return f"the pelvis was upright, and the test wants it lying ({_words(test)})"
    faces = _LYING[test.position] * (up @ _X)
    if motion.facing_sd_rad["pelvis"] < KNOWN_FRONT_RAD and faces < -_UPRIGHT:
        lay = "face" if _LYING[test.position] > 0.0 else "back"
        return f"the person lay on the {lay}, and the test wants the other ({_words(test)})"
    return ""


def _knee(motion: TrialMotion, test: MovementTest, side: Side, found: list[Repetition]) -> str:
    """Return that a shank did not point as a rotation test wants it; no front is asked for that."""
    if test.measured_by != "hip_rotation" or test.position not in _SHANK_UP or not found:
        return ""
    along = float(np.median(motion.up_B(f"shank_{side}")[[one.rest for one in found], 1]))
    least, most = _SHANK_UP[test.position]
    if least <= along <= most:
        return ""
    return f"the shank did not lie as the test wants it ({_words(test)}, knee at a right angle)"


def _words(test: MovementTest) -> str:
    return test.position.replace("_", " ")


def _other_leg(motion: TrialMotion, test: MovementTest, side: Side, found: list[Repetition]) -> str:
    """Return that the other leg did it, where it wears a sensor and plainly did."""
    other: Side = "right" if side == "left" else "left"
    wrong = f"the {other} leg did this test, not the {side}: its marker names the wrong side"
    moves = _MOVES.get(test.measured_by)
    if moves is not None:
        if f"{moves}_{other}" not in motion.q_WB:
            return ""
        own, its = (float(motion.moved(f"{moves}_{s}", 0).max()) for s in (side, other))
        enough = np.radians(test.repetitions.least_deg)
        return wrong if its > max(enough, _TWICE * own) else ""
    if f"thigh_{other}" not in motion.q_WB or f"thigh_{side}" not in motion.q_WB:
        return ""
    if test.measured_by in ("single_leg_hinge", "rotation_under_load"):
        return wrong if found and _stands_on(motion, side, other, found) else ""
    if test.measured_by == "lunge":
        own, its = _leans(motion, side, other, found)
        return wrong if its > own + _PLAINLY_RAD else ""
    if test.measured_by == "pelvis_on_femur":
        own, its = (
            float(np.arccos(np.clip(np.median(motion.up_B(f"thigh_{s}")[:, 1]), -1.0, 1.0)))
            for s in (side, other)
        )
        return wrong if own > its + _PLAINLY_RAD else ""
    return ""


def _beyond(motion: TrialMotion, test: MovementTest, side: Side, found: list[Repetition]) -> str:
    """Return that the leg went farther than any hip does."""
    moves, most = _MOVES.get(test.measured_by), _FARTHEST.get(test.measured_by)
    if moves is None or most is None or not found:
        return ""
    went = np.median([motion.moved(f"{moves}_{side}", one.rest)[one.peak] for one in found])
    if went < most:
        return ""
    return f"the leg went by {np.degrees(went):.0f} deg, and no hip does ({test.title.lower()})"


def _stands_on(motion: TrialMotion, side: Side, other: Side, found: list[Repetition]) -> bool:
    """Return whether somebody bowed over the other leg.

    A standing thigh turns against the pelvis, the free one backwards with it. Where a walk showed
    the thighs' fronts the directions tell. Elsewhere the free thigh is the one that leans as far as
    the pelvis does while the other hardly leans; who squats leans farther than that.
    """
    if all(motion.facing_sd_rad[f"thigh_{s}"] < _WALKED_RAD for s in (side, other)):
        own, its = (
            float(np.median([motion.about(f"thigh_{s}", _Z, one.rest)[one.peak] for one in found]))
            for s in (side, other)
        )
        return bool(own < -_LITTLE_RAD and its > _LITTLE_RAD)
    own, its = _leans(motion, side, other, found)
    pelvis = np.median([motion.moved("pelvis", one.rest)[one.peak] for one in found])
    return bool(own < pelvis + _LITTLE_RAD and its < min(own - _PLAINLY_RAD, _HARDLY * own))


def _leans(
    motion: TrialMotion, side: Side, other: Side, found: list[Repetition]
) -> tuple[float, float]:
    """Return how far both thighs lean, rad: at the depth of repetitions, or at most at all."""
    if not found:
        own, its = (float(motion.moved(f"thigh_{s}", 0).max()) for s in (side, other))
        return own, its
    own, its = (
        float(np.median([thigh_lean(motion, s, one.rest, one.peak) for one in found]))
        for s in (side, other)
    )
    return own, its


def _other_axis(motion: TrialMotion, test: MovementTest, side: Side) -> str:
    """Return that the leg turned about another axis than the test's."""
    moves = _MOVES.get(test.measured_by)
    segment = f"{moves}_{side}"
    if moves is None or motion.facing_sd_rad[segment] >= KNOWN_FRONT_RAD:
        return ""
    about = np.array([-side_sign(side), 0.0, 0.0]) if moves == "shank" else _Z
    axis, _ = main_axis(motion.since(segment, 0), about)
    if axis @ about > _ASIDE:
        return ""
    done, wanted = ("lifted", "turned") if moves == "shank" else ("turned", "lifted")
    return f"the leg was {done} or held otherwise, and the test wants it {wanted}"
