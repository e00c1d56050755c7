"""The heading between two sensors' worlds, one estimate for each short block of gait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.hip_centre import BAND_HZ

__all__ = ["BLOCK_S", "HeadingBlocks", "heading_blocks", "turn_about_z", "turning", "wrap"]

BLOCK_S = 2.0
"""Length of a block: one to three strides, over which the heading is as good as constant."""

_MODEL_SD_RAD = np.radians(0.7)
"""What a block never knows better, whatever its residual says."""

_TURN_S = 1.0
_TURN_RATE_RAD_S = np.radians(45.0)
"""As for strides: what turns faster is no stride to measure by."""

_NEW_SHARE = 0.07
"""Share of the misfit's power that differs from block to block.

Skin moves with the stride, the same way every time: that part turns all blocks alike and is the
bias the heading filter carries. On simulated walkers and runners 0.015 to 0.045 is new, on a real
one with loose straps 0.06.
"""


@dataclass(frozen=True, slots=True)
class HeadingBlocks:
    """One heading a block; a block without enough usable samples has NaN and infinite variance.

    Parameters
    ----------
    heading_rad : (b,) array, rad
        δ + bias: turning the thigh's world by it about the vertical lays it on the pelvis' world.
    variance_rad2 : (b,) array, rad²
        Infinite where nothing was measured.
    """

    heading_rad: FloatArray
    variance_rad2: FloatArray

    @property
    def usable(self) -> BoolArray:
        """Return where there is a measurement."""
        return np.isfinite(self.variance_rad2)


def turning(yaw_rate_rad_s: FloatArray, rate_hz: float) -> BoolArray:
    """Return (n,) where the body turns too sharply for its strides to tell a heading.

    In a sharp turn the legs push sideways and skin moves as in no other stride: on a real walker
    the heading of such a block was 6 to 10° off.

    Parameters
    ----------
    yaw_rate_rad_s : (n,) array, rad/s
        Of the pelvis about the vertical; it swings with every stride, so its mean over `_TURN_S`
        counts.
    rate_hz : float, Hz
    """
    window = max(1, min(len(yaw_rate_rad_s), round(_TURN_S * rate_hz)))
    mean = uniform_filter1d(yaw_rate_rad_s, window, mode="nearest")
    return np.asarray(np.abs(mean) > _TURN_RATE_RAD_S)


def wrap(angle_rad: FloatArray) -> FloatArray:
    """Return the same direction within ±pi."""
    return np.asarray((angle_rad + np.pi) % (2 * np.pi) - np.pi)


def turn_about_z(vectors: FloatArray, angle_rad: FloatArray) -> FloatArray:
    """Turn (n, 3) vectors by (n,) angles about the vertical."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    x, y = vectors[..., 0], vectors[..., 1]
    return np.stack([c * x - s * y, s * x + c * y, vectors[..., 2]], axis=-1)


def heading_blocks(
    pelvis: FloatArray, thigh: FloatArray, usable: BoolArray, block: int, rate_hz: float
) -> HeadingBlocks:
    """Estimate the heading of each block by robust least squares.

    Parameters
    ----------
    pelvis, thigh : (n, 3) arrays, m/s²
        Filtered specific force at the hip centre in the two sensors' worlds.
    usable : (n,) bool array
        Gait, without gaps or clipping.
    block : int
        Samples in a block; the last, incomplete one is left out.
    rate_hz : float
        Sample rate, for the number of independent samples in a block.
    """
    n_blocks = len(pelvis) // block
    if n_blocks == 0:
        return HeadingBlocks(np.empty(0), np.empty(0))
    rows = n_blocks * block
    u = pelvis[:rows, :2].reshape(n_blocks, block, 2)
    v = thigh[:rows, :2].reshape(n_blocks, block, 2)
    mask = usable[:rows].reshape(n_blocks, block).astype(float)
    dot = (u * v).sum(axis=2)
    cross = v[..., 0] * u[..., 1] - v[..., 1] * u[..., 0]
    energy = (v * v).sum(axis=2)
    total = (u * u).sum(axis=2) + energy
    weight = mask
    heading = np.arctan2((weight * cross).sum(axis=1), (weight * dot).sum(axis=1))
    for _ in range(3):
        misfit = total - 2 * (np.cos(heading)[:, None] * dot + np.sin(heading)[:, None] * cross)
        misfit = np.maximum(misfit, 0.0)
        scale = _masked_median(misfit, mask)
        weight = mask / (1.0 + misfit / (4.0 * np.maximum(scale, 1e-9))[:, None])
        heading = np.arctan2((weight * cross).sum(axis=1), (weight * dot).sum(axis=1))
    return _with_variance(heading, weight, misfit, energy, mask, rate_hz)


def _masked_median(values: FloatArray, mask: FloatArray) -> FloatArray:
    """Return each row's median of the values under the mask, 0 for rows without any."""
    ordered = np.sort(np.where(mask > 0, values, np.inf), axis=1)
    middle = np.maximum(mask.sum(axis=1).astype(int) - 1, 0) // 2
    median = np.take_along_axis(ordered, middle[:, None], axis=1)[:, 0]
    return np.asarray(np.where(np.isfinite(median), median, 0.0))


def _with_variance(
    heading: FloatArray,
    weight: FloatArray,
    misfit: FloatArray,
    energy: FloatArray,
    mask: FloatArray,
    rate_hz: float,
) -> HeadingBlocks:
    """Give each block the variance of its weighted angle; band-limited samples are not all new."""
    n_used = mask.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = (weight * misfit).sum(axis=1) / n_used
        variance = 2.0 * noise / (weight * energy).sum(axis=1) * rate_hz / (2.0 * BAND_HZ[1])
    variance = np.minimum(_NEW_SHARE * variance, 1.0) + _MODEL_SD_RAD**2
    enough = n_used >= 0.6 * mask.shape[1]
    return HeadingBlocks(np.where(enough, heading, np.nan), np.where(enough, variance, np.inf))
