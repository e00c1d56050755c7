"""Acceleration and turn rate out of a maker's orientations, where a file holds nothing else.

The maker's filter has its own opinion of gravity and heading in them, and no noise of the chip is
left to see: results that rest on them say so.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.quaternion import conjugate, multiply, normalize, rotate, rotation_vector
from imuhip.core.series import FloatArray

__all__ = ["DERIVED_BOTH", "DERIVED_RATE", "force_from_free", "rate_from_orientation"]

STANDARD_GRAVITY_M_S2 = 9.80665
LONGEST_STEP_S = 0.055
"""Between two orientations whose difference still tells a rate: three samples at 60 Hz."""

DERIVED_RATE = "turn rate from the maker's orientations"
DERIVED_BOTH = "turn rate and force from the maker's orientations and free acceleration"


def rate_from_orientation(time_s: FloatArray, q_WS: FloatArray) -> FloatArray:
    """Return the turn rate (n, 3), rad/s, sensor frame, by central differences.

    Over one side only at the edges of gaps; NaN where both neighbours are farther than 55 ms.

    Parameters
    ----------
    time_s : (n,) array, s
        In any order; a time that comes again is used once.
    q_WS : (n, 4) array
        Of any length but zero.
    """
    rate = np.full((len(time_s), 3), np.nan)
    order = np.argsort(time_s, kind="stable")
    order = order[np.isfinite(time_s[order]) & np.isfinite(q_WS[order]).all(axis=1)]
    order = order[np.linalg.norm(q_WS[order], axis=1) > 0.5]
    if len(order) < 2:
        return rate
    order = order[np.concatenate([[True], np.diff(time_s[order]) > 0])]
    time, q = time_s[order], normalize(q_WS[order])
    is_near = np.diff(time) <= LONGEST_STEP_S
    rows = np.arange(len(time))
    before = rows - np.concatenate([[False], is_near])
    after = rows + np.concatenate([is_near, [False]])
    known = after > before
    before, after = before[known], after[known]
    turn = rotation_vector(multiply(conjugate(q[before]), q[after]))
    # the turn between two samples, told in the frame of the sample it is given to
    middle = rotate(multiply(conjugate(q[rows[known]]), q[before]), turn)
    rate[order[known]] = middle / (time[after] - time[before])[:, None]
    return rate


def force_from_free(q_WS: FloatArray, free_W: FloatArray) -> FloatArray:
    """Return what an accelerometer reads (n, 3), m/s², sensor frame: gravity put back.

    Parameters
    ----------
    q_WS : (n, 4) array
        World z up.
    free_W : (n, 3) array, m/s²
        Acceleration in the world, gravity taken off.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        q = normalize(q_WS)
    return rotate(conjugate(q), free_W + np.array([0.0, 0.0, STANDARD_GRAVITY_M_S2]))
