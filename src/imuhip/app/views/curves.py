"""Lines and bands that roll, cheap to redraw.

Measured on two shared cores, nine curves of 10 s at 1280 x 800: pyqtgraph's own curve items, grids
and translucent bands take some 50 ms of CPU per frame, the items here under 10 ms. Qt draws smooth
lines of one pixel by a fast way and thicker ones by filling their outline, 15 times slower; so a
thick line is three thin ones, less than a pixel apart.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen, QTransform
from PySide6.QtWidgets import (
    QGraphicsPathItem,
    QStyleOptionGraphicsItem,
    QWidget,
)

from imuhip.app.models.angle_history import AngleCurve
from imuhip.app.models.palette import LinePattern, mixed
from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["BAND_SHADE", "Graticule", "LineSample", "RollingCurve", "ThickLine"]

DRAWN_HZ = 50.0
"""Half of a usual sensor's rate; at ten seconds across 450 pixels no eye sees the difference."""
BAND_HZ = 25.0

BAND_SHADE = 0.22

_STROKES_PX = ((0.0, 0.0), (0.8, 0.0), (0.0, 0.8))
_DASHES_PX: dict[LinePattern, tuple[float, float]] = {"dashed": (11.0, 5.0), "dotted": (2.5, 4.0)}


class ThickLine(QGraphicsPathItem):
    """A smooth line about two pixels wide."""

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        """Draw the path a few times, less than a pixel apart."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.pen())
        path, place = self.path(), painter.worldTransform()
        for dx, dy in _STROKES_PX:
            painter.setWorldTransform(place * QTransform.fromTranslate(dx, dy))
            painter.drawPath(path)


class RollingCurve:
    """One angle in a plot: a line in its pattern over a band of one standard deviation.

    Parameters
    ----------
    box : pyqtgraph.ViewBox
        Drawn into.
    pattern : {"solid", "dashed", "dotted"}
    """

    def __init__(self, box: pg.ViewBox, pattern: LinePattern) -> None:
        self.pattern = pattern
        self._box = box
        self._pen = QPen(Qt.GlobalColor.black, 1.0)
        self._pen.setCosmetic(True)
        self._number = np.empty(0, dtype=np.int64)
        self._length_px: FloatArray = np.empty(0)
        self._band, self._line = QGraphicsPathItem(), ThickLine()
        self._band.setPen(QPen(Qt.PenStyle.NoPen))
        for height, item in enumerate((self._band, self._line)):
            item.setZValue(10.0 * (1 + height))
            box.addItem(item, ignoreBounds=True)

    def set_colour(self, colour: str, paper: str) -> None:
        """Take a colour, and that of the paper beneath."""
        self._pen.setColor(QColor(colour))
        if self.pattern != "solid":
            self._pen.setDashPattern(_DASHES_PX[self.pattern])
        self._line.setPen(self._pen)
        self._band.setBrush(QColor(mixed(colour, paper, BAND_SHADE)))

    def show_curve(self, curve: AngleCurve, rate_hz: float) -> None:
        """Draw the newest state of the angle."""
        rows = _every(curve, rate_hz, DRAWN_HZ)
        rows = rows[np.isfinite(curve.value_deg[rows])]
        age_s, value_deg = curve.age_s[rows], curve.value_deg[rows]
        number = curve.first_row + rows
        if self.pattern != "solid":
            self._pen.setDashOffset(self._dash_offset(number, age_s, value_deg))
            self._line.setPen(self._pen)
        self._line.setPath(_path(age_s, value_deg, _neighbours(number)))
        self._show_band(curve, rate_hz)

    def _dash_offset(self, number: IntArray, age_s: FloatArray, value_deg: FloatArray) -> float:
        """Return how much of the pattern has rolled out on the left, so that dashes roll along."""
        if len(number) == 0:
            return 0.0
        width_s, height_deg = self._box.viewPixelSize()
        steps_px = np.hypot(np.diff(age_s) / width_s, np.diff(value_deg) / height_deg)
        known = np.searchsorted(self._number, number[0])
        begun_px = float(self._length_px[known]) if known < len(self._number) else 0.0
        self._number = number
        self._length_px = begun_px % sum(_DASHES_PX[self.pattern]) + np.r_[0.0, steps_px.cumsum()]
        return begun_px

    def _show_band(self, curve: AngleCurve, rate_hz: float) -> None:
        rows = _every(curve, rate_hz, BAND_HZ)
        rows = rows[np.isfinite(curve.value_deg[rows] + curve.sd_deg[rows])]
        ends = np.flatnonzero(~_neighbours(curve.first_row + rows)) + 1
        parts = [part for part in np.split(rows, ends) if len(part) > 1]
        if not parts:
            self._band.setPath(QPainterPath())
            return
        age_s = np.concatenate([np.r_[curve.age_s[p], curve.age_s[p][::-1]] for p in parts])
        edge_deg = np.concatenate([_outline(curve, part) for part in parts])
        joined = np.ones(len(age_s), dtype=bool)
        joined[np.cumsum([2 * len(part) for part in parts]) - 1] = False
        self._band.setPath(_path(age_s, edge_deg, joined))


class Graticule:
    """Grid lines at every mark of the axes, and a stronger one at zero.

    Parameters
    ----------
    box : pyqtgraph.ViewBox
        Drawn into, beneath the curves.
    """

    def __init__(self, box: pg.ViewBox) -> None:
        self._lines, self._zero = QGraphicsPathItem(), QGraphicsPathItem()
        for item in (self._lines, self._zero):
            box.addItem(item, ignoreBounds=True)

    def set_colours(self, rule: str, zero: str) -> None:
        """Take colours."""
        for item, colour in ((self._lines, rule), (self._zero, zero)):
            pen = QPen(QColor(colour), 1.0)
            pen.setCosmetic(True)
            item.setPen(pen)

    def set_marks(self, span_s: float, age_s: FloatArray, value_deg: FloatArray) -> None:
        """Draw a line at every mark of the seconds before now."""
        self.set_area((-span_s, 0.0), age_s, value_deg)

    def set_area(self, ends: tuple[float, float], across: FloatArray, up: FloatArray) -> None:
        """Draw a line at every mark, from one end of the horizontal axis to the other."""
        low, high = up.min(), up.max()
        lines, zero = QPainterPath(), QPainterPath()
        for y in up:
            lines.moveTo(ends[0], y)
            lines.lineTo(ends[1], y)
        for x in across:
            lines.moveTo(x, low)
            lines.lineTo(x, high)
        zero.moveTo(ends[0], 0.0)
        zero.lineTo(ends[1], 0.0)
        self._lines.setPath(lines)
        self._zero.setPath(zero)


def _path(x: FloatArray, y: FloatArray, joined: BoolArray) -> QPainterPath:
    connect = joined.astype(np.int32)
    path: QPainterPath = pg.functions.arrayToQPath(x.copy(), y.copy(), connect=connect)
    return path


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
