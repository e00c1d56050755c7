"""The strides of the session under review: a brush over time, the cycle, the list, leaving out."""

from __future__ import annotations

from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording_strides
from imuhip.app.models.palette import Theme, mixed
from imuhip.app.models.review_model import ReviewModel
from imuhip.app.models.stride_review import MEASURES, StrideReview
from imuhip.app.views.ask_line import AskLine
from imuhip.app.views.cycle_panel import CyclePanel
from imuhip.app.views.plots import LEAST_PX
from imuhip.app.views.step_keys import StepKey
from imuhip.app.views.trend_plot import TrendPlot
from imuhip.core.segments import SIDES

__all__ = ["StridesView"]

_OVERVIEW_PX: Final = 100
_LIST_PX: Final = 470
_WIDER: Final = 1.5


class StridesView(QWidget):
    """Shows the `StrideReview` of a `ReviewModel`, and tells both what is wanted.

    Parameters
    ----------
    review : ReviewModel
    """

    def __init__(self, review: ReviewModel) -> None:
        super().__init__()
        self.setObjectName("plain")
        self._review = review
        self._shown: tuple[StrideReview, int] | None = None
        self._chosen: list[int] = []
        self.title, self.counts, self.note = QLabel(), QLabel(), QLabel(wording_strides.CYCLE_OF)
        self.title.setObjectName("title")
        self.legend = QLabel(wording_strides.LEGEND)
        self.trend = QLabel()
        for label in (self.counts, self.note, self.legend, self.trend):
            label.setObjectName("ends")
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._above, self._below = QFrame(), QFrame()
        for frame in (self._above, self._below):
            frame.setObjectName("panel")
        self.overview = TrendPlot(self._above, 5.0)
        self.detail = TrendPlot(self._below, 9.0, self._click)
        self.brush = pg.LinearRegionItem(swapMode="sort")
        self.brush.setZValue(5.0)
        self.overview.plot.getPlotItem().addItem(self.brush, ignoreBounds=True)
        self.brush.sigRegionChanged.connect(self._brushed)
        self.cycles = {
            angle: CyclePanel(angle) for angle in dict.fromkeys(m.angle for m in MEASURES)
        }
        self.strides = QListWidget()
        self.strides.setAccessibleName(wording_strides.LIST_NAME)
        self.strides.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.strides.itemSelectionChanged.connect(self._chose)
        self.reason = AskLine(
            wording_strides.REASONS,
            wording_strides.REASON,
            wording_strides.REASON_NAME,
            self._leave_out,
            self.strides.setFocus,
        )
        self.measure = QPushButton(wording_strides.MEASURE_KEY)
        self.exclude = QPushButton(wording_strides.EXCLUDE_KEY)
        self.include = QPushButton(wording_strides.INCLUDE_KEY)
        self.whole = QPushButton(wording_strides.WHOLE_KEY)
        for button, call in (
            (self.measure, self._turn_measure),
            (self.exclude, self.ask_reason),
            (self.include, self._use_again),
            (self.whole, self._look_at_all),
        ):
            button.setObjectName("small")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
        self._lay_out()

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self._above)
        column.addWidget(self._below, 2)
        above = QVBoxLayout(self._above)
        above.setContentsMargins(12, 6, 12, 2)
        above.setSpacing(2)
        line = QHBoxLayout()
        above.addLayout(line)
        line.addWidget(self.title)
        line.addSpacing(12)
        line.addWidget(self.legend, 1)
        for button in (self.measure, self.whole):
            line.addWidget(button)
        above.addWidget(self.overview.plot)
        self.overview.plot.setFixedHeight(_OVERVIEW_PX)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(12, 4, 12, 2)
        below.setSpacing(0)
        below.addWidget(self.trend)
        below.addWidget(self.detail.plot, 1)
        row = QHBoxLayout()
        column.addLayout(row, 3)
        row.setSpacing(8)
        left = QVBoxLayout()
        row.addLayout(left, 1)
        left.setSpacing(2)
        for panel in self.cycles.values():
            left.addWidget(panel, 1)
        left.addWidget(self.note)
        self._aside = aside = QWidget()
        aside.setObjectName("plain")
        row.addWidget(aside, 1)
        right = QVBoxLayout(aside)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(6)
        right.addWidget(self.counts)
        right.addWidget(self.strides, 1)
        right.addWidget(self.reason)
        buttons = QHBoxLayout()
        right.addLayout(buttons)
        buttons.setSpacing(4)
        for button in (self.exclude, self.include):
            buttons.addWidget(button)
        buttons.addStretch(1)

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of the strides."""
        words = wording_strides
        return [
            StepKey(words.EXCLUDE_KEY, ("X",), self.ask_reason),
            StepKey(words.INCLUDE_KEY, ("U",), self._use_again),
            StepKey(words.MEASURE_KEY, ("G",), self._turn_measure),
            StepKey(words.WHOLE_KEY, ("W",), self._look_at_all),
            StepKey(words.BACK, (",",), lambda: self._move(-1)),
            StepKey(words.ON, (".",), lambda: self._move(1)),
            StepKey(words.WIDER, ("+", "="), lambda: self._widen(_WIDER)),
            StepKey(words.NARROWER, ("-",), lambda: self._widen(1.0 / _WIDER)),
        ]

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme."""
        for trend in (self.overview, self.detail):
            trend.set_theme(theme, scale)
        for panel in self.cycles.values():
            panel.set_theme(theme, scale)
        self.overview.plot.setFixedHeight(round(_OVERVIEW_PX * (0.5 + 0.5 * scale)))
        self.detail.plot.setMinimumHeight(round(LEAST_PX * scale))
        self.strides.setMinimumHeight(round(LEAST_PX * scale))
        self._aside.setMaximumWidth(round(_LIST_PX * scale))
        shade = QColor(mixed(theme.ink, theme.panel, 0.18))
        self.brush.setBrush(shade)
        self.brush.setHoverBrush(QColor(mixed(theme.ink, theme.panel, 0.28)))
        for line in self.brush.lines:
            line.setPen(pg.mkPen(theme.ink, width=3))
            line.setHoverPen(pg.mkPen(theme.ink, width=5))
        self._shown = None

    def take_focus(self) -> None:
        """Let arrow keys choose strides."""
        self.strides.setFocus()

    # -- what is wanted ---------------------------------------------------------------------------

    def ask_reason(self) -> None:
        """Ask why the chosen strides are to be left out."""
        if self.isVisible() and any(self._is_used(k) for k in self._chosen):
            self.reason.ask()
        elif self.isVisible():
            self._review.said = wording_strides.CHOOSE_FIRST

    def _is_used(self, k: int) -> bool:
        strides = self._review.strides
        return strides is not None and k < len(strides) and strides.is_used(k)

    def _leave_out(self, reason: str) -> None:
        self._review.exclude(self._chosen, reason)
        self.strides.setFocus()

    def _use_again(self) -> None:
        if self.isVisible():
            self._review.include(self._chosen)

    def _turn_measure(self) -> None:
        if self._review.strides is not None and self.isVisible():
            self._review.strides.turn_measure()
            self.show_model()

    def _look_at_all(self) -> None:
        if self._review.strides is not None and self.isVisible():
            self._review.strides.set_brush(*self._review.strides.span_s)
            self.show_model()

    def _move(self, steps: int) -> None:
        if self._review.strides is not None and self.isVisible():
            self._review.strides.move_brush(steps)
            self.show_model()

    def _widen(self, factor: float) -> None:
        if self._review.strides is not None and self.isVisible():
            self._review.strides.widen_brush(factor)
            self.show_model()

    def _brushed(self) -> None:
        if self._review.strides is not None:
            self._review.strides.set_brush(*self.brush.getRegion())

    def _chose(self) -> None:
        self._chosen = [
            item.data(Qt.ItemDataRole.UserRole) for item in self.strides.selectedItems()
        ]
        if self._review.strides is not None:
            self._show_chosen(self._review.strides)

    def _click(self, k: int) -> None:
        """Choose the stride whose point was clicked; with Shift, as well."""
        strides = self._review.strides
        if strides is None or k not in strides.listed:
            return
        item = self.strides.item(strides.listed.index(k))
        flags = QItemSelectionModel.SelectionFlag
        keep = QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier
        self.strides.setCurrentItem(item, flags.Select if keep else flags.ClearAndSelect)
        self.strides.scrollToItem(item)
        self.strides.setFocus()

    def _selected(self) -> list[int]:
        return [item.data(Qt.ItemDataRole.UserRole) for item in self.strides.selectedItems()]

    # -- what is shown ----------------------------------------------------------------------------

    def show_model(self) -> None:
        """Show the newest state; does nothing when it is shown."""
        strides = self._review.strides
        if strides is None or self._shown == (strides, strides.n_changes):
            return
        is_new = self._shown is not None and len(self._shown[0]) != len(strides)
        self._shown = (strides, strides.n_changes)
        self.title.setText(strides.measure.title)
        self.trend.setText(strides.trend_words)
        self.overview.show_strides(strides, strides.span_s)
        self.brush.blockSignals(True)
        self.brush.setBounds(strides.span_s)
        self.brush.setRegion(strides.brush_s)
        self.brush.blockSignals(False)
        self.detail.show_strides(strides, strides.brush_s)
        self.counts.setText(strides.counts)
        self._above.setAccessibleName(f"{strides.measure.title}: {strides.counts}")
        self._below.setAccessibleName(f"{strides.measure.title}: {strides.trend_words}")
        for angle, panel in self.cycles.items():
            panel.setVisible(angle == strides.measure.angle)
        panel = self.cycles[strides.measure.angle]
        bands = {side: strides.band(side) for side in SIDES}
        panel.show_bands(bands)
        for side, band in bands.items():
            n = 0 if band is None else band.n
            text = wording_strides.N_STRIDES.format(n=n)
            panel.show_value(side, text, known=band is not None)
        self._show_list(strides, keep=not is_new)
        self._show_chosen(strides)

    def _show_list(self, strides: StrideReview, *, keep: bool) -> None:
        before = set(self._chosen) if keep else set()
        row = self.strides.currentRow()
        self.strides.blockSignals(True)
        self.strides.clear()
        for k in strides.listed:
            self.strides.addItem(strides.line(k))
            item = self.strides.item(self.strides.count() - 1)
            item.setData(Qt.ItemDataRole.UserRole, k)
            item.setSelected(k in before)
        if not before:
            row = max(0, min(row, self.strides.count() - 1))
            self.strides.setCurrentRow(row, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.strides.blockSignals(False)
        if found := self.strides.selectedItems():
            self.strides.scrollToItem(found[0])
        self._chosen = [
            item.data(Qt.ItemDataRole.UserRole) for item in self.strides.selectedItems()
        ]

    def _show_chosen(self, strides: StrideReview) -> None:
        rows = [k for k in self._chosen if k < len(strides)]
        for trend in (self.overview, self.detail):
            trend.show_chosen(strides, rows)
        panel = self.cycles[strides.measure.angle]
        for side in SIDES:
            one = [k for k in rows if strides.side[k] == side]
            panel.show_present(side, strides.chosen(one[-1]) if one else None)

    def close_plots(self) -> None:
        """Let go of the plots."""
        for panel in self.cycles.values():
            panel.close_plot()
        self.overview.close_plot()
        self.detail.close_plot()
