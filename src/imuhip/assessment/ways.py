"""Which way of measuring a test names, and how many repetitions it has to have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from imuhip.assessment.airplane import find_flights, measure_flights
from imuhip.assessment.floor_rotations import find_falls, measure_falls
from imuhip.assessment.hinge import find_bows, measure_hinge
from imuhip.assessment.hip_range import find_range, measure_range
from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import MeasuredBy, MovementTest
from imuhip.assessment.repetitions import Repetition
from imuhip.assessment.rotation_range import find_rotation, measure_rotation
from imuhip.assessment.standing import (
    find_lowerings,
    measure_lunge,
    measure_single_leg_hinge,
    measure_squat,
)
from imuhip.assessment.trial import TrialMotion
from imuhip.core.segments import SIDES, Side

__all__ = ["Found", "measure_trial"]

Found = tuple[Mapping[str, tuple[Repetition, ...]], tuple[Measure, ...]]


def _rotation(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    hip = side or "left"
    found = find_rotation(motion, test, hip)
    return found, measure_rotation(motion, test, hip, found)


def _range(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    hip = side or "left"
    found = find_range(motion, test, hip)
    return {"": found}, measure_range(motion, test, hip, found)


def _hinge(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    found = find_bows(motion, test)
    return {"": found}, measure_hinge(motion, found)


def _single_leg(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    found = find_bows(motion, test)
    return {"": found}, measure_single_leg_hinge(motion, test, side or "left", found)


def _squat(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    found = find_lowerings(motion, test, SIDES)
    return {"": found}, measure_squat(motion, test, found)


def _lunge(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    found = find_lowerings(motion, test, (side or "left",))
    return {"": found}, measure_lunge(motion, test, side or "left", found)


def _flight(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    flown = find_flights(motion, test, side or "left")
    return flown, measure_flights(motion, test, side or "left", flown)


def _falls(motion: TrialMotion, test: MovementTest, side: Side | None) -> Found:
    fallen = find_falls(motion, test, side or "left")
    return fallen, measure_falls(motion, test, side or "left", fallen)


_WAYS: Final[Mapping[MeasuredBy, Callable[[TrialMotion, MovementTest, Side | None], Found]]] = {
    "hip_rotation": _rotation,
    "hip_flexion": _range,
    "hip_extension": _range,
    "hinge": _hinge,
    "single_leg_hinge": _single_leg,
    "rotation_under_load": _single_leg,
    "squat": _squat,
    "floor_rotations": _falls,
    "lunge": _lunge,
    "pelvis_on_femur": _flight,
}


def measure_trial(motion: TrialMotion, test: MovementTest) -> Found:
    """Return the repetitions of one performance by direction, and its measures.

    Parameters
    ----------
    motion : TrialMotion
        With all segments the test needs.
    test : MovementTest
    """
    return _WAYS[test.measured_by](motion, test, motion.side)
