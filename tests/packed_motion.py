"""A recording of imuhip packets as a radio brings them: noise, losses, bad bytes, a restart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from imuhip.core.sensor import ClockFit, StreamConfig
from imuhip.recording.plan import SampleRows
from imuhip.recording.writer import SessionWriter
from imuhip.sensors.imuhip_v1.packets import RawPacket, StreamDecoder, encode_packet
from recorded_motion import RATE_HZ, append_block, counters, plans

BATCH = 6
CONFIG = StreamConfig()


def packets(n_packets: int, seed: int, *, batch: int = BATCH) -> list[bytes]:
    """Return packets of a noisy sensor that is moved about."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(n_packets * batch)[:, np.newaxis] / RATE_HZ
    swing = 3000 * np.sin(2 * np.pi * (0.9 * time_s + rng.random(6)))
    counts = np.rint(swing + rng.normal(0, 6, (len(time_s), 6))).astype(np.int16)
    return [
        encode_packet(
            RawPacket(
                seq=first,
                time_us=5_000_000 + 10_000 * first,
                dt_us=10_000,
                counts=counts[first : first + batch],
                age_us=int(rng.integers(1000, 30000)),
            )
        )
        for first in range(0, len(counts), batch)
    ]


def append_decoded(
    target: SessionWriter, segment: str, sent: list[bytes], seed: int, *, epoch: int = 0
) -> None:
    """Decode and keep packets, a flush for each; one in 50 is lost, one has bad bytes."""
    rng = np.random.default_rng([seed, epoch])
    decoder = StreamDecoder(CONFIG.acc_range_g, CONFIG.gyr_range_dps)
    arrival_s = 100.0 * epoch
    for k, content in enumerate(sent):
        arrival_s += 0.06 * rng.uniform(0.5, 1.5)
        if k % 50 == 20:
            continue
        arrivals = np.array([arrival_s])
        if k % 50 == 30:
            target.append_packets(segment, arrivals, [content[:17]])
            continue
        target.append_packets(segment, arrivals, [content])
        block = decoder.decode(content)
        n_rows = len(block)
        target.append_samples(
            segment,
            SampleRows(
                epoch=np.full(n_rows, epoch),
                seq=block.seq,
                device_time_s=block.device_time_s,
                time_s=block.device_time_s * (1 + 1e-5) - 4.9 + 100.0 * epoch,
                arrival_s=np.full(n_rows, arrival_s),
                acc=block.acc,
                gyr=block.gyr,
                mag=None,
                flags=np.full(n_rows, block.flags),
            ),
        )


def record(path: Path, n_packets: int = 300, *, close: bool = True) -> SessionWriter:
    """Record three sensors: two of packets, one whose packets hold nothing of its samples."""
    target = SessionWriter(path, plans(), rate_hz=RATE_HZ, start_unix_s=1.7e9, subject="S01")
    fits = {}
    for k, segment in enumerate(("pelvis", "thigh_left")):
        append_decoded(target, segment, packets(n_packets, k), k)
        append_decoded(target, segment, packets(n_packets // 4, k + 9), k, epoch=1)
        target.update_counters(segment, counters(n_packets))
        lines = [ClockFit(e, 5.0, 0.1 + 100 * e, 1 + 2e-5, 1e-3) for e in (0, 1)]
        target.append_clock_fit(segment, lines[0], 1.0)
        fits[segment] = tuple(lines)
    append_block(target, "thigh_right", np.arange(n_packets * BATCH), mag=True)
    target.append_event(0.4, "pelvis", "lost", "é" * 70)
    if close:
        target.close(final_fits=fits)
    return target
