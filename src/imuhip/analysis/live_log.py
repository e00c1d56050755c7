"""What a live session decided, second by second and block by block."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from imuhip.analysis.live_event import LiveEvent
from imuhip.analysis.live_frame import LiveFrame
from imuhip.analysis.live_headings import LiveHeadings
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_track import HeadingTrack

__all__ = ["LiveLog"]

_UNKNOWN = (np.nan, np.nan, np.nan, np.nan)
_KEPT_EVENTS = 500
_QUIET_S = 30.0
"""A note that comes back sooner is the same one."""


class LiveLog:
    """Grows by a hundred bytes per block: numbers in rows, not objects.

    Parameters
    ----------
    sides : sequence of Side
        Worn.
    """

    def __init__(self, sides: Sequence[Side]) -> None:
        self.events: list[LiveEvent] = []
        self._last_said_s: dict[tuple[str, str], float] = {}
        self._still = array("b")
        self._period_s = array("d")
        self._headings = {side: array("d") for side in sides}

    def add(
        self, frame: LiveFrame, headings: LiveHeadings, told: Sequence[tuple[str, str]]
    ) -> None:
        """Store one block, and what people are told at its end."""
        self._still.extend(frame.seconds_still.tolist())
        self._period_s.extend(frame.period_s.tolist())
        for side, rows in self._headings.items():
            found = headings.filters.get(side)
            rows.extend(
                _UNKNOWN
                if found is None
                else (
                    found.heading_rad,
                    found.drift_sd_rad,
                    found.rate_rad_s,
                    headings.innovations.get(side, float("nan")),
                )
            )
        at_s = float(frame.time_s[-1])
        for about, text in told:
            kind = (about, text.rstrip("0123456789. ")[:20])
            quiet_s = at_s - self._last_said_s.get(kind, -np.inf)
            self._last_said_s[kind] = at_s
            if quiet_s > _QUIET_S and len(self.events) < _KEPT_EVENTS:
                self.events.append(LiveEvent(at_s, about, text))

    def seconds(self) -> tuple[BoolArray, FloatArray]:
        """Return stillness (f,) and stride period (f,) s of every second judged."""
        return np.array(self._still, dtype=bool), np.array(self._period_s, dtype=float)

    def track(self, side: Side) -> HeadingTrack:
        """Return the heading as it was known at the end of each block, NaN before calibration."""
        rows = np.array(self._headings[side], dtype=float).reshape(-1, 4)
        return HeadingTrack(
            rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], np.empty((len(rows), 0))
        )
