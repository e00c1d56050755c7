"""Sensors taken off in a pause: carried by a hand, left on a table, strapped on again.

Each sensor is taken off and put back on by itself, one after the other. On the table it lies on a
face, and once it is picked up and put down elsewhere. While it is strapped on again the hand
pulls and turns it, and lets go well before the pause ends. Nobody meets the old place exactly:
about 5 deg around the limb, 3 deg of tilt and 1 cm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray
from imuhip.simulation.hand_moves import eased, wandering
from imuhip.simulation.ideal_imu import SegmentMotion, attach
from imuhip.simulation.mounting import Mount

__all__ = ["OffBody", "mounted_anew", "off_body", "taken_off"]

_Y = np.array([0.0, 1.0, 0.0])
_AROUND_DEG, _TILT_DEG, _PLACE_M = 5.0, 3.0, 0.01
_FIRST_S, _EACH_S = 3.0, 5.0
_CARRY_S, _STRAP_S, _BEFORE_END_S = 4.0, 7.0, 3.0
_TABLE_M = np.array([0.6, 0.5, -0.2])
_FACE_DEG = 3.0

Carried = tuple[FloatArray, FloatArray]
"""A sensor's orientation and place in the bone: (4,) and (3,), or with a row per sample."""


@dataclass(frozen=True, slots=True)
class OffBody:
    """When a sensor is taken off and when it is worn again, s."""

    off_s: float
    on_s: float


def off_body(pause_s: tuple[float, float], order: int) -> OffBody:
    """Return when the sensor handled as `order`-th is off the body, at most six of them."""
    return OffBody(
        off_s=pause_s[0] + _FIRST_S + order * _EACH_S,
        on_s=pause_s[1] - _BEFORE_END_S - (5 - min(order, 5)) * 0.5 * _EACH_S,
    )


def mounted_anew(mount: Mount, rng: np.random.Generator) -> Mount:
    """Return where a sensor sits after it was strapped on again."""
    around = quaternion.about_axis(_Y, np.radians(_AROUND_DEG) * rng.normal())
    tilt = quaternion.from_rotation_vector(np.radians(_TILT_DEG) * rng.normal(0.0, 1.0, 3))
    q_BS = quaternion.multiply(quaternion.multiply(around, mount.q_BS), tilt)
    place = quaternion.rotate(around, mount.r_BS_m) + _PLACE_M * rng.normal(0.0, 1.0, 3)
    return replace(mount, q_BS=q_BS, r_BS_m=place)


def taken_off(
    motion: SegmentMotion, before: Carried, after: Carried, off: OffBody, rng: np.random.Generator
) -> Carried:
    """Return a sensor's (n, 4) orientation and (n, 3) place in the bone, off the body included.

    Parameters
    ----------
    motion : SegmentMotion
        Of the bone.
    before, after : Carried
        How the bone carries the sensor before the pause and after it.
    off : OffBody
    rng : numpy.random.Generator
        Draws the hand and the table.
    """
    n_rows = len(motion.time_s)
    first, last = (int(np.searchsorted(motion.time_s, at)) for at in (off.off_s, off.on_s))
    q_BS = np.empty((n_rows, 4))
    r_BS_m = np.empty((n_rows, 3))
    for rows, worn in ((slice(0, first), before), (slice(first, n_rows), after)):
        q_BS[rows] = worn[0] if worn[0].ndim == 1 else worn[0][rows]
        r_BS_m[rows] = worn[1] if worn[1].ndim == 1 else worn[1][rows]
    left = SegmentMotion(
        motion.time_s[first - 6 : first],
        motion.q_WB[first - 6 : first],
        motion.position_W[first - 6 : first],
    )
    start = attach(left, q_BS[first - 6 : first], r_BS_m[first - 6 : first])
    worn_again = attach(
        SegmentMotion(
            motion.time_s[first:last], motion.q_WB[first:last], motion.position_W[first:last]
        ),
        q_BS[first:last],
        r_BS_m[first:last],
    )
    q_WS, p_W = _way(worn_again, start.q_WB[-1], start.position_W[-1], rng)
    back = quaternion.conjugate(motion.q_WB[first:last])
    q_BS[first:last] = quaternion.multiply(back, q_WS)
    r_BS_m[first:last] = quaternion.rotate(back, p_W - motion.position_W[first:last])
    return q_BS, r_BS_m


