"""What the person does in each second of a session: still, walk, run, turn or other.

`imuhip.gait.activity` finds gait in windows of four seconds; here the strides found in it say, to
the sample, when walking began and ended, flight says whether it was running, and the walking
direction whether the person turned. A second is what most of it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import numpy as np

from imuhip.calibration.stillness import stretches
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.series import BoolArray, FloatArray, IntArray, Marker
from imuhip.gait.activity import FRAME_S
from imuhip.gait.strides import StrideCut

__all__ = [
    "KINDS",
    "POSTURES",
    "TURNING_RAD_S",
    "Kind",
    "Posture",
    "intervals",
    "label_postures",
    "label_seconds",
    "running_strides",
]

Kind = Literal["still", "walk", "run", "turn", "other"]

KINDS: Final[tuple[Kind, ...]] = ("still", "walk", "run", "turn", "other")

Posture = Literal["upright", "sitting", "lying", "unknown"]

POSTURES: Final[tuple[Posture, ...]] = ("upright", "sitting", "lying", "unknown")
"""Thighs nearer to level than to upright are sitting's, the pelvis nearer to level lying's."""

_LEVEL_RAD = np.radians(50.0)

TURNING_RAD_S = np.radians(45.0)
"""Faster changes of the walking direction are turns."""

_FLIGHT_M_S2 = 0.62 * 9.80665
_FLIGHT_PERCENTILE = 8.0
_SMOOTH_HZ = 8.0
_POINTS = 40
_HEAVIEST_WALKING, _HEAVIEST_RUNNING = 0.19, 0.42
"""Where in the stride, from greatest flexion on, the pelvis is heaviest: walkers vault over the leg
and are so near contact (simulated 0.09-0.14, a real one 0.09), runners bounce and are so in the
middle of stance (simulated 0.24-0.30)."""

_EDGE_STRIDES = 0.35
"""Before the first greatest flexion and after the last, the leg already and still moves."""


def running_strides(
    time_s: FloatArray, pelvis_acc: FloatArray, rate_hz: float, cut: StrideCut
) -> BoolArray:
    """Return (k,) whether each stride is of running.

    Runners are light between steps and heaviest in the middle of stance. Flight alone does not tell
    them: a brisk walker with a soft belt seems to fly as well.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    pelvis_acc : (n, 3) array, m/s²
    rate_hz : float
    cut : StrideCut
    """
    if len(cut) == 0:
        return np.zeros(0, dtype=bool)
    force = zero_phase(low_pass(_SMOOTH_HZ, rate_hz), pelvis_acc, mirrored=True)
    force = np.sqrt(np.einsum("nc,nc->n", force, force))
    share = np.arange(_POINTS) / _POINTS
    at_s = cut.start_s[:, None] + share * (cut.end_s - cut.start_s)[:, None]
    strides = np.interp(at_s.ravel(), time_s, force).reshape(at_s.shape)
    bounce = strides @ np.exp(-4j * np.pi * share)  # twice a stride
    light = np.percentile(strides, _FLIGHT_PERCENTILE, axis=1)
    # one stride is one opinion: ask the one before and the one after, where they adjoin
    joins = np.abs(cut.start_s[1:] - cut.end_s[:-1]) < 1e-6
    weight = np.ones(len(cut))
    total, lightest = bounce.copy(), light.copy()
    total[1:] += np.where(joins, bounce[:-1], 0.0)
    total[:-1] += np.where(joins, bounce[1:], 0.0)
    lightest[1:] += np.where(joins, light[:-1], 0.0)
    lightest[:-1] += np.where(joins, light[1:], 0.0)
    weight[1:] += joins
    weight[:-1] += joins
    heaviest = (-np.angle(total) / (4.0 * np.pi)) % 0.5
    bounces = (heaviest > _HEAVIEST_WALKING) & (heaviest < _HEAVIEST_RUNNING)
    return np.asarray(bounces & (lightest / weight < _FLIGHT_M_S2))


def label_seconds(
    time_s: FloatArray,
    cuts: Sequence[StrideCut],
    running: Sequence[BoolArray],
    turn_rate_rad_s: FloatArray,
    still: BoolArray,
    rate_hz: float,
) -> IntArray:
    """Return (f,) what each second is, as its place in `KINDS`; the last one may be short.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    cuts : sequence of StrideCut
        Of the legs worn.
    running : sequence of (k,) bool arrays
        See `running_strides`, of each leg.
    turn_rate_rad_s : (n,) array, rad/s
        Of the walking direction; NaN where unknown.
    still : (f,) or (f - 1,) bool array
        Whether nothing moved in each second.
    rate_hz : float
    """
    frame = round(FRAME_S * rate_hz)
    n_seconds = int(np.ceil(len(time_s) / frame))
    every = [np.ones(len(cut), dtype=bool) for cut in cuts]

    def share(which: Sequence[BoolArray]) -> FloatArray:
        return _mean_by_second(_striding(time_s, cuts, which), frame, n_seconds)

    gait = share(every) >= 0.5
    runs = share(running) >= share([~own for own in running])
    turn = _mean_by_second(np.nan_to_num(turn_rate_rad_s), frame, n_seconds)
    quiet = np.zeros(n_seconds, dtype=bool)
    quiet[: len(still)] = still[:n_seconds]
    labels = np.full(n_seconds, KINDS.index("other"))
    labels[quiet] = KINDS.index("still")
    labels[gait] = KINDS.index("walk")
    labels[gait & runs] = KINDS.index("run")
    labels[np.abs(turn) > TURNING_RAD_S] = KINDS.index("turn")
    return labels


def _striding(
    time_s: FloatArray, cuts: Sequence[StrideCut], which: Sequence[BoolArray]
) -> FloatArray:
    """Return (n,) 1 where a leg is in such a stride, or about to begin or still ending it."""
    change = np.zeros(len(time_s) + 1)
    for cut, wanted in zip(cuts, which, strict=True):
        reach = _EDGE_STRIDES * (cut.end_s - cut.start_s)[wanted]
        first = np.searchsorted(time_s, cut.start_s[wanted] - reach)
        last = np.searchsorted(time_s, cut.end_s[wanted] + reach)
        np.add.at(change, first, 1.0)
        np.add.at(change, last, -1.0)
    return np.asarray(np.cumsum(change[:-1]) > 0.5, dtype=float)


def _mean_by_second(values: FloatArray, frame: int, n_seconds: int) -> FloatArray:
    starts = np.arange(n_seconds) * frame
    count = np.minimum(starts + frame, len(values)) - starts
    return np.asarray(np.add.reduceat(values, starts) / count) if n_seconds else np.empty(0)


def label_postures(
    thighs_up: Sequence[FloatArray], pelvis_up: FloatArray, rate_hz: float
) -> IntArray:
    """Return (f,) how the body is held in each second, as its place in `POSTURES`.

    Parameters
    ----------
    thighs_up : sequence of (n,) arrays
        How much each thigh's long axis points up: 1 upright, 0 level; NaN where unknown.
    pelvis_up : (n,) array
        The same of the pelvis.
    rate_hz : float
    """
    frame = round(FRAME_S * rate_hz)
    n_seconds = int(np.ceil(len(pelvis_up) / frame))
    thigh = np.mean([_mean_by_second(up, frame, n_seconds) for up in thighs_up], axis=0)
    pelvis = _mean_by_second(pelvis_up, frame, n_seconds)
    level = np.cos(_LEVEL_RAD)
    postures = np.full(n_seconds, POSTURES.index("upright"))
    postures[thigh < level] = POSTURES.index("sitting")
    postures[pelvis < level] = POSTURES.index("lying")
    postures[~np.isfinite(thigh + pelvis)] = POSTURES.index("unknown")
    return postures


def intervals(labels: IntArray, start_s: float, end_s: float) -> tuple[Marker, ...]:
    """Return the seconds joined to stretches of one kind, from the first sample to the last.

    Parameters
    ----------
    labels : (f,) array
        Places in `KINDS`.
    start_s, end_s : float, s
        Of the session.
    """
    markers = []
    for k, kind in enumerate(KINDS):
        for run in stretches(labels == k):
            last = end_s if run.end == len(labels) else start_s + run.end * FRAME_S
            markers.append(Marker(kind, start_s + run.start * FRAME_S, last))
    return tuple(sorted(markers, key=lambda marker: marker.start_s))
