"""A plan worked out for a person: how much one moves, how fast, which way, in which stride.

Slow signals (how much one moves, speed, heading) are laid out on a 20 Hz grid as steps, smoothed
with a Gaussian and joined by quintic splines, so that every derivative an inertial sensor feels
is continuous.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.ndimage import gaussian_filter1d

from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.simulation.people import Person
from imuhip.simulation.plan import Bout, Plan
from imuhip.simulation.terrain import belt_path, draw_slope, slowed

__all__ = ["Course", "lay_course"]

CONTROL_HZ = 20.0
RAMP_S = 1.6
"""From standing still to full movement takes twice this, all of it inside the bout."""
_RAMP_SIGMA_S = 0.4
SIT_DOWN_S = 3.0
"""Into a pause and before its end, the person sits down and rises."""
_SIT_SIGMA_S = 0.5


@dataclass(frozen=True, slots=True)
class Course:
    """The drive of a person through a session, per internal sample.

    Parameters
    ----------
    time_s : (n,) array, s
    gain : (n,) array
        0 standing, 1 in full gait.
    run_share : (n,) array
        0 walking, 1 running.
    relative_speed : (n,) array
        Speed over the person's comfortable one of that gait.
    phase : (n,) array
        Strides since the start, counted at right initial contacts.
    heading_rad : (n,) array, rad
        Direction of progression (while standing: the facing), about the vertical.
    path_m : (n, 2) array, m
        Along that direction, in the ground plane.
    swing_gain : mapping of side to (n,) array
        0 to 1 while that leg does its calibration swings.
    slope : (n,) array, optional
        Of the way, rise over run; None on level ground.
    climb_m : (n,) array, m, optional
        Height above the start.
    sit_gain : (n,) array, optional
        0 standing, 1 sitting.
    """

    time_s: FloatArray
    gain: FloatArray
    run_share: FloatArray
    relative_speed: FloatArray
    phase: FloatArray
    heading_rad: FloatArray
    path_m: FloatArray
    swing_gain: dict[Side, FloatArray]
    slope: FloatArray | None = None
    climb_m: FloatArray | None = None
    sit_gain: FloatArray | None = None


class _Grid:
    """The control grid of a session and its way up to the internal samples."""

    def __init__(self, duration_s: float, time_s: FloatArray) -> None:
        self.control_s = np.arange(int(np.ceil(duration_s * CONTROL_HZ)) + 2) / CONTROL_HZ
        self._time_s = time_s

    def window(self, start_s: float, end_s: float) -> FloatArray:
        """Return 1 inside and 0 outside."""
        inside = (self.control_s >= start_s) & (self.control_s < end_s)
        return np.asarray(inside, dtype=float)

    def smooth(self, steps: FloatArray, sigma_s: float) -> FloatArray:
        return np.asarray(gaussian_filter1d(steps, sigma_s * CONTROL_HZ, mode="nearest"))

    def fine(self, control: FloatArray) -> FloatArray:
        return np.asarray(make_interp_spline(self.control_s, control, k=5)(self._time_s))


def _still_ends(bouts: tuple[Bout, ...]) -> list[tuple[float, float]]:
    """Join adjoining bouts and keep the ramps inside."""
    spans: list[tuple[float, float]] = []
    for bout in bouts:
        if spans and abs(spans[-1][1] - bout.start_s) < 1e-9:
            spans[-1] = (spans[-1][0], bout.end_s)
        else:
            spans.append((bout.start_s, bout.end_s))
    return [(start + RAMP_S, end - RAMP_S) for start, end in spans]


def _relative_speed(grid: _Grid, plan: Plan, rng: np.random.Generator) -> FloatArray:
    """Return speed changes every 20-40 s, larger in walking, about each bout's own level."""
    steps = np.ones_like(grid.control_s)
    for bout in plan.bouts:
        spread = 0.09 if bout.gait == "walk" else 0.05
        edges = [bout.start_s]
        while edges[-1] < bout.end_s:
            edges.append(edges[-1] + float(rng.uniform(20.0, 40.0)))
        levels = bout.relative_speed * np.clip(rng.normal(1.0, spread, len(edges)), 0.8, 1.2)
        inside = grid.window(bout.start_s, bout.end_s) > 0
        steps[inside] = levels[np.searchsorted(edges, grid.control_s[inside], side="right") - 1]
    return grid.smooth(steps, 1.0)


