"""One angle over the stride: of each leg its band, its mean and the stride that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout

from imuhip.app.models import wording, wording_move
from imuhip.app.models.own_band import Band
from imuhip.app.models.palette import PATTERNS, Theme
from imuhip.app.models.stride_watch import PresentStride
from imuhip.app.views.curves import Graticule, LineSample
from imuhip.app.views.plots import LEAST_PX, BandItem, LineItem, colour_axes, quiet_plot, set_ticks
from imuhip.app.views.style import set_kind, show_fitting
from imuhip.core.segments import SIDES, Side

__all__ = ["CyclePanel"]

_PERCENT: Final = np.linspace(0.0, 100.0, 101)
_MARKS: Final = np.arange(0.0, 101.0, 20.0)
_STEP_DEG: Final = 10.0
_LEAST_DEG: Final = {"hip_flexion": (-20.0, 40.0)}
_NOTHING: Final = np.empty(0)


class CyclePanel(QFrame):
    """Shows an angle of both legs over 0..100 % of the stride.

    Parameters
    ----------
    angle : str
        Without its side.
    """

    def __init__(self, angle: str) -> None:
        super().__init__()
        self.angle = angle
        self.setObjectName("panel")
        self.setAccessibleName(wording_move.CYCLE_TITLES[angle])
        self.plot = quiet_plot(self)
        item = self.plot.getPlotItem()
        item.setXRange(0.0, 100.0, padding=0.0)
        set_ticks(self.plot, "bottom", _MARKS.tolist())
        box = item.getViewBox()
        self._graticule = Graticule(box)
        self._bands = {side: BandItem(box, 10.0) for side in SIDES}
        self._means = {s: LineItem(box, PATTERNS[s], thick=False, height=20.0) for s in SIDES}
        self._present = {s: LineItem(box, PATTERNS[s], thick=True, height=30.0) for s in SIDES}
        self._samples = {side: LineSample(PATTERNS[side]) for side in SIDES}
        self.values = {side: QLabel() for side in SIDES}
        self._range_deg = (0.0, 0.0)
        self._lay_out()
        self.show_bands({})

    def _lay_out(self) -> None:
        title, ends = QLabel(wording_move.CYCLE_TITLES[self.angle]), QLabel()
        title.setObjectName("title")
        ends.setObjectName("ends")
        up, down = wording.ANGLE_ENDS[self.angle]
        ends.setText(f"▲ {up}   ▼ {down}")
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
        for side in SIDES:
            self.values[side].setObjectName("curve")
            below.addWidget(self._samples[side])
            below.addWidget(self.values[side], 1)
        for label in (ends, *self.values.values()):  # a long text pushes nothing away
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        colour_axes(self.plot, theme, scale)
        self.plot.setMinimumHeight(round(LEAST_PX * scale))
        self._graticule.set_colours(theme.rule, theme.muted)
        for side in SIDES:
            colour = theme.curves[side]
            self._bands[side].set_colour(colour, theme.panel)
            self._means[side].set_colour(colour)
            self._present[side].set_colour(colour)
            self._samples[side].set_colour(colour)

    def show_bands(self, bands: Mapping[Side, Band | None]) -> None:
        """Draw mean and scatter of each leg, and let the axis reach as far as they do."""
        low, high = _LEAST_DEG.get(self.angle, (-10.0, 10.0))
        for side in SIDES:
            band = bands.get(side)
            if band is None:
                self._bands[side].show_between(_NOTHING, _NOTHING, _NOTHING)
                self._means[side].show_points(_NOTHING, _NOTHING)
                continue
            lowest, highest = band.mean_deg - band.sd_deg, band.mean_deg + band.sd_deg
            self._bands[side].show_between(_PERCENT, lowest, highest)
            self._means[side].show_points(_PERCENT, band.mean_deg)
            low = min(low, _STEP_DEG * float(np.floor(lowest.min() / _STEP_DEG)))
            high = max(high, _STEP_DEG * float(np.ceil(highest.max() / _STEP_DEG)))
        if (low, high) != self._range_deg:
            self._range_deg = (low, high)
            self.plot.getPlotItem().setYRange(low, high, padding=0.0)
            step = _STEP_DEG if high - low <= 60.0 else 2 * _STEP_DEG
            marks = np.arange(low, high + 0.1, step)
            set_ticks(self.plot, "left", marks.tolist())
            self._graticule.set_area((0.0, 100.0), _MARKS, marks)

    def show_present(self, side: Side, stride: PresentStride | None) -> None:
        """Draw the stride a leg is in."""
        if stride is None:
            self._present[side].show_points(_NOTHING, _NOTHING)
            return
        known = np.isfinite(stride.value_deg)
        self._present[side].show_points(stride.percent[known], stride.value_deg[known])

    def show_value(self, side: Side, text: str, *, known: bool) -> None:
        """Write the newest value of a leg; grey where it cannot be used."""
        whole = f"{wording.ANGLE_NAMES[side]} {text}"
        show_fitting(self.values[side], whole, whole.partition(" ±")[0])
        set_kind(self.values[side], "known" if known else "unknown")
        told = ", ".join(label.toolTip() for label in self.values.values())
        self.setAccessibleName(f"{wording_move.CYCLE_TITLES[self.angle]}: {told}")

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()
