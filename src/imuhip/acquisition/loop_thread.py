"""One thread with its own asyncio loop: a redraw that takes long cannot delay a notification."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """Runs coroutines on a loop of its own until closed.

    The thread is not a daemon: interpreter exit waits for it, so a file being written is finished
    and a forgotten `close` shows.

    Parameters
    ----------
    name : str
        Name of the thread.
    loop_factory : callable, optional
        Makes the loop; asyncio's default otherwise.
    """

    def __init__(
        self,
        name: str = "imuhip-radio",
        loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
    ) -> None:
        self._loop_factory = loop_factory
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=False)
        self._closing = False
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:  # Ctrl-C must not leave the thread behind
            self.close()
            raise
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> LoopThread:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_alive(self) -> bool:
        """Return whether the thread runs."""
        return self._thread.is_alive()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        """Start a coroutine on the loop; cancelling the future cancels it.

        Raises
        ------
        RuntimeError
            After `close`.
        """
        if self._loop is None or not self._thread.is_alive():
            coroutine.close()
            raise RuntimeError("the loop thread is closed")
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def close(self, timeout_s: float = 10.0) -> None:
        """Cancel what still runs, end the loop and wait for the thread.

        Raises
        ------
        TimeoutError
            When a task refuses to end within `timeout_s`.
        """
        self._closing = True
        loop, stop = self._loop, self._stop
        if loop is not None and stop is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TimeoutError(f"the loop thread did not end within {timeout_s:g} s")
        self._loop = None

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=self._loop_factory) as runner:
                runner.run(self._main())
        except BaseException as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._ready.set()
        if not self._closing:
            await self._stop.wait()
