"""A sensor's own errors: what they are, how they are taken out, how one recording finds them.

The model is ``true = scale (read - bias)`` for accelerometer and gyroscope, `scale` a 3 x 3 matrix
of scale and cross-axis factors. The accelerometer's is lower triangular: gravity alone cannot tell
how its axes as a whole sit in the housing, and any mounting is allowed anyway. The gyroscope's is
full, so that both speak of the same axes.

One recording of one sensor is enough: poses in which it lay still, moves between them and, best,
full turns on a table. `bench_rests` finds them, `intrinsics_accelerometer` and
`intrinsics_gyroscope` hold the estimation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.calibration.bench_rests import find_moves, find_rests
from imuhip.calibration.intrinsics_accelerometer import (
    ALL_DIRECTIONS,
    AccelerometerFit,
    fit_accelerometer,
)
from imuhip.calibration.intrinsics_gyroscope import (
    UP_SD_RAD,
    UP_SD_SIX_FACES_RAD,
    GyroscopeFit,
    fit_gyroscope,
)
from imuhip.core.series import ImuSeries
from imuhip.errors import CalibrationError

__all__ = [
    "STANDARD_GRAVITY_M_S2",
    "Intrinsics",
    "apply_intrinsics",
    "calibrate_sensor",
    "local_gravity_m_s2",
]

STANDARD_GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """What was found of one sensor.

    Parameters
    ----------
    accelerometer : AccelerometerFit
    gyroscope : GyroscopeFit, optional
        None where its turns did not suffice; `notes` say why.
    gravity_m_s2 : float, m/s²
        What the accelerometer was held against.
    notes : tuple of str
        What was left out, and what would make it better.
    """

    accelerometer: AccelerometerFit
    gyroscope: GyroscopeFit | None
    gravity_m_s2: float
    notes: tuple[str, ...] = ()


def local_gravity_m_s2(latitude_deg: float, altitude_m: float = 0.0) -> float:
    """Return normal gravity at a place, within 0.002 m/s² of the true one nearly everywhere.

    Parameters
    ----------
    latitude_deg : float, degrees
    altitude_m : float, m
        Above sea level.

    Notes
    -----
    Somigliana's closed formula and the free-air gradient of the WGS 84 ellipsoid (NIMA TR8350.2,
    third edition, equations 4-1 and 4-3).
    """
    if not -90.0 <= latitude_deg <= 90.0:
        raise ValueError(f"Expected latitude_deg from -90 to 90, got {latitude_deg}")
    sine2 = np.sin(np.radians(latitude_deg)) ** 2
    surface = 9.7803253359 * (1 + 0.00193185265241 * sine2) / np.sqrt(1 - 0.00669437999013 * sine2)
    a_m, flattening, m = 6378137.0, 1 / 298.257223563, 0.00344978650684
    slope = 2.0 / a_m * (1 + flattening + m - 2 * flattening * sine2)
    return float(surface * (1 - slope * altitude_m + 3.0 * altitude_m**2 / a_m**2))


def calibrate_sensor(series: ImuSeries, gravity_m_s2: float = STANDARD_GRAVITY_M_S2) -> Intrinsics:
    """Find a sensor's bias, scale and cross-axis factors from one recording of it alone.

    Parameters
    ----------
    series : ImuSeries
        Nine or more still poses that face all ways, moves between them, and best ten full turns
        flat on a table about each of three axes; see ``docs/sensor_calibration.md``.
    gravity_m_s2 : float, m/s²
        At the place; see `local_gravity_m_s2`.

    Raises
    ------
    CalibrationError
        When the accelerometer's poses do not suffice; the message names those that are missing.
    """
    rests = find_rests(series)
    if not rests:
        raise CalibrationError(
            "the sensor never lay still for a second",
            hint="Lay it against something firm, let go, wait 3 s; then the next pose.",
            code="E510",
        )
    accelerometer = fit_accelerometer(np.stack([rest.acc for rest in rests]), gravity_m_s2)
    moves, notes = find_moves(series, rests)
    up_S = accelerometer.applied(np.stack([rest.acc for rest in rests]))
    up_S /= np.linalg.norm(up_S, axis=1, keepdims=True)
    bias = np.mean([rest.gyr for rest in rests], axis=0)
    up_sd_rad = UP_SD_RAD if accelerometer.method == ALL_DIRECTIONS else UP_SD_SIX_FACES_RAD
    gyroscope, told = fit_gyroscope(moves, up_S, bias, up_sd_rad)
    return Intrinsics(accelerometer, gyroscope, gravity_m_s2, (*accelerometer.notes, *notes, *told))


def apply_intrinsics(series: ImuSeries, intrinsics: Intrinsics) -> ImuSeries:
    """Return the series as a perfect sensor would have read it; the magnetometer is left alone."""
    gyroscope = intrinsics.gyroscope
    return ImuSeries(
        time_s=series.time_s,
        acc=intrinsics.accelerometer.applied(series.acc),
        gyr=series.gyr if gyroscope is None else gyroscope.applied(series.gyr),
        mag=series.mag,
        valid=series.valid,
    )
