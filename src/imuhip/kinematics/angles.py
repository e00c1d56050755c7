"""Hip and pelvis angles from segment orientations in one world."""

from __future__ import annotations

import numpy as np

from imuhip.core import cardan, quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, IntArray

__all__ = [
    "centred_direction",
    "hip_from_segments",
    "pelvis_attitude",
    "trailing_direction",
    "unwrap_heading",
]


def hip_from_segments(q_WP: FloatArray, q_WT: FloatArray, side: Side) -> FloatArray:
    """Return (n, 3) flexion, adduction and internal rotation, rad.

    Parameters
    ----------
    q_WP, q_WT : (n, 4) arrays
        Pelvis and thigh (ISB axes) in one world.
    side : {"left", "right"}
    """
    return cardan.hip_angles(quaternion.multiply(quaternion.conjugate(q_WP), q_WT), side)


def pelvis_attitude(q_WP: FloatArray) -> FloatArray:
    """Return (n, 3) tilt, obliquity and heading (not yet relative to the walk), rad."""
    return cardan.pelvis_angles(q_WP)


def unwrap_heading(heading_rad: FloatArray) -> FloatArray:
    """Return a heading without jumps of a full turn; NaN stays NaN and is stepped over."""
    unwrapped = np.array(heading_rad, dtype=float)
    finite = np.isfinite(unwrapped)
    unwrapped[finite] = np.unwrap(unwrapped[finite])
    return unwrapped


def centred_direction(heading_rad: FloatArray, stride_samples: int | IntArray) -> FloatArray:
    """Return the walking direction: the pelvis' own heading, freed of its oscillation.

    Means over one stride and over two both hold a whole number of pelvic oscillations. A mean over
    a window w cuts the corner of a turn by ``w²/24`` times its second derivative, so four of the
    first less one of the second, over three, follow a turn to fourth order. At the ends the windows
    shrink symmetrically.

    Parameters
    ----------
    heading_rad : (n,) array, rad
        Unwrapped, finite.
    stride_samples : int or (n,) int array
        One stride, or one at each row: people change their pace, and walk and run.
    """
    one = _centred_mean(heading_rad, stride_samples)
    two = _centred_mean(heading_rad, 2 * stride_samples)
    return np.asarray((4.0 * one - two) / 3.0)


def _centred_mean(values: FloatArray, window_samples: int | IntArray) -> FloatArray:
    n_samples = len(values)
    rows = np.arange(n_samples)
    half = np.minimum(np.minimum(window_samples // 2, rows), rows[::-1])
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray((total[rows + half + 1] - total[rows - half]) / (2 * half + 1))


def trailing_direction(heading_rad: FloatArray, n_new: int, stride_samples: int) -> FloatArray:
    """Return the walking direction of the last `n_new` rows from the past alone.

    Means over whole strides are free of the pelvis' own oscillation. The mean of the last stride
    lags by half a stride; the change from the stride before carries it forward to now, so that a
    steady turn stays unbiased.

    Parameters
    ----------
    heading_rad : (n,) array, rad
        Unwrapped past and new headings, the new ones last.
    n_new : int
        How many rows are asked for.
    stride_samples : int
        One stride; near the start of the history the window shrinks to what there is.
    """
    total = np.concatenate([[0.0], np.cumsum(heading_rad)])
    end = np.arange(len(heading_rad) - n_new, len(heading_rad)) + 1
    stride = np.maximum(1, np.minimum(stride_samples, end // 2))
    last = (total[end] - total[end - stride]) / stride
    before = (total[end - stride] - total[np.maximum(end - 2 * stride, 0)]) / stride
    grown = end >= 2 * stride_samples
    # the middle of the last stride's samples lies (stride - 1) / 2 rows back, not stride / 2
    forward = 0.5 * (stride - 1) / stride * (last - before)
    return np.asarray(np.where(grown, last + forward, last))
