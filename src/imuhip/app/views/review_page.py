"""The step of review: one table of all the session gave, and the report."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imuhip.app.models import wording, wording_strides
from imuhip.app.models.palette import Theme
from imuhip.app.models.review_model import ReviewModel
from imuhip.app.views.ask_line import AskLine
from imuhip.app.views.row_table import RowTable
from imuhip.app.views.step_keys import StepKey
from imuhip.app.views.strides_view import StridesView

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
        self.strides = StridesView(review)
        self.tags = QLabel()
        self.tags.setObjectName("ends")
        self.tag = AskLine(
            wording_strides.TAG_CHOICES,
            wording_strides.TAG_HINT,
            wording_strides.TAG_NAME,
            self._tagged,
            self.take_focus,
        )
        self.tag_key = QPushButton(wording_strides.TAG_KEY)
        self.view = QPushButton()
        self.norms = QPushButton()
        self.report = QPushButton(wording.REPORT)
        self.open = QPushButton(wording.OPEN_REPORT)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.summary)
        column.addWidget(self.tags)
        column.addWidget(self.table, 1)
        column.addWidget(self.strides, 1)
        column.addStretch(0)
        column.addWidget(self.tag)
        row = QHBoxLayout()
        column.addLayout(row)
        for button, call in (
            (self.view, self.turn_view),
            (self.norms, review.turn_profile),
            (self.tag_key, self.ask_tag),
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

    @property
    def keys(self) -> list[StepKey]:
        """Return the keys of this step that are its own."""
        return [
            StepKey(wording_strides.VIEW_STRIDES, ("V",), self.turn_view),
            StepKey(wording_strides.TAG_NAME, ("Ctrl+T",), self.ask_tag),
            *self.strides.keys,
        ]

    def ask_tag(self) -> None:
        """Ask for a tag of the session."""
        if self._review.session is not None:
            self.tag.ask()

    def _tagged(self, tag: str) -> None:
        self._review.turn_tag(tag)
        self.show_model()
        self.take_focus()

    def turn_view(self) -> None:
        """Show the strides, or the table."""
        self._review.turn_view()
        self.show_model()
        self.take_focus()

    def set_theme(self, theme: Theme, scale: float) -> None:
        """Take the colours of a theme."""
        self.strides.set_theme(theme, scale)

    def close_plots(self) -> None:
        """Let go of the plots."""
        self.strides.close_plots()

    def take_focus(self) -> None:
        """Let arrow keys walk through the table, or the strides."""
        if self.strides.isVisible():
            self.strides.take_focus()
        else:
            self.table.setFocus()

    def show_model(self) -> None:
        """Show the newest state."""
        self.summary.setText(self._review.summary)
        self.norms.setText(wording.NORMS_OF[self._review.profile])
        self.norms.setVisible(self._review.session is not None)
        self.report.setEnabled(self._review.can_report)
        self.report.setVisible(self._review.session is not None)
        self.open.setVisible(self._review.report is not None)
        shows_strides = self._review.shows_strides and self._review.strides is not None
        has_session = self._review.session is not None
        told = ", ".join(self._review.tags) or wording_strides.NO_TAGS
        self.tags.setText(wording_strides.TAGS.format(tags=told))
        self.tags.setVisible(has_session and not shows_strides)
        self.tag_key.setVisible(has_session)
        self.view.setVisible(self._review.strides is not None)
        self.view.setText(
            wording_strides.VIEW_TABLE if shows_strides else wording_strides.VIEW_STRIDES
        )
        self.summary.setVisible(not shows_strides)
        self.strides.setVisible(shows_strides)
        if shows_strides:
            self.table.hide()
            self.strides.show_model()
            return
        was_there = self.table.isVisible()
        self.table.show_rows(self._review.rows)
        self.table.setVisible(bool(self._review.rows))
        if self.table.isVisible() and not was_there:
            self.take_focus()
