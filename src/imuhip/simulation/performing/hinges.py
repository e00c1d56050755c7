"""The hip hinge: hips go back, the pelvis tips forward over them, the spine stays as it is.

Thighs lean back in the room by some 25 deg while the pelvis tips by 55, so pelvis over thigh is
about 2; a squat has it the other way round. Sizes follow the bends of the calibration movements.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.stage import Scene, Turns, own_turn

__all__ = [
    "HINGE", "aside_deg", "depth", "hinge_measures", "pelvis_tips", "rhythm", "spine",
    "tilted", "toward",
]  # fmt: skip


def aside_deg(scene: Scene, knee: FloatArray, internal: FloatArray) -> FloatArray:
    """Return how far a turned thigh must go aside for the ankle to stay where it is, deg."""
    knee_rad, turned = np.radians(knee), np.radians(internal)
    ratio = scene.body.thigh_m / scene.body.shank_m
    return np.degrees(np.arctan(np.sin(knee_rad) * np.sin(turned) / (ratio + np.cos(knee_rad))))


def toward(side: Side) -> float:
    """Return the sign of list and twist that go to a side: right side up, or forward, is +."""
    return 1.0 if side == "left" else -1.0


def depth(scene: Scene) -> FloatArray:
    """Return how deep the person goes: 1 at this person's usual depth."""
    part = scene.efforts()
    return np.asarray(part * scene.reach)


def _hinge(scene: Scene) -> Turns:
    turns = Turns.none(len(scene.time_s))
    style, part = scene.mover.style, depth(scene)
    squat = scene.fault("squat_hinge")
    lean = 26.0 + 4.0 * style["lean"] + 20.0 * squat + scene.each(0.0, 1.0)
    index = 2.15 + 0.22 * style["tilt"] + scene.shift("hinge_index")
    tilt = index * (26.0 + 4.0 * style["lean"]) - 6.0 * squat + scene.each(0.0, 1.5)
    knee = 20.0 + 4.0 * style["knee"] + 26.0 * squat
    shift = scene.fault("shift") * toward(scene.side or "left")
    # thighs and pelvis do not set out together in everybody
    thighs = np.clip(part, 0.0, None) ** np.exp(0.1 * style["depth"])
    for side in SIDES:
        sign = 0.5 if side == "left" else -0.5
        internal = (-3.0 + 1.5 * style["open"]) * part
        own_lean = lean + sign * (2.0 * style["asymmetry"] + 8.0 * shift) + scene.each(0.0, 0.4)
        knees = (knee + sign * 10.0 * shift) * part
        sideways = aside_deg(scene, knees, internal) + sign * 8.0 * shift * part
        turns.thigh_deg[side] = np.column_stack([own_lean * thighs, sideways, internal])
        turns.knee_deg[side] = knees
        turns.on_feet[side] = np.full_like(part, 0.5)
    turns.pelvis = pelvis_tips(scene, tilt * part, part, lifted_deg=3.0 * shift)
    turns.trunk_deg = spine(scene, part)
    return turns


def pelvis_tips(
    scene: Scene, tilt: FloatArray, part: FloatArray, lifted_deg: float = 0.0
) -> FloatArray:
    """Return the pelvis' turn: tilt, and list and twist of this person and of faults."""
    way = toward(scene.side or "left")
    style = scene.mover.style
    lists = 1.2 * style["list"] + scene.each(0.0, 0.7) + 6.0 * way * scene.fault("pelvis_list")
    twist = 1.5 * style["twist"] + scene.each(0.0, 0.9) + 7.0 * way * scene.fault("pelvis_twist")
    return own_turn(tilt, (lists + lifted_deg) * part, twist * part)


def spine(scene: Scene, part: FloatArray) -> FloatArray:
    """Return what the trunk does on the pelvis: the back bends first, as it does in people."""
    style = scene.mover.style
    own = 4.0 + 2.5 * style["spine"] + scene.each(0.0, 0.8)
    early = np.clip(part, 0.0, None) ** (0.85 + 0.05 * style["wobble"])
    rounded = 16.0 * scene.fault("spine_round") * np.clip(part, 0.0, None) ** 0.7
    flexion = own * early + rounded
    return np.column_stack([flexion, np.zeros_like(part), np.zeros_like(part)])


def tilted(bones: Bones, _side: Side, _: str, rest_s: float, rows: slice) -> FloatArray:
    """Return how far the pelvis has tipped forward."""
    return bones.changed("pelvis_tilt", rest_s, rows)


def hinge_measures(seen: Measured) -> dict[str, float]:
    """Measure hinge index, what the pelvis does besides, and how alike both thighs are."""
    bones, rest_s = seen.bones, seen.rest_s
    deepest = bones.between(seen.repetition.peak_s, seen.repetition.peak_s)
    tilt = float(bones.changed("pelvis_tilt", rest_s, deepest)[0])
    thigh = {side: float(bones.inclined(f"thigh_{side}", rest_s, deepest)[0]) for side in SIDES}
    mean = 0.5 * (thigh["left"] + thigh["right"])
    measures = {
        "hinge_index": tilt / mean,
        "hinge_share": tilt / (tilt + mean),
        "pelvis_tilt_deg": tilt,
        "thigh_inclination_deg": mean,
        "thigh_asymmetry_deg": thigh["left"] - thigh["right"],
        "pelvis_twist_deg": farthest(bones.changed("pelvis_rotation", rest_s, seen.whole)),
        "pelvis_list_deg": farthest(bones.changed("pelvis_obliquity", rest_s, seen.whole)),
    }
    return measures | rhythm(seen)


def rhythm(seen: Measured) -> dict[str, float]:
    """Measure the hip's share of the trunk's inclination, by quarter of the descent."""
    bones, rows = seen.bones, seen.way_out
    pelvis = bones.changed("pelvis_tilt", seen.rest_s, rows)
    back = bones.changed("trunk_flexion", seen.rest_s, rows)
    whole = pelvis + back
    part = np.maximum.accumulate(whole) / whole.max()
    at = [int(np.argmax(part >= q)) for q in (0.25, 0.5, 0.75, 1.0)]
    shares, before = {}, 0
    for quarter, row in enumerate(at, start=1):
        hip = pelvis[row] - pelvis[before]
        shares[f"hip_share_q{quarter}"] = float(hip / (whole[row] - whole[before]))
        before = row
    shares["hip_share"] = float(pelvis[at[-1]] / whole[at[-1]])
    shares["spine_flexion_deg"] = float(back[at[-1]])
    return shares


HINGE = Recipe(
    posture="standing",
    is_sided=False,
    raises_leg=False,
    directions=("",),
    faults={
        "pelvis_twist": "the pelvis turns by 7 deg",
        "pelvis_list": "one side of the pelvis rises by 6 deg",
        "shift": "onto one leg: list 3 deg, thighs 8 deg apart",
        "squat_hinge": "thighs lean 20, knees bend 26 deg more, the pelvis tips 6 less",
        "spine_round": "the back bends by 16 deg, at once",
        **ANYWHERE,
    },
    changes=("hinge_index",),
    repetition_s=3.6,
    hold_s=0.4,
    move=_hinge,
    main=tilted,
    measures=hinge_measures,
)
