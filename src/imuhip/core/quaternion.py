"""Unit quaternions, scalar first, over whole arrays.

``q_WS`` is the orientation of frame S in frame W: ``v_W = rotate(q_WS, v_S)``, and chains read like
indices: ``q_WB = multiply(q_WS, q_SB)``. Every function takes ``(..., 4)`` quaternions and
``(..., 3)`` vectors and broadcasts. Formulas: Kuipers 1999, Quaternions and Rotation Sequences,
doi:10.1515/9780691211701.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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

_BLOCK_ROWS = 4096
"""Some hundred kilobytes of intermediate values."""


def multiply(q_AB: FloatArray, q_BC: FloatArray) -> FloatArray:
    """Chain two rotations: ``q_AC = q_AB ⊗ q_BC``.

    A quaternion is a pair of complex numbers, ``(w + ix) + (y + iz)j``, so that a product is four
    complex ones. Series are taken by blocks, whose intermediate values stay in the cache.
    """
    a, b = np.asarray(q_AB, dtype=float), np.asarray(q_BC, dtype=float)
    shape = np.broadcast_shapes(a.shape, b.shape)
    left, right = _pairs(a, shape), _pairs(b, shape)
    product = np.empty(left.shape, dtype=np.complex128)
    for start in range(0, len(left), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        (a1, a2), (b1, b2) = left[rows].T, right[rows].T
        product[rows, 0] = a1 * b1 - a2 * b2.conj()
        product[rows, 1] = a1 * b2 + a2 * b1.conj()
    return product.view(np.float64).reshape(shape)


def _pairs(q: FloatArray, shape: tuple[int, ...]) -> npt.NDArray[np.complex128]:
    """Return (n, 2) complex numbers, ``w + ix`` and ``y + iz``."""
    whole = q if q.shape == shape else np.broadcast_to(q, shape)
    return np.ascontiguousarray(whole).reshape(-1, 4).view(np.complex128)


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
    shape = (*np.broadcast_shapes(q.shape[:-1], v.shape[:-1]), 3)
    rotated = np.empty(shape).reshape(-1, 3)
    all_q = np.broadcast_to(q, (*shape[:-1], 4)).reshape(-1, 4)
    all_v = np.broadcast_to(v, shape).reshape(-1, 3)
    for start in range(0, len(rotated), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        w, x, y, z = np.ascontiguousarray(all_q[rows].T)
        vx, vy, vz = np.ascontiguousarray(all_v[rows].T)
        tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
        rotated[rows, 0] = vx + w * tx + (y * tz - z * ty)
        rotated[rows, 1] = vy + w * ty + (z * tx - x * tz)
        rotated[rows, 2] = vz + w * tz + (x * ty - y * tx)
    return rotated.reshape(shape)


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
    half = 0.5 * np.asarray(angle_rad, dtype=float)
    axis = np.asarray(axis, dtype=float)
    shape = np.broadcast_shapes(half.shape, axis.shape[:-1])
    q = np.empty((*shape, 4))
    q[..., 0] = np.cos(half)
    np.multiply(np.sin(half)[..., None], axis, out=q[..., 1:])
    return q


def to_matrix(q_AB: FloatArray) -> FloatArray:
    """Return ``R_AB`` of shape (..., 3, 3): ``v_A = R_AB v_B``."""
    q = np.asarray(q_AB, dtype=float)
    w, x, y, z = q[..., 0], q[..., 1], q[..., 2], q[..., 3]
    R = np.empty((*q.shape[:-1], 3, 3))
    for k, (a, b) in enumerate(((y, z), (x, z), (x, y))):
        R[..., k, k] = 1 - 2 * (a * a + b * b)
    for row, column, product, turn in (
        (0, 1, x * y, w * z),
        (2, 0, x * z, w * y),
        (1, 2, y * z, w * x),
    ):
        R[..., row, column] = 2 * (product - turn)
        R[..., column, row] = 2 * (product + turn)
    return R


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
