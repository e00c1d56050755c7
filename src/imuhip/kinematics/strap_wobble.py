"""A loose strap, told apart from hip rotation.

A thigh sensor on soft tissue swings about the thigh's long axis at 8 to 10 Hz after every step; on
a loose strap by ten degrees and more. Hip rotation itself ends below 6 Hz. What is above is taken
out of the rotation curve, counted into its uncertainty, and reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["CUT_HZ", "StrapWobble", "measure_wobble", "without_wobble"]

CUT_HZ = 6.0

_LOOSE_RATE_RAD_S = 2.0
_LOOSE_SHARE = 0.5
"""A firm strap on a walker: 0.5 rad/s above 6 Hz, 7-18 % of the power; a loose one 4.8, 83 %."""


@dataclass(frozen=True, slots=True)
class StrapWobble:
    """One thigh sensor's swing about the thigh's long axis during gait.

    Parameters
    ----------
    fast_rate_rad_s : float
        RMS angular rate above `CUT_HZ` about the long axis.
    fast_share : float
        Its share of the power about that axis.
    amplitude_rad : float
        RMS angle of that swing.
    """

    fast_rate_rad_s: float
    fast_share: float
    amplitude_rad: float

    @property
    def is_loose(self) -> bool:
        """Return whether the strap should be tightened."""
        return self.fast_rate_rad_s > _LOOSE_RATE_RAD_S and self.fast_share > _LOOSE_SHARE


def without_wobble(rotation_rad: FloatArray, rate_hz: float) -> FloatArray:
    """Return hip rotation (n,) below `CUT_HZ`, without delay.

    The input is finite everywhere and does not wrap: hip rotation stays within a half turn.
    """
    return zero_phase(low_pass(CUT_HZ, rate_hz, order=4), np.unwrap(rotation_rad))


def measure_wobble(axial_rate_rad_s: FloatArray, rows: BoolArray, rate_hz: float) -> StrapWobble:
    """Judge a strap.

    Parameters
    ----------
    axial_rate_rad_s : (n,) array, rad/s
        Angular rate about the thigh's long axis.
    rows : (n,) bool array
        Gait.
    rate_hz : float
    """
    slow = zero_phase(low_pass(CUT_HZ, rate_hz, order=4), axial_rate_rad_s)
    fast_all = axial_rate_rad_s - slow
    fast = fast_all[rows]
    power = float(np.mean(axial_rate_rad_s[rows] ** 2))
    fast_power = float(np.mean(fast**2))
    return StrapWobble(
        fast_rate_rad_s=float(np.sqrt(fast_power)),
        fast_share=min(1.0, fast_power / max(power, 1e-12)),
        amplitude_rad=float(np.sqrt(np.mean(_angle(fast_all, rate_hz)[rows] ** 2))),
    )


def _angle(fast_rate_rad_s: FloatArray, rate_hz: float) -> FloatArray:
    """Integrate a rate that has nothing below `CUT_HZ`; what drift is left is filtered away."""
    turned = np.cumsum(fast_rate_rad_s) / rate_hz
    return np.asarray(turned - zero_phase(low_pass(0.5 * CUT_HZ, rate_hz), turned))
