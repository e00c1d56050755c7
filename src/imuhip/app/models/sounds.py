"""When a tone sounds: while a limit is not kept, and once for each repetition."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Protocol

from imuhip.app.models import wording_move
from imuhip.app.models.worker import told

__all__ = ["Sounds", "Speaker"]


class Speaker(Protocol):
    """Something that makes tones; no method waits."""

    def hold(self, wanted: bool) -> None:
        """Let a tone sound until told otherwise."""
        ...

    def blip(self, times: int = 1) -> None:
        """Let short tones sound once, one after the other."""
        ...

    def close(self) -> None:
        """Let go of the computer's sound."""
        ...


class Sounds:
    """Switched on and off by a key; a worker opens the computer's sound, which may take long.

    Parameters
    ----------
    open_speaker : callable
        Opens the computer's sound, or raises.
    worker : Executor
        With a thread of its own.
    """

    def __init__(self, open_speaker: Callable[[], Speaker], worker: Executor) -> None:
        self.wanted = False
        self.problem = ""
        self._open = open_speaker
        self._worker = worker
        self._opening: Future[Speaker] | None = None
        self._speaker: Speaker | None = None
        self._holds = False

    @property
    def words(self) -> str:
        """Return in words whether tones sound, or why they cannot."""
        if self.problem:
            return wording_move.TONE_NONE.format(why=self.problem)
        return wording_move.TONE_OPENING if self._opening is not None else ""

    @property
    def is_on(self) -> bool:
        """Return whether tones can be heard."""
        return self.wanted and self._speaker is not None

    def toggle(self) -> None:
        """Switch tones on or off."""
        self.wanted = not self.wanted
        self.problem = ""
        if self.wanted and self._speaker is None and self._opening is None:
            self._opening = self._worker.submit(self._open)
        if not self.wanted:
            self.hold(False)

    def pull(self) -> None:
        """Learn whether the computer has sound; never waits."""
        if self._opening is None or not self._opening.done():
            return
        opening, self._opening = self._opening, None
        error = opening.exception()
        if error is None:
            self._speaker = opening.result()
        else:
            message, hint = told(error)
            self.problem = f"{message}; {hint}" if hint else message
            self.wanted = False

    def hold(self, wanted: bool) -> None:
        """Let the tone of a limit sound, or end it."""
        wanted = wanted and self.is_on
        if self._speaker is not None and wanted != self._holds:
            self._holds = wanted
            self._speaker.hold(wanted)

    def count(self, *, is_last: bool) -> None:
        """Let a repetition be heard; the last one wanted twice."""
        if self.is_on and self._speaker is not None:
            self._speaker.blip(2 if is_last else 1)

    def close(self) -> None:
        """Let go of the computer's sound; returns when that is done."""
        self._worker.shutdown(wait=True, cancel_futures=True)
        self.pull()
        if self._speaker is not None:
            self._speaker.close()
            self._speaker = None
