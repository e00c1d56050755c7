"""Marks set by key while recording, where there is a terminal to press keys on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["KEYS", "Marks", "marker_keys"]

KEYS: Final = {"n": "n_pose", "g": "gait", "m": "mark"}
"""Key to the marker it sets."""

_INSTANT: Final = "mark"


class Marks:
    """Turns key presses into markers: the first press begins a stretch, the second ends it.

    Parameters
    ----------
    mark : callable
        Takes name, start and end on the recording's clock, s.
    tell : callable
        Takes what a person should know.
    """

    def __init__(
        self, mark: Callable[[str, float, float], None], tell: Callable[[str], None]
    ) -> None:
        self._mark = mark
        self._tell = tell
        self._begun_s: dict[str, float] = {}

    def press(self, name: str, at_s: float) -> None:
        """Begin or end a stretch, or mark an instant."""
        if name != _INSTANT and name not in self._begun_s:
            self._begun_s[name] = at_s
            self._tell(f"{name} begins at {at_s:.1f} s; the same key ends it")
            return
        start_s = self._begun_s.pop(name, at_s)
        self._mark(name, start_s, at_s)
        self._tell(f"{name} marked from {start_s:.1f} s to {at_s:.1f} s")

    def end(self, at_s: float) -> None:
        """End every stretch that was begun."""
        for name in list(self._begun_s):
            self.press(name, at_s)


@contextmanager
def marker_keys() -> Iterator[Callable[[], list[str]]]:
    """Read single keys without waiting; yields a function returning the marks since last asked."""
    if not sys.stdin.isatty():
        yield list
        return
    try:
        import msvcrt
    except ImportError:
        with _posix_keys() as read:
            yield lambda: _names(read())
        return

    def read_console() -> str:  # pragma: no cover  # Windows only
        typed = ""
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            typed += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
        return typed

    yield lambda: _names(read_console())


def _names(typed: str) -> list[str]:
    return [KEYS[key] for key in typed.lower() if key in KEYS]


@contextmanager
def _posix_keys() -> Iterator[Callable[[], str]]:
    import os
    import select
    import termios
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)

    def read() -> str:
        typed = b""
        while select.select([terminal], [], [], 0)[0]:
            piece = os.read(terminal, 64)
            if not piece:
                break
            typed += piece
        return typed.decode(errors="ignore")

    tty.setcbreak(terminal)
    try:
        yield read
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
