"""Whether the person stands still, sensor by sensor, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from imuhip.calibration.stillness import still_frames
from imuhip.core.series import FloatArray, ImuSeries

__all__ = ["POSE_S", "PoseWatch"]

POSE_S: Final = 5.0
"""The N-pose asked for; the analysis of a test needs one second of it, a good zero needs five."""

_FRAME_S = 0.5
_LEAST_SHARE = 0.8
_PATIENCE_S = 0.5


class PoseWatch:
    """Looks at half seconds, all sensors together.

    Parameters
    ----------
    segments : iterable of str
        All of them must be still.
    rate_hz : float
    at_s : float, s
        Nothing before it counts.
    """

    def __init__(self, segments: Iterable[str], rate_hz: float, at_s: float) -> None:
        self.moving: tuple[str, ...] = ()
        self._rows: dict[str, list[ImuSeries]] = {segment: [] for segment in segments}
        self._least = round(_LEAST_SHARE * _FRAME_S * rate_hz)
        self._since_s = at_s
        self._next_s = at_s

    @property
    def still_s(self) -> float:
        """Return for how long everything has been still, s."""
        return self._next_s - self._since_s

    @property
    def pose(self) -> tuple[float, float] | None:
        """Return start and end (s) of the standing pose as soon as it was long enough."""
        return (self._since_s, self._next_s) if self.still_s >= POSE_S else None

    def add(self, blocks: Mapping[str, ImuSeries], now_s: float) -> None:
        """Take in the newest samples of any sensors, on the clock of `now_s`."""
        for segment, block in blocks.items():
            if segment in self._rows:
                self._rows[segment].append(block)
        while self.pose is None and self._complete(now_s):
            end_s = self._next_s + _FRAME_S
            self.moving = tuple(s for s in self._rows if not self._still(s, end_s))
            self._next_s = end_s
            if self.moving:
                self._since_s = end_s
            for segment, blocks_kept in self._rows.items():
                self._rows[segment] = [b for b in blocks_kept if b.time_s[-1] >= end_s]

    def _complete(self, now_s: float) -> bool:
        """Return whether every sensor has told of the next half second, or was waited for."""
        end_s = self._next_s + _FRAME_S
        if now_s >= end_s + _PATIENCE_S:
            return True
        return all(rows and rows[-1].time_s[-1] >= end_s for rows in self._rows.values())

    def _still(self, segment: str, end_s: float) -> bool:
        parts = [block.between(self._next_s, end_s) for block in self._rows[segment]]
        acc, gyr = (_joined([getattr(p, name) for p in parts]) for name in ("acc", "gyr"))
        if len(acc) < self._least:
            return False
        return bool(still_frames({segment: gyr}, {segment: acc}, len(acc)).all())


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.empty((0, 3))
