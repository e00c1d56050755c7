"""Logs of WitMotion sensors: the maker's app, and the scripts people write around its protocol.

Both name columns ``AccX``, ``AsX``, ``AngX`` and ``Q0``, the app with units behind them. They stamp
rows when a notification arrives, so that bursts share one time: rows are then counted, and their
times made regular. Without the turn rate such a file is refused: dividing the turns of its
orientations by times that are none gives rates that are none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.samples import Rows, as_series, has_arrival_times, share_repeated
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.text_table import TextTable, head_lines, read_bytes, read_table, split_header
from imuhip.exchange.vendor_orientation import STANDARD_GRAVITY_M_S2

__all__ = ["is_witmotion", "read_witmotion"]

_AXES = "XYZ"
_TIMES = ("timestamp", "time", "chiptime")
_SENSORS = ("address", "devicename", "device", "mac")
MOST_SENSORS = 64
HEADER_LINES = 5
_EARLIEST_UNIX_S, _LATEST_UNIX_S = 1e9, 4e9
"""2001 to 2096: below, times count from something else."""


def is_witmotion(head: Sequence[str]) -> bool:
    """Return whether a file begins as these logs do."""
    return _header(head) is not None


def _plain(name: str) -> str:
    """Return a column's name without its unit, spaces and case."""
    return re.sub(r"\(.*|[\s_]", "", name).casefold()


def _header(head: Sequence[str]) -> tuple[int, str] | None:
    """Return the line and the delimiter of the header."""
    for n, line in enumerate(head[:HEADER_LINES]):
        for delimiter in (",", "\t", ";"):
            names = {_plain(name) for name in split_header(line, delimiter)}
            is_timed = bool(names & set(_TIMES))
            has_more = bool(names & {"asx", "angx", "anglex", "q0"})
            if {"accx", "accy", "accz"} <= names and is_timed and has_more:
                return n, delimiter
    return None


@dataclass(frozen=True)
class _Columns:
    """Which column holds what, and the unit behind its name."""

    acc: tuple[str, ...]
    gyr: tuple[str, ...]
    mag: tuple[str, ...]
    time: str
    sensor: str

    @classmethod
    def of(cls, table: TextTable) -> _Columns:
        names = {_plain(name): name for name in reversed(table.names)}

        def three(stem: str) -> tuple[str, ...]:
            wanted = [names.get(f"{stem}{axis.casefold()}") for axis in _AXES]
            return tuple(name for name in wanted if name) if all(wanted) else ()

        time = next(names[name] for name in _TIMES if name in names)
        sensor = next((names[name] for name in _SENSORS if name in names), "")
        return cls(three("acc"), three("as"), three("h"), time, sensor)


def read_witmotion(path: Path) -> list[SensorLog]:
    """Read a log, which may hold several sensors.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use, or without turn rates.
    """
    content = read_bytes(path)
    found = _header(head_lines(content))
    if found is None:
        raise ExchangeError(
            f"{path}: no header with AccX, AccY, AccZ and a time", hint="see --help", code="E702"
        )
    table = read_table(path, content, *found)
    columns = _Columns.of(table)
    time_s, start = _times(table, columns.time)
    of_day = bool(np.nanmax(time_s, initial=0.0) > _EARLIEST_UNIX_S)
    sensor = table.text(columns.sensor) if columns.sensor else np.full(len(table), "")
    addresses = np.unique(sensor)
    if len(addresses) > MOST_SENSORS:
        raise ExchangeError(
            f"{path}: {len(addresses)} sensors in column {columns.sensor!r}, at most {MOST_SENSORS}"
            " are taken",
            hint="is this the right file?",
            code="E704",
        )
    if not columns.gyr:
        raise _without_rates(table, time_s, sensor)
    acc, acc_note = _acceleration(table, columns.acc)
    gyr, gyr_note = _turn_rate(table, columns.gyr)
    mag = table.numbers(*columns.mag) if columns.mag and "T" in columns.mag[0] else None
    logs = []
    for address in addresses:
        chosen = sensor == address
        rows = Rows(time_s, acc, gyr, mag).take(chosen)
        rows, clock_note = _regular(rows)
        where = f"{path} ({address})" if address else str(path)
        series, rate_hz, faults = as_series(rows, None, where)
        logs.append(
            SensorLog(
                path=path,
                name=str(address),
                model="WitMotion",
                series=series,
                rate_hz=rate_hz,
                clock="unix" if of_day else "own",
                faults=faults.with_text(int(np.count_nonzero(chosen)) + table.ragged, table.ragged),
                start=start,
                notes=tuple(note for note in (acc_note, gyr_note, clock_note) if note),
            )
        )
    return logs


