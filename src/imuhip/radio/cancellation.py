"""Cancellations that Python 3.11 drops.

Before Python 3.12 `asyncio.wait_for`, on which bumble stands, swallows a cancellation that comes in
the same round of the loop as the answer waited for (python/cpython#86296). A task asked to end then
goes on for ever, and whoever waits for its end too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["heeding_cancellation"]


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """Raise at the end of the block when a cancellation was asked for in it and swallowed."""
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    yield
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
