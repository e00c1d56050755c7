"""Rows of one session, and the Parquet file that holds them; with `columns`, the dataset's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.batch.columns import COLUMNS, RECORDS, Column

if TYPE_CHECKING:
    import pandas as pd

    from imuhip.analysis.whole import Whole
    from imuhip.assessment.measures import Measure
    from imuhip.recording.session import Recording

__all__ = ["session_rows", "write_rows"]

_NUMBERS = ("number", "count")
Rows = Mapping[str, Mapping[str, Any]]


def session_rows(recording: Recording, whole: Whole, stated: Mapping[str, str]) -> Rows:
    """Return the columns of each kind of row.

    Parameters
    ----------
    recording : Recording
    whole : Whole
    stated : mapping
        ``session``, ``software_version``, ``settings_sha256``, ``settings`` and ``file``.
    """
    every = {name: stated[name] for name in ("session", "software_version", "settings_sha256")} | {
        "subject": recording.subject
    }
    rows = {
        "session": _session(recording, whole, stated),
        "measure": _measures(whole),
        "stride": {} if whole.analysis is None else _strides(whole.analysis.strides),
    }
    filled: dict[str, dict[str, Any]] = {}
    for record, columns in rows.items():
        n = max((len(values) for values in columns.values()), default=0)
        filled[record] = {name: [value] * n for name, value in every.items()}
        filled[record] |= {"record": [record] * n, **columns}
    return filled


def _session(recording: Recording, whole: Whole, stated: Mapping[str, str]) -> dict[str, list[Any]]:
    analysis, assessment = whole.analysis, whole.assessment
    quality = {} if analysis is None else analysis.quality
    one: dict[str, Any] = {
        "file": stated["file"],
        "settings": stated["settings"],
        "start_time": recording.start_time.isoformat() if recording.start_time else None,
        "duration_s": recording.duration_s,
        "rate_hz": recording.rate_hz,
        "segments": " ".join(recording.sensors),
        "recorded_with": recording.software_version,
        "grade": quality.get("grade"),
        "reasons": "; ".join(quality.get("reasons", ())),
        "no_gait": whole.no_gait,
        "samples_lost": _lost(recording),
        "summary": None if analysis is None else _json(analysis.summary),
        "quality": None if analysis is None else _json(quality),
        "tests": None if assessment is None else _json(assessment.as_dict()),
    }
    if analysis is not None:
        one["strides"] = len(analysis.strides)
        one["strides_used"] = int(analysis.strides["valid"].sum())
    return {name: [value] for name, value in one.items()}


def _lost(recording: Recording) -> int:
    """Return how many samples are missing: as counted while recording, else as they stand."""
    return sum(
        device.counters.lost
        if (device := recording.devices.get(segment)) is not None
        else int((~np.asarray(series.valid)).sum())
        for segment, series in recording.sensors.items()
    )


def _measures(whole: Whole) -> dict[str, list[Any]]:
    from imuhip.analysis.gait_measures import gait_measures

    gait = () if whole.analysis is None else gait_measures(whole.analysis)
    found: list[tuple[str, float | None, Measure]] = [("gait", None, one) for one in gait]
    if whole.assessment is not None:
        found += [
            (trial.test, trial.start_s, measure)
            for trial in whole.assessment.trials
            for measure in trial.measures
        ]
    columns: dict[str, list[Any]] = {
        "test": [test for test, _, _ in found],
        "start_s": [start_s for _, start_s, _ in found],
    }
    for name in ("name", "side", "value", "sd", "unit", "n", "note"):
        columns[name] = [getattr(measure, name) for _, _, measure in found]
    return columns


def _strides(strides: pd.DataFrame) -> dict[str, Any]:
    known = {column.name for column in COLUMNS}
    columns = {str(name): strides[name].to_numpy() for name in strides if name in known}
    return columns | {"stride": np.arange(len(strides))}


def _json(value: Any) -> str:
    def plain(item: Any) -> Any:
        if isinstance(item, Mapping):
            return {str(key): plain(one) for key, one in item.items()}
        if isinstance(item, list | tuple):
            return [plain(one) for one in item]
        if hasattr(item, "tolist"):
            return plain(item.tolist())
        return None if isinstance(item, float) and not np.isfinite(item) else item

    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, default=str)


def write_rows(rows: Rows, path: Path) -> dict[str, int]:
    """Write a Parquet file, a row group for each kind of row; return how many rows each has.

    What is missing, or not a number, is empty. The same rows give the same bytes.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(column.name, _type(pa, column)) for column in COLUMNS])
    counts = {}
    text = [column.name for column in COLUMNS if column.kind == "text"]
    with pq.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=text, write_statistics=["record"]
    ) as writer:
        for record in RECORDS:
            columns = rows[record]
            n = len(columns.get("record", ()))
            counts[record] = n
            if n:
                writer.write_table(
                    pa.table([_array(pa, c, columns.get(c.name), n) for c in COLUMNS], schema)
                )
    return counts


def _type(pa: Any, column: Column) -> Any:
    return {
        "text": pa.string(),
        "number": pa.float64(),
        "count": pa.int64(),
        "flag": pa.bool_(),
    }[column.kind]


def _array(pa: Any, column: Column, values: Any, n: int) -> Any:
    kind = _type(pa, column)
    if values is None:
        return pa.nulls(n, kind)
    if column.kind == "text":
        values = [None if value is None else str(value) for value in values]
    if column.kind == "flag":
        values = [None if value is None else bool(value) for value in values]
    if isinstance(values, list):
        return pa.array(values, kind, from_pandas=True)
    return pa.array(np.asarray(values), kind, from_pandas=True)
