"""Clinical angles from rotations, and back.

Hip: thigh relative to pelvis, Cardan z-x'-y'' (Grood and Suntay 1983, doi:10.1115/1.3138397; Wu et
al. 2002, doi:10.1016/S0021-9290(01)00222-6):
``R_pelvis^T R_thigh = Rz(flexion) Rx(s·adduction) Ry(s·internal rotation)`` with s = +1 right and
-1 left, so that + means flexion, adduction and internal rotation on both sides.

Pelvis: rotation-obliquity-tilt in the walking-direction frame (Baker 2001,
doi:10.1016/S0966-6362(00)00083-7). The world has z up, the pelvis ISB axes (x anterior, y superior,
z right).
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = [
    "Q_WALK_ISB",
    "hip_angles",
    "hip_quaternion",
    "pelvis_angles",
    "pelvis_quaternion",
    "side_sign",
]

_X, _Y, _Z = np.eye(3)

Q_WALK_ISB: FloatArray = quaternion.about_axis(_X, np.pi / 2)
"""ISB axes of a segment standing neutrally, in a frame with x along the walk and z up."""
Q_WALK_ISB.flags.writeable = False


def side_sign(side: Side) -> float:
    """Return s: +1 on the right and -1 on the left."""
    return 1.0 if side == "right" else -1.0


def hip_angles(q_PT: FloatArray, side: Side) -> FloatArray:
    """Return (..., 3) flexion, adduction and internal rotation in rad.

    Parameters
    ----------
    q_PT : (..., 4) array
        Orientation of the thigh T in the pelvis P, both in ISB axes.
    side : {"left", "right"}
        Which hip; mirrors the signs of adduction and rotation.
    """
    q = np.asarray(q_PT, dtype=float)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    s = side_sign(side)
    flexion = np.arctan2(2 * (w * z - x * y), 1 - 2 * (x * x + z * z))
    adduction = s * np.arcsin(np.clip(2 * (y * z + w * x), -1.0, 1.0))
    internal = s * np.arctan2(2 * (w * y - x * z), 1 - 2 * (x * x + y * y))
    return np.stack([flexion, adduction, internal], axis=-1)


def hip_quaternion(angles_rad: FloatArray, side: Side) -> FloatArray:
    """Return the pelvis-to-thigh rotation of (..., 3) flexion, adduction, internal rotation."""
    angles = np.asarray(angles_rad, dtype=float)
    s = side_sign(side)
    return quaternion.multiply(
        quaternion.about_axis(_Z, angles[..., 0]),
        quaternion.multiply(
            quaternion.about_axis(_X, s * angles[..., 1]),
            quaternion.about_axis(_Y, s * angles[..., 2]),
        ),
    )


def pelvis_angles(q_DP: FloatArray) -> FloatArray:
    """Return (..., 3) tilt, obliquity and rotation in rad.

    Parameters
    ----------
    q_DP : (..., 4) array
        Orientation of the pelvis P (ISB axes) in the walking-direction frame D (x along the walk,
        z up). + is anterior tilt, right side up and right side forward.
    """
    # Undo the constant turn from ISB to (x forward, y left, z up) axes, then read z-x-y.
    q = quaternion.multiply(np.asarray(q_DP, dtype=float), quaternion.conjugate(Q_WALK_ISB))
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    rotation = np.arctan2(2 * (w * z - x * y), 1 - 2 * (x * x + z * z))
    obliquity = -np.arcsin(np.clip(2 * (y * z + w * x), -1.0, 1.0))
    tilt = np.arctan2(2 * (w * y - x * z), 1 - 2 * (x * x + y * y))
    return np.stack([tilt, obliquity, rotation], axis=-1)


def pelvis_quaternion(angles_rad: FloatArray) -> FloatArray:
    """Return the orientation of the pelvis (ISB) of (..., 3) tilt, obliquity and rotation."""
    angles = np.asarray(angles_rad, dtype=float)
    q = quaternion.multiply(
        quaternion.about_axis(_Z, angles[..., 2]),
        quaternion.multiply(
            quaternion.about_axis(_X, -angles[..., 1]),
            quaternion.about_axis(_Y, angles[..., 0]),
        ),
    )
    return quaternion.multiply(q, Q_WALK_ISB)
