"""One panel: rolling curves of two or three angles, and their numbers beside them."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsItem,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording, wording_move, wording_window
from imuhip.app.models.angle_history import AngleHistory, AngleReading
from imuhip.app.models.limits import is_usable
from imuhip.app.models.palette import PATTERNS, LinePattern, Theme
from imuhip.app.models.panels import PanelPlan, axis_range, axis_step
from imuhip.app.views.curves import Graticule, LineSample, RollingCurve
from imuhip.app.views.style import set_kind

__all__ = ["AnglePanel"]

_AXIS_WIDTH_PX = 58
_NUMBER_WIDTH_PX = 170
_LEAST_PLOT_PX = 110


class AnglePanel(QFrame):
    """Shows some angles of an `AngleHistory`.

    Parameters
    ----------
    plan : PanelPlan
        Which.
    span_s : float, s
        Width of the time axis.
    names_time : bool
        Say what the time axis is; where panels stand above each other the lowest says it for all.
    """

    def __init__(self, plan: PanelPlan, span_s: float, *, names_time: bool = True) -> None:
        super().__init__()
        self.plan = plan
        self._span_s = span_s
        self._names_time = names_time
        self.setObjectName("panel")
        self.setAccessibleName(plan.title)
        self.plot = self._make_plot(span_s)
        self._graticule = Graticule(self.plot.getPlotItem().getViewBox())
        self._set_range(plan.least_deg)
        self._curves = [
            RollingCurve(self.plot.getPlotItem().getViewBox(), PATTERNS[style])
            for style in plan.styles
        ]
        small = len(plan.angles) > 2
        self.numbers = [
            AngleNumber(label, PATTERNS[style], note, small=small)
            for label, style, note in zip(plan.labels, plan.styles, plan.notes, strict=True)
        ]
        self._lay_out()

    def _make_plot(self, span_s: float) -> pg.PlotWidget:
        plot = pg.PlotWidget(parent=self)
        plot.setFrameShape(QFrame.Shape.NoFrame)
        # It takes what room there is, and asks for none beyond its least height.
        plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        plot.setMinimumHeight(_LEAST_PLOT_PX)
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        item = plot.getPlotItem()
        item.setMouseEnabled(False, False)
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setXRange(-span_s, 0.0, padding=0.0)
        item.disableAutoRange()
        item.setLabel("left", wording.ANGLE_AXIS)
        if self._names_time:
            item.setLabel("bottom", wording.TIME_AXIS)
        item.getAxis("left").setWidth(_AXIS_WIDTH_PX)
        item.getAxis("bottom").setStyle(tickTextOffset=7)  # clear of the lowest label beside it
        for name in ("left", "bottom"):
            item.getAxis(name).enableAutoSIPrefix(False)
            item.getAxis(name).setStyle(hideOverlappingLabels=False)
            # Marks and their text stay as they are from frame to frame: a tenth of the painting.
            item.getAxis(name).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)
        item.layout.setContentsMargins(0, 9, 12, 0)
        return plot

    def _set_range(self, range_deg: tuple[float, float]) -> None:
        """Let the axis reach from one whole ten of degrees to another, with a mark at each."""
        self._range_deg = range_deg
        item = self.plot.getPlotItem()
        item.setYRange(*range_deg, padding=0.0)
        age_s = np.arange(-self._span_s, 0.1, 2.0)
        value_deg = np.arange(range_deg[0], range_deg[1] + 0.1, axis_step(range_deg))
        item.getAxis("bottom").setTicks([[(x, wording.number(x)) for x in age_s]])
        item.getAxis("left").setTicks([[(y, wording.number(y)) for y in value_deg]])
        self._graticule.set_marks(self._span_s, age_s, value_deg)

    def _lay_out(self) -> None:
        title, ends = QLabel(self.plan.title), QLabel()
        title.setObjectName("title")
        ends.setObjectName("ends")
        if self.plan.up:
            ends.setText(f"▲ {self.plan.up}   ▼ {self.plan.down}")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 6, 12, 5)
        whole.setSpacing(2)
        top = QHBoxLayout()
        whole.addLayout(top)
        top.addWidget(title)
        top.addSpacing(14)
        top.addWidget(ends)
        top.addStretch(1)
        middle = QHBoxLayout()
        whole.addLayout(middle, 1)
        middle.addWidget(self.plot, 1)
        numbers = QVBoxLayout()
        middle.addLayout(numbers)
        numbers.setSpacing(0)
        for number in self.numbers:
            numbers.addStretch(1)
            numbers.addWidget(number)
        numbers.addStretch(1)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        self.plot.setBackground(theme.panel)
        item = self.plot.getPlotItem()
        font = self.font()
        font.setPixelSize(round(13 * scale))
        item.getAxis("left").setWidth(round(_AXIS_WIDTH_PX * scale))
        item.layout.setContentsMargins(0, round(9 * scale), 12, 0)
        # Large text is for reading, not for seeing more: the plot keeps its height.
        self.plot.setMinimumHeight(round(_LEAST_PLOT_PX * scale))
        for name in ("left", "bottom"):
            axis = item.getAxis(name)
            axis.setPen(pg.mkPen(theme.rule))
            axis.setTextPen(pg.mkPen(theme.muted))
            axis.setStyle(tickFont=font)
            axis.label.setFont(font)
        self._graticule.set_colours(theme.rule, theme.muted)
        for curve, number, style in zip(self._curves, self.numbers, self.plan.styles, strict=True):
            curve.set_colour(theme.curves[style], theme.panel)
            number.sample.set_colour(theme.curves[style])
            number.setFixedWidth(round(_NUMBER_WIDTH_PX * scale))

    def show_curves(self, history: AngleHistory) -> None:
        """Draw the newest state of every curve."""
        for angle, curve in zip(self.plan.angles, self._curves, strict=True):
            curve.show_curve(history.curve(angle), history.rate_hz)

    def show_numbers(self, history: AngleHistory) -> None:
        """Write the present values, and let the axis reach as far as the curves do."""
        for angle, number in zip(self.plan.angles, self.numbers, strict=True):
            number.show_reading(history.reading(angle), history.span_s)
        range_deg = axis_range(self.plan, history)
        if range_deg != self._range_deg:
            self._set_range(range_deg)

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()


class AngleNumber(QWidget):
    """The present value of one angle: what it is called, the number, plus or minus, its range."""

    def __init__(self, label: str, pattern: LinePattern, note: str, *, small: bool) -> None:
        super().__init__()
        self._label = label
        self.sample = LineSample(pattern)
        self.name, self.value = QLabel(label), QLabel(wording.UNKNOWN)
        self.sd, self.range = QLabel(), QLabel(note)
        self._note = note
        self.name.setObjectName("curve")
        self.value.setObjectName("smallnumber" if small else "number")
        self.sd.setObjectName("sd")
        self.range.setObjectName("range")
        self.setFixedWidth(_NUMBER_WIDTH_PX)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 0, 0, 0)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.sample, 0, 0, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.name, 0, 1)
        number = QHBoxLayout()
        grid.addLayout(number, 1, 0, 1, 2)
        number.addWidget(self.value)
        number.addWidget(self.sd, 0, Qt.AlignmentFlag.AlignBottom)
        number.addStretch(1)
        grid.addWidget(self.range, 2, 0, 1, 2)
        grid.setColumnStretch(1, 1)

    def show_reading(self, reading: AngleReading, span_s: float) -> None:
        """Write a reading; grey dashes when it is unknown."""
        usable = reading.is_known and is_usable(reading.sd_deg)
        set_kind(self.value, "known" if usable else "unknown")
        if reading.value_deg is None or reading.sd_deg is None:
            self.value.setText(wording.UNKNOWN)
            self.sd.setText("")
            self.range.setText(wording.NOT_KNOWN)
            self.setAccessibleName(f"{self._label}: {wording.NOT_KNOWN}")
            return
        value = wording.degrees(reading.value_deg)
        sd = wording.degrees(max(1.0, reading.sd_deg))  # nothing live is certain to "± 0°"
        self.value.setText(value)
        self.sd.setText(f"± {sd}")
        low, high = reading.lowest_deg or 0.0, reading.highest_deg or 0.0
        limits = wording_window.RANGE_DEG.format(
            low=wording.degrees(low), high=wording.degrees(high)
        )
        told = self._note or f"{span_s:.0f} s: {limits}"
        self.range.setText(told if usable else wording_move.TOO_UNCERTAIN)
        doubt = "" if usable else f", {wording_move.TOO_UNCERTAIN}"
        spoken = wording_window.SPOKEN_ANGLE.format(angle=self._label, value=value, sd=sd)
        self.setAccessibleName(f"{spoken}{doubt}")
