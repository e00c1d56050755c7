"""The heading through a whole session: block measurements, a drift model, and an anchor.

State ``[δ, δ̇, c]``: the heading's drift since the anchor, its rate, and a constant that holds the
true offset between the two worlds together with whatever bias soft tissue puts on the coupling.
A block measures ``δ + c``; δ is zero at the anchor, the end of a static pose. So the level comes
from the pose and the coupling only ever measures drift. Forwards it is a Kalman filter (live);
backwards a Rauch-Tung-Striebel smoother (offline, doi:10.2514/3.3166).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_blocks import HeadingBlocks, wrap

__all__ = ["UNKNOWN_SD_RAD", "DriftModel", "HeadingFilter", "HeadingTrack", "smooth_heading"]

UNKNOWN_SD_RAD = float(np.radians(30.0))
"""A heading known no better than that is not known."""

_GAIT_ROW = np.array([1.0, 0.0, 1.0])
_STANCE_ROW = np.array([1.0, 0.0, 0.0])


@dataclass(frozen=True, slots=True)
class DriftModel:
    """How fast the heading may wander."""

    wander_rad_per_sqrt_s: float = np.radians(0.02)
    other_wander_rad_per_sqrt_s: float = np.radians(0.3)
    """In movement that is not gait: 20 s of leg swings drift by more than 1°."""
    turn_scale: float = 0.007
    """Gyroscope scale error: what a turn of the whole body leaks into the heading."""
    rate_wander_rad_s_per_sqrt_s: float = np.radians(0.003)
    bias_wander_rad_per_sqrt_s: float = np.radians(0.005)
    start_sd_rad: float = np.radians(0.5)
    start_rate_sd_rad_s: float = np.radians(0.3)
    start_bias_sd_rad: float = np.pi
    gate: float = 9.0

    def noise(self, step_s: float, turned_rad: float, *, gait: bool) -> FloatArray:
        """Return the (3, 3) process noise of one step."""
        wander = self.wander_rad_per_sqrt_s if gait else self.other_wander_rad_per_sqrt_s
        return np.diag(
            [
                wander**2 * step_s + (self.turn_scale * turned_rad) ** 2,
                self.rate_wander_rad_s_per_sqrt_s**2 * step_s,
                self.bias_wander_rad_per_sqrt_s**2 * step_s,
            ]
        )


class HeadingFilter:
    """Kalman filter over blocks, forwards; starts at the anchor with δ = 0."""

    def __init__(self, model: DriftModel | None = None) -> None:
        self.model = model or DriftModel()
        self.state: FloatArray = np.zeros(3)
        self.covariance: FloatArray = np.diag(
            [
                self.model.start_sd_rad**2,
                self.model.start_rate_sd_rad_s**2,
                self.model.start_bias_sd_rad**2,
            ]
        )

    def predict(self, step_s: float, turned_rad: float, *, still: bool, gait: bool) -> None:
        """Move on by one block.

        A still person's heading does not drift. The drift rate is a property of the gait (scale
        errors times the coning of the thigh) and says nothing about other movement.
        """
        self.advance(*_step(self.model, step_s, turned_rad, still=still, gait=gait))

    def advance(self, F: FloatArray, noise: FloatArray) -> None:
        """Move on by a given transition (3, 3) and process noise (3, 3)."""
        self.state = F @ self.state
        self.covariance = F @ self.covariance @ F.T + noise

    def measure(self, heading_rad: float, variance_rad2: float) -> float:
        """Take in one block of gait; returns the innovation in rad (NaN when there is none)."""
        if not np.isfinite(variance_rad2):
            return float("nan")
        innovation = float(wrap(np.asarray(heading_rad - _GAIT_ROW @ self.state)))
        spread = float(_GAIT_ROW @ self.covariance @ _GAIT_ROW) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            # doubtful: believe it less, do not drop it
            variance_rad2 += innovation**2 / self.model.gate
        self._update(_GAIT_ROW, innovation, variance_rad2)
        return innovation

    def forget(self) -> None:
        """Lose the heading: a sensor was gone and came back in a world of its own."""
        self.covariance[0, 0] += np.pi**2

    def anchor(self, drift_rad: float, variance_rad2: float) -> bool:
        """Take in the drift seen at another stance; returns whether it was believed.

        A person who stands differently than in the pose must not pass for drift: what is farther
        off than drift can explain is left out altogether.
        """
        if not np.isfinite(variance_rad2):
            return False
        innovation = float(wrap(np.asarray(drift_rad - _STANCE_ROW @ self.state)))
        spread = float(_STANCE_ROW @ self.covariance @ _STANCE_ROW) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            return False
        self._update(_STANCE_ROW, innovation, variance_rad2)
        return True

    def _update(self, row: FloatArray, innovation: float, variance_rad2: float) -> None:
        """Joseph's form, which keeps the covariance positive."""
        gain = self.covariance @ row / (float(row @ self.covariance @ row) + variance_rad2)
        self.state = self.state + gain * innovation
        keep = np.eye(3) - np.outer(gain, row)
        self.covariance = keep @ self.covariance @ keep.T + np.outer(gain, gain) * variance_rad2


def _step(
    model: DriftModel, step_s: float, turned_rad: float, *, still: bool, gait: bool
) -> tuple[FloatArray, FloatArray]:
    """Return transition and process noise of one block."""
    F = np.eye(3)
    if still:
        return F, np.zeros((3, 3))
    if gait:
        F[0, 1] = step_s
    return F, model.noise(step_s, turned_rad, gait=gait)


