"""Which way round the flexion axes are: forwards and backwards look alike to one thigh alone.

Three things tell them apart, and are added up as evidence: the thigh is on average flexed against
standing; it swings forwards faster than back (walking only, weak); and, strongest, the left hip
centre lies to the left of the right one. Where the hip centres lie from the pelvis sensor comes
from the kinematics of the gait (`imuhip.kinematics.joint_vectors`), which knows nothing of facing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.calibration.gait_axis import GaitAxis
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["aligned_axes", "resolve_facing"]

_HIP_APART_SD_M = 0.05
_ONE_HIP_ASIDE_SD_M = 0.06


def resolve_facing(
    axes: Mapping[Side, GaitAxis],
    right_P: Mapping[Side, FloatArray],
    hip_centre_P: Mapping[Side, FloatArray],
) -> tuple[dict[Side, GaitAxis], float]:
    """Turn the axes the right way round.

    Parameters
    ----------
    axes : mapping of side to GaitAxis
        Each with the sign it suggests by itself.
    right_P : mapping of side to (3,) array
        The same axes in the pelvis sensor's frame.
    hip_centre_P : mapping of side to (3,) array, m
        From the pelvis sensor to the hip centre, its frame.

    Returns
    -------
    axes : dict of side to GaitAxis
        Agreeing with each other and with where the hips are.
    evidence : float
        How strongly the data say so, in standard deviations; below 2 is weak.
    """
    found, across = aligned_axes(axes, right_P)
    evidence = sum(axis.sign_evidence for axis in found.values())
    if len(found) == 2:
        evidence += float((hip_centre_P["right"] - hip_centre_P["left"]) @ across) / _HIP_APART_SD_M
    else:
        (side,) = found
        outwards = across if side == "right" else -across
        evidence += float(hip_centre_P[side] @ outwards) / _ONE_HIP_ASIDE_SD_M
    if evidence < 0.0:
        found = {side: axis.flipped() for side, axis in found.items()}
    return found, abs(evidence)


def aligned_axes(
    axes: Mapping[Side, GaitAxis], right_P: Mapping[Side, FloatArray]
) -> tuple[dict[Side, GaitAxis], FloatArray]:
    """Return the axes with the less certain one turned to agree, and their mean (3,), pelvis frame.

    Parameters as `resolve_facing`.
    """
    found = dict(axes)
    right = {side: np.asarray(axis) for side, axis in right_P.items()}
    if len(found) == 2 and float(right["left"] @ right["right"]) < 0.0:
        doubtful: Side = min(found, key=lambda side: found[side].sign_evidence)
        found[doubtful] = found[doubtful].flipped()
        right[doubtful] = -right[doubtful]
    across = sum(right.values(), start=np.zeros(3))
    return found, np.asarray(across / np.linalg.norm(across))
