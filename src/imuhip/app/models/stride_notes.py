"""Writes notes on strides, and tags, into their file, one after the other; nobody waits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np

from imuhip.app.models.worker import told
from imuhip.core.annotation import exclusions_of
from imuhip.core.segments import Side
from imuhip.recording.annotations import (
    add_tag,
    exclude_each,
    read_annotations,
    remove_tag,
    take_back,
)

__all__ = ["Stretch", "StrideNotes"]

Stretch = tuple[Side, float, float]
"""Leg, start and end (s) of a stride."""


class StrideNotes:
    """A queue of notes; what is in it is written even when the window is closed meanwhile.

    Parameters
    ----------
    writer : Executor
        With one thread of its own, so that no measuring stands in a note's way; closed by `close`.
    """

    def __init__(self, writer: Executor) -> None:
        self.error = ("", "")
        self._writer = writer
        self._asked: list[Future[None]] = []

    @property
    def is_busy(self) -> bool:
        """Return whether notes are still to be written."""
        return bool(self._asked)

    def exclude(self, path: Path, stretches: Sequence[Stretch], reason: str) -> None:
        """Leave strides out."""
        self.error = ("", "")
        self._asked.append(self._writer.submit(_exclude, path, tuple(stretches), reason))

    def include(self, path: Path, stretches: Sequence[Stretch]) -> None:
        """Use strides again."""
        self.error = ("", "")
        self._asked.append(self._writer.submit(_include, path, tuple(stretches)))

    def tag(self, path: Path, tag: str, *, remove: bool) -> None:
        """Give the session a tag, or take it back."""
        self.error = ("", "")
        self._asked.append(self._writer.submit(remove_tag if remove else add_tag, path, tag))

    def pull(self) -> bool:
        """Return whether something was written, or could not be, since the last call."""
        done = [future for future in self._asked if future.done()]
        self._asked = [future for future in self._asked if not future.done()]
        for future in done:
            error = future.exception()
            if error is not None:
                self.error = told(error)
        return bool(done)

    def close(self) -> None:
        """Write what is still to be written, and end the thread."""
        self._writer.shutdown(wait=True)


def _exclude(path: Path, stretches: Sequence[Stretch], reason: str) -> None:
    exclude_each(path, stretches, reason)


def _include(path: Path, stretches: Sequence[Stretch]) -> None:
    sides = np.array([side for side, _, _ in stretches], dtype=object)
    start_s, end_s = (np.array([stretch[k] for stretch in stretches]) for k in (1, 2))
    notes = exclusions_of(read_annotations(path))
    take_back(path, [note for note in notes if note.covers(sides, start_s, end_s).any()])
