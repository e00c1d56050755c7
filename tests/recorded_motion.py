"""A writer's input whose every value follows from the sample number, so that losses show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from imuhip.core.sensor import ClockFit, SensorCounters, SensorIdentity, StreamConfig
from imuhip.recording.writer import SampleRows, SensorPlan, SessionWriter

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")
RATE_HZ = 100
IDENTITY = SensorIdentity("imuhip v1", "0001", "1.2", 1e6)


def plans(segments: Sequence[str] = SEGMENTS) -> list[SensorPlan]:
    return [
        SensorPlan(segment, IDENTITY, f"AA:{i}", StreamConfig(), 90, True, "imuhip")
        for i, segment in enumerate(segments)
    ]


def writer(path: Path, segments: Sequence[str] = SEGMENTS, **options) -> SessionWriter:
    return SessionWriter(path, plans(segments), rate_hz=RATE_HZ, start_unix_s=1.7e9, **options)


def vectors(seq: np.ndarray, offset: float = 0.0) -> np.ndarray:
    """Return (n, 3) numbers that float32 holds exactly."""
    return np.stack([seq % 4096, (seq // 4096) % 4096, seq % 7], axis=1) + offset


def rows(seq: np.ndarray, *, epoch: int = 0, mag: bool = False, late_s: float = 0.0) -> SampleRows:
    seq = np.asarray(seq, dtype=np.int64)
    device_time_s = seq / RATE_HZ
    return SampleRows(
        epoch=np.full(len(seq), epoch),
        seq=seq,
        device_time_s=device_time_s,
        time_s=device_time_s + 0.5 + late_s,
        arrival_s=device_time_s + 0.52,
        acc=vectors(seq),
        gyr=vectors(seq, 0.5),
        mag=vectors(seq, 0.25) if mag else None,
        flags=seq % 2,
    )


def packet(seq: int) -> bytes:
    return int(seq).to_bytes(8, "little") + bytes(int(seq) % 11)


def append_block(target: SessionWriter, segment: str, seq: np.ndarray, **options) -> None:
    block = rows(seq, **options)
    target.append_packets(segment, block.arrival_s[::5], [packet(s) for s in block.seq[::5]])
    target.append_samples(segment, block)


def fit(host_zero_s: float = 0.6, epoch: int = 0) -> ClockFit:
    return ClockFit(epoch, 0.0, host_zero_s, 1.0, 0.001)


def counters(received: int) -> SensorCounters:
    return SensorCounters(received=received, longest_gap_s=0.01)
