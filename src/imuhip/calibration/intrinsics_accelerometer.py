"""Bias, scale and cross-axis factors of an accelerometer from poses in which it lay still.

However it lies, it must read gravity: ``|scale (read - bias)| = g``. Nine numbers are wanted, so
nine poses that face all ways at the least (Lötters et al. 1998, doi:10.1016/S0924-4247(98)00024-8;
Tedaldi, Pretto and Menegatti 2014, doi:10.1109/ICRA.2014.6907297). The six faces alone give bias
and scale, without the cross-axis factors: that is the classic six-position calibration.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from imuhip.core.series import FloatArray, IntArray
from imuhip.errors import CalibrationError

__all__ = [
    "ALL_DIRECTIONS",
    "SIX_FACES",
    "AccelerometerFit",
    "fit_accelerometer",
    "missing_directions",
]

ALL_DIRECTIONS = "all directions"
SIX_FACES = "six faces"
_FULL = np.arange(9)
_SIX_FACES = np.array([0, 1, 2, 3, 5, 8])
"""Bias, and of the lower triangle (row by row) the diagonal."""
_WAYS = np.array([w for w in product((-1.0, 0.0, 1.0), repeat=3) if any(w)])
_WAYS /= np.linalg.norm(_WAYS, axis=1, keepdims=True)
_AXES_ALONE = np.abs(_WAYS).max(axis=1) > 0.99
_LARGEST_GAIN = 2.5
"""Of the error of one pose into any direction; fourteen good poses reach 1, nine about 1.5."""
_SAME_POSE_RAD = np.radians(25.0)
_LARGEST_RESIDUAL_M_S2 = 0.08
_LARGEST_ERROR = 0.15


@dataclass(frozen=True, slots=True)
class AccelerometerFit:
    """An accelerometer's errors: ``true = scale (read - bias)``.

    Parameters
    ----------
    bias_m_s2 : (3,) array, m/s²
    scale : (3, 3) array
        Lower triangular.
    method : str
        ``"all directions"``, or ``"six faces"``: without cross-axis factors.
    poses : int
        Still poses used.
    error_before_m_s2, residual_m_s2 : float, m/s²
        Root mean square error of the length of gravity, as read and corrected.
    gain : float
        Largest factor by which the error of one pose reaches any direction; small is good.
    condition : float
        Of the least squares, columns scaled to length one.
    notes : tuple of str
        What would make it better.
    """

    bias_m_s2: FloatArray
    scale: FloatArray
    method: str
    poses: int
    error_before_m_s2: float
    residual_m_s2: float
    gain: float
    condition: float
    notes: tuple[str, ...] = ()

    def applied(self, acc: FloatArray) -> FloatArray:
        """Return (n, 3) specific force without these errors, m/s²."""
        return np.asarray((acc - self.bias_m_s2) @ self.scale.T)


def fit_accelerometer(acc: FloatArray, gravity_m_s2: float) -> AccelerometerFit:
    """Fit an accelerometer to its mean readings at rest.

    Parameters
    ----------
    acc : (n, 3) array, m/s²
        One row for each pose.
    gravity_m_s2 : float, m/s²

    Raises
    ------
    CalibrationError
        When poses are missing (E511), when it does not read gravity at all (E512), or when no
        such sensor could have read this (E513).
    """
    length = np.linalg.norm(acc, axis=1)
    before = float(np.sqrt(np.mean((length - gravity_m_s2) ** 2)))
    if abs(float(np.median(length)) / gravity_m_s2 - 1.0) > _LARGEST_ERROR:
        raise CalibrationError(
            f"the sensor reads {np.median(length):.2f} m/s² at rest, {gravity_m_s2:.2f} is gravity",
            hint="Within 15 % is a matter of calibration; check that its unit is m/s², not g.",
            code="E512",
        )
    missing = missing_directions(acc)
    which, method = _FULL, ALL_DIRECTIONS
    notes: tuple[str, ...] = ()
    if missing:
        if missing_directions(acc, faces_only=True):
            raise _poses_missing(acc, missing)
        which, method = _SIX_FACES, SIX_FACES
        notes = (
            "cross-axis factors were left out: poses on edges are missing, such as"
            f" {_listed(_simplest(missing)[:3])} upwards",
        )
    bias, scale = _gauss_newton(acc, gravity_m_s2, which)
    after = np.linalg.norm((acc - bias) @ scale.T, axis=1) - gravity_m_s2
    residual = float(np.sqrt(np.mean(after**2)))
    if residual > _LARGEST_RESIDUAL_M_S2:
        raise CalibrationError(
            f"gravity stays wrong by {residual:.3f} m/s² after the best correction,"
            f" {_LARGEST_RESIDUAL_M_S2} is the limit",
            hint="Something moved in the poses, or the sensor is faulty; lay it down, let go, wait"
            " 3 s in each.",
            code="E513",
        )
    return AccelerometerFit(
        bias_m_s2=bias,
        scale=scale,
        method=method,
        poses=len(acc),
        error_before_m_s2=before,
        residual_m_s2=residual,
        gain=float(_gains(acc, which).max()),
        condition=_condition(acc, which),
        notes=notes,
    )


def missing_directions(acc: FloatArray, *, faces_only: bool = False) -> list[str]:
    """Return which poses are wanted, worst first, in words such as ``"+x"`` and ``"-y and +z"``.

    Parameters
    ----------
    acc : (n, 3) array, m/s²
        Mean readings at rest so far.
    faces_only : bool
        For bias and scale alone.

    Notes
    -----
    A direction is missing when the error of one pose would reach it more than 2.5-fold through the
    fit: G-optimality (Kiefer and Wolfowitz 1960, doi:10.4153/CJM-1960-030-4).
    """
    which = _SIX_FACES if faces_only else _FULL
    gains = _gains(acc, which)
    ways = _WAYS[_AXES_ALONE] if faces_only else _WAYS
    up = acc / np.linalg.norm(acc, axis=1, keepdims=True)
    # A pose that is there already cannot be what is missing, although its error may be magnified.
    there = (ways @ up.T).max(axis=1) > np.cos(_SAME_POSE_RAD)
    wanted = gains > _LARGEST_GAIN
    if np.any(wanted & ~there):
        wanted &= ~there
    return [_in_words(ways[k]) for k in np.argsort(-gains, kind="stable") if wanted[k]]


def _in_words(way: FloatArray) -> str:
    named = [
        f"{'+' if value > 0 else '-'}{axis}"
        for axis, value in zip("xyz", way, strict=True)
        if abs(value) > 0.1
    ]
    return " and ".join(named)


def _listed(names: list[str]) -> str:
    return "; ".join(names)


def _simplest(names: list[str]) -> list[str]:
    """Return faces and edges, worst first, before corners: they are easier to make."""
    return sorted(names, key=lambda name: name.count(" and ") > 1)


def _poses_missing(acc: FloatArray, missing: list[str]) -> CalibrationError:
    wanted = _simplest(missing)[:6]
    return CalibrationError(
        f"{len(acc)} still poses do not cover all directions; missing upwards: {_listed(wanted)}",
        hint="Add poses with these axes of the sensor upwards (two axes: on the edge between"
        " them), 3 s each; six faces and six edges are good.",
        code="E511",
    )


def _jacobian(up: FloatArray, which: IntArray) -> FloatArray:
    """Return (n, k): what each number adds to the length read in the direction `up`, per g."""
    x, y, z = up.T
    columns = np.stack([-x, -y, -z, x * x, y * x, y * y, z * x, z * y, z * z], axis=1)
    return np.asarray(columns[:, which])


def _gains(acc: FloatArray, which: IntArray) -> FloatArray:
    """Return the gain of one pose's error into each of the ways that matter; inf where none."""
    ways = _WAYS[_AXES_ALONE] if len(which) == len(_SIX_FACES) else _WAYS
    J = _jacobian(acc / np.linalg.norm(acc, axis=1, keepdims=True), which)
    wanted = _jacobian(ways, which)
    # Poses that are not there leave zero singular values; a tiny ridge turns them into huge gains.
    inverse = np.linalg.inv(J.T @ J + 1e-9 * np.eye(len(which)))
    return np.asarray(np.sqrt(np.einsum("ij,jk,ik->i", wanted, inverse, wanted)))


def _condition(acc: FloatArray, which: IntArray) -> float:
    J = _jacobian(acc / np.linalg.norm(acc, axis=1, keepdims=True), which)
    return float(np.linalg.cond(J / np.linalg.norm(J, axis=0)))


def _gauss_newton(
    acc: FloatArray, gravity_m_s2: float, which: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Solve ``|scale (read - bias)| = g`` from no error; converges in a few steps."""
    row, column = np.tril_indices(3)
    bias, scale = np.zeros(3), np.eye(3)
    for _ in range(20):
        shifted = acc - bias
        true = shifted @ scale.T
        length = np.linalg.norm(true, axis=1)
        up = true / length[:, None]
        J = np.concatenate([-up @ scale, up[:, row] * shifted[:, column]], axis=1)[:, which]
        size = np.linalg.norm(J, axis=0)
        found, *_ = np.linalg.lstsq(J / size, gravity_m_s2 - length, rcond=None)
        step = np.zeros(9)
        step[which] = found / size
        bias = bias + step[:3]
        scale = scale.copy()
        scale[row, column] += step[3:]
        if np.abs(step).max() < 1e-12:
            break
    return bias, scale
