"""How large an hour of a sensor is on the disk, and what making it small costs.

Simulated people walk with consumer sensors; their samples are quantised and packed as an imuhip
sensor does, with 25 ppm of clock error, and arrive with the jitter of a radio link at the code that
decodes, maps clocks and writes. Then the finished file is finalised: at most 1.5 times the bytes of
the raw packets and at most 10 s for an hour are promised. Before and after, the file is opened with
``imuhip.open``, and every time, acceleration and angular rate compared bit for bit.
"""

from __future__ import annotations

import argparse
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import imuhip
from benchmarks._document import Printed, add_write
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.rows import moved
from imuhip.acquisition.stream import HostTime, SensorStream
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.recording.finalise import finalise
from imuhip.recording.plan import SampleRows, SensorPlan
from imuhip.recording.writer import SessionWriter
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.imuhip_v1.packets import RawPacket, encode_packet, to_counts

RATIO_PROMISED = 1.5
SECONDS_PROMISED = 10.0

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "file_format.md"
_SEGMENTS = (
    "pelvis",
    "thigh_left",
    "thigh_right",
    "shank_left",
    "shank_right",
    "trunk",
)
_PPM = 25e-6
_FLUSH_S = 0.2


class _SetClock:
    """A clock that shows what it is told."""

    now_s = 0.0

    def monotonic_ns(self) -> int:
        return round(self.now_s * 1e9)

    def unix_s(self) -> float:
        return 1.7e9 + self.now_s


@dataclass(frozen=True, slots=True)
class _Found:
    """One row of the table: bytes, and seconds."""

    sensors: int
    batch: int
    raw: int
    live: int
    small: int
    finalise_s: float
    open_live_s: float
    open_small_s: float
    same: bool


@dataclass(frozen=True, slots=True)
class _Packet:
    arrival_s: float
    content: bytes


def _packets(series: ImuSeries, config: StreamConfig, seed: int) -> list[_Packet]:
    """Return what a sensor sends while it measures `series`, and when it arrives."""
    rng = np.random.default_rng(seed)
    counts, flags = to_counts(series.acc, series.gyr, config.acc_range_g, config.gyr_range_dps)
    ppm = rng.uniform(-_PPM, _PPM)
    zero_us = int(rng.integers(0, 1 << 32))
    size = config.batch_samples
    packets = []
    for first in range(0, len(counts) - size + 1, size):
        last_s = (first + size) / config.rate_hz
        age_s = rng.uniform(0.001, 0.030)
        arrival_s = last_s * (1 + ppm) + age_s + 0.002 + rng.exponential(0.004)
        raw = RawPacket(
            seq=first,
            time_us=zero_us + round(1e6 * first / config.rate_hz),
            dt_us=round(1e6 / config.rate_hz),
            counts=counts[first : first + size],
            flags=flags,
            age_us=round(1e6 * age_s),
        )
        packets.append(_Packet(arrival_s, encode_packet(raw)))
    return packets


