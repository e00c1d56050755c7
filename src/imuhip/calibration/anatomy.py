"""Where the centre of a hip or a knee is expected from a sensor, before any data speak.

Pelvis: from the sacrum to a hip centre (regression of Harrington et al. 2007,
doi:10.1016/j.jbiomech.2006.02.003, taken back from the ASIS to the sacrum by a pelvic depth of
0.15 m, adults): 0.10 m forwards, 0.07 m down, 0.085 m to the side. Thigh: from the lateral side of
the thigh up to the hip centre. Knee: from the middle of the thigh down to it, from the upper
shank up to it. Wide spreads: straps sit where they sit.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = [
    "knee_prior_unfacing",
    "pelvis_prior",
    "pelvis_prior_unfacing",
    "thigh_prior",
    "thigh_prior_unfacing",
]


def thigh_prior(up_S: FloatArray, right_S: FloatArray, side: Side) -> tuple[FloatArray, FloatArray]:
    """Return mean (3,) m and covariance (3, 3) m² of the hip centre seen from a thigh sensor."""
    forward = np.cross(up_S, right_S)
    inwards = -right_S if side == "right" else right_S
    axes = np.stack([forward, up_S, inwards], axis=1)
    return axes @ np.array([0.0, 0.22, 0.07]), _spread(axes, np.array([0.06, 0.08, 0.04]))


def thigh_prior_unfacing(up_S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same from a thigh sensor whose facing is not known yet."""
    axes = _any_axes_about(up_S)
    return axes @ np.array([0.0, 0.22, 0.0]), _spread(axes, np.array([0.08, 0.08, 0.08]))


def pelvis_prior_unfacing(up_S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the same from a pelvis sensor whose facing is not known yet."""
    axes = _any_axes_about(up_S)
    return axes @ np.array([0.0, -0.07, 0.0]), _spread(axes, np.array([0.10, 0.05, 0.10]))


def knee_prior_unfacing(up_S: FloatArray, *, from_thigh: bool) -> tuple[FloatArray, FloatArray]:
    """Return the same of the knee, from a thigh or a shank sensor whose facing is not known yet."""
    axes = _any_axes_about(up_S)
    up_m = -0.20 if from_thigh else 0.15
    return axes @ np.array([0.0, up_m, 0.0]), _spread(axes, np.array([0.08, 0.08, 0.08]))


def pelvis_prior(
    up_S: FloatArray, right_S: FloatArray, side: Side
) -> tuple[FloatArray, FloatArray]:
    """Return the same once the pelvis' right is known."""
    sideways = 0.085 if side == "right" else -0.085
    axes = np.stack([np.cross(up_S, right_S), up_S, right_S], axis=1)
    return axes @ np.array([0.10, -0.07, sideways]), _spread(axes, np.array([0.05, 0.04, 0.03]))


def _any_axes_about(up_S: FloatArray) -> FloatArray:
    across = np.eye(3)[np.argmin(np.abs(up_S))]
    first = np.cross(up_S, across)
    first /= np.linalg.norm(first)
    return np.stack([first, up_S, np.cross(first, up_S)], axis=1)


def _spread(axes: FloatArray, sd_m: FloatArray) -> FloatArray:
    return np.asarray((axes * sd_m**2) @ axes.T)
