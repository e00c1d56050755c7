"""A person does a clinical test: its recording, and what the bones say the test should report.

The way of the data: a person (`people`) with limits and habits (`mover`) stands, goes to the test's
posture (`postures`), rests and moves by a timetable (`timing`); a test's own file (`rotations`,
`ranges`, `hinges`, ...) turns the bones (`stage`); sensors sit on stretched skin (`skin`) and
become real ones. The truth is measured on the moving bones (`bones`), not taken from what was
drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from imuhip.core.segments import SEGMENTS, SIDES, Side
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.recording.session import Recording
from imuhip.simulation.bookkeeping import device_record, sensor_orientation, truth_of
from imuhip.simulation.checks import check_scales, check_session
from imuhip.simulation.ideal_imu import SegmentMotion, ideal_imu
from imuhip.simulation.motion import segment_motions
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import Person, draw_person
from imuhip.simulation.performing.asked import check_asked
from imuhip.simulation.performing.bones import Bones, Repetition, find_repetition
from imuhip.simulation.performing.draws import draw_streams, standing_deg
from imuhip.simulation.performing.mover import draw_mover
from imuhip.simulation.performing.postures import follow_route, rise, route_to
from imuhip.simulation.performing.recipe import Measured, Recipe
from imuhip.simulation.performing.skin import stretched_skin
from imuhip.simulation.performing.stage import Scene, move_on_stage
from imuhip.simulation.performing.timing import N_POSE_S, Tempo, Timetable, plan_beats
from imuhip.simulation.performing.unrest import rest_unrest, slow_noise
from imuhip.simulation.sensor_errors import apply_errors, draw_errors
from imuhip.simulation.soft_tissue import moving_mount

__all__ = ["Performance", "perform"]

_INTERNAL_HZ = 200.0
"""Bodies are moved at least this densely: tests are slower than gait and have no impacts."""
_RANGE_SPREAD, _DRILL_SPREAD = 0.015, 0.03
"""How differently far people go from one repetition to the next: a joint's end repeats better."""
_LEAVE_S = 0.6
"""From the end of the standing pose to the first step towards the test."""
_END_S = 1.0
_LEGS = tuple(f"{part}_{side}" for part in ("thigh", "shank") for side in SIDES)


@dataclass(frozen=True, slots=True)
class Performance:
    """A test done by a person who does not exist.

    Parameters
    ----------
    recording : Recording
        Sensors, the markers ``"n_pose"`` and ``"<test>_<side>"`` (``"<test>"`` where both legs are
        tested together), and the bones' angles in `Recording.truth`.
    test : str
    side : {"left", "right"} or None
        The leg under test.
    repetitions : tuple of Repetition
        Those that count; starts that were broken off are not among them.
    truth : mapping of str
        What the test should report: the median over the repetitions under its name, a tuple with
        one value per repetition (NaN where it has none) under ``<name>_per_repetition``.
    false_starts : tuple of Repetition
        Starts that were broken off.
    """

    recording: Recording
    test: str
    side: Side | None
    repetitions: tuple[Repetition, ...]
    truth: Mapping[str, Any]
    false_starts: tuple[Repetition, ...] = ()


