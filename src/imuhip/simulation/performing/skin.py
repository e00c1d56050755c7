"""How skin and straps move on the bones in tests: more than in gait, because joints go further.

The skin of the thigh follows only part of the femur's turn: with skin markers the range of hip
rotation was under-read by up to 21.8 deg (Fiorentino et al. 2017,
doi:10.1016/j.gaitpost.2017.03.033). Over the sacrum skin is pulled by a few degrees when hips bend
deep. Over the shin it lies on bone.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.cardan import side_sign
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.motion import BodyMotion
from imuhip.simulation.soft_tissue import SkinMotion

__all__ = ["stretched_skin"]

_LOST_TURN = (0.2, 0.5)
"""Part of the femur's turn that the thigh's skin does not follow: least and most."""
_SHANK_LOST_TURN = (0.02, 0.08)
# one sigma per 90 deg of hip flexion (pelvis: growing with its square): about x, y and z (deg), m
_THIGH_DEG, _THIGH_M = np.array([2.0, 4.0, 2.0]), 0.008
_SHANK_DEG, _SHANK_M = np.array([0.8, 1.2, 1.0]), 0.003
_PELVIS_DEG, _PELVIS_M = np.array([0.8, 0.8, 1.1]), 0.006
_ONE_LEG = 0.7
"""Part of the pull on the skin over the sacrum that one bent hip makes alone."""
_PRESSED_DEG = 1.5
"""Lying or sitting, weight turns the sensor on the sacrum by this, one sigma about each axis."""


def stretched_skin(
    segment: str,
    body: BodyMotion,
    off_feet: FloatArray,
    soft_tissue: float,
    rng: np.random.Generator,
) -> SkinMotion:
    """Draw how the skin under one sensor moves.

    Parameters
    ----------
    segment : str
        Where the sensor is worn.
    body : BodyMotion
        What the bones do.
    off_feet : (n,) array
        0 standing, 1 on a table, a chair or the floor.
    soft_tissue : float
        Scale; 1 is a firm strap on an average person.
    rng : numpy.random.Generator
        Draws this wearer's skin.
    """
    kind, _, end = segment.partition("_")
    side: Side = "left" if end == "left" else "right"
    size = rng.normal(0.0, 1.0, (2, 3))
    pressed = rng.normal(0.0, _PRESSED_DEG, 3)
    share = float(rng.uniform(0.0, 1.0))
    angles = body.angles_rad
    quarter = 0.5 * np.pi
    axial = np.zeros_like(body.time_s)
    if kind == "thigh":
        lost = min((_LOST_TURN[0] + share * (_LOST_TURN[1] - _LOST_TURN[0])) * soft_tissue, 0.9)
        axial = -lost * side_sign(side) * angles[f"hip_rotation_{side}"]
        bent, degrees, metres = angles[f"hip_flexion_{side}"] / quarter, _THIGH_DEG, _THIGH_M
    elif kind == "shank":
        lost = _SHANK_LOST_TURN[0] + share * (_SHANK_LOST_TURN[1] - _SHANK_LOST_TURN[0])
        axial = -min(lost * soft_tissue, 0.9) * side_sign(side) * angles[f"hip_rotation_{side}"]
        bent, degrees, metres = angles[f"knee_flexion_{side}"] / quarter, _SHANK_DEG, _SHANK_M
    else:
        hips = np.array([angles[f"hip_flexion_{side}"] for side in SIDES]) / quarter
        bent, degrees, metres = _ONE_LEG * np.sum(hips**2, axis=0), _PELVIS_DEG, _PELVIS_M
    turn = np.radians(degrees * size[0]) * bent[:, None] * soft_tissue
    if kind == "pelvis":
        turn = turn + np.radians(pressed) * off_feet[:, None] * soft_tissue
    axial = axial + turn[:, 1]
    turn[:, 1] = 0.0
    return SkinMotion(
        axial_rad=axial,
        tilt_rad=turn,
        wobble_rad=np.zeros_like(axial),
        shift_m=metres * soft_tissue * np.outer(bent, size[1]),
    )
