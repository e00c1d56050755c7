"""The step of tests: the list to choose from, then the cue, the count and the numbers."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording, wording_move
from imuhip.app.models.big_numbers import N_SHOWN
from imuhip.app.models.do_model import PAIN_SCORES, DoModel
from imuhip.app.models.do_words import DoWords, about_test, do_words, list_line
from imuhip.app.models.palette import Theme
from imuhip.app.views.big_number import BigNumberWidget
from imuhip.app.views.feedback_panel import FeedbackPanel
from imuhip.app.views.movement_view import MovementView
from imuhip.app.views.step_keys import StepKey
from imuhip.app.views.style import scrolling, set_kind, show_fitted

__all__ = ["DoPage"]

_LIST_WIDTH_PX = 360
_BIG_PX = {
    "cue": 38,
    "count": 124,
    "bignumber": 82,
    "bigspread": 38,
    "largename": 40,
    "largevalue": 150,
    "largestate": 84,
}
"""At 1280x800; they follow the window's size, so that they are as big as there is room for."""


class DoPage(QWidget):
    """Shows a `DoModel`, and tells it what keys and buttons say.

    Parameters
    ----------
    do : DoModel
    """

    def __init__(self, do: DoModel) -> None:
        super().__init__()
        self._scale = 1.0
        self._do = do
        self.tests = QListWidget()
        self.tests.setAccessibleName(wording.TESTS_NAME)
        self.tests.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tests.addItems([list_line(do, test) for test in do.tests])
        self.tests.setCurrentRow(do.tests.index(do.choice.test))
        self.tests.currentRowChanged.connect(self._chosen)
        self.left, self.right = QPushButton(wording.SIDE_LEFT), QPushButton(wording.SIDE_RIGHT)
        self.primary = QPushButton()
        self.primary.setObjectName("record")
        self.again = QPushButton(wording.STAND_AGAIN)
        self.leave = QPushButton(wording.LEAVE)
        self.view = QPushButton()
        self.movement = MovementView(do.movement)
        self.limit = FeedbackPanel(do.movement.feedback, do.movement.sounds, large=True)
        for button in (self.left, self.right, self.primary, self.again, self.leave, self.view):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.left.clicked.connect(lambda: self._do.choose_side("left"))
        self.right.clicked.connect(lambda: self._do.choose_side("right"))
        self.primary.clicked.connect(self._do.go_on)
        self.again.clicked.connect(self._do.stand_again)
        self.leave.clicked.connect(self._do.leave)
        self.view.clicked.connect(self._turn_view)
        self.title, self.about, self.cue = _label("title"), _label("about"), _label("cue")
        self.count, self.count_label = _label("count"), _label("biglabel")
        self.notes, self.said = _label("note"), _label("said")
        self.about.setTextFormat(Qt.TextFormat.RichText)
        for label in (self.about, self.cue, self.notes, self.said):
            label.setWordWrap(True)
        self.numbers = [BigNumberWidget() for _ in range(N_SHOWN)]
        self.pain_side = QPushButton()
        self.pain_scores = [QPushButton(str(score)) for score in PAIN_SCORES]
        self._pain = self._pain_row()
        self._lay_out()
        self.show_model()

    def _pain_row(self) -> QWidget:
        row = QWidget()
        row.setObjectName("plain")
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(4)
        line.addWidget(self.pain_side)
        self.pain_side.clicked.connect(self._do.turn_pain_side)
        for score, button in enumerate(self.pain_scores):
            button.clicked.connect(lambda _checked=False, score=score: self._do.tell_pain(score))
            button.setAccessibleName(f"{wording.PAIN} {score}")
            button.setToolTip(wording.PAIN_HINT)
            line.addWidget(button)
        for button in (self.pain_side, *self.pain_scores):
            button.setObjectName("small")
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        line.addStretch(1)
        return row

    def _lay_out(self) -> None:
        # Layouts go into their parents empty: see `imuhip.app.views`.
        self._measured = QWidget()
        self._measured.setObjectName("plain")
        measured = QHBoxLayout(self._measured)
        measured.setContentsMargins(0, 0, 0, 0)
        measured.setSpacing(36)
        counted = QVBoxLayout()
        measured.addLayout(counted)
        counted.setSpacing(0)
        counted.addWidget(self.count)
        counted.addWidget(self.count_label)
        counted.addStretch(1)
        grid = QGridLayout()
        measured.addLayout(grid, 1)
        grid.setHorizontalSpacing(24)
        for k, number in enumerate(self.numbers):
            grid.addWidget(number, k // 2, k % 2)
            grid.setColumnStretch(k % 2, 1)
        grid.setRowStretch(2, 1)
        shown = QWidget()
        shown.setObjectName("plain")
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self.title)
        column.addWidget(self.about)
        sides = QHBoxLayout()
        column.addLayout(sides)
        for button in (self.left, self.right):
            sides.addWidget(button)
        sides.addStretch(1)
        column.addWidget(self.cue)
        column.addWidget(self._measured)
        column.addWidget(self.notes)
        column.addStretch(1)
        panel = QFrame()
        panel.setObjectName("panel")
        outer = QVBoxLayout(panel)
        outer.setContentsMargins(18, 14, 18, 14)
        outer.setSpacing(12)
        self._shown = scrolling(shown)
        outer.addWidget(self._shown, 1)
        outer.addWidget(self.movement, 1)
        outer.addWidget(self.limit, 1)
        outer.addWidget(self._pain)
        buttons = QHBoxLayout()
        outer.addLayout(buttons)
        for button in (self.primary, self.again, self.leave, self.view):
            buttons.addWidget(button)
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        buttons.addSpacing(12)
        buttons.addWidget(self.said, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self.tests)
        row.addWidget(panel, 1)

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of this step that are its own."""
        feedback, words = self._do.movement.feedback, wording_move
        return [
            StepKey(words.VIEW_ACTION, ("V",), self._turn_view),
            StepKey(words.FEEDBACK_ANGLE_KEY, ("A",), feedback.turn_angle),
            StepKey(words.FEEDBACK_SENSE_KEY, ("B",), feedback.turn_sense),
            StepKey(words.FEEDBACK_MORE_KEY, ("+", "="), lambda: feedback.move_limit(1)),
            StepKey(words.FEEDBACK_LESS_KEY, ("-",), lambda: feedback.move_limit(-1)),
            StepKey(words.TONE_ON, ("Z",), self._do.movement.sounds.toggle),
        ]

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme."""
        self.movement.set_theme(theme, scale)
        self.limit.set_theme(theme, scale)

    def draw(self) -> None:
        """Draw what moves; thirty times a second."""
        if self.movement.isVisible():
            self.movement.show_model()
        elif self.limit.isVisible():
            self.limit.show_model()

    def close_plots(self) -> None:
        """Let go of the plots."""
        self.movement.close_plots()
        self.limit.close_plot()

    def set_scale(self, scale: float) -> None:
        """Make room for text of another size."""
        self._scale = scale
        self.tests.setFixedWidth(round(_LIST_WIDTH_PX * min(scale, 1.4)))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take numbers as big as there is room for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        show_fitted(self, _BIG_PX, self._scale)

    def take_focus(self) -> None:
        """Let arrow keys choose."""
        self.tests.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        do, words = self._do, do_words(self._do)
        choosing = do.phase == "choosing"
        was_there = self.tests.isVisible()
        self.tests.setVisible(choosing)
        if self.tests.isVisible() and not was_there:
            self.take_focus()
        for row, test in enumerate(do.tests):
            item = self.tests.item(row)
            if item.text() != (line := list_line(do, test)):
                item.setText(line)
        test = do.choice.test
        self.title.setText(do.choice.title)
        self.title.setVisible(choosing)
        self.about.setVisible(choosing)
        self.about.setText(_table(about_test(test, do.choice.side)))
        for button, side in ((self.left, "left"), (self.right, "right")):
            button.setVisible(choosing and test is not None and test.sides)
            here = do.choice.side == side
            set_kind(button, "here" if here else "away")
            name = wording.SIDE_LEFT if side == "left" else wording.SIDE_RIGHT
            button.setText(f"✓ {name}" if here else name)
        view = "numbers" if choosing else do.view
        self._shown.setVisible(view == "numbers")
        self.movement.setVisible(view == "movement")
        self.limit.setVisible(view == "limit")
        counted = f"{words.count} {words.count_label}".strip()
        if view == "limit":
            self.limit.show_count(words.count)
            self.limit.show_words()
        elif view == "movement":
            self.movement.show_words(walks=test is None, count=counted)
        self._show_words(words)
        self._show_buttons()

    def _show_words(self, words: DoWords) -> None:
        self.cue.setText(words.cue)
        self.cue.setVisible(bool(words.cue))
        self._measured.setVisible(bool(words.count))
        self.count.setText(words.count)
        self.count_label.setText(words.count_label)
        shown = [*words.numbers, *[None] * N_SHOWN][:N_SHOWN]
        for widget, number in zip(self.numbers, shown, strict=True):
            widget.show_number(number)
        symbol = wording.GRADE_SYMBOLS[words.grade]
        self.notes.setText("\n".join(f"{symbol} {note}" for note in words.notes))
        set_kind(self.notes, words.grade)
        self.notes.setVisible(bool(words.notes))
        self.said.setText(words.said)
        self.setAccessibleName(f"{words.cue} {words.count} {words.count_label}".strip())

    def _show_buttons(self) -> None:
        do = self._do
        waits = do.phase in ("starting", "standing") or bool(do.phase == "choosing" and do.missing)
        key = "" if waits else f"  ({wording.SPACE})"
        self.primary.setText(wording.PRIMARY_KEYS[do.phase] + key)
        self.primary.setEnabled(not waits)
        self.again.setVisible(do.phase == "going")
        self.leave.setVisible(do.phase in ("standing", "going", "doing"))
        self.view.setVisible(do.phase != "choosing")
        view = wording_move.VIEWS[do.next_view]
        self.view.setText(wording_move.VIEW_KEY.format(view=view))
        self.leave.setText(wording.LEAVE if do.phase == "doing" else wording.CHOOSE_OTHER)
        self._pain.setVisible(do.live.recording.phase == "recording" and do.phase != "choosing")
        side = wording.SIDE_NAMES[do.pain_side]
        self.pain_side.setText(f"{wording.PAIN}: {side} ({wording.PAIN_SIDE_KEY})")

    def _turn_view(self) -> None:
        self._do.turn_view()
        self.show_model()

    def _chosen(self, row: int) -> None:
        self._do.choose(row)


def _table(rows: list[tuple[str, str]]) -> str:
    cells = (
        f"<tr><td style='padding-right:14px'><b>{escape(word)}</b></td>"
        f"<td style='padding-bottom:5px'>{escape(text)}</td></tr>"
        for word, text in rows
    )
    return f"<table>{''.join(cells)}</table>"


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
    return label
