"""Packets as a table with a row for each, without the bytes that the samples hold already.

A stream packet is mostly the counts of its samples, which the finished file stores as samples too.
Where a byte of a packet is found to be a byte of a sample, only their difference (exclusive or) is
stored: zero, which compresses to nothing. It is undone exactly, also for packets that differ. Where
such bytes are is learnt from the packets themselves, so that no driver need tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from imuhip.core.series import FloatArray, IntArray

__all__ = ["Copy", "combined", "find_copies", "first_rows", "packet_rows"]

_N_PROBES: Final = 128
_N_FIRST: Final = 5
"""Of them, looked at first."""
_LEAST_EQUAL: Final = 0.9
"""Share of the probed packets that hold the sample's bytes where they are expected."""
_MOST_SAMPLES: Final = 64
"""Of one packet, looked for; a notification of 512 bytes holds 85 of the smallest."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Bytes of a packet that are those of a stored number of one of its samples.

    Parameters
    ----------
    offset : int
        Where they begin in the packet.
    sample : int
        Which of the packet's samples, counted from 0.
    column, axis : str, int
        ``samples/COLUMN[:, axis]``.
    swapped : bool
        Whether the packet has the highest byte first.
    """

    offset: int
    sample: int
    column: str
    axis: int
    swapped: bool


def first_rows(packet_arrival_s: FloatArray, sample_arrival_s: FloatArray) -> IntArray:
    """Return the (p,) rows at which the samples of each packet begin, -1 where it has none.

    Packets and samples stand in the order they arrived, and carry the same arrival times.
    """
    if not np.all(np.diff(sample_arrival_s) >= 0):
        return np.full(len(packet_arrival_s), -1, dtype=np.int64)
    row = np.searchsorted(sample_arrival_s, packet_arrival_s, side="left")
    end = np.searchsorted(sample_arrival_s, packet_arrival_s, side="right")
    return np.where(end > row, row, -1).astype(np.int64)


def packet_rows(
    content: NDArray[np.uint8], start: IntArray, length: IntArray, width: int
) -> NDArray[np.uint8]:
    """Return (k, width) bytes: each packet a row, zeros behind its end.

    Parameters
    ----------
    content : (b,) array of uint8
        Holds all of them.
    start, length : (k,) arrays of int
        Where each is.
    width : int
        At least the longest.
    """
    if len(length) and np.all(length == width) and np.all(np.diff(start) == width):
        return content[start[0] : start[0] + width * len(length)].reshape(-1, width).copy()
    place = np.arange(width)
    inside = place < length[:, np.newaxis]
    rows = np.zeros((len(length), width), dtype=np.uint8)
    rows[inside] = content[(start[:, np.newaxis] + place)[inside]]
    return rows


def combined(
    rows: NDArray[np.uint8],
    first_row: IntArray,
    columns: Mapping[str, NDArray[Any]],
    copies: Sequence[Copy],
) -> NDArray[np.uint8]:
    """Return (k, width) packets with the samples' bytes taken out or put in: its own inverse.

    Parameters
    ----------
    rows : (k, width) array of uint8
        Packets, as from `packet_rows`, or what is stored of them.
    first_row : (k,) array of int
        As from `first_rows`.
    columns : mapping of str to (n, 3) array
        Of the samples, as stored.
    copies : sequence of Copy
        Where they are in the packets.
    """
    rows = rows.copy()
    for copy in copies:
        found, known = _bytes_of(columns[copy.column], copy, first_row)
        found[~known] = 0
        rows[:, copy.offset : copy.offset + found.shape[1]] ^= found
    return rows


def find_copies(
    rows: NDArray[np.uint8],
    first_row: IntArray,
    length: IntArray,
    columns: Mapping[str, NDArray[Any]],
) -> list[Copy]:
    """Return where packets hold bytes of their samples; arguments as for `combined`.

    Packets of the commonest length are probed, evenly spread over the recording.
    """
    usable = np.flatnonzero(first_row >= 0)
    if not len(usable):
        return []
    lengths, count = np.unique(length[usable], return_counts=True)
    usable = usable[length[usable] == lengths[np.argmax(count)]]
    probes = usable[np.unique(np.linspace(0, len(usable) - 1, _N_PROBES).astype(int))]
    probed, begin = rows[probes], first_row[probes]
    n_rows = max((len(column) for column in columns.values()), default=0)
    next_row = np.append(first_row[first_row >= 0], n_rows)
    n_samples = int(np.median(np.diff(next_row))) if len(next_row) > 1 else 0
    copies: list[Copy] = []
    taken = np.zeros(rows.shape[1], dtype=bool)
    for sample in range(min(n_samples, _MOST_SAMPLES)):
        for name, column in columns.items():
            for axis in range(column.shape[1]):
                for swapped in (False, True):
                    copy = _found(probed, begin, column, Copy(0, sample, name, axis, swapped))
                    if copy is None:
                        continue
                    place = slice(copy.offset, copy.offset + column.dtype.itemsize)
                    if not taken[place].any():
                        taken[place] = True
                        copies.append(copy)
                        break
    return copies


def _found(
    probed: NDArray[np.uint8], first_row: IntArray, column: NDArray[Any], wanted: Copy
) -> Copy | None:
    bytes_wanted, known = _bytes_of(column, wanted, first_row)
    if not np.any(bytes_wanted != bytes_wanted[0]) or probed.shape[1] < bytes_wanted.shape[1]:
        return None  # what never changes is found anywhere, and costs nothing
    windows = sliding_window_view(probed, bytes_wanted.shape[1], axis=1)
    # Most places are ruled out by a few packets; any of those may be one that does not match.
    few = np.unique(np.linspace(0, len(probed) - 1, _N_FIRST).astype(int))
    hits = np.all(windows[few] == bytes_wanted[few, np.newaxis], axis=2)
    places = np.flatnonzero(hits.any(axis=0))
    if not len(places):
        return None
    equal = np.all(windows[:, places] == bytes_wanted[:, np.newaxis], axis=2)
    share = (equal & known[:, np.newaxis]).mean(axis=0)
    best = int(np.argmax(share))
    if share[best] < _LEAST_EQUAL:
        return None
    return Copy(int(places[best]), wanted.sample, wanted.column, wanted.axis, wanted.swapped)


def _bytes_of(
    column: NDArray[Any], copy: Copy, first_row: IntArray
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the (k, size) bytes of each packet's number, and whether there is one."""
    # Not first_row + sample, which may be more than a number of a damaged file holds.
    known = (first_row >= 0) & (first_row < len(column) - copy.sample)
    if not len(column):
        return np.zeros((len(first_row), column.dtype.itemsize), dtype=np.uint8), known
    row = np.where(known, first_row, -copy.sample) + copy.sample
    numbers = np.ascontiguousarray(column[row, copy.axis])
    found = numbers.view(np.uint8).reshape(len(first_row), -1)
    return (found[:, ::-1] if copy.swapped else found).copy(), known
