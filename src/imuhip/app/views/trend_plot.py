"""A measure of every stride over time: left filled, right open, what is left out crossed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from imuhip.app.models import wording
from imuhip.app.models.palette import PATTERNS, Theme
from imuhip.app.models.stride_review import StrideReview
from imuhip.app.views.curves import Graticule
from imuhip.app.views.plots import LineItem, colour_axes, quiet_plot
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray

__all__ = ["TrendPlot"]

_SYMBOLS: Final = {"left": "o", "right": "t1"}
_MARKS: Final = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0)
_MOST_MARKS: Final = 12


class TrendPlot:
    """Points of both legs, drawn anew when something changed and not otherwise.

    Parameters
    ----------
    parent : QWidget
    size_px : float
        Of a point.
    choose : callable, optional
        Told the number of a stride whose point is clicked.
    """

    def __init__(
        self, parent: QWidget, size_px: float, choose: Callable[[int], None] | None = None
    ) -> None:
        self.plot = quiet_plot(parent)
        item = self.plot.getPlotItem()
        self._graticule = Graticule(item.getViewBox())
        self._size_px = size_px
        self._theme: Theme | None = None
        self._points = {side: pg.ScatterPlotItem(pxMode=True) for side in SIDES}
        box = item.getViewBox()
        self._means = {s: LineItem(box, PATTERNS[s], thick=True, height=8.0) for s in SIDES}
        self._out = pg.ScatterPlotItem(pxMode=True)
        self._chosen = pg.ScatterPlotItem(pxMode=True)
        for height, points in enumerate((self._out, *self._points.values(), self._chosen)):
            points.setZValue(10.0 + height)
            if choose is not None and points is not self._chosen:
                points.sigClicked.connect(
                    lambda _item, hit, _event=None: choose(int(hit[0].data()))
                )
            item.addItem(points, ignoreBounds=True)

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme."""
        self._theme = theme
        colour_axes(self.plot, theme, scale)
        self._graticule.set_colours(theme.rule, theme.muted)
        for side in SIDES:
            self._means[side].set_colour(theme.curves[side])

    def show_strides(self, strides: StrideReview, span_s: tuple[float, float]) -> None:
        """Draw the strides of a stretch."""
        theme = self._theme
        if theme is None:
            return
        rows_out, left_out_s, left_out, seen = [], [], [], []
        for side in SIDES:
            points = strides.points(side)
            inside = (points.at_s >= span_s[0]) & (points.at_s <= span_s[1])
            inside &= np.isfinite(points.value)
            used = inside & points.used
            colour = theme.curves[side]
            self._points[side].setData(
                points.at_s[used],
                points.value[used],
                data=points.rows[used],
                symbol=_SYMBOLS[side],
                size=self._size_px,
                pen=pg.mkPen(colour, width=1.5),
                brush=pg.mkBrush(colour if side == "left" else theme.panel),
            )
            rows_out.append(points.rows[inside & ~points.used])
            left_out_s.append(points.at_s[inside & ~points.used])
            left_out.append(points.value[inside & ~points.used])
            seen.append(points.value[inside])
            self._means[side].show_points(*strides.minutes(side))
        self._out.setData(
            np.concatenate(left_out_s),
            np.concatenate(left_out),
            data=np.concatenate(rows_out),
            symbol="x",
            size=self._size_px,
            pen=pg.mkPen(theme.muted),
            brush=pg.mkBrush(theme.muted),
        )
        self._show_axes(span_s, np.concatenate(seen))

    def show_chosen(self, strides: StrideReview, rows: list[int]) -> None:
        """Draw a ring around some strides."""
        if self._theme is not None:
            points = [strides.point(k) for k in rows]
            self._chosen.setData(
                [at_s for at_s, _ in points],
                [value for _, value in points],
                symbol="o",
                size=2.0 * self._size_px,
                pen=pg.mkPen(self._theme.ink, width=2),
                brush=None,
            )

    def _show_axes(self, span_s: tuple[float, float], values: FloatArray) -> None:
        item = self.plot.getPlotItem()
        low, high = (0.0, 1.0) if len(values) == 0 else (float(values.min()), float(values.max()))
        margin = max(0.08 * (high - low), 0.02 * abs(high), 1e-3)
        low, high = low - margin, high + margin
        item.setXRange(*span_s, padding=0.0)
        item.setYRange(low, high, padding=0.0)
        width_s = span_s[1] - span_s[0]
        step_s = next((s for s in _MARKS if width_s / s <= _MOST_MARKS), 1800.0)
        at_s = np.arange(np.ceil(span_s[0] / step_s) * step_s, span_s[1], step_s)
        item.getAxis("bottom").setTicks([[(x, wording.duration(x)) for x in at_s]])
        step = _round_step((high - low) / 4.0)
        marks = np.arange(np.ceil(low / step) * step, high, step)
        digits = 0 if step >= 1.0 else 1 if step >= 0.1 else 2
        item.getAxis("left").setTicks([[(y, _text(y, digits)) for y in marks]])
        self._graticule.set_area(span_s, at_s, marks if len(marks) else np.array([low]))

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()


def _round_step(step: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `step`."""
    power = 10.0 ** np.floor(np.log10(max(step, 1e-6)))
    return float(next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= step * 0.999))


def _text(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "−")
