"""One person's motion, shared by all sensors the person wears.

The motion has one timeline in event-loop time: whatever the sensors' clocks and starting instants,
two samples taken at the same instant show the same instant of the motion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from imuhip.core.series import FloatArray, ImuSeries, IntArray
from imuhip.simulation.taps import Tap, double_tap, felt_acceleration

if TYPE_CHECKING:
    from imuhip.simulation.sensor_stream import WornSensor

__all__ = ["SharedMotion"]

_ON_GRID_SAMPLES: Final = 1e-3
_PATIENCE_S: Final = 15.0
_TAP_PEAK: Final = (60.0, -90.0, 120.0)
"""Of a firm tap, m/s²."""
_ECHO: Final = 0.04
"""What comes through the body to the other sensors."""
_TAPS_KEPT_S: Final = 20.0
"""Longer than sensors keep samples to send them again."""


class SharedMotion:
    """Sampled motion of several segments, played to virtual sensors.

    Before it begins everybody stands still in the first pose; sensors stream that, as worn sensors
    do. When the last session is stopped the motion rewinds.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        All of one length, sampled together at `rate_hz`.
    rate_hz : float
        Sample rate of the motion.
    begin : {"all", "first", "explicit"}
        Begin when all sensors stream (or 15 s after the first), when the first one does, or when
        `begin_now` is called.
    at_end : {"hold", "loop"}
        Stand still in the last pose, or start again.
    lead_s : float
        How long everybody stands still after the start that lets the motion begin, so that a
        recording started right after connecting has all of it.
    """

    def __init__(
        self,
        sensors: Mapping[str, ImuSeries],
        rate_hz: float,
        *,
        begin: Literal["all", "first", "explicit"] = "all",
        at_end: Literal["hold", "loop"] = "hold",
        lead_s: float = 0.0,
    ) -> None:
        self._values = {
            segment: _filled(np.hstack((series.acc, series.gyr)))
            for segment, series in sensors.items()
        }
        lengths = {segment: len(values) for segment, values in self._values.items()}
        if len(set(lengths.values())) != 1 or min(lengths.values()) < 2:
            raise ValueError(f"Expected motions of one length of at least 2 samples, got {lengths}")
        self.rate_hz = rate_hz
        self.n_samples = next(iter(lengths.values()))
        self.begin_s: float | None = None
        """Event-loop time of the motion's sample 0, None while it waits for sensors."""
        self._begin = begin
        self._at_end = at_end
        self._lead_s = lead_s
        self._anchor_s: float | None = None
        self._running: set[str] = set()
        self._patience: asyncio.TimerHandle | None = None
        self._begun = asyncio.Event()
        self._taps: dict[str, list[Tap]] = {segment: [] for segment in self._values}

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the segments that move."""
        return tuple(self._values)

    @property
    def duration_s(self) -> float:
        """Return how long the motion lasts."""
        return self.n_samples / self.rate_hz

    def begin_now(self) -> None:
        """Begin at the next sample instant; does nothing when begun."""
        self._begin_after(0.0)

    def _begin_after(self, lead_s: float) -> None:
        if self.begin_s is None:
            self._cancel_patience()
            now_s = asyncio.get_running_loop().time()
            # Of an instant that is just now, some sensors have taken their sample already.
            after_s = 2 * _ON_GRID_SAMPLES / self.rate_hz
            self.begin_s = self.first_instant(now_s + lead_s + after_s, self.rate_hz)
            self._begun.set()

    async def finished(self) -> None:
        """Wait until the motion has begun and come to its end."""
        await self._begun.wait()
        if self.begin_s is not None:
            end_s = self.begin_s + self.duration_s
            await asyncio.sleep(max(0.0, end_s - asyncio.get_running_loop().time()))

    def first_instant(self, now_s: float, rate_hz: float) -> float:
        """Return the next instant of a grid common to all sensors of one rate."""
        if self._anchor_s is None:
            self._anchor_s = now_s
        ticks = np.ceil((now_s - self._anchor_s) * rate_hz - _ON_GRID_SAMPLES)
        return self._anchor_s + float(ticks) / rate_hz

    def started(self, sensor: WornSensor) -> None:
        """Learn that a sensor's session began."""
        self._running.add(sensor.spec.segment)
        if self.begin_s is not None or self._begin == "explicit":
            return
        if self._begin == "first" or self._running == set(self._values):
            self._begin_after(self._lead_s)
        elif self._patience is None:
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(_PATIENCE_S, self._begin_after, self._lead_s)

    def stopped(self, sensor: WornSensor) -> None:
        """Learn that it ended; after the last one the motion rewinds."""
        self._running.discard(sensor.spec.segment)
        if not self._running:
            self._cancel_patience()
            self.begin_s = None
            self._begun.clear()

    def tap(self, segment: str, *, delay_s: float = 0.5) -> None:
        """Let somebody tap the sensor on a segment twice, which the others hardly feel."""
        now_s = asyncio.get_running_loop().time()
        taps = double_tap(now_s + delay_s, _TAP_PEAK)
        for worn, felt in self._taps.items():
            felt[:] = [tap for tap in felt if now_s - tap.at_s < _TAPS_KEPT_S]
            felt += taps if worn == segment else [tap.scaled(_ECHO) for tap in taps]

    def read(
        self, sensor: WornSensor, first_s: float, step_s: float, n_samples: int
    ) -> tuple[FloatArray, FloatArray]:
        """Return (n, 3) acceleration in m/s² and angular rate in rad/s at event-loop times.

        Instants on the motion's own grid return its samples unchanged; between them values are
        interpolated by cubic (Catmull-Rom) segments.
        """
        values = self._values[sensor.spec.segment]
        if self.begin_s is None:
            position = np.full(n_samples, -1.0)
        else:
            position = (first_s - self.begin_s + step_s * np.arange(n_samples)) * self.rate_hz
        if self._at_end == "loop":
            position = np.where(position < 0, position, position % self.n_samples)
        nearest = np.rint(position)
        if np.abs(position - nearest).max() < _ON_GRID_SAMPLES:
            samples = values[self._inside(nearest.astype(np.int64))]
        else:
            samples = self._interpolated(values, position)
        still = (nearest < 0) | (nearest > self.n_samples - 1)
        samples[still, 3:] = 0.0
        acc = samples[:, :3]
        taps = self._taps[sensor.spec.segment]
        if taps:
            instants_s = first_s + step_s * np.arange(n_samples, dtype=float)
            acc = acc + felt_acceleration(instants_s, step_s, taps)
        return acc, samples[:, 3:]

    def _interpolated(self, values: FloatArray, position: FloatArray) -> FloatArray:
        left = np.floor(position).astype(np.int64)
        t = (position - left)[:, None]
        before, here, after, beyond = (values[self._inside(left + k)] for k in (-1, 0, 1, 2))
        slope = after - before
        return np.asarray(
            here
            + 0.5 * t * slope
            + t**2 * (before - 2.5 * here + 2 * after - 0.5 * beyond)
            + t**3 * (1.5 * (here - after) + 0.5 * (beyond - before))
        )

    def _inside(self, index: IntArray) -> IntArray:
        return np.clip(index, 0, self.n_samples - 1)

    def _cancel_patience(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _filled(values: FloatArray) -> FloatArray:
    """Bridge lost rows linearly: a body moves on where a recording has a gap."""
    bad = ~np.isfinite(values).all(axis=1)
    if not bad.any():
        return values
    if bad.all():
        raise ValueError("Expected at least one valid sample, got none")
    rows = np.arange(len(values))
    filled = values.copy()
    for column in range(values.shape[1]):
        filled[bad, column] = np.interp(rows[bad], rows[~bad], values[~bad, column])
    return filled
