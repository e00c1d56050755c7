"""Other times the person stood as in the pose: each is a second look at the heading.

Between two equal stances any change of heading between pelvis and thigh sensor is drift. Whether
two stances are equal is judged by what cannot drift, the verticals; the heading filter then leaves
out what drift cannot explain (feet put down differently).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray

__all__ = ["STANCE_SD_RAD", "drift_between_stances", "same_stance"]

STANCE_SD_RAD = np.radians(0.5)
"""How exactly a stance that passes for the pose repeats its heading, before anybody walked."""

_SAME_VERTICAL_RAD = np.radians(3.0)


def same_stance(
    first_up_S: Mapping[str, FloatArray], second_up_S: Mapping[str, FloatArray]
) -> bool:
    """Return whether all sensors' verticals (3,) agree within 3°."""
    return all(
        float(np.arccos(np.clip(first_up_S[segment] @ second_up_S[segment], -1.0, 1.0)))
        < _SAME_VERTICAL_RAD
        for segment in first_up_S
    )


def drift_between_stances(
    first_q_WS: Mapping[str, FloatArray], second_q_WS: Mapping[str, FloatArray], thigh: str
) -> float:
    """Return how far (rad) the thigh's world must be turned more than before to fit the pelvis'.

    Parameters
    ----------
    first_q_WS, second_q_WS : mapping of segment to (4,) array
        Mean orientations in the two stances, each sensor in its own world.
    thigh : str
        Segment name.
    """
    turned = {
        segment: float(
            quaternion.heading_about_z(
                quaternion.multiply(second_q_WS[segment], quaternion.conjugate(first_q_WS[segment]))
            )
        )
        for segment in ("pelvis", thigh)
    }
    return float(np.angle(np.exp(1j * (turned["pelvis"] - turned[thigh]))))
