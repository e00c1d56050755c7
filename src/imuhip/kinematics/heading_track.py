"""The heading through a whole session, from all of its blocks.

Forwards from the anchor by the filter (`imuhip.kinematics.heading_filter`), backwards by a
Bryson-Frazier smoother (doi:10.1080/00207177008905953), which needs no inverses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.kinematics.drift_exposure import Exposed, HeadingSteps
from imuhip.kinematics.heading_blocks import HeadingBlocks, wrap
from imuhip.kinematics.heading_filter import (
    DRIFT,
    N_STATES,
    OFFSET,
    RATE,
    RUNNING,
    STANCE_ROW,
    WALKING_ROW,
    DriftModel,
    HeadingFilter,
    HeadingUpdate,
)

__all__ = ["HeadingTrack", "heading_at_rows", "smooth_heading"]

_MOST_SURPRISE = 9.0
_NOTHING_KNOWN_RAD2 = 1.0
_RESTLESS = 1.6
_RESTLESS_WANDERS = (np.radians(0.5), np.radians(1.0), np.radians(1.5), np.radians(2.0))
"""Drift in rad/√s beyond what a chip's constant errors explain: a real walker's loose thigh sensor
drifted by 13° in 8 s and then no more. Tried only where blocks surprise the usual model."""


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
        Drift rate in gait that the chips' errors do not explain.
    innovation_rad : (b,) array, rad
        Block measurement minus its prediction, NaN where none.
    chip_errors : (b, 18) array
        Scale and axis errors of the thigh's and the pelvis' gyroscope; constant on either side of
        the anchor. Empty where they are not kept (live).
    expected_rad2 : (b,) array, rad²
        Variance each innovation was expected to have, NaN where none; empty live.
    residual_rad : (b,) array, rad
        Block measurement minus the smoothed line, NaN where none; empty live.
    """

    heading_rad: FloatArray
    drift_sd_rad: FloatArray
    rate_rad_s: FloatArray
    innovation_rad: FloatArray
    chip_errors: FloatArray
    expected_rad2: FloatArray = field(default_factory=lambda: np.empty(0))
    residual_rad: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def surprise(self) -> float:
        """Return the mean square of innovations, each by what was expected; 1 or less is usual."""
        known = self.expected_rad2 < _NOTHING_KNOWN_RAD2
        square = self.innovation_rad[known] ** 2 / self.expected_rad2[known]
        return float(np.mean(np.minimum(square, _MOST_SURPRISE))) if known.any() else 0.0

    @property
    def likelihood(self) -> float:
        """Return the logarithm of how likely the blocks were, outliers bounded."""
        known = np.isfinite(self.expected_rad2)
        square = self.innovation_rad[known] ** 2 / self.expected_rad2[known]
        bounded = np.minimum(square, _MOST_SURPRISE)
        return float(-0.5 * np.sum(np.log(self.expected_rad2[known]) + bounded))


def heading_at_rows(track: HeadingTrack, exposed: Exposed, block: int) -> FloatArray:
    """Return the heading (n,) rad at every row.

    Between the middles of blocks it follows what the chips' errors make of the motion there, so
    that a turn drifts where it happens.

    Parameters
    ----------
    track : HeadingTrack
    exposed : Exposed
        See `imuhip.kinematics.drift_exposure.heading_steps`.
    block : int
        Rows in a block.
    """
    middles = np.arange(len(track.heading_rad)) * block + block // 2
    errors = track.chip_errors
    anchor = middles[np.argmax((errors == errors[-1]).all(axis=1))]
    drift = np.zeros(len(exposed))
    drift[anchor + 1 :] = np.cumsum(exposed.steps_of(errors[-1], slice(anchor + 1, None)))
    back = exposed.steps_of(errors[0], slice(1, anchor + 1))
    drift[:anchor] = -np.cumsum(back[::-1])[::-1]
    rest = np.interp(np.arange(len(exposed)), middles, track.heading_rad - drift[middles])
    return np.asarray(rest + drift)


