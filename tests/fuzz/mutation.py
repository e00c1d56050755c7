"""Changes inputs that are known to be good, a little or a lot, by a seed."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

__all__ = ["mutated"]

_TELLING = (
    b"\x00", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff\xff", b"\x00\x80", b"\xff\x7f",
    b"\xff\xff\xff\xff", b"\x00\x00\x00\x80", b"\xff\xff\xff\x7f", bytes(8), b"\xff" * 8,
    struct.pack("<f", float("nan")), struct.pack("<f", float("inf")), struct.pack("<f", 3e38),
    struct.pack("<d", float("nan")), struct.pack("<d", float("-inf")), struct.pack("<d", 1e308),
)  # fmt: skip
"""Bytes at which readers of numbers go wrong, if they do."""


def mutated(rng: random.Random, seeds: Sequence[bytes], longest: int) -> bytes:
    """Return one of the seeds, changed in one to six places, at most `longest` bytes long."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(min(longest, 300) + 1))
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 6))):
        _change(rng, data, seeds)
    return bytes(data[:longest])


def _change(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 2, 4, 8, 20, 200)))
    kind = rng.randrange(8)
    if kind == 0 and data:
        data[min(at, len(data) - 1)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        telling = rng.choice(_TELLING)
        data[at : at + len(telling)] = telling
    elif kind == 2:
        del data[at:]
    elif kind == 3:
        del data[at:end]
    elif kind == 4:
        data[at:at] = data[at:end] * rng.choice((1, 2, 30))
    elif kind == 5:
        data[at:at] = rng.randbytes(rng.randrange(1, 24))
    elif kind == 6:
        other = rng.choice(seeds)
        data[at:] = other[rng.randrange(len(other) + 1) :]
    else:
        data[at:end] = rng.randbytes(end - at)
