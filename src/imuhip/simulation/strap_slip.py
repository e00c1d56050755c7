"""A strap that slips: the sensor turns around the limb once, and stays there."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray
from imuhip.errors import ConfigError

__all__ = ["StrapSlip", "check_slip", "slipped_mount"]

StrapSlip = tuple[str, float, float]
"""Segment, instant in s on the recording's clock, and degrees about the segment's long axis."""

SLIP_S = 0.5
"""How long the strap takes to slip."""

_Y = np.array([0.0, 1.0, 0.0])


def check_slip(slip: StrapSlip | None, segments: Collection[str], duration_s: float) -> None:
    """Raise ConfigError unless the slip happens to a worn sensor within the session."""
    if slip is None:
        return
    segment, at_s, degrees = slip
    if segment not in segments:
        raise ConfigError(
            f"cannot let the strap of {segment} slip: no sensor is worn there",
            hint=f"choose one of {', '.join(segments)}",
        )
    if not 0.0 <= at_s <= duration_s or not -180.0 <= degrees <= 180.0:
        raise ConfigError(
            f"cannot let a strap slip by {degrees:g}° at {at_s:g} s",
            hint=f"choose -180 to 180 degrees and 0 to {duration_s:g} s",
        )


def slipped_mount(
    time_s: FloatArray, q_BS: FloatArray, r_BS_m: FloatArray, slip: StrapSlip
) -> tuple[FloatArray, FloatArray]:
    """Return a sensor's (n, 4) orientation and (n, 3) place in the bone with the slip in it.

    Parameters
    ----------
    time_s : (n,) array, s
    q_BS : (4,) or (n, 4) array
        Orientation before.
    r_BS_m : (3,) or (n, 3) array, m
        Place before; it goes around the limb with the strap.
    slip : StrapSlip
        Begins at its instant, ends `SLIP_S` later; positive is counterclockwise seen from above.
    """
    _, at_s, degrees = slip
    done = np.clip((time_s - at_s) / SLIP_S, 0.0, 1.0)
    smooth = done**3 * (10.0 - 15.0 * done + 6.0 * done**2)  # no jerk at either end
    turn = quaternion.about_axis(_Y, np.radians(degrees) * smooth)
    return quaternion.multiply(turn, q_BS), quaternion.rotate(turn, r_BS_m)
