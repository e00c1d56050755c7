"""A real ``imuhip`` process, whose stderr is read while it runs."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["CliProcess", "run_cli"]

_ENTRY = "from imuhip.cli.main import run; run()"
_ANNOUNCED_ENTRY = "from imuhip.cli.main import run; print('entered', flush=True); run()"


def _environment(extra: Mapping[str, str | None]) -> dict[str, str]:
    """Return this process's environment with `extra`; None takes a variable away."""
    wanted = {**os.environ, "PYTHONUNBUFFERED": "1", **extra}
    return {name: value for name, value in wanted.items() if value is not None}


def run_cli(
    *arguments: object, cwd: Path, timeout_s: float = 60.0, **environment: str | None
) -> subprocess.CompletedProcess[str]:
    """Run ``imuhip ARGUMENTS`` to its end; settings are kept in `cwd`, not with this computer's."""
    environment.setdefault("IMUHIP_SETTINGS_DIR", str(cwd / "settings"))
    return subprocess.run(
        [sys.executable, "-c", _ENTRY, *map(str, arguments)],
        cwd=cwd,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


class CliProcess:
    """``imuhip ARGUMENTS``, running; a context manager that leaves no process behind.

    If `announced`, it prints ``entered`` when the interpreter comes to our first line; if `typed`,
    `type` writes to its stdin.
    """

    def __init__(
        self,
        *arguments: object,
        cwd: Path,
        announced: bool = False,
        typed: bool = False,
        **environment: str | None,
    ) -> None:
        environment.setdefault("IMUHIP_SETTINGS_DIR", str(cwd / "settings"))
        entry = _ANNOUNCED_ENTRY if announced else _ENTRY
        self._process = subprocess.Popen(
            [sys.executable, "-c", entry, *map(str, arguments)],
            cwd=cwd,
            env=_environment(environment),
            stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        """What was read of stdout and stderr so far, in order of arrival."""
        self._arrived: queue.Queue[str | None] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=(stream,), daemon=True)
            for stream in (self._process.stdout, self._process.stderr)
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream) -> None:
        for line in stream:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def __enter__(self) -> CliProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, words: str, timeout_s: float = 40.0) -> str:
        """Return the next line with `words` in it."""
        deadline_s = time.monotonic() + timeout_s
        ended = 0
        while ended < 2:
            try:
                line = self._arrived.get(timeout=max(0.0, deadline_s - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                ended += 1
                continue
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} was not printed within {timeout_s} s:\n{self.text}")

    def until_recorded(self, at_least_s: float, words: str = "") -> str:
        """Return the next line about a sensor, with `words`, from that time of the recording on.

        A busy machine prints a second late, or leaves one out.
        """
        while True:
            line = self.until(words or " Hz")
            at = re.match(r" *([0-9.]+) s [ !X] ", line)
            if at and float(at[1]) >= at_least_s:
                return line

    def type(self, text: str) -> None:
        """Write to the stdin of a process that was made with ``typed``."""
        self._process.stdin.write(text)
        self._process.stdin.flush()

    def signal(self, number: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(number)

    def wait(self, timeout_s: float = 40.0) -> int:
        """Wait for the end, read what is left and return the exit code."""
        code = self._process.wait(timeout_s)
        for reader in self._readers:
            reader.join(timeout_s)
        while not self._arrived.empty():
            line = self._arrived.get()
            if line is not None:
                self.lines.append(line)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
        return code
