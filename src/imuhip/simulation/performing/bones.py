"""What the bones did: repetitions and angles measured on the simulated motion itself.

No parameter of a movement is asked here. Every angle is a change from the rest right before the
repetition, measured between two orientations of the same bone in the room, or of two bones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.simulation.ideal_imu import SegmentMotion
from imuhip.simulation.performing.timing import Beat

__all__ = ["Bones", "Repetition", "farthest", "find_repetition", "first_crossing"]

_PART_OF_WAY, _AT_REST = 0.05, 0.002


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition, on the recording's clock.

    Parameters
    ----------
    start_s : float
        The test's main angle has gone 5 % of this repetition's way.
    peak_s : float
        It is farthest.
    end_s : float
        It is back to 5 % of the way.
    rest_s : float
        The last instant of rest before it (0.2 % of the way): what angles are counted from.
    direction : str
        ``"internal"``, ``"external"``, or empty where a test has one direction.
    """

    start_s: float
    peak_s: float
    end_s: float
    rest_s: float
    direction: str = ""

    def later(self, by_s: float) -> Repetition:
        """Return it on a clock that began so much earlier."""
        return Repetition(
            self.start_s + by_s, self.peak_s + by_s, self.end_s + by_s, self.rest_s + by_s,
            self.direction,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bones:
    """The bones of a performance.

    Parameters
    ----------
    time_s : (n,) array, s
    motions : mapping of segment to SegmentMotion
    angles_deg : mapping of channel to (n,) array, deg
        Of `imuhip.simulation.motion.BodyMotion`.
    """

    time_s: FloatArray
    motions: Mapping[str, SegmentMotion]
    angles_deg: Mapping[str, FloatArray]

    def row(self, at_s: float) -> int:
        """Return the sample nearest to an instant."""
        return int(np.clip(np.searchsorted(self.time_s, at_s), 0, len(self.time_s) - 1))

    def between(self, from_s: float, to_s: float) -> slice:
        """Return the rows of a stretch, both ends included."""
        return slice(self.row(from_s), self.row(to_s) + 1)

    def turned(self, segment: str, from_s: float, rows: slice) -> FloatArray:
        """Return (m, 4), a bone's turn since `from_s` in its own axes of then."""
        q_WB = self.motions[segment].q_WB
        return quaternion.multiply(quaternion.conjugate(q_WB[self.row(from_s)]), q_WB[rows])

    def about(self, segment: str, axis: int, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, the part of a bone's turn about its own x, y or z axis (twist)."""
        q = self.turned(segment, from_s, rows)
        turn = 2.0 * np.arctan2(q[:, 1 + axis], q[:, 0])
        return np.asarray(np.degrees(np.unwrap(np.mod(turn + np.pi, 2.0 * np.pi) - np.pi)))

    def size(self, segment: str, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, how far a bone has turned about whatever axis."""
        q = self.turned(segment, from_s, rows)
        half = np.arctan2(np.linalg.norm(q[:, 1:], axis=1), np.abs(q[:, 0]))
        return np.asarray(np.degrees(2.0 * half))

    def about_femur(self, segment: str, side: Side, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, a bone's turn about that side's femur as it lay at `from_s`.

        Positive is the way in which the thigh turns inwards.
        """
        return side_sign(side) * self._about_line(segment, f"thigh_{side}", 1, from_s, rows)

    def flexed(self, segment: str, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, a bone's turn about the pelvis' axis to the right as it was at `from_s`.

        Positive is the way in which a thigh goes forwards.
        """
        return self._about_line(segment, "pelvis", 2, from_s, rows)

    def _about_line(
        self, segment: str, carrier: str, axis: int, from_s: float, rows: slice
    ) -> FloatArray:
        """Return (m,) deg, a bone's turn in the room about another bone's axis of `from_s`."""
        row = self.row(from_s)
        q_WB = self.motions[segment].q_WB
        turn_W = quaternion.multiply(q_WB[rows], quaternion.conjugate(q_WB[row]))
        line_W = quaternion.rotate(self.motions[carrier].q_WB[row], np.eye(3)[axis])
        part = 2.0 * np.arctan2(turn_W[:, 1:] @ line_W, turn_W[:, 0])
        return np.asarray(np.degrees(np.unwrap(np.mod(part + np.pi, 2.0 * np.pi) - np.pi)))

    def inclined(self, segment: str, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, the angle between a bone's long axis now and at `from_s`."""
        q_WB = self.motions[segment].q_WB
        along = np.array([0.0, 1.0, 0.0])
        then = quaternion.rotate(q_WB[self.row(from_s)], along)
        now = quaternion.rotate(q_WB[rows], along)
        across = np.linalg.norm(np.cross(now, then), axis=1)
        return np.asarray(np.degrees(np.arctan2(across, now @ then)))

    def turned_on(
        self, carrier: str, segment: str, axis: int, from_s: float, rows: slice
    ) -> FloatArray:
        """Return (m,) deg, a bone's turn on another bone about its own x, y or z axis (twist)."""
        q_CB = quaternion.multiply(
            quaternion.conjugate(self.motions[carrier].q_WB), self.motions[segment].q_WB
        )
        turn = quaternion.multiply(quaternion.conjugate(q_CB[self.row(from_s)]), q_CB[rows])
        part = 2.0 * np.arctan2(turn[:, 1 + axis], turn[:, 0])
        return np.asarray(np.degrees(np.unwrap(np.mod(part + np.pi, 2.0 * np.pi) - np.pi)))

    def rates_deg_s(self, segment: str, rows: slice) -> FloatArray:
        """Return (m, 3) deg/s, a bone's angular rate in its own axes (central differences)."""
        q_WB = self.motions[segment].q_WB
        index = np.arange(*rows.indices(len(q_WB)))
        before, after = np.maximum(index - 1, 0), np.minimum(index + 1, len(q_WB) - 1)
        turn = quaternion.multiply(quaternion.conjugate(q_WB[before]), q_WB[after])
        seconds = self.time_s[after] - self.time_s[before]
        return np.asarray(np.degrees(quaternion.rotation_vector(turn)) / seconds[:, None])

    def changed(self, angle: str, from_s: float, rows: slice) -> FloatArray:
        """Return (m,) deg, how an angle of the joint columns has changed since `from_s`."""
        values = self.angles_deg[angle]
        return np.asarray(values[rows] - values[self.row(from_s)])


def farthest(values: FloatArray) -> float:
    """Return the value farthest from zero, with its sign."""
    return float(values[np.argmax(np.abs(values))])


def first_crossing(time_s: FloatArray, values: FloatArray, level: float) -> float:
    """Return when `values` first reach `level`, interpolated; NaN where they never do."""
    above = values >= level
    if not above.any():
        return float("nan")
    k = int(np.argmax(above))
    if k == 0:
        return float(time_s[0])
    part = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(time_s[k - 1] + part * (time_s[k] - time_s[k - 1]))


def find_repetition(time_s: FloatArray, main: FloatArray, beat: Beat) -> Repetition:
    """Return when a repetition began, was farthest and ended.

    Parameters
    ----------
    time_s : (n,) array, s
    main : (n,) array
        The test's main angle, growing with the movement.
    beat : Beat
        Tells only in which stretch to look.
    """
    first, last = np.searchsorted(time_s, beat.quiet_s)
    rows = slice(int(first), min(int(last) + 1, len(time_s)))
    time, angle = time_s[rows], main[rows]
    top = int(np.argmax(angle))
    out, back = angle[: top + 1], angle[top:]
    return Repetition(
        start_s=_last_below(time[: top + 1], out, _PART_OF_WAY),
        peak_s=float(time[top]),
        end_s=-_last_below(-time[top:][::-1], back[::-1], _PART_OF_WAY),
        rest_s=_last_below(time[: top + 1], out, _AT_REST),
        direction=beat.direction,
    )


def _last_below(time_s: FloatArray, rising: FloatArray, part: float) -> float:
    """Return when a way from first to last value last stood at a part of itself."""
    level = rising[0] + part * (rising[-1] - rising[0])
    below = np.flatnonzero(rising < level)
    k = int(below[-1]) if len(below) else 0
    if k + 1 >= len(rising) or rising[k + 1] == rising[k]:
        return float(time_s[k])
    step = float(np.clip((level - rising[k]) / (rising[k + 1] - rising[k]), 0.0, 1.0))
    return float(time_s[k] + step * (time_s[k + 1] - time_s[k]))
