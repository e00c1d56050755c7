"""One-sigma uncertainty of each angle, from what the session itself shows.

Four things are measured in every session and make its angles more or less certain: the heading
filter's own covariance; the *misfit*, the share of force on which pelvis and thigh disagree at the
hip centre, which tells how much skin and strap move on the bone; the strap's wobble; and flexion,
because an axis found a little wrong mixes the planes the more the hip is flexed. How much each
counts was fitted by maximum likelihood to simulated sessions with exact truth
(``python -m benchmarks uncertainty`` judges it on others).

What the person's own pose differs from true zero is not in here: it is one constant a session, and
stands by itself in ``quality`` as ``pose_sd_deg``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["LIVE", "OFFLINE", "ErrorBudget", "hip_sd", "pelvis_sd", "softness"]

_SOFT_MISFIT = 0.105
"""Misfit of the soft tissue that the simulator calls 1."""

_WOBBLE_MISFIT_S = 0.011
"""Misfit per rad/s of strap wobble: it disturbs the coupling, but bends no leg."""


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """Standard deviations (degrees) that add up in squares.

    Each hip row: a constant; per unit of softness; per sine of flexion; per both; per unit of
    heading sigma; per unit of wobble amplitude. Each pelvis row: a constant; per unit of softness.
    """

    flexion: tuple[float, ...]
    adduction: tuple[float, ...]
    rotation: tuple[float, ...]
    tilt: tuple[float, float]
    obliquity: tuple[float, float]
    pelvis_rotation: tuple[float, float]


OFFLINE = ErrorBudget(
    flexion=(0.18, 0.91, 0.58, 0.95, 0.10, 0.04),
    adduction=(0.05, 0.58, 0.98, 1.09, 0.34, 0.11),
    rotation=(0.05, 1.75, 0.0, 3.70, 1.40, 0.15),
    tilt=(0.18, 0.35),
    obliquity=(0.29, 0.20),
    pelvis_rotation=(0.71, 0.39),
)
LIVE = ErrorBudget(
    flexion=(0.27, 0.65, 0.0, 0.91, 0.55, 0.03),
    adduction=(0.34, 0.50, 0.0, 1.32, 0.42, 0.05),
    rotation=(0.10, 1.70, 0.0, 3.60, 1.00, 0.23),
    tilt=(0.55, 0.24),
    obliquity=(0.39, 0.33),
    pelvis_rotation=(0.80, 0.46),
)


def softness(misfit: float, fast_rate_rad_s: float) -> float:
    """Return how soft the tissue under a thigh sensor is: 0 rigid, 1 typical of the simulator.

    Parameters
    ----------
    misfit : float
        `imuhip.kinematics.joint_vectors.JointVectors.misfit`.
    fast_rate_rad_s : float
        `imuhip.kinematics.strap_wobble.StrapWobble.fast_rate_rad_s`.
    """
    tissue = misfit**2 - (_WOBBLE_MISFIT_S * fast_rate_rad_s) ** 2
    return float(np.sqrt(max(tissue, (0.25 * misfit) ** 2)) / _SOFT_MISFIT)


def hip_sd(
    flexion_rad: FloatArray,
    heading_sd_rad: FloatArray,
    soft: float,
    wobble_rad: float,
    budget: ErrorBudget = OFFLINE,
) -> FloatArray:
    """Return (n, 3) sigma of flexion, adduction and rotation, rad.

    Parameters
    ----------
    flexion_rad : (n,) array, rad
        Hip flexion.
    heading_sd_rad : (n,) array, rad
        Of the relative heading since the pose.
    soft : float
        See `softness`.
    wobble_rad : float
        RMS strap wobble.
    budget : ErrorBudget
    """
    rows = np.array([budget.flexion, budget.adduction, budget.rotation]) ** 2
    constant = rows[:, 0] + rows[:, 1] * soft**2 + rows[:, 5] * np.degrees(wobble_rad) ** 2
    mixing = rows[:, 2] + rows[:, 3] * soft**2
    sine2, heading2 = np.sin(flexion_rad) ** 2, np.degrees(heading_sd_rad) ** 2
    variance = [
        c + m * sine2 + h * heading2 for c, m, h in zip(constant, mixing, rows[:, 4], strict=True)
    ]
    return np.asarray(np.radians(np.sqrt(np.stack(variance, axis=-1))))


def pelvis_sd(n_samples: int, soft: float, budget: ErrorBudget = OFFLINE) -> FloatArray:
    """Return (n, 3) sigma of tilt, obliquity and rotation, rad.

    Parameters
    ----------
    n_samples : int
    soft : float
        Mean of both sides' `softness`.
    budget : ErrorBudget
    """
    rows = np.array([budget.tilt, budget.obliquity, budget.pelvis_rotation])
    sd = np.radians(np.sqrt(rows**2 @ np.array([1.0, soft**2])))
    return np.tile(sd, (n_samples, 1))
