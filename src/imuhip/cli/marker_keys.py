"""Marks set by key while recording, where there is a terminal to press keys on."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import threading

__all__ = ["KEYS", "KEYS_TOLD", "KeysToMarkers", "Marks", "asked_key", "can_ask", "typed_keys"]

KEYS: Final = {"n": "n_pose", "g": "gait", "m": "mark", "t": "tap", "j": "jump"}
"""Key to the marker it sets."""

KEYS_TOLD: Final = "keys n N-pose, g gait (on/off), m mark, t tap, j jump, p pain; Ctrl-C ends"
_TEST_KEY: Final = "e"
_PAIN = re.compile(r"p([lr]?)([0-9+])")
_PAIN_SO_FAR = re.compile(r"p[lr]?")
_PAIN_TOLD: Final = "pain: l or r for its side or neither, then 0 to 9, or + for 10"
_SIDES: Final = {"l": "left_", "r": "right_", "": ""}

_INSTANTS: Final = ("mark", "tap", "jump")
"""Taps on the sensors' table and jumps align clocks; see `imuhip.analysis.impact_alignment`."""
_STEP_S: Final = 0.05


class KeysToMarkers:
    """Turns what is typed into names of markers; pain takes two keys or three.

    Parameters
    ----------
    tests : sequence of str
        What the test key begins and ends, one after the other, and then anew.
    tell : callable
        Takes what a person should know.
    """

    def __init__(self, tests: Sequence[str] = (), tell: Callable[[str], None] = print) -> None:
        self._tests = tuple(tests)
        self._tell = tell
        self._presses = 0
        self._pain = ""

    def names(self, typed: str) -> list[str]:
        """Return the markers that these keys set."""
        return [name for key in typed.lower() for name in self._named(key)]

    @property
    def told(self) -> str:
        """Return the keys, and which test is next."""
        if not self._tests:
            return KEYS_TOLD
        return f"keys {_TEST_KEY} {self._test}, n N-pose, g gait (on/off), p pain"

    @property
    def _test(self) -> str:
        return self._tests[self._presses // 2 % len(self._tests)]

    def _named(self, key: str) -> list[str]:
        self._pain += key if self._pain or key == "p" else ""
        said = _PAIN.fullmatch(self._pain)
        if said:
            self._pain = ""
            return [f"pain_{_SIDES[said[1]]}{'10' if said[2] == '+' else said[2]}"]
        if _PAIN_SO_FAR.fullmatch(self._pain):
            if self._pain == "p":
                self._tell(_PAIN_TOLD)
            return []
        self._pain = ""  # another key: no pain after all
        if key == _TEST_KEY and self._tests:
            name = self._test
            self._presses += 1
            return [name]
        return [KEYS[key]] if key in KEYS else []


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
        instant = name in _INSTANTS or name.startswith("pain_")
        if not instant and name not in self._begun_s:
            self._begun_s[name] = at_s
            self._tell(f"{name} begins at {at_s:.1f} s; the same key ends it")
            return
        start_s = self._begun_s.pop(name, at_s)
        self._mark(name, start_s, at_s)
        self._tell(f"{name} marked from {start_s:.1f} s to {at_s:.1f} s")

    @property
    def begun(self) -> str:
        """Return what was begun and not ended, empty where nothing was."""
        begun = ", ".join(
            f"{name} since {start_s:.0f} s" for name, start_s in self._begun_s.items()
        )
        return f"{begun}; the same key ends it; Ctrl-C ends all" if begun else ""

    def end(self, at_s: float) -> None:
        """End every stretch that was begun."""
        for name in list(self._begun_s):
            self.press(name, at_s)


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