def _walk_turn_rate(grid: _Grid, span: tuple[float, float], rng: np.random.Generator) -> FloatArray:
    """Return the heading rate of turning by 90 or 180 degrees about every 20 s."""
    rate = np.zeros_like(grid.control_s)
    at = span[0] + float(rng.uniform(8.0, 14.0))
    while at + 4.0 < span[1]:
        angle = float(rng.choice([np.pi / 2, np.pi])) * float(rng.choice([-1.0, 1.0]))
        length = 1.2 if abs(angle) < 2.0 else 2.2
        window = grid.window(at, at + length)
        rate += angle * window * CONTROL_HZ / max(window.sum(), 1.0)
        at += float(rng.uniform(14.0, 30.0))
    return grid.smooth(rate, 0.35)


def _oval_turn_rate(grid: _Grid, bout: Bout, speed_m_s: FloatArray) -> FloatArray:
    """Return the heading rate on a 400 m track: straights of 84.39 m, bends of radius 36.5 m.

    World Athletics Track and Field Facilities Manual 2019, section 2.2.1.
    """
    straight, radius = 84.39, 36.5
    inside = grid.window(bout.start_s, bout.end_s)
    along = np.cumsum(speed_m_s * inside) / CONTROL_HZ % (straight + np.pi * radius)
    return grid.smooth(np.where(along > straight, speed_m_s * inside / radius, 0.0), 0.8)


def _stride_noise(rng: np.random.Generator, seconds: float, sd: float) -> FloatArray:
    """Return relative stride-rate deviations, one per second: half persistent, half fresh.

    Stride times vary by 1-3 % and remember their past (Hausdorff et al. 1996,
    doi:10.1152/jappl.1996.80.5.1448).
    """
    n_knots = int(np.ceil(seconds)) + 8
    fresh = rng.normal(0.0, 1.0, n_knots)
    slow = gaussian_filter1d(rng.normal(0.0, 1.0, n_knots), 5.0) * np.sqrt(2 * 5.0 * np.sqrt(np.pi))
    return np.asarray(sd * (fresh + slow) / np.sqrt(2.0))


