"""What lies under the feet: a treadmill's belt, and hills.

On a treadmill a person goes nowhere: the pelvis keeps its movement within the stride, drifts a
little on the belt, and feels the belt slow at each step, because the foot brakes it (taken as 1 %
of the speed). On a hill the way rises and speed follows Tobler's function of the slope (1993, NCGIA
Technical Report 93-1). Hips flex more uphill and less downhill (McIntosh et al. 2006,
doi:10.1016/j.jbiomech.2005.07.025), the pelvis leans with them, and the foot strikes harder
downhill and softer uphill (Gottschall and Kram 2005, doi:10.1016/j.jbiomech.2004.04.023: impact
peaks of running +54 % at -9 deg, none at +9 deg). The sizes of flexion and lean are assumed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

from imuhip.core.series import FloatArray
from imuhip.simulation.plan import Bout

__all__ = ["belt_path", "draw_slope", "on_slope", "shock_on_slope", "slowed"]

_MEAN_DEG = {"hip_flexion": (0.5, 0.25), "pelvis_tilt": (0.3, 0.15)}
"""What the mean of an angle rises by, degrees per percent of slope, uphill and downhill."""

_LEVELS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_LEVEL_S = (60.0, 150.0)
_CHANGE_SIGMA_S = 3.0
_BELT_DRIFT_M = 0.05
_BELT_DIP = 0.01
_SHOCK_PER_PERCENT = 0.034
_RANGE_PER_PERCENT = 0.015


def draw_slope(
    control_s: FloatArray, bouts: Sequence[Bout], largest: float, rng: np.random.Generator
) -> FloatArray:
    """Return the slope (n,), rise over way, that changes every minute or two.

    Parameters
    ----------
    control_s : (n,) array, s
        Uniform.
    bouts : sequence of Bout
        It is level where nobody goes.
    largest : float
        Steepest slope up and down, such as 0.08.
    rng : numpy.random.Generator
    """
    steps = np.zeros_like(control_s)
    for bout in bouts:
        at, level = bout.start_s, 0.0
        while at < bout.end_s:
            level = float(rng.choice([other for other in _LEVELS if other != level]))
            after = at + float(rng.uniform(*_LEVEL_S))
            steps[(control_s >= at) & (control_s < min(after, bout.end_s))] = level
            at = after
    sigma = _CHANGE_SIGMA_S / (control_s[1] - control_s[0])
    return np.asarray(largest * gaussian_filter1d(steps, sigma, mode="nearest"))


def slowed(slope: FloatArray) -> FloatArray:
    """Return the speed on a slope over that on level ground (Tobler)."""
    return np.exp(-3.5 * (np.abs(slope + 0.05) - 0.05))


def on_slope(angle: str, values_deg: FloatArray, slope: FloatArray) -> FloatArray:
    """Return (n,) degrees of gait on level ground as they are on a slope.

    Parameters
    ----------
    angle : str
        Without its side; only hip flexion and pelvis tilt change.
    values_deg : (n,) array, deg
    slope : (n,) array
    """
    percent = 100.0 * slope
    if angle == "hip_flexion":
        values_deg = values_deg * (1.0 + _RANGE_PER_PERCENT * percent)
    up, down = _MEAN_DEG.get(angle, (0.0, 0.0))
    return np.asarray(values_deg + up * np.maximum(percent, 0.0) + down * np.minimum(percent, 0.0))


def shock_on_slope(slope: FloatArray) -> FloatArray:
    """Return the foot-strike shock on a slope over that on level ground."""
    return np.clip(1.0 - 100.0 * _SHOCK_PER_PERCENT * slope, 0.2, None)


def belt_path(
    time_s: FloatArray,
    gain: FloatArray,
    speed_m_s: FloatArray,
    phase: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Return how far ahead of the start a person on a treadmill is (n,), m, in the room.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    gain : (n,) array
        0 standing, 1 in full gait.
    speed_m_s : (n,) array, m/s
        Of the belt.
    phase : (n,) array
        Strides; the belt dips at both contacts of each.
    rng : numpy.random.Generator
        Draws how the person drifts on the belt.
    """
    knots_s = np.arange(-4.0, time_s[-1] + 6.0)
    drift = gaussian_filter1d(rng.normal(0.0, 1.0, len(knots_s)), 3.0)
    drift *= _BELT_DRIFT_M / max(float(drift.std()), 1e-9)
    rate = gain * make_interp_spline(knots_s, drift, k=5).derivative()(time_s)
    rate += _BELT_DIP * speed_m_s * np.cos(4.0 * np.pi * phase)
    step_s = float(time_s[1] - time_s[0])
    return np.concatenate([[0.0], np.cumsum(0.5 * step_s * (rate[1:] + rate[:-1]))])
