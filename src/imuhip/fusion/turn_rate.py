"""The constant rate that turns a sensor from one sample's instant to the next one's.

A filter turns by ``gyr[k] / rate_hz`` on its way to sample k. Between the two instants the true
rate bends and its axis moves, and what is left out adds up: with the mean of both rates, a runner's
thigh at 100 Hz drifts by 5° a minute on perfect sensors. The integral of the parabola through three
samples, and the coning term of two (Bortz 1971, doi:10.1109/TAES.1971.310252), leave a hundredth of
that.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["interval_rate"]


def interval_rate(gyr: FloatArray, before: FloatArray, rate_hz: float) -> FloatArray:
    """Return the rate (n, 3), rad/s, that leads from each sample's predecessor to it.

    Parameters
    ----------
    gyr : (n, 3) array, rad/s
        At the samples' instants.
    before : (2, 3) array, rad/s
        The two samples before the first.
    rate_hz : float, Hz
    """
    known = np.concatenate([before, gyr])
    oldest, old, new = known[:-2], known[1:-1], known[2:]
    coning = np.empty_like(gyr)
    (ox, oy, oz), (nx, ny, nz) = old.T, new.T
    coning[:, 0], coning[:, 1], coning[:, 2] = (
        oy * nz - oz * ny,
        oz * nx - ox * nz,
        ox * ny - oy * nx,
    )
    return np.asarray((5.0 * new + 8.0 * old - oldest + coning / rate_hz) / 12.0)
