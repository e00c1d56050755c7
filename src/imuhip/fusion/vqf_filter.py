"""VQF, the default filter: inclination from acceleration low-passed in the almost-inertial frame.

Laidig and Seel 2023, doi:10.1016/j.inffus.2022.10.014, through the authors' C++ package ``vqf``. It
follows gyroscope bias at rest and in motion. Its parameters are left as published (accelerometer
time constant 3 s): longer ones hurt live running, shorter ones let the heading drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from vqf import VQF, offlineVQF

from imuhip.core.series import FloatArray
from imuhip.fusion.filters import OrientationBlock, check_block

__all__ = ["TAU_ACC_S", "LeanFilter", "VqfFilter", "lean_under_acceleration", "offline_vqf"]

GRAVITY_M_S2 = 9.80665

TAU_ACC_S = 3.0
"""Time constant with which the inclination follows the accelerometer."""


_LEAN_OPTIONS: Final = {
    "tauAcc": TAU_ACC_S,
    "motionBiasEstEnabled": False,
    "restBiasEstEnabled": False,
}


class VqfFilter:
    """Causal VQF of one sensor (an `OrientationFilter`).

    Parameters
    ----------
    rate_hz : float, Hz
        Sampling rate.
    tau_acc_s : float, s
        Accelerometer time constant.
    """

    name = "vqf"

    def __init__(self, rate_hz: float, tau_acc_s: float = TAU_ACC_S) -> None:
        self._vqf = VQF(1.0 / rate_hz, tauAcc=tau_acc_s)
        self._with_mag: bool | None = None

    def update(
        self, gyr: FloatArray, acc: FloatArray, mag: FloatArray | None = None
    ) -> OrientationBlock:
        """Take in the next samples; see `OrientationFilter.update`."""
        gyr, acc, mag = check_block(gyr, acc, mag)
        if self._with_mag not in (None, mag is not None):
            raise ValueError("Expected mag with every block or with none, got it with some")
        self._with_mag = mag is not None
        return _block(self._vqf.updateBatch(gyr, acc, mag))


def offline_vqf(
    gyr: FloatArray,
    acc: FloatArray,
    rate_hz: float,
    mag: FloatArray | None = None,
    tau_acc_s: float = TAU_ACC_S,
    *,
    doubt_field: bool = True,
) -> OrientationBlock:
    """Return the acausal VQF of a whole series; see `offline_orientation`.

    With `doubt_field` False the filter does not judge the magnetic field by itself: for a caller
    who has taken out what is disturbed. Its own judgement needs long looks at one field, and on a
    runner's pelvis it never settles.
    """
    gyr, acc, mag = check_block(gyr, acc, mag)
    options = {"tauAcc": tau_acc_s, "magDistRejectionEnabled": doubt_field}
    return _block(offlineVQF(gyr, acc, mag, 1.0 / rate_hz, options))


def lean_under_acceleration(
    acceleration_W: FloatArray, rate_hz: float, n_rows: int, rows_per_sample: int
) -> FloatArray:
    """Return (n, 4) how far `offline_vqf` leans when its world is accelerated.

    The filter takes slow acceleration for a lean of the vertical, in an almost inertial frame and
    whatever the sensor does meanwhile. So the lean is that of a sensor that does not turn and
    feels gravity and the acceleration alone; it is found by asking the filter, at a low rate.

    Parameters
    ----------
    acceleration_W : (n, 3) array, m/s²
        Of the person, in the sensor's world, slower than 1 Hz.
    rate_hz : float
        Of `acceleration_W`; 20 Hz is plenty.
    n_rows, rows_per_sample : int
        How many rows to return, and how many of them for each sample given.

    Returns
    -------
    q_LW : (n, 4) array
        From the true world to the leaning one: the filter reports ``q_LW ⊗ q_WS``.
    """
    felt = np.ascontiguousarray(acceleration_W + np.array([0.0, 0.0, GRAVITY_M_S2]))
    found = offlineVQF(np.zeros_like(felt), felt, None, 1.0 / rate_hz, _LEAN_OPTIONS)["quat6D"]
    # a lean is small and slow: components may be interpolated one by one
    between = (np.arange(rows_per_sample) / rows_per_sample)[None, :, None]
    step = np.diff(found, axis=0, append=found[-1:])[:, None, :]
    rows = (found[:, None, :] + between * step).reshape(-1, 4)[:n_rows]
    rows /= np.sqrt(np.einsum("nk,nk->n", rows, rows))[:, None]
    return np.asarray(rows)


class LeanFilter:
    """`lean_under_acceleration` for a live filter: blocks of any length, from the past alone."""

    def __init__(self, rate_hz: float) -> None:
        self._vqf = VQF(1.0 / rate_hz, **_LEAN_OPTIONS)

    def update(self, acceleration_W: FloatArray) -> FloatArray:
        """Return (n, 4) ``q_LW`` of the next (n, 3) accelerations, m/s²."""
        felt = np.ascontiguousarray(acceleration_W + np.array([0.0, 0.0, GRAVITY_M_S2]))
        return np.asarray(self._vqf.updateBatch(np.zeros_like(felt), felt)["quat6D"])


def _block(batch: Mapping[str, Any]) -> OrientationBlock:
    return OrientationBlock(
        q_WS=batch.get("quat9D", batch["quat6D"]),
        bias_rad_s=batch["bias"],
        bias_sd_rad_s=batch["biasSigma"],
        rest=batch["restDetected"],
    )
