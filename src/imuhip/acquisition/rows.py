"""Rows of decoded samples on their way to the ring and to the recorder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from imuhip.core.sensor import SampleBlock
from imuhip.core.series import BoolArray, FloatArray, IntArray
from imuhip.recording.plan import SampleRows

__all__ = ["concatenated", "moved", "rows_of_block"]


def rows_of_block(
    block: SampleBlock,
    *,
    keep: BoolArray,
    epoch: int,
    seq: IntArray,
    time_s: FloatArray,
    arrival_s: float,
) -> SampleRows:
    """Return the rows of a block that are to be kept.

    Parameters
    ----------
    block : SampleBlock
        As decoded.
    keep : (n,) bool array
        False for samples that came before.
    epoch : int
        Epoch of the sensor's clock.
    seq : (n,) int array
        Sample numbers, continued within the epoch.
    time_s : (n,) array, s
        On the host's clock, by the live mapping.
    arrival_s : float, s
        When the packet arrived, on the host's clock.
    """
    n_rows = int(np.count_nonzero(keep))
    return SampleRows(
        epoch=np.full(n_rows, epoch, dtype=np.int64),
        seq=seq[keep],
        device_time_s=block.device_time_s[keep],
        time_s=time_s[keep],
        arrival_s=np.full(n_rows, arrival_s),
        acc=block.acc[keep],
        gyr=block.gyr[keep],
        mag=None if block.mag is None else block.mag[keep],
        flags=np.full(n_rows, block.flags, dtype=np.int64),
    )


def moved(rows: SampleRows, by_s: float, epochs: int = 0) -> SampleRows:
    """Return the rows moved in host time and with `epochs` added to their epoch."""
    return replace(
        rows,
        epoch=rows.epoch + epochs,
        time_s=rows.time_s + by_s,
        arrival_s=rows.arrival_s + by_s,
    )


def concatenated(parts: Sequence[SampleRows]) -> SampleRows:
    """Return all rows; without a magnetometer unless every part has one."""
    if len(parts) == 1:
        return parts[0]
    mags = [part.mag for part in parts if part.mag is not None]
    return SampleRows(
        mag=np.concatenate(mags) if len(mags) == len(parts) else None,
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in SampleRows.__slots__
            if name != "mag"
        },
    )
