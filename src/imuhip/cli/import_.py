"""``imuhip import``: other makers' files become one session file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.import_orientations import ENDING, import_orientations
from imuhip.cli.options import JsonOption, OptionError, free_path
from imuhip.cli.output import print_json, print_table, say, working

if TYPE_CHECKING:
    from imuhip.exchange.session import Imported

__all__ = ["import_"]

_Sources = Annotated[
    list[Path],
    typer.Argument(metavar="SRC...", help="Files of one session, or a folder with them."),
]
_AssignOption = Annotated[
    list[str] | None,
    typer.Option(
        "--assign",
        metavar="SEGMENT=FILE",
        help="Which file is whose; or SEGMENT=SENSOR, by its name in a file of several. Without"
        " it, names such as Pelvis or LFemur tell.",
    ),
]
_OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="The session file; by default, here, the first file's name with .h5. For .sto the"
        " table of angles (.csv).",
    ),
]
_FormatOption = Annotated[
    str | None, typer.Option("--format", help="Of the files; by default their first lines tell.")
]
_MappingOption = Annotated[
    Path | None,
    typer.Option("--mapping", help="Which columns are what (TOML), for any CSV or Parquet file."),
]
_PoseOption = Annotated[
    str | None,
    typer.Option(
        "--pose",
        metavar="START:END",
        help="For .sto: seconds in which the person stood upright; places the sensors.",
    ),
]
_ForwardsOption = Annotated[
    str,
    typer.Option(
        "--forwards", help="For .sto: the axis of the pelvis' sensor that then pointed forwards."
    ),
]
_SubjectOption = Annotated[
    str | None, typer.Option("--subject", help="A code for the person, never a name.")
]


def import_(
    sources: _Sources,
    assign: _AssignOption = None,
    out: _OutOption = None,
    file_format: _FormatOption = None,
    mapping: _MappingOption = None,
    subject: _SubjectOption = None,
    pose: _PoseOption = None,
    forwards: _ForwardsOption = "z",
    json: JsonOption = False,
) -> None:
    """Make a session file of other makers' logs, and say what was wrong with them.

    Of OpenSim's orientations (.sto) it makes a table of angles: they hold nothing measured.
    """
    from imuhip.exchange.importers import files_in, read_logs
    from imuhip.exchange.mapping import read_mapping
    from imuhip.exchange.session import assigned, joined

    wanted = _assignment(assign or ())
    if mapping is not None and file_format is not None:
        raise OptionError(
            "--mapping and --format exclude each other", hint="a mapping is for any other format"
        )
    columns = None if mapping is None else read_mapping(mapping)
    files = files_in(sources)
    if any(file.suffix.casefold() == ENDING for file in files):
        if len(files) > 1 or columns is not None or file_format is not None or subject is not None:
            raise OptionError(
                "orientations (.sto) are imported by themselves, without --mapping, --format or"
                " --subject",
                hint="one file at a time",
            )
        import_orientations(files[0], wanted, out, pose=pose, forwards=forwards, json=json)
        return
    if pose is not None:
        raise OptionError("--pose is for orientations (.sto)", hint="leave it away")
    path = free_path(out or Path(f"{files[0].stem}.h5"))
    with working("reading", 1.0):
        logs = [log for file in files for log in read_logs(file, file_format, columns)]
        chosen, unused = assigned(logs, wanted)
        imported = joined(chosen, subject=subject, unused=unused)
        imported.recording.save(path)
    if json:
        print_json(_as_dict(imported, path))
    else:
        _print(imported, path)


def _assignment(typed: list[str] | tuple[str, ...]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for item in typed:
        segment, equals, name = (part.strip() for part in item.partition("="))
        if not (segment and equals and name) or segment in wanted:
            raise OptionError(
                f"--assign {item}: expected SEGMENT=FILE, each segment once",
                hint="for example --assign pelvis=Pelvis.csv --assign thigh_left=LFemur.csv",
            )
        wanted[segment] = name
    return wanted


def _print(imported: Imported, path: Path) -> None:
    recording = imported.recording
    print_table(
        (
            "segment", "sensor", "from s", "to s", "rows", "used", "dropped", "reordered", "lost",
            "gap s", "jumps",
        ),
        [_row(imported, segment) for segment in imported.logs],
        shorten=("sensor",),
    )  # fmt: skip
    for line in _remarks(imported):
        say(f"  - {line}")
    say(f"session {path}: {recording.duration_s:.1f} s at {recording.rate_hz:g} Hz")


def _row(imported: Imported, segment: str) -> tuple[str, ...]:
    log, series = imported.logs[segment], imported.recording.sensors[segment]
    faults = log.faults
    return (
        segment,
        log.title,
        f"{series.time_s[0]:.2f}",
        f"{series.time_s[-1]:.2f}",
        str(faults.rows),
        str(faults.rows - faults.dropped),
        str(faults.dropped),
        str(faults.reordered),
        f"{faults.lost} ({faults.lost / len(series):.0%})",
        f"{faults.longest_gap_s:.2f}",
        str(faults.time_jumps),
    )


def _remarks(imported: Imported) -> list[str]:
    """Return what the table has no column for."""
    lines = [f"clocks: {imported.clocks}"]
    for segment, log in imported.logs.items():
        faults = log.faults
        kinds = {
            "with another number of values than the header": faults.ragged,
            "with values that are none": faults.unreadable,
            "that stood there already": faults.repeated,
            "from before or after the clock began anew": faults.outside,
        }
        lines += [f"{segment}: {n} rows {kind}, dropped" for kind, n in kinds.items() if n]
        if faults.wraps:
            lines.append(f"{segment}: the counter of time wrapped {faults.wraps} times, no loss")
        if log.derived:
            lines.append(f"{segment}: not measured but derived: {log.derived}")
        lines += [f"{segment}: {note}" for note in log.notes]
    lines += [f"not used: {title}" for title in imported.unused]
    return lines


def _as_dict(imported: Imported, path: Path) -> dict[str, Any]:
    recording = imported.recording
    return {
        "file": path,
        "rate_hz": recording.rate_hz,
        "duration_s": recording.duration_s,
        "start_time": recording.start_time,
        "clocks": imported.clocks,
        "unused": imported.unused,
        "sensors": {
            segment: {
                "source": log.path,
                "sensor": log.name,
                "model": log.model,
                "from_s": recording.sensors[segment].time_s[0],
                "to_s": recording.sensors[segment].time_s[-1],
                "faults": log.faults.as_dict(),
                "derived": log.derived,
                "notes": log.notes,
            }
            for segment, log in imported.logs.items()
        },
    }
