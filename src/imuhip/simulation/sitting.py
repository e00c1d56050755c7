"""A person on a chair: hips and knees bent, the pelvis tilted back, and never quite still."""

from __future__ import annotations

import numpy as np

from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.simulation.people import BodyDimensions

__all__ = ["seat_m", "sitting_deg"]

_FLEXION_DEG, _KNEE_DEG, _TILT_DEG = 80.0, 90.0, -15.0
_APART_DEG = -6.0
# A leg is moved now and then: size (deg) and period (s) of slow waves, another of each side
_FIDGET = {"flexion": (2.0, 41.0), "adduction": (3.0, 29.0), "rotation": (4.0, 53.0)}


def sitting_deg(time_s: FloatArray, sit_gain: FloatArray) -> dict[str, FloatArray]:
    """Return what sitting adds to each angle, degrees.

    Parameters
    ----------
    time_s : (n,) array, s
    sit_gain : (n,) array
        0 standing, 1 sitting.
    """
    added = {"pelvis_tilt": _TILT_DEG * sit_gain}
    for shift, side in enumerate(SIDES):
        mean = {"flexion": _FLEXION_DEG, "adduction": _APART_DEG, "rotation": 0.0}
        for stem, (size, period_s) in _FIDGET.items():
            wave = np.sin(2.0 * np.pi * time_s / period_s + 2.0 * shift) ** 5
            added[f"hip_{stem}_{side}"] = sit_gain * (mean[stem] + size * wave)
        added[f"knee_flexion_{side}"] = _KNEE_DEG * sit_gain
    return added


def seat_m(body: BodyDimensions) -> tuple[float, float]:
    """Return how far behind and below standing the pelvis is on a seat of knee height, m."""
    return 0.9 * body.thigh_m, body.thigh_m - 0.03
