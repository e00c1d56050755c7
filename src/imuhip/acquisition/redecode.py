"""A recording decoded again from its raw packets, by the code of today.

The packets, the questions for the sensors' clocks and the starts of their streams take the same way
as they took live: fresh decoders after every start, wraps of a clock continued over it, epochs, the
lines of the clocks. Only what was live is gone: which times were shown at which moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.rows import concatenated
from imuhip.acquisition.settled_clocks import settle_clocks
from imuhip.acquisition.stream import SensorStream
from imuhip.acquisition.two_way import Exchange
from imuhip.core.sensor import ClockFit, SensorCounters
from imuhip.core.series import FloatArray
from imuhip.errors import FileFormatError
from imuhip.recording import layout
from imuhip.recording.plan import SampleRows
from imuhip.recording.reader import (
    open_recording,
    read_clock_questions,
    read_packets,
    read_stream_starts,
)
from imuhip.recording.session import DeviceRecord
from imuhip.sensors.driver import SensorDriver
from imuhip.sensors.registry import DRIVERS

__all__ = ["Redecoded", "redecode"]

_RING_SAMPLES = 1


@dataclass(frozen=True, slots=True)
class Redecoded:
    """One sensor's samples, decoded again.

    Parameters
    ----------
    rows : SampleRows or None
        In the order they arrived, their times by the final lines; None without a sample.
    clock_fits : tuple of ClockFit
        The final lines, one for each epoch.
    counters : SensorCounters
        Account of the samples; what the host itself did not store is not in it.
    """

    rows: SampleRows | None
    clock_fits: tuple[ClockFit, ...]
    counters: SensorCounters


class _PlayedClock:
    """Stands where the recording is read."""

    now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def unix_s(self) -> float:
        return self.now_s


class _Kept:
    """Takes the rows of one sensor."""

    def __init__(self) -> None:
        self.rows: list[SampleRows] = []

    def __call__(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        if rows is not None:
            self.rows.append(rows)
        return True


def redecode(path: str | Path) -> dict[str, Redecoded]:
    """Decode a recording's packets again, sensor by sensor, and map their clocks together.

    Parameters
    ----------
    path : str or Path
        A complete or recovered session file made by radio.

    Raises
    ------
    imuhip.errors.FileFormatError
        When a sensor's packets were not kept, or its model is not known any more.
    """
    path = Path(path)
    devices = open_recording(path).devices
    clock = _PlayedClock()
    streams: dict[str, SensorStream] = {}
    kept: dict[str, _Kept] = {}
    for segment, device in devices.items():
        clock.now_s = 0.0
        streams[segment] = _stream(path, segment, device, clock)
        kept[segment] = _Kept()
        streams[segment].begin_recording(kept[segment])
        _play(path, segment, streams[segment], clock)
    settle_clocks(streams)
    return {segment: _finished(streams[segment], kept[segment]) for segment in devices}


def _stream(path: Path, segment: str, device: DeviceRecord, clock: _PlayedClock) -> SensorStream:
    return SensorStream(
        HostTime(clock),
        device.config,
        _driver(path, segment, device).decoder,
        policy=MappingPolicy(),
        ring_capacity_samples=_RING_SAMPLES,
        on_event=lambda _kind, _text: None,
    )


def _driver(path: Path, segment: str, device: DeviceRecord) -> SensorDriver:
    for driver in DRIVERS:
        if driver.model == device.driver:
            return driver
    raise FileFormatError(
        f"{path}: {segment} was recorded with the driver {device.driver!r}, which is not known",
        hint="decode it with the imuhip it was recorded with",
    )


def _play(path: Path, segment: str, stream: SensorStream, clock: _PlayedClock) -> None:
    """Let everything arrive again; what happened at one instant in the order it was stored."""
    arrival_s, packets = read_packets(path, segment)
    _, instants_s = read_clock_questions(path, segment)
    starts_s = read_stream_starts(path, segment)
    exchanges = [Exchange(*row) for row in instants_s.tolist()]
    at_s = np.concatenate([starts_s, arrival_s, [each.answered_s for each in exchanges]])
    what: list[bytes | Exchange | None] = [*(None for _ in starts_s), *packets, *exchanges]
    stream.stream_started()
    for k in np.argsort(at_s, kind="stable").tolist():
        clock.now_s = float(at_s[k])
        happening = what[k]
        if happening is None:
            stream.stream_started()
        elif isinstance(happening, Exchange):
            stream.on_exchange(happening)
        else:
            stream.on_packet(happening)
        stream.consume()


def _finished(stream: SensorStream, kept: _Kept) -> Redecoded:
    fits = stream.end_recording()
    rows = concatenated(kept.rows) if kept.rows else None
    if rows is not None:
        time_s = layout.final_times(rows.epoch, rows.device_time_s, rows.time_s, fits)
        rows = SampleRows(
            **{name: getattr(rows, name) for name in SampleRows.__slots__ if name != "time_s"},
            time_s=time_s,
        )
    return Redecoded(rows, fits, stream.counters())
