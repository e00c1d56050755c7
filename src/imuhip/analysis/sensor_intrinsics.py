"""Takes a sensor's known errors out of its samples before anything else; raw data stay raw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from imuhip.calibration.intrinsics import Intrinsics, apply_intrinsics
from imuhip.calibration.intrinsics_file import SensorFile, find_sensor_file
from imuhip.core.series import ImuSeries

if TYPE_CHECKING:
    from imuhip.recording.session import Recording

__all__ = ["corrected_sensors", "note_intrinsics"]


def corrected_sensors(
    recording: Recording, intrinsics: Mapping[str, Intrinsics] | bool = True
) -> tuple[dict[str, ImuSeries], dict[str, str]]:
    """Return the sensors of a recording without their known errors, and what was applied.

    Parameters
    ----------
    recording : Recording
    intrinsics : mapping of segment to Intrinsics, or bool
        True looks every sensor up by its serial number; False corrects nothing.

    Returns
    -------
    sensors : dict of segment to ImuSeries
    applied : dict of segment to str
        In words; ``"none"`` for a sensor left as it is.

    Raises
    ------
    ConfigError
        When a sensor has a file that cannot be used.
    """
    sensors, applied = {}, {}
    for segment, series in recording.sensors.items():
        found, told = _known(recording, segment, intrinsics)
        sensors[segment] = series if found is None else apply_intrinsics(series, found)
        applied[segment] = told
    return sensors, applied


def note_intrinsics(quality: dict[str, Any], applied: Mapping[str, str]) -> None:
    """Write into a quality record what was applied to each sensor."""
    for segment, told in applied.items():
        if segment in quality["sensors"]:
            quality["sensors"][segment]["intrinsics"] = told


def _known(
    recording: Recording, segment: str, intrinsics: Mapping[str, Intrinsics] | bool
) -> tuple[Intrinsics | None, str]:
    if not isinstance(intrinsics, bool):
        given = intrinsics.get(segment)
        return given, "none" if given is None else f"given, {_parts(given)}"
    device = recording.devices.get(segment) if intrinsics else None
    found = None if device is None else find_sensor_file(device.identity.serial)
    if found is None:
        return None, "none"
    return found.intrinsics, _from_file(found)


def _from_file(found: SensorFile) -> str:
    return f"calibrated {found.made:%Y-%m-%d}, {_parts(found.intrinsics)}"


def _parts(intrinsics: Intrinsics) -> str:
    if intrinsics.gyroscope is None:
        return "accelerometer only"
    return "accelerometer and gyroscope"
