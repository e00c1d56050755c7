"""How late a thigh sensor's clock is against the pelvis sensor's, told from the motion itself.

The hip centre belongs to both segments, so the specific force there, seen from either, must rise
and fall at the same instants. A clock that runs `τ` late shows the thigh's force `τ` later:
``f_pelvis(t) = Rz(δ) f_thigh(t + τ)``. The vertical part of it needs no heading at all; the
horizontal parts carry as much information again and err the other way with soft tissue, so that all
three together are better than any one. `τ` and both joint vectors are found by robust least squares
(Gauss-Newton, `τ` through the derivative of the thigh's force), the headings by blocks in between.

Soft tissue moves with the stride, the same way every time. Its pull on `τ` does not average out
over a session, and all of it counts as no more than half a second of independent data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_blocks import heading_blocks, turn_about_z
from imuhip.kinematics.hip_centre import PointForce
from imuhip.kinematics.joint_vectors import VectorPrior

__all__ = ["SYNC_BAND_HZ", "SYNC_BLOCK_S", "SyncEstimate", "estimate_sync"]

SYNC_BAND_HZ = (0.6, 10.0)
"""Steep enough to time by; above, what a sensor feels is its strap."""

SYNC_BLOCK_S = 10.0
"""The heading is taken as constant for so long, and the offset found once."""

_INDEPENDENT_S = 0.5
_START_SD_S = 0.03
_MODEL_SD_S = 0.0003
"""What a sensor's own delays and the interpolation leave, however well the forces agree."""

_FIRST_ITERATIONS = 3
_ITERATIONS = 6
_SKEW_BLOCKS = 6
"""Fewer blocks are no base for a rate."""

_SKEW_SPAN_S = 300.0


@dataclass(frozen=True, slots=True)
class SyncEstimate:
    """How late one sensor's times are.

    Parameters
    ----------
    offset_s : float
        Stated minus true time in the middle of the gait looked at.
    sd_s : float
        One sigma, soft tissue included.
    skew : float
        Growth of the offset, s per s; 0 unless it is beyond doubt.
    middle_s : float
        When the offset holds.
    blocks : int
        Stretches of `SYNC_BLOCK_S` that gave an offset of their own.
    """

    offset_s: float
    sd_s: float
    skew: float
    middle_s: float
    blocks: int

    def at(self, time_s: FloatArray) -> FloatArray:
        """Return the offset (n,) in s at the given times (n,) in s."""
        return np.asarray(self.offset_s + self.skew * (time_s - self.middle_s))


@dataclass(frozen=True)
class _Fit:
    vectors_m: FloatArray
    offset_s: float
    sd_s: float
    misfit: float
    heading_rad: FloatArray


def estimate_sync(
    pelvis: PointForce,
    thigh: PointForce,
    usable: BoolArray,
    time_s: FloatArray,
    priors: tuple[VectorPrior, VectorPrior],
    rate_hz: float,
) -> SyncEstimate | None:
    """Estimate how late the thigh sensor's times are.

    Parameters
    ----------
    pelvis, thigh : PointForce
        Rows of gait, filtered to `SYNC_BAND_HZ`, in whole blocks of `SYNC_BLOCK_S` one after the
        other; the blocks need not follow each other in time.
    usable : (n,) bool array
        Rows to use; not those within 0.3 s of where time jumps.
    time_s : (n,) array, s
    priors : pair of VectorPrior
        Of pelvis and thigh; facing need not be known.
    rate_hz : float
        Of the rows.

    Returns
    -------
    SyncEstimate or None
        None where not a single block is usable.
    """
    block = round(SYNC_BLOCK_S * rate_hz)
    n_rows = len(pelvis) // block * block
    if usable[:n_rows].sum() < 0.5 * block:
        return None
    pelvis, thigh = pelvis.part(slice(0, n_rows)), thigh.part(slice(0, n_rows))
    usable, time_s = usable[:n_rows], time_s[:n_rows]
    rate = np.zeros(n_rows)  # the part of the offset that grows with time
    skew, middle_s, offsets = 0.0, float(time_s[usable].mean()), np.empty(0)
    for _ in range(2):
        start = _fit(pelvis, thigh, usable, priors, rate_hz, rate, None)
        fits = [
            _fit(pelvis, thigh, usable, priors, rate_hz, rate, start, half_turn=half_turn)
            for half_turn in (False, True)
        ]
        found = min(fits, key=lambda fit: fit.misfit)
        offsets, middles = _by_block(found, pelvis, thigh, usable, rate, time_s, rate_hz)
        grown = _skew(offsets, middles)
        if grown == 0.0:
            break
        skew += grown
        rate = skew * (time_s - middle_s)
    scatter = float(np.std(offsets)) / np.sqrt(len(offsets)) if len(offsets) > 1 else 0.0
    return SyncEstimate(
        found.offset_s, float(np.hypot(found.sd_s, scatter)), skew, middle_s, len(offsets)
    )


