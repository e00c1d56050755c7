"""Which way a sensor faces, from gravity alone, when nobody walks: the posture of a test says it.

Lying down, sitting down and bowing all turn a segment forwards or backwards from the standing pose.
The vertical, seen by the sensor, then wanders along the segment's front-to-back line; where the
person lies on the back or on the face, sits or bows is known from the test, and gives the line its
direction. No heading and no gyroscope is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["KNOWN_FRONT_RAD", "FacingFound", "find_facing", "front_goes_up"]

KNOWN_FRONT_RAD = 0.7
"""A segment whose front is known less well than this has none."""

_LEAST_LEAN = np.sin(np.radians(8.0))
_STRAY_RAD = np.radians(6.0)
_STANDS_OUT = 4.0
"""How many times more the vertical wanders along the line than across, for the line to count."""

# Whether the front of a segment comes up (+1) or goes down (-1) on the way from standing into a
# test's posture and in it; 0 where both happen.
_FRONT_UP: Final = {
    "supine_90": {"pelvis": 1, "thigh": 1, "shank": 1, "trunk": 1},
    "supine_straight": {"pelvis": 1, "thigh": 1, "shank": 1, "trunk": 1},
    "prone": {"pelvis": -1, "thigh": -1, "shank": -1, "trunk": -1},
    # a shank hangs as it stood, feet a little ahead or behind: which, nobody knows beforehand
    "seated": {"pelvis": 1, "thigh": 1, "shank": 0, "trunk": 1},
    # knees up and feet ahead of them: a shank leans back
    "floor": {"pelvis": 1, "thigh": 1, "shank": 1, "trunk": 1},
    "standing": {"pelvis": -1, "thigh": 1, "shank": -1, "trunk": -1},
}


@dataclass(frozen=True, slots=True)
class FacingFound:
    """Where a segment's front lies in its sensor.

    Parameters
    ----------
    front_S : (3,) array
        Unit vector, horizontal in the standing pose.
    sd_rad : float
        One sigma about the vertical; more than a radian where nothing showed it.
    """

    front_S: FloatArray
    sd_rad: float


def front_goes_up(position: str, segment: str) -> int:
    """Return +1 where the front of a segment comes up on the way into a posture, -1 where down.

    0 where the posture does not say.
    """
    return _FRONT_UP.get(position, _FRONT_UP["standing"])[segment.split("_", maxsplit=1)[0]]


def find_facing(up_S: FloatArray, pose_up_S: FloatArray, sign: int) -> FacingFound:
    """Find the front of a segment.

    Parameters
    ----------
    up_S : (n, 3) array
        The upward vertical in the sensor's frame, from the pose to the end of the test.
    pose_up_S : (3,) array
        The same in the standing pose.
    sign : {1, 0, -1}
        Whether the front comes up; see `front_goes_up`. With 0 it is not known.
    """
    level = up_S - np.outer(up_S @ pose_up_S, pose_up_S)
    size = np.linalg.norm(level, axis=1)
    far = size > _LEAST_LEAN
    if sign == 0 or not far.any():
        return FacingFound(_any_level(pose_up_S), np.pi)
    power, axes = np.linalg.eigh(level[far].T @ level[far])
    front = axes[:, -1] - (axes[:, -1] @ pose_up_S) * pose_up_S
    front /= np.linalg.norm(front)
    if np.sum((level[far] @ front) * size[far]) * sign < 0.0:
        front = -front
    stands_out = power[-1] / max(power[-2], 1e-12)
    # how well the line is drawn, and how straight people go along it
    sd = float(np.hypot(np.arctan(np.sqrt(1.0 / stands_out)), _STRAY_RAD))
    return FacingFound(front, sd if stands_out > _STANDS_OUT else np.pi)


def _any_level(pose_up_S: FloatArray) -> FloatArray:
    """Return some direction that is level in the pose."""
    side = np.cross(pose_up_S, np.eye(3)[int(np.argmin(np.abs(pose_up_S)))])
    return np.asarray(side / np.linalg.norm(side))
