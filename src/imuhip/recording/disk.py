"""The disk under a growing file: creating it, claiming space ahead, and letting go when it fails.

HDF5 does not survive a refused write: closing fails again and again and the process dies at exit
(measured, h5py 3.16: segmentation fault). So the writer claims space behind the end of the file
before it needs it; when that is refused there is still room to finish properly.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import h5py

from imuhip.errors import DiskError

__all__ = ["DiskReserve", "abandon", "create_session_file", "disk_error", "refuse_existing"]

RESERVE_BYTES = 8 << 20
"""Claimed ahead of a growing file: without so much space no recording begins."""

_ERRNO = re.compile(r"errno = (\d+)")


def create_session_file(path: Path) -> Any:
    """Create `path`, which must not exist, in the format of HDF5 1.10, the oldest with SWMR.

    Without a cache of chunks: they are written once and never read, and a megabyte for each of a
    hundred datasets filled as long as a recording lasted.

    Raises
    ------
    imuhip.errors.DiskError
        When it exists or cannot be made.
    """
    refuse_existing(path)
    try:
        return h5py.File(path, "x", libver=("v110", "v110"), rdcc_nbytes=0)
    except OSError as error:
        raise disk_error(path, "creating the file", error) from error


def refuse_existing(path: Path) -> None:
    """Raise `DiskError` when there is something at `path`."""
    if path.exists():
        raise DiskError(
            f"{path}: exists already ({path.stat().st_size} bytes); it is not overwritten",
            hint="choose another name, or move the old file away",
        )


def disk_error(
    path: Path, doing: str, error: BaseException, *, needed_bytes: int | None = None
) -> DiskError:
    """Return the `DiskError` that says what was refused and how much room is left."""
    number = _error_number(error)
    reason = os.strerror(number) if number else _first_line(error)
    if not path.parent.is_dir():
        return DiskError(
            f"{path}: {doing} failed: the folder {path.parent} does not exist",
            hint="create the folder, or choose another",
        )
    room = f"{_megabytes(shutil.disk_usage(path.parent).free)} free on that disk"
    if needed_bytes is not None and number == errno.ENOSPC:
        room += f", at least {_megabytes(needed_bytes)} needed"
    return DiskError(
        f"{path}: {doing} failed: {reason} ({room})",
        hint="free some space or choose another disk; what was written before is kept"
        f" (if the file does not open: imuhip recover {path})",
    )


def abandon(file: Any, file_descriptor: int) -> None:
    """Close an HDF5 file whose disk refuses writes, leaving the bytes on disk as they are.

    HDF5 would try its cached blocks again at every close and crash the process at exit, so its
    file descriptor is pointed at the null device first. What was committed stays readable.
    """
    if _closed_into(file, file_descriptor, os.open(os.devnull, os.O_RDWR)):
        return
    # The null device cannot be cut to length, which HDF5 sometimes wants; a scratch file can.
    with tempfile.TemporaryFile() as scratch:
        _closed_into(file, file_descriptor, os.dup(scratch.fileno()))


def _closed_into(file: Any, file_descriptor: int, sink: int) -> bool:
    os.dup2(sink, file_descriptor)
    os.close(sink)
    try:
        file.close()
    except (OSError, RuntimeError):
        return False
    return True


def _error_number(error: BaseException) -> int | None:
    """Return the operating system's error number; HDF5 tells it in its text only."""
    number = getattr(error, "errno", None)
    if number is None and (told := _ERRNO.search(str(error))):
        number = int(told[1])
    return number


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.{0 if n_bytes >= 1e8 else 1}f} MB"


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0][:120] if str(error) else type(error).__name__


class DiskReserve:
    """Space claimed behind the end of an open file.

    Parameters
    ----------
    path : Path
        The file.
    file_descriptor : int
        Open for writing.
    size_bytes : int
        Claimed at once; renewed when half of it is used.
    """

    def __init__(self, path: Path, file_descriptor: int, size_bytes: int = RESERVE_BYTES) -> None:
        self._path = path
        self._fd = file_descriptor
        self._size = size_bytes
        self._end = 0

    def claim(self, used_bytes: int, wanted_bytes: int = 0) -> OSError | None:
        """Make sure of room behind `used_bytes`; return the refusal, None when there is room."""
        if self._end - used_bytes >= self._size // 2 + wanted_bytes:
            return None
        end = used_bytes + self._size + wanted_bytes
        try:
            self._allocate(used_bytes, end)
        except OSError as error:
            return error
        self._end = end
        return None

    def left(self, used_bytes: int) -> int:
        """Return the bytes still claimed behind `used_bytes`."""
        return max(0, self._end - used_bytes)

    def release(self, used_bytes: int) -> None:
        """Cut the file at `used_bytes`."""
        if self._end > used_bytes and os.fstat(self._fd).st_size > used_bytes:
            os.ftruncate(self._fd, used_bytes)
        self._end = 0

    def _allocate(self, start: int, end: int) -> None:
        free = shutil.disk_usage(self._path.parent).free
        held = max(0, self._end - start)
        if free + held < end - start:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._fd, start, end - start)