def _fit(
    pelvis: PointForce,
    thigh: PointForce,
    usable: BoolArray,
    priors: tuple[VectorPrior, VectorPrior],
    rate_hz: float,
    grown_s: FloatArray,
    start: _Fit | None,
    *,
    half_turn: bool = False,
) -> _Fit:
    """Find the offset and both vectors from all rows; without a start, from the vertical alone."""
    vectors = (
        np.concatenate([prior.mean_m for prior in priors]) if start is None else start.vectors_m
    )
    offset_s = 0.0 if start is None else start.offset_s
    for iteration in range(_FIRST_ITERATIONS if start is None else _ITERATIONS):
        late = _shifted(thigh, (offset_s + grown_s) * rate_hz)
        slope = np.gradient(late.at(vectors[3:]), 1.0 / rate_hz, axis=0)
        if start is None:
            heading = np.zeros(len(late))
        else:
            heading = _headings(pelvis, late, vectors, usable, rate_hz)
            heading = heading + (np.pi if half_turn and iteration == 0 else 0.0)
        information, pull, misfit = _normal_equations(
            pelvis, late, slope, heading, usable, vectors, (2,) if start is None else (0, 1, 2)
        )
        for k, prior in enumerate(priors):
            rows = slice(3 * k, 3 * k + 3)
            inverse = np.linalg.inv(prior.covariance_m2)
            information[rows, rows] += inverse
            pull[rows] += inverse @ prior.mean_m
        information[6, 6] += _START_SD_S**-2
        solution = np.linalg.solve(information, pull)
        vectors, offset_s = solution[:6], offset_s + float(solution[6])
    sd_s = float(np.hypot(np.sqrt(np.linalg.inv(information)[6, 6]), _MODEL_SD_S))
    return _Fit(vectors, offset_s, sd_s, misfit, heading)


def _shifted(force: PointForce, rows: FloatArray) -> PointForce:
    """Return the force `rows` (n,) rows later, by cubics through four points."""
    n_rows = len(force)
    flat = np.concatenate([force.fixed, force.lever.reshape(n_rows, 9)], axis=1)
    at = np.clip(np.arange(n_rows) + rows, 1.0, max(n_rows - 3.0, 1.0))
    base = np.minimum(at.astype(int), n_rows - 3)
    t = (at - base)[:, None]
    flat = (
        -t * (t - 1) * (t - 2) / 6 * flat[base - 1]
        + (t + 1) * (t - 1) * (t - 2) / 2 * flat[base]
        - (t + 1) * t * (t - 2) / 2 * flat[base + 1]
        + (t + 1) * t * (t - 1) / 6 * flat[base + 2]
    )
    return PointForce(flat[:, :3], flat[:, 3:].reshape(n_rows, 3, 3))


def _headings(
    pelvis: PointForce, thigh: PointForce, vectors: FloatArray, usable: BoolArray, rate_hz: float
) -> FloatArray:
    """Return the heading (n,) of each row's block; NaN where there is none."""
    block = round(SYNC_BLOCK_S * rate_hz)
    found = heading_blocks(pelvis.at(vectors[:3]), thigh.at(vectors[3:]), usable, block, rate_hz)
    return np.repeat(found.heading_rad, block)


