"""How skin and strap move on the bone: what no sensor on the skin can see through.

Sizes at scale 1 follow what skin markers and pins or fluoroscopy show: the skin of the thigh
follows only part of the bone's axial rotation (Fiorentino et al. 2017,
doi:10.1016/j.gaitpost.2017.03.033), it moves with the stride by a few degrees and millimetres,
and rings at 8-11 Hz after each foot strike. A loose strap is another matter: on a real walker two
thigh sensors rocked about the thigh's long axis at 8-10 Hz by +-10-15 deg (5.3 rad/s RMS, 15 rad/s
peaks), with a lever of about 15 mm fitted between that rocking and the accelerometers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.course import Course
from imuhip.simulation.impacts import ringing
from imuhip.simulation.motion import BodyMotion
from imuhip.simulation.mounting import Mount

__all__ = ["SkinMotion", "draw_skin_motion", "moving_mount"]

_Y = np.array([0.0, 1.0, 0.0])

_SEGMENT_SHARE = {"thigh": 1.0, "shank": 0.6, "pelvis": 1.0 / 3.0, "trunk": 1.0 / 3.0}
_UNDER_ROTATION = 0.25
_AXIAL_DEG, _FLEXION_DEG, _ADDUCTION_DEG = (2.0, 1.0), (1.0, 0.5), (0.8, 0.0)
_SHIFT_M = (0.004, 0.006)
_RING_AXIAL_HZ, _RING_AXIAL_DEG = 8.5, 2.0
_RING_FLEXION_HZ, _RING_FLEXION_DEG = 11.0, 1.5
_RING_SHIFT_M = 0.0035
_WALK_RING = 0.5  # walking strikes less hard than running

_WOBBLE_DEG = 12.5
_WOBBLE_HZ = (8.0, 10.0)
_WOBBLE_LEVER_M = 0.015


@dataclass(frozen=True, slots=True)
class SkinMotion:
    """Movement of the patch of skin under a sensor, in the bone's ISB axes.

    Parameters
    ----------
    axial_rad : (n,) array, rad
        Sliding around the bone's long axis; carries the sensor around the limb.
    tilt_rad : (n, 3) array, rad
        Rotation vector of the patch in its place.
    wobble_rad : (n,) array, rad
        Rocking of a loose strap about the long axis, on a short lever.
    shift_m : (n, 3) array, m
        Translation of the patch.
    """

    axial_rad: FloatArray
    tilt_rad: FloatArray
    wobble_rad: FloatArray
    shift_m: FloatArray


def _stride_wave(
    rng: np.random.Generator, phase: FloatArray, sizes: tuple[float, float]
) -> FloatArray:
    """Return two harmonics of the stride with phases of this wearer's own."""
    first, second = rng.uniform(0.0, 1.0, 2)
    return np.asarray(
        sizes[0] * np.sin(2.0 * np.pi * (phase + first))
        + sizes[1] * np.sin(2.0 * np.pi * (2.0 * phase + second))
    )


def _wobble(rng: np.random.Generator, course: Course, phase: FloatArray) -> FloatArray:
    """Return the rocking of a loose strap: 8-10 Hz, swelling and fading within each stride."""
    n_knots = int(np.ceil(course.time_s[-1])) + 6
    knots_s = np.arange(n_knots) - 2.0
    rate_hz = CubicSpline(knots_s, rng.uniform(*_WOBBLE_HZ, n_knots))
    size = CubicSpline(knots_s, np.clip(rng.normal(1.0, 0.15, n_knots), 0.5, 1.5))
    angle = 2.0 * np.pi * rate_hz.antiderivative()(course.time_s)
    swell = 0.55 + 0.45 * np.cos(2.0 * np.pi * (phase - rng.uniform(0.0, 1.0)))
    return np.asarray(np.radians(_WOBBLE_DEG) * size(course.time_s) * swell * np.sin(angle))


def draw_skin_motion(
    segment: str,
    body: BodyMotion,
    course: Course,
    rng: np.random.Generator,
    *,
    soft_tissue: float | FloatArray,
    strap_wobble: float = 0.0,
) -> SkinMotion:
    """Draw how the skin under one sensor moves through a session.

    Parameters
    ----------
    segment : str
        Where the sensor is.
    body : BodyMotion
        What the bones do.
    course : Course
        When the body moves: standing skin is still.
    rng : numpy.random.Generator
    soft_tissue : float or (n,) array
        Scale of the artefact; an array lets it change through the session.
    strap_wobble : float
        Scale of a loose strap's rocking, on thighs and shanks only.
    """
    kind, _, end = segment.partition("_")
    side: Side = "left" if end == "left" else "right"
    share = soft_tissue * _SEGMENT_SHARE[kind]
    gain, phase = course.gain, body.phase[side]
    struck = SIDES if kind in ("pelvis", "trunk") else (side,)
    contacts = np.sort(np.concatenate([body.initial_contacts_s[s] for s in struck]))
    hardness = share * (_WALK_RING * (1.0 - course.run_share) + course.run_share)

    def ring(frequency_hz: float) -> FloatArray:
        return np.asarray(hardness * ringing(course.time_s, contacts, frequency_hz))

    waves = [
        _stride_wave(rng, phase, sizes) for sizes in (_AXIAL_DEG, _FLEXION_DEG, _ADDUCTION_DEG)
    ]
    axial = np.radians(share * gain * waves[0] + _RING_AXIAL_DEG * ring(_RING_AXIAL_HZ))
    if kind == "thigh":
        own = body.angles_rad[f"hip_rotation_{side}"] * side_sign(side)
        axial -= np.minimum(_UNDER_ROTATION * soft_tissue, 1.0) * own
    flexion = np.radians(share * gain * waves[1] + _RING_FLEXION_DEG * ring(_RING_FLEXION_HZ))
    adduction = np.radians(share * gain * waves[2])
    shift = [
        share * gain * _stride_wave(rng, phase, (float(rng.uniform(*_SHIFT_M)), 0.0))
        + _RING_SHIFT_M * ring(float(rng.uniform(8.0, 11.0)))
        for _ in range(3)
    ]
    wobble = np.zeros_like(gain)
    if strap_wobble > 0.0 and kind in ("thigh", "shank"):
        wobble = strap_wobble * gain * _wobble(rng, course, phase)
    return SkinMotion(
        axial_rad=axial,
        tilt_rad=np.column_stack([adduction, np.zeros_like(gain), flexion]),
        wobble_rad=wobble,
        shift_m=np.column_stack(shift),
    )


def moving_mount(mount: Mount, skin: SkinMotion) -> tuple[FloatArray, FloatArray]:
    """Return the sensor's (n, 4) orientation and (n, 3) place in the bone.

    Parameters
    ----------
    mount : Mount
        Where the sensor sits while the skin is at rest.
    skin : SkinMotion
        How it moves.
    """
    axial = quaternion.about_axis(_Y, skin.axial_rad)
    rocking = quaternion.about_axis(_Y, skin.wobble_rad)
    patch = quaternion.multiply(axial, quaternion.from_rotation_vector(skin.tilt_rad))
    radial = mount.r_BS_m * np.array([1.0, 0.0, 1.0])
    lever = _WOBBLE_LEVER_M * radial / max(float(np.linalg.norm(radial)), 1e-9)
    place = quaternion.rotate(axial, mount.r_BS_m - lever + quaternion.rotate(rocking, lever))
    q_BS = quaternion.multiply(quaternion.multiply(patch, rocking), mount.q_BS)
    return q_BS, place + skin.shift_m
