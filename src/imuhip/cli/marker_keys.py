"""Marks set by key while recording, where there is a terminal to press keys on."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading

__all__ = ["KEYS", "Marks", "asked_key", "can_ask", "marker_keys", "typed_keys"]

KEYS: Final = {"n": "n_pose", "g": "gait", "m": "mark", "t": "tap", "j": "jump"}
"""Key to the marker it sets."""

KEYS_TOLD: Final = "keys n N-pose, g gait (again ends it), m mark, t tap, j jump; Ctrl-C ends"

_INSTANTS: Final = ("mark", "tap", "jump")
"""Taps on the sensors' table and jumps align clocks; see `imuhip.analysis.impact_alignment`."""
_STEP_S: Final = 0.05


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
        if name not in _INSTANTS and name not in self._begun_s:
            self._begun_s[name] = at_s
            self._tell(f"{name} begins at {at_s:.1f} s; the same key ends it")
            return
        start_s = self._begun_s.pop(name, at_s)
        self._mark(name, start_s, at_s)
        self._tell(f"{name} marked from {start_s:.1f} s to {at_s:.1f} s")

    @property
    def told(self) -> str:
        """Return the keys, and what was begun and not ended."""
        begun = ", ".join(
            f"{name} since {start_s:.0f} s" for name, start_s in self._begun_s.items()
        )
        return f"{begun}; the same key ends it; Ctrl-C ends all" if begun else KEYS_TOLD

    def end(self, at_s: float) -> None:
        """End every stretch that was begun."""
        for name in list(self._begun_s):
            self.press(name, at_s)


@contextmanager
def marker_keys() -> Iterator[Callable[[], list[str]]]:
    """Read single keys without waiting; yields a function returning the marks since last asked."""
    with typed_keys() as read:
        yield lambda: _names(read())


@contextmanager
def typed_keys() -> Iterator[Callable[[], str]]:
    """Yield a function returning what was typed since last asked; nothing without a terminal."""
    if not sys.stdin.isatty():
        yield str
        return
    try:
        import msvcrt
    except ImportError:
        with _posix_keys() as read:
            yield read
        return

    def read_console() -> str:  # pragma: no cover  # Windows only
        typed = ""
        while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
            typed += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
        return typed

    yield read_console


def can_ask() -> bool:
    """Return whether somebody sits in front of this command who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def asked_key(question: str, answers: Mapping[str, str], stop: threading.Event) -> str | None:
    """Ask for one key.

    Parameters
    ----------
    question : str
        What is asked.
    answers : mapping of key to str
        What each key does.
    stop : threading.Event
        Ends the question when set.

    Returns
    -------
    str or None
        The key; None when stopped.
    """
    from imuhip.cli.output import note

    note(f"{question} {', '.join(f'{key}: {words}' for key, words in answers.items())}")
    with typed_keys() as read:
        while not stop.wait(_STEP_S):
            for key in read().lower():
                if key in answers:
                    note(answers[key])
                    return key
    return None


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

    tty.setcbreak(terminal, termios.TCSANOW)  # a key pressed already counts
    try:
        yield read
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