def _normal_equations(
    pelvis: PointForce,
    thigh: PointForce,
    slope: FloatArray,
    heading_rad: FloatArray,
    usable: BoolArray,
    vectors: FloatArray,
    components: tuple[int, ...],
) -> tuple[FloatArray, FloatArray, float]:
    """Return information (7, 7), pull (7,) and squared misfit for vectors and offset."""
    rows = usable & np.isfinite(heading_rad)
    # all that turns with the thigh, a row of each component: fixed, lever, slope
    whole = np.concatenate([thigh.fixed[..., None], thigh.lever, slope[..., None]], axis=2)[rows]
    cosine, sine = np.cos(heading_rad[rows])[:, None], np.sin(heading_rad[rows])[:, None]
    turned = (
        cosine * whole[:, 0] - sine * whole[:, 1],
        sine * whole[:, 0] + cosine * whole[:, 1],
        whole[:, 2],
    )
    information, pull, total = np.zeros((7, 7)), np.zeros(7), 0.0
    for k in components:
        design = np.concatenate([pelvis.lever[rows, k], -turned[k][:, 1:]], axis=1)
        target = turned[k][:, 0] - pelvis.fixed[rows, k]
        misfit = design[:, :6] @ vectors - target
        scale = float(np.median(np.abs(misfit))) / 0.6745 + 1e-6 if len(misfit) else 1.0
        weight = 1.0 / (1.0 + (misfit / (2.385 * scale)) ** 2)  # Cauchy
        # 2 * bandwidth samples a second are independent, for as long as they are at all.
        weight *= 2 * SYNC_BAND_HZ[1] * _INDEPENDENT_S / max(len(misfit), 1) / scale**2
        information += (design * weight[:, None]).T @ design
        pull += (design * weight[:, None]).T @ target
        total += scale**2
    return information, pull, total


def _by_block(
    found: _Fit,
    pelvis: PointForce,
    thigh: PointForce,
    usable: BoolArray,
    grown_s: FloatArray,
    time_s: FloatArray,
    rate_hz: float,
) -> tuple[FloatArray, FloatArray]:
    """Return each block's own offset (s), less the part already known to grow, and its time (s)."""
    late = _shifted(thigh, (found.offset_s + grown_s) * rate_hz).at(found.vectors_m[3:])
    slope = np.gradient(late, 1.0 / rate_hz, axis=0)
    rows = usable & np.isfinite(found.heading_rad)
    turn = np.where(rows, found.heading_rad, 0.0)
    misfit = turn_about_z(late, turn) - pelvis.at(found.vectors_m[:3])
    slope = turn_about_z(slope, turn)
    scale = np.median(np.abs(misfit[rows]), axis=0) / 0.6745 + 1e-6
    weight = rows[:, None] / scale**2 / (1.0 + (misfit / (2.385 * scale)) ** 2)
    block = round(SYNC_BLOCK_S * rate_hz)
    n_blocks = len(late) // block

    def per_block(values: FloatArray) -> FloatArray:
        return np.asarray(values.reshape(n_blocks, -1).sum(axis=1))

    power = per_block(weight * slope**2)
    good = per_block(rows.astype(float)) > 0.5 * block
    step = -per_block(weight * slope * misfit)[good] / power[good]
    return found.offset_s + step, time_s.reshape(n_blocks, block).mean(axis=1)[good]


def _skew(offset_s: FloatArray, middle_s: FloatArray) -> float:
    """Return the slope (s per s) when the blocks leave no doubt about it, else 0."""
    if len(offset_s) < _SKEW_BLOCKS or np.ptp(middle_s) < _SKEW_SPAN_S:
        return 0.0
    at = middle_s - middle_s.mean()
    slope = float(at @ offset_s / (at @ at))
    rest = offset_s - offset_s.mean() - slope * at
    slope_sd = float(np.sqrt(rest @ rest / (len(at) - 2) / (at @ at)))
    grown_s = abs(slope) * float(np.ptp(middle_s))
    return slope if abs(slope) > 3.0 * slope_sd and grown_s > 2e-3 else 0.0
