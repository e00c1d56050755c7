"""Damage that HDF5 follows for ever: the free space of a group's names, linked in a circle.

The old format keeps the names in a group in a local heap, and its free parts as a linked list.
HDF5 follows that list to its end and keeps a record of every part: where damage leads it back to
where it was, it takes memory until there is none, and may crash then. So each group's list is
followed here before HDF5 does. Layout: HDF5 File Format Specification 3.0, sections III.D, IV.A.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, BinaryIO, Final

__all__ = ["has_endless_heap", "root_address"]

_PREFIX: Final = struct.Struct("<BxHII4x")
_MESSAGE: Final = struct.Struct("<HHB3x")
_PAIR: Final = struct.Struct("<QQ")
_HEAP: Final = struct.Struct("<4sB3xQQQ")
_VERSION: Final = struct.Struct("<B")
_ADDRESS: Final = struct.Struct("<Q")
_ROOT_AT: Final = 64
"""In a superblock of version 0, with 8-byte addresses."""
_CONTINUATION, _SYMBOL_TABLE = 0x10, 0x11
_END: Final = 1
_MOST_PARTS: Final = 10_000
"""A heap whose names are never taken away has one."""


def root_address(path: Path) -> int | None:
    """Return where the object header of the root is; None where it has checksums against damage."""
    with path.open("rb") as file:
        version, address = _at(file, 8, _VERSION), _at(file, _ROOT_AT, _ADDRESS)
    return None if version is None or version[0] != 0 or address is None else address[0]


def has_endless_heap(path: Path, address: int) -> bool:
    """Return whether the free list of a group's local heap leads back to where it was.

    Parameters
    ----------
    path : Path
        An HDF5 file with 8-byte addresses.
    address : int
        Of the group's object header, as the link to it tells; ``h5py.h5o.get_info`` would follow
        the list itself.
    """
    with path.open("rb") as file:
        heap = _heap_of(file, address)
        return heap is not None and _is_endless(file, heap)


def _heap_of(file: BinaryIO, address: int) -> int | None:
    """Return where a group's local heap is; None for groups without, as those of newer files."""
    prefix = _at(file, address, _PREFIX)
    if prefix is None or prefix[0] != 1:
        return None
    _, n_messages, _, size = prefix
    blocks = [(address + _PREFIX.size, size)]
    for begin, length in blocks:  # grows meanwhile
        at = begin
        while at + _MESSAGE.size <= begin + length and n_messages > 0:
            n_messages -= 1
            message = _at(file, at, _MESSAGE)
            content = _at(file, at + _MESSAGE.size, _PAIR)
            if message is None:
                break
            kind, message_size, _ = message
            if kind == _SYMBOL_TABLE:
                return None if content is None else content[1]
            if kind == _CONTINUATION and content is not None:
                blocks.append(content)
            at += _MESSAGE.size + message_size
    return None


def _is_endless(file: BinaryIO, heap: int) -> bool:
    header = _at(file, heap, _HEAP)
    if header is None or header[0] != b"HEAP":
        return False  # HDF5 says so
    _, _, size, part, data = header
    seen: set[int] = set()
    while part != _END and part < size:  # where the list leads outside, HDF5 refuses it
        if part in seen or len(seen) >= _MOST_PARTS:
            return True
        seen.add(part)
        following = _at(file, data + part, _PAIR)
        if following is None:
            return False
        part = following[0]
    return False


def _at(file: BinaryIO, address: int, layout: struct.Struct) -> tuple[Any, ...] | None:
    if not 0 <= address < 1 << 62:
        return None
    file.seek(address)
    content = file.read(layout.size)
    return layout.unpack(content) if len(content) == layout.size else None
