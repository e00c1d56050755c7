"""A person's own cycles: their mean and scatter, of this session or of an earlier one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from imuhip.analysis.analyze import analyze
from imuhip.analysis.result import Analysis
from imuhip.core.segments import ANGLES, SIDES, Side
from imuhip.core.series import FloatArray
from imuhip.errors import ImuhipError
from imuhip.gait.cycles import CYCLE_POINTS
from imuhip.recording.headline import read_headlines
from imuhip.recording.reader import open_recording

__all__ = ["ENOUGH_STRIDES", "Band", "CycleStore", "Earlier", "band_of", "bands_of", "last_session"]

ENOUGH_STRIDES: Final = 5
"""Fewer give no band: a standard deviation of three tells nothing."""
_MOST_STRIDES: Final = 40
"""The band follows: angles get better for a minute of walking, and people tire."""
_LONGEST_S: Final = 1200.0
"""A longer earlier session is passed over: to measure it would take longer than one waits."""


@dataclass(frozen=True, slots=True)
class Band:
    """Mean and scatter of cycles, in degrees.

    Parameters
    ----------
    mean_deg, sd_deg : (101,) arrays, degrees
        Over 0 to 100 % of the cycle.
    n : int
        Strides.
    """

    mean_deg: FloatArray
    sd_deg: FloatArray
    n: int


Bands = dict[tuple[str, Side], Band]
"""By angle and leg: over the cycle of which leg the angle is told."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The bands of an earlier session."""

    path: Path
    bands: Bands


class CycleStore:
    """The last strides of each leg, stretched to 0..100 %."""

    def __init__(self) -> None:
        self._cycles: dict[Side, deque[FloatArray]] = {
            side: deque(maxlen=_MOST_STRIDES) for side in SIDES
        }
        self._durations_s: dict[Side, deque[float]] = {
            side: deque(maxlen=_MOST_STRIDES) for side in SIDES
        }
        self.n_seen: dict[Side, int] = dict.fromkeys(SIDES, 0)

    def add(self, side: Side, cycle_deg: FloatArray, duration_s: float) -> None:
        """Take in a stride.

        Parameters
        ----------
        side : {"left", "right"}
        cycle_deg : (9, 101) array, degrees
            All angles; NaN where one is not known.
        duration_s : float, s
        """
        self._cycles[side].append(cycle_deg)
        self._durations_s[side].append(duration_s)
        self.n_seen[side] += 1

    def stride_time_s(self, side: Side) -> float | None:
        """Return how long a stride takes, None before there was one."""
        durations = self._durations_s[side]
        return float(np.median(durations)) if durations else None

    def bands(self) -> Bands:
        """Return the bands there are enough strides for."""
        found: Bands = {}
        for side, cycles in self._cycles.items():
            if len(cycles) < ENOUGH_STRIDES:
                continue
            stack = np.stack(cycles)
            for k, angle in enumerate(ANGLES):
                band = band_of(stack[:, k])
                if band is not None:
                    found[angle, side] = band
        return found


def bands_of(analysis: Analysis) -> Bands:
    """Return the bands of an analysed session; strides left out are in none."""
    found: Bands = {}
    for side in SIDES:
        for angle in ANGLES:
            band = band_of(analysis.cycles(side, angle))
            if band is not None:
                found[angle, side] = band
    return found


def last_session(folder: Path, code: str, besides: Path | None) -> Earlier | None:
    """Return the bands of a person's newest session with a walk; takes seconds, for a worker.

    Parameters
    ----------
    folder : Path
    code : str
        The person's.
    besides : Path, optional
        The recording that is being made.
    """
    found, _problems = read_headlines(folder)
    for one in found:
        usable = one.subject == code and not (one.is_unfinished or one.is_being_written)
        if not usable or one.path == besides or one.duration_s > _LONGEST_S:
            continue
        try:
            bands = bands_of(analyze(open_recording(one.path)))
        except ImuhipError:  # a session of tests need not hold a walk
            continue
        if bands:
            return Earlier(one.path, bands)
    return None


def band_of(cycles_deg: FloatArray) -> Band | None:
    """Return mean and scatter of (k, 101) cycles, degrees; None where whole ones are too few."""
    whole = cycles_deg[np.isfinite(cycles_deg).all(axis=1)]
    if len(whole) < ENOUGH_STRIDES:
        return None
    assert whole.shape[1] == CYCLE_POINTS
    return Band(whole.mean(axis=0), whole.std(axis=0, ddof=1), len(whole))
