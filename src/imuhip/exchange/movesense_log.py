"""Movesense logs: JSON of the sensor's data logger, JSON of ``sbem2json``, CSV of the showcase app.

A notification bears one time, of its first sample, and several samples, array by array. Samples
follow it evenly, at the pace that the notifications' times have in the median. Accelerations are
in m/s², turn rates in deg/s, magnetic fields in µT, times in ms since the sensor started.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.samples import Rows, as_series, unwrapped
from imuhip.exchange.sensor_log import Clock, SensorLog
from imuhip.exchange.text_table import head_lines, read_bytes, read_table, split_header

__all__ = ["is_movesense", "read_movesense"]

LARGEST_JSON_BYTES: Final = 128 << 20
"""An hour and a half of nine axes at 104 Hz; in memory it is eight times that."""
_CSV: Final = (
    "Timestamp",
    *(f"{signal}{axis}" for signal in ("Acc", "Gyro", "Magn") for axis in "XYZ"),
)
_WITHOUT_MAG: Final = 7
_WRAP_MS: Final = float(1 << 32)
_ARRAYS: Final = ("ArrayAcc", "ArrayGyro", "ArrayMagn")
_MOST_IN_NOTIFICATION: Final = 256


def is_movesense(head: Sequence[str]) -> bool:
    """Return whether a file begins as these logs do."""
    if tuple(split_header(head[0], ",")) == _CSV:
        return True
    start = "".join(head[:8])[:4096].lstrip()
    return start.startswith("{") and any(f'"{key}"' in start for key in ("Meas", "Samples"))


def read_movesense(path: Path) -> list[SensorLog]:
    """Read the sensor whose log a file is.

    Raises
    ------
    ExchangeError
        When it is damaged beyond use, or holds no acceleration or no turn rate.
    """
    content = read_bytes(path)
    head = head_lines(content)
    if not is_movesense(head):
        raise ExchangeError(
            f"{path}: neither Movesense's JSON nor the CSV of its showcase app",
            hint="export the log again",
            code="E702",
        )
    if head[0].lstrip().startswith("{"):
        return [_from_json(path, content)]
    return [_from_csv(path, content, head)]


def _from_csv(path: Path, content: bytes, head: Sequence[str]) -> SensorLog:
    """Read the showcase app's table, whose header names a magnetometer even where there is none."""
    has_mag = next((row.count(",") for row in head[1:] if row), 0) >= _WITHOUT_MAG
    if not has_mag:
        names = ",".join(_CSV[:_WITHOUT_MAG])
        content = names.encode() + content[len(head[0].encode()) :]
    table = read_table(path, content, 0)
    time_ms, wraps = unwrapped(table.numbers(_CSV[0])[:, 0], _WRAP_MS)
    return _log(
        path,
        time_ms,
        table.numbers(*_CSV[1:4]),
        table.numbers(*_CSV[4:7]),
        table.numbers(*_CSV[7:]) if has_mag else None,
        counted=(table.rows, table.ragged, wraps),
        notes=("the app spreads each notification's samples over the time since the one before",),
    )


