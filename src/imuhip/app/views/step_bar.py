"""The steps of the session along the top: where one is, and the key of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from imuhip.app.models import wording, wording_window
from imuhip.app.views.style import set_kind

__all__ = ["StepBar"]


class StepBar(QFrame):
    """One button a step.

    Parameters
    ----------
    steps : sequence of str
    go_to : callable
        Takes the step that is wanted.
    """

    def __init__(self, steps: Sequence[str], go_to: Callable[[str], None]) -> None:
        super().__init__()
        self.setObjectName("steps")
        self.setAccessibleName(wording.STEPS_NAME)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.buttons: dict[str, QPushButton] = {}
        self._present = ""
        # It never asks for more than the window is wide: see `show_step`.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for step in steps:
            button = QPushButton()
            button.setObjectName("step")
            # Its key works everywhere; Space on a focused button would be two things at once.
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _checked=False, step=step: go_to(step))
            self.buttons[step] = button
            row.addWidget(button)
        row.addStretch(1)

    def show_step(self, present: str) -> None:
        """Show where one is: by a sign and words as well as by colour."""
        self._present = present
        for step, button in self.buttons.items():
            here = step == present
            sign = "▸ " if here else ""
            button.setText(f"{sign}{wording.STEP_TITLES[step]}  {wording.STEP_KEYS[step]}")
            name = wording_window.STEP_NAME_HERE if here else wording_window.STEP_NAME
            name = name.format(title=wording.STEP_TITLES[step], key=wording.STEP_KEYS[step])
            button.setAccessibleName(name)
            button.setToolTip(name)
            set_kind(button, "here" if here else "away")
        if self.sizeHint().width() > self.width():
            for step, button in self.buttons.items():
                if step != present:
                    button.setText(wording.STEP_KEYS[step])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Write as much as there is room for."""
        super().resizeEvent(event)
        self.show_step(self._present)
