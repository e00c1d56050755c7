"""The live way neither keeps more nor does more the longer a session lasts."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import BuiltinFunctionType, FrameType, FunctionType, ModuleType

import numpy as np

import imuhip
from imuhip.analysis.grid import to_grid
from imuhip.analysis.live import LivePipeline

RATE_HZ = 50.0
BLOCK_ROWS = 100
BLOCKS_PER_MINUTE = 30
SETTLED_MINUTES = 9
"""Calibrated, and the memory of the checks (eight minutes) full."""

KEPT_BYTES_PER_BLOCK = 3500
"""One step of each heading filter and the log; the samples of a block alone are 15 kB."""


class CallCount:
    """How many Python functions were called."""

    def __init__(self) -> None:
        self.total = 0

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        self.total += event == "call"


@contextmanager
def counted_calls() -> Iterator[CallCount]:
    count = CallCount()
    sys.setprofile(count)
    try:
        yield count
    finally:
        sys.setprofile(None)


class Session:
    """A walk sent through the live way by whole blocks."""

    def __init__(self, minutes: float) -> None:
        recording = imuhip.simulate("walk", minutes, seed=3, rate_hz=RATE_HZ)
        self._grid = to_grid(recording.sensors, RATE_HZ, causal=True)
        self.pipeline = LivePipeline(self._grid.segments, RATE_HZ)
        self._next = 0

    def run(self, minutes: int) -> int:
        """Send the next minutes; returns how many rows got a rotation with its uncertainty."""
        told = 0
        for _ in range(minutes * BLOCKS_PER_MINUTE):
            rows = slice(self._next, self._next + BLOCK_ROWS)
            angles = self.pipeline.update(self._grid.part(rows))
            told += int(np.isfinite(angles.sd["hip_rotation_left"]).sum())
            self._next += BLOCK_ROWS
        return told


def held_bytes(root: object) -> int:
    """Return the size of everything an object keeps alive, whole arrays behind views included."""
    seen: set[int] = set()
    waiting, total = [root], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(
            one, type | ModuleType | FunctionType | BuiltinFunctionType
        ):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        waiting += gc.get_referents(one)
        if isinstance(one, np.ndarray) and one.base is not None:
            waiting.append(one.base)
    return total


def test_an_array_is_held_by_its_view() -> None:
    class Holder:
        view = None

    holder = Holder()
    before = held_bytes(holder)
    holder.view = np.zeros(100_000)[:3]
    assert held_bytes(holder) - before > 800_000


def test_neither_memory_nor_work_grow_with_the_session() -> None:
    session = Session(SETTLED_MINUTES + 2.5)
    session.run(SETTLED_MINUTES)
    calls, kept = [], [held_bytes(session.pipeline)]
    for _ in range(3):
        with counted_calls() as count:
            assert session.run(1) == BLOCKS_PER_MINUTE * BLOCK_ROWS, "measured to the last row"
        calls.append(count.total)
        kept.append(held_bytes(session.pipeline))
    assert kept[0] > 1e6
    assert np.diff(kept).max() < KEPT_BYTES_PER_BLOCK * BLOCKS_PER_MINUTE
    assert max(calls) < 1.02 * min(calls)
