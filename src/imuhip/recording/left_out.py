"""What a copy leaves out, and the proof that it is not in it."""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imuhip.errors import RecordingError

__all__ = ["LeftOut", "Removal"]

_LEAST_SEARCHED: Final = 6
"""Bytes of a text that is searched for in the new file: shorter ones stand in numbers by chance."""


@dataclass(frozen=True, slots=True)
class Removal:
    """One kind of thing that is not in the new file, and how often it was in the old."""

    what: str
    count: int


class LeftOut:
    """Counts what is left out, by kind, and remembers its texts until they have been looked for."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._texts: set[str] = set()

    def add(self, what: str, text: str = "") -> None:
        """Note one thing of a kind, and its text where it has one."""
        self._counts[what] += 1
        if text:
            self._texts.add(text)

    def removals(self) -> tuple[Removal, ...]:
        """Return the kinds in the order in which they were met."""
        return tuple(Removal(what, count) for what, count in self._counts.items())

    def refuse_in(self, part: Path, source: Path, allowed: Set[str]) -> None:
        """Raise when a text that was left out stands in the new file.

        Parameters
        ----------
        part : Path
            The new file.
        source : Path
            The old one, for the message.
        allowed : set of str
            Texts the new file holds on purpose.

        Raises
        ------
        imuhip.errors.RecordingError
            Then (E784).
        """
        with (
            part.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            found = [
                text
                for text in sorted(self._texts - allowed, key=len, reverse=True)
                if len(text.encode()) >= _LEAST_SEARCHED and content.find(text.encode()) >= 0
            ]
        if found:
            text = found[0]
            raise RecordingError(
                f"{source}: a text that was to be left out is still in the new file"
                f" ({len(text.encode())} bytes, beginning {text[:2]!r})",
                hint="the new file was not kept; tell the authors",
                code="E784",
            )
