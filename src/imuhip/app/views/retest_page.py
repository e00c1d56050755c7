"""The step of retest: earlier performances above, before and after below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QPushButton, QVBoxLayout, QWidget

from imuhip.app.models import wording
from imuhip.app.models.retest_model import RetestModel
from imuhip.app.views.row_table import RowTable

__all__ = ["RetestPage"]

_MOST_LINES = 4


class RetestPage(QWidget):
    """Shows a `RetestModel`.

    Parameters
    ----------
    retest : RetestModel
    """

    def __init__(self, retest: RetestModel) -> None:
        super().__init__()
        self._retest = retest
        self.earlier = QListWidget()
        self.earlier.setAccessibleName(wording.EARLIER_NAME)
        self.earlier.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.earlier.setWordWrap(True)
        self.earlier.currentRowChanged.connect(self._chosen)
        self.strapping = QPushButton(wording.STRAPPING_KEY)
        self.strapping.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.strapping.clicked.connect(retest.turn_strapping)
        self.table = RowTable(wording.RETEST_COLUMNS, wording.STEP_TITLES["retest"])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.earlier)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        buttons = QHBoxLayout()
        column.addLayout(buttons)
        buttons.addWidget(self.strapping)
        buttons.addStretch(1)

    def take_focus(self) -> None:
        """Let arrow keys choose."""
        self.earlier.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        titles = [choice.title for choice in self._retest.choices]
        shown = [self.earlier.item(row).text() for row in range(self.earlier.count())]
        if titles != shown:
            self.earlier.blockSignals(True)
            self.earlier.clear()
            self.earlier.addItems(titles)
            self.earlier.setCurrentRow(0)
            self.earlier.blockSignals(False)
            lines = min(max(len(titles), 1), _MOST_LINES)
            self.earlier.setFixedHeight(lines * self.earlier.sizeHintForRow(0) + 14)
        was_there = self.earlier.isVisible()
        self.earlier.setVisible(bool(titles))
        if self.earlier.isVisible() and not was_there:
            self.take_focus()
        self.strapping.setVisible(bool(titles))
        self.table.show_rows(self._retest.rows)

    def _chosen(self, row: int) -> None:
        self._retest.choose(row)
