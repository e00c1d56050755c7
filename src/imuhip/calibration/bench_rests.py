"""A sensor handled on a bench: where it lay still, and how it was turned in between.

People sway while they stand still; a sensor against a table does not. So the limits here are much
tighter than those of `imuhip.calibration.stillness`, whose search this narrows down.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.interpolate import CubicSpline

from imuhip.calibration.stillness import Stretch, still_frames, stretches
from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray, ImuSeries

__all__ = ["Move", "Rest", "bridged", "chained", "find_moves", "find_rests", "turned"]

_FRAME_S = 0.2
_REST_S = 1.0
_RATE_SD_RAD_S = 0.02
_RATE_LEVEL_RAD_S = 0.015
_FORCE_SD_M_S2 = 0.12
"""A hand that tries to be still trembles with 0.05 rad/s; a chip's noise is below 0.005 rad/s."""
_BRIDGE_S = 0.05
_FULL_SCALE_RAD_S = np.radians([250.0, 500.0, 1000.0, 2000.0, 4000.0])


@dataclass(frozen=True, slots=True)
class Rest:
    """A stretch in which the sensor lay still, and what it read on average.

    Parameters
    ----------
    rows : Stretch
        Of the series.
    time_s : float, s
        Its middle.
    acc : (3,) array, m/s²
    gyr : (3,) array, rad/s
    """

    rows: Stretch
    time_s: float
    acc: FloatArray
    gyr: FloatArray


@dataclass(frozen=True, slots=True)
class Move:
    """How the sensor was turned between two rests.

    Parameters
    ----------
    first : int
        Number of the rest before; the next one follows.
    start_s, end_s : float, s
    step_s : (n,) array, s
        Time between samples.
    gyr : (n + 1, 3) array, rad/s
        As read, less the bias read at both rests (joined by a line over time).
    """

    first: int
    start_s: float
    end_s: float
    step_s: FloatArray
    gyr: FloatArray


def bridged(series: ImuSeries) -> tuple[FloatArray, FloatArray]:
    """Return acc and gyr with gaps of up to 50 ms filled by a cubic spline; NaN in longer ones."""
    valid = np.asarray(series.valid)
    if valid.all() or valid.sum() < 4:
        return series.acc, series.gyr
    period_s = float(np.median(np.diff(series.time_s)))
    at = series.time_s[valid]
    after = np.minimum(np.searchsorted(at, series.time_s), len(at) - 1)
    long = at[after] - at[np.maximum(after - 1, 0)] - period_s > _BRIDGE_S + 1e-3
    hidden = ~valid & (long | (series.time_s < at[0]) | (series.time_s > at[-1]))

    def joined(values: FloatArray) -> FloatArray:
        # A line would lose a tenth of a degree in a packet of a quick move.
        return np.where(hidden[:, None], np.nan, CubicSpline(at, values[valid])(series.time_s))

    return joined(series.acc), joined(series.gyr)


def find_rests(series: ImuSeries) -> list[Rest]:
    """Return where the sensor lay still for a second or more, in order of time.

    Parameters
    ----------
    series : ImuSeries
        Of one sensor, handled alone; rates may be off by any bias below 0.15 rad/s.
    """
    if len(series) < 2:
        return []
    acc, gyr = bridged(series)
    frame = max(4, round(_FRAME_S / float(np.median(np.diff(series.time_s)))))
    quiet = _quiet_frames(acc, gyr, frame)
    rests = []
    for run in stretches(quiet, minimum=round(_REST_S / _FRAME_S) + 2):
        # The frames at the ends hold the last of one move and the first of the next.
        rows = Stretch((run.start + 1) * frame, (run.end - 1) * frame)
        part = slice(rows.start, rows.end)
        middle_s = float(series.time_s[part].mean())
        rests.append(Rest(rows, middle_s, acc[part].mean(axis=0), gyr[part].mean(axis=0)))
    return rests


