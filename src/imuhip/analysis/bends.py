"""Squats and hip hinges: where they are, and what they say of the way the pelvis faces.

They count where a walker wears one thigh sensor. They do not help the hip centres, the headings, or
the facing that both thighs show: `docs/calibration_movements.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.body import Angles
from imuhip.analysis.grid import GridBlock
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.movement_axis import (
    BendKind,
    Facing,
    MovementAxis,
    combine_facing,
    find_movement_axis,
    gait_facing_sd_rad,
)
from imuhip.calibration.pose import Pose
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.gait.activity import FRAME_S, Activity

__all__ = ["Bend", "find_bends", "is_walking", "look_again", "widened_by_facing"]

_BEND_RAD = np.radians(15.0)
_HINGE_SHARE = 0.75
_REPETITIONS = 3
_SEEN_HZ = 20.0
_RUN_PERIOD_S = 0.85


@dataclass(frozen=True, slots=True)
class Bend:
    """A stretch of squats or hinges."""

    kind: BendKind
    rows: Stretch


def find_bends(
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    activity: Activity,
    gait: BoolArray,
    pose: Pose,
    markers: Sequence[Marker],
) -> tuple[Bend, ...]:
    """Return the squats and hinges: where markers say, or before the gait.

    Without markers a bend is three times or more leaning the pelvis by 15° and coming back. It is a
    hinge where the pelvis leans about as far as the thighs or farther, otherwise a squat.
    """
    named = [marker for marker in markers if marker.name in ("squat", "hinge")]
    if named:
        return tuple(
            Bend("hinge" if m.name == "hinge" else "squat", Stretch(int(rows[0]), int(rows[1])))
            for m in named
            for rows in [np.searchsorted(grid.time_s, (m.start_s, m.end_s))]
        )
    frame = round(FRAME_S * grid.rate_hz)
    before = np.arange(len(activity.still)) * frame < int(np.argmax(gait))
    moving = before & ~activity.still & ~activity.gait
    found = []
    for run in stretches(moving, minimum=4):
        rows = Stretch(run.start * frame, run.end * frame)
        thin = slice(rows.start, rows.end, max(1, int(grid.rate_hz / _SEEN_HZ)))
        lean = {
            s: np.arccos(np.clip(m.part(thin).up_S @ pose.up_S[s], -1.0, 1.0))
            for s, m in motions.items()
            if s in pose.up_S
        }
        deepest = float(lean["pelvis"].max())
        if deepest < _BEND_RAD or _times_above(lean["pelvis"], 0.6 * deepest) < _REPETITIONS:
            continue
        thighs = max(float(v.max()) for s, v in lean.items() if s.startswith("thigh"))
        found.append(Bend("hinge" if deepest > _HINGE_SHARE * thighs else "squat", rows))
    return tuple(found)


def is_walking(activity: Activity) -> bool:
    """Return whether most of the gait has walking's stride time."""
    period_s = activity.period_s[np.isfinite(activity.period_s)]
    return bool(np.median(period_s) > _RUN_PERIOD_S) if len(period_s) else True


def _times_above(lean: FloatArray, level: float) -> int:
    above = lean > level
    return int(np.sum(above[1:] & ~above[:-1]))


def look_again(
    bends: Sequence[Bend],
    motion: SensorMotion,
    pose: Pose,
    gait_right_S: FloatArray,
    gait_sd_rad: float,
    rate_hz: float,
) -> tuple[tuple[MovementAxis, ...], Facing]:
    """Return the bends' axes, and the pelvis' facing with them.

    Parameters
    ----------
    bends : sequence of Bend
    motion : SensorMotion
        Of the pelvis.
    pose : Pose
    gait_right_S : (3,) array
        The pelvis' right as gait shows it.
    gait_sd_rad : float
        How well; see `gait_facing_sd_rad`.
    rate_hz : float
    """
    up_S = pose.up_S["pelvis"]
    smooth = low_pass(5.0, rate_hz)
    axes = []
    for bend in bends:
        part = motion.part(slice(bend.rows.start, bend.rows.end))
        if len(bend.rows) < rate_hz:
            continue
        axis = find_movement_axis(
            bend.kind, zero_phase(smooth, part.gyr), part.trusted, up_S, gait_right_S
        )
        if axis is not None:
            axes.append(axis)
    return tuple(axes), combine_facing(gait_right_S, gait_sd_rad, up_S, axes)


def widened_by_facing(angles: Angles, facing: Facing, sides: Sequence[Side]) -> Angles:
    """Return the angles with what the facing's uncertainty makes of flexion.

    A pelvis and thigh that face ε aside of the truth show flexion φ as adduction ``ε sin φ`` and as
    rotation ``ε (1 - cos φ)``. The error budget holds the facing that gait of both thighs shows;
    what one thigh knows less of it, less what movements told, comes on top.
    """
    more = facing.sd_rad**2 - gait_facing_sd_rad(2, walking=True) ** 2
    sd = dict(angles.sd)
    tilt, obliquity = angles.values["pelvis_tilt"], angles.values["pelvis_obliquity"]
    for name, share in (("pelvis_obliquity", np.sin(tilt)), ("pelvis_tilt", np.sin(obliquity))):
        sd[name] = np.sqrt(sd[name] ** 2 + max(more, 0.0) * share**2)
    for side in sides:
        flexion = angles.values[f"hip_flexion_{side}"]
        for stem, share in (("adduction", np.sin(flexion)), ("rotation", 1.0 - np.cos(flexion))):
            name = f"hip_{stem}_{side}"
            sd[name] = np.sqrt(sd[name] ** 2 + max(more, 0.0) * share**2)
    return Angles(angles.values, sd)
