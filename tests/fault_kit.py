"""Recordings in which something goes wrong, and the truth they are held to.

The motion is noise, every sample unlike every other, so that each recorded row tells which sample
of the sensor it is. Sensors are still only before it begins, right after the recording's start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial import cKDTree

import imuhip.recording.reader as reader
from acquisition_kit import ACC_STEP, GYR_STEP, kit_and_engine, noise_motion
from imuhip.acquisition.engine import Engine, EngineOptions
from imuhip.acquisition.status import AcquisitionStatus, RecordingResult
from imuhip.cli.check import sensor_facts
from imuhip.core.sensor import SensorCounters, StreamConfig
from imuhip.core.series import ImuSeries, IntArray
from imuhip.recording.session import Recording
from imuhip.simulation.kit import VirtualKit
from virtual_time import VirtualClock, VirtualTimeLoop, run_virtual

__all__ = ["HIT", "MODELS", "OTHER", "FaultRun", "record_fault", "restart"]

HIT, OTHER = "pelvis", "thigh_left"
"""The sensor something happens to, and one that must not notice."""

RATES_HZ = {"imuhip": 100, "movella_dot": 60, "witmotion": 100}
MODELS = tuple(RATES_HZ)
"""With numbers and time; with time and no numbers; with neither."""

_AFTER_S = 5.0

Fault = Callable[[VirtualKit, Engine], Awaitable[None]]


def restart(sensor: Any) -> None:
    """Let a sensor start anew, as after a change of battery: its clock and numbers begin again."""
    if hasattr(sensor, "reboot"):
        sensor.reboot()
        return
    sensor._end_session()
    sensor._on_air_s = asyncio.get_running_loop().time()


@dataclass(frozen=True)
class FaultRun:
    """One recording, what was sent meanwhile, and when."""

    path: Path
    source: Recording
    result: RecordingResult
    recording: Recording
    status: AcquisitionStatus
    """Just before the stop."""
    begin_s: float
    """When the motion began, on the recording's clock."""

    @property
    def rate_hz(self) -> float:
        return self.source.rate_hz

    def counters(self, segment: str = HIT) -> SensorCounters:
        return self.result.counters[segment]

    def series(self, segment: str = HIT) -> ImuSeries:
        return self.recording.sensors[segment]

    def events(self, segment: str | None = HIT) -> list[str]:
        return [event.kind for event in self.recording.events if event.segment == segment]

    def sent_index(self, segment: str = HIT) -> IntArray:
        """Return which sample of the motion each valid row is; fails for a row never sent.

        Samples before it, which are all alike, get the negative numbers that lead to it.
        """
        series, source = self.series(segment), self.source.sensors[segment]
        scale = np.array([ACC_STEP] * 3 + [GYR_STEP] * 3)
        sent = cKDTree(np.hstack((source.acc, source.gyr)) / scale)
        rows = np.flatnonzero(series.valid)
        values = np.hstack((series.acc, series.gyr))[rows] / scale
        n_still = int(np.flatnonzero(values[:, 3:].any(axis=1))[0])
        still = np.append(source.acc[0] / scale[:3], np.zeros(3))
        assert np.abs(values[:n_still] - still).max(initial=0.0) <= 0.51
        distance, index = sent.query(values[n_still:], p=np.inf)
        assert distance.max(initial=0.0) <= 0.51, "a row that no sensor sent"
        before = index[0] + rows[:n_still] - rows[n_still]
        return np.concatenate((before, index)).astype(np.int64)

    def assert_no_row_is_invented(self, segment: str = HIT) -> IntArray:
        """Every row is a sample that was sent, once and in order; lost ones are NaN."""
        series, index = self.series(segment), self.sent_index(segment)
        assert (np.diff(index) > 0).all()
        assert np.isnan(series.acc[~series.valid]).all()
        assert np.isnan(series.gyr[~series.valid]).all()
        return index

    def assert_exact(
        self, segment: str = HIT, *, times_within_s: float = 2e-3, **expected: int
    ) -> SensorCounters:
        """Counters, file and what was sent agree to the sample, of a sensor that numbers."""
        index, counters = self.assert_no_row_is_invented(segment), self.counters(segment)
        gaps = np.diff(index) - 1
        assert counters.received == len(index)
        assert counters.lost == gaps.sum()
        assert counters.longest_gap_s == pytest.approx(gaps.max() / self.rate_hz)
        facts = sensor_facts(self.series(segment), self.rate_hz, None)
        assert (facts.samples, facts.lost) == (counters.received, counters.lost)
        exact = {"duplicated": 0, "reordered": 0, "bad_packets": 0, "overrun_packets": 0}
        for name, value in (exact | {"backfilled": 0, "reconnects": 0} | expected).items():
            assert getattr(counters, name) == value, (name, counters)
        assert np.abs(self.time_errors_s(segment)).max() <= times_within_s
        return counters

    def assert_unharmed(self, segment: str = OTHER) -> None:
        """Nothing happened to this sensor, from the first to the last second."""
        index = self.assert_no_row_is_invented(segment)
        counters = self.counters(segment)
        assert counters == SensorCounters(received=len(index)), counters
        assert (np.diff(index) == 1).all()
        assert self.series(segment).time_s[0] < 0.1
        assert self.series(segment).time_s[-1] > self.result.duration_s - 0.15
        assert self.events(segment) == []

    def time_errors_s(self, segment: str = HIT) -> np.ndarray:
        """Return by how much each valid row's time is off, s."""
        series = self.series(segment)
        true_s = self.begin_s + self.sent_index(segment) / self.rate_hz
        return series.time_s[series.valid] - true_s


