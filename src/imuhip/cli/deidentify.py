"""``imuhip deidentify``: copies of recordings that do not tell whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import note, print_json, say, working

__all__ = ["deidentify"]

_Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Session files (.h5).")]
_OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", help="The new file, or a folder; by default CODE.h5 beside each FILE."
    ),
]
_CodeOption = Annotated[
    str | None, typer.Option("--code", help="The new subject code; drawn without it.")
]
_ShiftOption = Annotated[
    int | None, typer.Option("--shift-days", help="Added to the date; drawn without it.")
]
_KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key", help="A study's secret: the same person gets the same code and shift each time."
    ),
]


def deidentify(
    files: _Files,
    out: _OutOption = None,
    code: _CodeOption = None,
    shift_days: _ShiftOption = None,
    key: _KeyOption = None,
    json: JsonOption = False,
) -> None:
    """Write copies without names, notes, serials, addresses and true dates; samples stay as are."""
    from imuhip.exchange.deidentified import deidentified_copy, read_key

    alone = out is not None and out.suffix == ".h5"
    if alone and len(files) > 1:
        raise OptionError(
            f"--out {out}: one name for {len(files)} files", hint="name a folder: --out shared/"
        )
    secret = read_key(key) if key is not None else None
    done = []
    for file in files:
        with working(f"copying {file.name}", 2.0):
            found = deidentified_copy(
                file,
                None if alone else out,
                out=out if alone else None,
                code=code,
                shift_days=shift_days,
                key=secret,
            )
        done.append((file, found))
    if json:
        print_json(
            [
                {
                    "file": file,
                    "written": found.path,
                    "subject": found.subject,
                    "shifted_days": found.shifted_days,
                    "removed": {one.what: one.count for one in found.removed},
                    "kept": _KEPT,
                }
                for file, found in done
            ]
        )
        return
    for file, found in done:
        say(f"{file} -> {found.path}")
        say(f"  subject {found.subject}; dates moved by {found.shifted_days} days")
        for one in found.removed:
            say(f"  removed: {one.what} ({one.count})")
    say(f"kept: {_KEPT}")
    note("hint: whoever knows code and days can undo them; keep this output (or the key) apart")


_KEPT = (
    "every sample and its time bit for bit, losses, clocks, ranges, firmware, imuhip's own"
    " markers (poses, gait, tests, pain scores). How somebody moves can itself tell who it is."
)
