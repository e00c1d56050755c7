"""The last seconds of every angle in degrees, and what each of them is at present."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.analysis.live_angles import LiveAngles
from imuhip.app.models.display_ring import DisplayRing
from imuhip.core.segments import ANGLES
from imuhip.core.series import FloatArray

__all__ = ["AngleCurve", "AngleHistory", "AngleReading"]

FRESH_S = 0.5
"""An angle older than this is no longer called the present one."""


@dataclass(frozen=True, slots=True)
class AngleCurve:
    """One angle over the display's span.

    Parameters
    ----------
    first_row : int
        Number of the first row since the start of the session; patterns are anchored to it.
    age_s : (n,) array, s
        Time relative to the present: negative, ending just before 0.
    value_deg, sd_deg : (n,) array, degrees
        NaN where unknown.
    """

    first_row: int
    age_s: FloatArray
    value_deg: FloatArray
    sd_deg: FloatArray


@dataclass(frozen=True, slots=True)
class AngleReading:
    """One angle in numbers; every field None when it is not known at present.

    Parameters
    ----------
    value_deg, sd_deg : float or None, degrees
        The newest value and its one-sigma uncertainty.
    lowest_deg, highest_deg : float or None, degrees
        Over the display's span.
    """

    value_deg: float | None = None
    sd_deg: float | None = None
    lowest_deg: float | None = None
    highest_deg: float | None = None

    @property
    def is_known(self) -> bool:
        """Return whether there is a present value."""
        return self.value_deg is not None


class AngleHistory:
    """Keeps what the live pipeline gave out, in degrees.

    Parameters
    ----------
    rate_hz : float
        Of the rows.
    span_s : float, s
        How far the display looks back.
    """

    def __init__(self, rate_hz: float, span_s: float) -> None:
        self.span_s = span_s
        self.rate_hz = rate_hz
        self.now_s = 0.0
        self._column = {angle: k for k, angle in enumerate(ANGLES)}
        self._ring = DisplayRing(2 * len(ANGLES), max(1, int(span_s * rate_hz * 1.1) + 2))

    @property
    def n_rows(self) -> int:
        """Return how many rows were ever taken in."""
        return self._ring.n_written

    def append(self, angles: LiveAngles) -> None:
        """Take in a block; angles it lacks (a thigh without sensor) stay unknown."""
        n_rows, n_angles = len(angles.time_s), len(ANGLES)
        values = np.full((n_rows, 2 * n_angles), np.nan)
        for angle, column in self._column.items():
            if angle in angles.values:
                values[:, column] = np.degrees(angles.values[angle])
                values[:, n_angles + column] = np.degrees(angles.sd[angle])
        self._ring.append(angles.time_s, values)
        if n_rows:
            self.now_s = max(self.now_s, float(angles.time_s[-1]))

    def move_to(self, now_s: float) -> None:
        """Let the present be `now_s`, on the clock of the rows, though no rows came."""
        self.now_s = max(self.now_s, now_s)

    def curve(self, angle: str) -> AngleCurve:
        """Return one angle over the span, as views valid until the next `append`."""
        column = self._column[angle]
        first_row, time_s, values = self._ring.since(self.now_s - self.span_s)
        return AngleCurve(
            first_row, time_s - self.now_s, values[:, column], values[:, len(ANGLES) + column]
        )

    def reading(self, angle: str) -> AngleReading:
        """Return one angle in numbers."""
        curve = self.curve(angle)
        known = np.flatnonzero(np.isfinite(curve.value_deg))
        if len(known) == 0 or curve.age_s[known[-1]] < -FRESH_S:
            return AngleReading()
        value_deg = curve.value_deg[known]
        return AngleReading(
            value_deg=float(value_deg[-1]),
            sd_deg=float(curve.sd_deg[known[-1]]),
            lowest_deg=float(value_deg.min()),
            highest_deg=float(value_deg.max()),
        )
