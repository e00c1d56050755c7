"""Where the ankle is against the hip, for the toe-off of walkers who wear shank sensors.

Walking, the foot leaves the ground where the ankle is farthest behind the pelvis (Zeni et al. 2008,
doi:10.1016/j.gaitpost.2007.07.007). The thigh tells half of that place and the shank the other
half; how the shank leans is seen by its vertical, without any heading.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["ankle_ahead", "farthest_behind"]

_AXIS_HZ = 6.0
_LIKE = 0.2
"""Thigh and shank lean alike over a stride at least so much (correlation), or the sign is open."""

_WINDOW = (0.40, 0.80)
_STEP_S = 0.005


def ankle_ahead(
    thigh_lean_rad: FloatArray,
    shank_gyr: FloatArray,
    shank_up_S: FloatArray,
    pose_up_S: FloatArray,
    gait: BoolArray,
    rate_hz: float,
) -> FloatArray | None:
    """Return how far the ankle is ahead of the hip (n,), in lengths of a thigh.

    The shank is taken to be as long as the thigh, which it is to a few percent.

    Parameters
    ----------
    thigh_lean_rad : (n,) array, rad
        + where the knee is ahead of the hip; NaN where unknown.
    shank_gyr : (n, 3) array, rad/s
        Sensor frame.
    shank_up_S : (n, 3) array
        Upward vertical in the shank sensor's frame.
    pose_up_S : (3,) array
        The same, standing.
    gait : (n,) bool array
        Walking or running.
    rate_hz : float

    Returns
    -------
    (n,) array or None
        None where the shank's motion does not tell which way is ahead.
    """
    rows = gait & np.isfinite(thigh_lean_rad)
    if rows.sum() < rate_hz:
        return None
    rate = zero_phase(low_pass(_AXIS_HZ, rate_hz), shank_gyr)[rows]
    level = rate - np.outer(rate @ pose_up_S, pose_up_S)
    axis = np.linalg.eigh(level.T @ level)[1][:, 2]
    axis = axis - (axis @ pose_up_S) * pose_up_S
    axis /= np.linalg.norm(axis)
    lean = -np.arctan2(shank_up_S @ np.cross(axis, pose_up_S), shank_up_S @ pose_up_S)
    likeness = float(np.corrcoef(lean[rows], thigh_lean_rad[rows])[0, 1])
    if not abs(likeness) > _LIKE:
        return None
    return np.asarray(np.sin(thigh_lean_rad) + np.sin(np.sign(likeness) * lean))


def farthest_behind(
    time_s: FloatArray, ahead: FloatArray, flexed_s: FloatArray, stride_time_s: FloatArray
) -> FloatArray:
    """Return when (k,) s the ankle is farthest behind in each stride, NaN where that is unknown.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    ahead : (n,) array
        See `ankle_ahead`.
    flexed_s, stride_time_s : (k,) arrays, s
        Greatest flexion that begins each stride, and its length.
    """
    if len(flexed_s) == 0:
        return np.empty(0)
    shares = np.arange(*_WINDOW, _STEP_S / float(np.median(stride_time_s)))
    at_s = flexed_s[:, None] + shares * stride_time_s[:, None]
    values = np.interp(at_s.ravel(), time_s, ahead, left=np.nan, right=np.nan).reshape(at_s.shape)
    known = np.isfinite(values).all(axis=1)
    row = np.argmin(np.where(np.isfinite(values), values, np.inf), axis=1)
    inner = np.clip(row, 1, len(shares) - 2)
    each = np.arange(len(values))
    before, low, after = (values[each, inner + k] for k in (-1, 0, 1))
    bend = np.maximum(before - 2.0 * low + after, 1e-12)
    fine = inner + np.clip(0.5 * (before - after) / bend, -0.5, 0.5)
    found = flexed_s + (shares[0] + fine * (shares[1] - shares[0])) * stride_time_s
    # at the window's edge there is no turning point
    return np.where(known & (row > 0) & (row < len(shares) - 1), found, np.nan)
