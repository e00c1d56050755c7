"""The magnetic field where a person walks, and what a small magnetometer makes of it.

The world of the simulation gets its magnetic north along y. Outdoors the field is the same
everywhere. In a building it changes from step to step, and more so near the floor, where the steel
is: headings in a motion laboratory scattered by 3° above 1 m and by 29° at 5 cm (de Vries et al.
2009, doi:10.1016/j.gaitpost.2008.11.004). So sensors on pelvis and thigh are led astray
differently, and the error does not cancel between them.

Nothing here draws from the generators of `simulate`: the same seed moves and senses the same with
and without a magnetometer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import SEGMENTS
from imuhip.core.series import FloatArray, IntArray
from imuhip.errors import ConfigError
from imuhip.simulation.course import Course
from imuhip.simulation.ideal_imu import SegmentMotion

__all__ = ["MagneticPlace", "Surroundings", "lay_surroundings", "magnetic_place", "read_field"]

_STREAM = 0x6D6167
"""Keeps these draws apart from those of every other concern."""

_MODES = 48
_LOG_WAVELENGTHS = (float(np.log(2.0)), float(np.log(12.0)))
"""Of waves of 2 m to 12 m."""
_BUILDING_SD_UT = 1.1
_BUILDING_HEIGHT_M = 1.0
"""Where the building's field has its stated spread; below it is stronger."""

_IRON_PER_S = 1.0 / 25.0
_MU0_OVER_4PI_UT = 0.1
"""µT of a dipole of 1 A·m² at 1 m, sideways."""
_NEAREST_M = 0.25
"""Iron has a size: nobody comes nearer to its middle."""


@dataclass(frozen=True, slots=True)
class MagneticPlace:
    """A place, magnetically.

    Parameters
    ----------
    dip_deg : float
        Of the earth's field below the horizontal; 65 in central Europe.
    strength_ut : float, µT
        Of the earth's field.
    building : float
        Scale of a building's steel: 1 is that laboratory.
    iron : float
        Scale of furniture and machines that are passed, one every 25 s.
    motor : float
        Scale of a motor that stays ahead of the feet during all gait, as in a treadmill.
    """

    dip_deg: float = 65.0
    strength_ut: float = 49.0
    building: float = 0.0
    iron: float = 0.0
    motor: float = 0.0

    @property
    def earth_W(self) -> FloatArray:
        """Return (3,) the earth's field, µT."""
        dip = np.radians(self.dip_deg)
        return self.strength_ut * np.array([0.0, np.cos(dip), -np.sin(dip)])


