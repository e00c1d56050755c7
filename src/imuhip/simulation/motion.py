"""From a course and a person to joint angles, and from joint angles to moving segments.

The chain is exact: the pelvis moves in the world, thighs hang from the hip centres, shanks from
the thighs, the trunk stands on the pelvis. The origin of the pelvis is the middle between the hip
centres; of a thigh its hip centre; of a shank its knee; of the trunk the lumbosacral joint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

from imuhip.core import quaternion
from imuhip.core.cardan import hip_quaternion, pelvis_quaternion, side_sign
from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.contacts import lay_contacts
from imuhip.simulation.course import Course
from imuhip.simulation.gait_curves import Gait, evaluate
from imuhip.simulation.ideal_imu import SegmentMotion
from imuhip.simulation.impacts import shock
from imuhip.simulation.people import BodyDimensions, Person, PersonalCurve
from imuhip.simulation.sitting import seat_m, sitting_deg
from imuhip.simulation.terrain import on_slope, shock_on_slope

__all__ = ["BodyMotion", "Posture", "move_body", "segment_motions", "truth_angles"]

_X, _Y, _Z = np.eye(3)
_LUMBOSACRAL_M = np.array([-0.05, 0.10, 0.0])

# Stride to stride, around a person's own curve: 4 % of size and these offsets (deg). Together
# they give the within-person stride SD of 1-2 deg seen in laboratory walking (Kadaba et al. 1989,
# doi:10.1002/jor.1100070611).
_SIZE_SD = 0.04
_OFFSET_SD_DEG = {"hip_flexion": 0.8, "hip_adduction": 0.5, "hip_rotation": 0.8}
_SWAY_SD_DEG = 0.15
_SWING_MEAN_DEG, _SWING_SIZE_DEG = 8.0, 28.0


@dataclass(frozen=True, slots=True)
class Posture:
    """How a person stands, where everything zero would be the perfect N-pose.

    Parameters
    ----------
    angles_deg : mapping of angle to float
        Names of `imuhip.core.segments.ANGLES`; absent ones are zero.
    """

    angles_deg: dict[str, float]


@dataclass(frozen=True, slots=True)
class BodyMotion:
    """Everything the bones do, per internal sample.

    Parameters
    ----------
    time_s : (n,) array, s
    angles_rad : mapping of channel to (n,) array, rad
        The names of `imuhip.core.segments.ANGLES` plus ``knee_flexion_<side>``, where a knee gives
        way ``knee_rotation_<side>`` (about the thigh's long axis, + inwards), and
        ``trunk_{flexion,bending,rotation}`` (relative to the pelvis; + forward, to the right,
        and right side forward).
    heading_rad : (n,) array, rad
        Direction of progression.
    pelvis_W : (n, 3) array, m
        Origin of the pelvis.
    phase : mapping of side to (n,) array
        Strides since that side's initial contacts.
    initial_contacts_s, toe_offs_s : mapping of side to (k,) array, s
        See `imuhip.simulation.contacts.Contacts`.
    """

    time_s: FloatArray
    angles_rad: dict[str, FloatArray]
    heading_rad: FloatArray
    pelvis_W: FloatArray
    phase: dict[Side, FloatArray]
    initial_contacts_s: dict[Side, FloatArray]
    toe_offs_s: dict[Side, FloatArray]


def truth_angles(angles_rad: dict[str, FloatArray]) -> FloatArray:
    """Return (n, 9) in the order of `imuhip.core.segments.ANGLES`."""
    return np.column_stack([angles_rad[name] for name in (*HIP_ANGLES, *PELVIS_ANGLES)])


def _variation(rng: np.random.Generator, phase: FloatArray, sd: float) -> FloatArray:
    """Return a smooth random value that changes from stride to stride."""
    first, last = int(np.floor(phase[0])) - 2, int(np.ceil(phase[-1])) + 4
    knots = np.arange(first, last) + rng.uniform(0.0, 1.0)
    return np.asarray(CubicSpline(knots, rng.normal(0.0, sd, len(knots)))(phase))


def _curve(curve: PersonalCurve, phase: FloatArray, course: Course) -> FloatArray:
    size = course.relative_speed**curve.speed_exponent
    return curve.mean + size * evaluate(curve.harmonics, phase)


def _channel(
    person: Person, channel: str, phase: FloatArray, course: Course, rng: np.random.Generator
) -> FloatArray:
    """Return one channel of gait in its own unit, faded in and out, strides varying."""
    gaits: tuple[Gait, Gait] = ("walk", "run")
    shares = (1.0 - course.run_share, course.run_share)
    total = np.zeros_like(phase)
    for gait, share in zip(gaits, shares, strict=True):
        if share.max() > 1e-9:
            total += share * _curve(person.styles[gait].curves[channel], phase, course)
    total *= 1.0 + _variation(rng, phase, _SIZE_SD)
    stem = channel.removesuffix("_left").removesuffix("_right")
    if course.slope is not None:
        total = on_slope(stem, total, course.slope)
    if stem in _OFFSET_SD_DEG:
        total += _variation(rng, phase, _OFFSET_SD_DEG[stem])
    return course.gain * total


def _sway(rng: np.random.Generator, course: Course) -> FloatArray:
    """Return the slow unrest of standing, degrees: below 0.5 Hz, absent in full gait."""
    rate_hz = 5.0
    knots = rng.normal(0.0, 1.0, int(np.ceil(course.time_s[-1] * rate_hz)) + 8)
    smooth = gaussian_filter1d(knots, 2.5)
    smooth *= _SWAY_SD_DEG / max(float(smooth.std()), 1e-9)
    times = np.arange(len(knots)) / rate_hz
    return np.asarray((1.0 - course.gain) * CubicSpline(times, smooth)(course.time_s))


def _add_swings(angles_deg: dict[str, FloatArray], course: Course, person: Person) -> None:
    """Add the calibration swings; the standing leg stays upright under a rocking pelvis."""
    for side, gain in course.swing_gain.items():
        other: Side = "left" if side == "right" else "right"
        wave = np.sin(2.0 * np.pi * person.swing_hz * course.time_s)
        flexion = gain * (_SWING_MEAN_DEG + _SWING_SIZE_DEG * wave)
        adduction, rotation = person.swing_out_of_plane[side]
        angles_deg[f"hip_flexion_{side}"] += flexion
        angles_deg[f"hip_adduction_{side}"] += adduction * flexion - 3.0 * gain
        angles_deg[f"hip_rotation_{side}"] += rotation * flexion
        angles_deg[f"knee_flexion_{side}"] += 10.0 * gain * (1.0 + 0.5 * wave)
        angles_deg["pelvis_tilt"] -= 0.08 * flexion
        angles_deg[f"hip_flexion_{other}"] -= 0.08 * flexion


def _impacts(
    person: Person, course: Course, contacts: dict[Side, FloatArray], scale: float
) -> tuple[dict[Side, FloatArray], FloatArray]:
    """Return the shock of each side and their sum, in m (times unit peak acceleration)."""
    shocks: dict[Side, FloatArray] = {}
    for side in SIDES:
        unit = shock(course.time_s, contacts[side])
        peak = (1.0 - course.run_share) * person.styles["walk"].impact_m_s2
        peak += course.run_share * person.styles["run"].impact_m_s2
        shocks[side] = scale * peak * unit
        if course.slope is not None:
            shocks[side] *= shock_on_slope(course.slope)
    return shocks, shocks["left"] + shocks["right"]


def move_body(
    person: Person,
    course: Course,
    rng: np.random.Generator,
    *,
    posture: Posture | None = None,
    impact: float = 1.0,
    stances: Sequence[tuple[float, Posture]] = (),
    contact_spread: tuple[float, np.random.Generator] | None = None,
) -> BodyMotion:
    """Let a person go through a course.

    Parameters
    ----------
    person : Person
        Whose curves and body.
    course : Course
        The drive.
    rng : numpy.random.Generator
        Draws the variation from stride to stride and the sway of standing.
    posture : Posture, optional
        How the person stands instead of in the perfect N-pose.
    impact : float
        Scale of the foot-strike shock.
    stances : sequence of (s, Posture)
        How the person stands from an instant in full gait on, besides.
    contact_spread : tuple of float and numpy.random.Generator, optional
        How much people differ in when they lay the foot down, and what draws it; by default, all
        do as the curves say.
    """
    centre = course.phase
    phase: dict[Side, FloatArray] = {
        "right": centre,
        "left": centre - 0.5 - person.step_asymmetry,
    }
    spread, feet = contact_spread or (0.0, np.random.default_rng(0))
    contacts = lay_contacts(person, course, phase, spread, feet)
    channels = dict.fromkeys(person.styles["walk"].curves, centre)
    channels |= {name: phase[side] for side in SIDES for name in channels if name.endswith(side)}
    values = {
        name: _channel(person, name, own_phase, course, rng) for name, own_phase in channels.items()
    }
    position_mm = {name: values.pop(name) for name in list(values) if name.endswith("_mm")}
    for name in (*HIP_ANGLES, *PELVIS_ANGLES):
        standing = _sway(rng, course)
        if posture is not None:
            standing += (1.0 - course.gain) * posture.angles_deg.get(name, 0.0)
        for from_s, stance in stances:
            later = (course.time_s >= from_s) * stance.angles_deg.get(name, 0.0)
            standing += (1.0 - course.gain) * later
        values[name] += standing
    _add_swings(values, course, person)
    if course.sit_gain is not None:
        for name, seated in sitting_deg(course.time_s, course.sit_gain).items():
            values[name] += seated
    angles = {name: np.radians(value) for name, value in values.items()}
    shocks, both = _impacts(person, course, contacts.initial_s, impact)
    for side in SIDES:
        # the struck leg is stopped and yields: about 1.2 rad/s² of flexion per m/s² of shock
        angles[f"hip_flexion_{side}"] -= 1.2 * shocks[side]
        angles[f"hip_adduction_{side}"] += 0.5 * shocks[side]
    return BodyMotion(
        time_s=course.time_s,
        angles_rad=angles,
        heading_rad=course.heading_rad,
        pelvis_W=_pelvis_origin(person.body, course, position_mm, both),
        phase=phase,
        initial_contacts_s=contacts.initial_s,
        toe_offs_s=contacts.toe_off_s,
    )


def _pelvis_origin(
    body: BodyDimensions, course: Course, position_mm: dict[str, FloatArray], shock_m: FloatArray
) -> FloatArray:
    """Add the body's rise, sway and shock to the path over ground."""
    ahead = 1e-3 * position_mm["pelvis_forward_mm"] + 0.35 * shock_m
    left = 1e-3 * position_mm["pelvis_left_mm"]
    up = body.hip_height_m + 1e-3 * position_mm["pelvis_up_mm"] - shock_m
    if course.climb_m is not None:
        up = up + course.climb_m
    if course.sit_gain is not None:
        back_m, down_m = seat_m(body)
        ahead, up = ahead - back_m * course.sit_gain, up - down_m * course.sit_gain
    cosine, sine = np.cos(course.heading_rad), np.sin(course.heading_rad)
    return np.column_stack(
        [
            course.path_m[:, 0] + cosine * ahead - sine * left,
            course.path_m[:, 1] + sine * ahead + cosine * left,
            up,
        ]
    )


def _pelvis(motion: BodyMotion) -> SegmentMotion:
    angles = np.column_stack([motion.angles_rad[name] for name in PELVIS_ANGLES])
    q_WD = quaternion.about_axis(_Z, motion.heading_rad)
    q_WP = quaternion.multiply(q_WD, pelvis_quaternion(angles))
    return SegmentMotion(motion.time_s, q_WP, motion.pelvis_W)


def _hang(parent: SegmentMotion, joint_m: FloatArray, q_parent_child: FloatArray) -> SegmentMotion:
    return SegmentMotion(
        parent.time_s,
        quaternion.multiply(parent.q_WB, q_parent_child),
        parent.position_W + quaternion.rotate(parent.q_WB, joint_m),
    )


def segment_motions(
    motion: BodyMotion, body: BodyDimensions, segments: Iterable[str]
) -> dict[str, SegmentMotion]:
    """Return the poses of the wanted segments.

    Parameters
    ----------
    motion : BodyMotion
        Joint angles and the way of the pelvis.
    body : BodyDimensions
        Lengths of the chain.
    segments : iterable of str
        Names of `imuhip.core.segments.SEGMENTS`.
    """
    wanted = tuple(segments)
    angles = motion.angles_rad
    chain = {"pelvis": _pelvis(motion)}
    for side in SIDES:
        if not any(name.endswith(side) for name in wanted):
            continue
        stems = ("flexion", "adduction", "rotation")
        hip = np.column_stack([angles[f"hip_{stem}_{side}"] for stem in stems])
        thigh = _hang(chain["pelvis"], body.hip_centre_m(side), hip_quaternion(hip, side))
        chain[f"thigh_{side}"] = thigh
        if f"shank_{side}" in wanted:
            knee = quaternion.about_axis(_Z, -angles[f"knee_flexion_{side}"])
            if f"knee_rotation_{side}" in angles:
                slack = side_sign(side) * angles[f"knee_rotation_{side}"]
                knee = quaternion.multiply(quaternion.about_axis(_Y, slack), knee)
            chain[f"shank_{side}"] = _hang(thigh, np.array([0.0, -body.thigh_m, 0.0]), knee)
    if "trunk" in wanted:
        bend = quaternion.multiply(
            quaternion.about_axis(_Z, -angles["trunk_flexion"]),
            quaternion.multiply(
                quaternion.about_axis(_X, angles["trunk_bending"]),
                quaternion.about_axis(_Y, angles["trunk_rotation"]),
            ),
        )
        chain["trunk"] = _hang(chain["pelvis"], _LUMBOSACRAL_M, bend)
    return {name: chain[name] for name in wanted}
