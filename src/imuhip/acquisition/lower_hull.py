"""The lower convex hull of points that come one by one, of all or of the latest."""

from __future__ import annotations

from collections import deque

import numpy as np

__all__ = ["HullWindow", "LowerHull"]


class LowerHull:
    """Lower convex hull of points that come in order of their abscissa."""

    def __init__(self) -> None:
        self.x: list[float] = []
        self.y: list[float] = []

    def push(self, x: float, y: float) -> None:
        """Add a point whose x is larger than all before."""
        xs, ys = self.x, self.y
        while len(xs) > 1 and (ys[-1] - ys[-2]) * (x - xs[-2]) >= (y - ys[-2]) * (xs[-1] - xs[-2]):
            xs.pop()
            ys.pop()
        xs.append(x)
        ys.append(y)

    def line(
        self, pivot: float, slope_limit: float, expected_slope: float = 1.0
    ) -> tuple[float, float]:
        """Return the line below all points that is highest at `pivot`.

        Parameters
        ----------
        pivot : float
            Mean abscissa of all points; makes the line the one nearest to them.
        slope_limit : float
            Bound on the deviation of the slope from the expected one.
        expected_slope : float
            Taken for a hull of one point.

        Returns
        -------
        offset, slope : float
            ``y = offset + slope * x``.
        """
        x, y = np.asarray(self.x), np.asarray(self.y)
        slope = expected_slope
        if len(x) > 1:
            edge = int(np.clip(np.searchsorted(x, pivot), 1, len(x) - 1))
            slope = float((y[edge] - y[edge - 1]) / (x[edge] - x[edge - 1]))
        slope = float(np.clip(slope, expected_slope - slope_limit, expected_slope + slope_limit))
        return float(np.min(y - slope * x)), slope


class HullWindow:
    """The hull of the last stretch of points, forgotten in tenths of the window.

    Parameters
    ----------
    window_s : float
        Length of the stretch, in units of the abscissa.
    """

    _PARTS = 10

    def __init__(self, window_s: float) -> None:
        self._part_s = window_s / self._PARTS
        self._parts: deque[tuple[LowerHull, float, int]] = deque(maxlen=self._PARTS - 1)
        self._start = 0.0
        self._current = LowerHull()
        self._sum, self._count = 0.0, 0
        self.hull = LowerHull()

    def push(self, x: float, y: float) -> None:
        """Add a point whose x is larger than all before."""
        if self._count and x - self._start >= self._part_s:
            self._rotate()
        if not self._count:
            self._start = x
        self._current.push(x, y)
        self.hull.push(x, y)
        self._sum, self._count = self._sum + x, self._count + 1

    def _rotate(self) -> None:
        self._parts.append((self._current, self._sum, self._count))
        self._current, self._sum, self._count = LowerHull(), 0.0, 0
        self.hull = LowerHull()
        for part, _, _ in self._parts:
            for x, y in zip(part.x, part.y, strict=True):
                self.hull.push(x, y)

    @property
    def mean_x(self) -> float:
        """Return the mean abscissa of the points in the window."""
        total = self._sum + sum(part[1] for part in self._parts)
        return total / max(1, self._count + sum(part[2] for part in self._parts))
