"""What a session file says of itself, read in milliseconds: for lists of sessions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from imuhip.core.segments import SEGMENTS
from imuhip.errors import FileFormatError, ImuhipError
from imuhip.recording.access import SessionFile

__all__ = ["Headline", "read_headline", "read_headlines", "recovered_name"]

_STILL_WRITTEN_S: Final = 5.0
"""A recording is flushed every half second; one that changed so lately is being made."""
_MOST_FILES: Final = 5000


@dataclass(frozen=True, slots=True)
class Headline:
    """One session file.

    Parameters
    ----------
    path : Path
    subject : str
        The person's code; empty where none was noted.
    start_time : datetime or None
    duration_s : float, s
        By the number of samples that are safe.
    segments : tuple of str
    markers : tuple of str
        Names of what was done, each once, in order.
    is_unfinished : bool
        Its recording died: `imuhip.recording.recovery.recover` rescues it.
    is_being_written : bool
        It changed a moment ago.
    """

    path: Path
    subject: str
    start_time: datetime | None
    duration_s: float
    segments: tuple[str, ...]
    markers: tuple[str, ...]
    is_unfinished: bool
    is_being_written: bool

    @property
    def is_recovered(self) -> bool:
        """Return whether what could be rescued lies beside it."""
        return recovered_name(self.path).exists()


def recovered_name(path: Path) -> Path:
    """Return what `imuhip.recording.recovery.recover` calls the rescued file."""
    return path.with_name(f"{path.stem}_recovered{path.suffix}")


def read_headline(path: Path) -> Headline:
    """Read one.

    Raises
    ------
    imuhip.errors.RecordingError
        When it is no session file, or too damaged to tell.
    """
    with SessionFile(path, allow_unfinished=True) as session:
        rate_hz = session.number("/", "rate_hz")
        names = session.names("sensors")
        start_time = None
        if session.has_attribute("/", "start_time"):
            with session.reading("/@start_time"):
                start_time = datetime.fromisoformat(session.text("/", "start_time"))
        has_subject = session.has_attribute("/", "subject")
        markers = session.table("markers")
        known = markers["name"] if "name" in (markers.dtype.names or ()) else np.empty(0, "S1")
        unfinished = session.state == "recording" or session.is_cut_short
        return Headline(
            path=path,
            subject=session.text("/", "subject") if has_subject else "",
            start_time=start_time,
            duration_s=_rows(session) / rate_hz if rate_hz > 0 else 0.0,
            segments=tuple(segment for segment in SEGMENTS if segment in names),
            markers=tuple(dict.fromkeys(n.decode(errors="replace") for n in known.tolist())),
            is_unfinished=unfinished,
            is_being_written=session.was_written_within(_STILL_WRITTEN_S),
        )


def _rows(session: SessionFile) -> int:
    """Return the samples of the sensor that has most, as far as they were made safe."""
    committed = session.read("n_committed", "V", max_rows=1000)
    rows = [int(row["rows"]) for row in committed if row["stream"].endswith(b"/samples")]
    return max(rows, default=0)


def read_headlines(
    folder: Path, known: Collection[Path] = ()
) -> tuple[list[Headline], list[ImuhipError]]:
    """Return what the session files of a folder say, newest first, and which cannot be read.

    Parameters
    ----------
    folder : Path
        Need not exist.
    known : collection of Path
        Files to leave out, such as the one that is being recorded.
    """
    found: list[Headline] = []
    problems: list[ImuhipError] = []
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".h5")
    except FileNotFoundError:
        return [], []
    except OSError as error:
        told = f"{folder}: cannot be read: {error.strerror or error}"
        return [], [FileFormatError(told, hint="give yourself the rights to it")]
    for path in paths[-_MOST_FILES:]:
        if path in known:
            continue
        try:
            found.append(read_headline(path))
        except ImuhipError as error:
            problems.append(error)
        except OSError as error:
            problems.append(FileFormatError(f"{path}: {error.strerror or error}"))
    found.sort(key=lambda one: (one.start_time is not None, str(one.start_time)), reverse=True)
    return found, problems
