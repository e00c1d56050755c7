"""The time table of a session: when to stand, swing a leg, walk and run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import Marker
from imuhip.errors import ConfigError
from imuhip.simulation.gait_curves import Gait

__all__ = [
    "ACTIVITIES",
    "MOVEMENTS",
    "PAUSES",
    "Bout",
    "LegSwings",
    "Movement",
    "MovementKind",
    "Plan",
    "plan_session",
]

ACTIVITIES = ("walk", "run", "mixed", "stand")

PAUSES = ("sit", "sensors_off", "sensors_off_same_mount")

MovementKind = Literal["n_pose", "squat", "hinge"]
MOVEMENTS = ("n_pose", "squat", "hinge", "leg_swing")
"""What `plan_session` can put between the first N-pose and the activity."""

N_POSE_S = 8.0
SWINGS_S = 10.0
STAND_S = 4.0
BENDS_S = 13.0
RESTAND_S = 1.5
"""From leaving one stance to standing in the next."""
_LAST_STAND_S = 4.0
_SHORTEST_PIECE_S = 10.0
_SETTLE_S = 2.0
"""After gait, before people stand as they were asked to."""


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
class Movement:
    """A calibration movement of both legs; ``"n_pose"`` is standing down anew, feet and all."""

    kind: MovementKind
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The time table of a session."""

    duration_s: float
    markers: tuple[Marker, ...]
    bouts: tuple[Bout, ...] = ()
    swings: tuple[LegSwings, ...] = ()
    movements: tuple[Movement, ...] = ()
    pause: tuple[float, float] | None = None
    """Start and end in s of the rest in the middle."""


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


def _swings(at: float) -> tuple[list[LegSwings], list[Marker], float]:
    """Return the swings of the right and the left leg, their markers, and when they end."""
    swings, markers = [], []
    sides: tuple[Side, ...] = ("right", "left")
    for side in sides:
        swings.append(LegSwings(side, at, at + SWINGS_S))
        markers.append(Marker(f"leg_swing_{side}", at, at + SWINGS_S))
        at += SWINGS_S
    return swings, markers, at


def _calibration(
    names: Sequence[str], at: float
) -> tuple[list[LegSwings], list[Movement], list[Marker], float]:
    """Return the calibration movements one after the other, and when they end."""
    if set(names) - set(MOVEMENTS) or list(names).count("leg_swing") > 1:
        raise ConfigError(
            f"cannot simulate the movements {', '.join(map(repr, names))}",
            hint=f"choose from {', '.join(MOVEMENTS)}; leg_swing at most once",
        )
    swings: list[LegSwings] = []
    movements: list[Movement] = []
    markers: list[Marker] = []
    kinds: tuple[MovementKind, ...] = ("n_pose", "squat", "hinge")
    for name in names:
        if name == "leg_swing":
            more, told, at = _swings(at)
            swings += more
            markers += told
            continue
        kind = next(k for k in kinds if k == name)
        end = at + (RESTAND_S + N_POSE_S if kind == "n_pose" else BENDS_S)
        movements.append(Movement(kind, at, end))
        markers.append(Marker(kind, at + (RESTAND_S if kind == "n_pose" else 0.0), end))
        at = end
    return swings, movements, markers, at


def plan_session(
    activity: str,
    minutes: float,
    rng: np.random.Generator,
    *,
    calibration: bool = True,
    movements: Sequence[str] | None = None,
    stops: int = 0,
    end_pose: bool = False,
    pause_s: float = 0.0,
) -> Plan:
    """Return the time table: N-pose, leg swings, stand, gait (with stops and a rest), stand.

    Parameters
    ----------
    activity : {"walk", "run", "mixed", "stand"}
        What is done after the calibration.
    minutes : float
        Of that activity, stops and the rest not counted.
    rng : numpy.random.Generator
        Draws the lengths of mixed bouts.
    calibration : bool
        Whether the leg swings are done; the N-pose always is.
    movements : sequence of str, optional
        Names of `MOVEMENTS`, done in this order instead of leg swings and stand.
    stops : int
        N-poses that part the activity into equal pieces.
    end_pose : bool
        Whether the person stands in the N-pose at the end, too.
    pause_s : float
        A rest in the middle, with an N-pose after it; 0 for none.

    Raises
    ------
    imuhip.errors.ConfigError
        When the activity or a movement is unknown, or there is no gait to stop or too little.
    """
    if activity not in ACTIVITIES:
        raise ConfigError(
            f"cannot simulate activity {activity!r}",
            hint=f"choose one of {', '.join(ACTIVITIES)}",
        )
    markers = [Marker("n_pose", 0.0, N_POSE_S)]
    at, swings = N_POSE_S, list[LegSwings]()
    bends: list[Movement] = []
    if movements is not None:
        swings, bends, told, at = _calibration(movements, at)
        markers += told
    elif calibration:
        swings, told, at = _swings(at)
        markers += told
        markers.append(Marker("stand", at, at + STAND_S))
        at += STAND_S
    seconds = 60.0 * minutes
    if activity == "stand":
        if stops or end_pose or pause_s:
            raise ConfigError("cannot stop while standing", hint="choose walk, run or mixed")
        markers.append(Marker("stand", at, at + seconds))
        return Plan(at + seconds, tuple(markers), (), tuple(swings), tuple(bends))
    n_pieces = int(stops) + 1 + (pause_s > 0.0)
    if n_pieces > 1 and (stops != int(stops) or seconds < _SHORTEST_PIECE_S * n_pieces):
        raise ConfigError(
            f"cannot part {minutes:g} min of gait into {n_pieces} pieces (stops={stops:g})",
            hint=f"leave {_SHORTEST_PIECE_S:g} s or more for each",
        )
    pieces_s = np.full(n_pieces, seconds / n_pieces)
    bouts, told, pause = _pieces(activity, at, pieces_s.tolist(), rng, end_pose, pause_s)
    markers += told
    return Plan(markers[-1].end_s, tuple(markers), bouts, tuple(swings), tuple(bends), pause)


def _pieces(
    activity: str,
    at: float,
    pieces_s: Sequence[float],
    rng: np.random.Generator,
    end_pose: bool,
    pause_s: float,
) -> tuple[tuple[Bout, ...], list[Marker], tuple[float, float] | None]:
    """Return gait in pieces, with an N-pose between them and a rest after the middle one."""
    rest_after = (len(pieces_s) - 2) // 2 if pause_s > 0.0 else -1
    bouts: list[Bout] = []
    markers: list[Marker] = []
    pause = None
    for piece, seconds in enumerate(pieces_s):
        more = _gait_bouts(activity, at, seconds, rng)
        bouts += more
        markers.append(Marker("gait", at, at + seconds))
        if activity == "mixed":
            markers.extend(Marker(bout.gait, bout.start_s, bout.end_s) for bout in more)
        at += seconds
        if piece == rest_after:
            pause = (at, at + pause_s)
            markers.append(Marker("pause", *pause))
            at += pause_s
        if piece < len(pieces_s) - 1 or end_pose:
            markers.append(Marker("n_pose", at + _SETTLE_S, at + _SETTLE_S + N_POSE_S))
            at += _SETTLE_S + N_POSE_S
    if not end_pose:
        markers.append(Marker("stand", at, at + _LAST_STAND_S))
    return tuple(bouts), markers, pause
