"""The squat: knees and hips bend together, and the question is whether it goes to one side.

Parallel squats bend the knee by 95-110 deg and lean the shank by 20-30 (Schoenfeld 2010,
doi:10.1519/JSC.0b013e3181bac2d7). A hip that comes to its end takes the pelvis under.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest
from imuhip.simulation.performing.hinges import aside_deg, depth, pelvis_tips, toward
from imuhip.simulation.performing.mover import pelvis_follows
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.stage import Scene, Turns, own_turn

__all__ = ["SQUAT"]


def _squat(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    style, part = scene.mover.style, depth(scene)
    lean = 78.0 + 7.0 * style["depth"] + scene.each(0.0, 1.5)
    shank = 22.0 + 4.0 * style["lean"]
    tilt = (30.0 + 5.0 * style["tilt"]) * part
    shift = scene.fault("shift") * toward(scene.side or "left")
    limits = [scene.mover.ends[side]["flexion"] for side in SIDES]
    onset = min(end.limit_deg - end.onset_deg for end in limits)
    onset -= 20.0 * scene.fault("early_pelvic_tilt")
    for side in SIDES:
        sign = 0.5 if side == "left" else -0.5
        internal = (-9.0 + 4.0 * style["open"] + sign * 3.0 * style["asymmetry"]) * part
        own_lean = lean + sign * (2.5 * style["asymmetry"] + 9.0 * shift) + scene.each(0.0, 0.5)
        knee = (own_lean + shank) * part
        sideways = aside_deg(scene, knee, internal) + sign * 8.0 * shift * part
        turns.thigh_deg[side] = np.column_stack([own_lean * part, sideways, internal])
        turns.knee_deg[side] = knee
        turns.on_feet[side] = np.full_like(part, 0.5)
    under = pelvis_follows(lean * part + tilt, onset, scene.mover)
    still = np.zeros_like(part)
    turns.pelvis = quaternion.multiply(
        pelvis_tips(scene, tilt, part, lifted_deg=3.0 * shift),
        own_turn(-np.clip(under, 0.0, None), still, still),
    )
    turns.trunk_deg = np.column_stack([(10.0 + 4.0 * style["spine"]) * part, still, still])
    return turns


def _lowered(bones: Bones, _side: Side, _: str, rest_s: float, rows: slice) -> FloatArray:
    return np.asarray(0.5 * sum(bones.inclined(f"thigh_{side}", rest_s, rows) for side in SIDES))


def _measures(seen: Measured) -> dict[str, float]:
    """Measure depth, list, twist, how alike the thighs are, and where the pelvis goes."""
    bones, rest_s = seen.bones, seen.rest_s
    deepest = bones.between(seen.repetition.peak_s, seen.repetition.peak_s)
    thigh = {side: float(bones.inclined(f"thigh_{side}", rest_s, deepest)[0]) for side in SIDES}
    tilt = bones.changed("pelvis_tilt", rest_s, seen.way_out)
    return {
        "thigh_inclination_deg": 0.5 * (thigh["left"] + thigh["right"]),
        "thigh_asymmetry_deg": thigh["left"] - thigh["right"],
        "knee_flexion_deg": float(
            0.5 * sum(bones.changed(f"knee_flexion_{side}", rest_s, deepest)[0] for side in SIDES)
        ),
        "pelvis_tilt_deg": float(tilt[-1]),
        "pelvis_tucked_deg": float(tilt.max() - tilt[-1]),
        "pelvis_list_deg": farthest(bones.changed("pelvis_obliquity", rest_s, seen.whole)),
        "pelvis_twist_deg": farthest(bones.changed("pelvis_rotation", rest_s, seen.whole)),
        "pelvis_list_at_depth_deg": float(bones.changed("pelvis_obliquity", rest_s, deepest)[0]),
        "lateral_shift_m": _to_the_right_m(bones, rest_s, deepest),
        "tempo_s": float(seen.repetition.end_s - seen.repetition.start_s),
    }


def _to_the_right_m(bones: Bones, rest_s: float, deepest: slice) -> float:
    """Return how far the pelvis has gone to the person's right."""
    pelvis = bones.motions["pelvis"]
    row = bones.row(rest_s)
    right_W = quaternion.rotate(pelvis.q_WB[row], np.array([0.0, 0.0, 1.0]))
    return float((pelvis.position_W[deepest][0] - pelvis.position_W[row]) @ right_W)


SQUAT = Recipe(
    posture="standing",
    is_sided=False,
    raises_leg=False,
    directions=("",),
    faults={
        "shift": "onto one leg: list 3 deg, thighs 9 deg apart, some cm aside",
        "pelvis_twist": "the pelvis turns by 7 deg",
        "pelvis_list": "one side of the pelvis rises by 6 deg",
        "early_pelvic_tilt": "the pelvis tucks under 20 deg earlier",
        **ANYWHERE,
    },
    changes=(),
    repetition_s=3.4,
    hold_s=0.3,
    move=_squat,
    main=_lowered,
    measures=_measures,
)
