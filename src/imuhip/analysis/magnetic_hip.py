"""What one hip may learn from the magnetic field: its drift since the pose, or why nothing.

The two sensors of a hip see the same magnetic north, so the difference of their headings since the
pose is a second measurement of what the hip-centre coupling measures: the drift. It is believed as
far as the field explains itself: strength and dip as in the pose, and scatter against the coupling
during gait small. Steel turns the field without a sign in strength or dip as often as with one, so
what can be seen of it says how large is what cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.magnetic import DISTURBED_SHARE, FieldView, MagneticField, north_rad
from imuhip.calibration.stillness import stretches
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.heading_blocks import wrap
from imuhip.kinematics.heading_track import HeadingTrack

__all__ = ["MagneticHip", "magnetic_hip"]

_LEAST_SD_RAD = np.radians(0.7)
_TRUSTED_SCATTER_RAD = np.radians(1.5)
"""Scatter against the coupling above which the place is no magnetic reference at all."""

_CORRELATED_BLOCKS = 5
"""Walking, one stray field lasts about 10 s."""


@dataclass(frozen=True, slots=True)
class MagneticHip:
    """What the magnetometers say of one hip.

    Parameters
    ----------
    drift : mapping of block to (drift rad, variance rad²)
        Since the pose; empty where the field is no reference. The variances already hold that
        errors of the field last, so that many blocks together are not believed too much.
    scatter_rad : float
        Of the magnetic heading against the coupling during gait; NaN where they never met.
    why_not : str
        Empty where it is believed.
    """

    drift: Mapping[int, tuple[float, float]]
    scatter_rad: float
    why_not: str


def magnetic_hip(
    field: MagneticField, side: Side, track: HeadingTrack, gait: BoolArray, pose_block: int
) -> MagneticHip:
    """Return the drift between pelvis and thigh since the pose, as the magnetometers see it.

    Parameters
    ----------
    field : MagneticField
    side : {"left", "right"}
    track : HeadingTrack
        What the hip centre told, against which the field's own scatter is measured.
    gait : (b,) bool array
        Blocks of gait.
    pose_block : int
        The block in which the pose ended.
    """
    pelvis, thigh = field.views["pelvis"], field.views[f"thigh_{side}"]
    heading = wrap(pelvis.north_rad - thigh.north_rad)
    pose_heading = north_rad(pelvis.pose_ut) - north_rad(thigh.pose_ut)
    scatter = _scatter(heading, track)
    known = np.isfinite(heading)
    known[: pose_block + 1] = False
    why_not = _why_not(pelvis, thigh, scatter)
    if not (np.isfinite(pose_heading) and known.any()):
        why_not = why_not or "the field is not known in the pose or not after it"
    if why_not:
        return MagneticHip({}, scatter, why_not)
    place = _LEAST_SD_RAD**2 + scatter**2
    seen = _stray_rad2(pelvis) + _stray_rad2(thigh)
    variance = _alike(gait) * (place + seen) + known.sum() * place
    drift = wrap(heading - pose_heading)
    rows = np.flatnonzero(known)
    return MagneticHip({int(k): (float(drift[k]), float(variance[k])) for k in rows}, scatter, "")


def _why_not(pelvis: FieldView, thigh: FieldView, scatter: float) -> str:
    """Return why the place is no magnetic reference for a hip, or nothing."""
    share = max(pelvis.disturbed_share, thigh.disturbed_share)
    if share >= DISTURBED_SHARE:
        return f"the field was disturbed {100 * share:.0f} % of the time"
    if pelvis.pose_disturbed or thigh.pose_disturbed:
        return "the field of the pose was not that of the rest"
    if not np.isfinite(scatter):
        return "too little gait to compare it with"
    if scatter > _TRUSTED_SCATTER_RAD:
        return f"the magnetic heading scatters by {np.degrees(scatter):.1f}° in gait"
    return ""


def _scatter(heading: FloatArray, track: HeadingTrack) -> float:
    both = np.isfinite(track.innovation_rad) & np.isfinite(heading)
    if both.sum() < 5:
        return float("nan")
    apart = heading[both] - track.heading_rad[both]
    apart = wrap(apart - np.angle(np.exp(1j * apart).mean()))
    return float(1.4826 * np.median(np.abs(apart)))


def _stray_rad2(view: FieldView) -> FloatArray:
    """Return the variance (rad²) a sensor's stray field since the pose puts on its heading.

    Two of three directions show; across them, unseen, may lie as much as along both.
    """
    level = np.hypot(view.blocks_ut[:, 0], view.blocks_ut[:, 1])
    level_pose = np.hypot(view.pose_ut[0], view.pose_ut[1])
    seen = (level - level_pose) ** 2 + (view.blocks_ut[:, 2] - view.pose_ut[2]) ** 2
    return np.asarray(seen / max(float(level_pose), 1.0) ** 2)


def _alike(gait: BoolArray) -> FloatArray:
    """Return for each block how many blocks share its error: a stand or movement is one place."""
    count = np.full(len(gait), float(_CORRELATED_BLOCKS))
    for run in stretches(~gait):
        count[run.start : run.end] = len(run)
    return count
