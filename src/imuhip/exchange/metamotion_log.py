"""Logs of MetaMotion sensors, as MetaBase writes them: a file for each signal of a sensor.

``NAME_DATE_ADDRESS_Accelerometer_100.000Hz_1.7.3.csv`` and, beside it, ``..._Gyroscope_...``:
``epoc (ms)`` since 1970, ``elapsed (s)``, then three axes in g or deg/s. The file of accelerations
stands for the sensor; its turn rates are looked for in the same folder.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.samples import Rows, as_series
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.text_table import TextTable, head_lines, read_bytes, read_table, split_header
from imuhip.exchange.vendor_orientation import STANDARD_GRAVITY_M_S2

__all__ = ["is_metamotion", "read_metamotion"]

_EPOCH, _ELAPSED = "epoc (ms)", "elapsed (s)"
_ACC = tuple(f"{axis}-axis (g)" for axis in "xyz")
_GYR = tuple(f"{axis}-axis (deg/s)" for axis in "xyz")
LONGEST_BETWEEN_S = 0.05
"""Between two turn rates, from which on none is put in between."""


def is_metamotion(head: Sequence[str]) -> bool:
    """Return whether a file begins as these logs do."""
    return split_header(head[0], ",")[0] == _EPOCH


def read_metamotion(path: Path) -> list[SensorLog]:
    """Read the sensor whose accelerations a file holds; nothing of a file of turn rates.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use, holds another signal, or its partner is missing.
    """
    table = _table(path)
    if table.has(*_GYR):
        _partner(path, "Gyroscope", "Accelerometer")
        return []
    if not table.has(_EPOCH, _ELAPSED, *_ACC):
        raise ExchangeError(
            f"{path}: neither acceleration ({_ACC[0]}) nor turn rate ({_GYR[0]}); its columns:"
            f" {table.listed}",
            hint="import the Accelerometer and Gyroscope files of the sensor",
            code="E705",
        )
    partner = _partner(path, "Accelerometer", "Gyroscope")
    rates = _table(partner)
    if not rates.has(_EPOCH, _ELAPSED, *_GYR):
        raise ExchangeError(
            f"{partner}: no turn rate ({_GYR[0]}); its columns: {rates.listed}",
            hint="export it again",
            code="E705",
        )
    time_s = _times(table)
    gyr, apart_s = _between(time_s, _times(rates), np.radians(rates.numbers(*_GYR)))
    acc = table.numbers(*_ACC) * STANDARD_GRAVITY_M_S2
    inside: BoolArray = np.asarray(np.isfinite(gyr).all(axis=1))
    edges = ~inside & ~_is_between(inside)
    rows = Rows(time_s, acc, gyr).take(~edges)
    series, rate_hz, faults = as_series(rows, None, str(path))
    return [
        SensorLog(
            path=path,
            name=_address(path),
            model="MetaMotion",
            series=series,
            rate_hz=rate_hz,
            clock="unix",
            faults=faults.with_text(table.rows - int(np.count_nonzero(edges)), table.ragged),
            start=datetime.fromtimestamp(float(series.time_s[0]), tz=UTC)
            if 1e9 < series.time_s[0] < 4e9
            else None,
            notes=(
                f"turn rates of {partner.name} ({rates.rows} rows, {rates.ragged} of them dropped),"
                f" put between their times, {1e3 * apart_s:.1f} ms apart in the median;"
                f" {np.count_nonzero(edges)} accelerations before or after them left out",
            ),
        )
    ]


def _table(path: Path) -> TextTable:
    content = read_bytes(path)
    if not is_metamotion(head_lines(content)):
        raise ExchangeError(
            f"{path}: its header does not begin with {_EPOCH!r}",
            hint="export the log with MetaBase",
            code="E702",
        )
    return read_table(path, content, 0)


def _partner(path: Path, own: str, other: str) -> Path:
    """Return the file of the other signal of the same sensor and recording."""
    before, found, _ = path.name.partition(f"_{own}")
    partners = (
        [p for p in sorted(path.parent.iterdir()) if p.name.startswith(f"{before}_{other}")]
        if found
        else []
    )
    if len(partners) != 1:
        raise ExchangeError(
            f"{path}: {len(partners)} files begin with {before}_{other}, one must",
            hint=f"keep MetaBase's names, and the {own} and {other} files in one folder",
            code="E705",
        )
    return partners[0]


def _address(path: Path) -> str:
    found = re.search(r"_([0-9A-Fa-f]{12})_Accelerometer", path.name)
    if found is None:
        return ""
    return ":".join(found[1][k : k + 2].upper() for k in range(0, 12, 2))


def _times(table: TextTable) -> FloatArray:
    """Return times since 1970 with the resolution of the time elapsed."""
    epoch_ms, elapsed_s = table.numbers(_EPOCH, _ELAPSED).T
    if not (np.isfinite(epoch_ms) & np.isfinite(elapsed_s)).any():
        return np.full(len(table), np.nan)
    return np.asarray(elapsed_s + np.nanmedian(1e-3 * epoch_ms - elapsed_s))


def _between(
    time_s: FloatArray, known_s: FloatArray, values: FloatArray
) -> tuple[FloatArray, float]:
    """Return `values` at other times, NaN in gaps, and how far those lie from known ones."""
    good = np.isfinite(known_s) & np.isfinite(values).all(axis=1)
    known_s, first = np.unique(known_s[good], return_index=True)
    values = values[good][first]
    if len(known_s) < 2:
        return np.full((len(time_s), 3), np.nan), 0.0
    after = np.clip(np.searchsorted(known_s, time_s), 1, len(known_s) - 1)
    gap_s = known_s[after] - known_s[after - 1]
    found = np.column_stack(
        [np.interp(time_s, known_s, column, left=np.nan, right=np.nan) for column in values.T]
    )
    found[gap_s > LONGEST_BETWEEN_S] = np.nan
    apart_s = np.minimum(np.abs(time_s - known_s[after]), np.abs(time_s - known_s[after - 1]))
    return found, float(np.nanmedian(apart_s)) if np.isfinite(apart_s).any() else 0.0


def _is_between(inside: BoolArray) -> BoolArray:
    """Return which rows lie between the first and the last that are inside."""
    after = np.logical_or.accumulate(inside)
    before = np.logical_or.accumulate(inside[::-1])[::-1]
    return np.asarray(after & before)
