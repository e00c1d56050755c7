"""Writes the file of a sensor's intrinsics, as people would write it by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

from imuhip.calibration.intrinsics_accelerometer import AccelerometerFit
from imuhip.calibration.intrinsics_file import SensorFile
from imuhip.calibration.intrinsics_gyroscope import GyroscopeFit
from imuhip.core.series import FloatArray
from imuhip.errors import DiskError

__all__ = ["write_sensor_file"]


def write_sensor_file(path: Path, sensor: SensorFile) -> Path:
    """Write a sensor file; one that exists is replaced in one step.

    Raises
    ------
    DiskError
        When it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(_as_toml(sensor), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise DiskError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="choose another place with --out",
        ) from error
    return path


def _as_toml(sensor: SensorFile) -> str:
    found = sensor.intrinsics
    lines = [
        "# Errors of one sensor: true = scale (read - bias). Written by imuhip calibrate-sensor.",
        f"serial = {_text(sensor.serial)}",
        f"model = {_text(sensor.model)}",
        f"made = {sensor.made.astimezone(UTC).isoformat(timespec='seconds')}",
        f"software = {_text(sensor.software)}",
        'temperature = "unknown"',
        f"gravity_m_s2 = {found.gravity_m_s2:.5f}",
        f"notes = [{', '.join(_text(note) for note in found.notes)}]",
        "",
        *_accelerometer_lines(found.accelerometer),
    ]
    if found.gyroscope is not None:
        lines += ["", *_gyroscope_lines(found.gyroscope)]
    return "\n".join(lines) + "\n"


def _accelerometer_lines(fit: AccelerometerFit) -> list[str]:
    return [
        "[accelerometer]",
        f"bias_m_s2 = {_row(fit.bias_m_s2)}",
        f"scale = {_rows(fit.scale)}",
        f"method = {_text(fit.method)}",
        f"poses = {fit.poses}",
        f"error_before_m_s2 = {fit.error_before_m_s2:.5f}  # of the length of gravity, RMS",
        f"residual_m_s2 = {fit.residual_m_s2:.5f}  # the same, corrected",
        f"gain = {fit.gain:.3f}  # of the error of one pose into any direction, at most",
        f"condition = {fit.condition:.2f}",
    ]


def _gyroscope_lines(fit: GyroscopeFit) -> list[str]:
    lines = [
        "[gyroscope]",
        f"bias_rad_s = {_row(fit.bias_rad_s, 8)}",
        f"scale = {_rows(fit.scale)}",
        f"scale_sd = {_rows(fit.scale_sd)}",
        f"moves = {fit.moves}",
        f"full_turns = {_row(fit.full_turns, 0)}",
        f"error_before_deg = {fit.error_before_deg:.4f}  # of gravity after a move, RMS",
        f"residual_deg = {fit.residual_deg:.4f}  # the same, corrected",
    ]
    if math.isfinite(fit.edge_deg):
        lines += [
            f"edge_before_deg = {fit.edge_before_deg:.3f}  # beyond whole turns, RMS",
            f"edge_deg = {fit.edge_deg:.3f}  # the same, corrected",
        ]
    return lines


def _text(value: str) -> str:
    """Return a basic string; JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _row(values: FloatArray | Sequence[float], digits: int = 7) -> str:
    return "[" + ", ".join(f"{value:.{digits}f}" for value in values) + "]"


def _rows(matrix: FloatArray) -> str:
    return "[\n" + "".join(f"  {_row(row)},\n" for row in matrix) + "]"