def magnetic_place(options: bool | Mapping[str, float]) -> MagneticPlace | None:
    """Return the place asked for by name, or None without a magnetometer.

    Raises
    ------
    ConfigError
        For an unknown name or a value that cannot be used.
    """
    if isinstance(options, bool):
        return MagneticPlace() if options else None
    known = tuple(field.name for field in fields(MagneticPlace))
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ConfigError(
            f"cannot simulate a magnetometer with {', '.join(unknown)}",
            hint=f"choose among {', '.join(known)}",
        )
    place = MagneticPlace(**{name: float(value) for name, value in options.items()})
    scales = (place.building, place.iron, place.motor)
    if not (abs(place.dip_deg) < 90.0 and 1.0 <= place.strength_ut <= 200.0):
        raise ConfigError(
            f"cannot simulate a field of {place.strength_ut:g} µT with a dip of {place.dip_deg:g}°",
            hint="choose 1 to 200 µT, and a dip between -90° and 90°",
        )
    if not all(0.0 <= scale <= 100.0 for scale in scales):
        raise ConfigError(f"cannot use scales of {scales}", hint="choose 0 or more")
    return place


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that turns the field, laid along one person's way.

    Parameters
    ----------
    place : MagneticPlace
    modes : (m, 4) array
        Wave vector (rad/m, two components), phase (rad) and amplitude (µT) at `_BUILDING_HEIGHT_M`.
    iron_at_m, iron_moment : (k, 3) arrays, m and A·m²
        Dipoles that stay where they are.
    motor_at_m : (n, 3) array, m
        Of the motor, per internal sample: it goes along with the person.
    motor_moment : (n, 3) array, A·m²
        Zero while nobody walks.
    """

    place: MagneticPlace
    modes: FloatArray
    iron_at_m: FloatArray
    iron_moment: FloatArray
    motor_at_m: FloatArray
    motor_moment: FloatArray

    def field_W(self, position_W: FloatArray, rows: IntArray) -> FloatArray:
        """Return the field, µT, at (n, 3) places in m, when the internal samples `rows` were."""
        field = np.tile(self.place.earth_W, (len(position_W), 1))
        if self.place.building > 0.0:
            field += self.place.building * _floor_field(self.modes, position_W)
        if self.place.iron > 0.0:
            for at_m, moment in zip(self.iron_at_m, self.iron_moment, strict=True):
                field += self.place.iron * _dipole(position_W - at_m, moment)
        if self.place.motor > 0.0:
            away = position_W - self.motor_at_m[rows]
            field += self.place.motor * _dipole(away, self.motor_moment[rows])
        return field


def lay_surroundings(
    place: MagneticPlace, course: Course, gait_s: Sequence[tuple[float, float]], seed: int
) -> Surroundings:
    """Draw the steel of a building, iron beside the way, and a motor ahead of the feet.

    Parameters
    ----------
    place : MagneticPlace
    course : Course
        The person's way.
    gait_s : sequence of (start, end), s
        When the person walks or runs.
    seed : int
        Of the session.
    """
    rng = np.random.default_rng([_STREAM, seed])
    modes = _draw_modes(rng)
    iron_at_m, iron_moment = _draw_iron(rng, course)
    motor_at_m, motor_moment = _draw_motor(rng, course, gait_s)
    return Surroundings(place, modes, iron_at_m, iron_moment, motor_at_m, motor_moment)


def read_field(
    surroundings: Surroundings,
    sensor: SegmentMotion,
    taken_s: FloatArray,
    segment: str,
    seed: int,
    errors: float,
) -> FloatArray:
    """Return what the magnetometer of one sensor reads.

    Parameters
    ----------
    surroundings : Surroundings
    sensor : SegmentMotion
        Of the sensor itself, where it sits.
    taken_s : (m,) array, s
        When the samples are taken; the nearest internal sample is.
    segment : str
        Where it is worn; with `seed`, draws its errors.
    seed : int
    errors : float
        Scale of a consumer magnetometer's errors after its calibration; 0 is perfect.

    Returns
    -------
    (m, 3) array, µT
        Sensor frame.

    Notes
    -----
    Sizes are those of a BMM150-class chip (noise 0.6 µT, steps 0.3 µT) after a figure-of-eight
    calibration: hard iron 1 µT, scale 1 % and cross-axis 0.5 % are left, one sigma on each axis.
    """
    step_s = sensor.time_s[1] - sensor.time_s[0]
    nearest = np.rint((taken_s - sensor.time_s[0]) / step_s)
    rows = np.clip(nearest, 0, len(sensor.time_s) - 1).astype(np.int64)
    field_W = surroundings.field_W(sensor.position_W[rows], rows)
    field = quaternion.rotate(quaternion.conjugate(sensor.q_WB[rows]), field_W)
    if errors == 0.0:
        return field
    rng = np.random.default_rng([_STREAM, seed, SEGMENTS.index(segment)])
    hard_iron = errors * rng.normal(0.0, 1.0, 3)
    soft_iron = errors * rng.normal(0.0, 0.005, (3, 3))
    soft_iron[np.diag_indices(3)] = 1.0 + errors * rng.normal(0.0, 0.01, 3)
    read = field @ soft_iron.T + hard_iron + errors * rng.normal(0.0, 0.6, field.shape)
    return np.asarray(0.3 * np.round(read / 0.3))


def _draw_modes(rng: np.random.Generator) -> FloatArray:
    """Draw waves over the floor plan; lengths spread evenly over their logarithm."""
    length_m = np.exp(rng.uniform(*_LOG_WAVELENGTHS, _MODES))
    direction = rng.uniform(-np.pi, np.pi, _MODES)
    number = 2.0 * np.pi / length_m
    # each wave of amplitude a has a spread of a/√2, shared between the two level components
    amplitude = np.full(_MODES, _BUILDING_SD_UT * 2.0 / np.sqrt(_MODES))
    phase = rng.uniform(-np.pi, np.pi, _MODES)
    return np.column_stack(
        [number * np.cos(direction), number * np.sin(direction), phase, amplitude]
    )


def _floor_field(modes: FloatArray, position_W: FloatArray) -> FloatArray:
    """Return the field (n, 3) of sources in the floor: free of curl and divergence above it.

    The potential of a wave over the floor decays upwards as fast as it changes sideways.
    """
    field = np.zeros_like(position_W)
    height_m = position_W[:, 2] - _BUILDING_HEIGHT_M
    for kx, ky, phase, amplitude in modes:
        number = np.hypot(kx, ky)
        along = kx * position_W[:, 0] + ky * position_W[:, 1] + phase
        size = amplitude * np.exp(-number * height_m)
        level = size * np.sin(along) / number
        field[:, 0] += kx * level
        field[:, 1] += ky * level
        field[:, 2] += size * np.cos(along)
    return field


def _dipole(away_m: FloatArray, moment: FloatArray) -> FloatArray:
    """Return the field (n, 3), µT, of a dipole (A·m²) seen from `away_m` (n, 3)."""
    distance = np.maximum(np.linalg.norm(away_m, axis=1, keepdims=True), _NEAREST_M)
    unit = away_m / distance
    along = np.sum(unit * moment, axis=1, keepdims=True)
    return np.asarray(_MU0_OVER_4PI_UT * (3.0 * along * unit - moment) / distance**3)


def _draw_iron(rng: np.random.Generator, course: Course) -> tuple[FloatArray, FloatArray]:
    """Draw iron beside the way: at table height or below, 0.6 to 1.2 m from the middle of it."""
    duration_s = float(course.time_s[-1])
    count = max(1, round(duration_s * _IRON_PER_S))
    at = np.searchsorted(course.time_s, rng.uniform(0.0, duration_s, count))
    side = rng.choice([-1.0, 1.0], count) * rng.uniform(0.6, 1.2, count)
    heading = course.heading_rad[at]
    aside = side[:, None] * np.column_stack([-np.sin(heading), np.cos(heading)])
    height = rng.uniform(0.1, 0.9, count)
    place = np.column_stack([course.path_m[at] + aside, height])
    return place, _draw_moments(rng, rng.uniform(20.0, 60.0, count))


def _draw_motor(
    rng: np.random.Generator, course: Course, gait_s: Sequence[tuple[float, float]]
) -> tuple[FloatArray, FloatArray]:
    """Draw the motor of a treadmill: 0.9 m ahead, low, and on while the person walks."""
    direction = rng.uniform(-np.pi, np.pi)
    offset = 0.9 * np.array([np.cos(direction), np.sin(direction)])
    place = np.column_stack([course.path_m + offset, np.full(len(course.time_s), 0.3)])
    moment = _draw_moments(rng, rng.uniform(15.0, 40.0, 1))
    on = np.zeros(len(course.time_s))
    for start, end in gait_s:
        ramp = np.minimum(course.time_s - start, end - course.time_s) / 3.0
        on = np.maximum(on, np.clip(ramp, 0.0, 1.0))
    return place, on[:, None] * moment


def _draw_moments(rng: np.random.Generator, size: FloatArray) -> FloatArray:
    direction = rng.normal(0.0, 1.0, (len(size), 3))
    return np.asarray(size[:, None] * direction / np.linalg.norm(direction, axis=1, keepdims=True))
