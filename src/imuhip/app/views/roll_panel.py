"""Some angles over the last seconds, small: one line each over its band of uncertainty."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.palette import PATTERNS, Theme
from imuhip.app.models.panels import PanelPlan, axis_range, axis_step
from imuhip.app.views.curves import Graticule, LineSample, RollingCurve
from imuhip.app.views.plots import LEAST_PX, colour_axes, quiet_plot, set_ticks
from imuhip.app.views.style import set_kind, show_fitting

__all__ = ["RollPanel"]

_SHORT_SAMPLE_PX = 20


class RollPanel(QFrame):
    """Shows the angles of a plan, in the room a quarter of a page has.

    Parameters
    ----------
    plan : PanelPlan
    span_s : float, s
        Width of the time axis.
    """

    def __init__(self, plan: PanelPlan, span_s: float) -> None:
        super().__init__()
        self.plan = plan
        self._span_s = span_s
        self._range_deg = (0.0, 0.0)
        self.setObjectName("panel")
        self.setAccessibleName(plan.title)
        self.plot = quiet_plot(self)
        self.plot.getPlotItem().setXRange(-span_s, 0.0, padding=0.0)
        box = self.plot.getPlotItem().getViewBox()
        self._graticule = Graticule(box)
        self._curves = [RollingCurve(box, PATTERNS[style]) for style in plan.styles]
        self._samples = [LineSample(PATTERNS[style]) for style in plan.styles]
        self.values = [QLabel() for _ in plan.styles]
        self._lay_out()
        self._show_range(plan.least_deg)

    def _lay_out(self) -> None:
        title, ends = QLabel(self.plan.title), QLabel()
        title.setObjectName("title")
        ends.setObjectName("ends")
        if self.plan.up:
            ends.setText(f"▲ {self.plan.up}   ▼ {self.plan.down}")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 6, 12, 4)
        whole.setSpacing(2)
        top = QHBoxLayout()
        whole.addLayout(top)
        top.addWidget(title)
        top.addSpacing(10)
        top.addWidget(ends, 1)
        whole.addWidget(self.plot, 1)
        below = QHBoxLayout()
        whole.addLayout(below)
        below.setSpacing(6)
        for sample, value in zip(self._samples, self.values, strict=True):
            if len(self.values) > 2:
                sample.setFixedWidth(_SHORT_SAMPLE_PX)
            value.setObjectName("curve")
            below.addWidget(sample)
            below.addWidget(value, 1)
        for label in (ends, *self.values):  # a long text pushes nothing away
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def _show_range(self, range_deg: tuple[float, float]) -> None:
        if range_deg == self._range_deg:
            return
        self._range_deg = range_deg
        self.plot.getPlotItem().setYRange(*range_deg, padding=0.0)
        age_s = np.arange(-self._span_s, 0.1, 2.0)
        marks = np.arange(range_deg[0], range_deg[1] + 0.1, 2.0 * axis_step(range_deg))
        set_ticks(self.plot, "bottom", age_s.tolist())
        set_ticks(self.plot, "left", marks.tolist())
        self._graticule.set_marks(self._span_s, age_s, marks)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        colour_axes(self.plot, theme, scale)
        self.plot.setMinimumHeight(round(LEAST_PX * scale))
        self._graticule.set_colours(theme.rule, theme.muted)
        for curve, sample, style in zip(self._curves, self._samples, self.plan.styles, strict=True):
            curve.set_colour(theme.curves[style], theme.panel)
            sample.set_colour(theme.curves[style])

    def show_curves(self, history: AngleHistory) -> None:
        """Draw the newest state of every curve."""
        for angle, curve in zip(self.plan.angles, self._curves, strict=True):
            curve.show_curve(history.curve(angle), history.rate_hz)

    def show_values(self, texts: list[tuple[str, bool]], history: AngleHistory) -> None:
        """Write the newest values, grey where they cannot be used; let the axis follow."""
        for label, value, (text, known) in zip(self.plan.labels, self.values, texts, strict=True):
            whole = f"{label} {text}"  # where there is no room for it, the band shows the rest
            show_fitting(value, whole, whole.partition(" ±")[0])
            set_kind(value, "known" if known else "unknown")
        told = ", ".join(value.toolTip() for value in self.values)
        self.setAccessibleName(f"{self.plan.title}: {told}")
        self._show_range(axis_range(self.plan, history))

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()
