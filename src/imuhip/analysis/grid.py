"""All sensors on one uniform time grid, and an honest record of what was missing.

Sensors run on their own clocks. Once those are mapped to the recording's clock, samples still fall
between each other; here every sensor is brought to one grid by local cubic interpolation. When all
sensors already share their times (recordings made from arrays), nothing is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, ImuSeries
from imuhip.errors import AnalysisError

__all__ = [
    "LONGEST_FILL_S",
    "GridBlock",
    "cubic_at",
    "fill_gaps",
    "hold_gaps",
    "on_grid",
    "to_grid",
]

LONGEST_FILL_S = 0.05
"""Gaps up to here are interpolated; longer ones stay missing in every result."""

_FIELD_GAP_S = 0.11
"""Magnetometers read as slowly as 10 Hz are joined."""

_COLUMNS = ("acc", "gyr", "valid", "mag", "measured")


@dataclass(frozen=True, slots=True)
class GridBlock:
    """Samples of all sensors at common instants.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    acc, gyr : mapping of segment to (n, 3) array, m/s² and rad/s
        Finite everywhere; filled where `valid` is False.
    valid : mapping of segment to (n,) bool array
        False inside gaps too long to fill.
    mag : mapping of segment to (n, 3) array, µT
        Only segments that measured it; NaN where it was not read.
    measured : mapping of segment to (n,) bool array
        False wherever a value was filled in, however short the gap.
    """

    time_s: FloatArray
    acc: Mapping[str, FloatArray]
    gyr: Mapping[str, FloatArray]
    valid: Mapping[str, BoolArray]
    mag: Mapping[str, FloatArray]
    measured: Mapping[str, BoolArray]
    _rate_hz: list[float] = field(default_factory=list, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.time_s)

    def part(self, rows: slice) -> GridBlock:
        """Return some of the rows."""
        return GridBlock(
            self.time_s[rows],
            {segment: values[rows] for segment, values in self.acc.items()},
            {segment: values[rows] for segment, values in self.gyr.items()},
            {segment: values[rows] for segment, values in self.valid.items()},
            {segment: values[rows] for segment, values in self.mag.items()},
            {segment: values[rows] for segment, values in self.measured.items()},
        )

    @property
    def rate_hz(self) -> float:
        """Return the sample rate, without the rounding errors of the times."""
        if not self._rate_hz:  # asked for often, and a median over an hour takes its time
            self._rate_hz.append(round(1.0 / float(np.median(np.diff(self.time_s))), 6))
        return self._rate_hz[0]

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the segments that carry a sensor."""
        return tuple(self.acc)


def to_grid(sensors: Mapping[str, ImuSeries], rate_hz: float, *, causal: bool = False) -> GridBlock:
    """Bring whole recordings to one grid.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
    rate_hz : float
        Of the grid, where the sensors do not share their times already.
    causal : bool
        Fill gaps with the last value, as a live view must, not by interpolation.

    Raises
    ------
    AnalysisError
        When a sensor has fewer than two usable samples or the sensors never overlap.
    """
    for segment, series in sensors.items():
        if int(series.valid.sum()) < 2:
            raise AnalysisError(
                f"{segment}: {int(series.valid.sum())} usable samples, at least 2 are needed",
                hint="Look at the sensor's loss counters with `imuhip check`, or leave it out.",
                code="E601",
            )
    first = next(iter(sensors.values())).time_s
    shared = all(np.array_equal(series.time_s, first) for series in sensors.values())
    uniform = shared and _is_uniform(first)
    time_s = first if uniform else _grid_times(sensors, rate_hz)
    columns: dict[str, dict[str, Any]] = {name: {} for name in _COLUMNS}
    for segment, series in sensors.items():
        read = on_grid(series, time_s, resample=not uniform, causal=causal)
        for name, values in read.items():
            columns[name][segment] = values
    return GridBlock(time_s=time_s, **columns)


