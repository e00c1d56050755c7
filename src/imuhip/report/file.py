"""The file a page becomes: whole or not at all, and never in place of another unasked."""

from __future__ import annotations

import os
from pathlib import Path

from imuhip.errors import DiskError

__all__ = ["refuse_existing", "write_bytes", "write_page"]


def write_page(page: str, path: Path, *, overwrite: bool = False) -> Path:
    """Write a page as UTF-8; see `write_bytes`."""
    # a text that UTF-8 cannot hold (a broken subject code) is shown by its number
    return write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"), path, overwrite=overwrite)


def write_bytes(content: bytes, path: Path, *, overwrite: bool = False) -> Path:
    """Write a file, whole or not at all.

    Raises
    ------
    DiskError
        When the file exists already, or cannot be written.
    """
    refuse_existing(path, overwrite=overwrite)
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskError(
            f"{path}: the report cannot be written ({os.strerror(error.errno or 0)})",
            hint="Check that the folder exists, may be written to, and that the disk is not full.",
        ) from error
    return path


def refuse_existing(path: Path, *, overwrite: bool) -> None:
    """Raise when there is a file at `path` and nobody asked to replace it.

    Raises
    ------
    DiskError
        Then.
    """
    if path.exists() and not overwrite:
        raise DiskError(
            f"{path}: exists already, and reports are never overwritten unasked",
            hint="Choose another name, or ask for overwriting.",
            code="E404",
        )
