"""Where the time of ``imuhip.analyze`` goes, step by step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

from imuhip.analysis import analyze as first_page
from imuhip.analysis import offline as second_page

__all__ = ["StepTimes", "step_times"]

_PAGES: tuple[ModuleType, ...] = (first_page, second_page)
"""The two modules that read from top to bottom: what they call by name is a step."""


class StepTimes:
    """Seconds spent in each step, less what it spent in other steps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner: list[float] = []

    def timed(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        """Return the step with its time taken."""

        @wraps(step)
        def run(*arguments: Any, **options: Any) -> Any:
            self._inner.append(0.0)
            begin_s = time.perf_counter()
            try:
                return step(*arguments, **options)
            finally:
                taken_s = time.perf_counter() - begin_s
                own_s = taken_s - self._inner.pop()
                self.seconds[name] = self.seconds.get(name, 0.0) + own_s
                if self._inner:
                    self._inner[-1] += taken_s

        return run


@contextmanager
def step_times() -> Iterator[StepTimes]:
    """Take the time of every step until the block ends; new steps are found by themselves."""
    times = StepTimes()
    before = [(page, name, value) for page in _PAGES for name, value in vars(page).items()]
    steps = [
        (page, name, value)
        for page, name, value in before
        if isinstance(value, FunctionType) and value.__module__.startswith("imuhip.")
    ]
    try:
        for page, name, value in steps:
            setattr(page, name, times.timed(name.lstrip("_"), value))
        yield times
    finally:
        for page, name, value in steps:
            setattr(page, name, value)
