"""Lateral lunge, and split squat with a turn of the pelvis: both feet stay, the legs differ.

The pelvis' way is laid out between the feet, and the legs bend as they must. The longer leg keeps
its length, so the body goes down on an arc about that foot.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import hip_angles, hip_quaternion, pelvis_quaternion, side_sign
from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest
from imuhip.simulation.performing.hinges import depth, pelvis_tips, toward
from imuhip.simulation.performing.leg_chain import bend_leg
from imuhip.simulation.performing.postures import rise
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.stage import Scene, Turns, own_turn
from imuhip.simulation.performing.timing import N_POSE_S

__all__ = ["LATERAL_LUNGE", "SPLIT_SQUAT_ROTATION"]

_OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
_STEP_S, _STEP_SIGMA_S = 1.5, 0.22
_KNEE_SLACK = 0.992
"""Standing with feet apart, the legs are this part of their full length."""


def _into_stance(scene: Scene) -> FloatArray:
    """Return 0 in the standing pose and 1 with the feet apart."""
    return rise(scene.time_s, N_POSE_S + _STEP_S, _STEP_SIGMA_S)


def _place_legs(
    scene: Scene,
    turns: Turns,
    hips_m: FloatArray,
    ankles_m: dict[Side, FloatArray],
    toes_out_deg: dict[Side, float],
) -> None:
    """Bend both legs between the pelvis at `hips_m` and the ankles, from the stance on."""
    q_DP0 = pelvis_quaternion(
        np.radians(np.column_stack([scene.base[name] for name in PELVIS_ANGLES]))
    )
    q_DP = quaternion.multiply(q_DP0, turns.pelvis)
    share = _into_stance(scene)
    for side in SIDES:
        hip_m = hips_m + quaternion.rotate(q_DP, scene.body.hip_centre_m(side))
        out = np.radians(toes_out_deg[side]) * -side_sign(side)
        # the person looks along x, the right is -y; toes out turns it with the foot
        right = np.array([np.sin(out), -np.cos(out), 0.0])
        q_DT, knee = bend_leg(hip_m, ankles_m[side], right, scene.body)
        stems = [name for name in HIP_ANGLES if name.endswith(side)]
        hip0 = np.radians(np.column_stack([scene.base[name] for name in stems]))
        q_DT0 = quaternion.multiply(q_DP0, hip_quaternion(hip0, side))
        turn = quaternion.multiply(quaternion.conjugate(q_DT0), q_DT)
        turns.thigh_deg[side] = np.degrees(hip_angles(turn, side)) * share[:, None]
        turns.knee_deg[side] = share * (np.degrees(knee) - scene.base[f"knee_flexion_{side}"])
    turns.way_m = share[:, None] * (hips_m - np.array([0.0, 0.0, scene.body.hip_height_m]))


def _lunge(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    way = 1.0 if side == "left" else -1.0
    style, part, body = scene.mover.style, depth(scene), scene.body
    turns.pelvis = pelvis_tips(
        scene, (24.0 + 4.0 * style["tilt"] + scene.each(0.0, 1.0)) * part, part
    )
    half_m, leg_m = body.hip_half_distance_m, body.thigh_m + body.shank_m
    stance_m = (0.47 + 0.02 * style["sway"]) * leg_m
    ground_m = body.hip_height_m - leg_m
    ankles = {
        leg: np.tile([0.0, stance_m * (1.0 if leg == "left" else -1.0), ground_m], (len(part), 1))
        for leg in SIDES
    }
    aside = way * (0.70 + 0.05 * style["depth"]) * stance_m * part
    behind = (-0.10 - 0.02 * style["lean"]) * leg_m * part
    # the leg that stays straight tells how low the pelvis gets
    across = stance_m + np.abs(aside) - half_m
    long_m = _KNEE_SLACK * leg_m
    up = ground_m + np.sqrt(long_m**2 - across**2 - behind**2)
    hips = np.column_stack([behind, aside, up])
    toes = dict.fromkeys(SIDES, 8.0 + 3.0 * style["open"])
    _place_legs(scene, turns, hips, ankles, toes)
    turns.trunk_deg = np.column_stack(
        [(8.0 + 3.0 * style["spine"]) * part, np.zeros_like(part), np.zeros_like(part)]
    )
    return turns


def _split_squat(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    style, part, body = scene.mover.style, depth(scene), scene.body
    # the turn comes after the way down and ends before the way up
    late = np.clip(part, 0.0, None) ** 3
    limit = scene.mover.ends[side]["internal"].limit_deg
    usual = float(np.clip(0.55 * limit + 5.0, 6.0, 30.0)) + scene.shift("pelvis_rotation_deg")
    turned = usual + scene.each(0.0, 1.2)
    still = np.zeros_like(part)
    turns.pelvis = quaternion.multiply(
        own_turn(still, still, toward(side) * turned * late),
        pelvis_tips(scene, (12.0 + 4.0 * style["tilt"]) * part, part),
    )
    leg_m = body.thigh_m + body.shank_m
    step_m = (0.36 + 0.02 * style["sway"]) * leg_m
    ground_m = body.hip_height_m - leg_m
    beside = body.hip_half_distance_m
    heel = 0.09 + 0.05 * part
    ankles = {
        leg: np.column_stack(
            [
                np.full_like(part, step_m if leg == side else -step_m),
                np.full_like(part, beside * (1.0 if leg == "left" else -1.0)),
                still + (ground_m + 0.05 if leg == side else ground_m + heel),
            ]
        )
        for leg in SIDES
    }
    ahead = 0.03 + 0.04 * part
    high_m = ground_m + np.sqrt((_KNEE_SLACK * leg_m) ** 2 - (step_m + 0.03) ** 2)
    down = (0.45 + 0.02 * style["depth"] + scene.each(0.0, 0.004)) * leg_m * part
    hips = np.column_stack([ahead, still, high_m - down])
    _place_legs(scene, turns, hips, ankles, dict.fromkeys(SIDES, 3.0))
    turns.trunk_deg = np.column_stack([(5.0 + 3.0 * style["spine"]) * part, still, still])
    return turns


def _lowered(bones: Bones, side: Side, _: str, rest_s: float, rows: slice) -> FloatArray:
    return bones.changed(f"knee_flexion_{side}", rest_s, rows)


def _measures(seen: Measured) -> dict[str, float]:
    """Measure depth on the leading leg, the pelvis' turn and list, and whether it comes back."""
    bones, side, rest_s = seen.bones, seen.side, seen.rest_s
    deepest = bones.between(seen.repetition.peak_s, seen.repetition.peak_s)
    hip = {
        stem: bones.changed(f"hip_{stem}_{side}", rest_s, seen.whole)
        for stem in ("flexion", "adduction", "rotation")
    }
    rotation = bones.changed("pelvis_rotation", rest_s, seen.whole)
    return {
        "knee_flexion_deg": float(bones.changed(f"knee_flexion_{side}", rest_s, deepest)[0]),
        "thigh_inclination_deg": float(bones.inclined(f"thigh_{side}", rest_s, deepest)[0]),
        "hip_flexion_deg": float(hip["flexion"].max()),
        "hip_adduction_deg": farthest(hip["adduction"]),
        "hip_ir_deg": float(hip["rotation"].max()),
        "pelvis_tilt_deg": float(bones.changed("pelvis_tilt", rest_s, deepest)[0]),
        "pelvis_list_deg": farthest(bones.changed("pelvis_obliquity", rest_s, seen.whole)),
        "pelvis_twist_deg": farthest(rotation),
        "pelvis_rotation_deg": float((toward(side) * rotation).max()),
        "return_error_deg": float(bones.size("pelvis", rest_s, seen.whole)[-1]),
        "tempo_s": float(seen.repetition.end_s - seen.repetition.start_s),
    }


_FAULTS = {
    "pelvis_twist": "the pelvis turns by 7 deg",
    "pelvis_list": "one side of the pelvis rises by 6 deg",
    **ANYWHERE,
}

LATERAL_LUNGE = Recipe(
    posture="standing",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=(),
    repetition_s=3.8,
    hold_s=0.4,
    move=_lunge,
    main=_lowered,
    measures=_measures,
)

SPLIT_SQUAT_ROTATION = Recipe(
    posture="standing",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=("pelvis_rotation_deg",),
    repetition_s=4.4,
    hold_s=0.8,
    move=_split_squat,
    main=_lowered,
    measures=_measures,
)
