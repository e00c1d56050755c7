"""``imuhip export``: a session's results as files that other programs open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.analyze import FilterOption, analyzed
from imuhip.cli.options import FileArgument, JsonOption
from imuhip.cli.output import note, print_json, say, working

if TYPE_CHECKING:
    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = ["export"]

_FormatOption = Annotated[
    str, typer.Option("--format", help="csv, parquet, opensim, mat, c3d, fit or bids.")
]
_OutOption = Annotated[
    Path | None, typer.Option("--out", help="The folder; by default one beside FILE.")
]


def export(
    file: FileArgument,
    file_format: _FormatOption,
    out: _OutOption = None,
    orientation_filter: FilterOption = "vqf",
    json: JsonOption = False,
) -> None:
    """Write angles, strides, curves and measures for other programs, and say what has no place."""
    import imuhip
    from imuhip.exchange.exporters import exporter
    from imuhip.exchange.results import Results

    chosen = exporter(file_format)
    recording = imuhip.open(file)
    folder = out or file.with_name(f"{file.stem}_{chosen.name}")
    analysis, why_not = _analysis(recording, orientation_filter)
    results = Results(
        recording,
        analysis,
        _assessment(recording, analysis),
        _settings(recording, file, orientation_filter, why_not),
    )
    if why_not:
        note(f"no angles: {why_not}")
    with working(f"writing {chosen.title}", 2.0):
        done = chosen.write(results, folder, file.stem)
    if json:
        print_json({"file": file, "files": done.files, "not_held": done.not_held})
        return
    for path in done.files:
        say(str(path))
    say(f"{chosen.name} has no place for:")
    for line in done.not_held:
        say(f"  - {line}")


def _analysis(recording: Recording, orientation_filter: str) -> tuple[Analysis | None, str]:
    """Return the analysis, or None and the reason: a session of tests alone has no gait."""
    from imuhip.errors import AnalysisError, CalibrationError

    try:
        return analyzed(recording, orientation_filter=orientation_filter), ""
    except (AnalysisError, CalibrationError) as error:
        from imuhip.analysis.trials import find_trials

        if not find_trials(recording.markers):
            raise
        return None, error.message


def _assessment(recording: Recording, analysis: Analysis | None) -> Assessment | None:
    import imuhip
    from imuhip.analysis.trials import find_trials

    if not find_trials(recording.markers):
        return None
    return imuhip.assess(recording, analysis=analysis)


def _settings(
    recording: Recording, file: Path, orientation_filter: str, why_not: str
) -> dict[str, Any]:
    import hashlib

    import imuhip

    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {
        "source": file.name,
        "source_sha256": digest,
        "software": f"imuhip {imuhip.__version__}",
        "orientation_filter": orientation_filter,
        "no_angles_because": why_not or None,
        "subject": recording.subject,
        "start_time": recording.start_time.isoformat() if recording.start_time else None,
        "rate_hz": recording.rate_hz,
        "recording_settings": dict(recording.settings),
        "markers": [
            {"name": m.name, "start_s": m.start_s, "end_s": m.end_s} for m in recording.markers
        ],
        "conventions": "degrees; + is flexion, adduction, internal rotation on both sides; pelvis"
        " + anterior tilt, right side up, right side forward; _sd_deg is one sigma",
    }
