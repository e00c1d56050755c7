"""Hinges on one leg: straight, with the pelvis turned over the standing leg, and as an airplane.

The standing foot stays, the body balances above it. What wobbles is the pelvis over the femur, at
about 1 Hz, and the thigh a little.
"""

from __future__ import annotations

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, farthest
from imuhip.simulation.performing.hinges import (
    depth,
    pelvis_tips,
    rhythm,
    spine,
    tilted,
    toward,
)
from imuhip.simulation.performing.mover import pelvis_follows
from imuhip.simulation.performing.recipe import ANYWHERE, Measured, Recipe
from imuhip.simulation.performing.smoothness import spectral_arc, time_to_stable_s
from imuhip.simulation.performing.stage import Scene, Turns, own_turn
from imuhip.simulation.performing.timing import effort
from imuhip.simulation.performing.unrest import slow_noise

__all__ = ["HIP_AIRPLANE", "INTERNAL_ROTATION_HINGE", "SINGLE_LEG_HINGE"]

_OTHER: dict[Side, Side] = {"left": "right", "right": "left"}
_OPEN = {"open": -1.0, "closed": 1.0}


def _balance(scene: Scene, part: FloatArray, size_deg: float) -> FloatArray:
    """Return (n, 4) deg: what list and twist of the pelvis and two of the thigh wobble by."""
    size = size_deg * np.exp(0.35 * scene.mover.style["wobble"])
    noise = slow_noise(scene.time_s, scene.rng, 4, 0.16)
    each = size * np.array([1.0, 1.0, 0.6, 0.6])
    return np.asarray(each * noise * np.clip(part, 0.0, 1.0)[:, None])


def _hinge_on(scene: Scene, turn_in: float) -> Turns:
    """Hinge on the tested leg; the pelvis turns over it by `turn_in` deg."""
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    style, part = scene.mover.style, depth(scene)
    squat = scene.fault("squat_hinge")
    lean = 18.0 + 3.0 * style["lean"] + 20.0 * squat + scene.each(0.0, 1.0)
    index = 2.6 + 0.25 * style["tilt"] + scene.shift("hinge_index")
    tilt = index * (18.0 + 3.0 * style["lean"]) - 6.0 * squat + scene.each(0.0, 1.5)
    knee = 18.0 + 4.0 * style["knee"] + 26.0 * squat
    wobble = _balance(scene, part, 0.8)
    # the body comes over the standing foot
    over = 3.0 + 1.0 * style["sway"]
    turns.thigh_deg[side] = np.column_stack([lean * part, over * part + wobble[:, 2], wobble[:, 3]])
    turns.knee_deg[side] = knee * part
    behind = (-0.8 + 0.08 * style["open"]) * tilt * part
    turns.thigh_deg[_OTHER[side]] = np.column_stack([behind, -2.0 * part, np.zeros_like(part)])
    turns.knee_deg[_OTHER[side]] = (14.0 + 5.0 * style["closed"]) * part
    turns.on_feet[side] = np.ones_like(part)
    inwards = turn_in * np.clip(part, 0.0, None) ** 1.5
    steady = pelvis_tips(scene, tilt * part, part)
    turned = own_turn(np.zeros_like(part), wobble[:, 0], toward(side) * inwards + wobble[:, 1])
    # it turns over the femur, which stands nearly upright, and tips from there
    turns.pelvis = quaternion.multiply(turned, steady)
    turns.trunk_deg = spine(scene, part)
    return turns


def _single_leg(scene: Scene) -> Turns:
    # an easy hinge opens the pelvis a little, away from the standing leg
    return _hinge_on(scene, -2.0 + 1.0 * scene.mover.style["open"])


def _turned_in(scene: Scene) -> Turns:
    limit = scene.mover.ends[scene.side or "left"]["internal"].limit_deg
    usual = 0.45 * limit + 4.0 + scene.shift("hip_ir_deg")
    return _hinge_on(scene, float(np.clip(usual, 3.0, 30.0)))


def _hinge_measures(seen: Measured) -> dict[str, float]:
    """Measure depth, the standing hip's turn, and how steady pelvis and thigh stay."""
    bones, side, rest_s = seen.bones, seen.side, seen.rest_s
    deepest = bones.between(seen.repetition.peak_s, seen.repetition.peak_s)
    tilt = float(bones.changed("pelvis_tilt", rest_s, deepest)[0])
    thigh = float(bones.inclined(f"thigh_{side}", rest_s, deepest)[0])
    rates = bones.rates_deg_s(f"thigh_{side}", seen.whole)
    moving = bones.between(seen.repetition.start_s, seen.repetition.end_s)
    wobble = bones.rates_deg_s(f"thigh_{side}", moving)[:, :2]
    turned = float(bones.changed(f"hip_rotation_{side}", rest_s, deepest)[0])
    return {
        "hinge_index": tilt / thigh,
        "hinge_share": tilt / (tilt + thigh),
        "pelvis_tilt_deg": tilt,
        "thigh_inclination_deg": thigh,
        "hip_flexion_deg": float(bones.changed(f"hip_flexion_{side}", rest_s, deepest)[0]),
        "hip_ir_deg": turned,
        "pelvis_twist_deg": farthest(bones.changed("pelvis_rotation", rest_s, seen.whole)),
        "pelvis_list_deg": farthest(bones.changed("pelvis_obliquity", rest_s, seen.whole)),
        "thigh_wobble_deg_s": float(np.sqrt(np.mean(wobble**2) * 2.0)),
        "tempo_s": float(seen.repetition.end_s - seen.repetition.start_s),
        "fastest_thigh_deg_s": float(np.abs(rates).max()),
    } | rhythm(seen)


