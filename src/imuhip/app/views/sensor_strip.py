"""A card per sensor along the bottom edge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from imuhip.app.models.sensor_cards import SensorCard
from imuhip.app.views.style import set_kind

__all__ = ["SensorStrip"]


class SensorStrip(QWidget):
    """Shows the cards it is given, as many as there are."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Sensors")
        self.cards: dict[str, CardWidget] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(10)

    def show_cards(self, cards: Sequence[SensorCard]) -> None:
        """Show these cards, in this order."""
        if list(self.cards) != [card.segment for card in cards]:
            self._rebuild([card.segment for card in cards])
        for card in cards:
            self.cards[card.segment].show_card(card)

    def _rebuild(self, segments: Sequence[str]) -> None:
        for old in self.cards.values():
            self._row.removeWidget(old)
            old.deleteLater()
        self.cards = {segment: CardWidget() for segment in segments}
        for card in self.cards.values():
            self._row.addWidget(card, 1)


class CardWidget(QFrame):
    """One sensor: shape, segment and state; its figures; what to do."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.symbol, self.title, self.state = QLabel(), QLabel(), QLabel()
        self.figures, self.step = QLabel(), QLabel()
        for label, name in (
            (self.symbol, "symbol"),
            (self.title, "title"),
            (self.state, "state"),
            (self.figures, "figures"),
            (self.step, "step"),
        ):
            label.setObjectName(name)
        self.step.setWordWrap(True)
        self.step.setAlignment(Qt.AlignmentFlag.AlignTop)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.symbol)
        top.addWidget(self.title)
        top.addWidget(self.state)
        top.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 10, 8)
        column.setSpacing(3)
        column.addLayout(top)
        column.addWidget(self.figures)
        column.addWidget(self.step, 1)

    def show_card(self, card: SensorCard) -> None:
        """Show a sensor's newest state."""
        for widget in (self, self.symbol, self.state):
            set_kind(widget, card.grade)
        self.symbol.setText(card.symbol)
        self.title.setText(card.title)
        self.state.setText(card.state)
        self.figures.setText(
            f"{card.name}\nbattery {card.battery}  ·  {card.rate}  ·  lost {card.loss}"
            f"  ·  last packet {card.age}"
        )
        self.step.setText(card.next_step)
        self.step.setVisible(bool(card.next_step))
        self.setAccessibleName(card.spoken)
