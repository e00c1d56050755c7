"""Numbers and times for sensors that state neither: a count of what arrived, at the nominal rate.

The block says so (`SampleBlock.is_counted`), and `imuhip.acquisition.counted_clock` makes times of
it by the arrivals.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imuhip.core.sensor import FLAGS, SampleBlock
from imuhip.core.series import FloatArray

__all__ = ["SampleCount", "clip_flags"]


class SampleCount:
    """Counts one stream's samples.

    Parameters
    ----------
    rate_hz : float
        Nominal.
    """

    def __init__(self, rate_hz: float) -> None:
        self._period_s = 1.0 / rate_hz
        self._n_samples = 0

    def block(
        self, acc: FloatArray, gyr: FloatArray, mag: FloatArray | None = None, flags: int = 0
    ) -> SampleBlock:
        """Return the next samples as a block.

        Parameters
        ----------
        acc, gyr : (n, 3) array, m/s² and rad/s
            Sensor frame; none is fine.
        mag : (n, 3) array, µT, optional
            Sensor frame.
        flags : int
            Bits of `imuhip.core.sensor.FLAGS`.
        """
        seq = self._n_samples
        self._n_samples += len(acc)
        time_s = (seq + np.arange(len(acc), dtype=float)) * self._period_s
        return SampleBlock(
            first_seq=seq,
            device_time_s=time_s,
            acc=acc,
            gyr=gyr,
            mag=mag,
            flags=flags,
            is_counted=True,
        )


def clip_flags(acc_counts: NDArray[np.int16], gyr_counts: NDArray[np.int16]) -> int:
    """Return the flags of (n, 3) counts each, which at the ends of 16 bits were cut off."""
    flags = 0
    for counts, flag in ((acc_counts, FLAGS["clip_acc"]), (gyr_counts, FLAGS["clip_gyr"])):
        if ((counts == 32767) | (counts == -32768)).any():
            flags |= flag
    return flags
