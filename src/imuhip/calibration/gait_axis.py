"""The flexion axis of a thigh in its sensor's frame, from gait, and which way round it is.

In gait the thigh turns mostly about the mediolateral axis, so that axis is the principal direction
of its angular rate in the horizontal plane of the pose (principal component analysis as in Kong et
al. 2016, PMC5190992). A principal axis has no sign. The sign is taken from what gait does on any
body: the thigh is, on average, flexed against standing, and it swings forwards faster than it goes
back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

__all__ = ["GaitAxis", "find_gait_axis"]

_MEAN_FLEXION_SD_RAD = np.radians(6.0)
_SKEW_SD = 0.3
_SKEW_MUTE = 0.3
"""Runners swing nearly as fast back as forwards: a small skew says nothing."""


@dataclass(frozen=True, slots=True)
class GaitAxis:
    """A thigh's mediolateral axis.

    Parameters
    ----------
    right_S : (3,) array
        Unit vector to the person's right in the sensor's frame: turning about it is flexion.
    planarity : float
        Share of the horizontal angular rate's power about the axis, 0.5 (none) to 1.
    sign_evidence : float
        Log-odds-like score of the sign; magnitude below 1 is weak. Positive by construction.
    """

    right_S: FloatArray
    planarity: float
    sign_evidence: float

    def flipped(self) -> GaitAxis:
        """Return the same axis the other way round."""
        return GaitAxis(-self.right_S, self.planarity, -self.sign_evidence)


def find_gait_axis(
    gyr: FloatArray, up_S: FloatArray, pose_up_S: FloatArray, rows: BoolArray
) -> GaitAxis:
    """Find the axis and its sign.

    Parameters
    ----------
    gyr : (n, 3) array, rad/s
        Low-passed angular rate, sensor frame, free of bias.
    up_S : (n, 3) array
        Upward vertical in the sensor's frame at each sample.
    pose_up_S : (3,) array
        The same in the pose.
    rows : (n,) bool array
        Gait.
    """
    horizontal = gyr[rows] - np.outer(gyr[rows] @ pose_up_S, pose_up_S)
    values, vectors = np.linalg.eigh(horizontal.T @ horizontal)
    axis = vectors[:, 2] - (vectors[:, 2] @ pose_up_S) * pose_up_S
    axis /= np.linalg.norm(axis)
    planarity = float(values[2] / max(values[1] + values[2], 1e-12))
    rate = gyr[rows] @ axis
    skew = float(np.mean(rate**3)) / max(float(np.mean(rate**2)), 1e-12) ** 1.5
    # Angle of the pose's vertical turned into the sample's vertical about -axis: the segment leans
    # forwards at the knee when it is flexed.
    sideways = np.cross(axis, pose_up_S)
    mean_up = up_S[rows].mean(axis=0)
    flexion = float(-np.arctan2(mean_up @ sideways, mean_up @ pose_up_S))
    telling = np.sign(skew) * max(abs(skew) - _SKEW_MUTE, 0.0)
    evidence = float(flexion / _MEAN_FLEXION_SD_RAD + telling / _SKEW_SD)
    found = GaitAxis(axis, planarity, evidence)
    return found if evidence >= 0 else found.flipped()
