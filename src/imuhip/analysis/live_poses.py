"""Poses of one leg, collected block by block while the session runs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.pose import Pose, mean_up
from imuhip.calibration.stillness import Stretch
from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["LivePose", "PoseSeeker"]

_SHORTEST_S = 2.0
_KEPT_BLOCKS = 15
"""Of a stand of minutes, the last half minute is averaged."""
_KEPT_POSES = 20


@dataclass(frozen=True, slots=True)
class LivePose:
    """A still stretch: the verticals, the sensors' orientations at its end, and when it was."""

    pose: Pose
    q_WS: Mapping[str, FloatArray]
    end_block: int
    end_s: float


@dataclass
class _Run:
    start_row: int
    acc: dict[str, deque[FloatArray]] = field(default_factory=dict)


class PoseSeeker:
    """Joins still rows of successive blocks into stretches and keeps those of 2 s and more.

    Parameters
    ----------
    segments : tuple of str
        Sensors that must have been there.
    rate_hz : float
    given : bool
        Whether a marker names the pose.
    """

    def __init__(self, segments: tuple[str, ...], rate_hz: float, *, given: bool) -> None:
        self.poses: deque[LivePose] = deque(maxlen=_KEPT_POSES)
        self._segments = segments
        self._shortest = round(_SHORTEST_S * rate_hz)
        self._given = given
        self._run: _Run | None = None

    def add(
        self,
        block: int,
        motions: Mapping[str, SensorMotion],
        rows: BoolArray,
        time_s: FloatArray,
    ) -> LivePose | None:
        """Take in one block; returns the pose, if one lasts or ends in this block.

        Parameters
        ----------
        block : int
        motions : mapping of segment to SensorMotion
        rows : (n,) bool array
            Where nothing moves.
        time_s : (n,) array, s
        """
        found: LivePose | None = None
        if rows.any():
            inside = np.flatnonzero(rows)
            first_row = block * len(rows)
            if self._run is None or inside[0] > 0:
                self._run = _Run(start_row=first_row + int(inside[0]))
            for segment in self._segments:
                parts = self._run.acc.setdefault(segment, deque(maxlen=_KEPT_BLOCKS))
                parts.append(motions[segment].acc[rows])
            end_row = first_row + int(inside[-1]) + 1
            if end_row - self._run.start_row >= self._shortest:
                end_s = float(time_s[inside[-1]])
                found = self._keep(self._run, end_row, block, motions, rows, end_s)
        if not rows[-1]:
            self._run = None
        return found

    def _keep(
        self,
        run: _Run,
        end_row: int,
        block: int,
        motions: Mapping[str, SensorMotion],
        rows: BoolArray,
        end_s: float,
    ) -> LivePose:
        """Store the run, in place of a shorter version of itself."""
        verticals = {segment: mean_up(np.concatenate(parts)) for segment, parts in run.acc.items()}
        pose = Pose(
            rows=Stretch(run.start_row, end_row),
            up_S={segment: up for segment, (up, _) in verticals.items()},
            sway_rad=max(spread for _, spread in verticals.values()),
            given=self._given,
        )
        found = LivePose(
            pose=pose,
            q_WS={s: quaternion.average(motions[s].q_WS[rows]) for s in self._segments},
            end_block=block,
            end_s=end_s,
        )
        if self.poses and self.poses[-1].pose.rows.start == run.start_row:
            self.poses.pop()
        self.poses.append(found)
        return found
