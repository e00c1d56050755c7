"""How people stand each time they stop: the feet turned a little, never twice the same."""

from __future__ import annotations

import numpy as np

from imuhip.core.segments import HIP_ANGLES
from imuhip.simulation.motion import Posture
from imuhip.simulation.plan import Plan

__all__ = ["draw_stances"]

# Feet turn most; how far apart they are and how the trunk is held changes less
_SHARE = {"flexion": 0.3, "adduction": 0.4, "rotation": 1.0}


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
