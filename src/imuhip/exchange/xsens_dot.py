"""Logs of Xsens and Movella DOT sensors, as their app and its data exporter write them.

A few lines of ``Key:,value``, a header that begins with ``PacketCounter``, then rows. Packets are
counted and stamped in µs, both in 32 bits (Xsens DOT User Manual, 4.2.5). Which signals there are
depends on the mode that was measured in: acceleration in m/s² and turn rate in deg/s, or the
orientation (w, x, y, z; z of its world up) and the acceleration in that world without gravity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.samples import Rows, as_series, unwrapped
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.text_table import TextTable, head_lines, read_bytes, read_table
from imuhip.exchange.vendor_orientation import (
    DERIVED_BOTH,
    force_from_free,
    rate_from_orientation,
)

__all__ = ["is_xsens_dot", "read_xsens_dot"]

COUNTER_END = float(1 << 32)
TICK_S = 1e-6

_ACC = ("Acc_X", "Acc_Y", "Acc_Z")
_GYR = ("Gyr_X", "Gyr_Y", "Gyr_Z")
_QUATERNION = ("Quat_W", "Quat_X", "Quat_Y", "Quat_Z")
_FREE = ("FreeAcc_X", "FreeAcc_Y", "FreeAcc_Z")


def is_xsens_dot(head: Sequence[str]) -> bool:
    """Return whether a file begins as these logs do."""
    return _header_line(head) is not None


def _header_line(head: Sequence[str]) -> int | None:
    found = (n for n, line in enumerate(head) if re.match(r'"?PacketCounter"?[,;\t]', line))
    return next(found, None)


def read_xsens_dot(path: Path) -> list[SensorLog]:
    """Read one sensor's log.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use or holds neither rates nor orientations.
    """
    content = read_bytes(path)
    head = head_lines(content)
    line = _header_line(head)
    if line is None:
        raise ExchangeError(
            f"{path}: no line begins with PacketCounter",
            hint="export the log with the maker's program",
            code="E702",
        )
    delimiter = head[line].strip('"').removeprefix("PacketCounter").strip('"')[0]
    stated = _stated(head[:line], delimiter)
    table = read_table(path, content, line, delimiter)
    counter, counter_wraps = unwrapped(_filled(table.numbers("PacketCounter")[:, 0]), COUNTER_END)
    ticks, tick_wraps = unwrapped(_filled(table.numbers("SampleTimeFine")[:, 0]), COUNTER_END)
    time_s = ticks * TICK_S
    acc, gyr, derived = _signals(table, time_s)
    rate_hz = _rate(stated.get("outputrate", ""))
    rows = Rows(time_s, acc, gyr, None, counter.astype(np.int64))
    series, rate_hz, faults = as_series(rows, rate_hz, str(path))
    faults = faults.with_text(table.rows, table.ragged, tick_wraps)
    notes = [f"{counter_wraps} wraps of the packet counter"] if counter_wraps else []
    if table.has("Mag_X"):
        notes.append("its magnetometer is in units of its own, and is left out")
    return [
        SensorLog(
            path=path,
            name=stated.get("devicetag", ""),
            model="Xsens DOT",
            series=series,
            rate_hz=rate_hz,
            clock="synced" if stated.get("syncstatus", "").casefold() == "synced" else "own",
            faults=faults,
            start=_start(stated.get("starttime", "")),
            firmware=stated.get("firmwareversion", ""),
            wraps_at_s=COUNTER_END * TICK_S,
            derived=derived,
            notes=tuple(notes),
        )
    ]


def _stated(lines: Sequence[str], delimiter: str) -> Mapping[str, str]:
    pairs = (line.split(delimiter, 1) for line in lines if delimiter in line)
    return {key.strip(' ":').casefold(): value.strip(' ",;') for key, value in pairs}


def _filled(counted: FloatArray) -> FloatArray:
    """Return numbers with those unreadable taken from the row before: it is then a repetition."""
    known = np.flatnonzero(np.isfinite(counted) & (counted >= 0) & (counted < COUNTER_END))
    if not len(known):
        return np.zeros(len(counted))
    rows = np.searchsorted(known, np.arange(len(counted)), side="right") - 1
    return np.asarray(counted[known[np.maximum(rows, 0)]])


def _signals(table: TextTable, time_s: FloatArray) -> tuple[FloatArray, FloatArray, str]:
    """Return acceleration, turn rate, and how they were derived."""
    if table.has(*_ACC, *_GYR):
        return table.numbers(*_ACC), np.radians(table.numbers(*_GYR)), ""
    if table.has(*_QUATERNION, *_FREE):
        q_WS = table.numbers(*_QUATERNION)
        force = force_from_free(q_WS, table.numbers(*_FREE))
        return force, rate_from_orientation(time_s, q_WS), DERIVED_BOTH
    raise ExchangeError(
        f"{table.path}: neither acceleration with turn rate ({_ACC[0]}, {_GYR[0]}) nor orientation"
        f" with free acceleration ({_QUATERNION[0]}, {_FREE[0]}); its columns:"
        f" {table.listed}",
        hint="measure in a mode with inertial data, such as Custom Mode 4 or Rate Quantities",
        code="E705",
    )


def _rate(text: str) -> float | None:
    found = re.match(r"\s*(\d{1,4}(?:\.\d{1,3})?)\s*Hz", text, re.IGNORECASE)
    return float(found[1]) if found and 1.0 <= float(found[1]) <= 10_000.0 else None


def _start(text: str) -> datetime | None:
    """Return ``2021-08-20_20:21:13_829 GMT+8`` as a time; None for what reads otherwise."""
    found = re.match(
        r"(\d{4}-\d\d-\d\d)_(\d\d:\d\d:\d\d)_(\d{1,3})(?:\s*(?:GMT|UTC)([+-]\d{1,2})?(?::(\d\d))?)?",
        text,
    )
    if not found:
        return None
    day, clock, millis, hours, minutes = found.groups()
    east = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(east)
        whole = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=zone)
    except ValueError:
        return None
    return whole + timedelta(milliseconds=int(millis))
