"""Calibration movements of both legs: squats, hip hinges, and standing down anew in the N-pose.

A bend is described in the world, by the lean of shank, thigh and pelvis, because the feet stay:
the pelvis' path is the one that keeps the middle between the ankles where it is, and knees that
go outwards turn the thigh so that the ankles do not. Sizes are those of healthy adults: parallel
squats bend the knee by 95-110 deg, the shank leans 20-30 deg and the pelvis follows by about 30 deg
(Schoenfeld 2010, doi:10.1519/JSC.0b013e3181bac2d7). Nobody bends in a plane: every person has
turns, side bends and knees of their own, and no two repetitions are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import erf

from imuhip.core import quaternion
from imuhip.core.cardan import (
    Q_WALK_ISB,
    hip_angles,
    hip_quaternion,
    pelvis_quaternion,
)
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray
from imuhip.simulation.course import Course
from imuhip.simulation.motion import BodyMotion, Posture, segment_motions
from imuhip.simulation.people import BodyDimensions, Person
from imuhip.simulation.plan import RESTAND_S, Movement, MovementKind
from imuhip.simulation.soft_tissue import SkinMotion

__all__ = ["HABIT_SHARE", "add_movements", "movement_rng", "restand", "stretched"]

_STREAM = 1001
_REPETITIONS = 4
_RISE_SIGMA_S = 0.3
HABIT_SHARE = 0.75
"""Of the variance of an N-pose's error: what a person repeats. The rest is new each time, at
most 2 deg as measured (Donaldson et al. 2021, ISBS Proceedings 39:58: typical error < 1.9 deg)."""

# Skin at scale 1, one sigma per 90 deg of hip flexion: turn about the long axis, adduction and
# flexion (deg) and shift (m). Deep bends stretch the skin more than gait does.
_STRETCH_DEG, _STRETCH_M = np.array([4.0, 2.0, 3.0]), 0.008


@dataclass(frozen=True, slots=True)
class _Bend:
    """The lowest posture of a person's bend, degrees; outwards per side, in order of SIDES."""

    knee: float
    shank_lean: float
    tilt: float
    obliquity: float
    rotation: float
    trunk: float
    internal: tuple[float, ...]


def movement_rng(seed: int) -> np.random.Generator:
    """Return the generator of calibration movements: apart from all others of that seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))


def _draw_bend(kind: MovementKind, rng: np.random.Generator) -> _Bend:
    """Draw how a person squats or hinges."""
    z = rng.normal(0.0, 1.0, 8)
    if kind == "squat":
        return _Bend(
            knee=95.0 + 12.0 * z[0], shank_lean=25.0 + 5.0 * z[1], tilt=28.0 + 7.0 * z[2],
            obliquity=1.5 * z[3], rotation=2.5 * z[4], trunk=10.0 + 4.0 * z[5],
            internal=(-7.0 + 5.0 * z[6], -7.0 + 5.0 * z[7]),
        )  # fmt: skip
    return _Bend(
        knee=18.0 + 5.0 * z[0], shank_lean=-4.0 + 2.0 * z[1], tilt=45.0 + 7.0 * z[2],
        obliquity=1.5 * z[3], rotation=2.5 * z[4], trunk=5.0 + 3.0 * z[5],
        internal=(-2.0 + 2.5 * z[6], -2.0 + 2.5 * z[7]),
    )  # fmt: skip


def _step(time_s: FloatArray, at_s: float, sigma_s: float) -> FloatArray:
    """Return a step from 0 to 1 smoothed with a Gaussian: every derivative is continuous."""
    return np.asarray(0.5 * (1.0 + erf((time_s - at_s) / (np.sqrt(2.0) * sigma_s))))


def _bend_channels(
    movement: Movement, time_s: FloatArray, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return the course of every entry of a bend, degrees, over all repetitions."""
    own = _draw_bend(movement.kind, rng)
    period = rng.uniform(2.7, 3.1)
    start = movement.start_s + 0.4
    names = ("knee", "shank_lean", "tilt", "obliquity", "rotation", "trunk")
    channels = dict.fromkeys((*names, *(f"internal_{s}" for s in SIDES)), np.zeros_like(time_s))
    for k in range(_REPETITIONS):
        down = start + k * period + 0.25 * period
        shape = _step(time_s, down, _RISE_SIGMA_S) - _step(
            time_s, down + 0.5 * period, _RISE_SIGMA_S
        )
        depth = rng.normal(1.0, 0.06)
        fresh = rng.normal(0.0, (0.6, 1.0, 1.5, 1.5))
        for name in names:
            other = {"obliquity": fresh[0], "rotation": fresh[1]}.get(name, 0.0)
            channels[name] = channels[name] + (depth * getattr(own, name) + other) * shape
        for side, outwards, other in zip(SIDES, own.internal, fresh[2:], strict=True):
            name = f"internal_{side}"
            channels[name] = channels[name] + (depth * outwards + other) * shape
    return channels


