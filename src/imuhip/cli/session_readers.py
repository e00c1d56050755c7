"""Reads what many session files say of themselves, in several processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imuhip.recording.catalogue import Told

__all__ = ["SessionReaders"]

_FILES_ALONE = 400
"""Read before other processes are started, which takes as long."""


class SessionReaders:
    """Reads the first few hundred files in this process, and more in one process per core.

    A file that crashes what reads it is told as damaged, and the others are read.
    """

    def __init__(self) -> None:
        self._pool: Any = None
        self._alone = _FILES_ALONE

    def __enter__(self) -> SessionReaders:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def each(self, read: Callable[[str], Told], files: list[str]) -> list[Told]:
        """Return what `read` gives of every file."""
        from concurrent.futures.process import BrokenProcessPool

        if self._alone > 0:
            self._alone -= len(files)
            return [read(file) for file in files]
        try:
            return list(self._started().map(read, files, chunksize=20))
        except BrokenProcessPool:
            self._pool = None
            return [self._one(read, file) for file in files]

    def _one(self, read: Callable[[str], Told], file: str) -> Told:
        from concurrent.futures.process import BrokenProcessPool

        try:
            told: Told = self._started().submit(read, file).result()
            return told
        except BrokenProcessPool:
            self._pool = None
            return "", "E402", "is damaged so that reading it crashes", "copy it again", ""

    def _started(self) -> Any:
        if self._pool is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            fresh = multiprocessing.get_context("spawn")  # as everywhere but on Linux
            self._pool = ProcessPoolExecutor(min(8, multiprocessing.cpu_count()), fresh)
        return self._pool