def on_grid(
    series: ImuSeries, time_s: FloatArray, *, resample: bool = True, causal: bool = False
) -> dict[str, Any]:
    """Read one sensor at given instants, gaps filled.

    Parameters
    ----------
    series : ImuSeries
    time_s : (n,) array, s
        Uniform.
    resample : bool
        False when `time_s` are the sensor's own times.
    causal : bool
        Fill gaps with the last value.

    Returns
    -------
    dict of str to array
        Rows for the columns of `GridBlock`: ``acc, gyr, valid, measured``, and ``mag`` if measured.
    """
    columns = [series.acc, series.gyr]
    field = {} if series.mag is None else {"mag": _field_at(series, series.mag, time_s)}
    if not resample and series.valid.all() and all(_is_finite(column) for column in columns):
        read = {"acc": series.acc, "gyr": series.gyr, "valid": series.valid}
        read["measured"] = series.valid
        return read | field
    stacked = np.concatenate(columns, axis=1)
    stacked = np.where(series.valid[:, None], stacked, np.nan)
    if resample:
        stacked = _resample(series.time_s, stacked, time_s)
    measured = np.asarray(np.isfinite(stacked).all(axis=1))
    filled, known = (hold_gaps if causal else fill_gaps)(stacked, time_s)
    acc, gyr = (np.ascontiguousarray(part) for part in np.split(filled, len(columns), axis=1))
    return {"acc": acc, "gyr": gyr, "valid": known, "measured": measured} | field


def _field_at(series: ImuSeries, mag: FloatArray, time_s: FloatArray) -> FloatArray:
    """Return the field at given instants, NaN where it was not read within `_FIELD_GAP_S`.

    Apart from acceleration and rate: many chips read the field more slowly, and a magnetometer that
    fails must not take the motion with it.
    """
    known = np.isfinite(mag).all(axis=1)
    if known.all() and np.array_equal(series.time_s, time_s):
        return mag
    at = series.time_s[known]
    if len(at) < 2:
        return np.full((len(time_s), 3), np.nan)
    after = np.clip(np.searchsorted(at, time_s), 1, len(at) - 1)
    near = np.minimum(np.abs(time_s - at[after - 1]), np.abs(time_s - at[after])) < 1e-9
    bridged = (at[after] - at[after - 1] <= _FIELD_GAP_S) & (time_s >= at[0]) & (time_s <= at[-1])
    field = np.stack([np.interp(time_s, at, mag[known, k]) for k in range(3)], axis=1)
    return np.where((near | bridged)[:, None], field, np.nan)


def _is_finite(values: FloatArray) -> bool:
    """Return whether all are finite: a sum is not when one of them is not."""
    return bool(np.isfinite(values.sum()))


def _is_uniform(time_s: FloatArray) -> bool:
    step = np.diff(time_s)
    return bool(np.all(np.abs(step - step.mean()) < 0.02 * step.mean()))


def _grid_times(sensors: Mapping[str, ImuSeries], rate_hz: float) -> FloatArray:
    start = min(series.time_s[0] for series in sensors.values())
    end = max(series.time_s[-1] for series in sensors.values())
    overlap = min(s.time_s[-1] for s in sensors.values()) - max(
        s.time_s[0] for s in sensors.values()
    )
    if overlap <= 0:
        raise AnalysisError(
            f"the sensors never ran at the same time (they miss each other by {-overlap:.1f} s)",
            hint="Record all sensors together, or correct their clocks before importing.",
            code="E602",
        )
    return np.asarray(start + np.arange(int((end - start) * rate_hz) + 1) / rate_hz)


