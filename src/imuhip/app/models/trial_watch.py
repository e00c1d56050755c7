"""New samples of every sensor for the test that is going on; measured on a worker's thread."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np

from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.live_trial import LiveTrials
from imuhip.app.models.sample_feed import WornReader
from imuhip.app.models.worker import told
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.trial import TrialResult
from imuhip.core.segments import Side
from imuhip.core.series import ImuSeries

__all__ = ["TrialWatch"]

_LOOK_EVERY_S = 0.5


class TrialWatch:
    """Reads rings, and asks a worker twice a second what the test has given.

    `LiveTrials` lives on the worker's one thread alone: everything it is told goes there in order.

    Parameters
    ----------
    rings : dict of segment to SampleRing
    rate_hz : float
    serials : mapping of segment to str
        By which the sensors' own errors are known.
    worker : Executor
        With one thread.
    """

    def __init__(
        self,
        rings: dict[str, SampleRing],
        rate_hz: float,
        serials: Mapping[str, str],
        worker: Executor,
    ) -> None:
        self.segments = tuple(rings)
        self.rate_hz = rate_hz
        self.result: TrialResult | None = None
        self.error = ("", "")
        self._reader = WornReader(rings, rate_hz, serials)
        self._trials = LiveTrials(rate_hz)
        self._worker = worker
        self._waiting: dict[str, list[ImuSeries]] = {segment: [] for segment in rings}
        self._asked: list[Future[Any]] = []
        self._look: Future[TrialResult | None] | None = None
        self._looked_s = -np.inf

    @property
    def is_looking(self) -> bool:
        """Return whether the worker has still to tell."""
        return self._look is not None

    def reads(self, rings: dict[str, SampleRing], rate_hz: float) -> bool:
        """Return whether these are the rings and the rate it was made for."""
        return self._reader.reads(rings, rate_hz)

    def new_blocks(self) -> dict[str, ImuSeries]:
        """Return what came since the last call, and keep it for the worker."""
        blocks = self._reader.new_blocks()
        for segment, series in blocks.items():
            self._waiting[segment].append(series)
        return blocks

    def pull(self, now_s: float, *, looks: bool) -> None:
        """Hand on what came, and learn what the worker found; never waits."""
        if self._look is not None and self._look.done():
            if self._look.exception() is None:
                self.result = self._look.result() or self.result
            self._look = None
        for future in [future for future in self._asked if future.done()]:
            self._asked.remove(future)
            error = future.exception()
            if error is not None:
                self.error = told(error)
        if now_s < self._looked_s + _LOOK_EVERY_S or self._look is not None:
            return
        self._looked_s = now_s
        self._hand_on()
        if looks:
            self._look = self._ask(self._trials.look)

    def mark(self, name: str, start_s: float, end_s: float) -> None:
        """Note a standing pose or a walk."""
        self._hand_on()
        self._ask(self._trials.mark, name, start_s, end_s)

    def begin(self, test: MovementTest, side: Side | None, at_s: float) -> None:
        """Begin a test."""
        self.result, self.error = None, ("", "")
        self._hand_on()
        self._ask(self._trials.begin, test, side, at_s)

    def end(self) -> None:
        """End it; its result comes with a later `pull`."""
        self._hand_on()
        self._look = self._ask(self._trials.end)

    def leave(self) -> None:
        """Leave it; what it gave is forgotten."""
        self._ask(self._trials.end)
        self._look, self.result = None, None

    def _hand_on(self) -> None:
        joined = {s: _joined(blocks) for s, blocks in self._waiting.items() if blocks}
        for blocks in self._waiting.values():
            blocks.clear()
        if joined:
            self._ask(self._trials.add, joined)

    def _ask(self, what: Any, *args: Any) -> Future[Any]:
        future = self._worker.submit(what, *args)
        self._asked.append(future)
        return future


def _joined(blocks: list[ImuSeries]) -> ImuSeries:
    return ImuSeries(
        np.concatenate([block.time_s for block in blocks]),
        np.concatenate([block.acc for block in blocks]),
        np.concatenate([block.gyr for block in blocks]),
    )
