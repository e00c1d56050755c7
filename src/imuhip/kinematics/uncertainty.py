"""One-sigma uncertainty of each angle, from what is known to be uncertain.

Hip rotation carries the relative heading's drift since the pose; flexion, adduction and the
pelvis' tilt and obliquity carry the filters' inclination error and the accelerometer bias; every
hip angle carries how well the flexion axis was found, because a turned axis mixes the planes.
What the person's own pose differs from true zero is not in here: it is one constant a session, and
stands by itself in ``quality`` as ``pose_sd_deg``.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["ErrorBudget", "hip_sd", "pelvis_sd"]


class ErrorBudget:
    """Fixed parts of the budget, rad."""

    inclination: ClassVar[dict[bool, float]] = {False: np.radians(0.5), True: np.radians(0.7)}
    """Offline and live; VQF on BROAD (doi:10.3390/data6070072), see ``docs/accuracy.md``."""

    level = np.radians(0.4)
    """Change of the apparent vertical with accelerometer scale error between pose and gait."""

    facing = np.radians(4.0)
    """Of the flexion axis about the vertical."""


def hip_sd(hip_rad: FloatArray, heading_sd_rad: FloatArray, *, live: bool) -> FloatArray:
    """Return (n, 3) sigma of flexion, adduction and rotation, rad.

    Parameters
    ----------
    hip_rad : (n, 3) array, rad
        The angles themselves: mixing grows with them.
    heading_sd_rad : (n,) array, rad
        Of the relative heading since the pose.
    live : bool
        Whether the causal filters were used.
    """
    tilt = 2 * ErrorBudget.inclination[live] ** 2 + ErrorBudget.level**2
    flexion, adduction = hip_rad[:, 0], hip_rad[:, 1]
    mixed = ErrorBudget.facing * np.abs(np.sin(adduction))
    into_adduction = ErrorBudget.facing * np.abs(np.sin(flexion))
    turned = (heading_sd_rad * np.sin(flexion)) ** 2
    variance = [
        tilt + mixed**2,
        tilt + into_adduction**2 + turned,
        tilt + heading_sd_rad**2 + (ErrorBudget.facing * (1 - np.cos(flexion))) ** 2,
    ]
    return np.asarray(np.sqrt(np.stack(variance, axis=-1)))


def pelvis_sd(n_samples: int, *, live: bool) -> FloatArray:
    """Return (n, 3) sigma of tilt, obliquity and rotation, rad."""
    tilt = ErrorBudget.inclination[live] ** 2 + ErrorBudget.level**2
    turned = ErrorBudget.inclination[live] ** 2
    return np.broadcast_to(np.sqrt([tilt, tilt, turned]), (n_samples, 3)).copy()
