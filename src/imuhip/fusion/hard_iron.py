"""What of a magnetometer's reading belongs to the sensor itself, found from wearing it.

A constant field of the sensor's own parts (hard iron) turns with the sensor; the earth's does not.
So in any short stretch of known motion the two can be told apart, and it takes no figure-of-eight
in the air: people turn, and thighs swing. One µT left in would lead a heading in central Europe
astray by 3°, differently with every turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["HardIron", "find_hard_iron"]

WINDOW_S = 30.0
"""The orientation's heading hardly drifts within it, and it holds a turn or two."""

_RATE_HZ = 4.0
_PRIOR_SD_UT = 2.0
"""A magnetometer somebody has calibrated once has about that left."""

_LEAST_NOISE_UT = 0.5
_INDEPENDENT_S = 1.0
"""Readings closer in time share the field of one place and do not count twice."""

_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class HardIron:
    """The sensor's own field.

    Parameters
    ----------
    offset_ut : (3,) array, µT
        Sensor frame; to be taken off every reading.
    sd_ut : (3,) array, µT
        One sigma. As wide as a calibrated sensor's where the person did not turn.
    """

    offset_ut: FloatArray
    sd_ut: FloatArray


def find_hard_iron(
    q_WS: FloatArray, mag: FloatArray, usable: BoolArray, rate_hz: float
) -> HardIron:
    """Find the part of the field that turns with the sensor.

    Parameters
    ----------
    q_WS : (n, 4) array
        Orientation; its heading may drift slowly, as without a magnetometer it does.
    mag : (n, 3) array, µT
        Sensor frame; may be NaN where not `usable`.
    usable : (n,) bool array
    rate_hz : float

    Notes
    -----
    In window w with orientations R_k, readings m_k and the unknown field B_w of the world,
    ``R_k (m_k - b) = B_w + noise``. The best B_w is the mean of the left side, which leaves
    ``R_k m_k - mean(R m) = (R_k - mean(R)) b + noise``: linear least squares for b alone, robust
    by weights (Cauchy) against iron that is passed.
    """
    thin = max(1, int(rate_hz / _RATE_HZ))
    good = usable[::thin] & np.isfinite(mag[::thin]).all(axis=1)
    per_window = max(2, round(WINDOW_S * rate_hz / thin))
    n_windows = -(-len(good) // per_window)
    pad = n_windows * per_window - len(good)
    shape = (n_windows, per_window)
    weight = np.pad(good, (0, pad)).reshape(shape).astype(float)
    R = quaternion.to_matrix(np.pad(q_WS[::thin], ((0, pad), (0, 0)), mode="edge"))
    R = R.reshape(*shape, 3, 3)
    read = np.pad(np.where(good[:, None], mag[::thin], 0.0), ((0, pad), (0, 0)))
    turned = np.einsum("wkij,wkj->wki", R, read.reshape(*shape, 3))
    share = thin / rate_hz / _INDEPENDENT_S
    offset, covariance, noise = np.zeros(3), np.eye(3) * _PRIOR_SD_UT**2, 1.0
    base = weight
    for _ in range(_ROUNDS):
        total = np.maximum(weight.sum(axis=1), 1e-9)
        swing = R - (np.einsum("wk,wkij->wij", weight, R) / total[:, None, None])[:, None]
        change = turned - (np.einsum("wk,wki->wi", weight, turned) / total[:, None])[:, None]
        information = share / noise**2 * np.einsum("wk,wkij,wkil->jl", weight, swing, swing)
        information += np.eye(3) / _PRIOR_SD_UT**2
        covariance = np.linalg.inv(information)
        offset = covariance @ (
            share / noise**2 * np.einsum("wk,wkij,wki->j", weight, swing, change)
        )
        misfit = ((change - swing @ offset) ** 2).sum(axis=2)
        noise = _spread(misfit, weight)
        weight = base / (1.0 + misfit / (3.0 * noise**2))
    return HardIron(offset, np.sqrt(np.diag(covariance)))


def _spread(misfit: FloatArray, weight: FloatArray) -> float:
    """Return the noise of one axis, µT, from squared misfits of three."""
    total = float(weight.sum())
    if total == 0.0:
        return _LEAST_NOISE_UT
    return max(_LEAST_NOISE_UT, float(np.sqrt((weight * misfit).sum() / total / 3.0)))