class _Receiver:
    """One sensor's way into the file, as while recording."""

    def __init__(
        self, clock: _SetClock, config: StreamConfig, segment: str, target: SessionWriter
    ) -> None:
        self._segment, self._target = segment, target
        self.stream = SensorStream(
            HostTime(clock),
            config,
            ImuhipV1Driver().decoder,
            policy=MappingPolicy(),
            ring_capacity_samples=1000,
            on_event=lambda _kind, _text: None,
        )
        self.stream.begin_recording(self._take)

    def _take(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        self._target.append_packets(self._segment, arrival_s, packets)
        if rows is not None:
            self._target.append_samples(self._segment, moved(rows, 0.0))
        return True


def _record(path: Path, recording: imuhip.Recording, batch: int) -> int:
    """Record into `path`; return the bytes of the raw packets."""
    config = StreamConfig(rate_hz=round(recording.rate_hz), batch_samples=batch)
    plans = [
        SensorPlan(s, SensorIdentity("imuhip", s, "1.0", 1e6), s, config, 90, True, "imuhip")
        for s in recording.sensors
    ]
    clock, n_bytes = _SetClock(), 0
    with SessionWriter(path, plans, rate_hz=config.rate_hz, start_unix_s=1.7e9) as target:
        receivers, sent = [], []
        for k, (segment, series) in enumerate(recording.sensors.items()):
            receivers.append(_Receiver(clock, config, segment, target))
            packets = _packets(series, config, k)
            n_bytes += sum(len(packet.content) for packet in packets)
            sent += [(packet.arrival_s, k, packet.content) for packet in packets]
        flush_s = _FLUSH_S
        for arrival_s, k, content in sorted(sent):
            clock.now_s = arrival_s
            receivers[k].stream.on_packet(content)
            receivers[k].stream.consume()
            if arrival_s >= flush_s:
                target.flush()
                flush_s = arrival_s + _FLUSH_S
        fits = {
            segment: receiver.stream.end_recording()
            for segment, receiver in zip(recording.sensors, receivers, strict=True)
        }
        target.close(final_fits=fits)
    return n_bytes


def _opened(path: Path) -> tuple[imuhip.Recording, float]:
    begin_s = time.perf_counter()
    recording = imuhip.open(path)
    return recording, time.perf_counter() - begin_s


def _same(left: imuhip.Recording, right: imuhip.Recording) -> bool:
    return all(
        getattr(series, name).tobytes() == getattr(right.sensors[segment], name).tobytes()
        for segment, series in left.sensors.items()
        for name in ("time_s", "acc", "gyr", "valid")
    )


def _measure(folder: Path, recording: imuhip.Recording, batch: int) -> _Found:
    path = folder / "hour.h5"
    raw = _record(path, recording, batch)
    live, open_live_s = _opened(path)
    begin_s = time.perf_counter()
    done = finalise(path)
    finalise_s = time.perf_counter() - begin_s
    small, open_small_s = _opened(path)
    path.unlink()
    return _Found(
        sensors=len(recording.sensors),
        batch=batch,
        raw=raw,
        live=done.before_bytes,
        small=done.after_bytes,
        finalise_s=finalise_s,
        open_live_s=open_live_s,
        open_small_s=open_small_s,
        same=_same(live, small),
    )


def _say(say: Printed, found: _Found, hours: float) -> bool:
    per_hour = 1e6 * found.sensors * hours
    ratio, hour_s = found.small / found.raw, found.finalise_s / hours
    kept = ratio <= RATIO_PROMISED and hour_s <= SECONDS_PROMISED and found.same
    sizes = "".join(f"{n / per_hour:>8.2f}" for n in (found.raw, found.live, found.small))
    times = f"{hour_s:>9.2f}{found.open_live_s:>8.2f}{found.open_small_s:>8.2f}"
    say(
        f"{found.sensors:>7}{found.batch:>7}{sizes}{found.live / found.raw:>7.2f}{ratio:>7.2f}"
        f"{times}   {'yes' if found.same else 'NO':<5}{'kept' if kept else 'NOT KEPT'}"
    )
    return kept


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks file_size",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="recorded (default 60)")
    parser.add_argument("--rate", type=float, default=100.0, help="Hz (default 100)")
    parser.add_argument("--seed", type=int, default=71, help="the person (default 71)")
    parser.add_argument(
        "--sensors", type=int, nargs="+", default=[3, 6], help="how many (default 3 and all 6)"
    )
    parser.add_argument(
        "--batch", type=int, nargs="+", default=[6], help="samples in a packet (default 6)"
    )
    add_write(parser)
    parser.set_defaults(document=DOCUMENT)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print the table; return 1 when a promise is not kept."""
    options = _arguments(arguments)
    say = Printed("file_size", arguments)
    say(
        f"{platform.machine()}, Python {platform.python_version()};"
        f" {options.minutes:g} min at {options.rate:g} Hz;"
        " MB for each hour of a sensor, then the times of the size of the raw packets"
    )
    say(
        f"{'sensors':>7}{'batch':>7}{'packets':>8}{'live':>8}{'small':>8}{'live':>7}{'small':>7}"
        f"{'final. s':>9}{'open s':>8}{'after':>8}   same"
    )
    kept = True
    for n_sensors in options.sensors:
        recording = imuhip.simulate(
            "walk",
            options.minutes,
            options.seed,
            rate_hz=options.rate,
            segments=_SEGMENTS[:n_sensors],
            soft_tissue=1.0,
        )
        hours = recording.duration_s / 3600.0
        for batch in options.batch:
            with tempfile.TemporaryDirectory() as folder:
                kept &= _say(say, _measure(Path(folder), recording, batch), hours)
    say(
        f"promised: at most {RATIO_PROMISED:g} times the raw packets, an hour finalised in"
        f" {SECONDS_PROMISED:g} s, every value the same bit for bit"
    )
    if options.write:
        say.write(options.document)
    return 0 if kept else 1
