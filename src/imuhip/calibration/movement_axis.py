"""The pelvis' axis to the right from squats and hip hinges, for walkers with one thigh sensor.

Bending forwards turns the pelvis about its mediolateral axis, so that axis is the principal
direction of its angular rate in the horizontal plane of the pose: no heading is needed. But nobody
bends in a plane. Whoever turns the pelvis by 2.5° while it tilts by 45° shows an axis 3° off, and
in a squat, where it tilts less, 5°. So an axis found here counts by what people do, not by how
sharply it is seen.

Gait of both thighs is better than that, because the errors of one thigh's axis mirror the other's;
so is running, because it swings more in one plane. One thigh walking is not: its axis is 6° off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray

__all__ = [
    "BendKind",
    "Facing",
    "MovementAxis",
    "combine_facing",
    "find_movement_axis",
    "gait_facing_sd_rad",
]

BendKind = Literal["squat", "hinge"]

_OUT_OF_PLANE_RAD = {"hinge": np.radians(3.0), "squat": np.radians(5.0)}
_GAIT_RAD, _ONE_THIGH_WALKING_RAD = np.radians(1.5), np.radians(6.0)

_LEAST_RATE_RAD_S = 0.2
_LEAST_PLANARITY = 0.9
_PARTS = 4
_DISAGREES_RAD = np.radians(20.0)


@dataclass(frozen=True, slots=True)
class MovementAxis:
    """The pelvis' right as one movement shows it.

    Parameters
    ----------
    kind : {"squat", "hinge"}
    right_S : (3,) array
        Unit vector in the pelvis sensor's frame, horizontal in the pose.
    planarity : float
        Share of the horizontal angular rate's power about the axis, 0.5 to 1.
    sd_rad : float
        One sigma of its direction about the vertical.
    """

    kind: BendKind
    right_S: FloatArray
    planarity: float
    sd_rad: float


@dataclass(frozen=True, slots=True)
class Facing:
    """Which way the pelvis sensor faces, from all there is.

    Parameters
    ----------
    right_S : (3,) array
        The pelvis' right in its sensor's frame.
    sd_rad : float
        One sigma about the vertical.
    turned_rad : float
        How far the movements turned what gait alone says.
    used : tuple of bool
        Which movements counted.
    """

    right_S: FloatArray
    sd_rad: float
    turned_rad: float
    used: tuple[bool, ...] = ()


def gait_facing_sd_rad(n_thighs: int, *, walking: bool) -> float:
    """Return one sigma (rad) of the pelvis' facing as gait alone shows it."""
    return float(_ONE_THIGH_WALKING_RAD if n_thighs == 1 and walking else _GAIT_RAD)


def find_movement_axis(
    kind: BendKind, gyr: FloatArray, known: BoolArray, pose_up_S: FloatArray, right_S: FloatArray
) -> MovementAxis | None:
    """Find the axis of one movement; None where nothing turns about one axis.

    Parameters
    ----------
    kind : {"squat", "hinge"}
    gyr : (n, 3) array, rad/s
        Low-passed angular rate of the pelvis sensor during the movement.
    known : (n,) bool array
        Rows to use.
    pose_up_S : (3,) array
        Upward vertical in the pose, sensor frame.
    right_S : (3,) array
        About where the right is: gives the axis its sign.
    """
    rate = gyr[known]
    if len(rate) < _PARTS * 3 or float(np.sqrt(np.mean(rate**2))) < _LEAST_RATE_RAD_S:
        return None
    axis, planarity = _principal(rate, pose_up_S, right_S)
    if planarity < _LEAST_PLANARITY:
        return None
    parts = [_principal(part, pose_up_S, axis)[0] for part in np.array_split(rate, _PARTS)]
    scatter = float(np.std([_azimuth(part, axis, pose_up_S) for part in parts], ddof=1))
    sd = float(np.hypot(_OUT_OF_PLANE_RAD[kind], scatter / np.sqrt(_PARTS)))
    return MovementAxis(kind, axis, planarity, sd)


def combine_facing(
    gait_right_S: FloatArray,
    gait_sd_rad: float,
    pose_up_S: FloatArray,
    axes: Sequence[MovementAxis],
) -> Facing:
    """Weigh what gait and movements say by how far each is to be believed.

    What gait shows better than any movement is left to gait: its axis also holds what the sensors'
    own errors do to it, and so fits the strides better than the true one would.

    Parameters
    ----------
    gait_right_S : (3,) array
        The pelvis' right from the thighs' axes in gait.
    gait_sd_rad : float
        See `gait_facing_sd_rad`.
    pose_up_S : (3,) array
    axes : sequence of MovementAxis
        An axis farther than 20° from gait's, beyond doubt not the mediolateral one, is left out.
    """
    weights, turned, used = [gait_sd_rad**-2], [0.0], []
    wanted = gait_sd_rad > min(_OUT_OF_PLANE_RAD.values())
    for found in axes:
        apart = _azimuth(found.right_S, gait_right_S, pose_up_S)
        used.append(wanted and abs(apart) < _DISAGREES_RAD)
        if used[-1]:
            weights.append(found.sd_rad**-2)
            turned.append(apart)
    total = float(np.average(turned, weights=weights))
    turn = quaternion.about_axis(pose_up_S, np.asarray(total))
    return Facing(
        quaternion.rotate(turn, gait_right_S), float(np.sum(weights) ** -0.5), total, tuple(used)
    )


def _principal(
    rate: FloatArray, up_S: FloatArray, towards_S: FloatArray
) -> tuple[FloatArray, float]:
    """Return the principal horizontal direction, towards a side, and its share of the power."""
    horizontal = rate - np.outer(rate @ up_S, up_S)
    values, vectors = np.linalg.eigh(horizontal.T @ horizontal)
    axis = vectors[:, 2] - (vectors[:, 2] @ up_S) * up_S
    axis = axis / np.linalg.norm(axis)
    share = float(values[2] / max(values[1] + values[2], 1e-12))
    return (axis if float(axis @ towards_S) >= 0.0 else -axis), share


def _azimuth(axis: FloatArray, reference: FloatArray, up: FloatArray) -> float:
    """Return the angle (rad) about the vertical from one direction to another."""
    level = [v - (v @ up) * up for v in (axis, reference)]
    return float(np.arctan2(np.cross(level[1], level[0]) @ up, level[1] @ level[0]))
