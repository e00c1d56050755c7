"""The postures a test is done in, and the way there from standing.

Every posture is told by joint angles, by where the pelvis is, and by the way the person faces.
A supine pelvis is tilted 90 deg backwards and a prone one 90 deg forwards, so a person who lies
down really turns in gravity. Lengths of the way are those of adults who are in no hurry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.simulation.people import BodyDimensions

__all__ = ["CHANNELS", "CONTACT_M", "ROUTES", "Posture", "Stop", "follow_route", "rise", "route_to"]

CHANNELS = (
    *HIP_ANGLES,
    *PELVIS_ANGLES,
    *(f"knee_flexion_{side}" for side in SIDES),
    "trunk_flexion", "trunk_bending", "trunk_rotation",
    "heading", "ahead_m", "up_m",
)  # fmt: skip
"""What a posture tells: degrees, and m from where the person stood."""

_PLINTH_M, _LYING_M, _SEATED_M = 0.70, 0.09, 0.09
"""Height of the plinth; of the hip centres above what one lies or sits on."""

CONTACT_M: Mapping[str, FloatArray] = {
    "supine": np.array([-0.10, 0.02, 0.0]),
    "prone": np.array([0.08, 0.02, 0.0]),
    "seated": np.array([-0.03, -0.09, 0.0]),
    "floor": np.array([-0.04, -0.09, 0.0]),
}
"""Where a pelvis touches what it rests on (sacrum, belly, ischia): it rolls about there."""


@dataclass(frozen=True, slots=True)
class Posture:
    """One posture, degrees and m; whatever is not named is as in standing."""

    values: Mapping[str, float]
    takes_s: float
    """How long it takes to get there from the one before."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A posture with the middle of the movement that leads to it, s, and that movement's width."""

    posture: Posture
    at_s: float
    sigma_s: float


def _legs(**values: float) -> dict[str, float]:
    return {f"{name}_{side}": value for name, value in values.items() for side in SIDES}


def _sitting() -> dict[str, float]:
    return {
        "pelvis_tilt": -12.0,
        **_legs(hip_flexion=78.0, knee_flexion=90.0, hip_adduction=-4.0),
        "heading": 90.0,
        "up_m": _PLINTH_M + _SEATED_M,
        "ahead_m": -0.3,
    }


def _route_supine(bend_up: Side | None) -> list[Posture]:
    lying = {
        "pelvis_tilt": -90.0,
        "heading": 175.0,
        "up_m": _PLINTH_M + _LYING_M,
        "ahead_m": -0.3,
        **_legs(hip_flexion=2.0, knee_flexion=4.0, hip_adduction=-3.0, hip_rotation=-9.0),
    }
    leaning = {
        "pelvis_tilt": -50.0,
        "heading": 150.0,
        "up_m": _PLINTH_M + _LYING_M,
        "ahead_m": -0.3,
        "trunk_flexion": 25.0,
        **_legs(hip_flexion=55.0, knee_flexion=60.0, hip_adduction=-3.0),
    }
    way = [Posture(_sitting(), 2.4), Posture(leaning, 1.8), Posture(lying, 2.2)]
    if bend_up is not None:
        raised = {
            f"hip_flexion_{bend_up}": 90.0,
            f"knee_flexion_{bend_up}": 90.0,
            f"hip_rotation_{bend_up}": 0.0,
        }
        way.append(Posture(lying | raised, 2.0))
    return way


def _route_prone(bend_up: Side | None) -> list[Posture]:
    onto = {
        "pelvis_tilt": 60.0,
        "heading": 60.0,
        "ahead_m": 0.2,
        "up_m": _PLINTH_M + 0.3,
        "trunk_flexion": 15.0,
        **_legs(hip_flexion=60.0, knee_flexion=50.0, hip_adduction=-3.0),
    }
    kneeling = {
        "pelvis_tilt": 80.0,
        "heading": 85.0,
        "ahead_m": 0.7,
        "up_m": _PLINTH_M + 0.38,
        **_legs(hip_flexion=85.0, knee_flexion=95.0, hip_adduction=-4.0),
    }
    lying = {
        "pelvis_tilt": 90.0,
        "heading": 90.0,
        "ahead_m": 1.1,
        "up_m": _PLINTH_M + _LYING_M,
        **_legs(hip_flexion=1.0, knee_flexion=5.0, hip_adduction=-3.0, hip_rotation=-4.0),
    }
    way = [Posture(onto, 2.4), Posture(kneeling, 2.0), Posture(lying, 2.4)]
    if bend_up is not None:
        raised = {f"knee_flexion_{bend_up}": 90.0, f"hip_rotation_{bend_up}": 0.0}
        way.append(Posture(lying | raised, 1.6))
    return way