@dataclass(frozen=True, slots=True)
class HeadingTrack:
    """The heading at the middle of each block.

    Parameters
    ----------
    heading_rad : (b,) array, rad
        δ + c: from the thigh's to the pelvis' world.
    drift_sd_rad : (b,) array, rad
        One sigma of the drift since the pose, that is of hip rotation's heading part.
    rate_rad_s : (b,) array, rad/s
        Drift rate.
    innovation_rad : (b,) array, rad
        Block measurement minus its prediction, NaN where none.
    """

    heading_rad: FloatArray
    drift_sd_rad: FloatArray
    rate_rad_s: FloatArray
    innovation_rad: FloatArray


def smooth_heading(
    blocks: HeadingBlocks,
    step_s: float,
    turned_rad: FloatArray,
    still: BoolArray,
    gait: BoolArray,
    anchor_block: int,
    *,
    stances: Mapping[int, tuple[float, float]] | None = None,
    unseen_rad2: FloatArray | None = None,
    model: DriftModel | None = None,
) -> HeadingTrack:
    """Estimate the heading of every block from all of them.

    Parameters
    ----------
    blocks : HeadingBlocks
        One a block over the whole session.
    step_s : float
        Block length.
    turned_rad : (b,) array, rad
        How far the pelvis turned about the vertical during each block.
    still, gait : (b,) bool arrays
        Blocks in which the person stood still, and in which they walked or ran.
    anchor_block : int
        The block at which the static pose ended. Gait before it is tracked from there backwards in
        time; where there is none, blocks take the anchor's value.
    stances : mapping of block to (drift rad, variance rad²), optional
        Other times the person stood as in the pose.
    unseen_rad2 : (b,) array, rad², optional
        Variance of the turns that happened inside gaps of each block.
    """
    before = slice(anchor_block, None, -1)
    if blocks.usable[before].any():
        earlier = _one_way(
            HeadingBlocks(blocks.heading_rad[before], blocks.variance_rad2[before]),
            step_s,
            turned_rad[before],
            still[before],
            gait[before],
            0,
            unseen_rad2=None if unseen_rad2 is None else unseen_rad2[before],
            model=model,
        )
    else:
        earlier = None
    later = _one_way(
        blocks,
        step_s,
        turned_rad,
        still,
        gait,
        anchor_block,
        stances=stances,
        unseen_rad2=unseen_rad2,
        model=model,
    )
    return later if earlier is None else _both_ways(earlier, later, blocks, anchor_block)


def _both_ways(
    earlier: HeadingTrack, later: HeadingTrack, blocks: HeadingBlocks, anchor_block: int
) -> HeadingTrack:
    """Put the track backwards from the anchor before the one forwards from it."""
    if not blocks.usable[anchor_block + 1 :].any():  # forwards nothing tells the offset
        offset = earlier.heading_rad[0] - later.heading_rad[anchor_block]
        later = replace(later, heading_rad=later.heading_rad + offset)
    own = slice(None, 0, -1)

    def joined(before: FloatArray, after: FloatArray) -> FloatArray:
        return np.concatenate([before[own], after[anchor_block:]])

    return HeadingTrack(
        joined(earlier.heading_rad, later.heading_rad),
        joined(earlier.drift_sd_rad, later.drift_sd_rad),
        joined(-earlier.rate_rad_s, later.rate_rad_s),
        joined(earlier.innovation_rad, later.innovation_rad),
    )


def _one_way(
    blocks: HeadingBlocks,
    step_s: float,
    turned_rad: FloatArray,
    still: BoolArray,
    gait: BoolArray,
    anchor_block: int,
    *,
    stances: Mapping[int, tuple[float, float]] | None = None,
    unseen_rad2: FloatArray | None = None,
    model: DriftModel | None = None,
) -> HeadingTrack:
    """Filter forwards from the anchor and smooth back to it."""
    n_blocks = len(blocks.heading_rad)
    forwards = HeadingFilter(model)
    states, covariances = np.zeros((n_blocks, 3)), np.zeros((n_blocks, 3, 3))
    steps = np.tile(np.eye(3), (n_blocks, 1, 1))
    noises = np.zeros((n_blocks, 3, 3))
    innovation = np.full(n_blocks, np.nan)
    for k in range(anchor_block, n_blocks):
        if k > anchor_block:
            kind = {"still": bool(still[k]), "gait": bool(gait[k])}
            steps[k], noises[k] = _step(forwards.model, step_s, float(turned_rad[k]), **kind)
            if unseen_rad2 is not None:
                noises[k, 0, 0] += 0.5 * (unseen_rad2[k - 1] + unseen_rad2[k])
            forwards.advance(steps[k], noises[k])
        if stances and k in stances:
            forwards.anchor(*stances[k])
        innovation[k] = forwards.measure(blocks.heading_rad[k], blocks.variance_rad2[k])
        states[k], covariances[k] = forwards.state, forwards.covariance
    _rauch_tung_striebel(states, covariances, steps, noises, anchor_block)
    states[:anchor_block] = states[anchor_block]
    covariances[:anchor_block] = covariances[anchor_block]
    return HeadingTrack(
        heading_rad=states[:, 0] + states[:, 2],
        drift_sd_rad=np.sqrt(np.maximum(covariances[:, 0, 0], 0.0)),
        rate_rad_s=states[:, 1],
        innovation_rad=innovation,
    )


def _rauch_tung_striebel(
    states: FloatArray,
    covariances: FloatArray,
    steps: FloatArray,
    noises: FloatArray,
    first: int,
) -> None:
    """Smooth in place, from the last block back to `first`."""
    for k in range(len(states) - 2, first - 1, -1):
        F = steps[k + 1]
        predicted = F @ covariances[k] @ F.T + noises[k + 1]
        gain = np.linalg.solve(predicted, F @ covariances[k]).T
        states[k] += gain @ (states[k + 1] - F @ states[k])
        covariances[k] += gain @ (covariances[k + 1] - predicted) @ gain.T