def smooth_heading(
    blocks: HeadingBlocks,
    steps: HeadingSteps,
    anchor_block: int,
    *,
    stances: Mapping[int, tuple[float, float]] | None = None,
    model: DriftModel | None = None,
) -> HeadingTrack:
    """Estimate the heading of every block from all of them.

    Parameters
    ----------
    blocks : HeadingBlocks
        One a block over the whole session.
    steps : HeadingSteps
        The way from block to block.
    anchor_block : int
        The block at which the static pose ended. Gait before it is tracked from there backwards in
        time; where there is none, blocks take the anchor's value.
    stances : mapping of block to (drift rad, variance rad²), optional
        Other times the person stood as in the pose.
    model : DriftModel, optional
    """
    model = model or DriftModel()
    found = _smooth(blocks, steps, anchor_block, stances or {}, model)
    if found.surprise < _RESTLESS:
        return found
    models = [replace(model, wander_rad_per_sqrt_s=wander) for wander in _RESTLESS_WANDERS]
    others = [_smooth(blocks, steps, anchor_block, stances or {}, other) for other in models]
    return max([found, *others], key=lambda track: track.likelihood)


def _smooth(
    blocks: HeadingBlocks,
    steps: HeadingSteps,
    anchor_block: int,
    stances: Mapping[int, tuple[float, float]],
    model: DriftModel,
) -> HeadingTrack:
    """Estimate the heading under one model of drift."""
    start = HeadingFilter(model)
    later, smoothed = _one_way(
        start,
        HeadingBlocks(blocks.heading_rad[anchor_block:], blocks.variance_rad2[anchor_block:]),
        steps.part(slice(anchor_block, None)),
        {k - anchor_block: seen for k, seen in stances.items() if k >= anchor_block},
    )
    before = slice(anchor_block, None, -1)
    if anchor_block == 0 or not blocks.usable[before].any():
        return _held_before(later, anchor_block)
    earlier, _ = _one_way(
        smoothed,
        HeadingBlocks(blocks.heading_rad[before], blocks.variance_rad2[before]),
        steps.part(slice(None, anchor_block + 1)).backwards(),
        {anchor_block - k: seen for k, seen in stances.items() if k < anchor_block},
        skip_first=True,
    )
    if not blocks.usable[anchor_block + 1 :].any():  # forwards nothing tells the offset
        offset = earlier.heading_rad[0] - later.heading_rad[0]
        later = replace(later, heading_rad=later.heading_rad + offset)
    return _joined(earlier, later)


def _held_before(track: HeadingTrack, n_blocks: int) -> HeadingTrack:
    """Put blocks before the first that have its values."""

    def held(values: FloatArray) -> FloatArray:
        return np.concatenate([np.repeat(values[:1], n_blocks, axis=0), values])

    def unmeasured(values: FloatArray) -> FloatArray:
        return np.concatenate([np.full(n_blocks, np.nan), values])

    return HeadingTrack(
        held(track.heading_rad),
        held(track.drift_sd_rad),
        held(track.rate_rad_s),
        unmeasured(track.innovation_rad),
        held(track.chip_errors),
        unmeasured(track.expected_rad2),
        unmeasured(track.residual_rad),
    )


def _joined(earlier: HeadingTrack, later: HeadingTrack) -> HeadingTrack:
    """Put the track backwards from the anchor before the one forwards from it."""
    own = slice(None, 0, -1)

    def joined(before: FloatArray, after: FloatArray) -> FloatArray:
        return np.concatenate([before[own], after])

    return HeadingTrack(
        joined(earlier.heading_rad, later.heading_rad),
        joined(earlier.drift_sd_rad, later.drift_sd_rad),
        joined(earlier.rate_rad_s, later.rate_rad_s),
        joined(earlier.innovation_rad, later.innovation_rad),
        joined(earlier.chip_errors, later.chip_errors),
        joined(earlier.expected_rad2, later.expected_rad2),
        joined(earlier.residual_rad, later.residual_rad),
    )


