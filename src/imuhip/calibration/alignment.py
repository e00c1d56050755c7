"""From axes found on the body to ``q_SB``: where each segment's ISB axes lie in its sensor.

The vertical axis of every segment is the pose's vertical. The pelvis faces where both thighs'
flexion axes say. A thigh faces where the pelvis does in the pose, seen through the relative
heading: the pose *is* zero hip rotation (no strap orientation is trusted).
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray

__all__ = ["axes_from_up_and_right", "facing_like", "pelvis_right_axis"]


def axes_from_up_and_right(up_S: FloatArray, right_S: FloatArray) -> FloatArray:
    """Return ``q_SB`` (4,) of a segment whose y axis is `up_S` and whose z axis is near `right_S`.

    Parameters
    ----------
    up_S, right_S : (3,) arrays
        Directions in the sensor's frame; `right_S` is made perpendicular to `up_S`.

    Raises
    ------
    ValueError
        When both are parallel.
    """
    right = right_S - (right_S @ up_S) * up_S
    length = float(np.linalg.norm(right))
    if length < 1e-6:
        raise ValueError("Expected an axis apart from the vertical, got one parallel to it")
    right = right / length
    return quaternion.from_matrix(np.stack([np.cross(up_S, right), up_S, right], axis=1))


def pelvis_right_axis(
    q_WP: FloatArray,
    q_WT: dict[str, FloatArray],
    heading_rad: dict[str, FloatArray],
    right_S: dict[str, FloatArray],
) -> FloatArray:
    """Return the pelvis' axis to the right (3,) in its sensor's frame from the thighs' axes.

    Parameters
    ----------
    q_WP : (n, 4) array
        Pelvis sensor in its world, rows of gait.
    q_WT : mapping of thigh to (n, 4) array
        Thigh sensors in their worlds, same rows.
    heading_rad : mapping of thigh to (n,) array, rad
        From the thigh's world to the pelvis' world.
    right_S : mapping of thigh to (3,) array
        Flexion axes in the thigh sensors' frames.
    """
    total = np.zeros(3)
    for thigh, q_thigh in q_WT.items():
        q_turn = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), heading_rad[thigh])
        axis_W = quaternion.rotate(quaternion.multiply(q_turn, q_thigh), right_S[thigh])
        mean = quaternion.rotate(quaternion.conjugate(q_WP), axis_W).mean(axis=0)
        total += mean / np.linalg.norm(mean)
    return np.asarray(total / np.linalg.norm(total))


def facing_like(q_WS: FloatArray, up_S: FloatArray, q_WB_reference: FloatArray) -> FloatArray:
    """Return ``q_SB`` (4,) of a segment that faces as the reference does, upright.

    Parameters
    ----------
    q_WS : (4,) array
        The sensor in the world of the reference, in the pose.
    up_S : (3,) array
        The pose's vertical in the sensor's frame.
    q_WB_reference : (4,) array
        The reference segment in the pose.
    """
    right_W = quaternion.rotate(q_WB_reference, np.array([0.0, 0.0, 1.0]))
    return axes_from_up_and_right(up_S, quaternion.rotate(quaternion.conjugate(q_WS), right_W))
