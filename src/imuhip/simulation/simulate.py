"""Make a recording of a person who does not exist, with the truth beside it.

The way of the data: a person (`people`) with curves of their own (`gait_curves`) goes through a
session (`plan`, `course`) on some ground (`terrain`); the bones move (`motion`), calibrating
(`movements`), resting (`sitting`) and standing down anew (`stances`); perfect sensors (`ideal_imu`)
sit somewhere (`mounting`) on moving skin and under straps (`wearing`), become real ones
(`sensor_errors`) and lose packets (`packet_loss`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.core.segments import SEGMENTS
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.recording.session import Recording
from imuhip.simulation.bookkeeping import device_record, sensor_orientation, truth_of
from imuhip.simulation.checks import check_pause, check_scales, check_session
from imuhip.simulation.course import lay_course
from imuhip.simulation.ideal_imu import attach, ideal_imu
from imuhip.simulation.magnetic_field import lay_surroundings, magnetic_place, read_field
from imuhip.simulation.motion import (
    Posture,
    move_body,
    segment_motions,
)
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.movements import add_movements, movement_rng, restand
from imuhip.simulation.packet_loss import lost_samples
from imuhip.simulation.people import draw_person
from imuhip.simulation.plan import plan_session
from imuhip.simulation.sensor_errors import apply_errors, draw_errors
from imuhip.simulation.stances import draw_stances, pose_spread
from imuhip.simulation.strap_slip import StrapSlip, check_slip
from imuhip.simulation.wearing import Wearing, activity_ramp, carry

__all__ = ["simulate"]

_INTERNAL_HZ = 400.0
"""Bodies are moved at least this densely; sensors read at a whole division of it."""

_VISITS = 2020
_LATE = {"left": 1.0, "right": -1.0}


def simulate(
    activity: str = "walk",
    minutes: float = 10.0,
    seed: int = 0,
    *,
    rate_hz: float = 100.0,
    segments: Sequence[str] = ("pelvis", "thigh_left", "thigh_right"),
    mounting: str | Mapping[str, FloatArray | Sequence[float]] = "random",
    sensor_errors: float = 1.0,
    soft_tissue: float = 0.0,
    strap_wobble: float = 0.0,
    strap_slip: StrapSlip | None = None,
    packet_loss: float = 0.0,
    turns: bool = True,
    calibration: bool = True,
    movements: Sequence[str] | None = None,
    pose_error_deg: float = 0.0,
    impact: float = 1.0,
    sync_error_ms: float = 0.0,
    tissue_change: tuple[float, float] | None = None,
    treadmill: bool = False,
    hill_percent: float = 0.0,
    stops: int = 0,
    pause: str | None = None,
    pause_min: float = 5.0,
    end_pose: bool = False,
    stance_deg: float = 0.0,
    contact_spread: float = 0.0,
    magnetometer: bool | Mapping[str, float] = False,
    visit: int = 0,
    restrapped: bool = False,
) -> Recording:
    """Simulate a session of a person wearing sensors.

    The person stands in the N-pose (8 s), swings the right and the left leg (10 s each), stands
    (4 s), then does the activity, then stands. The same arguments give the same samples, and an
    option changes only what it names: the same seed is the same person on the same way.

    Parameters
    ----------
    activity : {"walk", "run", "mixed", "stand"}
        Mixed alternates walking and running at several speeds, with stops.
    minutes : float
        Of the activity.
    seed : int
        Draws the person, the way, every stride, the mounting and the chips.
    rate_hz : float
        Sample rate of the sensors; sample k is instantaneous at ``k / rate_hz``.
    segments : sequence of str
        Where sensors are worn; see `imuhip.core.segments.SEGMENTS`.
    mounting : {"random", "nominal"} or mapping of segment to q_BS
        See `imuhip.simulation.mounting.place_sensors`.
    sensor_errors : float
        Scale of a consumer chip's errors; 0 is a perfect sensor without limits or steps.
    soft_tissue : float
        Scale of skin moving on bone; 1 is a realistic firm strap.
    strap_wobble : float
        Scale of a loose strap's rocking at 8-10 Hz; 1 is as bad as seen on a real walker.
    strap_slip : tuple of segment, s, degrees, optional
        Turns that segment's sensor about the segment's long axis at that instant of the recording,
        within 0.5 s and for good; positive is counterclockwise seen from above.
    packet_loss : float
        Fraction of packets (50 ms) lost by each sensor: NaN rows with ``valid`` False.
    turns : bool
        Walking turns by 90 and 180 degrees, running laps; False goes straight on.
    calibration : bool
        False leaves the leg swings and the stand after them out.
    movements : sequence of str, optional
        Calibration movements instead of those, in this order: ``"squat"``, ``"hinge"``,
        ``"leg_swing"`` (right, then left), ``"n_pose"`` (stand down anew and stay still). Their
        markers have the same names.
    pose_error_deg : float
        Spread of the error of standing in hip rotation, and in proportion in the other angles.
    impact : float
        Scale of the foot-strike shock; hard runners reach 1.7.
    sync_error_ms : float
        Samples of the left leg are said to be this much later than they were taken, those of the
        right leg as much earlier.
    tissue_change : tuple of float, optional
        Factors of `soft_tissue` when the activity begins and when it ends, linear in between: a
        strap that loosens, or skin that swells or dries.
    treadmill : bool
        The person stays in place: no way, no turns, a belt that dips a little at each step.
    hill_percent : float
        Steepest slope; the way goes up and down and changes every minute or two.
    stops : int
        N-poses of 8 s that part the activity into equal pieces, each with its marker.
    pause : {"sit", "sensors_off", "sensors_off_same_mount"}, optional
        A rest in the middle of the activity and an N-pose after it: the person sits; or the sensors
        are taken off, lie on a table and are strapped on again, a few degrees and 1 cm off
        (`imuhip.simulation.sensors_off`) or exactly as before.
    pause_min : float
        How long.
    end_pose : bool
        The session ends with an N-pose, with its marker, instead of any stand.
    stance_deg : float
        Spread, in hip rotation, of how differently the feet stand each time after gait.
    contact_spread : float
        Scale of how people, legs and strides differ in when the foot meets and leaves the ground
        against the swing of the leg; 1 is as real people do (`imuhip.simulation.contacts`).
    magnetometer : bool or mapping of str to float
        Gives the sensors ``mag`` in a field the earth's alone makes; a mapping names the place,
        such as ``{"building": 1, "iron": 1}``: the fields of
        `imuhip.simulation.magnetic_field.MagneticPlace`.
    visit : int
        The same person another time, at the same speeds: other strides, another way of standing,
        and chips switched on anew.
    restrapped : bool
        Whether the sensors were taken off before this visit and strapped on anew.

    Returns
    -------
    Recording
        With markers ``"n_pose"``, ``"leg_swing_right"``, ``"leg_swing_left"``, ``"stand"`` and
        ``"gait"`` (and ``"walk"``, ``"run"`` in mixed sessions, ``"pause"``), and with its truth,
        which tells of the person also while nothing is worn. Pelvis
        rotation there is relative to the direction of progression (the tangent of the path; the
        facing while standing).

    Raises
    ------
    imuhip.errors.ConfigError
        When an option cannot be used.
    """
    check_session(minutes, rate_hz, segments, packet_loss)
    check_scales(
        sensor_errors=sensor_errors,
        soft_tissue=soft_tissue,
        strap_wobble=strap_wobble,
        pose_error_deg=pose_error_deg,
        impact=impact,
        sync_error_ms=abs(sync_error_ms),
        hill_percent=hill_percent,
        stops=stops,
        stance_deg=stance_deg,
        contact_spread=contact_spread,
    )
    check_pause(pause, pause_min)
    scales = tissue_change or (1.0, 1.0)
    check_scales(tissue_change=min(scales), tissue_changed=max(scales))
    place = magnetic_place(magnetometer)
    check_scales(visit=visit)
    streams, straps = _streams(seed, visit), _streams(seed, visit if restrapped else 0)
    person = draw_person(streams["person"])
    plan = plan_session(
        activity,
        minutes,
        streams["plan"],
        calibration=calibration,
        movements=movements,
        stops=stops,
        end_pose=end_pose,
        pause_s=60.0 * pause_min if pause else 0.0,
    )
    check_slip(strap_slip, segments, plan.duration_s)
    per_sample = max(1, int(np.ceil(_INTERNAL_HZ / rate_hz)))
    n_samples = round(plan.duration_s * rate_hz)
    time_s = np.arange((n_samples - 1) * per_sample + 1) / (rate_hz * per_sample)
    course = lay_course(
        plan,
        person,
        time_s,
        streams["course"],
        turns=turns,
        treadmill=treadmill,
        steepest=0.01 * hill_percent,
        sits=pause == "sit",
        ground=streams["ground"],
    )
    posture = _draw_posture(streams["posture"], pose_error_deg)
    body = move_body(
        person,
        course,
        streams["strides"],
        posture=posture,
        impact=impact,
        stances=draw_stances(plan, stance_deg, streams["stances"]),
        contact_spread=(contact_spread, streams["feet"]),
    )
    moving = movement_rng(seed)
    body = add_movements(body, course, plan.movements, person, moving)
    body = restand(body, course, plan.movements, posture, pose_spread(pose_error_deg), moving)
    motions = segment_motions(body, person.body, segments)
    mounts = place_sensors(mounting, segments, person.body, straps["mounting"])
    gait_s = [(bout.start_s, bout.end_s) for bout in plan.bouts]
    surroundings = None if place is None else lay_surroundings(place, course, gait_s, seed)
    wearing = Wearing(
        soft_tissue if tissue_change is None else soft_tissue * activity_ramp(plan, time_s, scales),
        strap_wobble,
        strap_slip,
        pause if pause != "sit" else None,
    )
    sensors, sensor_orientations = {}, {}
    for order, segment in enumerate(segments):
        # one stream per segment: wearing a shank sensor must not change the thigh's
        _, chip, loss, hand = streams[segment].spawn(4)
        tissue = straps[segment].spawn(4)[0]
        mount, motion = mounts[segment], motions[segment]
        carried = carry(mount, motion, (segment, order), wearing, body, course, plan, tissue, hand)
        late_s = 1e-3 * sync_error_ms * _LATE.get(segment.rpartition("_")[2], 0.0)
        times, acc, gyr = ideal_imu(motion, *carried, rate_hz, late_s)
        sensor_orientations[segment] = sensor_orientation(motion, carried[0], per_sample)
        acc, gyr = apply_errors(draw_errors(chip, sensor_errors), acc, gyr, rate_hz, chip)
        lost = lost_samples(len(times), rate_hz, packet_loss, loss)
        acc[lost], gyr[lost] = np.nan, np.nan
        mag = None
        if surroundings is not None:
            worn = attach(motion, *carried)
            mag = read_field(surroundings, worn, times - late_s, segment, seed, sensor_errors)
            mag[lost] = np.nan
        sensors[segment] = ImuSeries(time_s=times, acc=acc, gyr=gyr, mag=mag)
    return Recording(
        rate_hz=float(rate_hz),
        sensors=sensors,
        markers=plan.markers,
        subject=f"SIM-{activity}-{seed}",
        truth_motion=truth_of(body, motions, sensor_orientations, per_sample),
        devices={
            segment: device_record(segment, sensors[segment], rate_hz) for segment in segments
        },
    )


def _streams(seed: int, visit: int = 0) -> dict[str, np.random.Generator]:
    """Return one generator per concern, so that an option changes only what it names.

    Person, speeds, ground and how their feet meet it are the person's at every visit.
    """
    # new names go behind the old ones, whose draws must stay
    first = ("person", "plan", "course", "strides", "mounting", "posture")
    names = (*first, *SEGMENTS, "ground", "stances", "feet")
    own = dict(zip(names, np.random.SeedSequence(seed).spawn(len(names)), strict=True))
    if visit > 0:
        anew = np.random.SeedSequence(seed, spawn_key=(_VISITS, visit)).spawn(len(names))
        kept = {name: own[name] for name in ("person", "plan", "ground", "feet")}
        own = dict(zip(names, anew, strict=True)) | kept
    return {name: np.random.default_rng(child) for name, child in own.items()}


def _draw_posture(rng: np.random.Generator, error_deg: float) -> Posture:
    """Draw how far from the perfect N-pose a person stands."""
    spread = pose_spread(error_deg)
    return Posture({name: float(rng.normal(0.0, 1.0)) * spread[name] for name in spread})
