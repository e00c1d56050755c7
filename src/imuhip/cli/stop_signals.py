"""Ctrl-C and SIGTERM: a request to stop, never a reason to lose a file."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["StopSignals", "terminate_like_ctrl_c"]

_PATIENCE = 3
"""The signal that ends the process at once; what was flushed stays recoverable."""


def terminate_like_ctrl_c() -> None:
    """Let SIGTERM raise KeyboardInterrupt, as SIGINT does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


class StopSignals:
    """While entered, SIGINT and SIGTERM set `requested` instead of breaking in.

    The third signal ends the process: a file being recorded is then unfinished and
    ``imuhip recover`` completes it.

    Attributes
    ----------
    requested : threading.Event
        Set by the first signal.
    """

    def __init__(self) -> None:
        self.requested = threading.Event()
        self._count = 0
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        self.requested.set()
        if self._count == _PATIENCE - 1:
            os.write(2, b"finishing the file; once more ends at once (imuhip recover FILE helps)\n")
        elif self._count >= _PATIENCE:
            os._exit(130)
