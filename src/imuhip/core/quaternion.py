"""Unit quaternions, scalar first, over whole arrays.

``q_WS`` is the orientation of frame S in frame W: ``v_W = rotate(q_WS, v_S)``, and chains read like
indices: ``q_WB = multiply(q_WS, q_SB)``. Every function takes ``(..., 4)`` quaternions and
``(..., 3)`` vectors and broadcasts. Formulas: Kuipers 1999, Quaternions and Rotation Sequences,
doi:10.1515/9780691211701.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = [
    "IDENTITY",
    "about_axis",
    "average",
    "conjugate",
    "from_matrix",
    "from_rotation_vector",
    "heading_about_z",
    "multiply",
    "normalize",
    "rotate",
    "rotation_between",
    "rotation_vector",
    "slerp",
    "to_matrix",
]

IDENTITY: FloatArray = np.array([1.0, 0.0, 0.0, 0.0])
IDENTITY.flags.writeable = False


def multiply(q_AB: FloatArray, q_BC: FloatArray) -> FloatArray:
    """Chain two rotations: ``q_AC = q_AB ⊗ q_BC``."""
    a, b = np.asarray(q_AB, dtype=float), np.asarray(q_BC, dtype=float)
    aw, ax, ay, az = a[..., 0], a[..., 1], a[..., 2], a[..., 3]
    bw, bx, by, bz = b[..., 0], b[..., 1], b[..., 2], b[..., 3]
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def conjugate(q_AB: FloatArray) -> FloatArray:
    """Return the inverse of unit quaternions: ``q_BA``."""
    return np.asarray(np.asarray(q_AB, dtype=float) * np.array([1.0, -1.0, -1.0, -1.0]))


def normalize(q: FloatArray) -> FloatArray:
    """Scale to unit length."""
    q = np.asarray(q, dtype=float)
    return np.asarray(q / np.linalg.norm(q, axis=-1, keepdims=True))


def rotate(q_AB: FloatArray, v_B: FloatArray) -> FloatArray:
    """Express vectors given in frame B in frame A."""
    q, v = np.asarray(q_AB, dtype=float), np.asarray(v_B, dtype=float)
    w, u = q[..., :1], q[..., 1:]
    t = 2.0 * np.cross(u, v)
    return v + w * t + np.cross(u, t)


def from_rotation_vector(rotation_vector_rad: FloatArray) -> FloatArray:
    """Return the quaternion of a rotation by ``|v|`` rad about ``v``, exact near zero."""
    v = np.asarray(rotation_vector_rad, dtype=float)
    angle = np.linalg.norm(v, axis=-1, keepdims=True)
    half = 0.5 * angle
    # np.sinc(x) is sin(pi x)/(pi x), so this is sin(half)/angle without a division by zero
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * v], axis=-1)


def rotation_vector(q_AB: FloatArray) -> FloatArray:
    """Return the rotation vector in rad, of length at most pi."""
    q = np.asarray(q_AB, dtype=float)
    q = np.where(q[..., :1] < 0.0, -q, q)
    sine = np.linalg.norm(q[..., 1:], axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, q[..., :1])
    scale = np.where(sine > 1e-12, angle / np.where(sine > 1e-12, sine, 1.0), 2.0)
    return np.asarray(scale * q[..., 1:])


def about_axis(axis: FloatArray, angle_rad: FloatArray | float) -> FloatArray:
    """Return the rotation by `angle_rad` about the unit vector `axis` (broadcast together)."""
    half = 0.5 * np.asarray(angle_rad, dtype=float)[..., None]
    vector = np.sin(half) * np.asarray(axis, dtype=float)
    return np.concatenate([np.broadcast_to(np.cos(half), (*vector.shape[:-1], 1)), vector], axis=-1)


def to_matrix(q_AB: FloatArray) -> FloatArray:
    """Return ``R_AB`` of shape (..., 3, 3): ``v_A = R_AB v_B``."""
    q = np.asarray(q_AB, dtype=float)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def from_matrix(R_AB: FloatArray) -> FloatArray:
    """Return ``q_AB`` from rotation matrices of shape (..., 3, 3), with ``w >= 0``.

    The numerically largest component is found first, so that no half turn loses precision
    (Shepperd 1978, doi:10.2514/3.55767b).
    """
    R = np.asarray(R_AB, dtype=float)
    trace = R[..., 0, 0] + R[..., 1, 1] + R[..., 2, 2]
    xx, yy, zz = R[..., 0, 0], R[..., 1, 1], R[..., 2, 2]
    yz, zx, xy = (
        R[..., 2, 1] - R[..., 1, 2],
        R[..., 0, 2] - R[..., 2, 0],
        R[..., 1, 0] - R[..., 0, 1],
    )
    sxy, sxz, syz = (
        R[..., 1, 0] + R[..., 0, 1],
        R[..., 0, 2] + R[..., 2, 0],
        R[..., 2, 1] + R[..., 1, 2],
    )
    candidates = np.stack(
        [
            np.stack([1 + trace, yz, zx, xy], axis=-1),
            np.stack([yz, 1 + 2 * xx - trace, sxy, sxz], axis=-1),
            np.stack([zx, sxy, 1 + 2 * yy - trace, syz], axis=-1),
            np.stack([xy, sxz, syz, 1 + 2 * zz - trace], axis=-1),
        ],
        axis=-2,
    )
    best = np.argmax(np.stack([trace, xx, yy, zz], axis=-1), axis=-1)
    q = np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]
    q = normalize(q)
    return np.asarray(np.where(q[..., :1] < 0.0, -q, q))


def rotation_between(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the smallest rotation that turns the direction of `a` into that of `b`.

    Opposite directions turn about an arbitrary axis perpendicular to `a`.
    """
    a = np.asarray(a, dtype=float) / np.linalg.norm(a, axis=-1, keepdims=True)
    b = np.asarray(b, dtype=float) / np.linalg.norm(b, axis=-1, keepdims=True)
    w = 1.0 + np.sum(a * b, axis=-1, keepdims=True)
    least = np.eye(3)[np.argmin(np.abs(a), axis=-1)]
    half_turn = np.concatenate([np.zeros_like(w), np.cross(a, least)], axis=-1)
    direct = np.concatenate([w, np.cross(a, b)], axis=-1)
    return normalize(np.where(w < 1e-9, half_turn, direct))


