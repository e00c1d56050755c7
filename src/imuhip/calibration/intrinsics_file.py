"""Sensor intrinsics as files: one for each sensor, named by its serial number, readable by people.

``imuhip calibrate-sensor`` writes them into the user's data folder; kits that are shared bring
theirs in ``calibration/sensors/``. The user's own are looked up first. `intrinsics_writer` writes.
"""

from __future__ import annotations

import math
import os
import re
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import cattrs
import numpy as np

from imuhip import resources
from imuhip.calibration.intrinsics import Intrinsics
from imuhip.calibration.intrinsics_accelerometer import (
    ALL_DIRECTIONS,
    SIX_FACES,
    AccelerometerFit,
)
from imuhip.calibration.intrinsics_gyroscope import GyroscopeFit
from imuhip.calibration.toml_file import read_structured

__all__ = [
    "DATA_VARIABLE",
    "SensorFile",
    "find_sensor_file",
    "read_sensor_file",
    "sensor_file_name",
    "user_sensor_folder",
]

DATA_VARIABLE = "IMUHIP_DATA_DIR"
"""Environment variable naming another folder for what imuhip keeps for its user."""

_HINT = "Correct the file or delete it; docs/sensor_calibration.md explains each entry."
_LARGEST_DEVIATION = 0.2

Vector: TypeAlias = tuple[float, float, float]
Matrix: TypeAlias = tuple[Vector, Vector, Vector]


def _plausible_scale(_: object, attribute: attrs.Attribute[Any], value: Matrix) -> None:
    off = float(np.abs(np.array(value) - np.eye(3)).max())
    if off > _LARGEST_DEVIATION:
        raise ValueError(
            f"{attribute.name} is {off:.2f} off one, {_LARGEST_DEVIATION} is the limit"
        )


@attrs.frozen
class _Accelerometer:
    """As the file has it; see `AccelerometerFit`."""

    bias_m_s2: Vector
    scale: Matrix = attrs.field(validator=_plausible_scale)
    method: str = attrs.field(validator=attrs.validators.in_((ALL_DIRECTIONS, SIX_FACES)))
    poses: float
    error_before_m_s2: float
    residual_m_s2: float
    gain: float
    condition: float


@attrs.frozen
class _Gyroscope:
    """As the file has it; see `GyroscopeFit`."""

    bias_rad_s: Vector
    scale: Matrix = attrs.field(validator=_plausible_scale)
    scale_sd: Matrix
    moves: float
    full_turns: Vector
    error_before_deg: float
    residual_deg: float
    edge_before_deg: float | None = None
    edge_deg: float | None = None


@attrs.frozen
class _Content:
    """A whole file."""

    serial: str
    model: str
    made: datetime
    software: str
    temperature: str
    gravity_m_s2: float
    notes: tuple[str, ...]
    accelerometer: _Accelerometer
    gyroscope: _Gyroscope | None = None


@attrs.frozen(eq=False)
class SensorFile:
    """The intrinsics of one sensor, and where they come from.

    Parameters
    ----------
    serial, model : str
        Of the sensor.
    made : datetime
        When the calibration was computed, with a time zone.
    software : str
        That computed it.
    intrinsics : Intrinsics
    path : Path, optional
        Where it was read from.
    """

    serial: str
    model: str
    made: datetime
    software: str
    intrinsics: Intrinsics
    path: Path | None = None


def user_sensor_folder() -> Path:
    """Return the user's own folder of sensor files; it need not exist."""
    chosen = os.environ.get(DATA_VARIABLE)
    if chosen:
        return Path(chosen) / "calibration" / "sensors"
    import platformdirs

    return platformdirs.user_data_path("imuhip", appauthor=False) / "calibration" / "sensors"


def sensor_file_name(serial: str) -> str:
    """Return a file name for a serial number, which may hold anything a sensor sends.

    Raises
    ------
    ValueError
        When the sensor tells no serial number.
    """
    safe = re.sub(r"[^A-Za-z0-9_-]+", "_", serial)[:100]
    if not safe.strip("_"):
        raise ValueError(f"Expected a serial number, got {serial!r}")
    return f"{safe}.toml"


def find_sensor_file(serial: str) -> SensorFile | None:
    """Return what is known of the sensor: the user's own file, else the shipped one, else None.

    Raises
    ------
    ConfigError
        When there is a file that cannot be used; a wrong correction is worse than none.
    """
    try:
        name = sensor_file_name(serial)
    except ValueError:
        return None
    for folder in (user_sensor_folder(), _shipped_folder()):
        if folder is not None and (folder / name).is_file():
            found = read_sensor_file(folder / name)
            if found.serial == serial:
                return found
    return None


def _shipped_folder() -> Path | None:
    try:
        return resources.folder("calibration") / "sensors"
    except FileNotFoundError:
        return None


def read_sensor_file(path: Path) -> SensorFile:
    """Read a sensor file.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    content = read_structured(path, _Content, _converter(), _HINT)
    acc, gyr = content.accelerometer, content.gyroscope
    accelerometer = AccelerometerFit(
        bias_m_s2=np.array(acc.bias_m_s2),
        scale=np.array(acc.scale),
        method=acc.method,
        poses=round(acc.poses),
        error_before_m_s2=acc.error_before_m_s2,
        residual_m_s2=acc.residual_m_s2,
        gain=acc.gain,
        condition=acc.condition,
    )
    gyroscope = None if gyr is None else _gyroscope(gyr)
    return SensorFile(
        serial=content.serial,
        model=content.model,
        made=content.made,
        software=content.software,
        intrinsics=Intrinsics(accelerometer, gyroscope, content.gravity_m_s2, content.notes),
        path=path,
    )


def _gyroscope(read: _Gyroscope) -> GyroscopeFit:
    return GyroscopeFit(
        bias_rad_s=np.array(read.bias_rad_s),
        scale=np.array(read.scale),
        scale_sd=np.array(read.scale_sd),
        moves=round(read.moves),
        full_turns=np.array(read.full_turns),
        error_before_deg=read.error_before_deg,
        residual_deg=read.residual_deg,
        edge_before_deg=math.nan if read.edge_before_deg is None else read.edge_before_deg,
        edge_deg=math.nan if read.edge_deg is None else read.edge_deg,
    )


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(str, _string)
    converter.register_structure_hook(datetime, _date)
    converter.register_structure_hook_func(lambda kind: kind == Vector, _vector)
    converter.register_structure_hook_func(lambda kind: kind == Matrix, _matrix)
    return converter


def _number(value: Any, _: type) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"expected a number, got {value!r}")
    return float(value)


def _string(value: Any, _: type) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {value!r}")
    return value


def _date(value: Any, _: type) -> datetime:
    if not (isinstance(value, datetime) and value.tzinfo is not None):
        raise ValueError(f"expected a date with time and zone, got {value!r}")
    return value


def _vector(value: Any, _: type) -> Vector:
    if not (isinstance(value, list) and len(value) == 3):
        raise ValueError(f"expected three numbers, got {value!r}")
    x, y, z = (_number(each, float) for each in value)
    return x, y, z


def _matrix(value: Any, _: type) -> Matrix:
    if not (isinstance(value, list) and len(value) == 3):
        raise ValueError(f"expected three rows of three numbers, got {value!r}")
    a, b, c = (_vector(row, float) for row in value)
    return a, b, c