def _joint_angles(
    channels: Mapping[str, FloatArray], body: BodyDimensions
) -> dict[str, FloatArray]:
    """Return what a bend adds to each joint angle, rad, the feet staying where they are."""
    leans = {name: np.radians(value) for name, value in channels.items()}
    knee, flexion = leans["knee"], leans["knee"] - leans["shank_lean"]
    names = ("pelvis_tilt", "pelvis_obliquity", "pelvis_rotation")
    pelvis = np.column_stack([leans[name.removeprefix("pelvis_")] for name in names])
    angles = dict(zip(names, pelvis.T, strict=True)) | {"trunk_flexion": leans["trunk"]}
    q_PD = quaternion.multiply(quaternion.conjugate(pelvis_quaternion(pelvis)), Q_WALK_ISB)
    for side in SIDES:
        internal = leans[f"internal_{side}"]
        # the shank hangs from a turned thigh: so far must the knee go aside for the ankle to stay
        aside = np.arctan(
            np.sin(knee) * np.sin(internal) / (body.thigh_m / body.shank_m + np.cos(knee))
        )
        upright = hip_quaternion(np.column_stack([flexion, aside, internal]), side)
        hip = hip_angles(quaternion.multiply(q_PD, upright), side)
        for k, stem in enumerate(("flexion", "adduction", "rotation")):
            angles[f"hip_{stem}_{side}"] = hip[:, k]
        angles[f"knee_flexion_{side}"] = knee
    return angles


def add_movements(
    body: BodyMotion,
    course: Course,
    movements: tuple[Movement, ...],
    person: Person,
    rng: np.random.Generator,
) -> BodyMotion:
    """Let the body bend where the plan says so.

    Parameters
    ----------
    body : BodyMotion
        Standing there.
    course : Course
    movements : tuple of Movement
    person : Person
    rng : numpy.random.Generator
        Draws how this person bends, and every repetition.

    Returns
    -------
    BodyMotion
        With the middle between the ankles where it was.
    """
    bends = [movement for movement in movements if movement.kind != "n_pose"]
    if not bends:
        return body
    rows = slice(0, int(np.searchsorted(course.time_s, max(b.end_s for b in bends) + 2.0)))
    angles = dict(body.angles_rad)
    for bend in bends:
        added = _joint_angles(_bend_channels(bend, course.time_s[rows], rng), person.body)
        for name, value in added.items():
            angles[name] = angles[name].copy()
            angles[name][rows] += value
    bent = replace(body, angles_rad=angles)
    pelvis_W = body.pelvis_W.copy()
    pelvis_W[rows] += _between_ankles(body, person.body, rows)
    pelvis_W[rows] -= _between_ankles(bent, person.body, rows)
    return replace(bent, pelvis_W=pelvis_W)


