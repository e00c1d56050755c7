"""When a person moves: pose, way, rest, repetitions, pauses, and what happens between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.simulation.performing.postures import rise

__all__ = ["Beat", "Fidget", "Timetable", "effort", "plan_beats"]

N_POSE_S = 6.0
REST_S = 3.0
_LEAD_S, _AFTER_S = 0.5, 1.5
_FIDGETS_PER_PAUSE, _FALSE_STARTS_PER_PAUSE = 0.45, 0.12


@dataclass(frozen=True, slots=True)
class Beat:
    """One repetition, or a start that was broken off.

    Parameters
    ----------
    up_s, down_s : float, s
        Middles of the way there and of the way back.
    up_sigma_s, down_sigma_s : float, s
        Their widths.
    size : float
        Of the way, in parts of this person's usual one.
    direction : str
        Which of a test's directions, empty where it has one.
    is_false_start : bool
    quiet_s : tuple of float, s
        From when before to when after it nothing else is done.
    stumble : float
        Part of the way that comes late: nobody moves in one smooth sweep.
    """

    up_s: float
    down_s: float
    up_sigma_s: float
    down_sigma_s: float
    size: float
    direction: str
    is_false_start: bool
    quiet_s: tuple[float, float]
    stumble: float


@dataclass(frozen=True, slots=True)
class Fidget:
    """A small movement in a pause: when (s), how wide (s)."""

    at_s: float
    sigma_s: float


@dataclass(frozen=True, slots=True)
class Timetable:
    """All beats of a set with the fidgets between them; it ends at `end_s`."""

    beats: tuple[Beat, ...]
    fidgets: tuple[Fidget, ...]
    end_s: float


@dataclass(frozen=True, slots=True)
class Tempo:
    """How a person times a set.

    Parameters
    ----------
    repetition_s : float
        From leaving the rest to being back.
    hold_s : float
        At the end of the range.
    fidgets : float
        Scale of how often people fidget and break off between repetitions.
    spread : float
        Of the way, from one repetition to the next, in parts of it.
    """

    repetition_s: float
    hold_s: float
    fidgets: float
    spread: float


def plan_beats(
    start_s: float,
    directions: list[str],
    tempo: Tempo,
    rng: np.random.Generator,
) -> Timetable:
    """Lay out a set.

    Parameters
    ----------
    start_s : float
        When the rest before the first repetition begins.
    directions : list of str
        One per repetition.
    tempo : Tempo
    rng : numpy.random.Generator
    """
    at_s = start_s + REST_S
    beats: list[Beat] = []
    fidgets: list[Fidget] = []
    for count, direction in enumerate(directions):
        pause = float(rng.uniform(0.5, 3.0)) if count else 0.0
        fidget, false_start = rng.uniform(0.0, 1.0, 2)
        sigma = float(rng.uniform(0.15, 0.4))
        broken = _beat(at_s + 0.6, direction, tempo, rng, is_false_start=True)
        if count:
            if false_start < tempo.fidgets * _FALSE_STARTS_PER_PAUSE:
                beats.append(broken)
                at_s = broken.quiet_s[1] + 0.2
            if fidget < tempo.fidgets * _FIDGETS_PER_PAUSE:
                at_s += 3.5 * sigma
                fidgets.append(Fidget(at_s, sigma))
                at_s += 3.5 * sigma
            at_s += pause
        beat = _beat(at_s, direction, tempo, rng)
        beats.append(beat)
        at_s = beat.quiet_s[1]
    return Timetable(tuple(beats), tuple(fidgets), at_s + _AFTER_S)


def _beat(
    at_s: float,
    direction: str,
    tempo: Tempo,
    rng: np.random.Generator,
    *,
    is_false_start: bool = False,
) -> Beat:
    """Draw one repetition that leaves the rest at `at_s`."""
    whole = tempo.repetition_s * float(np.clip(rng.normal(1.0, 0.08), 0.75, 1.3))
    hold = tempo.hold_s * float(np.clip(rng.normal(1.0, 0.2), 0.5, 1.6))
    size = float(np.clip(rng.normal(1.0, tempo.spread), 0.9, 1.1))
    out_share = float(np.clip(rng.normal(0.52, 0.04), 0.4, 0.62))
    stumble = float(rng.uniform(0.0, 0.3))
    part = float(rng.uniform(0.12, 0.25))
    if is_false_start:
        whole, hold, size = 0.5 * whole, 0.0, part
    move = max(whole - hold, 0.6)
    out, back = out_share * move, (1.0 - out_share) * move
    # a late part makes the way longer than its main sweep
    up_sigma, down_sigma = out / (5.0 + 2.5 * stumble), back / (5.0 + 2.5 * stumble)
    up = at_s + 0.5 * out
    return Beat(
        up_s=up,
        down_s=up + 0.5 * out + hold + 0.5 * back,
        up_sigma_s=up_sigma,
        down_sigma_s=down_sigma,
        size=size,
        direction=direction,
        is_false_start=is_false_start,
        quiet_s=(at_s - 0.35, up + 0.5 * out + hold + back + 0.2),
        stumble=stumble,
    )


def effort(time_s: FloatArray, beat: Beat) -> FloatArray:
    """Return how far a beat has gone: 0 at rest, about 1 at the end of the range."""

    def sweep(at_s: float, sigma_s: float) -> FloatArray:
        late = beat.stumble * rise(time_s, at_s + 1.2 * sigma_s, sigma_s)
        return (1.0 - beat.stumble) * rise(time_s, at_s, sigma_s) + late

    there = sweep(beat.up_s, beat.up_sigma_s)
    return beat.size * (there - sweep(beat.down_s, beat.down_sigma_s))
