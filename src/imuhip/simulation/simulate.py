"""Make a recording of a person who does not exist, with the truth beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from imuhip.core.series import FloatArray, ImuSeries
from imuhip.recording.session import Recording, Truth
from imuhip.simulation.course import lay_course, plan_session
from imuhip.simulation.ideal_imu import ideal_imu
from imuhip.simulation.motion import BodyMotion, move_body, segment_motions, truth_angles
from imuhip.simulation.mounting import place_sensors
from imuhip.simulation.people import draw_person

if TYPE_CHECKING:
    from imuhip.simulation.ideal_imu import SegmentMotion

__all__ = ["simulate"]

_INTERNAL_HZ = 400.0


def simulate(
    activity: str = "walk",
    minutes: float = 10.0,
    seed: int = 0,
    *,
    rate_hz: float = 100.0,
    segments: Sequence[str] = ("pelvis", "thigh_left", "thigh_right"),
    mounting: str | Mapping[str, FloatArray | Sequence[float]] = "random",
    turns: bool = True,
    calibration: bool = True,
    impact: float = 1.0,
) -> Recording:
    """Return a simulated session: N-pose, leg swings, stand, gait, stand; with its truth.

    Sample k is instantaneous at ``k / rate_hz`` (see `imuhip.simulation.ideal_imu`).
    """
    streams = _streams(seed)
    person = draw_person(streams["person"])
    plan = plan_session(activity, minutes, streams["plan"], calibration=calibration)
    per_sample = max(1, int(np.ceil(_INTERNAL_HZ / rate_hz)))
    n_samples = round(plan.duration_s * rate_hz) + 1
    time_s = np.arange((n_samples - 1) * per_sample + 1) / (rate_hz * per_sample)
    course = lay_course(plan, person, time_s, streams["course"], turns=turns)
    body = move_body(person, course, streams["strides"], impact=impact)
    mounts = place_sensors(mounting, segments, person.body, streams["mounting"])
    motions = segment_motions(body, person.body, segments)
    sensors = {}
    for segment in segments:
        mount = mounts[segment]
        times, acc, gyr = ideal_imu(motions[segment], mount.q_BS, mount.r_BS_m, rate_hz)
        sensors[segment] = ImuSeries(time_s=times, acc=acc, gyr=gyr)
    return Recording(
        rate_hz=rate_hz,
        sensors=sensors,
        markers=plan.markers,
        subject=f"SIM-{activity}-{seed}",
        truth_motion=_truth(body, motions, per_sample),
    )


def _streams(seed: int) -> dict[str, np.random.Generator]:
    """Return one generator per concern, so that an option changes only what it names."""
    names = (
        "person",
        "plan",
        "course",
        "strides",
        "mounting",
        "posture",
        "tissue",
        "sensor",
        "loss",
    )
    children = np.random.SeedSequence(seed).spawn(len(names))
    return {n: np.random.default_rng(child) for n, child in zip(names, children, strict=True)}


def _truth(body: BodyMotion, motions: Mapping[str, SegmentMotion], per_sample: int) -> Truth:
    rows = slice(None, None, per_sample)
    return Truth(
        time_s=body.time_s[rows],
        angles_rad=truth_angles({name: value[rows] for name, value in body.angles_rad.items()}),
        orientations={name: motion.q_WB[rows].copy() for name, motion in motions.items()},
        initial_contacts_s={str(side): t for side, t in body.initial_contacts_s.items()},
    )
