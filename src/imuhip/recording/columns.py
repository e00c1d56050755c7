"""Reads columns of samples and packets, however they are stored: plainly, or as counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imuhip.core.series import FloatArray, IntArray
from imuhip.recording.access import SessionFile
from imuhip.recording.packet_table import Copy, combined, packet_rows
from imuhip.recording.packing import unpacked

__all__ = ["MAX_PACKET_BYTES", "Packets", "open_packets", "read_column", "values_of"]

MAX_PACKET_BYTES = 1 << 32
MAX_WIDTH = 1024
"""A notification holds at most 512 bytes."""
MAX_COPIES = 4096
ROWS_PER_BLOCK = 65536


def read_column(
    session: SessionFile, place: str, width: int = 1, *, unwritten: bool = False
) -> NDArray[Any]:
    """Read all values of a column, in the unit of its name or of the format page.

    With `unwritten` also those of one that nothing was ever written to: not a number.
    """
    return values_of(session, place, session.read(place, "fi", width, unwritten=unwritten))


def values_of(session: SessionFile, place: str, stored: NDArray[Any]) -> NDArray[Any]:
    """Return the values of rows of a column as they were stored."""
    if stored.dtype.kind == "f":
        return stored
    if not session.has_attribute(place, "scale_factor"):
        raise session.refuse(place, f"expected a type among 'f', got {stored.dtype}")
    scale = session.number(place, "scale_factor")
    kind = session.text(place, "unpacked_type")
    if not 1e-15 <= scale <= 1e6 or kind not in ("float32", "float64"):
        raise session.refuse(place, f"cannot be {kind!r:.20} by the factor {scale}")
    has_fill = session.has_attribute(place, "_FillValue")
    fill = int(session.number(place, "_FillValue")) if has_fill else None
    return unpacked(stored, scale, kind, fill)


@dataclass(frozen=True, slots=True)
class Packets:
    """One sensor's packets, their bytes still in the file.

    Parameters
    ----------
    session : SessionFile
        Open.
    place : str
        The group of the packets.
    arrival_s : (p,) array, s
        When each came.
    start, length : (p,) arrays of int
        Where each begins in ``bytes``, and how long it is. A table has no use for the first.
    width : int
        Bytes in a row of `rows`.
    first_row : (p,) array of int, optional
        At which each packet's samples begin; present in tables.
    columns : mapping of str to (n, 3) array, optional
        Of the samples, as stored.
    copies : tuple of Copy
        What the bytes are to be combined with.
    """

    session: SessionFile
    place: str
    arrival_s: FloatArray
    start: IntArray
    length: IntArray
    width: int
    first_row: IntArray | None
    columns: dict[str, NDArray[Any]]
    copies: tuple[Copy, ...]

    def __len__(self) -> int:
        return len(self.length)

    def rows(self, begin: int, end: int) -> NDArray[np.uint8]:
        """Return packets `begin` to `end` as (k, width) bytes, zeros behind their ends."""
        stored = self.session.item(f"{self.place}/bytes")
        start, length = self.start[begin:end], self.length[begin:end]
        if self.first_row is None:
            if begin >= end:
                return np.zeros((0, self.width), dtype=np.uint8)
            low, high = int(start.min()), int((start + length).max())
            with self.session.reading(f"{self.place}/bytes"):
                content = stored[low:high]
            return packet_rows(content, start - low, length, self.width)
        with self.session.reading(f"{self.place}/bytes"):
            differences = stored[begin:end]
        rows = combined(differences, self.first_row[begin:end], self.columns, self.copies)
        rows[np.arange(self.width) >= length[:, np.newaxis]] = 0
        return rows

    def all(self) -> list[bytes]:
        """Return every packet."""
        packets: list[bytes] = []
        for begin in range(0, len(self), ROWS_PER_BLOCK):
            rows = self.rows(begin, min(begin + ROWS_PER_BLOCK, len(self)))
            content, width = rows.tobytes(), self.width
            lengths = self.length[begin : begin + len(rows)].tolist()
            packets += [content[i * width : i * width + n] for i, n in enumerate(lengths)]
        return packets


def open_packets(
    session: SessionFile, segment: str, n_packets: int | None = None, n_samples: int | None = None
) -> Packets:
    """Return a sensor's packets.

    Parameters
    ----------
    session : SessionFile
        Open for as long as bytes are read.
    segment : str
        Where the sensor was worn.
    n_packets, n_samples : int, optional
        How many are to be read; all by default. Recovery knows how many there really are.
    """
    place = f"sensors/{segment}/packets"
    part = slice(n_packets)
    arrival_s = _part(session, f"{place}/arrival_s", part)
    length = _part(session, f"{place}/length", part, kinds="i")
    if session.has(f"{place}/first_row"):
        return _open_table(session, segment, arrival_s, length, n_samples)
    start = _part(session, f"{place}/start", part, kinds="i")
    n_bytes = len(session.dataset(f"{place}/bytes", "u", max_rows=MAX_PACKET_BYTES))
    # Not start + length, which may be more than a number holds.
    if np.any(start < 0) or np.any(length < 0) or np.any(start > n_bytes - length):
        raise session.refuse(place, f"points outside its {n_bytes} bytes")
    width = int(length.max(initial=0))
    _check_width(session, place, width, len(length))
    return Packets(session, place, arrival_s, start, length, width, None, {}, ())


def _open_table(
    session: SessionFile,
    segment: str,
    arrival_s: FloatArray,
    length: IntArray,
    n_samples: int | None,
) -> Packets:
    place, samples = f"sensors/{segment}/packets", f"sensors/{segment}/samples"
    shape: tuple[int, ...] = getattr(session.item(f"{place}/bytes"), "shape", ())
    width = int(shape[1]) if len(shape) == 2 else 0
    if width < 2:
        raise session.refuse(f"{place}/bytes", f"expected shape (p, 2 or more), got {shape}")
    _check_width(session, place, width, len(length))
    session.dataset(f"{place}/bytes", "u", width)
    first_row = _part(session, f"{place}/first_row", slice(len(length)), kinds="i")
    table = session.table(f"{place}/copies", max_rows=MAX_COPIES)
    columns: dict[str, NDArray[Any]] = {}
    copies = []
    for row in table:
        copy = Copy(
            int(row["offset"]),
            int(row["sample"]),
            bytes(row["column"]).decode(errors="replace"),
            int(row["axis"]),
            bool(row["swapped"]),
        )
        if copy.column not in columns and copy.column in ("acc", "gyr", "mag"):
            columns[copy.column] = _part(
                session, f"{samples}/{copy.column}", slice(n_samples), 3, "fi"
            )
        size = columns[copy.column].dtype.itemsize if copy.column in columns else width
        if copy.axis not in (0, 1, 2) or not 0 <= copy.offset <= width - size or copy.sample < 0:
            raise session.refuse(f"{place}/copies", f"holds a copy that cannot be: {copy}")
        copies.append(copy)
    if copies and any(copy.column not in columns for copy in copies):
        raise session.refuse(f"{place}/copies", "names a column that is not a signal")
    start = np.zeros(len(length), dtype=np.int64)
    if shape[0] < len(length) or len(first_row) != len(length):
        raise session.refuse(place, f"expected {len(length)} rows, got {shape}")
    if np.any(length < 0) or np.any(length > width):
        raise session.refuse(place, f"has packets longer than its {width} bytes")
    return Packets(
        session, place, arrival_s, start, length, width, first_row, columns, tuple(copies)
    )


def _part(
    session: SessionFile, place: str, rows: slice, width: int = 1, kinds: str = "fiu"
) -> NDArray[Any]:
    if rows.stop is None:
        return session.read(place, kinds, width)
    dataset = session.dataset(place, kinds, width)
    with session.reading(place):
        part: NDArray[Any] = dataset[rows]
        return part


def _check_width(session: SessionFile, place: str, width: int, n_packets: int) -> None:
    if width > MAX_WIDTH:
        raise session.refuse(place, f"has packets of {width} bytes, above {MAX_WIDTH}")
    if width * n_packets > MAX_PACKET_BYTES:
        raise session.refuse(place, f"declares {width * n_packets} bytes of packets")
