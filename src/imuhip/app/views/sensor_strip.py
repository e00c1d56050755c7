"""A card per sensor along the bottom edge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from imuhip.app.models import wording_cards
from imuhip.app.models.sensor_cards import SensorCard
from imuhip.app.views.style import set_kind, show_elided

__all__ = ["SensorStrip"]

CARDS_IN_A_ROW = 4


class SensorStrip(QWidget):
    """Shows the cards it is given, as many as there are.

    Parameters
    ----------
    in_a_row : int
        At most so many stand side by side.
    """

    def __init__(self, in_a_row: int = CARDS_IN_A_ROW) -> None:
        super().__init__()
        self._most = self._in_a_row = in_a_row
        self.setAccessibleName(wording_cards.STRIP)
        self.cards: dict[str, CardWidget] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(10)

    def set_scale(self, scale: float) -> None:
        """Put fewer cards side by side where text is large."""
        in_a_row = max(1, int(self._most / scale))
        if in_a_row != self._in_a_row:
            self._in_a_row = in_a_row
            self._arrange()

    def show_cards(self, cards: Sequence[SensorCard]) -> None:
        """Show these cards, in this order."""
        if list(self.cards) != [card.segment for card in cards]:
            self._rebuild([card.segment for card in cards])
        for card in cards:
            self.cards[card.segment].show_card(card)

    def _rebuild(self, segments: Sequence[str]) -> None:
        for old in self.cards.values():
            self._grid.removeWidget(old)
            old.hide()  # it is deleted only when the event loop comes round
            old.deleteLater()
        self.cards = {segment: CardWidget() for segment in segments}
        self._arrange()

    def _arrange(self) -> None:
        n_rows = -(-len(self.cards) // self._in_a_row)
        n_columns = -(-len(self.cards) // max(1, n_rows))
        for k, card in enumerate(self.cards.values()):
            self._grid.addWidget(card, k // n_columns, k % n_columns)


class CardWidget(QFrame):
    """One sensor: shape, segment and state; its figures; what to do."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.symbol, self.title, self.state, self.name = QLabel(), QLabel(), QLabel(), QLabel()
        self.figures, self.step = QLabel(), QLabel()
        for label, kind in (
            (self.symbol, "symbol"),
            (self.title, "title"),
            (self.state, "state"),
            (self.name, "figures"),
            (self.figures, "figures"),
            (self.step, "step"),
        ):
            label.setObjectName(kind)
            label.setTextFormat(Qt.TextFormat.PlainText)
        # A long name or a narrow window must not push the cards beside it away.
        for label in (self.name, self.figures, self.step):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.name.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.figures.setWordWrap(True)
        self.step.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 7, 12, 7)
        column.setSpacing(2)
        top = QHBoxLayout()
        column.addLayout(top)
        top.setSpacing(8)
        for label in (self.symbol, self.title, self.state):
            top.addWidget(label)
        top.addWidget(self.name, 1)
        column.addWidget(self.figures)
        column.addWidget(self.step)
        column.addStretch(1)

    def show_card(self, card: SensorCard) -> None:
        """Show a sensor's newest state."""
        for widget in (self, self.symbol, self.state):
            set_kind(widget, card.grade)
        self.symbol.setText(card.symbol)
        self.title.setText(card.title)
        self.state.setText(card.state)
        show_elided(self.name, card.name)
        self.figures.setText(card.figures)
        self.step.setText(card.next_step or " ")  # keeps its line, so that nothing jumps
        self.setAccessibleName(card.spoken)