def _way(
    worn_again: SegmentMotion, q: FloatArray, place: FloatArray, rng: np.random.Generator
) -> Carried:
    """Return the way of a sensor from the body over the table and back, in the world."""
    n_rows = len(worn_again.time_s)
    rate_hz = 1.0 / float(worn_again.time_s[1] - worn_again.time_s[0])
    carry, strap = round(_CARRY_S * rate_hz), round(_STRAP_S * rate_hz)
    table = place + _TABLE_M + 0.1 * rng.normal(0.0, 1.0, 3)
    q_WS, p_W = np.empty((n_rows, 4)), np.empty((n_rows, 3))
    lying = (n_rows - 2 * carry - strap) // 2
    at = 0
    for _ in range(2):  # from the body to the table, and once from place to place on it
        there = table + np.array([*(0.15 * rng.normal(0.0, 1.0, 2)), 0.0])
        target = _on_a_face(rng)
        rows = slice(at, at + carry)
        q_WS[rows], p_W[rows] = _carried(carry, (q, place), (target, there), rng)
        q, place, at = target, there, at + carry + lying
        q_WS[rows.stop : at], p_W[rows.stop : at] = q, place
    q_WS[at:], p_W[at:] = q, place
    rows = slice(n_rows - strap, n_rows)
    # the hand goes where the sensor will be worn, which sways: so the way there is a blend
    share = np.minimum(_eased_to(strap, round(0.6 * strap)), 1.0)[:, None]
    goal_q, goal_p = worn_again.q_WB[rows], worn_again.position_W[rows]
    arc = quaternion.rotation_vector(quaternion.multiply(quaternion.conjugate(q), goal_q))
    q_WS[rows] = quaternion.multiply(
        quaternion.multiply(q, quaternion.from_rotation_vector(share * arc)),
        quaternion.from_rotation_vector(np.radians(15.0) * wandering(strap, rng, 6)),
    )
    p_W[rows] = place + share * (goal_p - place) + 0.03 * wandering(strap, rng, 6)
    return q_WS, p_W


def _eased_to(n_rows: int, n_moving: int) -> FloatArray:
    """Return 0 to 1 over the first `n_moving` rows, then 1."""
    return np.concatenate([eased(n_moving), np.ones(n_rows - n_moving)])


def _on_a_face(rng: np.random.Generator) -> FloatArray:
    """Return ``q_WS`` of a sensor that lies on one of its two large faces."""
    up = np.array([0.0, 0.0, float(rng.choice([-1.0, 1.0]))])
    level = quaternion.rotation_between(up, np.array([0.0, 0.0, 1.0]))
    facing = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), float(rng.uniform(-np.pi, np.pi)))
    uneven = quaternion.from_rotation_vector(np.radians(_FACE_DEG) * rng.normal(0.0, 1.0, 3))
    return quaternion.multiply(uneven, quaternion.multiply(facing, level))


def _carried(
    n_rows: int, start: Carried, end: Carried, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return the way a hand takes something from one pose to another."""
    share = eased(n_rows)[:, None]
    arc = quaternion.rotation_vector(quaternion.multiply(quaternion.conjugate(start[0]), end[0]))
    q_WS = quaternion.multiply(
        quaternion.multiply(start[0], quaternion.from_rotation_vector(share * arc)),
        quaternion.from_rotation_vector(np.radians(25.0) * wandering(n_rows, rng, 4)),
    )
    return q_WS, start[1] + share * (end[1] - start[1]) + 0.08 * wandering(n_rows, rng, 3)
