"""The record button: asks for a recording, never waits for it, and says how it goes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.app.models import wording, wording_window
from imuhip.app.models.live_source import LiveSource
from imuhip.app.models.worker import told
from imuhip.errors import ImuhipError
from imuhip.recording.naming import made_folder, numbered, session_name

__all__ = ["FilePlan", "RecordingControl", "RecordingState"]

Phase = Literal["idle", "starting", "recording", "stopping"]

FINISH_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class RecordingState:
    """How the recording is.

    Parameters
    ----------
    phase : {"idle", "starting", "recording", "stopping"}
    elapsed_s : float, s
        Of the running recording, or of the last one.
    path : Path or None
        Its file.
    n_markers : int
        Set in it, by hand and by the tests.
    error, hint : str
        What went wrong and what to do; empty when nothing did.
    """

    phase: Phase = "idle"
    elapsed_s: float = 0.0
    path: Path | None = None
    n_markers: int = 0
    error: str = ""
    hint: str = ""

    @property
    def line(self) -> str:
        """Return the state in words."""
        if self.phase == "starting":
            return wording.STARTING
        if self.phase == "stopping":
            return wording.STOPPING
        if self.phase == "recording" or self.path is None:
            return wording.NOTHING_RECORDED if self.path is None else str(self.path)
        return wording_window.SAVED.format(path=self.path)


@dataclass(frozen=True, slots=True)
class FilePlan:
    """Where recordings of this window go; existing files are never chosen.

    Parameters
    ----------
    first : Path or None
        The first recording; later ones get a number. None names files by date.
    folder : Path
        Used when `first` is None.
    now : callable
        Returns the present.
    """

    first: Path | None = None
    folder: Path = Path("recordings")
    now: Callable[[], datetime] = lambda: datetime.now().astimezone()

    @property
    def place(self) -> Path:
        """Return the folder recordings go to."""
        return self.folder if self.first is None else self.first.parent

    def next_path(self) -> Path:
        """Return a file that does not exist, in a folder that does.

        Raises
        ------
        DiskError
            When the folder cannot be made.
        """
        return made_folder(numbered(self.first or self.folder / session_name(self.now())))


class RecordingControl:
    """Starts, marks and stops recordings; `pull` learns what came of it.

    Parameters
    ----------
    source : LiveSource
        What records.
    plan : FilePlan
        Where to.
    on_recorded : callable, optional
        Told of every finished recording.
    """

    def __init__(
        self,
        source: LiveSource,
        plan: FilePlan,
        on_recorded: Callable[[RecordingResult], None] | None = None,
    ) -> None:
        self.results: list[RecordingResult] = []
        self.state = RecordingState()
        self._source = source
        self._plan = plan
        self._on_recorded = on_recorded or (lambda _result: None)
        self._begin: Future[None] | None = None
        self._end: Future[RecordingResult] | None = None
        self._marks: list[Future[None]] = []

    @property
    def folder(self) -> Path:
        """Return where recordings go."""
        return self._plan.place

    def toggle(self) -> None:
        """Start when idle, stop when recording; does nothing while one of these is under way."""
        if self.state.phase == "idle":
            self.start()
        elif self.state.phase == "recording":
            self.stop()

    def start(self) -> None:
        """Ask for a recording."""
        try:
            path = self._plan.next_path()
        except ImuhipError as error:
            self.state = RecordingState(error=error.message, hint=error.hint)
            return
        self.state = RecordingState("starting", path=path)
        self._begin = self._source.begin_recording(path)

    def stop(self) -> None:
        """Ask for the end of the recording."""
        self.state = self._changed(phase="stopping")
        self._end = self._source.end_recording()

    def mark(self, name: str, start_s: float | None = None, end_s: float | None = None) -> None:
        """Mark a stretch, by default the present instant; does nothing when nothing is recorded."""
        if self.state.phase == "recording":
            self._marks.append(self._source.mark(name, start_s, end_s))

    def pull(self, status: AcquisitionStatus) -> None:
        """Learn what became of what was asked for."""
        if self._begin is not None and self._begin.done():
            self._begun(self._begin)
        if self._end is not None and self._end.done():
            self._ended(self._end)
        marked = [future for future in self._marks if future.done()]
        self._marks = [future for future in self._marks if not future.done()]
        n_marked = sum(future.exception() is None for future in marked)
        if n_marked:
            self.state = self._changed(n_markers=self.state.n_markers + n_marked)
        running = status.recording
        if self.state.phase == "recording" and running is not None:
            error = running.error
            self.state = self._changed(
                elapsed_s=running.elapsed_s,
                error=error.message if error is not None else "",
                hint=error.hint if error is not None else "",
            )

    def close(self) -> None:
        """Finish what runs, and wait for it: the file comes first."""
        if self._begin is not None and not self._begin.cancel():
            self._begun(self._begin)
        if self.state.phase == "recording":
            self.stop()
        if self._end is not None:
            self._end.exception(FINISH_TIMEOUT_S)
            self._ended(self._end)
        self.state = self._changed(phase="idle")

    def _begun(self, future: Future[None]) -> None:
        self._begin = None
        error = future.exception()
        if error is None:
            self.state = self._changed(phase="recording")
        else:
            message, hint = told(error)
            self.state = RecordingState(error=message, hint=hint)

    def _ended(self, future: Future[RecordingResult]) -> None:
        self._end = None
        error = future.exception()
        if error is None:
            result = future.result()
            self.results.append(result)
            self.state = self._changed(phase="idle", elapsed_s=result.duration_s)
            error = result.error
            self._on_recorded(result)
        if error is not None:
            message, hint = told(error)
            self.state = self._changed(phase="idle", error=message, hint=hint)

    def _changed(self, **fields: Any) -> RecordingState:
        return replace(self.state, **fields)
