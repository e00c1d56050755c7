"""Asks for a few words: one of a list, or typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit

from imuhip.recording.annotations import MOST_TEXT

__all__ = ["AskLine"]


class AskLine(QComboBox):
    """Hidden until it asks. Enter takes the words, Escape takes nothing.

    Parameters
    ----------
    choices : sequence of str
        What is often said.
    hint : str
        Shown while nothing is typed.
    name : str
        For screen readers.
    take : callable
        Given the words.
    leave : callable
        Called when nothing is taken.
    """

    def __init__(
        self,
        choices: Sequence[str],
        hint: str,
        name: str,
        take: Callable[[str], None],
        leave: Callable[[], None],
    ) -> None:
        super().__init__()
        self._take, self._leave = take, leave
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setAccessibleName(name)
        self._line = QLineEdit()
        self.setLineEdit(self._line)
        self._line.setPlaceholderText(hint)
        self._line.setMaxLength(MOST_TEXT)
        self.addItems(list(choices))
        self.hide()

    def ask(self) -> None:
        """Show it and wait for keys."""
        self.setCurrentIndex(-1)
        self._line.clear()
        self.show()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the words, or leave."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if text := self.currentText().strip():
                self.hide()
                self._take(text)
        elif event.key() == Qt.Key.Key_Escape:
            self.hide()
            self._leave()
        else:
            super().keyPressEvent(event)