def heading_about_z(q_AB: FloatArray) -> FloatArray:
    """Return the angle (rad) of the rotation about the world's vertical nearest to ``q_AB``.

    This is the twist of the swing-twist decomposition about z, the only heading that does not mix
    with tilt; it is undefined when the z axes of A and B are opposite.
    """
    q = np.asarray(q_AB, dtype=float)
    return np.asarray(2.0 * np.arctan2(q[..., 3], q[..., 0]))


def slerp(q_start: FloatArray, q_end: FloatArray, fraction: FloatArray) -> FloatArray:
    """Interpolate along the shorter arc; `fraction` of shape (...,) runs from 0 to 1."""
    step = rotation_vector(multiply(conjugate(q_start), q_end))
    return multiply(
        q_start, from_rotation_vector(np.asarray(fraction, dtype=float)[..., None] * step)
    )


def average(q: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Return the mean of (n, 4) quaternions, blind to their signs.

    Markley et al. 2007, doi:10.2514/1.28949: the eigenvector of the largest eigenvalue of the
    weighted sum of outer products.
    """
    q = np.atleast_2d(np.asarray(q, dtype=float))
    w = np.ones(len(q)) if weights is None else np.asarray(weights, dtype=float)
    values, vectors = np.linalg.eigh(np.einsum("n,ni,nj->ij", w, q, q))
    mean = vectors[:, np.argmax(values)]
    return np.asarray(mean if mean[0] >= 0 else -mean)