def _one_way(
    found: HeadingFilter,
    blocks: HeadingBlocks,
    steps: HeadingSteps,
    stances: Mapping[int, tuple[float, float]],
    *,
    skip_first: bool = False,
) -> tuple[HeadingTrack, HeadingFilter]:
    """Filter from the anchor on and smooth back to it.

    Returns the track, and a filter at the anchor that knows what was learnt on the way.
    """
    n_blocks = len(blocks.heading_rad)
    anchored = found.covariance[DRIFT].copy(), float(found.state[DRIFT])
    innovation, expected = np.full(n_blocks, np.nan), np.full(n_blocks, np.nan)
    makeups: list[FloatArray | None] = []
    updates: list[list[HeadingUpdate]] = []
    states: list[FloatArray] = []
    covariances: list[FloatArray] = []
    for k in range(n_blocks):
        makeups.append(found.predict(steps, k) if k else None)
        states.append(found.state)
        covariances.append(found.covariance)
        taken = [found.anchor(*stances[k])] if k in stances else []
        if not (skip_first and k == 0):
            running = bool(steps.running[k])
            measured = blocks.heading_rad[k], blocks.variance_rad2[k]
            block = found.measure(*measured, running=running)
            if block is not None:
                innovation[k], expected[k] = block.innovation, block.expected_rad2
            taken.append(block)
        updates.append([update for update in taken if update is not None])
    smoothed, variance, last = _smoothed(states, covariances, updates, makeups)
    track = HeadingTrack(
        heading_rad=smoothed[:, DRIFT] + smoothed[:, OFFSET],
        drift_sd_rad=np.sqrt(np.maximum(variance, 0.0)),
        rate_rad_s=smoothed[:, RATE],
        innovation_rad=innovation,
        # they do not change; what is left is rounding
        chip_errors=np.tile(found.chip_errors, (n_blocks, 1)),
        expected_rad2=expected,
        residual_rad=_residual(blocks, steps, smoothed),
    )
    first = HeadingFilter(found.model)
    first.state = smoothed[0]
    first.covariance = last
    first.state[DRIFT] = anchored[1]
    first.covariance[DRIFT, :] = first.covariance[:, DRIFT] = 0.0
    first.covariance[DRIFT, DRIFT] = anchored[0][DRIFT]
    return track, first


def _residual(blocks: HeadingBlocks, steps: HeadingSteps, states: FloatArray) -> FloatArray:
    """Return (b,) rad what blocks were measured beside the smoothed line, NaN where none was."""
    line = states @ WALKING_ROW + np.where(steps.running, states[:, RUNNING], 0.0)
    return np.where(blocks.usable, wrap(blocks.heading_rad - line), np.nan)


def _smoothed(
    states: list[FloatArray],
    covariances: list[FloatArray],
    updates: list[list[HeadingUpdate]],
    makeups: list[FloatArray | None],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return smoothed states (b, 22), variances of the drift (b,), and the first covariance."""
    pull = np.zeros(N_STATES)
    information = np.zeros((N_STATES, N_STATES))
    smoothed = np.empty((len(states), N_STATES))
    variance = np.empty(len(states))
    for k in range(len(states) - 1, -1, -1):
        for update in reversed(updates[k]):
            row, gain = update.row, update.gain
            pull = pull - row * (gain @ pull + update.innovation / update.spread)
            through = information @ gain
            information = information - np.outer(row, through) - np.outer(through, row)
            information += np.outer(row, row) * (gain @ through + 1.0 / update.spread)
        covariance = covariances[k]
        smoothed[k] = states[k] - covariance @ pull
        across = covariance[DRIFT]
        variance[k] = across[DRIFT] - across @ information @ across
        makeup = makeups[k]
        if makeup is not None:
            extra = makeup - STANCE_ROW
            pull = pull + extra * pull[DRIFT]
            column = information[DRIFT].copy()
            information = information + np.outer(extra, column) + np.outer(column, extra)
            information += np.outer(extra, extra) * column[DRIFT]
    first = covariances[0]
    return smoothed, variance, first - first @ information @ first
