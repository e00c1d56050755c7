"""Which way of measuring a test names, and how many repetitions it has to have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from imuhip.assessment.hinge import find_bows, measure_hinge
from imuhip.assessment.hip_range import find_range, measure_range
from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import MeasuredBy, MovementTest
from imuhip.assessment.repetitions import Repetition
from imuhip.assessment.rotation_range import find_rotation, measure_rotation
from imuhip.assessment.trial import TrialMotion
from imuhip.core.segments import Side

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


_WAYS: Final[Mapping[MeasuredBy, Callable[[TrialMotion, MovementTest, Side | None], Found]]] = {
    "hip_rotation": _rotation,
    "hip_flexion": _range,
    "hip_extension": _range,
    "hinge": _hinge,
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
