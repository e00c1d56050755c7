"""Each sensor's motion on the grid: orientation, rates free of bias, and what can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from imuhip.analysis.absence import SHORTEST_PIECE_S, pieces
from imuhip.analysis.grid import GridBlock
from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.filters import OrientationFilter, offline_orientation
from imuhip.fusion.turn_rate import interval_rate
from imuhip.kinematics.strap_slip import StrapSlip, slip_course

__all__ = ["SensorMotion", "as_worn", "live_motion", "offline_motion"]

CLIP_ACC_M_S2 = 15.9 * 9.80665
CLIP_GYR_RAD_S = np.radians(1995.0)
_CLIP_GUARD_S = 0.1
_COLUMNS = ("q_WS", "acc", "gyr", "trusted", "bias_rad_s")


@dataclass(frozen=True, slots=True)
class SensorMotion:
    """One sensor, rows on the grid.

    Parameters
    ----------
    q_WS : (n, 4) array
        Orientation at the samples, in the sensor's own world.
    acc, gyr : (n, 3) arrays, m/s² and rad/s
        Sensor frame; `gyr` without its estimated bias.
    trusted : (n,) bool array
        Measured (or a short gap), and not clipped within 0.1 s.
    bias_rad_s : (n, 3) array, rad/s
        What was taken off.
    """

    q_WS: FloatArray
    acc: FloatArray
    gyr: FloatArray
    trusted: BoolArray
    bias_rad_s: FloatArray

    def part(self, rows: slice | BoolArray) -> SensorMotion:
        """Return some of the rows."""
        return SensorMotion(
            self.q_WS[rows],
            self.acc[rows],
            self.gyr[rows],
            self.trusted[rows],
            self.bias_rad_s[rows],
        )

    def doubted(self, rows: BoolArray) -> SensorMotion:
        """Return the motion with some of the rows not trusted."""
        return replace(self, trusted=self.trusted & ~rows)

    @staticmethod
    def joined(parts: Sequence[SensorMotion]) -> SensorMotion:
        """Return parts one after the other."""
        return SensorMotion(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in _COLUMNS)
        )

    @property
    def up_S(self) -> FloatArray:
        """Return (n, 3) the upward vertical in the sensor's frame."""
        return quaternion.rotate(quaternion.conjugate(self.q_WS), np.array([0.0, 0.0, 1.0]))


def offline_motion(
    grid: GridBlock,
    rate_hz: float,
    filter_name: str,
    *,
    segments: Sequence[str] | None = None,
) -> dict[str, SensorMotion]:
    """Fuse whole recordings, of all sensors or of some."""
    motions = {}
    for segment in grid.segments if segments is None else segments:
        acc, gyr = grid.acc[segment], grid.gyr[segment]
        known = grid.valid[segment].copy()
        stretches = pieces(known, rate_hz)
        q_WS, bias_rad_s = np.empty((len(gyr), 4)), np.empty(gyr.shape)
        q_WS[: stretches[0].start if stretches else None] = quaternion.IDENTITY
        bias_rad_s[: stretches[0].start if stretches else None] = 0.0
        for piece, following in zip_longest(stretches, stretches[1:]):
            rows = slice(piece.start, piece.end)
            block = offline_orientation(
                filter_name,
                interval_rate(gyr[rows], gyr[[piece.start, piece.start]], rate_hz),
                acc[rows],
                rate_hz,
            )
            # held through the gap that follows, for nobody to see
            after = slice(piece.end, following.start if following else None)
            q_WS[rows], q_WS[after] = block.q_WS, block.q_WS[-1]
            bias_rad_s[rows], bias_rad_s[after] = block.bias_rad_s, block.bias_rad_s[-1]
            if len(piece) < min(SHORTEST_PIECE_S * rate_hz, len(gyr)):
                known[rows] = False
        motions[segment] = SensorMotion(
            q_WS=q_WS,
            acc=acc,
            gyr=gyr - bias_rad_s,
            trusted=known & ~_near_clipping(acc, gyr, round(_CLIP_GUARD_S * rate_hz)),
            bias_rad_s=bias_rad_s,
        )
    return motions


def live_motion(
    block: GridBlock,
    filters: Mapping[str, OrientationFilter],
    before: dict[str, FloatArray],
    catch_up: Mapping[str, FloatArray],
    rate_hz: float,
) -> dict[str, SensorMotion]:
    """Fuse the next samples.

    `before` keeps each sensor's last two rates and is updated; `catch_up` (n, 3), rad/s, is turned
    on top, for what was not known in time.
    """
    motions = {}
    for segment in block.segments:
        gyr = block.gyr[segment]
        last = before.get(segment, gyr[[0, 0]])
        rate = interval_rate(gyr, last, rate_hz) + catch_up[segment]
        before[segment] = np.concatenate([last, gyr[-2:]])[-2:]
        found = filters[segment].update(rate, block.acc[segment])
        motions[segment] = SensorMotion(
            q_WS=found.q_WS,
            acc=block.acc[segment],
            gyr=gyr - found.bias_rad_s,
            trusted=block.valid[segment] & ~_clipped(block.acc[segment], gyr),
            bias_rad_s=found.bias_rad_s,
        )
    return motions


def _clipped(acc: FloatArray, gyr: FloatArray) -> BoolArray:
    flags = np.zeros(len(acc), dtype=bool)
    for values, limit in ((acc, CLIP_ACC_M_S2), (gyr, CLIP_GYR_RAD_S)):
        # most recordings never clip: the extremes tell so at once
        if len(values) and (values.max() >= limit or values.min() <= -limit):
            flags |= (np.abs(values) >= limit).any(axis=1)
    return flags


def _near_clipping(acc: FloatArray, gyr: FloatArray, guard: int) -> BoolArray:
    clipped = _clipped(acc, gyr)
    if not clipped.any():
        return clipped
    return np.asarray(np.convolve(clipped, np.ones(2 * guard + 1), mode="same") > 0.5)


def as_worn(motion: SensorMotion, time_s: FloatArray, slips: Sequence[StrapSlip]) -> SensorMotion:
    """Return the motion in the sensor's own axes again, after `slips` were taken out of it.

    The strap takes the sensor around the limb, so that the hip centre does not move in these axes.
    """
    if not slips:
        return motion
    q_before_now, rate = slip_course(time_s, slips)
    q_now_before = quaternion.conjugate(q_before_now)
    return replace(
        motion,
        q_WS=quaternion.multiply(motion.q_WS, q_before_now),
        acc=quaternion.rotate(q_now_before, motion.acc),
        gyr=quaternion.rotate(q_now_before, motion.gyr + rate),
    )
