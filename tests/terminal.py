"""A real ``imuhip`` process on a pseudo-terminal, and what a person would see on the screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Screen", "TerminalProcess"]

_ENTRY = "from imuhip.cli.main import run; run()"
_CONTROL = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|\x1b[()][A-Z0-9]|\x1b[78=>]|\x07")


class Screen:
    """As much of a terminal as progress bars need: lines that wrap, cursor moves, erasing.

    It scrolls for ever and forgets nothing, so `text` is the whole of what is left to read.
    """

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.lines: list[list[str]] = [[]]
        self.wrapped: set[int] = set()
        """Lines that began because the one before was too long."""
        self.colours: set[str] = set()
        """Every colour or style that was asked for."""
        self._row = self._column = 0
        self._rest = ""

    def feed(self, typed: str) -> None:
        """Take what was printed."""
        typed = self._rest + typed
        self._rest = ""
        at = 0
        while at < len(typed):
            found = _CONTROL.match(typed, at)
            if found:
                self._obey(found[1] or "", found[2] or "")
                at = found.end()
            elif typed[at] == "\x1b" and len(typed) - at < 12:
                self._rest = typed[at:]
                return
            else:
                self._put(typed[at])
                at += 1

    @property
    def text(self) -> str:
        """Return the screen, without spaces at ends of lines."""
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def _obey(self, numbers: str, command: str) -> None:
        count = int(numbers) if numbers.isdigit() else 1
        if command == "A":
            self._row = max(0, self._row - count)
        elif command == "K":
            keep = 0 if numbers in ("1", "2") else self._column
            del self.lines[self._row][keep:]
        elif command == "J":
            del self.lines[self._row][self._column :]
            del self.lines[self._row + 1 :]
        elif command == "m" and numbers not in ("", "0"):
            self.colours.add(numbers)

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down()
        else:
            if self._column >= self.columns:
                self._down()
                self._column = 0
                self.wrapped.add(self._row)
            line = self.lines[self._row]
            line.extend(" " * (self._column + 1 - len(line)))
            line[self._column] = character
            self._column += 1

    def _down(self) -> None:
        self._row += 1
        while self._row >= len(self.lines):
            self.lines.append([])


class TerminalProcess:
    """``imuhip ARGUMENTS`` on a terminal of its own; a context manager that leaves nothing behind.

    Parameters
    ----------
    arguments
        Of the command.
    cwd : Path
        Where it runs.
    columns, rows : int
        Size of the terminal.
    environment
        More variables; None takes one away.
    """

    def __init__(
        self,
        *arguments: object,
        cwd: Path,
        columns: int = 80,
        rows: int = 30,
        **environment: str | None,
    ) -> None:
        environment.setdefault("IMUHIP_SETTINGS_DIR", str(cwd / "settings"))
        self.screen = Screen(columns)
        self.pictures: list[str] = []
        """The screen each time something was read."""
        self._terminal, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ENTRY, *map(str, arguments)],
            cwd=cwd,
            env=_environment(environment),
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(child)

    def __enter__(self) -> TerminalProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._terminal)

    def type(self, keys: str) -> None:
        """Press keys; ``"\\x03"`` is Ctrl-C."""
        os.write(self._terminal, keys.encode())

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def until(self, words: str, timeout_s: float = 40.0) -> str:
        """Read until `words` stand on the screen; return the screen."""
        deadline_s = time.monotonic() + timeout_s
        while words not in self.screen.text:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self._read(left_s):
                raise AssertionError(f"{words!r} was not shown:\n{self.screen.text}")
        return self.screen.text

    def wait(self, timeout_s: float = 60.0) -> int:
        """Read to the end and return the exit code."""
        deadline_s = time.monotonic() + timeout_s
        while self._read(max(0.0, deadline_s - time.monotonic())):
            pass
        return self._process.wait(max(0.1, deadline_s - time.monotonic()))

    def _read(self, timeout_s: float) -> bool:
        if not select.select([self._terminal], [], [], timeout_s)[0]:
            return False
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # how Linux tells that nobody has the terminal open any more
            return False
        self.screen.feed(piece.decode(errors="replace"))
        if piece:
            self.pictures.append(self.screen.text)
        return bool(piece)


def _environment(extra: Mapping[str, str | None]) -> dict[str, str]:
    quiet = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    wanted: dict[str, str | None] = {k: v for k, v in os.environ.items() if k not in quiet}
    wanted |= {"TERM": "xterm-256color", "PYTHONUNBUFFERED": "1", **extra}
    return {name: value for name, value in wanted.items() if value is not None}
