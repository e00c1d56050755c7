"""The newest samples of one sensor, for whoever draws or estimates live; lossy on purpose."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray, IntArray
from imuhip.recording.plan import SampleRows

__all__ = ["RingView", "SampleRing"]


@dataclass(frozen=True, slots=True)
class RingView:
    """A copy of rows of a ring.

    Parameters
    ----------
    next_index : int
        What to hand to `SampleRing.since` next time.
    n_missed : int
        Rows asked for that had been overwritten.
    time_s : (n,) array, s
        On the host's clock by the live mapping; strictly increasing, but for late samples.
    epoch, seq : (n,) int array
        Epoch of the sensor's clock, and sample number in it: a step over 1 is a gap.
    acc : (n, 3) array, m/s²
        Sensor frame.
    gyr : (n, 3) array, rad/s
        Sensor frame.
    mag : (n, 3) array, µT
        Sensor frame; NaN for sensors without.
    """

    next_index: int
    n_missed: int
    time_s: FloatArray
    epoch: IntArray
    seq: IntArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray

    def __len__(self) -> int:
        return len(self.time_s)


class SampleRing:
    """Preallocated rows with a write index: one thread writes, any thread reads copies.

    Parameters
    ----------
    capacity_samples : int
        How many rows are kept.
    """

    def __init__(self, capacity_samples: int) -> None:
        if capacity_samples < 1:
            raise ValueError(f"Expected capacity_samples of at least 1, got {capacity_samples}")
        self.capacity_samples = capacity_samples
        self._float_rows = np.full((capacity_samples, 10), np.nan)
        self._int_rows = np.zeros((capacity_samples, 2), dtype=np.int64)
        self._n_written = 0
        self._lock = threading.Lock()

    @property
    def n_written(self) -> int:
        """Return how many rows were ever written: the index the next one will have."""
        return self._n_written

    def append(self, rows: SampleRows) -> None:
        """Write rows, overwriting the oldest."""
        n_rows = len(rows)
        kept = slice(max(0, n_rows - self.capacity_samples), n_rows)
        n_kept = kept.stop - kept.start
        floats = np.full((n_kept, 10), np.nan)
        floats[:, 0] = rows.time_s[kept]
        floats[:, 1:4], floats[:, 4:7] = rows.acc[kept], rows.gyr[kept]
        if rows.mag is not None:
            floats[:, 7:10] = rows.mag[kept]
        with self._lock:
            at = (self._n_written + kept.start + np.arange(n_kept)) % self.capacity_samples
            self._float_rows[at] = floats
            self._int_rows[at, 0], self._int_rows[at, 1] = rows.epoch[kept], rows.seq[kept]
            self._n_written += n_rows

    def since(self, index: int) -> RingView:
        """Return every row from `index` on that is still there, oldest first."""
        with self._lock:
            return self._copied(index)

    def latest(self, n_samples: int) -> RingView:
        """Return the newest rows, at most `n_samples`, oldest first."""
        with self._lock:
            return self._copied(max(0, self._n_written - n_samples))

    def _copied(self, index: int) -> RingView:
        stop = self._n_written
        start = min(max(index, stop - self.capacity_samples, 0), stop)
        at = np.arange(start, stop) % self.capacity_samples
        floats, ints = self._float_rows[at], self._int_rows[at]
        return RingView(
            next_index=stop,
            n_missed=max(0, start - max(index, 0)),
            time_s=floats[:, 0],
            epoch=ints[:, 0],
            seq=ints[:, 1],
            acc=floats[:, 1:4],
            gyr=floats[:, 4:7],
            mag=floats[:, 7:10],
        )
