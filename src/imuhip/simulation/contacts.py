"""When feet meet and leave the ground: what the leg's curves say, and how people differ from it.

Initial contact is phase zero of the published curves. Walking, the foot leaves the ground where the
ankle is farthest behind the pelvis (Zeni et al. 2008, doi:10.1016/j.gaitpost.2007.07.007), which
every person's own curves tell. Running, where the pelvis enters free fall, as contact is where it
leaves it: the person's own pelvis falls with half of gravity at both.

No two people lay the foot down at the same instant of the swing. Against force plates, contacts
told from the swing were off by less than one picture at 60 Hz in 94 % of strides (Zeni et al.): a
spread of about 9 ms. At scale 1 people differ by 7 ms, their two legs by 3.5 ms, strides by 4 ms;
running, toe-off differs by half of that, because the own pelvis tells of it already.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.course import Course
from imuhip.simulation.gait_curves import evaluate
from imuhip.simulation.people import Person

__all__ = ["Contacts", "contact_times", "lay_contacts"]

_CONTACT_SD_S = (0.007, 0.0035, 0.004)
_TOE_OFF_SD_S = (0.007, 0.0035, 0.004)
"""Between people, between the legs of one, between strides."""

_RUN_TOE_OFF_SHARE = 0.5
_FALL_M_S2 = -0.5 * 9.80665
_RUN_STANCE = 0.30
"""Of the stride, for a runner who hardly bounces."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """Where each foot meets and leaves the ground.

    Parameters
    ----------
    initial_s, toe_off_s : mapping of side to (k,) array, s
        Each contact and the toe-off that ends its stance, NaN where the person stopped instead.
    """

    initial_s: dict[Side, FloatArray]
    toe_off_s: dict[Side, FloatArray]


def contact_times(course: Course, phase: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the instants at which `phase` crosses a whole number in established gait, and those.

    Parameters
    ----------
    course : Course
    phase : (n,) array
        Strides, of one side.
    """
    whole = np.arange(np.ceil(phase[0]), np.floor(phase[-1]) + 1.0)
    times = _instants(course, phase, whole)
    established = np.interp(times, course.time_s, course.gain) > 0.5
    return times[established], whole[established]


def _instants(course: Course, phase: FloatArray, values: FloatArray) -> FloatArray:
    rising = np.concatenate([[True], np.diff(phase) > 1e-12])
    return np.asarray(np.interp(values, phase[rising], course.time_s[rising]))


def _walking_stance(person: Person, side: Side) -> float:
    """Return the part of a walker's stride in which the foot is on the ground."""
    phase = np.linspace(0.3, 0.9, 601)
    curves, body = person.styles["walk"].curves, person.body

    def angle(name: str) -> FloatArray:
        return curves[name].mean + evaluate(curves[name].harmonics, phase)

    # the tilt has even harmonics only: half a stride later it is the same
    thigh = np.radians(angle(f"hip_flexion_{side}") - angle("pelvis_tilt"))
    shank = thigh - np.radians(angle(f"knee_flexion_{side}"))
    return float(phase[np.argmin(body.thigh_m * np.sin(thigh) + body.shank_m * np.sin(shank))])


def _running_stance(person: Person) -> float:
    """Return the part of a runner's stride in which the foot is on the ground."""
    style = person.styles["run"]
    harmonics = style.curves["pelvis_up_mm"].harmonics
    phase = np.linspace(0.1, 0.45, 701)
    rates = 2.0 * np.pi * style.stride_hz * np.arange(1, len(harmonics) + 1)
    up_m_s2 = -1e-3 * evaluate(harmonics * rates**2, phase)
    falling = np.flatnonzero(up_m_s2 < _FALL_M_S2)
    return float(phase[falling[0]]) if len(falling) and falling[0] > 0 else _RUN_STANCE


def lay_contacts(
    person: Person,
    course: Course,
    phase: dict[Side, FloatArray],
    spread: float,
    rng: np.random.Generator,
) -> Contacts:
    """Return every contact and toe-off of a session.

    Parameters
    ----------
    person : Person
    course : Course
    phase : mapping of side to (n,) array
        Strides since that side's initial contacts, by the curves.
    spread : float
        Scale of how people and strides differ from the curves; 0 for none.
    rng : numpy.random.Generator
        Draws the differences.
    """
    own = spread * rng.normal(0.0, 1.0, 2) * (_CONTACT_SD_S[0], _TOE_OFF_SD_S[0])
    initial_s: dict[Side, FloatArray] = {}
    toe_off_s: dict[Side, FloatArray] = {}
    for side in SIDES:
        legs = own + spread * rng.normal(0.0, 1.0, 2) * (_CONTACT_SD_S[1], _TOE_OFF_SD_S[1])
        at_s, whole = contact_times(course, phase[side])
        running = np.interp(at_s, course.time_s, course.run_share)
        stance = (1.0 - running) * _walking_stance(person, side)
        stance += running * _running_stance(person)
        off_s = _instants(course, phase[side], whole + stance)
        stride_s = np.median(np.diff(at_s)) if len(at_s) > 1 else 1.0
        off_s[off_s - at_s > stride_s] = np.nan  # the person stopped
        noise = spread * rng.normal(0.0, 1.0, (2, len(at_s)))
        initial_s[side] = at_s + legs[0] + _CONTACT_SD_S[2] * noise[0]
        share = 1.0 - running * (1.0 - _RUN_TOE_OFF_SHARE)
        toe_off_s[side] = off_s + share * (legs[1] + _TOE_OFF_SD_S[2] * noise[1])
    return Contacts(initial_s, toe_off_s)
