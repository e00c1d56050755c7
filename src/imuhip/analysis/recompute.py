"""Results of a session file computed anew, and held against those that are stored beside it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

import imuhip
from imuhip.analysis.gait_measures import gait_measures
from imuhip.analysis.whole import Whole, analyze_whole
from imuhip.recording.digest import file_digest, samples_digest
from imuhip.recording.reader import open_recording

if TYPE_CHECKING:
    from imuhip.recording.results_file import StoredResults
    from imuhip.recording.session import Recording

__all__ = ["DEFAULTS", "Computed", "Difference", "differences", "recompute"]

DEFAULTS: Final[Mapping[str, Any]] = {
    "orientation_filter": "vqf",
    "live": False,
    "magnetometer": False,
    "place": None,
    "correct_sync": True,
    "correct_slips": False,
}
"""Settings of an analysis, and what they are unless chosen otherwise."""

_PACKAGES = ("numpy", "scipy", "vqf", "ahrs", "h5py", "pandas")
_TEXT_COLUMNS = ("test", "name", "side", "unit", "note")


@dataclass(frozen=True)
class Computed:
    """What was computed of a session file.

    Parameters
    ----------
    tables : dict of table to dict of column to (n,) array
        ``angles``, ``strides`` and ``measures``; those that there are.
    documents : dict
        JSON-safe: ``about`` (versions, settings, checksums), ``summary``, ``quality``, ``tests``.
    """

    tables: dict[str, dict[str, NDArray[Any]]]
    documents: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """A column that is another one now.

    Parameters
    ----------
    table, column : str
    rows_before, rows_now : int
        0 where the column is missing.
    rows_differ : int
        Of as many as both have.
    largest : float, optional
        By how much numbers differ at most, in the unit of the column's name.
    """

    table: str
    column: str
    rows_before: int
    rows_now: int
    rows_differ: int
    largest: float | None


def recompute(path: Path, options: Mapping[str, Any]) -> Computed:
    """Compute everything a session file gives.

    On one machine, with the same versions and settings, every bit is the same every time.

    Parameters
    ----------
    path : Path
    options : mapping
        As `DEFAULTS`.

    Raises
    ------
    ImuhipError
        When the file cannot be read or analysed.
    """
    chosen = {**DEFAULTS, **options}
    recording = open_recording(path)
    whole = analyze_whole(recording, chosen)
    documents: dict[str, Any] = {
        "about": _about(path, recording, chosen, whole),
        "summary": None if whole.analysis is None else _plain(whole.analysis.summary),
        "quality": None if whole.analysis is None else _plain(whole.analysis.quality),
        "tests": None if whole.assessment is None else _plain(whole.assessment.as_dict()),
    }
    return Computed(_tables(whole), documents)


def _about(
    path: Path, recording: Recording, options: Mapping[str, Any], whole: Whole
) -> dict[str, Any]:
    quality = {} if whole.analysis is None else whole.analysis.quality["sensors"]
    return {
        "software_version": imuhip.__version__,
        "packages": {name: metadata.version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "settings": _plain(options),
        "sensor_calibrations": {s: one.get("intrinsics", "none") for s, one in quality.items()},
        "input": {
            "file": path.name,  # folders can hold people's names
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
            "samples_sha256": samples_digest(recording),
            "recorded_with": recording.software_version,
        },
        "no_gait": whole.no_gait,
    }


def _tables(whole: Whole) -> dict[str, dict[str, NDArray[Any]]]:
    tables: dict[str, dict[str, NDArray[Any]]] = {}
    measures = []
    if whole.analysis is not None:
        analysis = whole.analysis
        tables["angles"] = {"time_s": analysis.angles.index.to_numpy()} | {
            str(name): analysis.angles[name].to_numpy() for name in analysis.angles
        }
        tables["strides"] = {
            str(name): analysis.strides[name].to_numpy() for name in analysis.strides
        }
        measures += [("gait", measure) for measure in gait_measures(analysis)]
    if whole.assessment is not None:
        measures += [(t.test, measure) for t in whole.assessment.trials for measure in t.measures]
    rows = [{**m.as_dict(), "test": test, "value": m.value, "sd": m.sd} for test, m in measures]
    tables["measures"] = {
        name: np.array([row[name] for row in rows], dtype=object)
        if name in _TEXT_COLUMNS
        else np.array([row[name] for row in rows], dtype=float)
        for name in ("test", "name", "side", "value", "sd", "unit", "n", "note")
    }
    return tables


def _plain(value: Any) -> Any:
    """Return `value` as JSON holds it; what is not a number is None."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def differences(stored: StoredResults, computed: Computed) -> list[Difference]:
    """Return the columns that are not the same in every bit, largest tables first."""
    found = []
    for table in dict.fromkeys((*computed.tables, *stored.tables)):
        now = computed.tables.get(table, {})
        for column in dict.fromkeys((*now, *stored.columns(table))):
            has = column in stored.columns(table)
            before = stored.column(column, table) if has else None
            difference = _difference(table, column, before, now.get(column))
            if difference is not None:
                found.append(difference)
    return found


def _difference(
    table: str, column: str, before: NDArray[Any] | None, now: NDArray[Any] | None
) -> Difference | None:
    if before is None or now is None:
        return Difference(table, column, _rows(before), _rows(now), 0, None)
    n = min(len(before), len(now))
    left, right = before[:n], now[:n]
    largest = None
    if left.dtype.kind == "f" and right.dtype.kind == "f":
        differ = left.astype(float).view(np.int64) != right.astype(float).view(np.int64)
        gaps = np.abs(left - right)[differ]
        largest = float(np.nanmax(gaps)) if np.isfinite(gaps).any() else None
    else:
        differ = np.array([_text(a) != _text(b) for a, b in zip(left, right, strict=True)], bool)
    if len(before) == len(now) and not differ.any():
        return None
    return Difference(table, column, len(before), len(now), int(differ.sum()), largest)


def _rows(values: NDArray[Any] | None) -> int:
    return 0 if values is None else len(values)


def _text(value: Any) -> str | None:
    return None if value is None or value != value else str(value)
