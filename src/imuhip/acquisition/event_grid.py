"""The connection events of a link, by the sensor's own clock: questions come in at events only.

A sensor whose packets all wait for the same event of a grid they never slip against cannot be timed
by arrivals: the wait looks like an offset of its clock, its drift like a rate. Where it is asked
for its clock, the instants at which questions came in are the grid. Every packet then left at the
first event after its hand-over, and its arrival is held against that event.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.acquisition.lower_hull import LowerHull
from imuhip.core.series import FloatArray

__all__ = ["EventGrid", "envelope_of_events", "event_grid"]

UNIT_S: Final = 0.00125
"""Connection intervals are whole multiples of it."""
MULTIPLES: Final = range(6, 81)
LEAST_QUESTIONS: Final = 20
"""With fewer, chance makes a grid of anything."""
MOST_QUESTIONS: Final = 120
"""The latest are looked at: clocks drift, and the search takes time."""
LARGEST_DRIFT_S: Final = 0.012
"""Over the questions looked at; 120 s at 100 ppm."""
_DRIFT_STEP_S: Final = 0.0005
_COHERENCE: Final = 0.85
_FINE_STEPS: Final = 41


@dataclass(frozen=True, slots=True)
class EventGrid:
    """Instants at which a link transmits, on the sensor's clock.

    Parameters
    ----------
    period_s, phase_s : float, s
        Between two events, and one of them.
    sd_s : float, s
        One sigma of a question about the grid.
    """

    period_s: float
    phase_s: float
    sd_s: float

    def next_event(self, at_s: FloatArray) -> FloatArray:
        """Return the first event after (n,) instants, s."""
        count = np.ceil((at_s - self.phase_s) / self.period_s)
        return np.asarray(self.phase_s + count * self.period_s)


def event_grid(received_s: FloatArray) -> EventGrid | None:
    """Find the grid on which questions came in; None where there is none to be seen.

    Parameters
    ----------
    received_s : (n,) array, s
        On the sensor's clock, of one connection.
    """
    if len(received_s) < LEAST_QUESTIONS:
        return None
    told_s = received_s[-MOST_QUESTIONS:]
    t = told_s - told_s[0]
    span_s = float(t[-1])
    drifts_s = np.arange(-LARGEST_DRIFT_S, LARGEST_DRIFT_S + 1e-9, _DRIFT_STEP_S)
    drifts_s = drifts_s[np.abs(drifts_s) <= 200e-6 * span_s + _DRIFT_STEP_S]
    moved = t + np.outer(drifts_s, t / span_s)
    best = [
        (float(found.max()), multiple, float(drifts_s[found.argmax()]))
        for multiple in MULTIPLES
        for found in [np.abs(np.mean(np.exp(2j * np.pi * moved / (multiple * UNIT_S)), axis=1))]
    ]
    highest = max(coherence for coherence, _, _ in best)
    if highest < _COHERENCE:
        return None
    # What repeats after an interval repeats after its parts as well: the longest is the interval.
    _, multiple, drift_s = max(
        (one for one in best if one[0] > highest - 0.08), key=lambda one: one[1]
    )
    fine_s = drift_s + np.linspace(-_DRIFT_STEP_S, _DRIFT_STEP_S, _FINE_STEPS)
    turns = np.exp(2j * np.pi * (t + np.outer(fine_s, t / span_s)) / (multiple * UNIT_S))
    mean = turns.mean(axis=1)
    at = int(np.abs(mean).argmax())
    scale = 1 + fine_s[at] / span_s
    period_s = multiple * UNIT_S / scale
    phase_s = float(np.angle(mean[at])) / (2 * np.pi) * period_s
    off_s = np.angle(turns[at] / mean[at]) / (2 * np.pi) * period_s
    return EventGrid(period_s, float(told_s[0]) + phase_s, float(np.std(off_s)))


def envelope_of_events(
    grid: EventGrid, handed_s: FloatArray, arrival_s: FloatArray
) -> tuple[LowerHull, float, FloatArray]:
    """Return the hull of arrivals over the events at which packets left.

    Parameters
    ----------
    grid : EventGrid
        Of the connection.
    handed_s, arrival_s : (n,) array, s
        When packets were handed to the radio, by the sensor's clock, and when they arrived.

    Returns
    -------
    hull : LowerHull
        Of event and arrival.
    pivot : float, s
        Mean of the events.
    event_s : (n,) array, s
        The events.
    """
    event_s = grid.next_event(handed_s)
    starts = np.flatnonzero(np.concatenate([[True], np.diff(event_s) > 0.5 * grid.period_s]))
    hull = LowerHull()
    for x, y in zip(
        event_s[starts].tolist(), np.minimum.reduceat(arrival_s, starts).tolist(), strict=True
    ):
        hull.push(x, y)
    return hull, float(event_s.mean()), event_s
