"""Madgwick, Mahony, EKF and AQUA from the ``ahrs`` package, brought to one frame and one start.

They are here to be compared with, not to be preferred: see ``benchmarks/orientation.py``. Each
takes the direction of every single accelerometer sample, and in fast translation the mean of
directions is not vertical, where the mean of accelerations (what VQF uses) is. Where ahrs 0.4
departs from what `OrientationFilter` promises, it is put right here:

- AQUA's quaternion turns world into sensor, so it is conjugated. Madgwick with a magnetometer has x
  to the north, so it is turned by a quarter. The EKF's ``frame="NED"`` has z *up* for a sensor that
  reads +g upwards; its ``"ENU"`` is upside down.
- Mahony's default integral gain (0.3) lets the heading run away without a magnetometer, 190 deg/min
  on BROAD; AQUA's default gain follows the accelerometer almost at once. Ours are below.
- All but the EKF skip the accelerometer whenever the gyroscope reads exactly zero, as a quantised
  one at rest does.
- The EKF's magnetometer update fails unless the data were given to its constructor, and needs the
  local field; AQUA's divides by zero when the field lies behind. Both refuse ``mag`` here.

There is no block form in the package, so a Python loop walks the samples: 8 to 28 thousand a
second, enough live and slow offline.

References: Madgwick et al. 2011, doi:10.1109/ICORR.2011.5975346; Mahony et al. 2008,
doi:10.1109/TAC.2008.923738; Valenti et al. 2015 (AQUA), doi:10.3390/s150819302. The EKF, a
quaternion as its state and no bias, is the package's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import numpy as np
from ahrs.filters import AQUA, EKF, Madgwick, Mahony

from imuhip.core import quaternion
from imuhip.core.series import FloatArray
from imuhip.errors import ConfigError
from imuhip.fusion.filters import OrientationBlock, check_block

__all__ = ["WITH_MAGNETOMETER", "AhrsFilter"]

WITH_MAGNETOMETER: Final = ("madgwick", "mahony")
"""Those that can use ``mag`` here."""

MADGWICK_GAIN_RAD_S: Final = {False: 0.033, True: 0.041}
"""Without and with a magnetometer: the package's own; tuning over BROAD gave 0.030 without one."""

MAHONY_GAINS: Final = {False: (0.2, 0.0012), True: (1.2, 0.005)}
"""Proportional (1/s) and integral (1/s²), without and with a magnetometer; tuned over BROAD."""

AQUA_TAU_S: Final = 10.0
"""Time constant of AQUA's accelerometer correction; its gain per sample follows from the rate."""

_UP: Final = np.array([0.0, 0.0, 1.0])
_Q_ENU_NWU: Final = quaternion.about_axis(_UP, np.pi / 2)
_BARELY_TURNING_RAD_S: Final = 1e-12

_Step: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray, FloatArray | None], FloatArray]


