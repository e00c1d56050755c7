"""A strap that slipped, and what its sensor would have read had it not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray, ImuSeries

__all__ = ["StrapSlip", "slip_course", "undo_slips"]

_SLIP_TAKES_S = 0.5


@dataclass(frozen=True, slots=True)
class StrapSlip:
    """One slip of one strap.

    Parameters
    ----------
    segment : str
    at_s : float, s
        When, on the recording's clock; within about 3 s in gait.
    turned_S : (3,) array, rad
        Rotation vector of the sensor in its own axes before the slip.
    axial_rad : float
        Its part about the segment's long axis, counterclockwise seen from above.
    tilt_rad : float
        Its part across; 0 when none could be told from leaning.
    sd_rad : float
        One sigma of the axial part.
    """

    segment: str
    at_s: float
    turned_S: FloatArray
    axial_rad: float
    tilt_rad: float
    sd_rad: float


def slip_course(time_s: FloatArray, slips: Sequence[StrapSlip]) -> tuple[FloatArray, FloatArray]:
    """Return how the sensor sits against before any slip, and its rate of slipping.

    Parameters
    ----------
    time_s : (n,) array
    slips : sequence of StrapSlip
        Of one sensor.

    Returns
    -------
    q_before_now : (n, 4) array
        The sensor's axes as they are, seen from where they were.
    rate : (n, 3) array, rad/s
        Each slip spread over half a second.
    """
    total, rate = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
    for slip in slips:
        done = (time_s - slip.at_s) / _SLIP_TAKES_S
        inside = (done >= 0.0) & (done < 1.0)
        total += np.clip(done, 0.0, 1.0)[:, None] * slip.turned_S
        rate += inside[:, None] * slip.turned_S / _SLIP_TAKES_S
    return quaternion.from_rotation_vector(total), rate


def undo_slips(series: ImuSeries, slips: Sequence[StrapSlip]) -> ImuSeries:
    """Return what the sensor would have read had its strap not slipped.

    The angular rate of the slip itself is taken out as well, spread over half a second: otherwise
    the segment would seem to have turned. The samples given are not changed.

    Parameters
    ----------
    series : ImuSeries
    slips : sequence of StrapSlip
        Of this sensor.
    """
    if not slips:
        return series
    q_before_now, rate = slip_course(series.time_s, slips)
    return ImuSeries(
        time_s=series.time_s,
        acc=quaternion.rotate(q_before_now, series.acc),
        gyr=quaternion.rotate(q_before_now, series.gyr) - rate,
        mag=None if series.mag is None else quaternion.rotate(q_before_now, series.mag),
        valid=series.valid,
    )
