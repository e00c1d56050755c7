"""A table of words: headings and notes over all columns, everything else cell by cell."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from imuhip.app.models.table_rows import TableRow

__all__ = ["RowTable"]


class RowTable(QTableWidget):
    """Shows rows; arrow keys move through them, so that every one can be reached and read out.

    Parameters
    ----------
    columns : sequence of str
        The last takes the room that is left.
    name : str
        For screen readers.
    """

    def __init__(self, columns: Sequence[str], name: str) -> None:
        super().__init__(0, len(columns))
        self.setAccessibleName(name)
        self.setHorizontalHeaderLabels(list(columns))
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(columns) - 1, QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._rows: list[TableRow] = []
        self.hide()

    def show_rows(self, rows: Sequence[TableRow]) -> None:
        """Show these rows; does nothing when they are shown."""
        if list(rows) == self._rows:
            return
        self._rows = list(rows)
        self.setVisible(bool(rows))
        self.clearSpans()
        self.setRowCount(len(rows))
        for k, row in enumerate(rows):
            for column in range(self.columnCount()):
                text = row.cells[column] if column < len(row.cells) else ""
                self.setItem(k, column, _item(text, row))
            if len(row.cells) == 1:
                self.setSpan(k, 0, 1, self.columnCount())
        if rows:
            self.setCurrentCell(0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break lines anew."""
        super().resizeEvent(event)
        self.resizeRowsToContents()


def _item(text: str, row: TableRow) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    item.setToolTip(row.hint or text)
    if row.kind == "heading":
        font = QFont()
        font.setBold(True)
        item.setFont(font)
    return item
