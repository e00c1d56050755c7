"""Checksums: what a result says it was computed from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from imuhip.errors import RecordingError

if TYPE_CHECKING:
    from imuhip.recording.session import Recording

__all__ = ["file_digest", "samples_digest"]


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, as ``sha256sum`` prints it.

    Raises
    ------
    RecordingError
        When it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RecordingError(
            f"{path}: cannot be read for its checksum: {error.strerror or error}",
            hint="check that the file is still there and that you may read it",
        ) from error


def samples_digest(recording: Recording) -> str:
    """Return the SHA-256 of all samples: by segment its name, times, accelerations and rates.

    Notes that people add to a file change the file's checksum, and not this one.
    """
    digest = hashlib.sha256()
    for segment in sorted(recording.sensors):
        series = recording.sensors[segment]
        digest.update(segment.encode())
        for values in (series.time_s, series.acc, series.gyr):
            digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()
