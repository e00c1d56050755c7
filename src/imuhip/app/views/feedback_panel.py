"""The limit of one angle: a bar, lines that are dragged, and how it is by shape and word."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsPathItem,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
)

from imuhip.app.models import wording, wording_move
from imuhip.app.models.feedback import Feedback
from imuhip.app.models.limits import is_usable
from imuhip.app.models.palette import Theme
from imuhip.app.models.sounds import Sounds
from imuhip.app.views.curves import Graticule
from imuhip.app.views.plots import LEAST_PX, colour_axes, quiet_plot, rectangle, set_ticks
from imuhip.app.views.style import set_kind, show_elided, show_fitting

__all__ = ["FeedbackPanel"]

_STEP_DEG: Final = 10.0
_HIGHER: Final = 1.2
"""Large text beside the gauge needs more room than the gauge."""
_GAUGE_PX: Final = 112
_LARGE_GAUGE_PX: Final = 320
_SMALL: Final = ("title", "curve", "smallnumber", "limitstate")
_LARGE: Final = ("largename", "largename", "largevalue", "largestate")
_KINDS: Final = {"good": "good", "beyond": "bad", "short": "warn"}


class FeedbackPanel(QFrame):
    """Shows a `Feedback` and takes what is dragged and pressed.

    Parameters
    ----------
    feedback : Feedback
    sounds : Sounds
    large : bool
        To be read from three metres; sizes then follow the page's.
    """

    def __init__(self, feedback: Feedback, sounds: Sounds, *, large: bool = False) -> None:
        super().__init__()
        self._large = large
        self._feedback, self._sounds = feedback, sounds
        self._theme: Theme | None = None
        self._is_red = False
        self._told = ""
        self._range_deg = (0.0, 0.0)
        self.setObjectName("card")
        self.plot = quiet_plot(self)
        item = self.plot.getPlotItem()
        item.hideAxis("bottom")
        item.layout.setContentsMargins(0, 8, 4, 8)
        item.setXRange(0.0, 1.0, padding=0.0)
        box = item.getViewBox()
        self._graticule = Graticule(box)
        self._bar = QGraphicsPathItem()
        self._bar.setPen(QPen(Qt.PenStyle.NoPen))
        box.addItem(self._bar, ignoreBounds=True)
        self._spread = QGraphicsPathItem()
        box.addItem(self._spread, ignoreBounds=True)
        self.lines = [pg.InfiniteLine(angle=0, movable=True) for _ in range(2)]
        for line in self.lines:
            line.setZValue(50.0)
            item.addItem(line, ignoreBounds=True)
            line.sigDragged.connect(self._dragged)
        self.title, self.limit = QLabel(), QLabel()
        self.state, self.value = QLabel(), QLabel()
        names = _LARGE if large else _SMALL
        for label, name in zip(
            (self.title, self.limit, self.value, self.state), names, strict=True
        ):
            label.setObjectName(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.count = QLabel()
        self.count.setObjectName(names[0])
        self.sound = QLabel()
        self.sound.setObjectName("ends")
        self.sound.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.angle = QPushButton(wording_move.FEEDBACK_ANGLE_KEY)
        self.sense = QPushButton(wording_move.FEEDBACK_SENSE_KEY)
        self.less = QPushButton(wording_move.FEEDBACK_LESS_KEY)
        self.more = QPushButton(wording_move.FEEDBACK_MORE_KEY)
        self.tone = QPushButton()
        for button, call in (
            (self.angle, feedback.turn_angle),
            (self.sense, feedback.turn_sense),
            (self.less, lambda: feedback.move_limit(-1)),
            (self.more, lambda: feedback.move_limit(1)),
            (self.tone, sounds.toggle),
        ):
            button.setObjectName("small")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
        self.less.setAccessibleName(wording_move.FEEDBACK_LESS)
        self.more.setAccessibleName(wording_move.FEEDBACK_MORE)
        self._lay_out()
        self.show_words()

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 6, 12, 8)
        whole.setSpacing(4)
        top = QHBoxLayout()
        whole.addLayout(top)
        top.addWidget(self.title, 1)
        top.addWidget(self.count)
        middle = QHBoxLayout()
        whole.addLayout(middle, 1)
        self.plot.setFixedWidth(_LARGE_GAUGE_PX if self._large else _GAUGE_PX)
        middle.addWidget(self.plot)
        told = QVBoxLayout()
        middle.addLayout(told, 1)
        told.addStretch(1)
        for label in (self.limit, self.value, self.state):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            told.addWidget(label)
        told.addStretch(1)
        whole.addWidget(self.sound)
        for row in ((self.angle, self.sense), (self.less, self.more, self.tone)):
            line = QHBoxLayout()
            whole.addLayout(line)
            line.setSpacing(4)
            for button in row:
                line.addWidget(button)
            line.addStretch(1)

    def set_theme(self, theme: Theme, scale: float = 1.0) -> None:
        """Take the colours of a theme."""
        self._theme, self._is_red = theme, False
        colour_axes(self.plot, theme, scale)
        higher = _HIGHER if scale > 1.25 else 1.0
        self.plot.setMinimumHeight(round(higher * LEAST_PX * scale))
        if not self._large:
            self.plot.setFixedWidth(round(_GAUGE_PX * min(scale, 1.25)))
        self._graticule.set_colours(theme.rule, theme.muted)
        for line in self.lines:
            line.setPen(pg.mkPen(theme.ink, width=3))
            line.setHoverPen(pg.mkPen(theme.ink, width=5))
        spread = QPen(QColor(theme.ink), 2.0)
        spread.setCosmetic(True)
        self._spread.setPen(spread)

    def _dragged(self, line: pg.InfiniteLine) -> None:
        self._feedback.set_limit(float(line.value()))
        self.show_words()

    def show_model(self) -> None:
        """Draw the newest value against the limit."""
        feedback, state = self._feedback, self._feedback.state
        if state.state != self._told:
            self.show_words()  # at once: what is passed is not to wait for the next words
        self._show_range(feedback.limit_deg)
        limits = (feedback.limit_deg, -feedback.limit_deg)
        for line, limit, shown in zip(
            self.lines, limits, (True, feedback.sense == "within"), strict=True
        ):
            if not line.moving and line.value() != limit:
                line.setValue(limit)
            if line.isVisible() != shown:
                line.setVisible(shown)
        if not np.isfinite(state.value_deg) or self._theme is None:
            self._bar.setPath(rectangle(0.0, 0.0, 0.0, 0.0))
            self._spread.setPath(rectangle(0.0, 0.0, 0.0, 0.0))
            return
        colours = {"good": self._theme.good, "beyond": self._theme.bad, "short": self._theme.warn}
        self._bar.setBrush(QColor(colours.get(state.state, self._theme.rule)))
        low, high = self._range_deg
        top = float(np.clip(state.value_deg, low, high))
        self._bar.setPath(rectangle(0.25, 0.0, 0.75, top))
        ends = np.clip([top - state.sd_deg, top + state.sd_deg], low, high)
        self._spread.setPath(rectangle(0.5, ends[0], 0.5, ends[1]))

    def _show_range(self, limit_deg: float) -> None:
        reach = _STEP_DEG * np.ceil(1.6 * max(1.0, abs(limit_deg)) / _STEP_DEG)
        if (-reach, reach) == self._range_deg:
            return
        self._range_deg = (-float(reach), float(reach))
        self.plot.getPlotItem().setYRange(-reach, reach, padding=0.02)
        marks = np.linspace(-reach, reach, 5)
        set_ticks(self.plot, "left", marks.tolist())
        self._graticule.set_area((0.0, 1.0), np.empty(0), marks)

    def show_count(self, text: str) -> None:
        """Write what is counted beside it."""
        self.count.setText(text)

    def show_words(self) -> None:
        """Write it."""
        feedback, state = self._feedback, self._feedback.state
        self._told = state.state
        self.title.setText(f"{wording_move.FEEDBACK_TITLE}: {feedback.title}")
        show_fitting(self.limit, feedback.limit_words)
        known = np.isfinite(state.value_deg)
        text = wording.UNKNOWN
        if known:
            spread = wording.spread(max(1.0, state.sd_deg), "deg")
            text = f"{wording.degrees(state.value_deg)} {spread}"
        self.value.setText(text)
        set_kind(self.value, "known" if known and is_usable(state.sd_deg) else "unknown")
        self.state.setText(state.words)
        kind = _KINDS.get(state.state, "")
        set_kind(self.state, kind)
        if self._theme is not None and state.is_wrong != self._is_red:
            self._is_red = state.is_wrong
            self.plot.setBackground(self._theme.bad_paper if self._is_red else self._theme.panel)
        set_kind(self, "bad" if state.is_wrong else "")
        on = self._sounds.wanted
        self.tone.setText(wording_move.TONE_ON if on else wording_move.TONE_OFF)
        set_kind(self.tone, "here" if on else "away")
        show_elided(self.sound, self._sounds.words, self.width() - 30)
        self.sound.setVisible(bool(self._sounds.words))
        self.setAccessibleName(feedback.spoken)

    def close_plot(self) -> None:
        """Let go of the scene; pyqtgraph wants to be told."""
        self.plot.close()
