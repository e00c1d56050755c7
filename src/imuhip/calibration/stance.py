"""Other times the person stood as in the pose: each is a second look at the heading.

Between two equal stances any change of heading between pelvis and thigh sensor is drift. Whether
two stances are equal is judged by what cannot drift, the verticals; the heading filter then leaves
out what drift cannot explain (feet put down differently). Who repeats the verticals by 1° repeats
the heading no better: people miss the pose most in rotation.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray

__all__ = [
    "LATER_STANCE_S",
    "LATER_STANCE_SD_RAD",
    "STANCE_SD_RAD",
    "drift_between_stances",
    "same_stance",
    "stance_variance",
]

STANCE_SD_RAD = np.radians(0.4)
"""How exactly a stance that passes for the pose repeats its heading, before anybody walked."""

LATER_STANCE_S = 3.0
LATER_STANCE_SD_RAD = np.radians(1.5)
"""After gait the feet were put down anew."""

_SAME_VERTICAL_RAD = np.radians(3.0)
_HEADING_SHARE = 1.4
"""Hip rotation of repeated poses spreads by so much more than the segments' lean does."""


def same_stance(
    first_up_S: Mapping[str, FloatArray], second_up_S: Mapping[str, FloatArray]
) -> bool:
    """Return whether all sensors' verticals (3,) agree within 3°."""
    return all(
        float(np.arccos(np.clip(first_up_S[segment] @ second_up_S[segment], -1.0, 1.0)))
        < _SAME_VERTICAL_RAD
        for segment in first_up_S
    )


def stance_variance(
    first_up_S: Mapping[str, FloatArray], second_up_S: Mapping[str, FloatArray]
) -> float:
    """Return how exactly (rad²) two stances are to be taken for equal in heading.

    Parameters
    ----------
    first_up_S, second_up_S : mapping of segment to (3,) array
        Verticals in the two stances, sensor frames.
    """
    cosines = [float(first_up_S[segment] @ second_up_S[segment]) for segment in first_up_S]
    apart2 = np.arccos(np.clip(cosines, -1.0, 1.0)) ** 2
    # an angle between verticals has two components
    return float(STANCE_SD_RAD**2 + _HEADING_SHARE**2 * np.mean(apart2) / 2.0)


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
