"""What a live session decided, second by second and block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

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


@dataclass
class LiveLog:
    """Grows by one entry per block; a few dozen bytes each."""

    still: list[BoolArray] = field(default_factory=list)
    period_s: list[FloatArray] = field(default_factory=list)
    headings: list[dict[Side, tuple[float, float, float, float]]] = field(default_factory=list)
    events: list[LiveEvent] = field(default_factory=list)
    _last_said_s: dict[tuple[str, str], float] = field(default_factory=dict)

    def add(
        self, frame: LiveFrame, headings: LiveHeadings, told: Sequence[tuple[str, str]]
    ) -> None:
        """Store one block, and what people are told at its end."""
        self.still.append(frame.seconds_still)
        self.period_s.append(frame.period_s)
        self.headings.append(
            {
                side: (
                    found.heading_rad,
                    found.drift_sd_rad,
                    found.rate_rad_s,
                    headings.innovations.get(side, float("nan")),
                )
                for side, found in headings.filters.items()
            }
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
        if not self.still:
            return np.empty(0, dtype=bool), np.empty(0)
        return np.concatenate(self.still), np.concatenate(self.period_s)

    def track(self, side: Side) -> HeadingTrack:
        """Return the heading as it was known at the end of each block, NaN before calibration."""
        rows = np.array([entry.get(side, _UNKNOWN) for entry in self.headings]).reshape(-1, 4)
        return HeadingTrack(
            rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3], np.empty((len(rows), 0))
        )
