"""What a live session decided, second by second and block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_track import HeadingFilter, HeadingTrack

__all__ = ["LiveLog"]

_UNKNOWN = (np.nan, np.nan, np.nan, np.nan)


@dataclass
class LiveLog:
    """Grows by one entry per block; a few dozen bytes each."""

    still: list[BoolArray] = field(default_factory=list)
    period_s: list[FloatArray] = field(default_factory=list)
    headings: list[dict[Side, tuple[float, float, float, float]]] = field(default_factory=list)

    def add(
        self,
        still: BoolArray,
        period_s: FloatArray,
        headings: dict[Side, HeadingFilter],
        innovations_rad: dict[Side, float],
    ) -> None:
        """Store one block."""
        self.still.append(still)
        self.period_s.append(period_s)
        self.headings.append(
            {
                side: (
                    found.heading_rad,
                    found.drift_sd_rad,
                    found.rate_rad_s,
                    innovations_rad.get(side, float("nan")),
                )
                for side, found in headings.items()
            }
        )

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