def _route_floor(_: Side | None) -> list[Posture]:
    down = {
        "pelvis_tilt": 20.0,
        "ahead_m": -0.15,
        "up_m": 0.42,
        "trunk_flexion": 10.0,
        **_legs(hip_flexion=115.0, knee_flexion=125.0, hip_adduction=-10.0),
    }
    seated = {
        "pelvis_tilt": -20.0,
        "ahead_m": -0.35,
        "up_m": _SEATED_M,
        "trunk_flexion": 10.0,
        **_legs(hip_flexion=112.0, knee_flexion=92.0, hip_adduction=-14.0),
    }
    return [Posture(down, 2.2), Posture(seated, 2.0)]


def _route_standing(_: Side | None) -> list[Posture]:
    apart = {**_legs(hip_adduction=-3.0, knee_flexion=4.0, hip_flexion=2.0)}
    return [Posture(apart, 1.4)]


def _route_airplane(stance: Side | None) -> list[Posture]:
    free = "right" if stance == "left" else "left"
    hinged = {
        "pelvis_tilt": 50.0,
        "trunk_flexion": 4.0,
        f"hip_flexion_{stance}": 70.0,
        f"knee_flexion_{stance}": 22.0,
        f"hip_adduction_{stance}": 4.0,
        f"hip_flexion_{free}": 10.0,
        f"knee_flexion_{free}": 14.0,
    }
    return [Posture(hinged, 2.6)]


ROUTES = {
    "supine": _route_supine,
    "prone": _route_prone,
    "seated": lambda _: [Posture(_sitting(), 2.6)],
    "floor": _route_floor,
    "standing": _route_standing,
    "airplane": _route_airplane,
}


def rise(time_s: FloatArray, at_s: float, sigma_s: float) -> FloatArray:
    """Return a step from 0 to 1 smoothed with a Gaussian: every derivative is continuous."""
    return np.asarray(0.5 * (1.0 + erf((time_s - at_s) / (np.sqrt(2.0) * sigma_s))))


def route_to(
    posture: str, side: Side | None, start_s: float, rng: np.random.Generator
) -> tuple[list[Stop], float]:
    """Lay out the way from standing to a posture.

    Parameters
    ----------
    posture : str
        A name of `ROUTES`.
    side : {"left", "right"}, optional
        The leg that is held up in the end.
    start_s : float
        When the person leaves the standing pose.
    rng : numpy.random.Generator
        Draws how long it takes and how differently people lie and sit.

    Returns
    -------
    stops : list of Stop
    end_s : float
        When the last posture is reached.
    """
    stops, at_s = [], start_s
    pace = float(np.clip(rng.normal(1.0, 0.12), 0.75, 1.35))
    for step in ROUTES[posture](side):
        takes = step.takes_s * pace * float(np.clip(rng.normal(1.0, 0.08), 0.8, 1.2))
        own = {
            name: value + _spread(name, value) * float(rng.normal())
            for name, value in step.values.items()
        }
        stops.append(Stop(Posture(own, takes), at_s + 0.5 * takes, takes / 6.5))
        at_s += takes
    return stops, at_s


def _spread(name: str, value: float) -> float:
    """Return how differently people do one thing of a posture, one sigma."""
    if name.endswith("_m"):
        return 0.0
    rolls_freely = name.startswith("hip_rotation") and value != 0.0
    return 5.0 if rolls_freely else 2.0


def follow_route(
    time_s: FloatArray, stops: list[Stop], standing: Mapping[str, float], body: BodyDimensions
) -> dict[str, FloatArray]:
    """Return every channel of `CHANNELS` over time, degrees and m."""
    before = dict.fromkeys(CHANNELS, 0.0) | dict(standing) | {"up_m": body.hip_height_m}
    if stops and all("up_m" not in stop.posture.values for stop in stops):
        stops = [
            Stop(
                Posture({"up_m": body.hip_height_m, **stop.posture.values}, stop.posture.takes_s),
                stop.at_s,
                stop.sigma_s,
            )
            for stop in stops
        ]
    tracks = {name: np.full_like(time_s, before[name]) for name in CHANNELS}
    for stop in stops:
        step = rise(time_s, stop.at_s, stop.sigma_s)
        after = dict.fromkeys(CHANNELS, 0.0) | dict(stop.posture.values)
        for name in CHANNELS:
            if after[name] != before[name]:
                tracks[name] += (after[name] - before[name]) * step
        before = after
    return tracks
