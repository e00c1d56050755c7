"""An event loop whose clock jumps to the next timer instead of waiting for it.

Everything that happens in one process (virtual sensors, real GATT, Bleak, the engine) then runs as
fast as the CPU allows, in the same order every time. Sockets work, but nothing waits for them
longer than until the next timer, so tests with another process use the ordinary loop.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

__all__ = ["VirtualClock", "VirtualTimeLoop", "run_virtual"]

T = TypeVar("T")

_STALL_S = 20.0
"""Real time after which a loop with nothing to do and no timer is called stuck."""


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, advance: Callable[[float], None]) -> None:
        super().__init__()
        self._advance = advance

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            ready = super().select(_STALL_S)
            if not ready:
                raise RuntimeError("virtual time stands still: no timer, no socket, nothing to do")
            return ready
        self._advance(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop whose `time` starts at 0 s and jumps."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        super().__init__(_JumpingSelector(self._jump))
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual_s

    def _jump(self, duration_s: float) -> None:
        self._virtual_s += duration_s


class VirtualClock:
    """`imuhip.core.clock.Clock` of a virtual-time loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, start_unix_s: float = 1.7e9) -> None:
        self._loop = loop
        self._start_unix_s = start_unix_s

    def monotonic_ns(self) -> int:
        return round(self._loop.time() * 1e9)

    def unix_s(self) -> float:
        return self._start_unix_s + self._loop.time()


def run_virtual(
    main: Callable[[VirtualClock], Awaitable[T]],
    *,
    make_loop: Callable[[], VirtualTimeLoop] = VirtualTimeLoop,
) -> T:
    """Run ``main(clock)`` in virtual time; callback errors and leftover tasks fail the test."""
    loop = make_loop()
    complaints: list[str] = []
    loop.set_exception_handler(lambda _loop, context: complaints.append(_describe(context)))

    async def run() -> T:
        return await main(VirtualClock(loop))

    try:
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(run())
        left = [task for task in asyncio.all_tasks(loop) if not task.done()]
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    assert not complaints, complaints
    assert not left, f"tasks left running: {left}"
    return result


def _describe(context: dict[str, Any]) -> str:
    return f"{context.get('message')}: {context.get('exception')!r}"
