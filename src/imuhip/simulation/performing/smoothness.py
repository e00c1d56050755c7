"""How smooth a movement is, and when a body that swings has come to rest."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["spectral_arc", "time_to_stable_s"]

_BAND_HZ, _LEAST_PART = 10.0, 0.05
_STABLE_DEG_S, _FOR_S, _OVER_S = 6.0, 0.5, 0.25


def spectral_arc(speed: FloatArray, rate_hz: float) -> float:
    """Return the spectral arc length of a movement's speed: about -1.5 smooth, lower is rougher.

    The length of the speed's amplitude spectrum, of unit height and width, up to 10 Hz or where it
    falls below 5 % for good (Balasubramanian et al. 2012, doi:10.1109/TBME.2011.2179545).

    Parameters
    ----------
    speed : (n,) array
        Of the movement alone, any unit.
    rate_hz : float
        Of its samples.
    """
    n_points = int(2 ** (np.ceil(np.log2(len(speed))) + 4))
    height = np.abs(np.fft.rfft(speed, n_points))
    frequency_hz = np.fft.rfftfreq(n_points, 1.0 / rate_hz)
    inside = frequency_hz <= _BAND_HZ
    height, frequency_hz = height[inside] / height[0], frequency_hz[inside]
    last = int(np.flatnonzero(height >= _LEAST_PART)[-1]) + 1
    height, frequency_hz = height[:last], frequency_hz[:last]
    if last < 3:
        return float("nan")
    width = np.diff(frequency_hz) / (frequency_hz[-1] - frequency_hz[0])
    return -float(np.sum(np.hypot(width, np.diff(height))))


def time_to_stable_s(time_s: FloatArray, speed_deg_s: FloatArray, from_s: float) -> float:
    """Return how long after `from_s` a body is stable; NaN where it never is.

    Stable: from then on its speed (root mean square over 0.25 s) stays below 6 deg/s for 0.5 s.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    speed_deg_s : (n,) array, deg/s
    from_s : float
    """
    step_s = float(time_s[1] - time_s[0])
    width = max(1, round(_OVER_S / step_s))
    energy = np.convolve(speed_deg_s**2, np.full(width, 1.0 / width), mode="same")
    is_slow = np.sqrt(energy) < _STABLE_DEG_S
    needed = max(1, round(_FOR_S / step_s))
    slow_for = np.convolve(is_slow, np.ones(needed), mode="full")[needed - 1 :]
    stable = (slow_for >= needed - 0.5) & (time_s >= from_s)
    return float(time_s[int(np.argmax(stable))] - from_s) if stable.any() else float("nan")
