"""What a consumer inertial chip makes of perfect readings.

Sizes are those of a BMI270-class chip (Bosch Sensortec BST-BMI270-DS000: gyroscope 7 mdps/√Hz,
zero-rate offset ±0.5 dps; accelerometer 160 µg/√Hz) with the residual scale and axis errors of an
uncalibrated part. Of these the gyroscope's scale matters most in gait: swinging about two axes at
once is coning, and the rates that cancel it are large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.simulation.ideal_imu import STANDARD_GRAVITY_M_S2

__all__ = ["ImuErrors", "apply_errors", "draw_errors"]

_G = STANDARD_GRAVITY_M_S2


@dataclass(frozen=True, slots=True)
class ImuErrors:
    """The errors of one chip.

    Parameters
    ----------
    gyr_bias : (3,) array, rad/s
        At switch-on.
    gyr_warm_up : (3,) array, rad/s
        Further bias reached after ten minutes, approached exponentially.
    gyr_walk : float, rad/s/√s
        Random walk of the bias.
    gyr_noise : float, rad/s/√Hz
    gyr_scale : (3, 3) array
        True to read rate: scale on the diagonal, cross-axis beside it.
    gyr_per_acc : (3, 3) array, rad/s per m/s²
        Acceleration sensitivity of the gyroscope.
    acc_bias : (3,) array, m/s²
    acc_noise : float, m/s²/√Hz
    acc_scale : (3, 3) array
    gyr_range : float, rad/s
    acc_range : float, m/s²
    bits : int
        Of the converter; 0 neither clips nor quantises.
    """

    gyr_bias: FloatArray
    gyr_warm_up: FloatArray
    gyr_walk: float
    gyr_noise: float
    gyr_scale: FloatArray
    gyr_per_acc: FloatArray
    acc_bias: FloatArray
    acc_noise: float
    acc_scale: FloatArray
    gyr_range: float = float(np.radians(2000.0))
    acc_range: float = 16.0 * _G
    bits: int = 16


def _misaligned(rng: np.random.Generator, scale_sd: float, cross_sd: float) -> FloatArray:
    matrix = rng.normal(0.0, cross_sd, (3, 3))
    np.fill_diagonal(matrix, 1.0 + rng.normal(0.0, scale_sd, 3))
    return matrix


def draw_errors(rng: np.random.Generator, scale: float = 1.0) -> ImuErrors:
    """Draw a chip.

    Parameters
    ----------
    rng : numpy.random.Generator
    scale : float
        Of all errors: 1 is a consumer chip, 3 a poor one; 0 is perfect and unlimited.
    """
    dps = scale * np.pi / 180.0
    return ImuErrors(
        gyr_bias=dps * rng.uniform(-0.5, 0.5, 3),
        gyr_warm_up=dps * 0.08 * rng.choice([-1.0, 1.0], 3) * rng.uniform(0.5, 1.0, 3),
        gyr_walk=float(dps * 0.0005),
        gyr_noise=float(dps * 0.007),
        gyr_scale=_misaligned(rng, 0.007 * scale, 0.003 * scale),
        gyr_per_acc=dps * 0.02 / _G * rng.normal(0.0, 1.0, (3, 3)),
        acc_bias=scale * 0.015 * _G * rng.normal(0.0, 1.0, 3),
        acc_noise=scale * 160e-6 * _G,
        acc_scale=_misaligned(rng, 0.004 * scale, 0.003 * scale),
        bits=16 if scale > 0.0 else 0,
    )


def _digitise(values: FloatArray, limit: float, bits: int) -> FloatArray:
    """Clip to ±`limit` and round to the converter's steps."""
    if bits == 0:
        return values
    half = 2 ** (bits - 1)
    return np.asarray(np.clip(np.round(values * (half / limit)), -half, half - 1) * (limit / half))


def apply_errors(
    errors: ImuErrors,
    acc: FloatArray,
    gyr: FloatArray,
    rate_hz: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return what a chip would have read.

    Parameters
    ----------
    errors : ImuErrors
        Of the chip.
    acc : (n, 3) array, m/s²
        Perfect specific force.
    gyr : (n, 3) array, rad/s
        Perfect rate.
    rate_hz : float
        Of the samples; white noise fills the band up to half of it.
    rng : numpy.random.Generator
        Draws noise and the bias' walk.
    """
    shape = acc.shape
    minutes = np.arange(shape[0])[:, None] / (60.0 * rate_hz)
    # A time constant of 4 min, scaled so that the whole is reached at 10 min
    warm = errors.gyr_warm_up * (1.0 - np.exp(-minutes / 4.0)) / (1.0 - np.exp(-2.5))
    walk = errors.gyr_walk / np.sqrt(rate_hz) * np.cumsum(rng.normal(0.0, 1.0, shape), axis=0)
    white = np.sqrt(0.5 * rate_hz)
    gyr_read = gyr @ errors.gyr_scale.T + acc @ errors.gyr_per_acc.T
    gyr_read += errors.gyr_bias + warm + walk
    gyr_read += errors.gyr_noise * white * rng.normal(0.0, 1.0, shape)
    acc_read = acc @ errors.acc_scale.T + errors.acc_bias
    acc_read += errors.acc_noise * white * rng.normal(0.0, 1.0, shape)
    return (
        _digitise(acc_read, errors.acc_range, errors.bits),
        _digitise(gyr_read, errors.gyr_range, errors.bits),
    )