_FAULTS = {
    "pelvis_twist": "the pelvis turns by 7 deg",
    "pelvis_list": "one side of the pelvis rises by 6 deg",
    "squat_hinge": "the thigh leans 20, the knee bends 26 deg more, the pelvis tips 6 less",
    "spine_round": "the back bends by 16 deg, at once",
    **ANYWHERE,
}

SINGLE_LEG_HINGE = Recipe(
    posture="standing",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=("hinge_index",),
    repetition_s=4.0,
    hold_s=0.4,
    move=_single_leg,
    main=tilted,
    measures=_hinge_measures,
)

INTERNAL_ROTATION_HINGE = Recipe(
    posture="standing",
    is_sided=True,
    raises_leg=False,
    directions=("",),
    faults=_FAULTS,
    changes=("hip_ir_deg", "hinge_index"),
    repetition_s=4.2,
    hold_s=0.6,
    move=_turned_in,
    main=tilted,
    measures=_hinge_measures,
)


def _fly(scene: Scene) -> Turns:
    """Open and close the pelvis over the standing femur, and come to rest there."""
    turns = Turns.none(len(scene.time_s))
    side: Side = scene.side or "left"
    sign, style = side_sign(side), scene.mover.style
    twist = np.zeros_like(scene.time_s)
    given = np.zeros_like(scene.time_s)
    for direction, way in _OPEN.items():
        end = scene.mover.ends[side]["external" if direction == "open" else "internal"]
        usual = 10.0 + 0.5 * end.limit_deg + scene.shift(f"{direction}_range_deg")
        whole = usual + scene.each(0.0, 1.2)
        drive = whole * scene.reach * scene.efforts(direction)
        # the femur turns a little with the pelvis when the hip comes to its end
        given += way * 0.5 * pelvis_follows(drive, end.limit_deg, scene.mover)
        twist += way * drive
    twist += _ringing(scene)
    part = np.clip(scene.efforts(), 0.0, None)
    wobble = _balance(scene, 0.5 + 0.5 * part, 0.28)
    dips = 1.5 * style["list"] + 6.0 * toward(side) * scene.fault("pelvis_list")
    rises = 2.0 * style["tilt"] * part
    turns.pelvis = own_turn(rises, dips * part + wobble[:, 0], -sign * twist + wobble[:, 1])
    turns.thigh_deg[side] = np.column_stack(
        [np.zeros_like(part), wobble[:, 2], -given + wobble[:, 3]]
    )
    # the free leg goes where the pelvis goes
    turns.thigh_deg[_OTHER[side]] = np.column_stack(
        [np.zeros_like(part), 0.5 * twist, np.zeros_like(part)]
    )
    turns.on_feet[side] = np.ones_like(part)
    return turns


def _ringing(scene: Scene) -> FloatArray:
    """Return how the pelvis swings around the end of its way before it is stable, deg."""
    total = np.zeros_like(scene.time_s)
    size = 3.0 * np.exp(0.4 * scene.mover.style["wobble"])
    for beat in scene.timetable.beats:
        fades_s, rate_hz = scene.rng.uniform(0.3, 0.9), scene.rng.uniform(1.1, 1.7)
        after = scene.time_s - (beat.up_s + 1.2 * beat.up_sigma_s)
        swing = np.exp(-np.clip(after, 0.0, None) / fades_s)
        swing *= np.sin(2.0 * np.pi * rate_hz * after)
        # comes in smoothly, and is over when the way back begins
        total += size * swing * np.clip(effort(scene.time_s, beat), 0.0, None) ** 6
    return total


def _opened(bones: Bones, side: Side, direction: str, rest_s: float, rows: slice) -> FloatArray:
    turned = bones.turned_on(f"thigh_{side}", "pelvis", 1, rest_s, rows)
    return -side_sign(side) * _OPEN[direction] * turned


def _flight_measures(seen: Measured) -> dict[str, float]:
    """Measure the pelvis' range over the femur, its list, its smoothness, and when it is stable."""
    bones, side, rest_s = seen.bones, seen.side, seen.rest_s
    direction = seen.repetition.direction
    main = _opened(bones, side, direction, rest_s, seen.way_out)
    leans = bones.inclined("pelvis", rest_s, seen.whole)
    speed = np.linalg.norm(bones.rates_deg_s("pelvis", seen.whole), axis=1)
    out = np.linalg.norm(bones.rates_deg_s("pelvis", seen.way_out), axis=1)
    time_s = bones.time_s[seen.whole]
    reached_s = float(bones.time_s[seen.way_out][int(np.argmax(main >= 0.95 * main[-1]))])
    own = bones.about("pelvis", 1, rest_s, seen.way_out)
    hip = bones.changed(f"hip_rotation_{side}", rest_s, seen.way_out)
    return {
        f"{direction}_range_deg": float(main[-1]),
        f"{direction}_pelvis_deg": float(abs(own[-1])),
        f"{direction}_hip_rotation_deg": float(hip[-1]),
        "list_error_deg": float(leans.max()),
        "pelvis_list_deg": farthest(-bones.about("pelvis", 0, rest_s, seen.whole)),
        "smoothness_sparc": spectral_arc(out, 1.0 / float(time_s[1] - time_s[0])),
        "time_to_stable_s": time_to_stable_s(time_s, speed, reached_s),
    }


HIP_AIRPLANE = Recipe(
    posture="airplane",
    is_sided=True,
    raises_leg=True,
    directions=("open", "closed"),
    faults={
        "pelvis_list": "one side of the pelvis rises by 6 deg",
        **ANYWHERE,
    },
    changes=("open_range_deg", "closed_range_deg"),
    repetition_s=6.0,
    hold_s=3.2,
    move=_fly,
    main=_opened,
    measures=_flight_measures,
)
