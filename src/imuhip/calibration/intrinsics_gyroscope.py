"""Scale and cross-axis factors of a gyroscope, without a turn-table.

Two things are known of how a sensor was turned by hand between two poses in which it lay still.
Gravity, by its calibrated accelerometer: turned by the gyroscope, upwards before must be upwards
after (Tedaldi, Pretto and Menegatti 2014, doi:10.1109/ICRA.2014.6907297). That tells of rotations
about level axes and of all cross-axis factors, since moves turn about many axes. And where it was
turned flat on a table by whole turns, back to the same edge, the rotation about the vertical: its
remainder must be nil, whatever the number of turns, which nobody has to count. Ten turns by
0.7 % too much are 25 degrees, so an edge met to a degree gives the scale to 0.03 %.

Both enter one least squares, the rotations integrated in full, so that a tilting hand does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imuhip.calibration.bench_rests import Move, turned
from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["UP_SD_RAD", "UP_SD_SIX_FACES_RAD", "GyroscopeFit", "count_full_turns", "fit_gyroscope"]

UP_SD_RAD = float(np.radians(0.06))
"""How exactly gravity is known after a move, of an accelerometer calibrated in all directions."""
UP_SD_SIX_FACES_RAD = float(np.radians(0.25))
"""The same where its axes may be crossed by 0.3 %."""
_EDGE_SD_RAD = np.radians(1.0)
"""How exactly hands meet an edge again."""
_LEAST_TURNS = 2.5
_SAME_UP_RAD = np.radians(8.0)
_LEVEL_SHARE = 0.97
_LARGEST_EDGE_PER_UP = 200.0
"""Of the rotation left after full turns, in units of the doubt about gravity: 12 or 50 degrees."""
_LARGEST_UP_RAD = np.radians(1.0)
_LARGEST_SD = np.full((3, 3), 0.006)
np.fill_diagonal(_LARGEST_SD, 0.002)
_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class GyroscopeFit:
    """A gyroscope's errors: ``true = scale (read - bias)``.

    Parameters
    ----------
    bias_rad_s : (3,) array, rad/s
        At rest, mean of all poses; it wanders, and every analysis finds it anew.
    scale : (3, 3) array
    scale_sd : (3, 3) array
        One-sigma uncertainty of each factor.
    moves : int
        Moves between poses used, full turns among them.
    full_turns : (3,) array
        Whole turns on the table used, by the sensor axis nearest to upwards.
    error_before_deg, residual_deg : float, degrees
        Root mean square of how far gravity is off after a move, as read and corrected.
    edge_before_deg, edge_deg : float, degrees
        The same of the edge after full turns; NaN without.
    """

    bias_rad_s: FloatArray
    scale: FloatArray
    scale_sd: FloatArray
    moves: int
    full_turns: FloatArray
    error_before_deg: float
    residual_deg: float
    edge_before_deg: float
    edge_deg: float

    def applied(self, gyr: FloatArray) -> FloatArray:
        """Return (n, 3) rates without these errors, rad/s."""
        return np.asarray((gyr - self.bias_rad_s) @ self.scale.T)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """A move and what is known of its ends; `edge` where it was whole turns on a table."""

    move: Move
    up_before: FloatArray
    up_after: FloatArray
    turns: float
    edge: bool


def fit_gyroscope(
    moves: Sequence[Move],
    up_S: FloatArray,
    bias_rad_s: FloatArray,
    up_sd_rad: float = UP_SD_RAD,
    *,
    use_gravity: bool = True,
    use_edges: bool = True,
) -> tuple[GyroscopeFit | None, list[str]]:
    """Fit a gyroscope to moves between poses.

    Parameters
    ----------
    moves : sequence of Move
    up_S : (n, 3) array
        Upwards in the sensor in each pose, unit, by its calibrated accelerometer.
    bias_rad_s : (3,) array, rad/s
        Mean rate at rest, kept with the result.
    up_sd_rad : float, rad
        One-sigma uncertainty of `up_S`.
    use_gravity, use_edges : bool
        Leave one kind of evidence out, to see what it is worth; edges alone tell no cross-axis.

    Returns
    -------
    fit : GyroscopeFit or None
        None when the moves do not tell all nine factors.
    notes : list of str
        Moves left out, and what is missing.
    """
    evidence = [_evidence(move, up_S) for move in moves]
    solver = _Solver(up_sd_rad, gravity=use_gravity)
    notes: list[str] = []
    scale = np.eye(3)
    if use_gravity and evidence:
        # Gravity alone first: it knows the scale well enough to tell a missed edge from a scale.
        scale, _ = solver.solve([replace(one, edge=False) for one in evidence])
        evidence, told = _without_outliers(evidence, scale, up_sd_rad)
        notes += told
    if not use_edges:
        evidence = [replace(one, edge=False) for one in evidence]
    scale, covariance = solver.solve(evidence, scale)
    sd = np.sqrt(np.diagonal(covariance)).reshape(3, 3)
    weak = np.any(sd > _LARGEST_SD, axis=0)
    if weak.any() or not evidence:
        return None, [*notes, _turns_missing(weak)]
    return _result(evidence, scale, sd, bias_rad_s), notes


def _evidence(move: Move, up_S: FloatArray) -> _Evidence:
    before, after = up_S[move.first], up_S[move.first + 1]
    rate = 0.5 * (move.gyr[:-1] + move.gyr[1:])
    spin = float(move.step_s @ rate @ before)
    whole = float(move.step_s @ np.linalg.norm(rate, axis=1))
    turns = spin / (2.0 * np.pi)
    flat = np.linalg.norm(before - after) < _SAME_UP_RAD and abs(spin) > _LEVEL_SHARE * whole
    return _Evidence(move, before, after, turns, bool(flat and abs(turns) > _LEAST_TURNS))


def count_full_turns(moves: Sequence[Move], up_S: FloatArray) -> FloatArray:
    """Return (3,): whole turns flat on a table so far, by the sensor axis nearest to upwards.

    Parameters
    ----------
    moves : sequence of Move
    up_S : (n, 3) array
        Upwards in the sensor in each pose, unit; to some degrees is good enough.
    """
    return _by_axis([one for one in (_evidence(move, up_S) for move in moves) if one.edge])


def _by_axis(edges: Sequence[_Evidence]) -> FloatArray:
    turns = np.zeros(3)
    for one in edges:
        turns[np.argmax(np.abs(one.up_before))] += abs(round(one.turns))
    return turns


def _gravity_error(one: _Evidence, scale: FloatArray) -> FloatArray:
    """Return (..., 3): upwards after the move, turned back, less upwards before."""
    return quaternion.rotate(turned(one.move, scale), one.up_after) - one.up_before


def _edge_error_rad(one: _Evidence, scale: FloatArray) -> FloatArray:
    """Return (...): the rotation about the vertical beyond whole turns, -pi to pi."""
    q = turned(one.move, scale)
    angle = 2.0 * np.arctan2(q[..., 1:] @ one.up_before, q[..., 0])
    return np.asarray(np.remainder(angle + np.pi, 2.0 * np.pi) - np.pi)


@dataclass(frozen=True, slots=True)
class _Solver:
    """Gauss-Newton over the nine factors.

    A weak prior (5 %) keeps factors that nothing speaks of; their uncertainty then says so.
    """

    up_sd_rad: float
    gravity: bool

    def solve(
        self, evidence: Sequence[_Evidence], start: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Return the scale and the (9, 9) covariance of its factors."""
        scale = np.eye(3) if start is None else start
        shifts = _STEP * np.eye(9).reshape(9, 3, 3)
        prior = self._prior()
        for _ in range(12):
            r = self._residuals(evidence, np.concatenate([scale + shifts, scale - shifts]))
            J = (r[:9] - r[9:]).T / (2.0 * _STEP)
            information = J.T @ J + prior
            gradient = J.T @ (0.5 * (r[:9] + r[9:])).mean(axis=0)
            gradient += prior @ (scale - np.eye(3)).ravel()
            step = -np.linalg.solve(information, gradient)
            scale = scale + step.reshape(3, 3)
            if np.abs(step).max() < 1e-8:
                break
        r = self._residuals(evidence, scale)
        excess = max(1.0, float(r @ r) / max(1, len(r) - 9))
        return scale, np.asarray(np.linalg.inv(information) * excess)

    def _prior(self) -> FloatArray:
        sd = np.full((3, 3), 0.05 if self.gravity else 1e-6)
        np.fill_diagonal(sd, 0.05)
        return np.diag(1.0 / sd.ravel() ** 2)

    def _residuals(self, evidence: Sequence[_Evidence], scale: FloatArray) -> FloatArray:
        """Return (..., m) residuals in units of their one-sigma."""
        parts = [np.zeros((*scale.shape[:-2], 0))]
        for one in evidence:
            if self.gravity:
                parts.append(_gravity_error(one, scale) / self.up_sd_rad)
            if one.edge:
                parts.append(_edge_error_rad(one, scale)[..., None] / _EDGE_SD_RAD)
        return np.concatenate(parts, axis=-1)


