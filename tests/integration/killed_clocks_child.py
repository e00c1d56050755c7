"""Records virtual sensors into two files at once: ``killed_clocks_child.py STOPPED KILLED MODEL``.

Every row goes to both. One is stopped as any recording is; then this process sends itself SIGKILL,
and the other is what a killed recording leaves, of exactly the same data. Everything happens in
virtual time. Run by `test_recovered_clocks`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import imuhip.acquisition.recording_run as recording_run
from acquisition_kit import kit_and_engine, noise_motion
from imuhip.acquisition.engine import EngineOptions
from imuhip.core.sensor import StreamConfig
from imuhip.recording.writer import SessionWriter
from virtual_time import VirtualClock, run_virtual

SEGMENTS = ("pelvis", "thigh_left")
DURATION_S = 13.7
RATE_HZ = {"imuhip": 100, "movella_dot": 60, "witmotion": 100}


class WritesTwice(SessionWriter):
    """A session writer with a twin that is never closed."""

    twin_path: Path
    twin: SessionWriter | None = None

    def __init__(self, path: Path, *arguments: Any, **options: Any) -> None:
        super().__init__(path, *arguments, **options)
        self.twin = SessionWriter(self.twin_path, *arguments, **options)


def to_both(name: str) -> Any:
    own = getattr(SessionWriter, name)

    def call(writer: WritesTwice, *arguments: Any) -> None:
        own(writer, *arguments)
        if writer.twin is not None:
            getattr(writer.twin, name)(*arguments)

    return call


for name in (
    "append_packets",
    "append_samples",
    "append_clock_fit",
    "append_clock_question",
    "append_stream_start",
    "append_marker",
    "append_event",
    "update_counters",
    "flush",
):
    setattr(WritesTwice, name, to_both(name))


def record(stopped: Path, killed: Path, sensor: str) -> None:
    """Record on a connection interval of 60 ms, on which live clocks are worst."""
    WritesTwice.twin_path = killed
    recording_run.SessionWriter = WritesTwice
    source = noise_motion(SEGMENTS, DURATION_S, RATE_HZ[sensor])
    options = EngineOptions(stream=StreamConfig(rate_hz=RATE_HZ[sensor]))

    async def main(clock: VirtualClock) -> None:
        async with kit_and_engine(
            clock,
            source,
            options,
            sensor=sensor,
            exact=False,
            connection_interval_s=0.06,
            tells_clock=True,
        ) as (kit, engine):
            await engine.connect(kit.assignment)
            await asyncio.sleep(3.0)
            await engine.start_recording(stopped)
            kit.begin()
            await kit.finished()
            result = await engine.stop_recording()
            if result.error is not None:
                raise result.error
            os.kill(os.getpid(), signal.SIGKILL)

    run_virtual(main)


if __name__ == "__main__":
    record(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
