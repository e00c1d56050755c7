"""How much of a dataset is really on the disk, when the file may be cut short."""

from __future__ import annotations

from typing import Any

import numpy as np

from imuhip.recording.access import SessionFile

__all__ = ["rows_on_disk"]


def rows_on_disk(session: SessionFile, place: str, kinds: str, width: int = 1) -> int:
    """Return how many leading rows have all their bytes inside the file.

    HDF5 reads zeros beyond the end of a file that was cut, and fill values where a chunk was never
    written; both look like data.
    """
    dataset = session.dataset(place, kinds, width)
    with session.reading(place):
        if dataset.chunks is None:
            offset = dataset.id.get_offset() or 0
            whole = offset + dataset.id.get_storage_size() <= session.size_bytes
            return len(dataset) if whole else 0
        first_rows: list[int] = []

        def note(chunk: Any) -> None:
            if chunk.byte_offset + chunk.size <= session.size_bytes:
                first_rows.append(int(chunk.chunk_offset[0]))

        dataset.id.chunk_iter(note)
        expected = np.arange(0, len(dataset), dataset.chunks[0])
        missing = np.setdiff1d(expected, first_rows)
        return int(missing[0]) if len(missing) else len(dataset)
