"""How fast a recording is analysed, and what the live view costs.

Offline: ten minutes of three sensors at 100 Hz, simulated, through ``imuhip.analyze``; at least 100
times real time is promised. ``vqf.offlineVQF`` alone on the same arrays in the same process tells
how much of that is the orientation filter. Live: the same samples in blocks of 50 ms through the
live pipeline, each block timed.
"""

from __future__ import annotations

import argparse
import platform
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from vqf import offlineVQF

import imuhip
from imuhip.analysis.grid import to_grid
from imuhip.analysis.live import LivePipeline
from imuhip.core.series import FloatArray

PROMISED = 100.0
"""Times real time, offline, with three sensors at 100 Hz."""

_BLOCK_S = 0.05


@dataclass(frozen=True, slots=True)
class LiveCost:
    """What the live pipeline took, a row per block."""

    latency_s: FloatArray
    cpu_s: float
    duration_s: float


def shortest_s(run: Callable[[], object], repeats: int) -> float:
    """Return the shortest time `run` took; the rest is what else the machine did."""
    taken = []
    for _ in range(repeats):
        begin_s = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin_s)
    return min(taken)


def filter_alone(recording: imuhip.Recording) -> None:
    """Run the C++ filter over all sensors and nothing else."""
    for series in recording.sensors.values():
        gyr, acc = (np.ascontiguousarray(values) for values in (series.gyr, series.acc))
        offlineVQF(gyr, acc, None, 1.0 / recording.rate_hz, {})


def peak_memory_bytes(run: Callable[[], object]) -> int:
    """Return the most memory that was allocated at once while `run` ran."""
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def live_cost(recording: imuhip.Recording) -> LiveCost:
    """Feed the live pipeline by blocks of 50 ms."""
    grid = to_grid(recording.sensors, recording.rate_hz, causal=True)
    pipeline = LivePipeline(grid.segments, recording.rate_hz)
    block = round(_BLOCK_S * recording.rate_hz)
    latency_s = []
    begin_cpu_s = time.process_time()
    for start in range(0, len(grid) - block + 1, block):
        part = grid.part(slice(start, start + block))
        begin_s = time.perf_counter()
        pipeline.update(part)
        latency_s.append(time.perf_counter() - begin_s)
    return LiveCost(
        np.array(latency_s), time.process_time() - begin_cpu_s, len(grid) / recording.rate_hz
    )


def _print_offline(recording: imuhip.Recording, repeats: int) -> bool:
    minutes = recording.duration_s / 60.0
    n_sensors = len(recording.sensors)
    ours_s = shortest_s(lambda: imuhip.analyze(recording), repeats)
    alone_s = shortest_s(lambda: filter_alone(recording), repeats)
    times = recording.duration_s / ours_s
    peak = peak_memory_bytes(lambda: imuhip.analyze(recording))
    measured = sum(s.acc.nbytes + s.gyr.nbytes for s in recording.sensors.values())
    print(f"\noffline, {minutes:.1f} min x {n_sensors} sensors x {recording.rate_hz:g} Hz")
    print(f"{'imuhip.analyze':<34}{ours_s:>9.2f} s{times:>10.0f} times real time")
    print(
        f"{'vqf.offlineVQF alone':<34}{alone_s:>9.2f} s"
        f"{recording.duration_s / alone_s:>10.0f} times real time"
    )
    print(f"{'ratio':<34}{ours_s / alone_s:>9.2f}")
    print(
        f"{'peak memory of imuhip.analyze':<34}{peak / 2**20:>9.0f} MiB"
        f"  ({peak / measured:.0f} times the samples)"
    )
    kept = times >= PROMISED
    print(f"{'promised':<34}{PROMISED:>9.0f} times real time: {'kept' if kept else 'NOT KEPT'}")
    return kept


def _print_live(recording: imuhip.Recording) -> None:
    cost = live_cost(recording)
    latency_ms = 1e3 * cost.latency_s
    print(f"\nlive, {len(latency_ms)} blocks of {1e3 * _BLOCK_S:.0f} ms")
    print(f"{'share of one core':<34}{100 * cost.cpu_s / cost.duration_s:>9.2f} %")
    print(f"{'latency of a block, median':<34}{np.median(latency_ms):>9.2f} ms")
    print(f"{'latency of a block, 99 %':<34}{np.quantile(latency_ms, 0.99):>9.2f} ms")
    print(f"{'latency of a block, longest':<34}{latency_ms.max():>9.2f} ms (a new calibration)")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="of walking (default 10)")
    parser.add_argument("--live-minutes", type=float, default=2.0, help="of it live (default 2)")
    parser.add_argument("--rate", type=float, default=100.0, help="Hz (default 100)")
    parser.add_argument("--repeats", type=int, default=3, help="the shortest counts (default 3)")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print both tables; 1 when the promise is not kept."""
    options = _arguments(arguments)
    print(" ".join(["$ python -m benchmarks speed", *arguments]))
    print(f"{platform.machine()} {platform.system()}, Python {platform.python_version()}")
    recording = imuhip.simulate("walk", options.minutes, 1, rate_hz=options.rate)
    kept = _print_offline(recording, options.repeats)
    _print_live(imuhip.simulate("walk", options.live_minutes, 1, rate_hz=options.rate))
    return 0 if kept else 1
