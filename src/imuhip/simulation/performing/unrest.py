"""What a body does that is not the test: sway, breath, fidgets, and the unrest of one leg."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from imuhip.core.segments import ANGLES
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.postures import rise
from imuhip.simulation.performing.timing import Fidget

__all__ = ["rest_unrest", "slow_noise"]

_SWAY_DEG, _BREATH_DEG = 0.15, 0.3
_FIDGET_DEG, _ELSEWHERE_DEG = 2.0, 0.6
_KNOTS_HZ = 5.0


def slow_noise(
    time_s: FloatArray, rng: np.random.Generator, n_channels: int, smooth_s: float = 0.5
) -> FloatArray:
    """Return (n, channels) of unit variance, smooth over about `smooth_s`."""
    rate_hz = _KNOTS_HZ * max(1.0, 0.5 / smooth_s)
    n_knots = int(np.ceil(time_s[-1] * rate_hz)) + 8
    knots = gaussian_filter1d(rng.normal(0.0, 1.0, (n_knots, n_channels)), smooth_s * rate_hz, 0)
    knots /= np.maximum(knots.std(axis=0), 1e-9)
    return np.asarray(CubicSpline(np.arange(n_knots) / rate_hz, knots)(time_s))


def rest_unrest(
    time_s: FloatArray, fidgets: Sequence[Fidget], rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return what is added to each angle of the posture, degrees.

    Parameters
    ----------
    time_s : (n,) array, s
    fidgets : sequence of Fidget
        Small movements that come and go; some leave the body a little elsewhere.
    rng : numpy.random.Generator
    """
    sway = _SWAY_DEG * slow_noise(time_s, rng, len(ANGLES))
    added = {name: sway[:, k].copy() for k, name in enumerate(ANGLES)}
    breath_hz, phase = rng.uniform(0.2, 0.3), rng.uniform(0.0, 2.0 * np.pi)
    added["pelvis_tilt"] += _BREATH_DEG * np.sin(2.0 * np.pi * breath_hz * time_s + phase)
    for fidget in fidgets:
        size = rng.normal(0.0, _FIDGET_DEG, len(ANGLES))
        elsewhere = rng.normal(0.0, _ELSEWHERE_DEG, len(ANGLES))
        stays = rise(time_s, fidget.at_s, fidget.sigma_s)
        come = np.exp(-0.5 * ((time_s - fidget.at_s) / fidget.sigma_s) ** 2)
        for k, name in enumerate(ANGLES):
            added[name] += size[k] * come + elsewhere[k] * stays
    return added
