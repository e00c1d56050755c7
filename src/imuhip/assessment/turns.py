"""How far a segment has turned since rest: about one of its axes, or in all.

A test lasts seconds and is counted from the rest before it, so no heading has to be known: every
segment is compared with itself. Turns are split into the turn about the axis and the rest (swing
and twist), which for the last axis of the hip's Cardan sequence is the hip's own rotation where
flexion and adduction stay.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import FloatArray

__all__ = ["farthest", "main_axis", "spin", "total_turn", "turn_about", "turns_since"]


def turns_since(q_WB: FloatArray, q_WB_rest: FloatArray) -> FloatArray:
    """Return ``q_RB`` (n, 4): the segment in the frame it had at rest.

    Parameters
    ----------
    q_WB : (n, 4) array
    q_WB_rest : (4,) array
    """
    q = quaternion.multiply(quaternion.conjugate(q_WB_rest), q_WB)
    return np.asarray(np.where(q[..., :1] < 0.0, -q, q))


def turn_about(q_RB: FloatArray, axis_B: FloatArray) -> FloatArray:
    """Return the turn (n,) in rad about an axis of the segment at rest, within half a turn.

    Parameters
    ----------
    q_RB : (n, 4) array
        From `turns_since`.
    axis_B : (3,) array
        Unit vector.
    """
    return np.asarray(2.0 * np.arctan2(q_RB[..., 1:] @ axis_B, q_RB[..., 0]))


def total_turn(q_RB: FloatArray) -> FloatArray:
    """Return the whole turn (n,) in rad since rest, never negative."""
    return np.asarray(2.0 * np.arctan2(np.linalg.norm(q_RB[..., 1:], axis=-1), q_RB[..., 0]))


def main_axis(q_RB: FloatArray, towards_B: FloatArray) -> tuple[FloatArray, float]:
    """Return the axis (3,) the segment turns about, and the share of turning that is about it.

    The principal direction of the rotation vectors: of a repetition out and back, it is the axis
    itself, and sway of a few degrees about others hardly moves it.

    Parameters
    ----------
    q_RB : (n, 4) array
        From `turns_since`.
    towards_B : (3,) array
        About where the axis is: gives it its sign.
    """
    rotation = quaternion.rotation_vector(q_RB)
    power, axes = np.linalg.eigh(rotation.T @ rotation)
    axis = axes[:, -1] * (1.0 if axes[:, -1] @ towards_B >= 0.0 else -1.0)
    return axis, float(power[-1] / max(power.sum(), 1e-12))


def farthest(values: FloatArray) -> float:
    """Return the value farthest from zero, with its sign."""
    return float(values[np.argmax(np.abs(values))])


def spin(q_WB: FloatArray, step_s: float) -> FloatArray:
    """Return the angular rate (n, 3) in rad/s, in the segment's axes, from central differences.

    Parameters
    ----------
    q_WB : (n, 4) array
    step_s : float, s
        Between samples.
    """
    rows = np.arange(len(q_WB))
    before, after = np.maximum(rows - 1, 0), np.minimum(rows + 1, len(q_WB) - 1)
    turn = quaternion.multiply(quaternion.conjugate(q_WB[before]), q_WB[after])
    seconds = np.maximum(after - before, 1) * step_s
    return np.asarray(quaternion.rotation_vector(turn) / seconds[:, None])
