"""What is found once for each leg: flexion axis, hip centre, and which way the pelvis faces.

Order matters. The thighs' axes come from gait alone; with them the hip centre is found, first
without knowing which way the pelvis sensor faces; that gives the heading between the sensors'
worlds, which gives the facing, with which the hip centre is found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.calibration.alignment import pelvis_right_axis
from imuhip.calibration.anatomy import (
    pelvis_prior,
    pelvis_prior_unfacing,
    thigh_prior,
    thigh_prior_unfacing,
)
from imuhip.calibration.facing import aligned_axes, resolve_facing
from imuhip.calibration.gait_axis import GaitAxis
from imuhip.calibration.placement_check import LabelEvidence, label_evidence
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import AnalysisError
from imuhip.kinematics.hip_centre import PointForce
from imuhip.kinematics.joint_vectors import JointVectors, VectorPrior, find_joint_vectors
from imuhip.kinematics.strap_wobble import StrapWobble
from imuhip.kinematics.uncertainty import softness

__all__ = ["LegGeometry", "find_legs", "leg_softness", "sides_worn"]


@dataclass(frozen=True, slots=True)
class LegGeometry:
    """One leg.

    Parameters
    ----------
    axis : GaitAxis
        Of the thigh.
    vectors : JointVectors
        From both sensors to the hip centre.
    facing_evidence : float
        How strongly the data say which way is forwards, in standard deviations.
    labels : LabelEvidence, optional
        Whether left is left; the same for both legs.
    """

    axis: GaitAxis
    vectors: JointVectors
    facing_evidence: float
    labels: LabelEvidence | None = None


def leg_softness(
    legs: Mapping[Side, LegGeometry], wobble: Mapping[Side, StrapWobble]
) -> dict[Side, float]:
    """Return how soft the tissue under each thigh sensor is."""
    return {
        side: softness(leg.vectors.misfit, wobble[side].fast_rate_rad_s)
        for side, leg in legs.items()
    }


def sides_worn(segments: Mapping[str, object] | tuple[str, ...]) -> list[Side]:
    """Return the sides whose thigh carries a sensor."""
    return [side for side in SIDES if f"thigh_{side}" in segments]


def find_legs(
    q_WS: Mapping[str, FloatArray],
    forces: Mapping[Side, tuple[PointForce, PointForce]],
    axes: Mapping[Side, GaitAxis],
    up_S: Mapping[str, FloatArray],
    usable: BoolArray,
    rate_hz: float,
) -> tuple[dict[Side, LegGeometry], FloatArray]:
    """Find the geometry of every leg worn, and the pelvis' right.

    Parameters
    ----------
    q_WS : mapping of segment to (n, 4) array
        Sensors in their own worlds over some minutes of gait.
    forces : mapping of side to (pelvis, thigh) PointForce
        Filtered, same rows.
    axes : mapping of side to GaitAxis
    up_S : mapping of segment to (3,) array
        Vertical in the pose.
    usable : (n,) bool array
        Rows to use.
    rate_hz : float

    Returns
    -------
    legs : dict of side to LegGeometry
    pelvis_right_S : (3,) array

    Raises
    ------
    AnalysisError
        When too many samples were lost to find any heading.
    """
    vectors: dict[Side, JointVectors] = {}
    heading: dict[Side, FloatArray] = {}
    unfacing = VectorPrior(*pelvis_prior_unfacing(up_S["pelvis"]))
    for side, pair in forces.items():
        thigh = VectorPrior(*thigh_prior_unfacing(up_S[f"thigh_{side}"]))
        vectors[side], heading[side] = min(
            (
                find_joint_vectors(*pair, usable, (unfacing, thigh), rate_hz, half_turn=half_turn)
                for half_turn in (False, True)
            ),
            key=lambda found: found[0].residual_rms,
        )
    labels = _labels(q_WS, forces, axes, up_S, usable, vectors, heading)
    axes, evidence = resolve_facing(
        axes,
        {side: _facing(q_WS, {side: axes[side]}, heading, usable) for side in forces},
        {side: found.pelvis_m for side, found in vectors.items()},
    )
    right_S = _facing(q_WS, axes, heading, usable)
    for side, pair in forces.items():
        priors = (
            VectorPrior(*pelvis_prior(up_S["pelvis"], _level(right_S, up_S["pelvis"]), side)),
            VectorPrior(*thigh_prior(up_S[f"thigh_{side}"], axes[side].right_S, side)),
        )
        vectors[side], heading[side] = find_joint_vectors(
            *pair, usable, priors, rate_hz, start=vectors[side]
        )
    right_S = _facing(q_WS, axes, heading, usable)
    legs = {side: LegGeometry(axes[side], vectors[side], evidence, labels) for side in forces}
    return legs, right_S


def _labels(
    q_WS: Mapping[str, FloatArray],
    forces: Mapping[Side, tuple[PointForce, PointForce]],
    axes: Mapping[Side, GaitAxis],
    up_S: Mapping[str, FloatArray],
    usable: BoolArray,
    vectors: Mapping[Side, JointVectors],
    heading: Mapping[Side, FloatArray],
) -> LabelEvidence:
    """Judge whether left is left, from vectors found without knowing the facing."""
    right_P = {side: _facing(q_WS, {side: axes[side]}, heading, usable) for side in axes}
    axes, across = aligned_axes(axes, right_P)
    hips = {side: found.pelvis_m for side, found in vectors.items()}
    middle = np.mean([forces[side][0].at(hips[side]) for side in axes], axis=0)
    right_W = quaternion.rotate(q_WS["pelvis"], across)
    level = np.maximum(np.linalg.norm(right_W[:, :2], axis=1), 1e-6)
    return label_evidence(
        (middle[:, :2] * right_W[:, :2]).sum(axis=1) / level,
        {
            side: _lean(q_WS[f"thigh_{side}"], axis.right_S, up_S[f"thigh_{side}"])
            for side, axis in axes.items()
        },
        usable,
        sum(axis.sign_evidence for axis in axes.values()),
        float((hips["right"] - hips["left"]) @ across) if len(hips) == 2 else 0.0,
    )


def _lean(q_WS: FloatArray, right_S: FloatArray, pose_up_S: FloatArray) -> FloatArray:
    """Return how far (n,) rad the segment is flexed against the pose's vertical."""
    up = quaternion.rotate(quaternion.conjugate(q_WS), np.array([0.0, 0.0, 1.0]))
    return np.unwrap(-np.arctan2(up @ np.cross(right_S, pose_up_S), up @ pose_up_S))


def _level(axis: FloatArray, up: FloatArray) -> FloatArray:
    level = axis - (axis @ up) * up
    return np.asarray(level / np.linalg.norm(level))


def _facing(
    q_WS: Mapping[str, FloatArray],
    axes: Mapping[Side, GaitAxis],
    heading_rad: Mapping[Side, FloatArray],
    usable: BoolArray,
) -> FloatArray:
    """Return the pelvis' right from the thighs' axes and their headings."""
    rows = usable & np.isfinite(np.stack([heading_rad[side] for side in axes])).all(axis=0)
    if not rows.any():
        raise AnalysisError(
            f"only {100.0 * float(usable.mean()):.0f} % of the gait has samples of all sensors at"
            " once, too little to find how they sit",
            hint="Look at the sensors' loss counters with `imuhip check`; keep them nearer.",
            code="E605",
        )
    return pelvis_right_axis(
        q_WS["pelvis"][rows],
        {f"thigh_{side}": q_WS[f"thigh_{side}"][rows] for side in axes},
        {f"thigh_{side}": heading_rad[side][rows] for side in axes},
        {f"thigh_{side}": axis.right_S for side, axis in axes.items()},
    )
