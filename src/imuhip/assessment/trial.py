"""One performance of a test: the segments' motion, and what every way of measuring asks of it.

Angles are counted from the last rest before each repetition, between two orientations of the same
segment. So nothing that was true minutes ago has to hold, and no two sensors need to agree about
north.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from imuhip.assessment.measures import Measure
from imuhip.assessment.repetitions import Repetition
from imuhip.assessment.turns import total_turn, turn_about, turns_since
from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.kinematics.angles import hip_from_segments

__all__ = ["TrialMotion", "TrialResult", "first_crossing"]


@dataclass(frozen=True, slots=True)
class TrialMotion:
    """Segments during one test.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    q_WB : mapping of segment to (n, 4) array
        ISB axes of each segment, z up; all in the world that looks ahead in the standing pose, as
        far as headings keep since then.
    facing_sd_rad : mapping of segment to float, rad
        How well its front is known.
    side : {"left", "right"}, optional
        Of the leg under test.
    """

    time_s: FloatArray
    q_WB: Mapping[str, FloatArray]
    facing_sd_rad: Mapping[str, float]
    side: Side | None

    @property
    def step_s(self) -> float:
        """Return the time between samples, s."""
        return float(self.time_s[-1] - self.time_s[0]) / max(len(self.time_s) - 1, 1)

    def since(self, segment: str, rest: int, rows: slice = slice(None)) -> FloatArray:
        """Return (m, 4), the segment's turn since a row, in its own axes of then."""
        q_WB = self.q_WB[segment]
        return turns_since(q_WB[rows], q_WB[rest])

    def about(
        self, segment: str, axis_B: FloatArray, rest: int, rows: slice = slice(None)
    ) -> FloatArray:
        """Return (m,) rad, the part of its turn since a row that is about one of its axes."""
        return turn_about(self.since(segment, rest, rows), axis_B)

    def moved(self, segment: str, rest: int, rows: slice = slice(None)) -> FloatArray:
        """Return (m,) rad, how far it has turned since a row, about whatever axis."""
        return total_turn(self.since(segment, rest, rows))

    def hip(self, side: Side, rest: int, rows: slice = slice(None)) -> FloatArray:
        """Return (m, 3) rad: how flexion, adduction and rotation of a hip changed since a row."""
        angles = hip_from_segments(self.q_WB["pelvis"], self.q_WB[f"thigh_{side}"], side)
        angles = np.unwrap(angles, axis=0)
        return np.asarray(angles[rows] - angles[rest])

    def up_B(self, segment: str, rows: slice | int = slice(None)) -> FloatArray:
        """Return (m, 3), or (3,) of one row: the upward vertical in the segment's axes."""
        q_BW = quaternion.conjugate(self.q_WB[segment][rows])
        return quaternion.rotate(q_BW, np.array([0.0, 0.0, 1.0]))


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What one performance of a test gave.

    Parameters
    ----------
    test : str
    side : {"left", "right"}, optional
    start_s, end_s : float, s
        Of the performance, on the recording's clock.
    repetitions : mapping of direction to tuple of Repetition
        ``"internal"`` and ``"external"``, or ``""`` where a test has one direction.
    measures : tuple of Measure
    notes : tuple of str
        What a reader has to know: why something is missing, what makes a number weak.
    """

    test: str
    side: Side | None
    start_s: float
    end_s: float
    repetitions: Mapping[str, tuple[Repetition, ...]]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...] = ()

    def measure(self, name: str) -> Measure:
        """Return one measure.

        Raises
        ------
        KeyError
            When the test does not give it.
        """
        for found in self.measures:
            if found.name == name:
                return found
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "test": self.test,
            "side": self.side,
            "start_s": float(self.start_s),
            "end_s": float(self.end_s),
            "repetitions": {
                direction or "all": [
                    {"start_s": r.start_s, "peak_s": r.peak_s, "end_s": r.end_s} for r in found
                ]
                for direction, found in self.repetitions.items()
            },
            "measures": [measure.as_dict() for measure in self.measures],
            "notes": list(self.notes),
        }


def first_crossing(values: FloatArray, level: float) -> float:
    """Return the row, with a fraction, at which `values` first reach `level`; NaN if never."""
    above = values >= level
    if not above.any():
        return float("nan")
    row = int(np.argmax(above))
    if row == 0:
        return 0.0
    return row - 1 + float((level - values[row - 1]) / (values[row] - values[row - 1]))
