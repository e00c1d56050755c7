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
        whole = np.zeros(-(-len(dataset) // dataset.chunks[0]), dtype=np.int64)

        def note(chunk: Any) -> None:
            if chunk.byte_offset + chunk.size <= session.size_bytes:
                whole[int(chunk.chunk_offset[0]) // dataset.chunks[0]] += 1

        dataset.id.chunk_iter(note)
        # A table may have several chunks side by side.
        abreast = -(-dataset.shape[1] // dataset.chunks[1]) if len(dataset.shape) == 2 else 1
        missing = dataset.chunks[0] * np.flatnonzero(whole < abreast)
        return int(missing[0]) if len(missing) else len(dataset)