class AhrsFilter:
    """A causal filter of one sensor (an `OrientationFilter`) around a per-sample ahrs update.

    It starts from the first accelerometer sample (and magnetometer sample, when given).

    Parameters
    ----------
    name : {"madgwick", "mahony", "ekf", "aqua"}
        Which one.
    rate_hz : float, Hz
        Sampling rate.
    """

    def __init__(self, name: str, rate_hz: float) -> None:
        self._name = name
        self._rate_hz = float(rate_hz)
        self._with_mag: bool | None = None
        self._algorithm: Any = None
        self._step: _Step | None = None
        self._q: FloatArray | None = None  # as the algorithm keeps it, None before the first sample

    @property
    def name(self) -> str:
        """Return the name it was chosen by."""
        return self._name

    def update(
        self, gyr: FloatArray, acc: FloatArray, mag: FloatArray | None = None
    ) -> OrientationBlock:
        """Take in the next samples; see `OrientationFilter.update`."""
        gyr, acc, mag = check_block(gyr, acc, mag)
        step = self._prepared(mag is not None)
        gyr = _never_exactly_zero(gyr)
        q = np.empty((len(gyr), 4))
        bias = np.zeros((len(gyr), 3))
        for row in range(len(gyr)):
            mag_row = None if mag is None else mag[row]
            if self._q is None:
                self._q = self._from_world(_start(acc[row], mag_row))
            else:
                self._q = step(self._q, gyr[row], acc[row], mag_row)
            q[row] = self._q
            if self._name == "mahony":
                bias[row] = self._algorithm.b
        return OrientationBlock(
            q_WS=self._to_world(q),
            bias_rad_s=bias,
            bias_sd_rad_s=np.full(len(gyr), np.nan),
            rest=np.zeros(len(gyr), dtype=np.bool_),
        )

    def _prepared(self, with_mag: bool) -> _Step:
        """Return the per-sample update, choosing it when the first block shows what there is."""
        if with_mag and self._name not in WITH_MAGNETOMETER:
            raise ConfigError(
                f"orientation filter {self._name!r} cannot use a magnetometer",
                hint=f"choose one of: vqf, {', '.join(WITH_MAGNETOMETER)};"
                " or leave the magnetometer out",
            )
        if self._with_mag not in (None, with_mag):
            raise ValueError("Expected mag with every block or with none, got it with some")
        self._with_mag = with_mag
        if self._step is None:
            self._algorithm = _algorithm(self._name, self._rate_hz, with_mag)
            self._step = _step(self._name, self._algorithm, with_mag)
        return self._step

    def _from_world(self, q_WS: FloatArray) -> FloatArray:
        if self._name == "aqua":
            return quaternion.conjugate(q_WS)
        if self._name == "madgwick" and self._with_mag:
            return quaternion.multiply(quaternion.conjugate(_Q_ENU_NWU), q_WS)
        return q_WS

    def _to_world(self, q: FloatArray) -> FloatArray:
        if self._name == "aqua":
            return quaternion.conjugate(q)
        if self._name == "madgwick" and self._with_mag:
            return quaternion.multiply(_Q_ENU_NWU, q)
        return q


def _algorithm(name: str, rate_hz: float, with_mag: bool) -> Any:
    if name == "madgwick":
        return Madgwick(frequency=rate_hz, gain=MADGWICK_GAIN_RAD_S[with_mag])
    if name == "mahony":
        k_P, k_I = MAHONY_GAINS[with_mag]
        return Mahony(frequency=rate_hz, k_P=k_P, k_I=k_I)
    if name == "ekf":
        # An explicit dip keeps the package from computing the field of Munich, unused without mag.
        return EKF(frequency=rate_hz, frame="NED", magnetic_ref=60.0)
    return AQUA(frequency=rate_hz, alpha=min(1.0, 1.0 / (AQUA_TAU_S * rate_hz)))


def _step(name: str, algorithm: Any, with_mag: bool) -> _Step:
    if with_mag:
        marg: _Step = algorithm.updateMARG
        return marg
    imu = algorithm.update if name == "ekf" else algorithm.updateIMU
    return lambda q, gyr, acc, _mag: imu(q, gyr, acc)


def _start(acc: FloatArray, mag: FloatArray | None) -> FloatArray:
    """Return the q_WS at which gravity (and the magnetic field) lie as measured."""
    if not acc.any():
        return quaternion.IDENTITY
    if mag is not None:
        up = acc / np.linalg.norm(acc)
        east = np.cross(mag, up)
        if np.linalg.norm(east) > 1e-6 * np.linalg.norm(mag):
            east /= np.linalg.norm(east)
            return quaternion.from_matrix(np.stack([east, np.cross(up, east), up]))
    return quaternion.rotation_between(acc, _UP)


def _never_exactly_zero(gyr: FloatArray) -> FloatArray:
    """Return `gyr` with a rate too small to matter in place of exact zeros."""
    moved = gyr.copy()
    moved[~gyr.any(axis=1), 2] = _BARELY_TURNING_RAD_S
    return moved
