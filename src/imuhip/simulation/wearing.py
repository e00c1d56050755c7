"""How a person wears a sensor through a session: skin, strap, and what happens in a pause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.simulation.course import Course
from imuhip.simulation.ideal_imu import SegmentMotion
from imuhip.simulation.motion import BodyMotion
from imuhip.simulation.mounting import Mount
from imuhip.simulation.movements import stretched
from imuhip.simulation.plan import Plan
from imuhip.simulation.sensors_off import mounted_anew, off_body, taken_off
from imuhip.simulation.soft_tissue import SkinMotion, draw_skin_motion, moving_mount
from imuhip.simulation.strap_slip import StrapSlip, slipped_mount

__all__ = ["Wearing", "activity_ramp", "carry"]


@dataclass(frozen=True, slots=True)
class Wearing:
    """What skin and straps do.

    Parameters
    ----------
    soft_tissue : float or (n,) array
        Scale of skin moving on bone.
    strap_wobble : float
        Scale of a loose strap's rocking.
    slip : StrapSlip, optional
    pause : {"sensors_off", "sensors_off_same_mount"}, optional
        Whether the sensors are taken off in the pause.
    """

    soft_tissue: float | FloatArray
    strap_wobble: float = 0.0
    slip: StrapSlip | None = None
    pause: str | None = None


def activity_ramp(plan: Plan, time_s: FloatArray, ends: tuple[float, float]) -> FloatArray:
    """Return (n,) values that go from the first to the last while the activity lasts."""
    edges = [plan.bouts[0].start_s, plan.bouts[-1].end_s] if plan.bouts else [0.0, plan.duration_s]
    return np.interp(time_s, edges, ends)


def carry(
    mount: Mount,
    motion: SegmentMotion,
    worn_as: tuple[str, int],
    wearing: Wearing,
    body: BodyMotion,
    course: Course,
    plan: Plan,
    tissue: np.random.Generator,
    hand: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return the orientation and place of a sensor in its bone.

    Parameters
    ----------
    mount : Mount
        Where it was strapped on.
    motion : SegmentMotion
        Of the bone.
    worn_as : tuple of str and int
        The segment, and how many sensors are taken off before this one.
    wearing : Wearing
    body, course, plan
        What the person does.
    tissue, hand : numpy.random.Generator
        Draw the skin, and what hands do in a pause.

    Returns
    -------
    q_BS : (4,) or (n, 4) array
    r_BS_m : (3,) or (n, 3) array, m
        With a row per sample where anything moves.
    """
    segment, order = worn_as
    skin = _skin(segment, body, course, wearing, plan, tissue)

    def on_skin(where: Mount) -> tuple[FloatArray, FloatArray]:
        carried = (where.q_BS, where.r_BS_m) if skin is None else moving_mount(where, skin)
        if wearing.slip is not None and wearing.slip[0] == segment:
            carried = slipped_mount(course.time_s, *carried, wearing.slip)
        return carried

    if plan.pause is None or wearing.pause is None:
        return on_skin(mount)
    again = mount if wearing.pause == "sensors_off_same_mount" else mounted_anew(mount, hand)
    return taken_off(motion, on_skin(mount), on_skin(again), off_body(plan.pause, order), hand)


def _skin(
    segment: str,
    body: BodyMotion,
    course: Course,
    wearing: Wearing,
    plan: Plan,
    rng: np.random.Generator,
) -> SkinMotion | None:
    """Return how the skin under a sensor moves, or None where it does not."""
    soft_tissue, strap_wobble = wearing.soft_tissue, wearing.strap_wobble
    largest = float(np.max(soft_tissue))
    if largest == 0.0 and strap_wobble == 0.0:
        return None
    skin = draw_skin_motion(
        segment, body, course, rng, soft_tissue=soft_tissue, strap_wobble=strap_wobble
    )
    if plan.movements and largest > 0.0:
        skin = stretched(skin, segment, body, course, plan.movements, soft_tissue, rng)
    return skin
