"""``imuhip report``: one page per session."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imuhip.cli.analyze import FilterOption, MagOption, PlaceOption, analyzed, parsed_place
from imuhip.cli.options import FileArgument, JsonOption, free_path
from imuhip.cli.output import print_json, say, working

__all__ = ["report"]

OutOption = Annotated[
    Path | None, typer.Option("--out", help="The page to write; by default FILE with .html.")
]


def report(
    file: FileArgument,
    out: OutOption = None,
    orientation_filter: FilterOption = "vqf",
    magnetometer: MagOption = False,
    place: PlaceOption = None,
    json: JsonOption = False,
) -> None:
    """Analyse a recording and write one self-contained HTML page about it."""
    import imuhip
    from imuhip.analysis.settings import Settings
    from imuhip.report.page import write_report

    where = parsed_place(place, magnetometer=magnetometer)
    path = out or file.with_suffix(".html")
    recording = imuhip.open(file)
    free_path(path)
    analysis = analyzed(
        recording, orientation_filter=orientation_filter, magnetometer=magnetometer, place=where
    )
    settings = Settings(orientation_filter, magnetometer=magnetometer, place=where)
    with working("writing the report", 2.0):
        write_report(recording, analysis, path, settings=settings)
    if json:
        print_json({"file": file, "report": path, "grade": analysis.quality["grade"]})
    else:
        say(f"report {path} (quality {analysis.quality['grade']})")
