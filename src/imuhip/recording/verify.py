"""Compares a finalised file with the one it was made from before it takes its place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from imuhip.errors import RecordingError
from imuhip.recording.access import SessionFile
from imuhip.recording.columns import ROWS_PER_BLOCK, open_packets, values_of
from imuhip.recording.schema import SAMPLE_COLUMNS

__all__ = ["refuse_unlike"]


def refuse_unlike(original: SessionFile, copy: SessionFile, segment: str) -> None:
    """Raise unless a sensor's samples and packets are the same in both, bit for bit.

    Raises
    ------
    imuhip.errors.RecordingError
        Naming what differs first.
    """
    place = f"sensors/{segment}"
    widths = {column.name: column.width for column in SAMPLE_COLUMNS}
    for name in original.names(f"{place}/samples"):
        column, width = f"{place}/samples/{name}", widths.get(name, 1)
        if not copy.has(column) and not original.item(column).id.get_storage_size():
            continue
        expected = original.read(column, "fiu", width, unwritten=True)
        stored = copy.read(column, "fiu", width)
        found = values_of(copy, column, stored) if expected.dtype.kind == "f" else stored
        if not _same(expected, found):
            raise _unlike(original, column)
    if original.has(f"{place}/packets"):
        _refuse_unlike_packets(original, copy, segment)


def _refuse_unlike_packets(original: SessionFile, copy: SessionFile, segment: str) -> None:
    expected, found = open_packets(original, segment), open_packets(copy, segment)
    for name in ("arrival_s", "length"):
        if not _same(getattr(expected, name), getattr(found, name)):
            raise _unlike(original, f"{expected.place}/{name}")
    for begin in range(0, len(expected), ROWS_PER_BLOCK):
        end = min(begin + ROWS_PER_BLOCK, len(expected))
        if expected.width and not _same(expected.rows(begin, end), found.rows(begin, end)):
            raise _unlike(original, f"{expected.place}/bytes")


def _same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    same = np.ascontiguousarray(left).view(np.uint8) == np.ascontiguousarray(right).view(np.uint8)
    if left.dtype.kind != "f" or same.all():
        return bool(same.all())
    # Which of its many patterns of bits a NaN has says nothing.
    whole = same.reshape(left.size, -1).all(axis=1)
    return bool(np.all(whole | (np.isnan(left.ravel()) & np.isnan(right.ravel()))))


def _unlike(original: SessionFile, place: str) -> RecordingError:
    return RecordingError(
        f"{original.path}: {place} did not read back the same from the smaller file",
        hint="the file is left as it is; tell the authors, with the file if you can",
    )
