"""The standing pose that defines zero for every angle.

A pose is not recognised by where the sensors point (they may be strapped on any way round) but by
agreement with gait: standing, each sensor feels gravity nearly where it does on average while
walking. Sitting, a thigh's gravity is far from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.calibration.stillness import Stretch
from imuhip.core.series import FloatArray

__all__ = ["Pose", "choose_pose", "make_pose", "mean_up", "upright"]

_UPRIGHT_LIMIT_RAD = np.radians(35.0)
"""Walking leans a thigh 5..15° on average; a seat turns it by 60° and more."""


@dataclass(frozen=True, slots=True)
class Pose:
    """A still, upright stretch.

    Parameters
    ----------
    rows : Stretch
        In samples of the common grid.
    up_S : mapping of segment to (3,) array
        Unit vector of the upward vertical in each sensor's frame.
    sway_rad : float
        Largest spread (one sigma) of any sensor's vertical during the pose.
    given : bool
        Whether a marker named it, or it was found.
    """

    rows: Stretch
    up_S: Mapping[str, FloatArray]
    sway_rad: float
    given: bool


def mean_up(acc: FloatArray) -> tuple[FloatArray, float]:
    """Return the mean upward vertical (3,) of still specific force (n, 3) and its spread in rad."""
    finite = acc[np.isfinite(acc).all(axis=1)]
    total = finite.mean(axis=0)
    up = total / np.linalg.norm(total)
    sideways = finite - np.outer(finite @ up, up)
    return up, float(np.sqrt((sideways**2).sum(axis=1).mean()) / np.linalg.norm(total))


def make_pose(rows: Stretch, acc: Mapping[str, FloatArray], *, given: bool) -> Pose:
    """Return the pose of those rows."""
    ups, spreads = {}, []
    for segment, force in acc.items():
        ups[segment], spread = mean_up(force[rows.start : rows.end])
        spreads.append(spread)
    return Pose(rows=rows, up_S=ups, sway_rad=max(spreads), given=given)


def upright(pose: Pose, gait_up_S: Mapping[str, FloatArray]) -> bool:
    """Return whether every sensor's vertical in the pose is near its mean in gait."""
    return all(
        float(np.arccos(np.clip(pose.up_S[segment] @ up, -1.0, 1.0))) < _UPRIGHT_LIMIT_RAD
        for segment, up in gait_up_S.items()
    )


def choose_pose(
    candidates: Sequence[Stretch],
    acc: Mapping[str, FloatArray],
    gait_up_S: Mapping[str, FloatArray],
    gait_start: int,
) -> Pose | None:
    """Choose the standing pose among still stretches: the longest upright one before gait.

    When nobody stood still before walking, the first upright stretch after it is taken.
    """
    poses = [make_pose(rows, acc, given=False) for rows in candidates]
    poses = [pose for pose in poses if upright(pose, gait_up_S)]
    before = [pose for pose in poses if pose.rows.end <= gait_start]
    if before:
        return max(before, key=lambda pose: len(pose.rows))
    after = [pose for pose in poses if pose.rows.start >= gait_start]
    return after[0] if after else None
