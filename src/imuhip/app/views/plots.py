"""Plots without the mouse, menus and automatic ranges: what is drawn decides what is seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QFrame, QGraphicsPathItem, QWidget

from imuhip.app.models import wording
from imuhip.app.models.palette import LinePattern, Theme, mixed
from imuhip.app.views.curves import BAND_SHADE, ThickLine
from imuhip.core.series import FloatArray

__all__ = ["LEAST_PX", "BandItem", "LineItem", "colour_axes", "quiet_plot", "set_ticks"]

LEAST_PX = 84
"""A plot's height at 100 %: below it its marks run into each other, and the page scrolls."""

_DASHES: dict[LinePattern, list[float]] = {"dashed": [11.0, 5.0], "dotted": [2.5, 4.0]}


def quiet_plot(parent: QWidget, left_width_px: int = 52) -> pg.PlotWidget:
    """Return a plot that nothing changes but the program."""
    plot = pg.PlotWidget(parent=parent)
    plot.setFrameShape(QFrame.Shape.NoFrame)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    item = plot.getPlotItem()
    item.setMouseEnabled(False, False)
    item.setMenuEnabled(False)
    item.hideButtons()
    item.disableAutoRange()
    item.getAxis("left").setWidth(left_width_px)
    for name in ("left", "bottom"):
        item.getAxis(name).enableAutoSIPrefix(False)
        item.getAxis(name).setStyle(hideOverlappingLabels=False)
    item.layout.setContentsMargins(0, 6, 16, 0)
    return plot


def set_ticks(plot: pg.PlotWidget, name: str, values: Sequence[float]) -> None:
    """Put marks at these values."""
    plot.getPlotItem().getAxis(name).setTicks([[(x, wording.number(x)) for x in values]])


def colour_axes(plot: pg.PlotWidget, theme: Theme, scale: float) -> None:
    """Take the colours of a theme."""
    plot.setBackground(theme.panel)
    font = plot.font()
    font.setPixelSize(round(13 * scale))
    for name in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(name)
        axis.setPen(pg.mkPen(theme.rule))
        axis.setTextPen(pg.mkPen(theme.muted))
        axis.setStyle(tickFont=font)
        axis.label.setFont(font)


class LineItem:
    """A line that is given other points, never made anew.

    Parameters
    ----------
    box : pyqtgraph.ViewBox
    pattern : {"solid", "dashed", "dotted"}
    thick : bool
        About two pixels; else one.
    height : float
        What lies over what.
    """

    def __init__(
        self, box: pg.ViewBox, pattern: LinePattern, *, thick: bool, height: float
    ) -> None:
        self._pen = QPen(Qt.GlobalColor.black, 1.0)
        self._pen.setCosmetic(True)
        if pattern != "solid":
            self._pen.setDashPattern(_DASHES[pattern])
        self._item = ThickLine() if thick else QGraphicsPathItem()
        self._item.setZValue(height)
        box.addItem(self._item, ignoreBounds=True)

    def set_colour(self, colour: str) -> None:
        """Take a colour."""
        self._pen.setColor(QColor(colour))
        self._item.setPen(self._pen)

    def show_points(self, x: FloatArray, y: FloatArray) -> None:
        """Draw these points; fewer than two draw nothing."""
        path = QPainterPath()
        if len(x) > 1:
            path = pg.functions.arrayToQPath(np.array(x), np.array(y), connect="all")
        self._item.setPath(path)


class BandItem:
    """A filled band between two curves."""

    def __init__(self, box: pg.ViewBox, height: float) -> None:
        self._item = QGraphicsPathItem()
        self._item.setPen(QPen(Qt.PenStyle.NoPen))
        self._item.setZValue(height)
        self._item.setOpacity(0.75)  # where left and right overlap both are seen
        box.addItem(self._item, ignoreBounds=True)

    def set_colour(self, colour: str, paper: str) -> None:
        """Take a colour, and that of the paper beneath."""
        self._item.setBrush(QColor(mixed(colour, paper, BAND_SHADE)))

    def show_between(self, x: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Draw from `low` to `high`; without points nothing."""
        path = QPainterPath()
        if len(x) > 1:
            there = [QPointF(a, b) for a, b in zip(x, high, strict=True)]
            back = [QPointF(a, b) for a, b in zip(x[::-1], low[::-1], strict=True)]
            path.addPolygon(QPolygonF(there + back))
            path.closeSubpath()
        self._item.setPath(path)


def rectangle(left: float, low: float, right: float, high: float) -> QPainterPath:
    """Return a rectangle as a path."""
    path = QPainterPath()
    path.addRect(QRectF(left, min(low, high), right - left, abs(high - low)))
    return path
