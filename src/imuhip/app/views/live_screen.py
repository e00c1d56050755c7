"""The live view as one widget, so that it can be one page among others."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.palette import Theme
from imuhip.app.models.panels import PANELS
from imuhip.app.views.angle_panel import AnglePanel
from imuhip.app.views.sensor_strip import SensorStrip
from imuhip.app.views.style import LARGE_TEXT

__all__ = ["LiveScreen"]


class LiveScreen(QWidget):
    """Four panels, sensor strip.

    Parameters
    ----------
    model : LiveModel
        Read, never asked to wait.
    """

    def __init__(self, model: LiveModel) -> None:
        super().__init__()
        self._model = model
        self.panels = [
            AnglePanel(plan, model.history.span_s, names_time=k >= len(PANELS) - 2)
            for k, plan in enumerate(PANELS)
        ]
        self.strip = SensorStrip()
        for panel in self.panels[1:]:
            panel.plot.getPlotItem().setXLink(self.panels[0].plot.getPlotItem())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        self._grid = QGridLayout()
        column.addLayout(self._grid, 1)
        self._grid.setSpacing(8)
        self._arrange(2)
        column.addWidget(self.strip)

    def _arrange(self, n_columns: int) -> None:
        """Put the panels side by side, or beneath one another."""
        for k, panel in enumerate(self.panels):
            self._grid.addWidget(panel, k // n_columns, k % n_columns)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        self._arrange(1 if scale >= LARGE_TEXT else 2)
        self.strip.set_scale(scale)
        for panel in self.panels:
            panel.set_theme(theme, scale)

    def show_model(self) -> None:
        """Draw the newest curves."""
        for panel in self.panels:
            panel.show_curves(self._model.history)

    def show_words(self) -> None:
        """Write everything that is not a curve."""
        for panel in self.panels:
            panel.show_numbers(self._model.history)
        self.strip.show_cards(self._model.cards)

    def close_plots(self) -> None:
        """Let go of the plots."""
        for panel in self.panels:
            panel.close_plot()
