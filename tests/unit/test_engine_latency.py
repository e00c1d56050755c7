"""The latency that the benchmark of the engine tells, where it is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks._engine_latency import angle_latencies

from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.recording.plan import SensorPlan
from imuhip.recording.writer import SessionWriter
from imuhip.sensors.imuhip_v1.packets import RawPacket, encode_packet

RATE_HZ, BATCH, N_PACKETS = 100, 5, 40
AGE_S = {"pelvis": 0.003, "thigh_left": 0.008}
SKEW_PPM = {"pelvis": 0.0, "thigh_left": 500.0}
LOOK_S = 0.020
"""After the last sample of a packet, when all packets of that instant have come."""


def _clock_us(segment: str, at_s: float) -> int:
    return round(1e6 * (7.0 + at_s * (1 + 1e-6 * SKEW_PPM[segment])))


def _session(path: Path) -> Path:
    """Write packets whose samples both sensors take at ``seq / RATE_HZ``."""
    config = StreamConfig(rate_hz=RATE_HZ)
    plans = [
        SensorPlan(s, SensorIdentity("imuhip", s, "1.0", 1e6), s, config, 90, True, "imuhip")
        for s in AGE_S
    ]
    with SessionWriter(path, plans, rate_hz=RATE_HZ, start_unix_s=1.7e9) as writer:
        for segment, age_s in AGE_S.items():
            for first in range(0, BATCH * N_PACKETS, BATCH):
                packet = RawPacket(
                    seq=first,
                    time_us=_clock_us(segment, first / RATE_HZ),
                    dt_us=round(1e6 / RATE_HZ),
                    counts=np.zeros((BATCH, 6), dtype=np.int16),
                    age_us=round(1e6 * age_s),
                )
                writer.append_packets(segment, np.array([0.1]), [encode_packet(packet)])
        writer.close(final_fits={})
    return path


def test_latency_runs_from_the_notification_that_completes_a_sample(tmp_path: Path):
    last = np.arange(1, N_PACKETS + 1) * BATCH - 1
    newest_s = last / RATE_HZ
    given_s = newest_s - 2 / RATE_HZ
    log = np.column_stack(
        [
            100.0 + newest_s + LOOK_S,
            np.concatenate([[0.0], given_s[:-1] + 1 / RATE_HZ]),
            given_s,
            np.zeros(N_PACKETS),
            *(column for _ in AGE_S for column in (last, newest_s)),
        ]
    )
    np.savez(tmp_path / "angles.npz", log=log, segments=list(AGE_S))
    sensors = {
        segment: {"monotonic_s": 100.0, "clock_us": _clock_us(segment, 0.0), "skew_ppm": skew}
        for segment, skew in SKEW_PPM.items()
    }
    session = _session(tmp_path / "session.h5")
    after_s, motion_s = angle_latencies(tmp_path / "angles.npz", session, sensors, RATE_HZ)
    # The thigh's packet comes last; those of the first packet have nothing before them to compare.
    assert len(after_s) == BATCH * (N_PACKETS - 1)
    assert after_s == pytest.approx(LOOK_S - AGE_S["thigh_left"], abs=5e-5)
    # Two rows are looked ahead, and the first sample of a packet waits for four more.
    assert motion_s.min() == pytest.approx(LOOK_S + 2 / RATE_HZ, abs=5e-5)
    assert motion_s.max() == pytest.approx(LOOK_S + (2 + BATCH - 1) / RATE_HZ, abs=5e-5)
