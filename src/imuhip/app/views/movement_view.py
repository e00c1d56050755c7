"""A movement while it is done: curves, the figure, and the limit.

A walk is shown stride over stride, anything else over the last seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording, wording_move
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.limits import is_usable
from imuhip.app.models.movement_model import CYCLE_ANGLES, MovementModel, full_name
from imuhip.app.models.palette import Theme
from imuhip.app.models.panels import PANELS
from imuhip.app.views.cycle_panel import CyclePanel
from imuhip.app.views.feedback_panel import FeedbackPanel
from imuhip.app.views.figure_panel import FigurePanel
from imuhip.app.views.roll_panel import RollPanel
from imuhip.app.views.style import show_elided
from imuhip.core.segments import SIDES

__all__ = ["MovementView"]

_ASIDE_PX = (280, 330)
_ASIDE_SHARE = 0.27


class MovementView(QWidget):
    """Shows a `MovementModel`.

    Parameters
    ----------
    movement : MovementModel
    """

    def __init__(self, movement: MovementModel) -> None:
        super().__init__()
        self.setObjectName("plain")
        self._movement = movement
        self._n_drawn = -1
        self._n_frames = 0
        self._scale = 1.0
        self.cycles = [CyclePanel(angle) for angle in CYCLE_ANGLES]
        self.rolls = [RollPanel(plan, movement.history.span_s) for plan in PANELS]
        self.figure = FigurePanel()
        self.feedback = FeedbackPanel(movement.feedback, movement.sounds)
        self.count, self.whose = QLabel(), QLabel()
        self.count.setObjectName("title")
        self.whose.setObjectName("ends")
        self.whose.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._all: list[CyclePanel | RollPanel] = [*self.cycles, *self.rolls]
        self._curves = QStackedWidget()
        self._curves.setObjectName("plain")
        self._aside = QWidget()
        self._aside.setObjectName("plain")
        self._lay_out()

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        left = QVBoxLayout()
        row.addLayout(left, 1)
        left.setSpacing(4)
        for panels in (self.cycles, self.rolls):
            self._curves.addWidget(_by_fours(panels))
        left.addWidget(self._curves, 1)
        line = QHBoxLayout()
        left.addLayout(line)
        line.addWidget(self.count)
        line.addSpacing(12)
        line.addWidget(self.whose, 1)
        row.addWidget(self._aside)
        column = QVBoxLayout(self._aside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.figure, 1)
        column.addWidget(self.feedback, 1)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the curves as much room as there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        least, most = (round(px * min(self._scale, 1.4)) for px in _ASIDE_PX)
        self._aside.setFixedWidth(max(least, min(most, round(_ASIDE_SHARE * self.width()))))

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        self._scale = scale
        self._fit()
        for panel in self._all:
            panel.set_theme(theme, scale)
        self.figure.set_theme(theme)
        self.feedback.set_theme(theme, scale)

    def show_model(self) -> None:
        """Draw the newest state."""
        movement = self._movement
        if self._curves.currentIndex() == 0:
            self._show_cycles()
        else:
            for panel in self.rolls:
                panel.show_curves(movement.history)
        # These two by turns: fifteen times a second each, and a third less to draw.
        self._n_frames += 1
        if self._n_frames % 2:
            self.figure.show_figure(movement.figure)
        else:
            self.feedback.show_model()

    def _show_cycles(self) -> None:
        movement = self._movement
        if movement.n_changes != self._n_drawn:
            self._n_drawn = movement.n_changes
            for panel in self.cycles:
                panel.show_bands({side: movement.band(panel.angle, side) for side in SIDES})
        for panel in self.cycles:
            for side in SIDES:
                panel.show_present(side, movement.present(panel.angle, side))

    def show_words(self, *, walks: bool, count: str) -> None:
        """Write everything that is not a curve.

        Parameters
        ----------
        walks : bool
            Whether strides are to be seen.
        count : str
            What is counted.
        """
        history = self._movement.history
        self._curves.setCurrentIndex(0 if walks else 1)
        if walks:
            for panel in self.cycles:
                for side in SIDES:
                    text, known = _value(history, full_name(panel.angle, side))
                    panel.show_value(side, text, known=known)
        else:
            for roll in self.rolls:
                roll.show_values([_value(history, angle) for angle in roll.plan.angles], history)
        axis = wording_move.CYCLE_AXIS if walks else wording.TIME_AXIS
        own = self._movement.band_words if walks else wording_move.SPREAD_BAND
        show_elided(self.whose, f"{axis}; {own}")
        self.count.setText(count)
        self.figure.show_words(self._movement.figure)
        self.feedback.show_words()

    def close_plots(self) -> None:
        """Let go of the plots."""
        for panel in self._all:
            panel.close_plot()
        self.figure.close_plot()
        self.feedback.close_plot()


def _by_fours(panels: Sequence[QFrame]) -> QWidget:
    page = QWidget()
    page.setObjectName("plain")
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(8)
    for k, panel in enumerate(panels):
        grid.addWidget(panel, k // 2, k % 2)
        grid.setColumnStretch(k % 2, 1)
        grid.setRowStretch(k // 2, 1)
    return page


def _value(history: AngleHistory, angle: str) -> tuple[str, bool]:
    """Return the newest value in words, and whether it can be used."""
    reading = history.reading(angle)
    if reading.value_deg is None or reading.sd_deg is None:
        return wording.UNKNOWN, False
    value = wording.degrees(reading.value_deg)
    if not is_usable(reading.sd_deg):
        return f"{value} {wording_move.TOO_UNCERTAIN}", False
    return f"{value} ±{wording.degrees(max(1.0, reading.sd_deg))}", True