def _quiet_frames(acc: FloatArray, gyr: FloatArray, frame: int) -> BoolArray:
    still = still_frames({"sensor": gyr}, {"sensor": acc}, frame)
    if not still.any():
        return still
    rates = gyr[: len(still) * frame].reshape(-1, frame, 3)
    forces = acc[: len(still) * frame].reshape(-1, frame, 3)
    steady = (np.sqrt(rates.var(axis=1).sum(axis=1)) < _RATE_SD_RAD_S) & (
        np.sqrt(forces.var(axis=1).sum(axis=1)) < _FORCE_SD_M_S2
    )
    quiet = np.asarray(still & steady)
    if quiet.any():
        level = rates.mean(axis=1)
        off = np.linalg.norm(level - np.median(level[quiet], axis=0), axis=1)
        quiet &= off < _RATE_LEVEL_RAD_S
    return quiet


def find_moves(series: ImuSeries, rests: list[Rest]) -> tuple[list[Move], list[str]]:
    """Return the moves between rests that were received whole, and why others were not.

    Parameters
    ----------
    series : ImuSeries
        Of one sensor.
    rests : list of Rest
        As `find_rests` gives them.
    """
    _, gyr = bridged(series)
    moves, left_out = [], []
    for first, (before, after) in enumerate(pairwise(rests)):
        rows = slice(before.rows.end - 1, after.rows.start + 1)
        time_s, read = series.time_s[rows], gyr[rows]
        where = f"the move at {time_s[0]:.0f} s"
        if not np.isfinite(read).all():
            left_out.append(f"{where} was not received whole; keep the sensor near")
            continue
        if _is_clipped(read):
            left_out.append(f"{where} was faster than the gyroscope's range; turn slower")
            continue
        share = (time_s - before.time_s) / (after.time_s - before.time_s)
        bias = before.gyr + share[:, None] * (after.gyr - before.gyr)
        moves.append(Move(first, float(time_s[0]), float(time_s[-1]), np.diff(time_s), read - bias))
    return moves, left_out


def _is_clipped(gyr: FloatArray) -> bool:
    """Return whether an axis stood at its own extreme, near a full scale that chips have."""
    top = np.abs(gyr).max(axis=0)
    held = (np.abs(gyr) == top).sum(axis=0)
    near = np.abs(top[:, None] / _FULL_SCALE_RAD_S - 1.0).min(axis=1) < 0.005
    return bool(np.any(near & (held >= 3)))


def turned(move: Move, scale: FloatArray) -> FloatArray:
    """Return ``q_AB``, by its gyroscope: the sensor after the move (B) in itself before it (A).

    Parameters
    ----------
    move : Move
    scale : (..., 3, 3) array
        Corrections to try, true = scale · read.

    Returns
    -------
    q_AB : (..., 4) array

    Notes
    -----
    The mean rate of a step is that of the cubic through four samples: the line through two makes
    shaking at 2 Hz smaller by 0.1 %, as much as is looked for. The cross product is what a turning
    axis adds (Bortz 1971, doi:10.1109/TAES.1971.310252).
    """
    rate = move.gyr @ np.swapaxes(np.asarray(scale), -1, -2)
    before, after = rate[..., :-1, :], rate[..., 1:, :]
    step_s = move.step_s[:, None]
    earlier = np.concatenate([rate[..., :1, :], rate[..., :-2, :]], axis=-2)
    later = np.concatenate([rate[..., 2:, :], rate[..., -1:, :]], axis=-2)
    mean = (13.0 * (before + after) - earlier - later) / 24.0
    steps = step_s * mean + step_s**2 / 12.0 * np.cross(before, after)
    return chained(quaternion.from_rotation_vector(steps))


def chained(q: FloatArray) -> FloatArray:
    """Return the product of (..., n, 4) quaternions in order, n >= 1, by joining neighbours."""
    while q.shape[-2] > 1:
        odd = q[..., -1:, :] if q.shape[-2] % 2 else q[..., :0, :]
        even = q.shape[-2] // 2 * 2
        joined = quaternion.multiply(q[..., 0:even:2, :], q[..., 1:even:2, :])
        q = np.concatenate([joined, odd], axis=-2)
    return quaternion.normalize(q[..., 0, :])