def perform(
    test: str,
    *,
    seed: int = 0,
    side: Side = "left",
    repetitions: int = 3,
    faults: Mapping[str, float] | None = None,
    sensors: Sequence[str] = ("pelvis", *_LEGS),
    rate_hz: float = 100.0,
    soft_tissue: float = 1.0,
    sensor_errors: float = 1.0,
    mounting: str | Mapping[str, FloatArray | Sequence[float]] = "random",
    direction: Literal["internal", "external", "open", "closed", "both"] | None = None,
    mode: Literal["passive", "active"] = "passive",
    fidgets: float = 1.0,
    pose_error_deg: float = 0.0,
    visit: int = 0,
    restrapped: bool = False,
    change: Mapping[str, float] | None = None,
) -> Performance:
    """Let a person do a test.

    They stand in the N-pose (6 s), go to the test's posture, rest (3 s), and do the repetitions
    with pauses of 0.5 to 3 s. The same arguments give the same samples; the same seed is the same
    person, with the same limits and chips, as in `imuhip.simulate`.

    Parameters
    ----------
    test : str
        A name of `TESTS`.
    seed : int
        Draws the person, the sensors and how they are strapped on.
    side : {"left", "right"}
        Of the leg under test; where both legs are tested together, the side that faults go to.
    repetitions : int
        How many, of each direction.
    faults : mapping of str to float, optional
        Names of ``FAULTS[test]`` with their sizes; 1 is a plain fault.
    sensors : sequence of str
        Where sensors are worn; see `imuhip.core.segments.SEGMENTS`.
    rate_hz : float
    soft_tissue, sensor_errors : float
        Scales; 1 is a firm strap and a consumer chip.
    mounting : {"random", "nominal"} or mapping of segment to q_BS
        See `imuhip.simulation.mounting.place_sensors`.
    direction : {"internal", "external", "open", "closed", "both"}, optional
        Of tests that have directions. Rotations are internal by default; both does all internal
        repetitions first. The airplane opens and closes in turn by default.
    mode : {"passive", "active"}
        Whether a tester moves the leg and holds it at the end, or the person.
    fidgets : float
        Scale of how often people fidget and break off between repetitions.
    pose_error_deg : float
        Spread of the error of standing in the N-pose, as in `imuhip.simulate`: three quarters of
        its variance are this person's habit, the rest is new at each visit.
    visit : int
        Another number is the same person at another time: other repetitions.
    restrapped : bool
        Whether the sensors were taken off before this visit and strapped on anew.
    change : mapping of str to float, optional
        By how much measures of ``CHANGES[test]`` have truly changed, in their own units. The truth
        of this visit is measured all the same: repetitions differ.

    Raises
    ------
    imuhip.errors.ConfigError
        When an option cannot be used.
    """
    recipe, sizes, changed = check_asked(test, side, repetitions, faults, change, direction, mode)
    direction = direction or ("internal" if "internal" in recipe.directions else "both")
    check_session(1.0, rate_hz, sensors, 0.0)
    check_scales(
        soft_tissue=soft_tissue,
        sensor_errors=sensor_errors,
        fidgets=fidgets,
        pose_error_deg=pose_error_deg,
    )
    streams = draw_streams(seed, test, visit, restrapped=restrapped)
    person = draw_person(streams["person"])
    mover = draw_mover(streams["mover"])
    directions = _directions(recipe, direction, repetitions)
    pace = float(np.clip(1.0 + 0.15 * mover.style["tempo"], 0.7, 1.35))
    pace *= 0.5 ** min(sizes.get("too_fast", 0.0), 3.0)
    is_drill = recipe.posture in ("standing", "airplane", "floor")
    is_active = mode == "active" or is_drill
    tempo = Tempo(
        repetition_s=recipe.repetition_s * pace,
        hold_s=recipe.hold_s * pace * (0.6 if is_active else 1.0),
        fidgets=fidgets,
        spread=_DRILL_SPREAD if is_drill else _RANGE_SPREAD,
    )
    stops, there_s = route_to(
        recipe.posture,
        side if recipe.raises_leg else None,
        N_POSE_S + _LEAVE_S,
        streams["route"],
    )
    timetable = plan_beats(there_s, directions, tempo, streams["timing"])
    per_sample = max(1, int(np.ceil(_INTERNAL_HZ / rate_hz)))
    n_samples = round((timetable.end_s + _END_S) * rate_hz)
    time_s = np.arange((n_samples - 1) * per_sample + 1) / (rate_hz * per_sample)
    standing = standing_deg(pose_error_deg, streams["habit"], streams["pose"])
    base = follow_route(time_s, stops, standing, person.body)
    unrest = rest_unrest(time_s, timetable.fidgets, streams["unrest"])
    base = base | {name: base[name] + unrest[name] for name in unrest}
    waver = (0.02 if is_active else 0.012) * slow_noise(time_s, streams["unrest"], 1, 0.3)[:, 0]
    scene = Scene(
        time_s, timetable, side, mover, sizes, changed, is_active, streams["moves"], base,
        person.body, waver,
    )  # fmt: skip
    body = move_on_stage(scene, recipe.move(scene), recipe.posture)
    motions = segment_motions(body, person.body, {*sensors, "pelvis", *_LEGS})
    off_feet = np.zeros_like(time_s)
    if recipe.posture not in ("standing", "airplane"):
        off_feet = rise(time_s, stops[0].at_s, stops[0].sigma_s)
    worn = _wear(sensors, mounting, person, motions, streams)
    series, orientations = {}, {}
    for segment in sensors:
        mount, skin, chip, noise = worn[segment]
        q_BS, r_BS = mount.q_BS, mount.r_BS_m
        if soft_tissue > 0.0:
            moving = stretched_skin(segment, body, off_feet, soft_tissue, skin)
            q_BS, r_BS = moving_mount(mount, moving)
        times, acc, gyr = ideal_imu(motions[segment], q_BS, r_BS, rate_hz)
        acc, gyr = apply_errors(draw_errors(chip, sensor_errors), acc, gyr, rate_hz, noise)
        series[segment] = ImuSeries(time_s=times, acc=acc, gyr=gyr)
        orientations[segment] = sensor_orientation(motions[segment], q_BS, per_sample)
    name = f"{test}_{side}" if recipe.is_sided else test
    recording = Recording(
        rate_hz=float(rate_hz),
        sensors=series,
        markers=(Marker("n_pose", 0.0, N_POSE_S), Marker(name, there_s, timetable.end_s)),
        subject=f"SIM-{test}-{seed}",
        truth_motion=truth_of(body, {s: motions[s] for s in sensors}, orientations, per_sample),
        devices={s: device_record(s, series[s], rate_hz) for s in sensors},
    )
    bones = Bones(
        time_s, motions, {channel: np.degrees(value) for channel, value in body.angles_rad.items()}
    )
    counted, broken, truth = _measure(recipe, bones, timetable, side)
    return Performance(recording, test, side if recipe.is_sided else None, counted, truth, broken)


