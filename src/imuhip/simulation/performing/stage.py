"""What a movement is told, and what it tells: the turns of pelvis, thighs, knees and trunk.

Thighs are moved in the room, as a tester's hand or the floor moves them, and the pelvis on its
own; the hip angles come out of both. So a pelvis that goes along with the thigh takes away from
the hip exactly what it gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from imuhip.core import quaternion
from imuhip.core.cardan import (
    Q_WALK_ISB,
    hip_angles,
    hip_quaternion,
    pelvis_angles,
    pelvis_quaternion,
)
from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.motion import BodyMotion
from imuhip.simulation.people import BodyDimensions
from imuhip.simulation.performing.mover import Mover
from imuhip.simulation.performing.postures import CONTACT_M, rise
from imuhip.simulation.performing.timing import Beat, Timetable, effort

__all__ = ["Scene", "Turns", "move_on_stage", "own_turn"]

_X, _Y, _Z = np.eye(3)
_LEFT_OUT = 0.35
"""Part of the way that is missing at size 1 of the fault `incomplete_range`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a movement is told.

    Parameters
    ----------
    time_s : (n,) array, s
    timetable : Timetable
    side : {"left", "right"}, optional
        Of the leg under test.
    mover : Mover
    faults, change : mapping of str to float
        Sizes of faults (multiples) and true changes of measures (their own units).
    active : bool
        The person moves; otherwise a tester moves the leg.
    rng : numpy.random.Generator
        Draws what differs from one repetition to the next.
    base : mapping of channel to (n,) array
        The posture underneath: `follow_route`, degrees and m.
    body : BodyDimensions
    waver : (n,) array
        Unrest of whoever moves, in parts of the way.
    """

    time_s: FloatArray
    timetable: Timetable
    side: Side | None
    mover: Mover
    faults: Mapping[str, float]
    change: Mapping[str, float]
    active: bool
    rng: np.random.Generator
    base: Mapping[str, FloatArray]
    body: BodyDimensions
    waver: FloatArray

    def efforts(self, direction: str | None = None) -> FloatArray:
        """Return how far the person has gone, all repetitions of one direction (or all)."""
        total = np.zeros_like(self.time_s)
        for beat in self.timetable.beats:
            if direction is None or beat.direction == direction:
                total += effort(self.time_s, beat)
        return total * (1.0 + self.waver)

    def each(self, mean: float, spread: float) -> FloatArray:
        """Return a value drawn anew for each repetition; it changes while the person rests."""
        beats: Sequence[Beat] = self.timetable.beats
        values = self.rng.normal(mean, spread, len(beats))
        total = np.full_like(self.time_s, values[0])
        for before, beat, was, now in zip(beats, beats[1:], values, values[1:], strict=False):
            at_s = 0.5 * (before.quiet_s[1] + beat.quiet_s[0])
            total += (now - was) * rise(self.time_s, at_s, 0.12)
        return total

    def fault(self, name: str) -> float:
        """Return the size of a fault, 0 where there is none."""
        return self.faults.get(name, 0.0)

    @property
    def reach(self) -> float:
        """Return the part of the way that is gone: less than 1 where the range is not used."""
        return 1.0 - min(_LEFT_OUT * self.fault("incomplete_range"), 0.8)

    def shift(self, name: str) -> float:
        """Return by how much a measure is to be changed."""
        return self.change.get(name, 0.0)


@dataclass(slots=True)
class Turns:
    """What a movement adds to the posture underneath.

    Parameters
    ----------
    pelvis : (n, 4) array
        Turn in the pelvis' own axes; see `own_turn`.
    thigh_deg : mapping of side to (n, 3) array, deg
        Flexion, adduction and internal rotation of the thigh in the room.
    knee_deg, slack_deg : mapping of side to (n,) array, deg
        Flexion of the knee, and the shank's turn on the femur about the femur's long axis.
    trunk_deg : (n, 3) array, deg
        Flexion, bending and rotation of the trunk on the pelvis.
    on_feet : mapping of side to (n,) array
        Which ankle carries the body, parts of 1; none where the pelvis itself rests on something.
    way_m : (n, 3) array, m, optional
        Where the pelvis goes, ahead, to the left and up, where the movement lays that out itself.
    """

    pelvis: FloatArray
    thigh_deg: dict[Side, FloatArray]
    knee_deg: dict[Side, FloatArray]
    trunk_deg: FloatArray
    slack_deg: dict[Side, FloatArray] = field(default_factory=dict)
    on_feet: dict[Side, FloatArray] = field(default_factory=dict)
    way_m: FloatArray | None = None

    @classmethod
    def none(cls, n_samples: int) -> Turns:
        """Return no movement at all."""
        return cls(
            pelvis=np.tile(quaternion.IDENTITY, (n_samples, 1)),
            thigh_deg={side: np.zeros((n_samples, 3)) for side in SIDES},
            knee_deg={side: np.zeros(n_samples) for side in SIDES},
            trunk_deg=np.zeros((n_samples, 3)),
        )


def own_turn(tilt_deg: FloatArray, list_deg: FloatArray, twist_deg: FloatArray) -> FloatArray:
    """Return (n, 4), a turn of the pelvis in its own axes.

    Parameters
    ----------
    tilt_deg, list_deg, twist_deg : (n,) array, deg
        + is anterior, right side up, right side forward, as in standing.
    """
    return quaternion.multiply(
        quaternion.about_axis(_Y, np.radians(twist_deg)),
        quaternion.multiply(
            quaternion.about_axis(_X, -np.radians(list_deg)),
            quaternion.about_axis(_Z, -np.radians(tilt_deg)),
        ),
    )


def move_on_stage(scene: Scene, turns: Turns, posture: str) -> BodyMotion:
    """Put a movement on top of the posture underneath.

    Parameters
    ----------
    scene : Scene
    turns : Turns
    posture : str
        A name of `imuhip.simulation.performing.postures.ROUTES`.

    Returns
    -------
    BodyMotion
        With the carrying ankles where they stood, or the part of the pelvis that lies on
        something where it lay.
    """
    base, n_samples = scene.base, len(scene.time_s)
    q_DP0 = pelvis_quaternion(np.radians(np.column_stack([base[name] for name in PELVIS_ANGLES])))
    q_DP = quaternion.multiply(q_DP0, turns.pelvis)
    angles = dict(zip(PELVIS_ANGLES, pelvis_angles(q_DP).T, strict=True))
    shift_D = np.zeros((n_samples, 3))
    upright = np.tile(Q_WALK_ISB, (n_samples, 1))
    for side in SIDES:
        stems = [name for name in HIP_ANGLES if name.endswith(side)]
        q_PT0 = hip_quaternion(np.radians(np.column_stack([base[s] for s in stems])), side)
        q_DT0 = quaternion.multiply(q_DP0, q_PT0)
        turn = hip_quaternion(np.radians(turns.thigh_deg[side]), side)
        q_DT = quaternion.multiply(q_DT0, turn)
        hip = hip_angles(quaternion.multiply(quaternion.conjugate(q_DP), q_DT), side)
        angles |= dict(zip(stems, hip.T, strict=True))
        knee0 = np.radians(base[f"knee_flexion_{side}"])
        knee = knee0 + np.radians(turns.knee_deg[side])
        angles[f"knee_flexion_{side}"] = knee
        if side in turns.slack_deg:
            angles[f"knee_rotation_{side}"] = np.radians(turns.slack_deg[side])
        if side in turns.on_feet:
            before = _ankle(upright, upright, np.zeros(n_samples), scene.body, side)
            after = _ankle(q_DP, q_DT, knee, scene.body, side)
            shift_D += turns.on_feet[side][:, None] * (before - after)
    if turns.way_m is not None:
        shift_D = turns.way_m
    elif not turns.on_feet:
        contact = CONTACT_M[posture]
        shift_D = quaternion.rotate(q_DP0, contact) - quaternion.rotate(q_DP, contact)
    for k, name in enumerate(("trunk_flexion", "trunk_bending", "trunk_rotation")):
        angles[name] = np.radians(base[name] + turns.trunk_deg[:, k])
    heading = np.radians(base["heading"])
    way = np.column_stack([base["ahead_m"], np.zeros(n_samples), base["up_m"]])
    return BodyMotion(
        time_s=scene.time_s,
        angles_rad=angles,
        heading_rad=heading,
        pelvis_W=way + quaternion.rotate(quaternion.about_axis(_Z, heading), shift_D),
        phase={side: np.zeros(n_samples) for side in SIDES},
        initial_contacts_s={side: np.empty(0) for side in SIDES},
        toe_offs_s={side: np.empty(0) for side in SIDES},
    )


def _ankle(
    q_DP: FloatArray, q_DT: FloatArray, knee_rad: FloatArray, body: BodyDimensions, side: Side
) -> FloatArray:
    """Return the ankle (n, 3) as seen from the pelvis' origin, m."""
    q_DS = quaternion.multiply(q_DT, quaternion.about_axis(_Z, -knee_rad))
    return np.asarray(
        quaternion.rotate(q_DP, body.hip_centre_m(side))
        - body.thigh_m * quaternion.rotate(q_DT, _Y)
        - body.shank_m * quaternion.rotate(q_DS, _Y)
    )
