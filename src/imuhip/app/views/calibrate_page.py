"""The step of calibration: the protocol on the left; prompt, count, bars and grade on the right."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording_calibrate as words
from imuhip.app.models.calibrate_model import CalibrateModel
from imuhip.app.models.calibrate_words import CalibrateWords, calibrate_words, list_lines
from imuhip.app.models.strap_words import StillBar, StrapLine
from imuhip.app.views.step_keys import StepKey
from imuhip.app.views.style import scrolling, set_kind, show_fitted
from imuhip.core.segments import SEGMENTS

__all__ = ["CalibratePage"]

_LIST_WIDTH_PX = 360
_BIG_PX = {"cue": 38, "count": 124, "grade": 150}


class CalibratePage(QWidget):
    """Shows a `CalibrateModel`, and tells it what keys and buttons say.

    Parameters
    ----------
    calibrate : CalibrateModel
    """

    def __init__(self, calibrate: CalibrateModel) -> None:
        super().__init__()
        self._scale = 1.0
        self._calibrate = calibrate
        self.protocols = QListWidget()
        self.protocols.setAccessibleName(words.PROTOCOLS)
        self.protocols.setWordWrap(True)
        self.protocols.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.protocols.addItems(list_lines(calibrate))
        self.protocols.setCurrentRow(calibrate.index)
        self.protocols.currentRowChanged.connect(calibrate.choose)
        self.course = _label("step")
        self.cue, self.count, self.count_label = _label("cue"), _label("count"), _label("biglabel")
        self.grade, self.grade_text = _label("grade"), _label("biglabel")
        self.reasons, self.notes = _label("about"), _label("about")
        self.straps = [_label("note") for _ in range(len(words.CHECKS))]
        worded = (self.course, self.cue, self.reasons, self.notes, self.grade_text)
        for label in (*worded, *self.straps):
            label.setWordWrap(True)
        self.bars = {segment: (_label("figures"), QProgressBar()) for segment in SEGMENTS}
        for _, bar in self.bars.values():
            bar.setTextVisible(False)
            bar.setRange(0, 100)
            bar.setObjectName("still")
        self.again, self.stop = QPushButton(words.AGAIN), QPushButton(words.STOP)
        for button, call in ((self.again, calibrate.again), (self.stop, calibrate.stop)):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
        self.primary = QPushButton()
        self.primary.setObjectName("record")
        self.primary.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lay_out()
        self.show_model()

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of this step."""
        return [
            StepKey(words.AGAIN, ("C",), self._calibrate.again),
            StepKey(words.STOP, ("Escape",), self._calibrate.stop),
        ]

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.protocols)
        panel = QFrame()
        panel.setObjectName("panel")
        row.addWidget(panel, 1)
        outer = QVBoxLayout(panel)
        outer.setContentsMargins(24, 18, 24, 18)
        outer.setSpacing(12)
        shown = QWidget()
        shown.setObjectName("plain")
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.course)
        column.addWidget(self.cue)
        big = QHBoxLayout()
        column.addLayout(big)
        big.setSpacing(28)
        big.addWidget(self.count)
        big.addWidget(self.count_label)
        big.addWidget(self.grade)
        big.addWidget(self.grade_text, 1)
        big.addStretch(0)
        still = QGridLayout()
        column.addLayout(still)
        still.setColumnStretch(1, 1)
        for k, (label, bar) in enumerate(self.bars.values()):
            still.addWidget(label, k, 0)
            still.addWidget(bar, k, 1)
        for label in self.straps:
            column.addWidget(label)
        column.addWidget(self.notes)
        column.addWidget(self.reasons)
        column.addStretch(1)
        outer.addWidget(scrolling(shown), 1)
        buttons = QHBoxLayout()
        outer.addLayout(buttons)
        for button in (self.primary, self.again, self.stop):
            buttons.addWidget(button)
        buttons.addStretch(1)

    def set_scale(self, scale: float) -> None:
        """Make room for text of another size."""
        self._scale = scale
        self.protocols.setFixedWidth(round(_LIST_WIDTH_PX * min(scale, 1.4)))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take count and prompt as big as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        show_fitted(self, _BIG_PX, self._scale)

    def take_focus(self) -> None:
        """Let arrow keys choose a protocol."""
        self.protocols.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        phase, shown = self._calibrate.phase, calibrate_words(self._calibrate)
        was_there = self.protocols.isVisible()
        self.protocols.setVisible(phase == "choosing")
        if self.protocols.isVisible() and not was_there:
            self.take_focus()
        self._show_words(shown)
        self._show_bars(shown.bars)
        self._show_straps(shown.straps)
        waits = phase in ("starting", "ready", "judging") or self._calibrate.pose is not None
        waits = waits or (phase == "choosing" and shown.guidance.kind == "alarm")
        text = {"choosing": words.BEGIN, "doing": words.NEXT, "done": words.GO_ON}
        accepted = phase != "done" or shown.grade in ("A", "B", "C")
        self.primary.setText(text.get(phase, words.NEXT))
        self.primary.setEnabled(not waits and accepted)
        self.again.setVisible(phase in ("ready", "doing", "done"))
        self.stop.setVisible(phase not in ("choosing", "starting"))

    def _show_words(self, shown: CalibrateWords) -> None:
        for label, text in (
            (self.course, "     ".join(shown.steps)),
            (self.cue, shown.prompt),
            (self.count, shown.count),
            (self.count_label, shown.count_label),
            (self.grade, shown.grade),
            (self.grade_text, shown.grade_text),
            (self.notes, "\n".join(shown.notes)),
            (self.reasons, "\n".join(f"· {reason}" for reason in shown.reasons)),
        ):
            label.setText(text)
            label.setVisible(bool(text))
        self.setAccessibleName(f"{shown.prompt} {shown.count} {shown.count_label}".strip())

    def _show_bars(self, bars: Sequence[StillBar]) -> None:
        there = {bar.segment: bar for bar in bars}
        for segment, (label, widget) in self.bars.items():
            bar = there.get(segment)
            label.setVisible(bar is not None)
            widget.setVisible(bar is not None)
            if bar is not None:
                label.setText(bar.text)
                widget.setValue(round(100 * bar.level))
                widget.setAccessibleName(bar.text)
                set_kind(widget, bar.grade)

    def _show_straps(self, straps: Sequence[StrapLine]) -> None:
        for k, label in enumerate(self.straps):
            label.setVisible(k < len(straps))
            if k < len(straps):
                label.setText(straps[k].text)
                set_kind(label, straps[k].kind)


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    return label
