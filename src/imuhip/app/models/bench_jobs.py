"""One thing after the other is asked of a bench; what came of it is learnt without waiting."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Literal

__all__ = ["BenchJobs", "Job"]

Job = Literal["opening", "looking", "connecting", "blinking"]


class BenchJobs:
    """The job that goes on, if any."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self._future: Future[Any] | None = None
        self._then: Callable[[BaseException | None], None] = _nothing

    def start(
        self,
        job: Job,
        future: Future[Any],
        then: Callable[[BaseException | None], None] | None = None,
    ) -> None:
        """Begin one; `then` is told its error, or None, and ``CancelledError`` when given up."""
        self.job, self._future, self._then = job, future, then or _nothing

    def give_up(self) -> None:
        """Give up what goes on; opening a radio cannot be."""
        if self._future is not None and self.job != "opening":
            self._future.cancel()

    def pull(self) -> None:
        """Learn what came of it; what follows may begin the next job."""
        future, then = self._future, self._then
        if future is None or not future.done():
            return
        self.job, self._future, self._then = None, None, _nothing
        then(_GIVEN_UP if future.cancelled() else future.exception())


class GivenUp(Exception):  # noqa: N818  # not an error: somebody pressed Esc, or enough was heard
    """A job that was given up."""


_GIVEN_UP = GivenUp()


def _nothing(_error: BaseException | None) -> None:
    """Do nothing."""
