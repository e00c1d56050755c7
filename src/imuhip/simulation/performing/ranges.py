"""Hip flexion with the knee to the chest, lying supine, and hip extension lying prone.

The thigh is moved in the room against a table that does not move. Near the end of the hip's range
the pelvis gives way: it tilts backwards under a bent hip, forwards under an extended one.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import hip_angles, hip_quaternion, side_sign
from imuhip.core.segments import HIP_ANGLES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest, first_crossing
from imuhip.simulation.performing.mover import pelvis_follows
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.rotations import PELVIS_MOVED_DEG
from imuhip.simulation.performing.stage import Scene, Turns, own_turn

__all__ = ["HIP_EXTENSION_PRONE", "KNEE_TO_CHEST"]

_FAULTS = {
    "early_pelvic_tilt": "the pelvis goes along 20 deg earlier (extension: 6 deg)",
    "pelvis_twist": "the pelvis rolls by 6 deg",
    "hip_hike": "the pelvis is pulled up on the tested side by 6 deg",
    **ANYWHERE,
}


def _lift(scene: Scene, kind: str, earlier_deg: float) -> tuple[FloatArray, FloatArray]:
    """Return how far the thigh goes in the room, and the pelvis with it, deg."""
    end = scene.mover.ends[scene.side or "left"][kind]
    limit = end.limit_deg + scene.shift(f"total_{kind}_deg")
    later = scene.shift(f"pelvis_onset_{kind}_deg")
    onset = limit - end.onset_deg + later - earlier_deg * scene.fault("early_pelvic_tilt")
    whole = limit - end.onset_deg + end.beyond_deg / scene.mover.share + scene.each(0.0, 0.8)
    drive = whole * scene.reach * scene.efforts()
    return drive, pelvis_follows(drive, scene.each(max(onset, 0.0), 0.8), scene.mover)


def _forwards(
    scene: Scene, flexion: FloatArray, adduction: FloatArray, rotation: FloatArray
) -> FloatArray:
    """Return the turn of a thigh that is taken forwards past a pelvis, however it lies rolled.

    A leg that rests rolls out; a hand that lifts it takes it towards the shoulder all the same.
    """
    side: Side = scene.side or "left"
    stems = [name for name in HIP_ANGLES if name.endswith(side)]
    rest = np.radians(np.column_stack([scene.base[name] for name in stems]))
    q_PT0 = hip_quaternion(rest, side)
    own = hip_quaternion(np.radians(np.column_stack([0.0 * flexion, adduction, rotation])), side)
    lifted = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), np.radians(flexion))
    q_PT = quaternion.multiply(quaternion.multiply(lifted, q_PT0), own)
    turn = quaternion.multiply(quaternion.conjugate(q_PT0), q_PT)
    return np.degrees(hip_angles(turn, side))


def _pelvis(scene: Scene, tilt: FloatArray) -> FloatArray:
    """Return the pelvis' turn: tilt, what else comes with it in this person, and faults."""
    sign = side_sign(scene.side or "left")
    part = np.clip(scene.efforts(), 0.0, None)
    size = np.abs(tilt)
    style = scene.mover.style
    side_up = 0.1 * style["list"] * size + 6.0 * sign * scene.fault("hip_hike") * part
    rolled = 0.1 * style["twist"] * size + 6.0 * sign * scene.fault("pelvis_twist") * part
    return own_turn(tilt, side_up, rolled)


def _bring_to_chest(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    other: Side = "right" if side == "left" else "left"
    drive, follows = _lift(scene, "flexion", 20.0)
    style = scene.mover.style
    out = (-0.05 + 0.03 * style["sway"]) * drive
    turns.thigh_deg[side] = _forwards(scene, drive, out, 0.03 * style["lean"] * drive)
    turns.knee_deg[side] = (105.0 + 6.0 * style["knee"]) * np.tanh(drive / 70.0)
    # a pelvis that tilts back lifts the other leg a little
    turns.thigh_deg[other] = np.column_stack(
        [0.25 * follows, np.zeros_like(follows), np.zeros_like(follows)]
    )
    turns.pelvis = _pelvis(scene, -follows)
    return turns


def _extend(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    drive, follows = _lift(scene, "extension", 6.0)
    style = scene.mover.style
    out = (-0.06 + 0.05 * style["sway"]) * drive
    turns.thigh_deg[side] = _forwards(scene, -drive, out, 0.05 * style["lean"] * drive)
    turns.pelvis = _pelvis(scene, follows)
    return turns


def _flexed(bones: Bones, side: Side, _: str, rest_s: float, rows: slice) -> FloatArray:
    return bones.flexed(f"thigh_{side}", rest_s, rows)


def _extended(bones: Bones, side: Side, _: str, rest_s: float, rows: slice) -> FloatArray:
    return -bones.flexed(f"thigh_{side}", rest_s, rows)


def _range_measures(seen: Measured, kind: str, sign: float) -> dict[str, float]:
    """Measure range in the room, the hip's part until the pelvis moves, and the pelvis' share."""
    bones, side, rows = seen.bones, seen.side, seen.way_out
    time_s = bones.time_s[rows]
    thigh = sign * bones.flexed(f"thigh_{side}", seen.rest_s, rows)
    tilt = sign * bones.about("pelvis", 2, seen.rest_s, rows)
    hip = sign * bones.changed(f"hip_flexion_{side}", seen.rest_s, rows)
    at_s = first_crossing(time_s, tilt, PELVIS_MOVED_DEG)
    onset_s = float(time_s[-1]) if np.isnan(at_s) else at_s
    hip_s = first_crossing(time_s, hip, 2.0)
    pelvis_s = first_crossing(time_s, tilt, 2.0)
    return {
        f"pelvis_onset_{kind}_deg": float(np.interp(onset_s, time_s, hip)),
        f"pelvis_onset_thigh_{kind}_deg": float(np.interp(onset_s, time_s, thigh)),
        f"total_{kind}_deg": float(thigh[-1]),
        f"hip_{kind}_deg": float(hip[-1]),
        "pelvis_share": float(tilt[-1] / thigh[-1]),
        "pelvis_tilt_deg": float(tilt[-1]),
        "pelvis_twist_deg": farthest(bones.about("pelvis", 1, seen.rest_s, rows)),
        "pelvis_list_deg": farthest(-bones.about("pelvis", 0, seen.rest_s, rows)),
        "pelvis_onset_at_s": float(at_s - time_s[0]),
        "pelvis_delay_s": float(pelvis_s - hip_s),
    }


KNEE_TO_CHEST = Recipe(
    posture="supine",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=("pelvis_onset_flexion_deg", "total_flexion_deg"),
    repetition_s=3.8,
    hold_s=0.9,
    move=_bring_to_chest,
    main=_flexed,
    measures=lambda seen: _range_measures(seen, "flexion", 1.0),
)

HIP_EXTENSION_PRONE = Recipe(
    posture="prone",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=("pelvis_onset_extension_deg", "total_extension_deg"),
    repetition_s=3.0,
    hold_s=0.8,
    move=_extend,
    main=_extended,
    measures=lambda seen: _range_measures(seen, "extension", -1.0),
)
