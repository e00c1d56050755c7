"""``imuhip calibrate-sensor``: find one sensor's own errors, guided, without any equipment."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption, OptionError, RadioOption, free_path, session_path
from imuhip.cli.output import note, print_json, print_table, say, working
from imuhip.cli.record import RateOption
from imuhip.errors import ConfigError

if TYPE_CHECKING:
    from imuhip.calibration.intrinsics import Intrinsics
    from imuhip.calibration.intrinsics_file import SensorFile
    from imuhip.recording.session import Recording

__all__ = ["calibrate_sensor"]

SensorOption = Annotated[
    str | None, typer.Option("--sensor", metavar="ADDRESS", help="Record this sensor, guided.")
]
FileOption = Annotated[
    Path | None, typer.Option("--file", help="Use a recording made before instead.")
]
SegmentOption = Annotated[
    str, typer.Option("--segment", help="Which sensor of the recording; the label does not matter.")
]
SerialOption = Annotated[
    str | None,
    typer.Option("--serial", help="Its serial number, where the recording does not tell it."),
]
LatitudeOption = Annotated[
    float | None,
    typer.Option("--latitude", min=-90, max=90, help="Degrees, for local gravity."),
]
AltitudeOption = Annotated[
    float, typer.Option("--altitude", min=-500, max=9000, help="Metres, with --latitude.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="The file; by default your data folder, where analyses find it."),
]


def calibrate_sensor(
    sensor: SensorOption = None,
    file: FileOption = None,
    segment: SegmentOption = "pelvis",
    radio: RadioOption = "auto",
    rate: RateOption = 100,
    serial: SerialOption = None,
    latitude: LatitudeOption = None,
    altitude: AltitudeOption = 0.0,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Find a sensor's bias, scale and cross-axis errors; analyses then correct them.

    About four minutes by hand: still poses in all directions, then ten full turns on a table about
    each axis. --radio sim shows it with a virtual sensor.
    """
    import imuhip

    if (file is None) == (sensor is None and radio != "sim"):
        raise OptionError(
            "expected either --sensor ADDRESS or --file FILE",
            hint="imuhip scan shows the addresses; --radio sim tries it without a sensor",
        )
    if out is not None:
        out = free_path(out)
    if file is None:
        from imuhip.cli.intrinsics_recording import record_bench

        file = session_path(Path("recordings"), datetime.now().astimezone(), "calibration")
        record_bench(file, sensor, segment, radio, rate)
        note(f"recorded {file}")
    recording = imuhip.open(file)
    found = _calibrated(recording, segment, serial, latitude, altitude)
    path = _written(found, out)
    if json:
        print_json(_facts(found) | {"file": path, "recording": file})
    else:
        _print(found, path)


def _calibrated(
    recording: Recording,
    segment: str,
    serial: str | None,
    latitude_deg: float | None,
    altitude_m: float,
) -> SensorFile:
    from imuhip import __version__
    from imuhip.calibration import intrinsics
    from imuhip.calibration.intrinsics_file import SensorFile

    if segment not in recording.sensors:
        raise OptionError(
            f"--segment {segment}: the recording has {', '.join(recording.sensors)}",
            hint="name the sensor that was calibrated with --segment",
        )
    device = recording.devices.get(segment)
    known = serial or (device.identity.serial if device is not None else "")
    if not known.strip():
        raise ConfigError(
            f"{segment}: the recording does not tell the sensor's serial number",
            hint="name it with --serial; analyses find the calibration by it",
            code="E103",
        )
    gravity = intrinsics.STANDARD_GRAVITY_M_S2
    if latitude_deg is not None:
        gravity = intrinsics.local_gravity_m_s2(latitude_deg, altitude_m)
    with working("calibrating", 2.0):
        found = intrinsics.calibrate_sensor(recording.sensors[segment], gravity)
    return SensorFile(
        serial=known,
        model="" if device is None else device.identity.model,
        made=datetime.now(UTC),
        software=f"imuhip {__version__}",
        intrinsics=found,
    )


def _written(found: SensorFile, out: Path | None) -> Path:
    from imuhip.calibration.intrinsics_file import sensor_file_name, user_sensor_folder
    from imuhip.calibration.intrinsics_writer import write_sensor_file

    if out is not None:
        return write_sensor_file(out, found)
    try:
        path = user_sensor_folder() / sensor_file_name(found.serial)
    except ValueError as error:
        raise ConfigError(
            f"serial number {found.serial!r} has no letter or digit to name a file by",
            hint="name it with --serial, or the file with --out",
            code="E103",
        ) from error
    if path.exists():
        with suppress(OSError):
            path.replace(path.with_suffix(".previous"))
    return write_sensor_file(path, found)


def _facts(found: SensorFile) -> dict[str, object]:
    return {
        "serial": found.serial,
        "made": found.made,
        "intrinsics": found.intrinsics,
        "improvements": [
            {"what": what, "before": before, "after": after, "unit": unit}
            for what, before, after, unit in _improvements(found.intrinsics)
        ],
    }


def _improvements(found: Intrinsics) -> list[tuple[str, float, float, str]]:
    acc, gyr = found.accelerometer, found.gyroscope
    rows = [("gravity at rest", acc.error_before_m_s2, acc.residual_m_s2, "m/s²")]
    if gyr is not None:
        rows.append(("gravity after a move", gyr.error_before_deg, gyr.residual_deg, "°"))
        if math.isfinite(gyr.edge_deg):
            rows.append(("edge after full turns", gyr.edge_before_deg, gyr.edge_deg, "°"))
    return rows


def _print(found: SensorFile, path: Path) -> None:
    acc, gyr = found.intrinsics.accelerometer, found.intrinsics.gyroscope
    used = f"{acc.poses} poses ({acc.method})"
    if gyr is not None:
        used += f", {gyr.moves} moves, {gyr.full_turns.sum():.0f} full turns"
    say(f"{found.serial}: {used}")
    print_table(
        ("error, RMS", "as read", "corrected", "unit"),
        [
            (what, f"{before:.3f}", f"{after:.3f}", unit)
            for what, before, after, unit in _improvements(found.intrinsics)
        ],
    )
    for text in found.intrinsics.notes:
        say(f"note: {text}")
    say(f"written {path}")
