"""90/90 rotations: seated on the floor, both knees fall to one side and come back.

The feet stay, so each leg turns about the line from its hip to its ankle: one hip inwards, the
other outwards. When the stiffer of the two has come to its end, the pelvis rolls after the knees.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import hip_angles, side_sign
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest, first_crossing
from imuhip.simulation.performing.mover import pelvis_follows
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.rotations import PELVIS_MOVED_DEG
from imuhip.simulation.performing.stage import Scene, Turns, own_turn

__all__ = ["ROTATIONS_90_90"]

_OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
_SIGN = {"internal": 1.0, "external": -1.0}
_AXIS_GAIN = 1.25
"""The leg turns farther about hip and ankle than the femur about itself."""


def _leg_axis(scene: Scene, side: Side) -> FloatArray:
    """Return (n, 3), the line from ankle to hip in the thigh's axes."""
    knee = np.radians(scene.base[f"knee_flexion_{side}"])
    thigh, shank = scene.body.thigh_m, scene.body.shank_m
    # from the knee, the shank goes backwards by the sine and on downwards by the cosine
    line = np.column_stack(
        [shank * np.sin(knee), thigh + shank * np.cos(knee), np.zeros_like(knee)]
    )
    return np.asarray(line / np.linalg.norm(line, axis=1, keepdims=True))


def _wipe(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    style = scene.mover.style
    whole_turn = np.zeros_like(scene.time_s)
    pelvis = np.zeros_like(scene.time_s)
    for direction, way in _SIGN.items():
        inner = side if direction == "internal" else _OTHER[side]
        inwards = scene.mover.ends[inner]["internal"]
        outwards = scene.mover.ends[_OTHER[inner]]["external"]
        letter = direction[0]
        longer = scene.shift(f"hip_{letter}r_deg")
        first = min(inwards.limit_deg - inwards.onset_deg, outwards.limit_deg - outwards.onset_deg)
        usual = _AXIS_GAIN * (first + longer)
        onset = usual - 12.0 * scene.fault("early_pelvic_tilt")
        whole = usual + inwards.beyond_deg / scene.mover.share + scene.each(0.0, 1.5)
        drive = whole * scene.reach * scene.efforts(direction)
        whole_turn += way * drive
        follows = pelvis_follows(drive, scene.each(max(onset, 2.0), 1.0), scene.mover)
        pelvis += way * follows
    sign = side_sign(side)
    for leg in SIDES:
        turn = quaternion.from_rotation_vector(
            _leg_axis(scene, leg) * np.radians(sign * whole_turn)[:, None]
        )
        turns.thigh_deg[leg] = np.degrees(hip_angles(turn, leg))
    part = np.clip(scene.efforts(), 0.0, None)
    # it rolls over after the knees, off the sitting bone, and turns a little
    lists = sign * (0.9 * pelvis + 6.0 * scene.fault("hip_hike") * part)
    twist = sign * (0.4 + 0.15 * style["twist"]) * pelvis
    tips = -(0.25 + 0.1 * style["tilt"]) * np.abs(pelvis)
    turns.pelvis = own_turn(tips, lists, twist)
    return turns


def _main(bones: Bones, side: Side, direction: str, rest_s: float, rows: slice) -> FloatArray:
    return _SIGN[direction] * bones.about_femur(f"thigh_{side}", side, rest_s, rows)


def _measures(seen: Measured) -> dict[str, float]:
    """Measure what both hips turn, and how quiet the pelvis stays."""
    bones, side, rows = seen.bones, seen.side, seen.way_out
    direction = seen.repetition.direction
    inner = side if direction == "internal" else _OTHER[side]
    time_s = bones.time_s[rows]
    turned = {
        leg: bones.about_femur(f"thigh_{leg}", leg, seen.rest_s, rows)
        * (1.0 if leg == inner else -1.0)
        for leg in SIDES
    }
    hips = {
        leg: bones.turned_on("pelvis", f"thigh_{leg}", 1, seen.rest_s, rows)
        * side_sign(leg)
        * (1.0 if leg == inner else -1.0)
        for leg in SIDES
    }
    moved = bones.size("pelvis", seen.rest_s, rows)
    at_s = first_crossing(time_s, moved, PELVIS_MOVED_DEG)
    true_s = float(time_s[-1]) if np.isnan(at_s) else at_s
    own, letter = turned[side], direction[0]
    return {
        f"apparent_{letter}r_deg": float(own[-1]),
        f"true_{letter}r_deg": float(np.interp(true_s, time_s, own)),
        f"hip_{letter}r_deg": float(hips[side][-1]),
        f"other_hip_{'e' if letter == 'i' else 'i'}r_deg": float(hips[_OTHER[side]][-1]),
        "pelvis_moved_deg": float(moved[-1]),
        "pelvis_twist_deg": farthest(bones.about("pelvis", 1, seen.rest_s, rows)),
        "pelvis_list_deg": farthest(-bones.about("pelvis", 0, seen.rest_s, rows)),
        "pelvis_quiet_share": float(1.0 - moved[-1] / own[-1]),
        "return_error_deg": float(bones.size("pelvis", seen.rest_s, seen.whole)[-1]),
    }


ROTATIONS_90_90 = Recipe(
    posture="floor",
    is_sided=True,
    raises_leg=False,
    directions=("internal", "external"),
    faults={
        "early_pelvic_tilt": "the pelvis goes along 12 deg earlier",
        "hip_hike": "one side of the pelvis rises by 6 deg",
        **ANYWHERE,
    },
    changes=("hip_ir_deg", "hip_er_deg"),
    repetition_s=3.2,
    hold_s=0.5,
    move=_wipe,
    main=_main,
    measures=_measures,
)
