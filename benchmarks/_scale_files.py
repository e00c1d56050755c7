"""Many session files from a few simulated people, as fast as they can be copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import imuhip
from imuhip.core.series import ImuSeries
from imuhip.recording.finalise import finalise

__all__ = ["CODE", "another_person", "short_session", "simulated_sessions"]

CODE = "P0000000"
"""Stands in every file made here, and is overwritten in each copy by another of its length."""
_ROWS = 500
_ACC_STEP, _GYR_STEP = 2.0**-8, 2.0**-10
"""About those of 16 bits for 16 g and 2000 deg/s; powers of two, so that their multiples are exact
in a file that was saved from memory."""


def simulated_sessions(folder: Path, minutes: float, people: Sequence[int]) -> list[Path]:
    """Write a session of three sensors at 100 Hz for each seed, made small as after recording."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for seed in people:
        recording = imuhip.simulate("walk", minutes, seed, rate_hz=100.0, soft_tissue=1.0)
        named = replace(
            recording,
            sensors={segment: _counted(series) for segment, series in recording.sensors.items()},
            subject=CODE,
            truth_motion=None,
            start_time=_start(),
        )
        paths.append(named.save(folder / f"person{seed}.h5"))
        finalise(paths[-1])
    return paths


def _counted(series: ImuSeries) -> ImuSeries:
    """Return the samples as multiples of a step, as every sensor sends them."""
    acc, gyr = (
        (np.round(values / step) + 0.0) * step  # no negative zeros: counts have none
        for values, step in ((series.acc, _ACC_STEP), (series.gyr, _GYR_STEP))
    )
    return ImuSeries(series.time_s, acc, gyr, valid=series.valid)


def short_session(path: Path) -> Path:
    """Write some seconds of three sensors, with all that a session file has to tell of itself."""
    recording = imuhip.simulate("walk", 0.1, 1, rate_hz=100.0)
    sensors = {
        segment: ImuSeries(s.time_s[:_ROWS], s.acc[:_ROWS], s.gyr[:_ROWS])
        for segment, s in recording.sensors.items()
    }
    short = replace(
        recording, sensors=sensors, subject=CODE, truth_motion=None, start_time=_start()
    )
    return short.save(path)


def _start() -> datetime:
    return datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


def another_person(good: Path, path: Path, number: int) -> None:
    """Copy a session under another code: other bytes, so another session, of the same length."""
    content = good.read_bytes()
    code = f"P{number:07d}".encode()
    if content.count(CODE.encode()) != 1:
        raise ValueError(f"Expected the code once in {good}, got {content.count(CODE.encode())}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.replace(CODE.encode(), code))


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and those it starts meanwhile, on one core, where the system can."""
    import os

    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
