"""What new session files are called, and the folders they lie in."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from pathlib import Path

from imuhip.errors import DiskError

__all__ = ["made_folder", "numbered", "session_name"]


def session_name(now: datetime, label: str = "session") -> str:
    """Return the name of a file begun `now`."""
    return f"{label}-{now:%Y-%m-%d_%H-%M-%S}.h5"


def numbered(wanted: Path) -> Path:
    """Return `wanted`, or that with the first number from 2 on under which nothing exists."""
    if not wanted.exists():
        return wanted
    candidates = (wanted.with_name(f"{wanted.stem}_{n}{wanted.suffix}") for n in count(2))
    return next(path for path in candidates if not path.exists())


def made_folder(path: Path) -> Path:
    """Return `path` after making the folder it lies in.

    Raises
    ------
    DiskError
        When the folder cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(
            f"{path.parent}: the folder cannot be made: {error.strerror or error}",
            hint="choose another place with --out",
        ) from error
    return path
