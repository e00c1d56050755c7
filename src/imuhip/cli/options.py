"""Options several commands share, and reading what was typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from imuhip.errors import ConfigError

__all__ = [
    "AssignOption",
    "DebugOption",
    "FileArgument",
    "JsonOption",
    "OptionError",
    "RadioOption",
    "VersionOption",
    "free_path",
    "parsed_assignment",
    "session_path",
]


class OptionError(ConfigError):
    """Options that contradict each other or themselves; the command ends with exit code 2."""

    default_code = "E101"


def _show_version(wanted: bool) -> None:
    if wanted:
        from imuhip import __version__

        typer.echo(f"imuhip {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Print the traceback of an error; works in any place.")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the result as JSON on stdout and nothing else there.")
]
RadioOption = Annotated[
    str,
    typer.Option(
        "--radio",
        metavar="RADIO",
        help="auto: this computer's Bluetooth; sim: built-in virtual sensors; hci:TRANSPORT: any"
        " HCI controller, such as hci:tcp-client:127.0.0.1:9000 or hci:serial:/dev/ttyACM0;"
        " auto:hci1: one of BlueZ's adapters; several with commas between them.",
    ),
]
AssignOption = Annotated[
    list[str] | None,
    typer.Option(
        "--assign",
        metavar="SEGMENT=ADDRESS",
        help="Which sensor is worn where; once per sensor. Without it: the kit used last.",
    ),
]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="A session file (.h5).")]


def parsed_assignment(typed: Sequence[str]) -> dict[str, str]:
    """Return segment to address.

    Raises
    ------
    OptionError
        When an item is not ``SEGMENT=ADDRESS``, a segment is unknown or has two sensors, or a
        sensor is on two segments.
    """
    from imuhip.acquisition.assignment import checked_assignment

    pairs = []
    for item in typed:
        segment, equals, address = item.partition("=")
        if not (segment.strip() and equals and address.strip()):
            raise OptionError(
                f"--assign {item}: expected SEGMENT=ADDRESS",
                hint="for example --assign pelvis=C0:11:22:33:44:55;"
                " imuhip scan shows the addresses",
            )
        pairs.append((segment.strip(), address.strip()))
    try:
        return checked_assignment(pairs)
    except ConfigError as error:
        raise OptionError(error.message, hint=error.hint) from error


def session_path(folder: Path, now: datetime, label: str = "session") -> Path:
    """Return a file name made of date and time that does not exist yet in `folder`."""
    from imuhip.recording.naming import numbered, session_name

    return numbered(folder / session_name(now, label))


def free_path(path: Path) -> Path:
    """Return `path`, refusing one that exists and making the folder it lies in.

    Raises
    ------
    imuhip.errors.DiskError
        When the file exists or the folder cannot be made.
    """
    from imuhip.errors import DiskError
    from imuhip.recording.naming import made_folder

    if path.exists():
        raise DiskError(
            f"{path}: exists already; it is not overwritten",
            hint="choose another name with --out, or move the old file away",
        )
    return made_folder(path)
