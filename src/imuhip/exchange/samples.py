"""Rows of a log become a series: in order, each sample once, what is missing as NaN, all counted.

A sample is known by its number where the sensor counts, else by its time. Only stamps made on
arrival know neither: bursts share one time. Those rows are counted, and their times made regular.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, ImuSeries, IntArray
from imuhip.errors import ExchangeError
from imuhip.exchange.sensor_log import Faults
from imuhip.recording.grid import StoredRows, to_series
from imuhip.recording.schema import MAX_ROWS

__all__ = ["Rows", "as_series", "has_arrival_times", "share_repeated", "unwrapped"]

LARGEST_REORDER_S = 1.0
"""A row that comes later than this after its time is not late: the clock fell back."""
JUMP_S = 10.0
SHARE_OF_ARRIVAL = 0.05
"""Share of rows bearing the time of the row before from which on times were made on arrival."""
SHORTEST_ROWS = 10

LARGEST_ACC_M_S2 = 4000.0
LARGEST_GYR_RAD_S = 175.0
"""Beyond any sensor worn: 400 g and 10,000 deg/s."""


@dataclass(frozen=True)
class Rows:
    """A sensor's rows in the order of the file.

    Parameters
    ----------
    time_s : (n,) array, s
        On the log's clock, unwrapped.
    acc : (n, 3) array, m/s²
    gyr : (n, 3) array, rad/s
    mag : (n, 3) array, µT, optional
    number : (n,) array, optional
        Counted by the sensor, unwrapped.
    """

    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray | None = None
    number: IntArray | None = None

    def take(self, chosen: BoolArray | IntArray) -> Rows:
        """Return the chosen rows."""
        return Rows(
            self.time_s[chosen],
            self.acc[chosen],
            self.gyr[chosen],
            None if self.mag is None else self.mag[chosen],
            None if self.number is None else self.number[chosen],
        )


def unwrapped(counted: FloatArray, modulus: float) -> tuple[FloatArray, int]:
    """Return a counter that goes on where it began anew from zero, and how often it did.

    A fall by more than nine tenths of its range is a wrap; any other is a clock that fell back.
    """
    step = np.diff(counted)
    falls, rises = step < -0.9 * modulus, step > 0.9 * modulus
    turns = np.concatenate([[0], np.cumsum(falls.astype(int) - rises.astype(int))])
    return counted + modulus * turns, int(np.count_nonzero(falls))


def share_repeated(time_s: FloatArray) -> float:
    """Return the share of rows bearing the same time as the row before."""
    return float(np.mean(np.diff(time_s) == 0)) if len(time_s) > 1 else 0.0


def has_arrival_times(time_s: FloatArray) -> bool:
    """Return whether rows share times as bursts do that were stamped when they arrived."""
    return share_repeated(time_s) > SHARE_OF_ARRIVAL


def as_series(rows: Rows, rate_hz: float | None, where: str) -> tuple[ImuSeries, float, Faults]:
    """Return series, rate and what was wrong.

    Parameters
    ----------
    rows : Rows
    rate_hz : float, optional
        As the file states it; else the median spacing tells.
    where : str
        File and sensor, for messages.

    Raises
    ------
    ExchangeError
        When next to nothing is left, or the times ask for impossibly many lost samples.
    """
    usable = _is_possible(rows)
    usable[usable] = ~_contradicts(rows.take(usable))
    n_unreadable = int(np.count_nonzero(~usable))
    if n_unreadable > 0.2 * len(usable):
        raise ExchangeError(
            f"{where}: {n_unreadable} of {len(usable)} rows hold values that are no numbers or"
            " that no sensor measures (400 g, 10000 deg/s); at most a fifth may",
            hint="is the unit right, and is this the right file?",
            code="E704",
        )
    rows = rows.take(usable)
    if len(rows.time_s) > MAX_ROWS:
        raise ExchangeError(
            f"{where}: {len(rows.time_s)} rows, at most {MAX_ROWS} are read",
            hint="cut the log into shorter ones",
            code="E704",
        )
    rows, n_outside, n_falls = _longest_stretch(rows)
    key = rows.time_s if rows.number is None else rows.number
    n_reordered = int(np.count_nonzero(key < np.maximum.accumulate(key)))
    order = np.argsort(key, kind="stable")
    rows = rows.take(order)
    rows, n_repeated = _each_once(rows)
    if len(rows.time_s) < SHORTEST_ROWS:
        raise ExchangeError(
            f"{where}: {len(rows.time_s)} usable rows, at least {SHORTEST_ROWS} are needed",
            hint="the export broke off, or nothing was recorded; export it again",
            code="E703",
        )
    rate = rate_hz or _rate(rows, where)
    number = _numbered(rows, rate)
    series = _spread(rows, number, rate, where)
    steps_s = np.diff(rows.time_s)
    gaps = np.diff(number) > 1
    faults = Faults(
        rows=len(usable),
        unreadable=n_unreadable,
        repeated=n_repeated,
        outside=n_outside,
        reordered=n_reordered,
        lost=int(number[-1]) + 1 - len(number),
        longest_gap_s=float(np.max(steps_s[gaps], initial=0.0)),
        time_jumps=n_falls + int(np.count_nonzero(steps_s > JUMP_S)),
    )
    return series, rate, faults


def _is_possible(rows: Rows) -> BoolArray:
    with np.errstate(invalid="ignore"):
        possible = (
            np.isfinite(rows.time_s)
            & (np.abs(rows.acc) < LARGEST_ACC_M_S2).all(axis=1)
            & (np.abs(rows.gyr) < LARGEST_GYR_RAD_S).all(axis=1)
        )
    return np.asarray(possible)


def _contradicts(rows: Rows) -> BoolArray:
    """Return where a number or a time is damaged: it fits neither its neighbours nor the other."""
    time_s = rows.time_s
    step_s = np.diff(time_s)
    spike = np.zeros(len(time_s), dtype=bool)
    spike[1:-1] = (np.abs(step_s[:-1]) > JUMP_S) & (np.abs(step_s[1:]) > JUMP_S)
    spike[1:-1] &= np.sign(step_s[:-1]) != np.sign(step_s[1:])
    if rows.number is None or len(time_s) < 3:
        return spike
    steps = np.diff(rows.number)
    known = (step_s > 0) & (steps > 0)
    if not known.any():
        return spike
    rate_hz = np.median(steps[known] / step_s[known])
    apart_s = rows.number / rate_hz - time_s
    # clocks are ten times better than a hundredth; a sensor started anew lies elsewhere as a whole
    allowed_s = LARGEST_REORDER_S + 0.01 * np.abs(time_s - np.median(time_s))
    near = np.abs(np.diff(apart_s)) > allowed_s[1:]
    spike[1:-1] |= near[:-1] & near[1:]
    spike[[0, -1]] |= near[[0, -1]] & ~near[[1, -2]]
    return spike


def _longest_stretch(rows: Rows) -> tuple[Rows, int, int]:
    """Return the rows of the longest stretch in which the clock never fell back far."""
    if not len(rows.time_s):
        return rows, 0, 0
    highest = np.maximum.accumulate(rows.time_s)
    fell = np.concatenate([[False], np.diff(rows.time_s) < -LARGEST_REORDER_S])
    # the row after a late one rises again; only a clock that stays back has fallen
    stays = np.concatenate([rows.time_s[1:] < highest[:-1] - LARGEST_REORDER_S, [False]])
    stretch = np.cumsum(fell & stays)
    if stretch[-1] == 0:
        return rows, 0, 0
    kept = stretch == np.argmax(np.bincount(stretch))
    return rows.take(kept), int(np.count_nonzero(~kept)), int(stretch[-1])


def _each_once(rows: Rows) -> tuple[Rows, int]:
    key = rows.time_s if rows.number is None else rows.number
    first = np.concatenate([[True], np.diff(key) > 0]) if len(key) else np.zeros(0, dtype=bool)
    # numbers go on while a clock stands still: a row that no time tells from the one before
    first &= np.concatenate([[True], np.diff(np.maximum.accumulate(rows.time_s)) > 0])[: len(key)]
    return rows.take(first), int(np.count_nonzero(~first))


def _rate(rows: Rows, where: str) -> float:
    """Return the rate that the sample spacing tells."""
    step_s = np.diff(rows.time_s)
    if rows.number is not None:
        step_s = step_s / np.diff(rows.number)
    rate = float(1.0 / np.median(step_s))
    if not 1.0 <= rate <= 10_000.0:
        raise ExchangeError(
            f"{where}: samples stand {np.median(step_s):.3g} s apart, that is {rate:.3g} Hz;"
            " 1 to 10000 Hz are taken",
            hint="is the unit of time right?",
            code="E707",
        )
    # a stated spacing such as 16667 µs is a rounded one
    near = round(rate)
    return float(near) if abs(rate - near) < 2e-3 * near else rate


def _numbered(rows: Rows, rate_hz: float) -> IntArray:
    """Return the number of each row, from 0; counted by time where the sensor does not count."""
    if rows.number is not None:
        return np.asarray(rows.number - rows.number[0], dtype=np.int64)
    steps = np.maximum(1.0, np.round(np.diff(rows.time_s) * rate_hz))
    return np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)


def _spread(rows: Rows, number: IntArray, rate_hz: float, where: str) -> ImuSeries:
    valid = np.ones(len(number), dtype=bool)
    try:
        return to_series(
            StoredRows(
                np.zeros(len(number), dtype=np.int64),
                number,
                rows.time_s,
                rows.acc,
                rows.gyr,
                rows.mag,
                valid,
            ),
            rate_hz,
        )
    except ValueError as error:
        raise ExchangeError(
            f"{where}: {error}", hint="a counter or a time in the file is damaged", code="E704"
        ) from error
