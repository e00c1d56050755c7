"""How exactly a person stands in the N-pose, measured where they did it more than once.

What the pose misses has two parts. Habit is the same every time: no repetition shows it, and none
takes it away. Chance is new each time the person stands down anew (below 1.9° with good
instructions: Donaldson et al. 2021, ISBS Proceedings 39:58): it is seen as the spread between
poses, and the mean of K poses has 1/√K of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["CHANCE_SD_DEG", "HABIT_SD_DEG", "PoseSpread", "judge_poses"]

CHANCE_SD_DEG = {"hip_flexion": 1.5, "hip_adduction": 1.0, "hip_rotation": 2.0}
HABIT_SD_DEG = {"hip_flexion": 2.6, "hip_adduction": 1.73, "hip_rotation": 3.46}
"""Together 3, 2 and 4 degrees: how exactly people stand in one N-pose."""

_PRIOR_DEGREES_OF_FREEDOM = 4.0


@dataclass(frozen=True, slots=True)
class PoseSpread:
    """What repeated poses tell of the zero of the hip angles; one sigma, degrees, by angle.

    Parameters
    ----------
    n_poses : int
    chance_sd_deg : mapping of angle to float
        Of one pose against the next, for this person.
    seen_deg : float
        Largest spread of any hip angle between the poses of this session; 0 with one pose.
    """

    n_poses: int
    chance_sd_deg: Mapping[str, float]
    seen_deg: float = 0.0

    @property
    def repeat_sd_deg(self) -> dict[str, float]:
        """Return how far zero would move if the same person were calibrated anew."""
        return {name: sd / np.sqrt(self.n_poses) for name, sd in self.chance_sd_deg.items()}

    @property
    def pose_sd_deg(self) -> dict[str, float]:
        """Return how far zero is from the anatomical one: habit and what is left of chance."""
        left = self.repeat_sd_deg
        return {name: float(np.hypot(HABIT_SD_DEG[name], left[name])) for name in left}


def judge_poses(angles_deg: Mapping[str, FloatArray]) -> PoseSpread:
    """Return the spread of the N-poses of a session.

    Parameters
    ----------
    angles_deg : mapping of angle to (poses, legs) array, degrees
        Mean hip angles of every pose: ``hip_flexion``, ``hip_adduction``, ``hip_rotation``.

    Notes
    -----
    The spread of a few poses is itself uncertain. It is taken as one factor on what people do in
    general, which counts like four further degrees of freedom.
    """
    n_poses = len(next(iter(angles_deg.values())))
    squares, free, seen = _PRIOR_DEGREES_OF_FREEDOM, _PRIOR_DEGREES_OF_FREEDOM, 0.0
    for name, values in angles_deg.items():
        apart = values - values.mean(axis=0)
        if n_poses > 1:
            seen = max(seen, float(values.std(axis=0, ddof=1).max()))
        squares += float((apart**2).sum()) / CHANCE_SD_DEG[name] ** 2
        free += float((n_poses - 1) * values.shape[1])
    factor = float(np.sqrt(squares / free))
    return PoseSpread(n_poses, {name: factor * sd for name, sd in CHANCE_SD_DEG.items()}, seen)