def lay_course(
    plan: Plan,
    person: Person,
    time_s: FloatArray,
    rng: np.random.Generator,
    *,
    turns: bool = True,
    treadmill: bool = False,
    steepest: float = 0.0,
    sits: bool = False,
    ground: np.random.Generator | None = None,
) -> Course:
    """Work a plan out for a person.

    Parameters
    ----------
    plan : Plan
        The time table.
    person : Person
        Whose speeds and stride rates hold.
    time_s : (n,) array, s
        Internal samples, uniform from 0.
    rng : numpy.random.Generator
        Draws speeds, turns and stride times.
    turns : bool
        False keeps to a straight line.
    treadmill : bool
        Whether the person stays where they are; then nothing turns and nothing rises.
    steepest : float
        Slope of the steepest hill, such as 0.08; 0 is level ground.
    sits : bool
        Whether the person sits in the pause.
    ground : numpy.random.Generator, optional
        Draws hills and how people drift on a belt.
    """
    grid = _Grid(plan.duration_s, time_s)
    moving = np.zeros_like(grid.control_s)
    for start, end in _still_ends(plan.bouts):
        moving = np.maximum(moving, grid.window(start, end))
    gain = grid.smooth(moving, _RAMP_SIGMA_S)
    running = np.zeros_like(gain)
    for bout in plan.bouts:
        if bout.gait == "run":
            running = np.maximum(running, grid.window(bout.start_s, bout.end_s))
    run_share = grid.smooth(running, 0.6)
    relative = _relative_speed(grid, plan, rng)
    slope = None
    if steepest > 0.0 and ground is not None:
        slope = draw_slope(grid.control_s, plan.bouts, steepest, ground)
        relative *= slowed(slope)
    walk, run = person.styles["walk"], person.styles["run"]
    speed = gain * relative * ((1 - run_share) * walk.speed_m_s + run_share * run.speed_m_s)
    rate = (1 - run_share) * walk.stride_hz * relative**walk.stride_hz_exponent
    rate += run_share * run.stride_hz * relative**run.stride_hz_exponent
    noise = _stride_noise(rng, plan.duration_s, 0.015)
    rate *= gain * (1.0 + np.interp(grid.control_s, np.arange(len(noise)), noise))
    rate = grid.smooth(rate, 0.15)
    turn_rate = np.zeros_like(gain)
    for bout in plan.bouts if turns and not treadmill else ():
        if bout.gait == "walk":
            turn_rate += _walk_turn_rate(grid, (bout.start_s, bout.end_s), rng)
        else:
            turn_rate += _oval_turn_rate(grid, bout, speed)
    controls = (gain, run_share, relative, speed, rate, turn_rate)
    course = _integrate(grid, plan, time_s, controls, rng)
    if slope is not None:
        course = _on_hills(course, grid.fine(speed), grid.fine(slope), level=treadmill)
    if treadmill and ground is not None:
        course = _on_belt(course, grid.fine(speed), ground)
    if sits and plan.pause is not None:
        seated = grid.window(plan.pause[0] + SIT_DOWN_S, plan.pause[1] - SIT_DOWN_S)
        course = replace(course, sit_gain=grid.fine(grid.smooth(seated, _SIT_SIGMA_S)))
    return course


def _on_hills(course: Course, speed: FloatArray, slope: FloatArray, *, level: bool) -> Course:
    """Let the way rise; `level` leaves the person where they are, on an inclined belt."""
    step_s = float(course.time_s[1] - course.time_s[0])
    climb = None if level else _integral(speed * slope, step_s)
    return replace(course, slope=slope, climb_m=climb)


def _on_belt(course: Course, speed: FloatArray, rng: np.random.Generator) -> Course:
    """Keep the person where they are."""
    ahead = belt_path(course.time_s, course.gain, speed, course.phase, rng)
    direction = np.column_stack([np.cos(course.heading_rad), np.sin(course.heading_rad)])
    return replace(course, path_m=ahead[:, None] * direction)


def _integral(rate: FloatArray, step_s: float) -> FloatArray:
    """Return the running trapezoidal integral, from zero."""
    return np.concatenate([[0.0], np.cumsum(0.5 * step_s * (rate[1:] + rate[:-1]))])


def _integrate(
    grid: _Grid,
    plan: Plan,
    time_s: FloatArray,
    controls: tuple[FloatArray, ...],
    rng: np.random.Generator,
) -> Course:
    """Bring the controls to the internal samples and integrate phase, heading and path."""
    gain, run_share, relative, speed, rate, turn_rate = map(grid.fine, controls)
    step_s = float(time_s[1] - time_s[0])
    heading = float(rng.uniform(-np.pi, np.pi)) + _integral(turn_rate, step_s)
    direction = np.column_stack([np.cos(heading), np.sin(heading)])
    path = np.column_stack([_integral(speed * direction[:, i], step_s) for i in range(2)])
    swing_gain: dict[Side, FloatArray] = {}
    for swings in plan.swings:
        window = grid.window(swings.start_s + RAMP_S / 2, swings.end_s - RAMP_S / 2)
        swing_gain[swings.side] = grid.fine(grid.smooth(window, _RAMP_SIGMA_S / 2))
    return Course(
        time_s=time_s,
        gain=gain,
        run_share=run_share,
        relative_speed=relative,
        phase=_integral(rate, step_s) + 0.6,
        heading_rad=heading,
        path_m=path,
        swing_gain=swing_gain,
    )
