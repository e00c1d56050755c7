"""Recorded motion for virtual sensors: an imuhip session, or a MATLAB file of IMU arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from imuhip.core.segments import SEGMENTS
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.errors import ConfigError, ExchangeError
from imuhip.recording.session import Recording

__all__ = ["SEGMENT_OF_NAME", "load_motion"]

SEGMENT_OF_NAME: Final[Mapping[str, str]] = {
    "hip": "pelvis",
    "sacrum": "pelvis",
    "lower_back": "trunk",
    "upper_leg_left": "thigh_left",
    "upper_leg_right": "thigh_right",
    "lower_leg_left": "shank_left",
    "lower_leg_right": "shank_right",
    **{segment: segment for segment in SEGMENTS},
}
"""Names of sensors in files, and the segments they stand for."""

_MAT_CHANNELS: Final = ("acc", "gyr")


def load_motion(
    path: str | Path,
    *,
    start_s: float = 0.0,
    stop_s: float | None = None,
    segments: tuple[str, ...] | None = None,
) -> Recording:
    """Read recorded motion onto one time grid.

    Parameters
    ----------
    path : path
        A session file (``.h5``) or a MATLAB file (``.mat``) with one struct for each sensor, fields
        ``acc`` (n, 3) in m/s², ``gyr`` (n, 3) in rad/s and ``t`` (n,) in s (beside the sensors or
        in each of them). Sensor names are those of `SEGMENT_OF_NAME`.
    start_s, stop_s : float, s
        Part of it, on the file's own clock.
    segments : tuple of str, optional
        Segments wanted; all by default.

    Returns
    -------
    Recording
        Sensors of one length, time from 0.

    Raises
    ------
    ExchangeError
        When the file is missing, cannot be read as motion, or has none in the stretch wanted.
    ConfigError
        When a wanted segment is not in it.
    """
    path = Path(path)
    if not path.is_file():
        raise ExchangeError(f"{path}: no such file", hint="check the path")
    sensors = _mat_sensors(path) if path.suffix.lower() == ".mat" else _session_sensors(path)
    if segments is not None:
        missing = sorted(set(segments) - set(sensors))
        if missing:
            raise ConfigError(
                f"{path.name}: no motion of {', '.join(missing)}",
                hint=f"it has {', '.join(sensors)}",
            )
        sensors = {segment: sensors[segment] for segment in segments}
    return _on_one_grid(path, sensors, start_s, stop_s)


def _session_sensors(path: Path) -> dict[str, ImuSeries]:
    from imuhip.recording.reader import open_recording

    return dict(open_recording(path).sensors)


def _mat_sensors(path: Path) -> dict[str, ImuSeries]:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        content: dict[str, Any] = loadmat(path, simplify_cells=True)
    except (MatReadError, ValueError, NotImplementedError, OSError) as error:
        raise ExchangeError(
            f"{path.name}: not a MATLAB file that can be read ({error})",
            hint="save it in MATLAB with: save(file, ..., '-v7')",
        ) from error
    sensors = {}
    for name, segment in SEGMENT_OF_NAME.items():
        entry = content.get(name)
        if isinstance(entry, dict) and set(_MAT_CHANNELS) <= set(entry):
            sensors[segment] = _mat_series(path, name, entry, entry.get("t", content.get("t")))
    if not sensors:
        found = ", ".join(sorted(key for key in content if not key.startswith("__"))) or "nothing"
        raise ExchangeError(
            f"{path.name}: no sensor with a known name; found {found}",
            hint=f"names understood are {', '.join(SEGMENT_OF_NAME)}",
        )
    return sensors


def _mat_series(path: Path, name: str, entry: dict[str, Any], time_s: Any) -> ImuSeries:
    if time_s is None:
        raise ExchangeError(
            f"{path.name}: no time t for sensor {name}", hint="add the field t, in s"
        )
    try:
        return ImuSeries(
            time_s=np.ravel(np.asarray(time_s, dtype=float)),
            acc=np.asarray(entry["acc"], dtype=float),
            gyr=np.asarray(entry["gyr"], dtype=float),
        )
    except ValueError as error:
        raise ExchangeError(f"{path.name}: sensor {name}: {error}") from error


def _on_one_grid(
    path: Path, sensors: dict[str, ImuSeries], start_s: float, stop_s: float | None
) -> Recording:
    first_s = max(start_s, *(series.time_s[0] for series in sensors.values()))
    last_s = min(
        np.inf if stop_s is None else stop_s, *(series.time_s[-1] for series in sensors.values())
    )
    step_s = float(np.median(np.diff(next(iter(sensors.values())).time_s)))
    if not last_s - first_s > step_s:
        raise ExchangeError(
            f"{path.name}: no common motion between {first_s:g} s and {last_s:g} s",
            hint="widen the stretch to replay",
        )
    # A rate such as 99.9999 Hz is 100 Hz with rounded time stamps.
    rate_hz = float(np.round(1 / step_s, 2))
    n_samples = int(np.floor((last_s - first_s) * rate_hz + 1e-3)) + 1
    grid_s = first_s + np.arange(n_samples) / rate_hz
    return Recording.from_arrays(
        rate_hz=rate_hz,
        sensors={
            segment: dict(zip(("acc", "gyr"), _at(series, grid_s, rate_hz), strict=True))
            for segment, series in sensors.items()
        },
    )


def _at(series: ImuSeries, grid_s: FloatArray, rate_hz: float) -> tuple[FloatArray, FloatArray]:
    """Return the samples on a grid: unchanged when they lie on it, else between neighbours."""
    row = np.searchsorted(series.time_s, grid_s - 0.5 / rate_hz)
    row = np.clip(row, 0, len(series) - 1)
    if np.abs(series.time_s[row] - grid_s).max() < 1e-3 / rate_hz:
        return series.acc[row], series.gyr[row]
    valid = series.valid
    values = np.hstack((series.acc, series.gyr))[valid]
    columns = [np.interp(grid_s, series.time_s[valid], values[:, k]) for k in range(6)]
    resampled = np.stack(columns, axis=1)
    return resampled[:, :3], resampled[:, 3:]
