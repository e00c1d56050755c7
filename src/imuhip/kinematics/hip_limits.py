"""How far hips bend: what lies beyond is no hip, but sensors that are not on the body."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_filter import UNKNOWN_SD_RAD

__all__ = ["impossible_hip"]

_FLEXION_LIMITS_RAD = (np.radians(-40.0), np.radians(140.0))
_ADDUCTION_LIMIT_RAD = np.radians(60.0)
_ROTATION_LIMIT_RAD = np.radians(80.0)


def impossible_hip(hip: FloatArray, heading_sd_rad: FloatArray) -> BoolArray:
    """Return (n,) where no hip can be bent like that.

    Parameters
    ----------
    hip : (n, 3) array, rad
        Flexion, adduction and rotation.
    heading_sd_rad : (n,) array, rad
        Where the heading is not known, only flexion and adduction are asked.
    """
    low, high = _FLEXION_LIMITS_RAD
    known = heading_sd_rad < UNKNOWN_SD_RAD
    return np.asarray(
        (hip[:, 0] < low)
        | (hip[:, 0] > high)
        | (np.abs(hip[:, 1]) > _ADDUCTION_LIMIT_RAD)
        | (known & (np.abs(hip[:, 2]) > _ROTATION_LIMIT_RAD))
    )
