"""The step of review: one table of all the session gave, and the report."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imuhip.app.models import wording
from imuhip.app.models.review_model import ReviewModel
from imuhip.app.views.row_table import RowTable

__all__ = ["ReviewPage"]


class ReviewPage(QWidget):
    """Shows a `ReviewModel`.

    Parameters
    ----------
    review : ReviewModel
    """

    def __init__(self, review: ReviewModel) -> None:
        super().__init__()
        self._review = review
        self.table = RowTable(wording.REVIEW_COLUMNS, wording.STEP_TITLES["review"])
        self.summary = QLabel()
        self.summary.setObjectName("about")
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.norms = QPushButton()
        self.report = QPushButton(wording.REPORT)
        self.open = QPushButton(wording.OPEN_REPORT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.table, 1)
        column.addStretch(0)
        row = QHBoxLayout()
        column.addLayout(row)
        for button, call in (
            (self.norms, review.turn_profile),
            (self.report, review.write_report),
            (self.open, self.open_report),
        ):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(call)
            row.addWidget(button)
        row.addStretch(1)
        self.show_model()

    def open_report(self) -> None:
        """Show the report page in whatever shows pages on this computer."""
        if self._review.report is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._review.report.absolute())))

    def take_focus(self) -> None:
        """Let arrow keys walk through the table."""
        self.table.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        self.summary.setText(self._review.summary)
        self.norms.setText(wording.NORMS_OF[self._review.profile])
        self.norms.setVisible(self._review.session is not None)
        self.report.setEnabled(self._review.can_report)
        self.report.setVisible(self._review.session is not None)
        self.open.setVisible(self._review.report is not None)
        was_there = self.table.isVisible()
        self.table.show_rows(self._review.rows)
        if self.table.isVisible() and not was_there:
            self.take_focus()
