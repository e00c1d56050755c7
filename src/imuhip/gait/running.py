"""Whether gait is walking or running: only runners leave the ground.

In flight the pelvis feels next to nothing; walking it never feels less than two thirds of gravity
(simulated people: 0.71-0.88 g against 0.22-0.43 g, fifth percentile of a few seconds).
"""

from __future__ import annotations

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

__all__ = ["running_blocks"]

_BIN_S = 0.06
"""Averages impacts away, and is short against a flight of a tenth of a second."""

_FLIGHT_M_S2 = 0.55 * 9.80665
_PERCENTILE = 5.0


def running_blocks(pelvis_acc: FloatArray, rate_hz: float, block: int) -> BoolArray:
    """Return (b,) whether each whole block looks like running, given that it is gait.

    Parameters
    ----------
    pelvis_acc : (n, 3) array, m/s²
        Specific force of the pelvis sensor.
    rate_hz : float, Hz
    block : int
        Rows in a block: two seconds or so.
    """
    n_blocks = len(pelvis_acc) // block
    bin_rows = max(1, min(block, round(_BIN_S * rate_hz)))
    n_bins = block // bin_rows
    whole = pelvis_acc[: n_blocks * block].reshape(n_blocks, block, 3)[:, : n_bins * bin_rows]
    force = np.linalg.norm(whole.reshape(n_blocks, n_bins, bin_rows, 3).mean(axis=2), axis=2)
    if n_blocks == 0:
        return np.empty(0, dtype=bool)
    return np.asarray(np.percentile(force, _PERCENTILE, axis=1) < _FLIGHT_M_S2)
