"""Where the hip centre lies as seen from each sensor, found from gait itself.

With the heading of each block known, ``f_pelvis(r_p) - Rz(δ) f_thigh(r_t) = 0`` is linear in both
vectors; headings and vectors are found in turn. A Gaussian prior from anatomy keeps directions that
gait does not excite near sensible values. With soft tissue the result is the vector that explains
the motion best, not anatomy: it is never reported as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_blocks import HeadingBlocks, heading_blocks, turn_about_z
from imuhip.kinematics.hip_centre import PointForce

__all__ = ["JointVectors", "VectorPrior", "find_joint_vectors"]

_VECTOR_BLOCK_S = 10.0
"""Blocks are longer here than for the heading track: the drift within is small, the noise less."""

_ITERATIONS = 5


@dataclass(frozen=True, slots=True)
class VectorPrior:
    """Where the hip centre is expected from a sensor: mean (3,) and covariance (3, 3), m."""

    mean_m: FloatArray
    covariance_m2: FloatArray


@dataclass(frozen=True, slots=True)
class JointVectors:
    """Vectors from each sensor to the hip centre, (3,), m, each in its sensor's frame."""

    pelvis_m: FloatArray
    thigh_m: FloatArray
    residual_rms: float
    """Of the force, m/s² per component, after the fit."""
    force_rms: float
    """Of the force itself."""

    @property
    def misfit(self) -> float:
        """Return the share of the force on which both sensors disagree.

        Two rigid bodies with a common point would leave next to nothing; what is left is skin and
        strap, and so it tells how soft the tissue is.
        """
        return self.residual_rms / self.force_rms if self.force_rms > 0 else 1.0


def find_joint_vectors(
    pelvis: PointForce,
    thigh: PointForce,
    usable: BoolArray,
    priors: tuple[VectorPrior, VectorPrior],
    rate_hz: float,
    start: JointVectors | None = None,
    *,
    half_turn: bool = False,
) -> tuple[JointVectors, FloatArray]:
    """Find both vectors and the headings they imply.

    Parameters
    ----------
    pelvis, thigh : PointForce
        Filtered force over some minutes of gait.
    usable : (n,) bool array
        Rows to use.
    priors : pair of VectorPrior
        For pelvis and thigh.
    rate_hz : float
        Sample rate.
    start : JointVectors, optional
        Where to begin; the prior means by default.
    half_turn : bool
        Begin with the headings turned by half a turn: forces that go to and fro look alike both
        ways round, and the search cannot cross over. Compare ``residual_rms``.

    Returns
    -------
    vectors : JointVectors
    heading_rad : (n,) array, rad
        From the thigh's to the pelvis' world, constant over blocks of 10 s; NaN where unknown.
    """
    block = int(min(round(_VECTOR_BLOCK_S * rate_hz), len(pelvis)))
    r_pelvis = start.pelvis_m if start else priors[0].mean_m
    r_thigh = start.thigh_m if start else priors[1].mean_m
    blocks = heading_blocks(pelvis.at(r_pelvis), thigh.at(r_thigh), usable, block, rate_hz)
    if half_turn:
        blocks = replace(blocks, heading_rad=blocks.heading_rad + np.pi)
    residual = np.inf
    for _ in range(_ITERATIONS):
        heading = _per_sample(blocks, len(pelvis), block)
        rows = usable & np.isfinite(heading)
        if not rows.any():
            break
        r_pelvis, r_thigh, residual = _solve(
            pelvis.part(rows), thigh.part(rows), heading[rows], (r_pelvis, r_thigh), priors, rate_hz
        )
        blocks = heading_blocks(pelvis.at(r_pelvis), thigh.at(r_thigh), usable, block, rate_hz)
    heading = _per_sample(blocks, len(pelvis), block)
    used = pelvis.at(r_pelvis)[usable]
    force_rms = float(np.sqrt(np.mean(used**2))) if len(used) else 0.0
    return JointVectors(r_pelvis, r_thigh, float(residual), force_rms), heading


def _per_sample(blocks: HeadingBlocks, n_samples: int, block: int) -> FloatArray:
    heading = np.full(n_samples, np.nan)
    covered = len(blocks.heading_rad) * block
    heading[:covered] = np.repeat(blocks.heading_rad, block)
    if covered:
        heading[covered:] = blocks.heading_rad[-1]
    return heading


def _solve(
    pelvis: PointForce,
    thigh: PointForce,
    heading_rad: FloatArray,
    previous: tuple[FloatArray, FloatArray],
    priors: tuple[VectorPrior, VectorPrior],
    rate_hz: float,
) -> tuple[FloatArray, FloatArray, float]:
    """One robust, regularised least-squares step for both vectors."""
    target = turn_about_z(thigh.fixed, heading_rad) - pelvis.fixed
    turned = np.stack([turn_about_z(thigh.lever[:, :, k], heading_rad) for k in range(3)], axis=-1)
    design = np.concatenate([pelvis.lever, -turned], axis=2).reshape(-1, 6)
    target = target.reshape(-1)
    misfit = design @ np.concatenate(previous) - target
    scale = np.median(np.abs(misfit)) / 0.6745 + 1e-6
    weight = 1.0 / (1.0 + (misfit / (2.385 * scale)) ** 2)  # Cauchy
    # Samples inside the pass-band repeat each other: count one in (rate / 12 Hz) as new.
    weight *= 12.0 / rate_hz / scale**2
    information = np.zeros((6, 6))
    pull = np.zeros(6)
    for index, prior in enumerate(priors):
        rows = slice(3 * index, 3 * index + 3)
        inverse = np.linalg.inv(prior.covariance_m2)
        information[rows, rows] += inverse
        pull[rows] += inverse @ prior.mean_m
    information += (design * weight[:, None]).T @ design
    pull += (design * weight[:, None]).T @ target
    solution = np.linalg.solve(information, pull)
    residual = np.sqrt(np.mean((design @ solution - target) ** 2))
    vectors = np.asarray(solution, dtype=float)
    return vectors[:3], vectors[3:], float(residual)
