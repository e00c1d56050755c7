"""Any table of columns, CSV or Parquet, read by a mapping that a person wrote (TOML).

The mapping says which columns are whose acceleration and turn rate, in which units, and where time
stands. Everything wrong with it is told at once, with its place; so are columns that are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import attrs
import numpy as np

from imuhip.calibration.toml_file import checked_converter, read_structured, unusable
from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.parquet_table import read_parquet
from imuhip.exchange.samples import Rows, as_series
from imuhip.exchange.sensor_log import Clock, SensorLog
from imuhip.exchange.text_table import TextTable, head_lines, read_bytes, read_table, split_header
from imuhip.exchange.vendor_orientation import STANDARD_GRAVITY_M_S2

__all__ = ["ColumnMapping", "read_mapped", "read_mapping"]

_HINT = "docs/exchange.md shows a whole mapping"

TimeUnit = Literal["s", "ms", "us", "ns"]
AccUnit = Literal["m/s2", "g", "mg"]
GyrUnit = Literal["rad/s", "deg/s"]
MagUnit = Literal["uT", "nT", "gauss"]
Delimiter = Literal[",", ";", "\t", "|"]

_TIME: Mapping[str, float] = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_ACC: Mapping[str, float] = {
    "m/s2": 1.0,
    "g": STANDARD_GRAVITY_M_S2,
    "mg": 1e-3 * STANDARD_GRAVITY_M_S2,
}
_GYR: Mapping[str, float] = {"rad/s": 1.0, "deg/s": float(np.radians(1.0))}
_MAG: Mapping[str, float] = {"uT": 1.0, "nT": 1e-3, "gauss": 100.0}


@attrs.frozen
class Units:
    """Of the columns; acceleration and turn rate have to be stated."""

    acc: AccUnit
    gyr: GyrUnit
    mag: MagUnit = "uT"


@attrs.frozen
class TimeColumn:
    """Where time stands; without it rows follow each other at `rate_hz`."""

    column: str
    unit: TimeUnit = "s"
    clock: Clock = "own"


@attrs.frozen
class SensorColumns:
    """Three columns, x, y and z, for each signal."""

    acc: tuple[str, str, str]
    gyr: tuple[str, str, str]
    mag: tuple[str, str, str] | None = None


@attrs.frozen
class ColumnMapping:
    """What a mapping file says.

    Parameters
    ----------
    units : Units
    sensors : dict of str to SensorColumns
        By segment, or by any name that ``--assign`` then refers to.
    rate_hz : float, optional
        Needed without a time column; else the nominal rate, if it is known.
    time : TimeColumn, optional
    delimiter : str
        Between values of a CSV file.
    header_line : int
        Counted from 1.
    model : str
        Of the sensors.
    """

    units: Units
    sensors: dict[str, SensorColumns]
    rate_hz: float | None = None
    time: TimeColumn | None = None
    delimiter: Delimiter = ","
    header_line: int = 1
    model: str = "mapped columns"

    def columns(self) -> list[str]:
        """Return every column it names."""
        names = [self.time.column] if self.time else []
        for one in self.sensors.values():
            names += [*one.acc, *one.gyr, *(one.mag or ())]
        return names


def read_mapping(path: Path) -> ColumnMapping:
    """Read a mapping file.

    Raises
    ------
    ConfigError
        When it cannot be used; the message lists every problem with its place.
    """
    converter = checked_converter(positive=True)
    converter.register_structure_hook_func(_is_choice, _one_of)
    mapping = read_structured(path, ColumnMapping, converter, _HINT)
    problems = []
    if not mapping.sensors:
        problems.append("no [sensors.NAME] @ $.sensors")
    if mapping.time is None and mapping.rate_hz is None:
        problems.append("neither rate_hz nor [time]: one of them is needed @ $")
    if mapping.rate_hz is not None and not 1.0 <= mapping.rate_hz <= 10_000.0:
        problems.append(f"1 to 10000 Hz, got {mapping.rate_hz:g} @ $.rate_hz")
    names = mapping.columns()
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        problems.append(f"columns named twice: {', '.join(twice)} @ $.sensors")
    if problems:
        raise unusable(path, problems, _HINT)
    return mapping


def _is_choice(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


def _one_of(value: Any, kind: Any) -> Any:
    if value not in get_args(kind):
        raise ValueError(f"expected one of {', '.join(map(repr, get_args(kind)))}, got {value!r}")
    return value


def read_mapped(path: Path, mapping: ColumnMapping) -> list[SensorLog]:
    """Read the sensors of a table, CSV or Parquet by the file's ending.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use, or columns are missing: all that are.
    """
    is_parquet = path.suffix.casefold() == ".parquet"
    table = read_parquet(path, mapping.columns()) if is_parquet else _read_text(path, mapping)
    missing = [name for name in mapping.columns() if table.names.count(name) != 1]
    if missing:
        raise ExchangeError(
            f"{path}: {len(missing)} columns of the mapping are missing or there twice:"
            f" {', '.join(missing)}; the file has {table.listed}",
            hint="names are told apart by case and spaces",
            code="E705",
        )
    return [_log(path, mapping, table, name) for name in mapping.sensors]


def _read_text(path: Path, mapping: ColumnMapping) -> TextTable:
    content = read_bytes(path)
    head = head_lines(content)
    if mapping.header_line > len(head):
        raise ExchangeError(
            f"{path}: the mapping's header_line is {mapping.header_line}, and the header is looked"
            f" for in the first {len(head)} lines",
            hint="lines are counted from 1",
            code="E705",
        )
    line = mapping.header_line - 1
    if len(split_header(head[line], mapping.delimiter)) == 1:
        raise ExchangeError(
            f"{path}: line {line + 1} is no header with {mapping.delimiter!r} between names:"
            f" {head[line][:80]!r}",
            hint="set delimiter and header_line in the mapping",
            code="E705",
        )
    return read_table(path, content, line, mapping.delimiter)


def _log(path: Path, mapping: ColumnMapping, table: TextTable, name: str) -> SensorLog:
    columns, units = mapping.sensors[name], mapping.units
    time_s, clock = _time(mapping, table)
    mag = None if columns.mag is None else table.numbers(*columns.mag) * _MAG[units.mag]
    rows = Rows(
        time_s,
        table.numbers(*columns.acc) * _ACC[units.acc],
        table.numbers(*columns.gyr) * _GYR[units.gyr],
        mag,
        None if mapping.time else np.arange(len(table)),
    )
    series, rate_hz, faults = as_series(rows, mapping.rate_hz, f"{path} ({name})")
    return SensorLog(
        path=path,
        name=name,
        model=mapping.model,
        series=series,
        rate_hz=rate_hz,
        clock=clock,
        faults=faults.with_text(table.rows, table.ragged),
    )


def _time(mapping: ColumnMapping, table: TextTable) -> tuple[FloatArray, Clock]:
    if mapping.time is None:
        return np.arange(len(table)) / (mapping.rate_hz or 1.0), "own"
    column = table.numbers(mapping.time.column)[:, 0]
    return column * _TIME[mapping.time.unit], mapping.time.clock