def _times(table: TextTable, name: str) -> tuple[FloatArray, datetime | None]:
    """Return times in s and the first of them, where the file says in which time zone."""
    time_s = table.numbers(name)[:, 0]
    if np.count_nonzero(np.isfinite(time_s)) < 0.5 * len(time_s):
        import pandas as pd

        stamps = pd.to_datetime(pd.Series(table.text(name)), errors="coerce", format="ISO8601")
        known = stamps.notna().to_numpy()
        if not known.any():
            raise ExchangeError(
                f"{table.path}: column {name!r} holds no times: {table.text(name)[0]!r:.60}",
                hint="seconds since 1970, or 2024-05-31 13:37:00.123",
                code="E705",
            )
        epoch = pd.Timestamp("1970-01-01", tz=stamps.dt.tz)
        time_s = (stamps - epoch).dt.total_seconds().to_numpy(dtype=float)
        if stamps.dt.tz is None:
            return time_s, None
    first = time_s[np.isfinite(time_s)]
    if not len(first) or not _EARLIEST_UNIX_S < first[0] < _LATEST_UNIX_S:
        return time_s, None
    return time_s, datetime.fromtimestamp(float(first[0]), tz=UTC)


def _acceleration(table: TextTable, names: tuple[str, ...]) -> tuple[FloatArray, str]:
    acc = table.numbers(*names)
    if "m/s" in names[0].casefold():
        return acc, ""
    if re.search(r"\(\s*g\s*\)", names[0], re.IGNORECASE):
        return acc * STANDARD_GRAVITY_M_S2, ""
    size = np.linalg.norm(acc, axis=1)
    middle = float(np.median(size[np.isfinite(size)])) if np.isfinite(size).any() else np.nan
    if 0.7 < middle < 1.4:
        return acc * STANDARD_GRAVITY_M_S2, f"no unit of acceleration; median {middle:.2f}: g"
    if 7.0 < middle < 14.0:
        return acc, f"no unit of acceleration; median {middle:.2f}: m/s²"
    raise ExchangeError(
        f"{table.path}: no unit of acceleration is stated, and its median of {middle:.3g} is"
        " neither gravity in g (0.7 to 1.4) nor in m/s² (7 to 14)",
        hint="import it with --mapping, which states the units",
        code="E705",
    )


def _turn_rate(table: TextTable, names: tuple[str, ...]) -> tuple[FloatArray, str]:
    stated = "/s" in names[0]
    if stated and "rad" in names[0].casefold():
        return table.numbers(*names), ""
    return np.radians(table.numbers(*names)), "" if stated else "no unit of turn rate; deg/s taken"


def _regular(rows: Rows) -> tuple[Rows, str]:
    """Return rows with regular times where theirs were made on arrival."""
    known: BoolArray = np.isfinite(rows.time_s)
    rows = rows.take(known)
    if not has_arrival_times(rows.time_s) or len(rows.time_s) < 3:
        return rows, ""
    number = np.arange(len(rows.time_s))
    slope, zero = np.polyfit(number, rows.time_s - rows.time_s[0], 1)
    if slope <= 0:
        return rows, ""
    regular = rows.time_s[0] + zero + slope * number
    off = float(np.max(np.abs(regular - rows.time_s)))
    note = (
        f"stamped on arrival ({share_repeated(rows.time_s):.0%} of the rows share the time of the"
        f" row before): counted at {1 / slope:.2f} Hz instead, by up to {off:.3f} s off; losses"
        " cannot be told"
    )
    return Rows(regular, rows.acc, rows.gyr, rows.mag), note


def _without_rates(table: TextTable, time_s: FloatArray, sensor: NDArray[np.str_]) -> ExchangeError:
    """Return the refusal of a file without turn rates, with what was found wrong besides."""
    figures = []
    for address in np.unique(sensor):
        own = time_s[sensor == address]
        own = own[np.isfinite(own)]
        longest = float(np.max(np.diff(own), initial=0.0))
        figures.append(
            f"{address + ': ' if address else ''}{len(own)} rows in {np.ptp(own):.2f} s,"
            f" {share_repeated(own):.0%} with the time of the row before,"
            f" longest pause {longest:.2f} s"
            if len(own)
            else f"{address}: no row with a time"
        )
    return ExchangeError(
        f"{table.path}: no turn rate (columns AsX, AsY, AsZ), and none can be derived from"
        f" orientations that were stamped when they arrived ({'; '.join(figures)}); its columns:"
        f" {table.listed}",
        hint="log the gyroscope too: the sensor sends it beside acceleration and angle",
        code="E705",
    )
