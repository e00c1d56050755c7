"""The table of notes in a finished session file: read, and written without touching the rest.

To write it the whole file is copied beside itself, the table is written in the copy, and the copy
takes the name in one step when it is on the disk: a kill, a full disk or a reader at work meet the
old file or the new one, never a mixture.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from imuhip.core.annotation import Annotation
from imuhip.core.segments import SIDES
from imuhip.errors import RecordingError
from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.save import finished_file, unfinished_parts
from imuhip.recording.schema import SCHEMA_MINOR, table_types

__all__ = ["MOST_ANNOTATIONS", "annotations_of", "read_annotations", "write_annotations"]

PLACE: Final = "annotations"
MOST_ANNOTATIONS: Final = 10_000
_ATTEMPTS: Final = 5
_PARTS_KEPT_S: Final = 600.0

Change = Callable[[tuple[Annotation, ...]], tuple[Annotation, ...]]


def read_annotations(path: str | Path) -> tuple[Annotation, ...]:
    """Read the notes of a finished file, those taken back as well, oldest first.

    Only the table is read, so that it takes milliseconds whatever the file's length.

    Raises
    ------
    imuhip.errors.RecordingError
        When it is no finished session file.
    """
    with SessionFile(Path(path)) as session:
        return annotations_of(session)


def annotations_of(session: SessionFile) -> tuple[Annotation, ...]:
    """Read the notes of an open file."""
    if not session.has(PLACE):
        return ()
    rows = session.table(PLACE, max_rows=MOST_ANNOTATIONS)
    missing = {"kind", "text", "side", "start_s", "end_s"} - set(rows.dtype.names or ())
    if missing:
        raise session.refuse(PLACE, f"lacks the columns {', '.join(sorted(missing))}")
    return tuple(_annotation(row) for row in rows)


def write_annotations(path: str | Path, change: Change) -> tuple[Annotation, ...]:
    """Write the notes of a finished file anew; nothing else in it changes.

    Parameters
    ----------
    path : str or Path
    change : callable
        Given the notes there are, returns those there are to be; called again when somebody else
        wrote meanwhile.

    Returns
    -------
    tuple of Annotation
        As they are in the file now.

    Raises
    ------
    imuhip.errors.RecordingError
        When it is no finished session file, or changed again and again meanwhile (E742).
    imuhip.errors.DiskError
        When the new file cannot be written; the old one stays.
    """
    path = Path(path)
    for _attempt in range(_ATTEMPTS):
        with SessionFile(path) as session:
            seen = _fingerprint(path)
            before = annotations_of(session)
        after = change(before)
        if len(after) > MOST_ANNOTATIONS:
            raise RecordingError(
                f"{path}: {len(after)} notes, above the limit of {MOST_ANNOTATIONS}",
                hint="leave out longer stretches instead of single strides",
                code="E740",
            )
        if after == before or _replaced(path, after, seen):
            return after
    raise RecordingError(
        f"{path}: changed {_ATTEMPTS} times while a note was written; nothing was noted",
        hint="close other programs that write this file, then try again",
        code="E742",
    )


_Fingerprint = tuple[int, int, int]


def _fingerprint(path: Path) -> _Fingerprint:
    stat = path.stat()
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


class _ChangedMeanwhileError(Exception):
    """Somebody else wrote the file since it was read."""


def _replaced(path: Path, annotations: Sequence[Annotation], seen: _Fingerprint) -> bool:
    """Put a copy with these notes in the place of the file; False when that is another by now."""
    _remove_left_behind(path)

    def check(part: Path) -> None:
        with SessionFile(part) as copy:
            if annotations_of(copy) != tuple(annotations):
                raise copy.refuse(PLACE, "did not read back the same", "the file stays as it was")
        if _fingerprint(path) != seen:
            raise _ChangedMeanwhileError

    with SessionFile(path) as session:
        state = session.state
    try:
        with finished_file(path, state, replaces=True, copies=True, check=check) as file:
            _write(file, annotations)
    except _ChangedMeanwhileError:
        return False
    return True


def _remove_left_behind(path: Path) -> None:
    """Remove what a killed process left; what is young may be at work elsewhere."""
    for part in unfinished_parts(path):
        with suppress(OSError):
            if time.time() - part.stat().st_mtime > _PARTS_KEPT_S:
                part.unlink()


def _write(file: Any, annotations: Sequence[Annotation]) -> None:
    rows = [layout.annotation_row(one) for one in annotations]
    if PLACE in file and _fits(file[PLACE], rows):
        table = file[PLACE]
        table.resize(len(rows), axis=0)
        table[...] = np.array(rows, dtype=table.dtype)
    else:
        if PLACE in file:
            del file[PLACE]
        layout.create_table(file, PLACE, rows)
    minor = max(SCHEMA_MINOR, int(file.attrs["schema_minor"]))
    file.attrs.modify("schema_minor", np.int32(minor))


def _fits(table: h5py.Dataset, rows: Sequence[tuple[Any, ...]]) -> bool:
    if table.dtype.names != table_types()[PLACE].names or table.maxshape != (None,):
        return False
    sizes = [table.dtype[name].itemsize for name in table.dtype.names]
    return all(
        len(value) <= size
        for row in rows
        for value, size in zip(row, sizes, strict=True)
        if isinstance(value, bytes)
    )


def _annotation(row: Any) -> Annotation:
    names = row.dtype.names

    def text(name: str) -> str:
        return bytes(row[name]).decode(errors="replace")

    def number(name: str) -> float | None:
        value = float(row[name]) if name in names else math.nan
        return value if math.isfinite(value) else None

    side = next((known for known in SIDES if known == text("side")), None)
    return Annotation(
        text("kind"),
        text("text"),
        side,
        number("start_s"),
        number("end_s"),
        number("noted_unix_s"),
        number("withdrawn_unix_s"),
    )
