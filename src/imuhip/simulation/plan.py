"""The time table of a session: when to stand, swing a leg, walk and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import Marker
from imuhip.errors import ConfigError
from imuhip.simulation.gait_curves import Gait

__all__ = ["ACTIVITIES", "Bout", "LegSwings", "Plan", "plan_session"]

ACTIVITIES = ("walk", "run", "mixed", "stand")

N_POSE_S = 8.0
SWINGS_S = 10.0
STAND_S = 4.0
_LAST_STAND_S = 4.0


@dataclass(frozen=True, slots=True)
class Bout:
    """A stretch of one gait; still at both ends unless another bout adjoins."""

    gait: Gait
    start_s: float
    end_s: float
    relative_speed: float = 1.0


@dataclass(frozen=True, slots=True)
class LegSwings:
    """A calibration movement: one leg swings forward and back, the other stands."""

    side: Side
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The time table of a session."""

    duration_s: float
    markers: tuple[Marker, ...]
    bouts: tuple[Bout, ...] = ()
    swings: tuple[LegSwings, ...] = ()


def _gait_bouts(
    activity: str, start_s: float, seconds: float, rng: np.random.Generator
) -> tuple[Bout, ...]:
    end_s = start_s + seconds
    if activity == "walk":
        return (Bout("walk", start_s, end_s),)
    if activity == "run":
        return (Bout("run", start_s, end_s),)
    # mixed: slow, walk, run, (rest), fast walk, ... with short stops in between
    bouts: list[Bout] = []
    menu: Sequence[tuple[Gait, float]] = (
        ("walk", 0.75), ("walk", 1.0), ("run", 1.0), ("walk", 1.25), ("run", 1.15),
    )  # fmt: skip
    at = start_s
    while at < end_s - 1e-9:
        gait, speed = menu[len(bouts) % len(menu)]
        length = min(float(rng.uniform(30.0, 60.0)), seconds / 4)
        last = end_s - at < length + 12.0
        stop = end_s if last else at + length
        bouts.append(Bout(gait, at, stop, speed))
        rest_s = 6.0 if len(bouts) % 2 == 0 else 0.0
        at = end_s if last else stop + rest_s
    return tuple(bouts)


def plan_session(
    activity: str, minutes: float, rng: np.random.Generator, *, calibration: bool = True
) -> Plan:
    """Return the time table: N-pose, leg swings, stand, gait, stand.

    Parameters
    ----------
    activity : {"walk", "run", "mixed", "stand"}
        What is done after the calibration.
    minutes : float
        Of that activity.
    rng : numpy.random.Generator
        Draws the lengths of mixed bouts.
    calibration : bool
        Whether the leg swings are done; the N-pose always is.

    Raises
    ------
    imuhip.errors.ConfigError
        When the activity is unknown.
    """
    if activity not in ACTIVITIES:
        raise ConfigError(
            f"cannot simulate activity {activity!r}",
            hint=f"choose one of {', '.join(ACTIVITIES)}",
        )
    markers = [Marker("n_pose", 0.0, N_POSE_S)]
    at, swings = N_POSE_S, []
    if calibration:
        sides: tuple[Side, ...] = ("right", "left")
        for side in sides:
            swings.append(LegSwings(side, at, at + SWINGS_S))
            markers.append(Marker(f"leg_swing_{side}", at, at + SWINGS_S))
            at += SWINGS_S
        markers.append(Marker("stand", at, at + STAND_S))
        at += STAND_S
    seconds = 60.0 * minutes
    if activity == "stand":
        markers.append(Marker("stand", at, at + seconds))
        return Plan(at + seconds, tuple(markers), (), tuple(swings))
    bouts = _gait_bouts(activity, at, seconds, rng)
    markers.append(Marker("gait", at, at + seconds))
    if activity == "mixed":
        markers.extend(Marker(bout.gait, bout.start_s, bout.end_s) for bout in bouts)
    end = at + seconds + _LAST_STAND_S
    markers.append(Marker("stand", at + seconds, end))
    return Plan(end, tuple(markers), bouts, tuple(swings))
