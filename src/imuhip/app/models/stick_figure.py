"""Where the joints of a stick figure are drawn, from behind and from the right.

Only what is measured is drawn in full: the pelvis and the thighs, and shanks that carry a sensor.
The rest, trunk and shanks without one, is there to be recognised, and is said to be not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray

__all__ = ["PARTS", "Figure", "Part", "figure_of"]

_HALF_PELVIS: Final = 0.085
_THIGH: Final = 0.42
_SHANK: Final = 0.42
_TRUNK: Final = 0.50
_UPRIGHT: Final = 0.7
_UP: Final = np.array([0.0, 0.0, 1.0])
_FORWARD, _UPWARD, _RIGHTWARD = np.eye(3)
_SIGN: Final[dict[Side, float]] = {"left": -1.0, "right": 1.0}

PARTS: Final = (
    "trunk",
    "pelvis",
    *(f"{part}_{side}" for part in ("thigh", "shank") for side in SIDES),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the figure.

    Parameters
    ----------
    frontal, sagittal : (2, 2) arrays, m
        Both ends, across and up: as seen from behind, and from the right (forward is to the right
        of the picture).
    measured : bool
        Whether a sensor tells.
    """

    frontal: FloatArray
    sagittal: FloatArray
    measured: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """What is known of a posture.

    Parameters
    ----------
    parts : mapping of name to Part
        Among `PARTS`; empty while nothing is known.
    """

    parts: Mapping[str, Part] = field(default_factory=dict)


def figure_of(q_WB: Mapping[str, FloatArray], direction_rad: float) -> Figure:
    """Return the figure of one instant.

    Parameters
    ----------
    q_WB : mapping of segment to (4,) array
        Orientations in one world with z up; NaN where unknown. Segments' axes are ISB: x anterior,
        y superior, z to the right.
    direction_rad : float
        Which way the person walks in that world; where it is NaN, where the pelvis faces.
    """
    pelvis = q_WB.get("pelvis")
    if pelvis is None or not np.isfinite(pelvis).all():
        return Figure()
    across, ahead = _plane(pelvis, direction_rad)
    parts: dict[str, Part] = {}

    def add(name: str, start: FloatArray, end: FloatArray, *, measured: bool) -> None:
        ends = np.stack([start, end])
        up = ends @ _UP
        parts[name] = Part(
            np.stack([ends @ across, up], axis=1), np.stack([ends @ ahead, up], axis=1), measured
        )

    middle = np.zeros(3)
    to_right = quaternion.rotate(pelvis, _RIGHTWARD) * _HALF_PELVIS
    add("trunk", middle, middle + _TRUNK * quaternion.rotate(pelvis, _UPWARD), measured=False)
    add("pelvis", middle - to_right, middle + to_right, measured=True)
    for side in SIDES:
        hip = middle + _SIGN[side] * to_right
        thigh = _known(q_WB, f"thigh_{side}")
        if thigh is None:
            continue
        knee = hip - _THIGH * quaternion.rotate(thigh, _UPWARD)
        add(f"thigh_{side}", hip, knee, measured=True)
        shank = _known(q_WB, f"shank_{side}")
        if shank is None and float(quaternion.rotate(thigh, _UPWARD) @ _UP) < _UPRIGHT:
            continue  # it hangs below the knee of who stands; elsewhere nobody knows
        along = _UP if shank is None else quaternion.rotate(shank, _UPWARD)
        add(f"shank_{side}", knee, knee - _SHANK * along, measured=shank is not None)
    return Figure(parts)


def _known(q_WB: Mapping[str, FloatArray], segment: str) -> FloatArray | None:
    q = q_WB.get(segment)
    return q if q is not None and bool(np.isfinite(q).all()) else None


def _plane(pelvis: FloatArray, direction_rad: float) -> tuple[FloatArray, FloatArray]:
    """Return the horizontal directions to the right and forwards."""
    if np.isfinite(direction_rad):
        ahead = np.array([np.cos(direction_rad), np.sin(direction_rad), 0.0])
    else:
        ahead = quaternion.rotate(pelvis, _FORWARD) * (1.0, 1.0, 0.0)
        length = float(np.linalg.norm(ahead))
        ahead = ahead / length if length > 1e-3 else np.array([1.0, 0.0, 0.0])
    return np.cross(ahead, _UP), ahead
