"""What went wrong around the session: a line that stays until it is read, and hinders nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy

from imuhip.app.models import wording_window as wording
from imuhip.app.models.notices import Notice

__all__ = ["NoticeBar"]


class NoticeBar(QFrame):
    """Shows the oldest notice that was not read yet; hidden when there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.text = QLabel()
        self.text.setObjectName("noticetext")
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.read = QPushButton(wording.NOTICE_READ)
        self.read.setObjectName("small")
        # Its key works everywhere; Space on a focused button would be two things at once.
        self.read.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 12, 6)
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.read)
        self.hide()

    def show_notices(self, notices: Sequence[Notice]) -> None:
        """Show the first of them, and how many more there are."""
        self.setVisible(bool(notices))
        if not notices:
            return
        text = notices[0].text
        if len(notices) > 1:
            text = f"{text} {wording.MORE_NOTICES.format(n=len(notices) - 1)}"
        self.text.setText(f"▲ {text}")
        self.setAccessibleName(text)
