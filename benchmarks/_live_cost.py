"""What the live way costs, block by block, and whether it grows while a session lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

import imuhip
from benchmarks._peak_memory import resident_bytes
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_grid import LiveGrid
from imuhip.core.series import FloatArray, ImuSeries

__all__ = ["BLOCK_S", "LiveCost", "live_cost"]

BLOCK_S = 0.05
"""As sensors send: 20 blocks a second."""

_PARTS = 6
"""Of an hour ten minutes each; the first and the last are compared."""

_BLOCKS_PER_LOOK = 200


@dataclass(frozen=True, slots=True)
class LiveCost:
    """What a session took, a row per block.

    Parameters
    ----------
    latency_s, cpu_s : (b,) arrays, s
        From the arrival of a block of all sensors to its angles.
    resident : (b,) array, bytes
        Memory of the process after each block; NaN where the system does not tell.
    duration_s : float
    told : float
        Share of the samples that got a hip rotation with its uncertainty.
    """

    latency_s: FloatArray
    cpu_s: FloatArray
    resident: FloatArray
    duration_s: float
    told: float

    @property
    def share(self) -> float:
        """Return the share of one core."""
        return float(self.cpu_s.sum()) / self.duration_s

    def first_and_last(self, values: FloatArray) -> tuple[float, float]:
        """Return the means of a column over the first and the last sixth of the session."""
        part = max(1, len(values) // _PARTS)
        return float(values[:part].mean()), float(values[-part:].mean())

    def settled_resident(self) -> tuple[float, float]:
        """Return the memory at the end of the first sixth and at the end, bytes."""
        part = max(1, len(self.resident) // _PARTS)
        return float(self.resident[part - 1]), float(self.resident[-1])


def live_cost(recording: imuhip.Recording, minutes: float) -> LiveCost:
    """Send the first minutes of a recording through grid, fusion, calibration and angles."""
    rate_hz = recording.rate_hz
    block = round(BLOCK_S * rate_hz)
    shortest = min(len(series) for series in recording.sensors.values())
    n_blocks = min(shortest, round(60.0 * minutes * rate_hz)) // block
    segments = tuple(recording.sensors)
    grid, pipeline = LiveGrid(segments, rate_hz), LivePipeline(segments, rate_hz)
    latency_s, cpu_s = np.empty(n_blocks), np.empty(n_blocks)
    resident = np.full(n_blocks, np.nan)
    told = 0
    for k in range(n_blocks):
        rows = slice(k * block, (k + 1) * block)
        arrived = {
            segment: ImuSeries(series.time_s[rows], series.acc[rows], series.gyr[rows])
            for segment, series in recording.sensors.items()
        }
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        angles = pipeline.update(grid.update(arrived))
        cpu_s[k] = time.process_time() - begin_cpu_s
        latency_s[k] = time.perf_counter() - begin_s
        told += int(np.isfinite(angles.sd.get("hip_rotation_left", np.empty(0))).sum())
        if k % _BLOCKS_PER_LOOK == 0 or k == n_blocks - 1:
            resident[k:] = resident_bytes() or np.nan
    return LiveCost(
        latency_s, cpu_s, resident, n_blocks * block / rate_hz, told / (n_blocks * block)
    )
