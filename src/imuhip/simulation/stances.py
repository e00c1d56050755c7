"""How people stand each time they stop: the feet turned a little, never twice the same."""

from __future__ import annotations

import numpy as np

from imuhip.core.segments import HIP_ANGLES
from imuhip.simulation.motion import Posture
from imuhip.simulation.plan import Plan

__all__ = ["draw_stances", "pose_spread"]

# Feet turn most; how far apart they are and how the trunk is held changes less
_SHARE = {"flexion": 0.3, "adduction": 0.4, "rotation": 1.0}

# People miss the N-pose most in rotation: 3, 2 and 4 deg in flexion, adduction and rotation
_POSE_SHARE = {"flexion": 0.75, "adduction": 0.5, "rotation": 1.0}


def pose_spread(error_deg: float) -> dict[str, float]:
    """Return how far people are off the perfect N-pose in each angle, one sigma, degrees."""
    spread = {name: error_deg * _POSE_SHARE[name.split("_")[1]] for name in HIP_ANGLES}
    return spread | {"pelvis_tilt": error_deg * _POSE_SHARE["flexion"]}


def draw_stances(
    plan: Plan, spread_deg: float, rng: np.random.Generator
) -> list[tuple[float, Posture]]:
    """Return how the person stands after each piece of gait, against the first pose.

    Parameters
    ----------
    plan : Plan
    spread_deg : float
        One sigma of hip rotation; of the other angles in proportion.
    rng : numpy.random.Generator

    Returns
    -------
    list of (s, Posture)
        From an instant in full gait on, what comes on top of what was before.
    """
    if spread_deg == 0.0:
        return []
    stances, before = [], dict.fromkeys((*HIP_ANGLES, "pelvis_tilt"), 0.0)
    for piece in (marker for marker in plan.markers if marker.name == "gait"):
        last = max(bout.start_s for bout in plan.bouts if bout.start_s < piece.end_s)
        now = {
            name: spread_deg * _SHARE.get(name.split("_")[1], 0.3) * float(rng.normal())
            for name in before
        }
        change = {name: now[name] - before[name] for name in now}
        stances.append((0.5 * (last + piece.end_s), Posture(change)))
        before = now
    return stances
