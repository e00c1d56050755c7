"""One thread for what takes longer than a frame; the window asks for results and never waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from imuhip.app.models import wording_window
from imuhip.app.models.wording_texts import said
from imuhip.errors import ImuhipError

__all__ = ["InPlace", "make_worker", "told"]

P = ParamSpec("P")
T = TypeVar("T")


class InPlace(Executor):
    """Does everything at once on the calling thread, for callers that can wait."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Do it, and return its result as a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def make_worker(name: str) -> Executor:
    """Return a worker of one thread, which begins with the first thing to do."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)


def told(error: BaseException) -> tuple[str, str]:
    """Return what went wrong and what to do, in words."""
    if isinstance(error, ImuhipError):
        return said(error.message), said(error.hint)
    return f"{type(error).__name__}: {error}", wording_window.A_BUG