def _resample(time_s: FloatArray, values: FloatArray, at_s: FloatArray) -> FloatArray:
    """Interpolate in the domain of row numbers, which is smooth even where clocks are not.

    Lost rows may be absent instead of NaN: instants between two rows that are farther apart than a
    gap may be are missing.
    """
    row = np.interp(at_s, time_s, np.arange(len(time_s)), left=np.nan, right=np.nan)
    if len(time_s) > 1:
        step_s = np.diff(time_s)
        gap = np.flatnonzero(step_s > LONGEST_FILL_S + 1.5 * np.median(step_s))
        first = np.searchsorted(at_s, time_s[gap], side="right")
        last = np.searchsorted(at_s, time_s[gap + 1], side="left")
        for a, b in zip(first, last, strict=True):
            row[a:b] = np.nan
    return cubic_at(values, row)


def cubic_at(values: FloatArray, row: FloatArray) -> FloatArray:
    """Interpolate (n, c) values at fractional rows by the cubic through the four rows around.

    NaN in any of the four rows falls back to linear through the inner two; NaN there gives NaN, as
    do rows outside. Lagrange's formula; the error for a 10 Hz signal sampled at 100 Hz is below
    0.5 %, a tenth of linear interpolation's.
    """
    last = len(values) - 1
    inside = np.isfinite(row) & (row >= 0) & (row <= last)
    base = np.clip(np.floor(np.where(inside, row, 0.0)).astype(int), 0, max(last - 1, 0))
    t = (np.where(inside, row, 0.0) - base)[:, None]
    v1, v2 = values[base], values[np.minimum(base + 1, last)]
    linear = np.where(t <= 0.0, v1, np.where(t >= 1.0, v2, (1 - t) * v1 + t * v2))
    outer = (base >= 1) & (base + 2 <= last)
    v0, v3 = values[np.maximum(base - 1, 0)], values[np.minimum(base + 2, last)]
    cubic = (
        -t * (t - 1) * (t - 2) / 6 * v0
        + (t + 1) * (t - 1) * (t - 2) / 2 * v1
        - (t + 1) * t * (t - 2) / 2 * v2
        + (t + 1) * t * (t - 1) / 6 * v3
    )
    good = outer[:, None] & np.isfinite(cubic)
    return np.asarray(np.where(inside[:, None], np.where(good, cubic, linear), np.nan))


def fill_gaps(values: FloatArray, time_s: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Fill missing rows linearly, and say which rows may be believed.

    Returns
    -------
    filled : (n, c) array
        Finite everywhere.
    known : (n,) bool array
        True where measured, or where the gap is at most `LONGEST_FILL_S`.
    """
    present = np.asarray(np.isfinite(values).all(axis=1))
    if present.all():
        return values, present
    rows = np.flatnonzero(present)
    before = np.maximum.accumulate(np.where(present, np.arange(len(values)), -1))
    after = np.minimum.accumulate(np.where(present, np.arange(len(values)), len(values))[::-1])[
        ::-1
    ]
    inner = (before >= 0) & (after < len(values))
    gap_s = np.full(len(values), np.inf)
    step_s = float(np.median(np.diff(time_s))) if len(time_s) > 1 else 0.0
    gap_s[inner] = time_s[after[inner]] - time_s[before[inner]] - step_s
    filled = np.stack(
        [np.interp(np.arange(len(values)), rows, values[rows, k]) for k in range(values.shape[1])],
        axis=1,
    )
    return filled, np.asarray(present | (gap_s <= LONGEST_FILL_S + 1e-9))


def hold_gaps(values: FloatArray, time_s: FloatArray) -> tuple[FloatArray, BoolArray]:
    """Fill missing rows with the last one measured, and say which rows may be believed.

    Causal counterpart of `fill_gaps`: a row is believed while the gap has lasted no longer than
    `LONGEST_FILL_S`. Rows before the first measurement take its value and are not believed.
    """
    present = np.asarray(np.isfinite(values).all(axis=1))
    if present.all():
        return values, present
    before = np.maximum.accumulate(np.where(present, np.arange(len(values)), -1))
    source = np.where(before >= 0, before, int(np.argmax(present)))
    recent = (before >= 0) & (time_s - time_s[source] <= LONGEST_FILL_S + 1e-9)
    return values[source], np.asarray(present | recent)
