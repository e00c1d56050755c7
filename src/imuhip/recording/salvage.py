"""Reads an HDF5 file that was never closed, or lost its end, as if it had been closed.

HDF5's own way is a SWMR reader. It waits for a writer that may be at work, and where metadata is
damaged it waits, for practical purposes, for ever. Here the first bytes of the file (the
superblock) are shown with the "open for writing" flag cleared and the true length, and bytes that
are missing at the end are shown as zeros: damage then fails at once. The file is only read.
Layout: HDF5 File Format Specification 3.0, section II.A.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

__all__ = ["SalvageView", "metadata_checksum"]

_MASK = 0xFFFFFFFF
_SUPERBLOCK = slice(0, 48)
_FLAGS, _END = 11, slice(28, 36)
_END_V0 = slice(40, 48)


class SalvageView(io.RawIOBase):
    """A file as HDF5 would have left it had it been closed.

    Parameters
    ----------
    path : Path
        An HDF5 file with 8-byte addresses.
    """

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb", buffering=0)
        self._position = 0
        self.size_bytes = os.fstat(self._raw.fileno()).st_size
        head = bytearray(self._raw.read(48))
        has_checksum = len(head) == 48 and head[8] >= 2
        self.stored_end = int.from_bytes(head[_END if has_checksum else _END_V0], "little")
        self.was_open = has_checksum and head[_FLAGS] & 1 == 1
        self._end = self.size_bytes
        if not self.was_open and self.stored_end < self.size_bytes + (1 << 40):
            self._end = max(self.size_bytes, self.stored_end)
        if has_checksum:
            head[_FLAGS] = 0
            head[_END] = self._end.to_bytes(8, "little")
            head[44:48] = metadata_checksum(bytes(head[:44])).to_bytes(4, "little")
        self._head = bytes(head)

    @property
    def is_cut_short(self) -> bool:
        """Return whether a file that had been closed has lost its end."""
        return not self.was_open and self.stored_end > self.size_bytes

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; the end is where it was before the file was cut."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._end}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill the whole buffer, with zeros where bytes are missing."""
        view = memoryview(buffer).cast("B")
        self._raw.seek(self._position)
        n_read = self._raw.readinto(view) or 0
        while 0 < n_read < len(view):
            more = self._raw.readinto(view[n_read:]) or 0
            if more == 0:
                break
            n_read += more
        view[n_read:] = bytes(len(view) - n_read)
        if self._position < len(self._head):
            patch = self._head[self._position : self._position + len(view)]
            view[: len(patch)] = patch
        self._position += len(view)
        return len(view)

    def write(self, data: Any) -> int:
        """Refuse: an original is never changed."""
        raise io.UnsupportedOperation("read only")

    def close(self) -> None:
        """Close the file below."""
        self._raw.close()
        super().close()


def metadata_checksum(data: bytes) -> int:
    """Return HDF5's checksum of metadata: Jenkins' lookup3 with the initial value 0."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    rest = data
    while len(rest) > 12:
        a, b, c = _mix(*_added(a, b, c, rest[:12]))
        rest = rest[12:]
    return _final(*_added(a, b, c, rest)) if rest else c


def _added(a: int, b: int, c: int, block: bytes) -> tuple[int, int, int]:
    words = [int.from_bytes(block[i : i + 4], "little") for i in (0, 4, 8)]
    return (a + words[0]) & _MASK, (b + words[1]) & _MASK, (c + words[2]) & _MASK


def _turn(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits_a, bits_b, bits_c in ((4, 6, 8), (16, 19, 4)):
        a = ((a - c) & _MASK) ^ _turn(c, bits_a)
        c = (c + b) & _MASK
        b = ((b - a) & _MASK) ^ _turn(a, bits_b)
        a = (a + c) & _MASK
        c = ((c - b) & _MASK) ^ _turn(b, bits_c)
        b = (b + a) & _MASK
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for bits in ((14, 11, 25), (16, 4, 14)):
        c = ((c ^ b) - _turn(b, bits[0])) & _MASK
        a = ((a ^ c) - _turn(c, bits[1])) & _MASK
        b = ((b ^ a) - _turn(a, bits[2])) & _MASK
    return ((c ^ b) - _turn(b, 24)) & _MASK
