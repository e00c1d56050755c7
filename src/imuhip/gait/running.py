"""Whether gait is walking or running: only runners leave the ground.

In flight the pelvis feels next to nothing; walking it never feels less than two thirds of gravity
(simulated people: 0.71-0.88 g against 0.22-0.43 g, fifth percentile of a few seconds). A real brisk
walker with a soft belt was seen at 0.23 to 0.55 g, at 0.9 s a stride: runners stride faster.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.activity import FRAME_S

__all__ = ["running_blocks"]

_BIN_S = 0.06
"""Averages impacts away, and is short against a flight of a tenth of a second."""

_FLIGHT_M_S2 = 0.55 * 9.80665
_LONGEST_STRIDE_S = 0.85
_PERCENTILE = 5.0


def running_blocks(
    pelvis_acc: FloatArray, rate_hz: float, block: int, period_s: FloatArray
) -> BoolArray:
    """Return (b,) whether each whole block looks like running, given that it is gait.

    Parameters
    ----------
    pelvis_acc : (n, 3) array, m/s²
        Specific force of the pelvis sensor.
    rate_hz : float, Hz
    block : int
        Rows in a block: two seconds or so.
    period_s : (f,) array, s
        Stride time of each second, NaN where unknown; see `imuhip.gait.activity.Activity`.
    """
    n_blocks = len(pelvis_acc) // block
    bin_rows = max(1, min(block, round(_BIN_S * rate_hz)))
    n_bins = block // bin_rows
    whole = pelvis_acc[: n_blocks * block].reshape(n_blocks, block, 3)[:, : n_bins * bin_rows]
    force = np.linalg.norm(whole.reshape(n_blocks, n_bins, bin_rows, 3).mean(axis=2), axis=2)
    if n_blocks == 0:
        return np.empty(0, dtype=bool)
    frames_each = block / (rate_hz * FRAME_S)
    first = (np.arange(n_blocks) * frames_each).astype(int)
    frames = first[:, None] + np.arange(max(1, round(frames_each)))
    stride_s = np.append(period_s, np.nan)[np.minimum(frames, len(period_s))]
    fast = np.nan_to_num(stride_s, nan=0.0).max(axis=1) <= _LONGEST_STRIDE_S
    return np.asarray((np.percentile(force, _PERCENTILE, axis=1) < _FLIGHT_M_S2) & fast)