def record_fault(
    path: Path,
    fault: Fault,
    model: str = "imuhip",
    *,
    duration_s: float = 12.0,
    segments: tuple[str, ...] = (HIT, OTHER),
    prepare: Callable[[VirtualKit], Awaitable[None] | None] = lambda kit: None,
    delivers_at_end: bool = True,
    rate_hz: int = 0,
    options: dict[str, Any] | None = None,
    make_clock: Callable[[VirtualClock], Any] = lambda clock: clock,
    make_loop: Callable[[], VirtualTimeLoop] = VirtualTimeLoop,
    **kit_options: Any,
) -> FaultRun:
    """Record sensors of one model for `duration_s` from the motion's begin; `fault` happens."""
    rate_hz = rate_hz or RATES_HZ[model]
    source = noise_motion(segments, duration_s + _AFTER_S, rate_hz)
    wanted = EngineOptions(stream=StreamConfig(rate_hz=rate_hz), **(options or {}))
    told: dict[str, Any] = {}

    async def main(clock: VirtualClock) -> RecordingResult:
        loop = asyncio.get_running_loop()
        async with kit_and_engine(
            make_clock(clock), source, wanted, sensor=model, **kit_options
        ) as (kit, engine):
            if (preparing := prepare(kit)) is not None:
                await preparing
            await engine.connect(kit.assignment)
            await engine.start_recording(path)
            zero_s = loop.time() - engine.status().recording.elapsed_s
            kit.begin()
            told["begin_s"] = kit.motion.begin_s - zero_s
            end_s = loop.time() + duration_s
            await fault(kit, engine)
            await asyncio.sleep(end_s - loop.time())
            told["status"] = engine.status()
            return await engine.stop_recording()

    result = run_virtual(main, make_loop=make_loop)
    status = told["status"]
    assert status.faults == ()
    assert status.all_deliver or not delivers_at_end, status
    assert result.error is None
    recording = reader.open_recording(path)
    assert recording.state == "complete"
    for segment in segments:
        assert recording.devices[segment].counters == result.counters[segment]
    return FaultRun(path, source, result, recording, status, told["begin_s"])
