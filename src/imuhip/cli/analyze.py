"""``imuhip analyze``: angles, strides and quality of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.gait_lines import print_gait
from imuhip.cli.options import FileArgument, JsonOption, OptionError
from imuhip.cli.output import print_json, print_table, say, working

if TYPE_CHECKING:
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = [
    "FilterOption",
    "MagOption",
    "PlaceOption",
    "analyze",
    "analyzed",
    "parsed_place",
    "print_analysis",
]

SPEED_TIMES_REAL_TIME = 150.0
"""For the time announced while analysing; the benchmark asks for at least 100."""

FilterOption = Annotated[
    str,
    typer.Option("--filter", help="Orientation filter: vqf, madgwick, mahony, ekf or aqua."),
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="Use only what was known at each instant, as the live view.")
]
MagOption = Annotated[
    bool,
    typer.Option("--magnetometer", help="Judge the magnetic field; use it where undisturbed."),
]
PlaceOption = Annotated[
    str | None,
    typer.Option(
        "--place",
        metavar="LAT,LON",
        help="Where it was recorded, in degrees: the field to be expected there.",
    ),
]
SlipsOption = Annotated[
    bool,
    typer.Option("--correct-slips", help="Turn sensors back from where their strap slipped."),
]


def analyze(
    file: FileArgument,
    orientation_filter: FilterOption = "vqf",
    live: LiveOption = False,
    magnetometer: MagOption = False,
    place: PlaceOption = None,
    correct_slips: SlipsOption = False,
    json: JsonOption = False,
) -> None:
    """Compute hip and pelvis angles, strides and their quality."""
    import imuhip

    where = parsed_place(place, magnetometer=magnetometer)
    recording = imuhip.open(file)
    analysis = analyzed(
        recording,
        orientation_filter=orientation_filter,
        live=live,
        magnetometer=magnetometer,
        place=where,
        correct_slips=correct_slips,
    )
    if json:
        print_json({"file": file, "summary": analysis.summary, "quality": analysis.quality})
    else:
        say(f"{file}: {recording.duration_s:.1f} s, {len(recording.sensors)} sensors")
        print_analysis(analysis)


def parsed_place(typed: str | None, *, magnetometer: bool) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees.

    Raises
    ------
    OptionError
        When it is not two numbers, or the magnetometer is off.
    """
    if typed is None:
        return None
    if not magnetometer:
        raise OptionError(
            "--place: of use to the magnetometer only", hint="add --magnetometer, or leave it out"
        )
    try:
        latitude, longitude = (float(part) for part in typed.split(","))
    except ValueError:
        raise OptionError(
            f"--place {typed}: expected LAT,LON in degrees",
            hint="such as --place 52.52,13.40; south and west are negative: --place=-33.9,151.2",
        ) from None
    return latitude, longitude


def analyzed(recording: Recording, **options: Any) -> Analysis:
    """Analyse with progress on stderr."""
    import imuhip

    expected_s = recording.duration_s / SPEED_TIMES_REAL_TIME
    with working(f"analysing {recording.duration_s:.0f} s", expected_s):
        return imuhip.analyze(recording, **options)


def print_analysis(analysis: Analysis) -> None:
    """Print quality first, then strides and the angles' ranges over a stride."""
    quality, summary = analysis.quality, analysis.summary
    say(f"quality {quality['grade']}" + ("" if quality["reasons"] else ": nothing to report"))
    for reason in quality["reasons"]:
        say(f"  - {reason}")
    _print_field(quality.get("magnetometer"))
    for side, found in summary["sides"].items():
        say(
            f"{side}: {found['strides_used']} of {found['strides']} strides used,"
            f" stride time {_spread(found['stride_time_s'], 's', 2)}"
        )
    print_gait(summary["gait"])
    say()
    rows = list(_angle_rows(summary))
    if rows:
        print_table(("per stride", "range", "minimum", "maximum"), rows)
    else:
        say("no stride to report angles of")


def _print_field(found: Mapping[str, Any] | None) -> None:
    """Print what was expected and measured of the magnetic field, where that was asked for."""
    if found is None:
        return
    reference = found["reference"]
    day = f", {reference['day']}" if "day" in reference else ""
    say(f"magnetic field (expected from {reference['from']}{day})")
    for segment, one in found["sensors"].items():
        say(
            f"  {segment}: disturbed {one['disturbed_percent']:.1f} % of the time;"
            f" strength {_field(one, 'strength_ut', ' µT')}; dip {_field(one, 'dip_deg', '°')}"
        )
    for side, hip in found["hips"].items():
        say(f"  {side} hip: {'used' if hip['used'] else 'not used, ' + hip['why_not']}")


def _field(one: Mapping[str, Any], name: str, unit: str) -> str:
    low, middle, high = one[f"measured_{name}"]
    if middle is None:
        return "never measured"
    expected = one[f"expected_{name}"]
    return f"{middle:.1f} ({low:.1f} to {high:.1f}){unit}, expected {expected:.1f}{unit}"


def _angle_rows(summary: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    groups = [*summary["sides"].values(), summary["pelvis"]]
    return [
        (name.replace("_", " "), *(_spread(found[f"{kind}_deg"], "°") for kind in _KINDS))
        for group in groups
        for name, found in group.items()
        if name.startswith(("hip_", "pelvis_"))
    ]


_KINDS = ("range", "min", "max")


def _spread(found: Mapping[str, Any], unit: str, digits: int = 1) -> str:
    if found["mean"] is None:
        return "-"
    scatter = "" if found["sd"] is None else f" ± {found['sd']:.{digits}f}"
    space = "" if unit == "°" else " "
    return f"{found['mean']:.{digits}f}{scatter}{space}{unit}"
