"""The specific force at the hip centre, as each of the two neighbouring sensors sees it.

A point at `r` from a sensor that measures specific force `a` and angular rate `ω` feels
``f = R (a + ω̇ × r + ω × (ω × r))`` in the sensor's world. The hip centre belongs to pelvis and
thigh, so ``f_pelvis = Rz(δ) f_thigh``, where δ is the heading between the two sensors' worlds
(Kok, Hol and Schön 2014; Weygers and Kok 2020, doi:10.1109/JSEN.2020.2982459). `f` is linear in
`r`, which is kept apart here so that `r` can be found by linear least squares without filtering
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.butterworth import band_pass
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["BAND_HZ", "PointForce", "angular_acceleration", "force_at", "force_band", "point_force"]

BAND_HZ = (0.5, 4.0)
"""Below, orientation errors dominate; above, what a sensor feels is its strap.

The two forces at a real walker's hip agree in the first four harmonics of the stride; from 4.5 Hz
on they differ by more than there is.
"""

_BAND_ORDER = 3

_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True)
class PointForce:
    """Specific force at a point rigidly tied to a sensor, as a linear function of where it is.

    Parameters
    ----------
    fixed : (n, 3) array, m/s²
        At the sensor itself, in the sensor's world.
    lever : (n, 3, 3) array, 1/s²
        Change per metre of `r` in sensor axes.
    """

    fixed: FloatArray
    lever: FloatArray

    def at(self, r_S_m: FloatArray) -> FloatArray:
        """Return the (n, 3) force at the point `r_S_m` (3,), m, sensor frame."""
        return np.asarray(self.fixed + self.lever @ r_S_m)

    def __len__(self) -> int:
        return len(self.fixed)

    def part(self, rows: slice | BoolArray) -> PointForce:
        """Return some of the rows."""
        return PointForce(self.fixed[rows], self.lever[rows])

    @staticmethod
    def joined(parts: Sequence[PointForce]) -> PointForce:
        """Return parts one after the other."""
        return PointForce(
            np.concatenate([part.fixed for part in parts]),
            np.concatenate([part.lever for part in parts]),
        )


def force_band(rate_hz: float) -> FloatArray:
    """Return the second-order sections that leave `BAND_HZ` of the force, steep against straps."""
    return band_pass(*BAND_HZ, rate_hz, order=_BAND_ORDER)


def angular_acceleration(gyr: FloatArray, rate_hz: float) -> FloatArray:
    """Return ω̇ (n, 3) in rad/s² by central differences (one-sided at the ends)."""
    if len(gyr) < 2:
        return np.zeros_like(gyr)
    return np.asarray(np.gradient(gyr, 1.0 / rate_hz, axis=0))


def point_force(
    q_WS: FloatArray,
    acc: FloatArray,
    gyr: FloatArray,
    gyr_rate: FloatArray,
    band: Callable[[FloatArray], FloatArray],
) -> PointForce:
    """Return the filtered force at any point tied to the sensor.

    Parameters
    ----------
    q_WS : (n, 4) array
        Orientation at the samples.
    acc, gyr : (n, 3) arrays, m/s² and rad/s
        Sensor frame.
    gyr_rate : (n, 3) array, rad/s²
        Angular acceleration, sensor frame.
    band : callable
        The filter, applied along the first axis to an (n, 12) array; it may thin the rows.
    """
    R_WS = quaternion.to_matrix(q_WS)
    n_samples = len(acc)
    x, y, z = gyr.T
    dx, dy, dz = gyr_rate.T
    # [ω̇]× + [ω]×², written out
    gamma = np.empty((n_samples, 3, 3))
    gamma[:, 0, 0], gamma[:, 0, 1], gamma[:, 0, 2] = -(y * y + z * z), x * y - dz, x * z + dy
    gamma[:, 1, 0], gamma[:, 1, 1], gamma[:, 1, 2] = x * y + dz, -(x * x + z * z), y * z - dx
    gamma[:, 2, 0], gamma[:, 2, 1], gamma[:, 2, 2] = x * z - dy, y * z + dx, -(x * x + y * y)
    stacked = np.concatenate(
        [(R_WS @ acc[:, :, None])[:, :, 0], (R_WS @ gamma).reshape(n_samples, 9)], axis=1
    )
    stacked = band(stacked)
    return PointForce(stacked[:, :3], stacked[:, 3:].reshape(-1, 3, 3))


def force_at(
    r_S_m: FloatArray, q_WS: FloatArray, acc: FloatArray, gyr: FloatArray, gyr_rate: FloatArray
) -> FloatArray:
    """Return the (n, 3) force at one point known beforehand, not filtered, m/s².

    Parameters
    ----------
    r_S_m : (3,) array, m
        The point, sensor frame.
    q_WS, acc, gyr, gyr_rate : arrays
        As for `point_force`.
    """
    force = np.empty(acc.shape)
    for start in range(0, len(acc), _BLOCK_ROWS):  # whose intermediate values stay in the cache
        rows = slice(start, start + _BLOCK_ROWS)
        w, dw, a = (np.ascontiguousarray(values[rows].T) for values in (gyr, gyr_rate, acc))
        along, square = r_S_m @ w, (w * w).sum(axis=0)
        for k, (u, v) in enumerate(((1, 2), (2, 0), (0, 1))):
            turning = dw[u] * r_S_m[v] - dw[v] * r_S_m[u]
            force[rows, k] = a[k] + turning + along * w[k] - square * r_S_m[k]
    return quaternion.rotate(q_WS, force)
