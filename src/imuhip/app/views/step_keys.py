"""Keys that mean something in one step only: the same letter may mean another thing in the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

__all__ = ["StepKey", "StepKeys"]


@dataclass(frozen=True, slots=True)
class StepKey:
    """What some keys do.

    Parameters
    ----------
    text : str
        In words.
    keys : tuple of str
        As Qt writes them, such as ``"Ctrl+R"``.
    call : callable
    steps : tuple of str
        Where they do it; everywhere when empty.
    """

    text: str
    keys: tuple[str, ...]
    call: Callable[[], object]
    steps: tuple[str, ...] = ()


class StepKeys:
    """The actions of a window, each of them enabled in its steps: a disabled one takes no key.

    Parameters
    ----------
    window : QWidget
        Gets the actions.
    """

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._actions: list[tuple[QAction, tuple[str, ...]]] = []

    def add(self, keys: Sequence[StepKey], steps: Sequence[str] = ()) -> None:
        """Add keys; `steps` holds for those that name none."""
        for key in keys:
            action = QAction(key.text, self._window)
            action.setShortcuts([QKeySequence(text) for text in key.keys])
            action.setAutoRepeat(False)
            action.triggered.connect(lambda _checked=False, call=key.call: call())
            self._window.addAction(action)
            self._actions.append((action, key.steps or tuple(steps)))

    def show_step(self, step: str) -> None:
        """Let the keys of a step work, and those of no other."""
        for action, steps in self._actions:
            action.setEnabled(not steps or step in steps)