def _between_ankles(motion: BodyMotion, body: BodyDimensions, rows: slice) -> FloatArray:
    """Return the middle between the ankles (n, 3), m, world."""
    part = replace(
        motion,
        time_s=motion.time_s[rows],
        angles_rad={name: value[rows] for name, value in motion.angles_rad.items()},
        heading_rad=motion.heading_rad[rows],
        pelvis_W=motion.pelvis_W[rows],
    )
    shanks = segment_motions(part, body, [f"shank_{side}" for side in SIDES])
    down = np.array([0.0, -body.shank_m, 0.0])
    ankles = [s.position_W + quaternion.rotate(s.q_WB, down) for s in shanks.values()]
    return np.asarray(np.mean(ankles, axis=0))


def restand(
    body: BodyMotion,
    course: Course,
    movements: tuple[Movement, ...],
    posture: Posture,
    spread_deg: Mapping[str, float],
    rng: np.random.Generator,
) -> BodyMotion:
    """Let the person stand a little differently after each time they stood down anew.

    What they did wrong in the first pose is in part habit, which stays, and in part chance.

    Parameters
    ----------
    body : BodyMotion
    course : Course
    movements : tuple of Movement
    posture : Posture
        The first pose.
    spread_deg : mapping of angle to float
        One sigma of the error of standing, degrees.
    rng : numpy.random.Generator
    """
    stances = [movement for movement in movements if movement.kind == "n_pose"]
    if not stances or not any(spread_deg.values()):
        return body
    angles = dict(body.angles_rad)
    still = np.radians(1.0 - course.gain)
    for name, spread in spread_deg.items():
        first = posture.angles_deg.get(name, 0.0)
        habit = HABIT_SHARE * first
        habit += np.sqrt(HABIT_SHARE * (1.0 - HABIT_SHARE)) * spread * rng.normal()
        before, total = first, np.zeros_like(still)
        for stance in stances:
            now = habit + np.sqrt(1.0 - HABIT_SHARE) * spread * rng.normal()
            middle, sigma = stance.start_s + 0.5 * RESTAND_S, RESTAND_S / 8.0
            total += (now - before) * _step(course.time_s, middle, sigma)
            before = now
        angles[name] = angles[name] + still * total
    return replace(body, angles_rad=angles)


def stretched(
    skin: SkinMotion,
    segment: str,
    body: BodyMotion,
    course: Course,
    movements: tuple[Movement, ...],
    soft_tissue: float | FloatArray,
    rng: np.random.Generator,
) -> SkinMotion:
    """Return the skin's motion with what deep bends and swings add to it.

    Parameters
    ----------
    skin : SkinMotion
        Of gait.
    segment : str
        Where the sensor is; a thigh's skin follows its hip, others' the pelvis' tilt by a half.
    body : BodyMotion
        After `add_movements`.
    course : Course
    movements : tuple of Movement
    soft_tissue : float or (n,) array
        Scale.
    rng : numpy.random.Generator
        Draws this wearer's skin.
    """
    size = rng.normal(0.0, 1.0, 6)
    inside = np.zeros_like(course.time_s)
    for bend in (m for m in movements if m.kind != "n_pose"):
        inside += _step(course.time_s, bend.start_s + 0.3, 0.1)
        inside -= _step(course.time_s, bend.end_s - 0.3, 0.1)
    flexed = 0.5 * body.angles_rad["pelvis_tilt"]
    for side in SIDES:
        if segment == f"thigh_{side}":
            inside += course.swing_gain.get(side, 0.0)
            flexed = body.angles_rad[f"hip_flexion_{side}"]
    share = soft_tissue * inside * flexed / (0.5 * np.pi)
    turn = np.radians(_STRETCH_DEG)[:, None] * size[:3, None] * share
    return replace(
        skin,
        axial_rad=skin.axial_rad + turn[0],
        tilt_rad=skin.tilt_rad + np.column_stack([turn[1], np.zeros_like(share), turn[2]]),
        shift_m=skin.shift_m + _STRETCH_M * np.outer(share, size[3:]),
    )
