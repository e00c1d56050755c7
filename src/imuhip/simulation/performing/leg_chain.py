"""From where hip and ankle are to how the leg is bent: both feet stay while the pelvis moves."""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray
from imuhip.simulation.people import BodyDimensions

__all__ = ["bend_leg"]

_SOFT_M = 0.002
"""A leg gets straight softly: so near to its full length the foot gives way instead."""


def bend_leg(
    hip_m: FloatArray, ankle_m: FloatArray, right: FloatArray, body: BodyDimensions
) -> tuple[FloatArray, FloatArray]:
    """Return the thigh's orientation (n, 4) and the knee's flexion (n,), rad.

    Parameters
    ----------
    hip_m, ankle_m : (n, 3) array, m
        In one frame, z up.
    right : (3,) or (n, 3) array
        Where the leg's right is: the knee bends in the plane across it.
    body : BodyDimensions
    """
    thigh, shank = body.thigh_m, body.shank_m
    line = ankle_m - hip_m
    length = np.linalg.norm(line, axis=1)
    down = line / length[:, None]
    missing = _SOFT_M * np.logaddexp(0.0, (thigh + shank - length) / _SOFT_M)
    reach = thigh + shank - missing
    knee = np.arccos(np.clip((reach**2 - thigh**2 - shank**2) / (2.0 * thigh * shank), -1.0, 1.0))
    at_hip = np.arctan2(shank * np.sin(knee), thigh + shank * np.cos(knee))
    across = np.broadcast_to(right, line.shape)
    across = across - np.sum(across * down, axis=1, keepdims=True) * down
    z = across / np.linalg.norm(across, axis=1, keepdims=True)
    forward = np.cross(z, down)
    along = np.cos(at_hip)[:, None] * down + np.sin(at_hip)[:, None] * forward
    y = -along
    x = np.cross(y, z)
    return quaternion.from_matrix(np.stack([x, y, z], axis=-1)), knee
