"""Lines and bands that roll: cheap to redraw, patterned in time so that dashes do not crawl."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QWidget

from imuhip.app.models.angle_history import AngleCurve
from imuhip.app.models.palette import LinePattern
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["LineSample", "RollingCurve"]

DRAWN_HZ = 50.0
"""Half of a usual sensor's rate; at ten seconds across 450 pixels no eye sees the difference."""
BAND_HZ = 12.5

_ON_OFF_S: dict[LinePattern, tuple[float, float]] = {"dashed": (0.26, 0.10), "dotted": (0.04, 0.08)}
_WIDTH_PX: dict[LinePattern, float] = {"solid": 2.0, "dashed": 2.5, "dotted": 3.0}


class RollingCurve:
    """One angle in a plot: a line in its pattern over a band of one standard deviation.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem
        Drawn into.
    pattern : {"solid", "dashed", "dotted"}
    rate_hz : float
        Of the rows.
    """

    def __init__(self, plot: pg.PlotItem, pattern: LinePattern, rate_hz: float) -> None:
        self.pattern = pattern
        self.rate_hz = rate_hz
        self._band = QGraphicsPathItem()
        self._band.setPen(QPen(Qt.PenStyle.NoPen))
        self._line = pg.PlotCurveItem(antialias=True, skipFiniteCheck=True)
        plot.addItem(self._band, ignoreBounds=True)
        plot.addItem(self._line, ignoreBounds=True)

    def set_colour(self, colour: str) -> None:
        """Take a colour."""
        shade = QColor(colour)
        self._line.setPen(pg.mkPen(shade, width=_WIDTH_PX[self.pattern]))
        shade.setAlpha(45)
        self._band.setBrush(shade)

    def show_curve(self, curve: AngleCurve) -> None:
        """Draw the newest state of the angle."""
        rows = _every(curve, self.rate_hz, DRAWN_HZ)
        rows = rows[np.isfinite(curve.value_deg[rows])]
        number = curve.first_row + rows
        joined = _neighbours(number) & self._is_ink(number)
        self._line.setData(
            curve.age_s[rows].copy(), curve.value_deg[rows].copy(), connect=joined.astype(np.int32)
        )
        self._show_band(curve)

    def _show_band(self, curve: AngleCurve) -> None:
        rows = _every(curve, self.rate_hz, BAND_HZ)
        known = np.isfinite(curve.value_deg[rows]) & np.isfinite(curve.sd_deg[rows])
        rows = rows[known]
        if len(rows) < 2:
            self._band.setPath(pg.functions.arrayToQPath(np.empty(0), np.empty(0)))
            return
        edges = np.flatnonzero(~_neighbours(curve.first_row + rows))
        parts = [part for part in np.split(rows, edges[edges < len(rows) - 1] + 1) if len(part) > 1]
        age_s = np.concatenate([np.r_[curve.age_s[p], curve.age_s[p][::-1]] for p in parts])
        outline = np.concatenate([_outline(curve, part) for part in parts])
        joined = np.ones(len(age_s), dtype=np.int32)
        joined[np.cumsum([2 * len(part) for part in parts]) - 1] = 0
        self._band.setPath(pg.functions.arrayToQPath(age_s, outline, connect=joined))

    def _is_ink(self, number: IntArray) -> BoolArray:
        if self.pattern == "solid":
            return np.ones(len(number), dtype=bool)
        on_s, off_s = _ON_OFF_S[self.pattern]
        phase_s = number / self.rate_hz % (on_s + off_s)
        return np.asarray(phase_s < on_s - 1e-9)


def _every(curve: AngleCurve, rate_hz: float, drawn_hz: float) -> IntArray:
    """Return the rows to draw, always the same ones while they roll by."""
    step = max(1, round(rate_hz / drawn_hz))
    first = -curve.first_row % step
    return np.arange(first, len(curve.age_s), step)


def _neighbours(number: IntArray) -> BoolArray:
    """Return for each row whether the next one drawn follows without a gap; False for the last."""
    step = np.diff(number)
    joined = np.zeros(len(number), dtype=bool)
    if len(step):
        joined[:-1] = step == step.min()
    return joined


def _outline(curve: AngleCurve, rows: IntArray) -> FloatArray:
    value_deg, sd_deg = curve.value_deg[rows], curve.sd_deg[rows]
    return np.concatenate([value_deg + sd_deg, (value_deg - sd_deg)[::-1]])


class LineSample(QWidget):
    """A short piece of a line, as a legend beside its number."""

    def __init__(self, pattern: LinePattern) -> None:
        super().__init__()
        self._pattern = pattern
        self._colour = QColor("black")
        self.setFixedSize(34, 12)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)

    def set_colour(self, colour: str) -> None:
        """Take a colour."""
        self._colour = QColor(colour)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw solid, dashes or dots."""
        lengths = {"solid": (34.0, 0.0), "dashed": (13.0, 5.0), "dotted": (4.0, 4.0)}
        on_px, off_px = lengths[self._pattern]
        painter = QPainter(self)
        x = 0.0
        while x < self.width():
            painter.fillRect(QRectF(x, 4.0, min(on_px, self.width() - x), 4.0), self._colour)
            x += on_px + off_px
        painter.end()
