"""The heading through a whole session: block measurements, a drift model, and an anchor.

State: the heading's drift δ since the anchor and its rate; a constant c that holds the true offset
between the two worlds together with whatever bias soft tissue puts on the coupling, and how much
more that bias is in running; and the scale and axis errors of both gyroscopes, which explain most
of the drift (`imuhip.kinematics.drift_exposure`). A block measures ``δ + c``; δ is zero at the
anchor, the end of a static pose. So the level comes from the pose and the coupling only ever
measures drift. Forwards it is a Kalman filter (live); backwards a Bryson-Frazier smoother (offline,
doi:10.1080/00207177008905953), which needs no inverses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.kinematics.drift_exposure import N_EXPOSURES, Exposed, HeadingSteps
from imuhip.kinematics.heading_blocks import HeadingBlocks, wrap

__all__ = [
    "UNKNOWN_SD_RAD",
    "DriftModel",
    "HeadingFilter",
    "HeadingTrack",
    "HeadingUpdate",
    "heading_at_rows",
    "smooth_heading",
]

UNKNOWN_SD_RAD = float(np.radians(30.0))
"""A heading known no better than that is not known."""

_DRIFT, _RATE, _OFFSET, _RUNNING = range(4)
_SCALE = slice(4, 4 + N_EXPOSURES)
_MOST_SURPRISE = 9.0
_NOTHING_KNOWN_RAD2 = 1.0
_RESTLESS = 1.6
_RESTLESS_WANDERS = (np.radians(0.5), np.radians(1.0), np.radians(1.5), np.radians(2.0))
"""Drift in rad/√s beyond what a chip's constant errors explain: a real walker's loose thigh sensor
drifted by 13° in 8 s and then no more. Tried only where blocks surprise the usual model."""

_N_STATES = 4 + N_EXPOSURES


def _row(*ones: int) -> FloatArray:
    row = np.zeros(_N_STATES)
    row[list(ones)] = 1.0
    return row


_WALKING_ROW = _row(_DRIFT, _OFFSET)
_RUNNING_ROW = _row(_DRIFT, _OFFSET, _RUNNING)
_STANCE_ROW = _row(_DRIFT)


@dataclass(frozen=True, slots=True)
class DriftModel:
    """How fast the heading may wander, and what is thought of a chip before it is seen moving."""

    wander_rad_per_sqrt_s: float = np.radians(0.02)
    other_wander_rad_per_sqrt_s: float = np.radians(0.12)
    """In movement that is not gait: a bias taken from a swaying person is 0.03°/s off."""
    rate_wander_rad_s_per_sqrt_s: float = np.radians(0.003)
    bias_wander_rad_per_sqrt_s: float = np.radians(0.005)
    start_sd_rad: float = np.radians(0.1)
    """The pose is zero by definition; what a person's pose is worth stands elsewhere."""
    start_rate_sd_rad_s: float = np.radians(0.05)
    start_offset_sd_rad: float = np.pi
    running_bias_sd_rad: float = np.radians(3.0)
    """Soft tissue pulls the coupling to another side in running than in walking."""
    scale_sd: float = 0.01
    cross_axis_sd: float = 0.005
    gate: float = 9.0

    def start_covariance(self) -> FloatArray:
        """Return the (22, 22) covariance at the anchor."""
        chip = np.where(np.eye(3) > 0, self.scale_sd, self.cross_axis_sd).ravel()
        first = (
            self.start_sd_rad,
            self.start_rate_sd_rad_s,
            self.start_offset_sd_rad,
            self.running_bias_sd_rad,
        )
        return np.diag(np.concatenate([first, chip, chip]) ** 2)

    def noise(self, steps: HeadingSteps, k: int) -> tuple[float, float, float]:
        """Return the variances that drift, rate and offset gain on the way to block k."""
        if steps.still[k]:
            return float(steps.unseen_rad2[k]), 0.0, 0.0
        wander = self.wander_rad_per_sqrt_s if steps.gait[k] else self.other_wander_rad_per_sqrt_s
        return (
            wander**2 * steps.length_s + float(steps.unseen_rad2[k]),
            self.rate_wander_rad_s_per_sqrt_s**2 * steps.length_s,
            self.bias_wander_rad_per_sqrt_s**2 * steps.length_s,
        )


@dataclass(frozen=True, slots=True)
class HeadingUpdate:
    """One measurement as it was taken in: all that the way back needs of it.

    Parameters
    ----------
    row, gain : (22,) arrays
    innovation : float, rad
        Measurement minus its prediction.
    spread : float, rad²
        Variance the innovation was taken to have.
    expected_rad2 : float, rad²
        Variance it was expected to have before it was seen and doubted.
    """

    row: FloatArray
    gain: FloatArray
    innovation: float
    spread: float
    expected_rad2: float


