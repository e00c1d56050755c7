"""Notes beside the data of a finished session file: strides left out by hand, and tags.

What was measured is never touched. A note is a row of the table ``annotations``; one that is taken
back stays there, with the time at which it was. A file without the table has no notes. How they are
stored is `imuhip.recording.annotation_table`'s.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from imuhip.core.annotation import EXCLUDED, TAG, Annotation, exclusions_of, tags_of
from imuhip.core.segments import SIDES, Side
from imuhip.errors import RecordingError
from imuhip.recording.annotation_table import annotations_of, read_annotations, write_annotations

__all__ = [
    "MOST_TEXT",
    "add_tag",
    "annotations_of",
    "exclude_each",
    "exclude_strides",
    "include_strides",
    "read_annotations",
    "remove_tag",
    "take_back",
]

MOST_TEXT: Final = 200
"""Characters of a reason or a tag."""


def exclude_strides(
    path: str | Path,
    start_s: float,
    end_s: float,
    reason: str,
    *,
    side: Side | None = None,
    now: Callable[[], float] = time.time,
) -> Annotation:
    """Leave strides out of every result, and say why in the file.

    Parameters
    ----------
    path : str or Path
        A finished session file.
    start_s, end_s : float, s
        On the recording's clock; strides that lie in it by more than half are left out.
    reason : str
        In words; up to 200 characters.
    side : {"left", "right"}, optional
        Whose; by default of both legs.
    now : callable
        Returns the seconds since 1970-01-01 UTC.

    Raises
    ------
    imuhip.errors.RecordingError
        Without a reason, or with a stretch that cannot be (E740).
    imuhip.errors.DiskError
        When there is no room for the new file; the old one stays.
    """
    return exclude_each(path, [(side, start_s, end_s)], reason, now=now)[0]


def exclude_each(
    path: str | Path,
    strides: Sequence[tuple[Side | None, float, float]],
    reason: str,
    *,
    now: Callable[[], float] = time.time,
) -> tuple[Annotation, ...]:
    """Leave several strides out for one reason; the file is written once.

    Parameters
    ----------
    path : str or Path
    strides : sequence of (side, start_s, end_s)
    reason : str
    now : callable

    Raises
    ------
    imuhip.errors.RecordingError, imuhip.errors.DiskError
        As `exclude_strides`.
    """
    text, at_s = _text(path, reason, "a reason"), now()
    for side, start_s, end_s in strides:
        if side not in (None, *SIDES):
            raise ValueError(f"Expected side left, right or None, got {side!r}")
        if not (math.isfinite(start_s) and math.isfinite(end_s) and end_s > start_s):
            raise RecordingError(
                f"{path}: strides from {start_s:g} s to {end_s:g} s cannot be left out",
                hint="the end must lie behind the start, both in seconds of the recording",
                code="E740",
            )
    notes = tuple(
        Annotation(EXCLUDED, text, side, float(start_s), float(end_s), at_s)
        for side, start_s, end_s in strides
    )
    write_annotations(path, lambda before: (*before, *notes))
    return notes


def include_strides(
    path: str | Path,
    at_s: float,
    *,
    side: Side | None = None,
    now: Callable[[], float] = time.time,
) -> tuple[Annotation, ...]:
    """Take back the exclusions that hold at an instant; return them.

    Parameters
    ----------
    path : str or Path
    at_s : float, s
        Inside the excluded stretch.
    side : {"left", "right"}, optional
        Only those of this leg, or of both legs together; by default all.
    now : callable

    Raises
    ------
    imuhip.errors.RecordingError
        When nothing is left out there (E741).
    """

    def is_meant(one: Annotation) -> bool:
        inside = (one.start_s or 0.0) <= at_s <= (one.end_s or 0.0)
        return inside and (side is None or one.side in (None, side))

    found = [one for one in exclusions_of(read_annotations(path)) if is_meant(one)]
    if not found:
        raise RecordingError(
            f"{path}: no stride is left out by hand at {at_s:g} s",
            hint="imuhip check lists what is left out by hand",
            code="E741",
        )
    return take_back(path, found, now=now)


def add_tag(path: str | Path, tag: str, *, now: Callable[[], float] = time.time) -> None:
    """Give a session a tag: free words it is found by. One it has already changes nothing.

    Raises
    ------
    imuhip.errors.RecordingError
        For an empty or too long tag (E740).
    """
    text = _text(path, tag, "a tag")
    if text not in tags_of(read_annotations(path)):
        note = Annotation(TAG, text, noted_unix_s=now())
        write_annotations(path, lambda before: (*before, note))


def remove_tag(path: str | Path, tag: str, *, now: Callable[[], float] = time.time) -> None:
    """Take a tag back.

    Raises
    ------
    imuhip.errors.RecordingError
        When the session has no such tag (E741).
    """
    text = " ".join(tag.split())
    notes = read_annotations(path)
    found = [one for one in notes if one.kind == TAG and one.holds and one.text == text]
    if not found:
        has = ", ".join(tags_of(notes)) or "none"
        raise RecordingError(f"{path}: has no tag {text!r}", hint=f"its tags: {has}", code="E741")
    take_back(path, found, now=now)


def take_back(
    path: str | Path, notes: Sequence[Annotation], *, now: Callable[[], float] = time.time
) -> tuple[Annotation, ...]:
    """Take notes of a file back, all at once; return them with the time it was.

    Parameters
    ----------
    path : str or Path
    notes : sequence of Annotation
        As they are in the file.
    now : callable
    """
    at_s = now()

    def taken_back(before: tuple[Annotation, ...]) -> tuple[Annotation, ...]:
        return tuple(replace(o, withdrawn_unix_s=at_s) if o in notes else o for o in before)

    write_annotations(path, taken_back)
    return tuple(replace(one, withdrawn_unix_s=at_s) for one in notes)


def _text(path: str | Path, text: str, what: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    if not plain or len(plain) > MOST_TEXT:
        found = f"{len(plain)} characters" if plain else "nothing"
        raise RecordingError(
            f"{path}: {what} of 1 to {MOST_TEXT} characters is needed, got {found}",
            hint="say in a few words why, such as: looked back",
            code="E740",
        )
    return plain
