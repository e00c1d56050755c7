"""Hip rotation, supine with hip and knee at 90 deg, prone, and seated.

A tester (or the person) turns the shank about the femur's long axis. The femur follows; at the end
the knee gives way a little, so the shank turns 3-8 deg more than the femur, less when muscles do
it. The pelvis goes along about that same axis, and a little about others.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import hip_quaternion, side_sign
from imuhip.core.segments import HIP_ANGLES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, first_crossing
from imuhip.simulation.performing.mover import pelvis_follows
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.stage import Scene, Turns, own_turn

__all__ = ["PELVIS_MOVED_DEG", "rotation_recipe"]

PELVIS_MOVED_DEG = 5.0
"""The pelvis no longer rests when it has turned by so much."""
_ONSET_DEG = 2.0
_SIGN = {"internal": 1.0, "external": -1.0}
_ACTIVE_SLACK = 0.35

FAULTS = {
    "early_pelvic_tilt": "the pelvis goes along 12 deg earlier",
    "hip_hike": "the pelvis is pulled up on the tested side by 6 deg",
    "pelvis_twist": "the pelvis rolls by 6 deg",
    **ANYWHERE,
}


def _turn_leg(scene: Scene, prefix: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the femur's turn inwards, the pelvis' along with it, and the knee's slack, deg."""
    side = _side(scene)
    n_samples = len(scene.time_s)
    thigh, pelvis, slack = np.zeros(n_samples), np.zeros(n_samples), np.zeros(n_samples)
    give = scene.mover.laxity_deg[side] * (_ACTIVE_SLACK if scene.active else 1.0)
    for direction, sign in _SIGN.items():
        end = scene.mover.ends[side][prefix + direction]
        letter = direction[0]
        longer = scene.shift(f"true_{letter}r_deg") + scene.shift(f"apparent_{letter}r_deg")
        usual = end.limit_deg + longer - end.onset_deg
        earlier = 12.0 * scene.fault("early_pelvic_tilt")
        onset = scene.each(max(usual - earlier, 2.0), 0.7)
        whole = usual + end.beyond_deg / scene.mover.share + scene.each(0.0, 0.6)
        whole = whole * scene.reach
        part = scene.efforts(direction)
        drive = whole * part
        thigh += sign * drive
        pelvis += sign * pelvis_follows(drive, onset, scene.mover)
        slack += sign * give * np.clip(part, 0.0, None) ** 4
    return thigh, pelvis, slack


def _side(scene: Scene) -> Side:
    return scene.side or "left"


def _move(scene: Scene, prefix: str) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side = _side(scene)
    sign = side_sign(side)
    thigh, pelvis, slack = _turn_leg(scene, prefix)
    style = scene.mover.style
    # no hand turns a leg about exactly one axis
    turns.thigh_deg[side] = np.column_stack(
        [0.05 * style["lean"] * thigh, 0.05 * style["sway"] * thigh, thigh]
    )
    turns.slack_deg[side] = slack
    stems = [name for name in HIP_ANGLES if name.endswith(side)]
    hip = np.radians(np.column_stack([scene.base[name] for name in stems]))
    femur_P = quaternion.rotate(hip_quaternion(hip, side), np.array([0.0, 1.0, 0.0]))
    tipped = femur_P + 0.25 * np.array([style["list"], style["twist"], style["tilt"]])
    axis = tipped / np.linalg.norm(tipped, axis=1, keepdims=True)
    along = quaternion.from_rotation_vector(axis * np.radians(sign * pelvis)[:, None])
    part = np.clip(scene.efforts(), 0.0, None)
    side_up = 6.0 * sign * scene.fault("hip_hike") * part
    rolled = 6.0 * sign * scene.fault("pelvis_twist") * part
    turns.pelvis = quaternion.multiply(along, own_turn(np.zeros_like(part), side_up, rolled))
    return turns


def _main(bones: Bones, side: Side, direction: str, rest_s: float, rows: slice) -> FloatArray:
    return _SIGN[direction] * bones.about_femur(f"thigh_{side}", side, rest_s, rows)


def _measures(seen: Measured) -> dict[str, float]:
    """Measure true and apparent rotation, the pelvis' share and who moved first."""
    bones, side, rows = seen.bones, seen.side, seen.way_out
    sign = _SIGN[seen.repetition.direction]
    time_s = bones.time_s[rows]
    femur, shank, pelvis = (
        sign * bones.about_femur(name, side, seen.rest_s, rows)
        for name in (f"thigh_{side}", f"shank_{side}", "pelvis")
    )
    moved = bones.size("pelvis", seen.rest_s, rows)
    at_s = first_crossing(time_s, moved, PELVIS_MOVED_DEG)
    true_s = float(time_s[-1]) if np.isnan(at_s) else at_s
    hip_s = first_crossing(time_s, femur - pelvis, _ONSET_DEG)
    pelvis_s = first_crossing(time_s, moved, _ONSET_DEG)
    letter = seen.repetition.direction[0]
    of_external = "" if letter == "i" else "_er"
    return {
        f"apparent_{letter}r_deg": float(femur[-1]),
        f"true_{letter}r_deg": float(np.interp(true_s, time_s, femur)),
        f"apparent_{letter}r_shank_deg": float(shank[-1]),
        f"true_{letter}r_shank_deg": float(np.interp(true_s, time_s, shank)),
        f"hip_{letter}r_deg": float(femur[-1] - pelvis[-1]),
        f"pelvic_share{of_external}": float(pelvis[-1] / femur[-1]),
        f"pelvis_moved{of_external}_deg": float(moved[-1]),
        f"pelvis_moved_at{of_external}_s": float(at_s - time_s[0]),
        f"hip_onset{of_external}_s": float(hip_s - time_s[0]),
        f"pelvis_onset{of_external}_s": float(pelvis_s - time_s[0]),
        f"pelvis_delay{of_external}_s": float(pelvis_s - hip_s),
    }


def rotation_recipe(posture: str) -> Recipe:
    """Return hip rotation in a posture: ``supine``, ``prone`` or ``seated``."""
    prefix = "prone_" if posture == "prone" else ""
    move: Callable[[Scene], Turns] = lambda scene: _move(scene, prefix)  # noqa: E731
    return Recipe(
        posture=posture,
        is_sided=True,
        raises_leg=True,
        directions=("internal", "external"),
        faults=FAULTS,
        changes=("true_ir_deg", "apparent_ir_deg", "true_er_deg", "apparent_er_deg"),
        repetition_s=3.4,
        hold_s=0.9,
        move=move,
        main=_main,
        measures=_measures,
    )