class HeadingFilter:
    """Kalman filter over blocks, forwards; starts at the anchor with δ = 0."""

    def __init__(self, model: DriftModel | None = None) -> None:
        self.model = model or DriftModel()
        self.state: FloatArray = np.zeros(_N_STATES)
        self.covariance: FloatArray = self.model.start_covariance()

    @property
    def heading_rad(self) -> float:
        """Return δ + c: from the thigh's to the pelvis' world."""
        return float(self.state[_DRIFT] + self.state[_OFFSET])

    @property
    def offset_rad(self) -> float:
        """Return c: the heading at the anchor."""
        return float(self.state[_OFFSET])

    @property
    def drift_sd_rad(self) -> float:
        """Return one sigma of the drift since the anchor."""
        return float(np.sqrt(max(self.covariance[_DRIFT, _DRIFT], 0.0)))

    @property
    def rate_rad_s(self) -> float:
        """Return the drift rate in gait that the chips' errors do not explain."""
        return float(self.state[_RATE])

    @property
    def chip_errors(self) -> FloatArray:
        """Return (18,) scale and axis errors of the thigh's and the pelvis' gyroscope."""
        return self.state[_SCALE]

    def predict(self, steps: HeadingSteps, k: int) -> FloatArray | None:
        """Move on to block k; returns what drift is made of, (22,), or None when nobody moved.

        A still person's heading does not drift.
        """
        noise = self.model.noise(steps, k)
        makeup = None
        if not steps.still[k]:
            makeup = _STANCE_ROW.copy()
            makeup[_RATE] = steps.gait_s[k]
            makeup[_SCALE] = steps.exposure[k]
            self.state = self.state.copy()
            self.state[_DRIFT] = makeup @ self.state
            across = self.covariance @ makeup
            variance = float(makeup @ across)
            self.covariance = self.covariance.copy()
            self.covariance[_DRIFT, :] = self.covariance[:, _DRIFT] = across
            self.covariance[_DRIFT, _DRIFT] = variance
        elif noise[0] > 0.0:
            self.covariance = self.covariance.copy()
        if noise[0] > 0.0:
            for at, variance in zip((_DRIFT, _RATE, _OFFSET), noise, strict=True):
                self.covariance[at, at] += variance
        return makeup

    def measure(
        self, heading_rad: float, variance_rad2: float, *, running: bool = False
    ) -> HeadingUpdate | None:
        """Take in one block of gait; returns None when there is nothing to take in."""
        if not np.isfinite(variance_rad2):
            return None
        row = _RUNNING_ROW if running else _WALKING_ROW
        innovation = float(wrap(np.asarray(heading_rad - row @ self.state)))
        spread = float(row @ self.covariance @ row) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            # doubtful: believe it less, do not drop it
            variance_rad2 += innovation**2 / self.model.gate
        return replace(self._update(row, innovation, variance_rad2), expected_rad2=spread)

    def forget(self) -> None:
        """Lose the heading: a sensor was gone and came back in a world of its own."""
        self.covariance = self.covariance.copy()
        self.covariance[_DRIFT, _DRIFT] += np.pi**2

    def anchor(self, drift_rad: float, variance_rad2: float) -> HeadingUpdate | None:
        """Take in the drift seen at another stance; returns None when it was not believed.

        A person who stands differently than in the pose must not pass for drift: what is farther
        off than drift can explain is left out altogether.
        """
        if not np.isfinite(variance_rad2):
            return None
        innovation = float(wrap(np.asarray(drift_rad - _STANCE_ROW @ self.state)))
        spread = float(_STANCE_ROW @ self.covariance @ _STANCE_ROW) + variance_rad2
        if innovation**2 > self.model.gate * spread:
            return None
        return self._update(_STANCE_ROW, innovation, variance_rad2)

    def _update(self, row: FloatArray, innovation: float, variance_rad2: float) -> HeadingUpdate:
        """Joseph's form, which keeps the covariance positive."""
        across = self.covariance @ row
        spread = float(row @ across) + variance_rad2
        gain = across / spread
        self.state = self.state + gain * innovation
        kept = self.covariance - np.outer(gain, across)
        self.covariance = kept - np.outer(kept @ row, gain) + np.outer(gain, gain) * variance_rad2
        self.covariance = 0.5 * (self.covariance + self.covariance.T)
        return HeadingUpdate(row, gain, innovation, spread, spread)


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
    anchored = found.covariance[_DRIFT].copy(), float(found.state[_DRIFT])
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
        heading_rad=smoothed[:, _DRIFT] + smoothed[:, _OFFSET],
        drift_sd_rad=np.sqrt(np.maximum(variance, 0.0)),
        rate_rad_s=smoothed[:, _RATE],
        innovation_rad=innovation,
        # they do not change; what is left is rounding
        chip_errors=np.tile(found.chip_errors, (n_blocks, 1)),
        expected_rad2=expected,
        residual_rad=_residual(blocks, steps, smoothed),
    )
    first = HeadingFilter(found.model)
    first.state = smoothed[0]
    first.covariance = last
    first.state[_DRIFT] = anchored[1]
    first.covariance[_DRIFT, :] = first.covariance[:, _DRIFT] = 0.0
    first.covariance[_DRIFT, _DRIFT] = anchored[0][_DRIFT]
    return track, first


def _residual(blocks: HeadingBlocks, steps: HeadingSteps, states: FloatArray) -> FloatArray:
    """Return (b,) rad what blocks were measured beside the smoothed line, NaN where none was."""
    line = states @ _WALKING_ROW + np.where(steps.running, states[:, _RUNNING], 0.0)
    return np.where(blocks.usable, wrap(blocks.heading_rad - line), np.nan)


def _smoothed(
    states: list[FloatArray],
    covariances: list[FloatArray],
    updates: list[list[HeadingUpdate]],
    makeups: list[FloatArray | None],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return smoothed states (b, 22), variances of the drift (b,), and the first covariance."""
    pull = np.zeros(_N_STATES)
    information = np.zeros((_N_STATES, _N_STATES))
    smoothed = np.empty((len(states), _N_STATES))
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
        across = covariance[_DRIFT]
        variance[k] = across[_DRIFT] - across @ information @ across
        makeup = makeups[k]
        if makeup is not None:
            extra = makeup - _STANCE_ROW
            pull = pull + extra * pull[_DRIFT]
            column = information[_DRIFT].copy()
            information = information + np.outer(extra, column) + np.outer(column, extra)
            information += np.outer(extra, extra) * column[_DRIFT]
    first = covariances[0]
    return smoothed, variance, first - first @ information @ first