def _without_outliers(
    evidence: Sequence[_Evidence], scale: FloatArray, up_sd_rad: float
) -> tuple[list[_Evidence], list[str]]:
    """Drop moves in which something went wrong, and edges that were missed."""
    off = np.array([np.linalg.norm(_gravity_error(one, scale)) for one in evidence])
    limit = max(float(_LARGEST_UP_RAD), 5.0 * float(np.median(off)))
    largest_edge = _LARGEST_EDGE_PER_UP * up_sd_rad
    kept, notes = [], []
    for one, error in zip(evidence, off, strict=True):
        where = f"{one.move.start_s:.0f} s"
        if error > limit:
            notes.append(
                f"the move at {where} was left out:"
                f" gravity is {np.degrees(error):.1f}° off after it"
            )
            continue
        edge = abs(float(_edge_error_rad(one, scale))) if one.edge else 0.0
        if edge > largest_edge:
            notes.append(
                f"the turns at {where} ended {np.degrees(edge):.0f}° from the edge they began at;"
                " only gravity was used of them"
            )
        kept.append(replace(one, edge=one.edge and edge <= largest_edge))
    return kept, notes


def _turns_missing(weak: BoolArray) -> str:
    axes = (
        ", ".join(axis for axis, is_weak in zip("xyz", weak, strict=True) if is_weak) or "x, y, z"
    )
    return (
        f"the gyroscope was left as it is: too little rotation about {axes};"
        f" make ten full turns on the table with each of these axes upwards, and poses on edges"
    )


def _result(
    evidence: Sequence[_Evidence], scale: FloatArray, sd: FloatArray, bias_rad_s: FloatArray
) -> GyroscopeFit:
    edges = [one for one in evidence if one.edge]

    def gravity_deg(at: FloatArray) -> float:
        off = [np.linalg.norm(_gravity_error(one, at)) for one in evidence]
        return float(np.degrees(np.sqrt(np.mean(np.square(off)))))

    def edge_deg(at: FloatArray) -> float:
        if not edges:
            return float("nan")
        off = [_edge_error_rad(one, at) for one in edges]
        return float(np.degrees(np.sqrt(np.mean(np.square(off)))))

    return GyroscopeFit(
        bias_rad_s=bias_rad_s,
        scale=scale,
        scale_sd=sd,
        moves=len(evidence),
        full_turns=_by_axis(edges),
        error_before_deg=gravity_deg(np.eye(3)),
        residual_deg=gravity_deg(scale),
        edge_before_deg=edge_deg(np.eye(3)),
        edge_deg=edge_deg(scale),
    )