def _from_json(path: Path, content: bytes) -> SensorLog:
    document = _parsed(path, content)
    streams = _streams(document)
    chosen = next((s for s in ("IMU9", "IMU6") if streams.get(s)), None)
    if chosen is None:
        listed = ", ".join(sorted(streams)) or "none"
        raise ExchangeError(
            f"{path}: no stream with acceleration and turn rate (IMU6 or IMU9); streams: {listed}",
            hint="log /Meas/IMU6/104 or /Meas/IMU9/104; acceleration alone gives no angles",
            code="E705",
        )
    starts_ms, sizes, values, n_rows, n_ragged = _notifications(streams[chosen], chosen)
    if not len(sizes):
        raise ExchangeError(
            f"{path}: {n_rows} samples in {chosen}, none of them whole",
            hint="the export broke off, or nothing was recorded; export it again",
            code="E703",
        )
    starts_ms, wraps = unwrapped(starts_ms, _WRAP_MS)
    place = np.arange(len(values)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    time_ms = np.repeat(starts_ms, sizes) + _pace_ms(path, starts_ms, sizes) * place
    utc_s = _utc_s(document)
    return _log(
        path,
        time_ms if utc_s is None else time_ms + 1e3 * utc_s,
        values[:, :3],
        values[:, 3:6],
        values[:, 6:] if values.shape[1] > 6 else None,
        counted=(n_rows, n_ragged, wraps),
        clock="own" if utc_s is None else "unix",
        notes=(f"{len(sizes)} notifications of {chosen}",),
    )


def _log(
    path: Path,
    time_ms: FloatArray,
    acc: FloatArray,
    gyr_deg_s: FloatArray,
    mag: FloatArray | None,
    *,
    counted: tuple[int, int, int],
    clock: Clock = "own",
    notes: tuple[str, ...] = (),
) -> SensorLog:
    rows = Rows(1e-3 * time_ms, acc, np.radians(gyr_deg_s), mag)
    series, rate_hz, faults = as_series(rows, None, str(path))
    first_s = float(series.time_s[0])
    is_date = clock == "unix" and 1e9 < first_s < 4e9
    return SensorLog(
        path=path,
        name="",
        model="Movesense",
        series=series,
        rate_hz=rate_hz,
        clock=clock,
        faults=faults.with_text(*counted),
        start=datetime.fromtimestamp(first_s, tz=UTC) if is_date else None,
        wraps_at_s=0.0 if clock == "unix" else 1e-3 * _WRAP_MS,
        notes=notes,
    )


def _parsed(path: Path, content: bytes) -> Mapping[str, Any]:
    if len(content) > LARGEST_JSON_BYTES:
        raise ExchangeError(
            f"{path}: {len(content)} bytes of JSON, at most {LARGEST_JSON_BYTES} are read",
            hint="cut the log into shorter ones, or export CSV",
            code="E701",
        )
    try:
        document = json.loads(content, object_hook=_vector)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(
            f"{path}: no JSON: {str(error)[:120]}",
            hint="the export broke off; export it again",
            code="E704",
        ) from error
    if not isinstance(document, Mapping):
        raise ExchangeError(
            f"{path}: its JSON is no object of streams",
            hint="export it again",
            code="E702",
        )
    return document


def _vector(found: dict[str, Any]) -> Any:
    """Return x, y and z as a tuple: a sixth of the memory of a dictionary."""
    if len(found) == 3 and found.keys() == {"x", "y", "z"}:
        return (found["x"], found["y"], found["z"])
    return found


def _streams(document: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the notifications of each stream, by its name without ``Meas``."""
    streams: dict[str, list[Any]] = {}
    for name, notification in _named(document):
        streams.setdefault(name.removeprefix("Meas").strip("/").split("/")[0], []).append(
            notification
        )
    return streams


def _named(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    measured = document.get("Meas")
    if isinstance(measured, Mapping):
        for name, notifications in measured.items():
            yield from ((str(name), one) for one in _items(notifications))
    for sample in _items(document.get("Samples")):
        if isinstance(sample, Mapping):
            yield from ((str(name), one) for name, one in sample.items())


def _items(found: Any) -> Iterable[Any]:
    return found if isinstance(found, list) else ()


def _notifications(
    found: Sequence[Any], stream: str
) -> tuple[FloatArray, np.ndarray[Any, np.dtype[np.int64]], FloatArray, int, int]:
    """Return times (k,), sizes (k,) and samples (n, 6 or 9); how many there were, how many bad."""
    arrays = _ARRAYS if stream == "IMU9" else _ARRAYS[:2]
    starts: list[float] = []
    parts: list[FloatArray] = []
    n_rows = n_ragged = 0
    for one in found:
        vectors = [one.get(name) if isinstance(one, Mapping) else None for name in arrays]
        sizes = [len(v) if isinstance(v, list) else 0 for v in vectors]
        n_rows += max(sizes)
        part = _samples(one.get("Timestamp"), vectors, sizes) if max(sizes) else None
        if part is None:
            n_ragged += max(sizes)
            continue
        starts.append(float(one["Timestamp"]))
        parts.append(part)
    whole = np.concatenate(parts) if parts else np.empty((0, 3 * len(arrays)))
    sizes_of = np.array([len(part) for part in parts], dtype=np.int64)
    return np.array(starts), sizes_of, whole, n_rows, n_ragged


def _samples(time_ms: Any, vectors: Sequence[Any], sizes: Sequence[int]) -> FloatArray | None:
    """Return a notification's samples (m, 6 or 9); None for one that is not whole."""
    if len(set(sizes)) != 1 or sizes[0] > _MOST_IN_NOTIFICATION:
        return None
    if not _is_within(time_ms, _WRAP_MS):
        return None
    try:
        part = np.array(vectors, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None
    if part.ndim != 3 or part.shape[2] != 3:
        return None
    return np.concatenate(list(part), axis=1)


def _pace_ms(path: Path, starts_ms: FloatArray, sizes: np.ndarray[Any, Any]) -> float:
    """Return the time between samples, by notifications that follow each other without a gap."""
    step_ms = np.diff(starts_ms) / sizes[:-1]
    step_ms = step_ms[step_ms > 0]
    if not len(step_ms):
        raise ExchangeError(
            f"{path}: {len(sizes)} notifications, their times never rise",
            hint="the export broke off; export it again",
            code="E703",
        )
    usual_ms = float(np.median(step_ms))
    near = np.abs(step_ms - usual_ms) < 0.5 * usual_ms
    return float(np.mean(step_ms[near])) if near.any() else usual_ms


def _utc_s(document: Mapping[str, Any]) -> float | None:
    """Return the time of day at which the sensor's clock was zero, where a log states it."""
    for sample in _items(document.get("Samples")):
        told = sample.get("TimeDetailed") if isinstance(sample, Mapping) else None
        if isinstance(told, Mapping):
            utc_us: Any = told.get("utcTime")
            relative_ms: Any = told.get("relativeTime")
            if _is_within(utc_us, 4e15) and _is_within(relative_ms, _WRAP_MS):
                zero_s = 1e-6 * float(utc_us) - 1e-3 * float(relative_ms)
                return zero_s if zero_s > 1e9 else None
    return None


def _is_within(found: Any, limit: float) -> bool:
    return isinstance(found, int | float) and 0 <= found < limit
