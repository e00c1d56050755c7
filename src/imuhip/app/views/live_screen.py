"""The live view as one widget, so that it can be one page among others."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.palette import Theme
from imuhip.app.models.panels import PANELS
from imuhip.app.views.angle_panel import AnglePanel
from imuhip.app.views.header import Header
from imuhip.app.views.sensor_strip import SensorStrip

__all__ = ["LiveScreen"]

WORDS_EVERY = 6
"""Numbers and words change at a sixth of the frame rate: faster cannot be read."""


class LiveScreen(QWidget):
    """Header, four panels, sensor strip.

    Parameters
    ----------
    model : LiveModel
        Read, never asked to wait.
    """

    def __init__(self, model: LiveModel) -> None:
        super().__init__()
        self._model = model
        self._frame = 0
        self.header = Header(simulated=model.simulated)
        self.panels = [
            AnglePanel(plan, model.history.span_s, names_time=k >= len(PANELS) - 2)
            for k, plan in enumerate(PANELS)
        ]
        self.strip = SensorStrip()
        for panel in self.panels[1:]:
            panel.plot.getPlotItem().setXLink(self.panels[0].plot.getPlotItem())
        grid = QGridLayout()
        grid.setSpacing(10)
        for k, panel in enumerate(self.panels):
            grid.addWidget(panel, k // 2, k % 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(10)
        column.addWidget(self.header)
        column.addLayout(grid, 1)
        column.addWidget(self.strip)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        for panel in self.panels:
            panel.set_theme(theme, scale)

    def show_model(self) -> None:
        """Draw the newest state of the model."""
        for panel in self.panels:
            panel.show_curves(self._model.history)
        if self._frame % WORDS_EVERY == 0:
            self.show_words()
        self._frame += 1

    def show_words(self) -> None:
        """Write everything that is not a curve."""
        for panel in self.panels:
            panel.show_numbers(self._model.history)
        self.header.show_guidance(self._model.guidance)
        self.header.show_recording(self._model.recording)
        self.strip.show_cards(self._model.cards)

    def close_plots(self) -> None:
        """Let go of the plots."""
        for panel in self.panels:
            panel.close_plot()
