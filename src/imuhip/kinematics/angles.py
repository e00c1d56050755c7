"""Hip and pelvis angles from segment orientations in one world."""

from __future__ import annotations

import numpy as np

from imuhip.core import cardan, quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["centred_direction", "hip_from_segments", "pelvis_attitude", "unwrap_heading"]

_Z = np.array([0.0, 0.0, 1.0])


def hip_from_segments(
    q_WP: FloatArray, q_WT: FloatArray, heading_rad: FloatArray, side: Side
) -> FloatArray:
    """Return (n, 3) flexion, adduction and internal rotation, rad.

    Parameters
    ----------
    q_WP : (n, 4) array
        Pelvis (ISB axes) in its own world.
    q_WT : (n, 4) array
        Thigh (ISB axes) in its own world.
    heading_rad : (n,) array, rad
        Turns the thigh's world onto the pelvis' world.
    side : {"left", "right"}
    """
    q_thigh = quaternion.multiply(quaternion.about_axis(_Z, heading_rad), q_WT)
    return cardan.hip_angles(quaternion.multiply(quaternion.conjugate(q_WP), q_thigh), side)


def pelvis_attitude(q_WP: FloatArray) -> FloatArray:
    """Return (n, 3) tilt, obliquity and heading (not yet relative to the walk), rad."""
    return cardan.pelvis_angles(q_WP)


def unwrap_heading(heading_rad: FloatArray) -> FloatArray:
    """Return a heading without jumps of a full turn; NaN stays NaN and is stepped over."""
    unwrapped = np.array(heading_rad, dtype=float)
    finite = np.isfinite(unwrapped)
    unwrapped[finite] = np.unwrap(unwrapped[finite])
    return unwrapped


def centred_direction(heading_rad: FloatArray, window_samples: int) -> FloatArray:
    """Return the walking direction: the pelvis' own heading averaged over a centred window.

    Two strides make a whole number of pelvic oscillations, so what is left is the way walked. At
    the ends the window shrinks symmetrically, so that a steady turn stays unbiased.

    Parameters
    ----------
    heading_rad : (n,) array, rad
        Unwrapped, finite.
    window_samples : int
        About two strides.
    """
    n_samples = len(heading_rad)
    half = np.minimum(window_samples // 2, np.arange(n_samples))
    half = np.minimum(half, np.arange(n_samples)[::-1])
    total = np.concatenate([[0.0], np.cumsum(heading_rad)])
    rows = np.arange(n_samples)
    return np.asarray((total[rows + half + 1] - total[rows - half]) / (2 * half + 1))
