"""Whether the sensors still sit where they were calibrated: breaks, gaps, and sensors taken off.

Three things tell. Hips cannot bend the way sensors lie on a table. A sensor that sends nothing for
a minute may have been anywhere. And when gait comes back after a break, each sensor must feel
gravity, and each thigh must swing about the axis, where it did before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from imuhip.analysis.live_frame import LiveFrame
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["LiveWear", "Removal"]

_IMPOSSIBLE_BLOCKS = 2

_LONG_GAP_S = 60.0
"""In a minute a sensor can be taken off and put on again."""

_BREAK_S = 20.0
_LONG_BREAK_S = 60.0
_CHECK_BLOCKS = 4
_KNOWN_BLOCKS = 5
_OTHERWISE_RAD = np.radians(18.0)
"""Speed and running lean a body by 10° and less; a sensor put on anew is hardly ever so exact."""

_HEADING_JUMP_RAD = np.radians(15.0)
_HEADING_SIGMAS = 4.0


@dataclass(frozen=True, slots=True)
class Removal:
    """Sensors that do not sit any more as they were calibrated.

    Parameters
    ----------
    segments : tuple of str
    since_block : int
        Poses from this block on may be of the sensors as they sit now.
    reason : str
    """

    segments: tuple[str, ...]
    since_block: int
    reason: str


@dataclass
class _Seat:
    """How one sensor feels gait: the mean of gravity, and the axis it swings about."""

    force: FloatArray = field(default_factory=lambda: np.zeros(3))
    swing: complex = 0j
    n_blocks: int = 0

    def add(self, force: FloatArray, swing: complex) -> None:
        self.force, self.swing = self.force + force, self.swing + swing
        self.n_blocks += 1

    def differs(self, other: _Seat, *, swings: bool) -> bool:
        cosine = float(self.force @ other.force)
        cosine /= float(np.linalg.norm(self.force) * np.linalg.norm(other.force))
        if np.arccos(np.clip(cosine, -1.0, 1.0)) > _OTHERWISE_RAD:
            return True
        turned = 0.5 * np.angle(self.swing * np.conj(other.swing))
        return swings and bool(abs(turned) > _OTHERWISE_RAD)


class LiveWear:
    """Watches how the sensors sit, block by block.

    Parameters
    ----------
    segments : tuple of str
        The pelvis and the thighs.
    rate_hz : float
    """

    def __init__(self, segments: tuple[str, ...], rate_hz: float) -> None:
        self._segments, self._rate_hz = segments, rate_hz
        self._gone_rows = dict.fromkeys(segments, 0)
        self._impossible_blocks = 0
        self._last_walk: int | None = None
        self._checked_from: int | None = None
        self._seats: dict[str, _Seat] = {}
        self._fresh: dict[str, _Seat] = {}
        self.is_doubtful = False

    def begin(self, segments: Sequence[str] | None = None) -> None:
        """Learn anew how these sensors (all by default) feel gait: they were put on anew."""
        for segment in self._segments if segments is None else segments:
            self._seats.pop(segment, None)
        self._fresh, self._checked_from, self.is_doubtful = {}, None, False
        self._impossible_blocks = 0

    def add(
        self,
        frame: LiveFrame,
        up_S: Mapping[str, FloatArray],
        impossible_share: float,
        jumps: Mapping[Side, tuple[float, float]],
    ) -> Removal | None:
        """Take in a block; returns what was taken off or moved, if anything was.

        Parameters
        ----------
        frame : LiveFrame
        up_S : mapping of segment to (3,) array
            Vertical in the pose, of the sensors that are calibrated.
        impossible_share : float
            Of the block's rows, of the leg that has most
            (`imuhip.kinematics.hip_limits.impossible_hip`).
        jumps : mapping of side to (innovation, sigma), rad
            Of the headings measured in this block.
        """
        back = self._back_after_long(frame)
        if back:
            return Removal(back, frame.index, "no samples for more than a minute")
        if not up_S:
            return None
        self._impossible_blocks = self._impossible_blocks + 1 if impossible_share > 0.5 else 0
        if self._impossible_blocks >= _IMPOSSIBLE_BLOCKS:
            return Removal(self._segments, frame.index + 1, "the hips cannot be bent like that")
        return self._after_break(frame, up_S, jumps)

    def _back_after_long(self, frame: LiveFrame) -> tuple[str, ...]:
        """Return the sensors that are back after a long gap."""
        back = []
        for segment in self._segments:
            known = frame.motions[segment].trusted
            if not known.any():
                self._gone_rows[segment] += len(known)
                continue
            gone_rows = self._gone_rows[segment] + int(np.argmax(known))
            self._gone_rows[segment] = int(np.argmax(known[::-1]))
            if gone_rows > _LONG_GAP_S * self._rate_hz:
                back.append(segment)
        return tuple(back)

    def _after_break(
        self,
        frame: LiveFrame,
        up_S: Mapping[str, FloatArray],
        jumps: Mapping[Side, tuple[float, float]],
    ) -> Removal | None:
        if 2 * frame.gait.sum() < len(frame.gait):
            return None
        rested_s = self._rested_s(frame)
        since_block = frame.index if self._last_walk is None else self._last_walk + 1
        self._last_walk = frame.index
        if rested_s > _BREAK_S and self._seats:
            self._checked_from, self._fresh = since_block, {}
            self.is_doubtful = rested_s > _LONG_BREAK_S
            jumped = self._jumped(jumps)
            if jumped:
                return Removal(jumped, since_block, "the heading is not where it was before")
        if self._checked_from is None:
            self._learn(self._seats, frame, up_S)
            return None
        self._learn(self._fresh, frame, up_S)
        if max((seat.n_blocks for seat in self._fresh.values()), default=0) < _CHECK_BLOCKS:
            return None
        moved = self._moved()
        since, self._checked_from, self.is_doubtful = self._checked_from, None, False
        if moved:
            return Removal(moved, since, "it does not sit where it sat before the break")
        return None

    def _rested_s(self, frame: LiveFrame) -> float:
        if self._last_walk is None:
            return 0.0
        blocks = frame.index - self._last_walk - 1
        return blocks * len(frame.gait) / self._rate_hz

    def _learn(
        self, seats: dict[str, _Seat], frame: LiveFrame, up_S: Mapping[str, FloatArray]
    ) -> None:
        for segment, up in up_S.items():
            rows = frame.gait & frame.motions[segment].trusted
            if 2 * rows.sum() < len(rows):
                continue
            first = np.cross(up, np.eye(3)[np.argmin(np.abs(up))])
            first = first / np.linalg.norm(first)
            rate = frame.smooth_gyr[segment][rows]
            flat: npt.NDArray[Any] = rate @ first + 1j * (rate @ np.cross(up, first))
            force = frame.motions[segment].acc[rows].mean(axis=0)
            seats.setdefault(segment, _Seat()).add(force, complex(np.mean(flat**2)))

    def _jumped(self, jumps: Mapping[Side, tuple[float, float]]) -> tuple[str, ...]:
        far = [
            side
            for side, (innovation, sigma) in jumps.items()
            if abs(innovation) > max(_HEADING_JUMP_RAD, _HEADING_SIGMAS * sigma)
        ]
        if not far:
            return ()
        return self._segments if len(far) == len(jumps) else tuple(f"thigh_{s}" for s in far)

    def _moved(self) -> tuple[str, ...]:
        moved = [
            segment
            for segment, seat in self._fresh.items()
            if segment in self._seats
            and self._seats[segment].n_blocks >= _KNOWN_BLOCKS
            and self._seats[segment].differs(seat, swings=segment != "pelvis")
        ]
        return self._segments if "pelvis" in moved or len(moved) > 1 else tuple(moved)
