"""Fields to type and choose in, each with its name beside it and for screen readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

__all__ = ["add_field", "choice_field", "text_field"]


def text_field(name: str, hint: str, changed: Callable[[str], None]) -> QLineEdit:
    """Return a line to type in; `changed` is told what somebody typed, not what was set."""
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setAccessibleDescription(hint)
    field.setPlaceholderText(hint)
    field.setToolTip(hint)
    field.textEdited.connect(changed)
    return field


def choice_field(name: str, texts: Sequence[str], changed: Callable[[int], None]) -> QComboBox:
    """Return a list to choose one of with ↑ and ↓."""
    field = QComboBox()
    field.setAccessibleName(name)
    field.addItems(list(texts))
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.activated.connect(changed)
    return field


def add_field(grid: QGridLayout, row: int, name: str, field: QWidget) -> QLabel:
    """Put a field into a row of a grid, behind its name."""
    label = QLabel(name)
    label.setObjectName("field")
    label.setBuddy(field)
    grid.addWidget(label, row, 0)
    grid.addWidget(field, row, 1)
    return label
