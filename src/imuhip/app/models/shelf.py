"""The session files of a folder: whose they are, and those whose recording died."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Final

from imuhip.acquisition.rescued_clocks import rescued_clocks
from imuhip.app.models.worker import told
from imuhip.errors import ImuhipError
from imuhip.recording.headline import Headline, read_headlines
from imuhip.recording.recovery import RecoveryReport, recover

__all__ = ["Shelf"]

_AGAIN_S: Final = 6.0
"""A file that changed a moment ago may be of a program that died just now: look at it again."""


class Shelf:
    """Reads headlines on a worker, and rescues what is unfinished when asked to.

    Parameters
    ----------
    folder : Path
        Of the recordings; need not exist.
    worker : Executor
        Not closed by this.
    now_s : callable
        Returns the time, s.
    """

    def __init__(
        self, folder: Path, worker: Executor, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        self.sessions: tuple[Headline, ...] = ()
        self.problems: tuple[ImuhipError, ...] = ()
        self.recovered: list[RecoveryReport] = []
        self.errors: dict[Path, tuple[str, str]] = {}
        self._worker = worker
        self._now_s = now_s
        self._again_s = math.inf
        self._looking: Future[tuple[list[Headline], list[ImuhipError]]] | None = None
        self._recovering: tuple[Path, Future[RecoveryReport]] | None = None
        self._waiting: list[Path] = []
        self._is_asked = False
        self._known: frozenset[Path] = frozenset()

    @property
    def is_looking(self) -> bool:
        """Return whether the files are being read."""
        return self._looking is not None

    @property
    def recovering(self) -> Path | None:
        """Return the file that is being rescued."""
        return None if self._recovering is None else self._recovering[0]

    @property
    def unfinished(self) -> list[Headline]:
        """Return the recordings that died and were not rescued yet."""
        done = {report.source for report in self.recovered}
        return [
            one
            for one in self.sessions
            if one.is_unfinished
            and not one.is_being_written
            and one.path not in done
            and not one.is_recovered
        ]

    def of(self, code: str) -> list[Headline]:
        """Return the sessions of a person, newest first."""
        return [one for one in self.sessions if one.subject == code]

    def look(self, being_recorded: Path | None = None) -> None:
        """Ask for what there is; a file that is being recorded is left alone."""
        self._is_asked = True
        self._known = frozenset() if being_recorded is None else frozenset({being_recorded})

    def recover(self) -> None:
        """Rescue all that is unfinished, one after the other."""
        if self._recovering is None:
            self.errors = {}
            self._waiting = [one.path for one in self.unfinished]

    def pull(self, *, shown: bool) -> None:
        """Learn what the worker found; when shown, look again at what was being written."""
        if self._looking is not None and self._looking.done():
            if self._looking.exception() is None:
                sessions, problems = self._looking.result()
                self.sessions, self.problems = tuple(sessions), tuple(problems)
                fresh = any(one.is_unfinished and one.is_being_written for one in sessions)
                self._again_s = self._now_s() + _AGAIN_S if fresh else math.inf
            self._looking = None
        if self._recovering is not None and self._recovering[1].done():
            path, future = self._recovering
            self._recovering = None
            error = future.exception()
            if error is None:
                self.recovered.append(future.result())
            else:
                self.errors[path] = told(error)
            self._is_asked = True
        if shown and self._now_s() >= self._again_s:
            self._is_asked, self._again_s = True, math.inf
        if self._waiting and self._recovering is None:
            path = self._waiting.pop(0)
            self._recovering = (path, self._worker.submit(recover, path, clocks=rescued_clocks))
        if self._is_asked and self._looking is None and self._recovering is None:
            self._is_asked = False
            self._looking = self._worker.submit(read_headlines, self.folder, self._known)
