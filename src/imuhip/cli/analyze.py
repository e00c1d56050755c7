"""``imuhip analyze``: angles, strides and quality of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.options import FileArgument, JsonOption
from imuhip.cli.output import print_json, print_table, say, working

if TYPE_CHECKING:
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = ["FilterOption", "analyze", "analyzed", "print_analysis"]

SPEED_TIMES_REAL_TIME = 150.0
"""For the time announced while analysing; the benchmark asks for at least 100."""

FilterOption = Annotated[
    str,
    typer.Option("--filter", help="Orientation filter: vqf, madgwick, mahony, ekf or aqua."),
]
LiveOption = Annotated[
    bool, typer.Option("--live", help="Use only what was known at each instant, as the live view.")
]
MagOption = Annotated[bool, typer.Option("--magnetometer", help="Use it where there is one.")]
SlipsOption = Annotated[
    bool,
    typer.Option("--correct-slips", help="Turn sensors back from where their strap slipped."),
]


def analyze(
    file: FileArgument,
    orientation_filter: FilterOption = "vqf",
    live: LiveOption = False,
    magnetometer: MagOption = False,
    correct_slips: SlipsOption = False,
    json: JsonOption = False,
) -> None:
    """Compute hip and pelvis angles, strides and their quality."""
    import imuhip

    recording = imuhip.open(file)
    analysis = analyzed(
        recording,
        orientation_filter=orientation_filter,
        live=live,
        magnetometer=magnetometer,
        correct_slips=correct_slips,
    )
    if json:
        print_json({"file": file, "summary": analysis.summary, "quality": analysis.quality})
    else:
        say(f"{file}: {recording.duration_s:.1f} s, {len(recording.sensors)} sensors")
        print_analysis(analysis)


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
    for side, found in summary["sides"].items():
        say(
            f"{side}: {found['strides_used']} of {found['strides']} strides used,"
            f" stride time {_spread(found['stride_time_s'], 's', 2)}"
        )
    say()
    rows = list(_angle_rows(summary))
    if rows:
        print_table(("per stride", "range", "minimum", "maximum"), rows)
    else:
        say("no stride to report angles of")


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
