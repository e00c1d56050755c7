"""Recordings of APDM Opal sensors: HDF5 of format version 5, as Mobility Lab writes it.

Each sensor is a group below ``Sensors``: ``Time`` in µs since 1970 on the clock that the sensors
share by radio, ``Accelerometer`` in m/s², ``Gyroscope`` in rad/s, ``Magnetometer`` in µT, and a
``Configuration`` that holds the label of where it was worn.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.errors import ExchangeError, RecordingError
from imuhip.exchange.samples import Rows, as_series
from imuhip.exchange.sensor_log import SensorLog
from imuhip.recording.access import SessionFile
from imuhip.recording.foreign import ForeignFile

__all__ = ["is_hdf5", "read_apdm"]

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_SENSORS = 64
TICK_S = 1e-6


def is_hdf5(path: Path) -> bool:
    """Return whether a file begins as HDF5 does."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def read_apdm(path: Path) -> list[SensorLog]:
    """Read all sensors of a recording.

    Raises
    ------
    ExchangeError
        When it is of another layout, or damaged.
    """
    try:
        with ForeignFile(path) as file:
            if not file.has("Sensors"):
                is_ours = file.has_attribute("/", "schema")
                raise ExchangeError(
                    f"{path}: HDF5 without the group Sensors of APDM's format version 5",
                    hint="this is a session of imuhip already: it needs no import"
                    if is_ours
                    else "APDM's files before version 5 and other HDF5 are not read; export CSV and"
                    " import it with --mapping",
                    code="E702",
                )
            names = file.names("Sensors")
            if not 0 < len(names) <= MOST_SENSORS:
                raise ExchangeError(
                    f"{path}: {len(names)} sensors, 1 to {MOST_SENSORS} are taken",
                    hint="is this the right file?",
                    code="E703" if not names else "E704",
                )
            return [_log(file, name) for name in names]
    except RecordingError as error:
        raise ExchangeError(error.message, hint=error.hint, code="E704") from error


def _log(file: SessionFile, name: str) -> SensorLog:
    place = f"Sensors/{name}"
    time_s = file.read(f"{place}/Time", "iu").astype(float) * TICK_S
    acc, gyr = (_vectors(file, f"{place}/{kind}") for kind in ("Accelerometer", "Gyroscope"))
    has_mag = file.has(f"{place}/Magnetometer")
    mag = _vectors(file, f"{place}/Magnetometer") if has_mag else None
    lengths = {len(part) for part in (time_s, acc, gyr, mag) if part is not None}
    if len(lengths) > 1:
        raise ExchangeError(
            f"{file.path}: {place}: its signals have {sorted(lengths)} rows, one length is needed",
            hint="export the file again with its program",
            code="E704",
        )
    where = f"{file.path} ({name})"
    series, rate_hz, faults = as_series(Rows(time_s, acc, gyr, mag), _rate(file, place), where)
    return SensorLog(
        path=file.path,
        name=_label(file, place) or name,
        model="APDM Opal",
        series=series,
        rate_hz=rate_hz,
        clock="synced",
        faults=faults,
        start=_start(float(series.time_s[0])),
        notes=(f"sensor {name}",),
    )


def _vectors(file: SessionFile, place: str) -> FloatArray:
    return np.asarray(file.read(place, "f", width=3), dtype=float)


def _label(file: SessionFile, place: str) -> str:
    place = f"{place}/Configuration"
    if not (file.has(place) and file.has_attribute(place, "Label 0")):
        return ""
    return file.text(place, "Label 0").strip("\0 ")[:100]


def _rate(file: SessionFile, place: str) -> float | None:
    place = f"{place}/Configuration"
    if not (file.has(place) and file.has_attribute(place, "Sample Rate")):
        return None
    rate_hz = file.number(place, "Sample Rate")
    return rate_hz if 1.0 <= rate_hz <= 10_000.0 else None


def _start(unix_s: float) -> datetime | None:
    return datetime.fromtimestamp(unix_s, tz=UTC) if 1e9 < unix_s < 4e9 else None
