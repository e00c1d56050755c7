"""New samples of every sensor while calibrating: how still they are, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor, Future
from typing import Final

import numpy as np

from imuhip.acquisition.ring import SampleRing
from imuhip.analysis.strap_check import Judgement, judge_calibration
from imuhip.app.models.sample_feed import WornReader
from imuhip.calibration.stillness import unrest
from imuhip.core.series import FloatArray, ImuSeries, Marker

__all__ = ["CalibrationWatch"]

_LOOK_S: Final = 0.5


class CalibrationWatch:
    """Keeps all samples of a calibration.

    Parameters
    ----------
    rings : mapping of segment to SampleRing
    rate_hz : float
    serials : mapping of segment to str
        By which the sensors' own errors are known.
    worker : Executor
        Judges.
    """

    def __init__(
        self,
        rings: Mapping[str, SampleRing],
        rate_hz: float,
        serials: Mapping[str, str],
        worker: Executor,
    ) -> None:
        self.rate_hz = rate_hz
        self.segments = tuple(rings)
        self._reader = WornReader(rings, rate_hz, serials)
        self._worker = worker
        self._blocks: dict[str, list[ImuSeries]] = {segment: [] for segment in rings}

    def reads(self, rings: Mapping[str, SampleRing], rate_hz: float) -> bool:
        """Return whether these are the rings and the rate it was made for."""
        return self._reader.reads(rings, rate_hz)

    def new_blocks(self) -> dict[str, ImuSeries]:
        """Return what came since the last call, and keep it."""
        blocks = self._reader.new_blocks()
        for segment, series in blocks.items():
            self._blocks[segment].append(series)
        return blocks

    def unrest(self, now_s: float) -> dict[str, float]:
        """Return how restless each sensor was of late; 1 is the limit of standing still."""
        levels = {}
        for segment in self.segments:
            part = self._between(segment, now_s - _LOOK_S, now_s)
            levels[segment] = float("inf") if part is None else unrest(part.gyr, part.acc)
        return levels

    def forces(self, start_s: float, end_s: float) -> dict[str, FloatArray]:
        """Return what each accelerometer measured in a stretch, m/s²."""
        parts = {s: self._between(s, start_s, end_s) for s in self.segments}
        return {s: part.acc for s, part in parts.items() if part is not None}

    def judge(
        self, markers: tuple[Marker, ...], usual_up_S: Mapping[str, FloatArray]
    ) -> Future[Judgement]:
        """Ask what the calibration is worth so far."""
        first_s = min(marker.start_s for marker in markers) - 1.0
        last_s = max(marker.end_s for marker in markers) + 1.0
        sensors = {}
        for segment in self.segments:
            part = self._between(segment, first_s, last_s)
            if part is not None:
                sensors[segment] = part
        return self._worker.submit(
            judge_calibration, sensors, self.rate_hz, markers, dict(usual_up_S)
        )

    def _between(self, segment: str, start_s: float, end_s: float) -> ImuSeries | None:
        blocks = [
            block
            for block in self._blocks[segment]
            if block.time_s[-1] >= start_s and block.time_s[0] < end_s
        ]
        if not blocks:
            return None
        whole = ImuSeries(
            np.concatenate([block.time_s for block in blocks]),
            np.concatenate([block.acc for block in blocks]),
            np.concatenate([block.gyr for block in blocks]),
        ).between(start_s, end_s)
        return whole if len(whole) else None
