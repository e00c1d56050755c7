"""One number with its uncertainty, to be read from three metres."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from imuhip.app.models.big_numbers import BigNumber
from imuhip.app.views.style import set_kind, show_elided

__all__ = ["BigNumberWidget"]


class BigNumberWidget(QWidget):
    """Label above, value and spread below, what they rest on in small type."""

    def __init__(self) -> None:
        super().__init__()
        self.label, self.value, self.spread, self.hint = QLabel(), QLabel(), QLabel(), QLabel()
        for label, name in (
            (self.label, "biglabel"),
            (self.value, "bignumber"),
            (self.spread, "bigspread"),
            (self.hint, "range"),
        ):
            label.setObjectName(name)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.label, self.hint):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.label)
        row = QHBoxLayout()
        column.addLayout(row)
        row.setSpacing(10)
        row.addWidget(self.value, 0, Qt.AlignmentFlag.AlignBaseline)
        row.addWidget(self.spread, 0, Qt.AlignmentFlag.AlignBaseline)
        row.addStretch(1)
        column.addWidget(self.hint)

    def show_number(self, number: BigNumber | None) -> None:
        """Show a number, or keep its room empty."""
        if number is None:
            for label in (self.label, self.value, self.spread, self.hint):
                label.setText("")
            self.setAccessibleName("")
            return
        show_elided(self.label, number.label)
        self.value.setText(number.value)
        self.spread.setText(number.spread)
        show_elided(self.hint, number.hint)
        set_kind(self.value, "known" if number.known else "unknown")
        self.setAccessibleName(number.spoken)