def _directions(recipe: Recipe, direction: str, repetitions: int) -> list[str]:
    if direction in recipe.directions:
        return [direction] * repetitions
    if "internal" in recipe.directions:
        return [name for name in recipe.directions for _ in range(repetitions)]
    return [*recipe.directions] * repetitions


def _wear(
    sensors: Sequence[str],
    mounting: str | Mapping[str, FloatArray | Sequence[float]],
    person: Person,
    motions: Mapping[str, SegmentMotion],
    streams: Mapping[str, np.random.Generator],
) -> dict[str, tuple[Any, ...]]:
    """Return mount, skin, chip and noise of every sensor; none depends on what else is worn."""
    mounts = place_sensors(mounting, sensors, person.body, streams["mounting"])
    drawn = {
        name: dict(zip(SEGMENTS, streams[name].spawn(len(SEGMENTS)), strict=True))
        for name in ("skin", "chips", "noise")
    }
    return {
        segment: (
            mounts[segment], drawn["skin"][segment], drawn["chips"][segment],
            drawn["noise"][segment],
        )
        for segment in sensors
    }  # fmt: skip


def _measure(
    recipe: Recipe, bones: Bones, timetable: Timetable, side: Side
) -> tuple[tuple[Repetition, ...], tuple[Repetition, ...], Mapping[str, Any]]:
    """Find the repetitions on the bones, and measure each."""
    counted: list[Repetition] = []
    broken: list[Repetition] = []
    for beat in timetable.beats:
        rows = bones.between(*beat.quiet_s)
        main = np.zeros_like(bones.time_s)
        main[rows] = recipe.main(bones, side, beat.direction, beat.quiet_s[0], rows)
        (broken if beat.is_false_start else counted).append(
            find_repetition(bones.time_s, main, beat)
        )
    measured = [recipe.measures(Measured(bones, repetition, side)) for repetition in counted]
    truth: dict[str, Any] = {}
    for name in dict.fromkeys(key for values in measured for key in values):
        values = tuple(one.get(name, float("nan")) for one in measured)
        known = [value for value in values if not np.isnan(value)]
        truth[name] = float(np.median(known)) if known else float("nan")
        truth[f"{name}_per_repetition"] = values
    return tuple(counted), tuple(broken), MappingProxyType(truth)
