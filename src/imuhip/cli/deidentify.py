"""``imuhip deidentify``: copies of recordings that do not tell whose they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.batch import EXIT_SOME_FAILED
from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import note, print_json, progress, say

if TYPE_CHECKING:
    from imuhip.errors import ImuhipError
    from imuhip.recording.deidentify import Deidentified

__all__ = ["deidentify"]

_Files = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Session files (.h5), or folders of them.")
]
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
    from imuhip.errors import ImuhipError
    from imuhip.exchange.deidentified import deidentified_copy, read_key

    paths = [p for f in files for p in (sorted(f.rglob("*.h5")) if f.is_dir() else [f])]
    alone = out is not None and out.suffix == ".h5"
    if alone and len(paths) > 1:
        raise OptionError(
            f"--out {out}: one name for {len(paths)} files", hint="name a folder: --out shared/"
        )
    if not paths:
        raise OptionError("no session file (.h5) in the folders named", hint="name one that has")
    secret = read_key(key) if key is not None else None
    done: list[tuple[Path, Deidentified]] = []
    failed: list[tuple[Path, ImuhipError]] = []
    with progress(f"copying {len(paths)} recordings", len(paths)) as advance:
        for path in paths:
            try:
                copy = deidentified_copy(
                    path,
                    None if alone else out,
                    out=out if alone else None,
                    code=code,
                    shift_days=shift_days,
                    key=secret,
                )
            except ImuhipError as error:
                if len(paths) == 1:
                    raise
                failed.append((path, error))
            else:
                done.append((path, copy))
            advance(len(done) + len(failed))
    if json:
        print_json(_as_dict(done, failed))
    else:
        _say(done, failed)
    if failed:
        raise typer.Exit(EXIT_SOME_FAILED if done else 1)


def _as_dict(
    done: Sequence[tuple[Path, Deidentified]], failed: Sequence[tuple[Path, ImuhipError]]
) -> dict[str, Any]:
    return {
        "copies": [
            {
                "file": file,
                "written": found.path,
                "subject": found.subject,
                "shifted_days": found.shifted_days,
                "removed": {one.what: one.count for one in found.removed},
            }
            for file, found in done
        ],
        "failed": [{"file": file, "code": e.code, "reason": e.message} for file, e in failed],
        "kept": _KEPT,
    }


def _say(
    done: Sequence[tuple[Path, Deidentified]], failed: Sequence[tuple[Path, ImuhipError]]
) -> None:
    for file, found in done:
        say(f"{file} -> {found.path}")
        say(f"  subject {found.subject}; dates moved by {found.shifted_days} days")
        for one in found.removed:
            say(f"  removed: {one.what} ({one.count})")
    for file, error in failed:
        say(f"{file}: not copied: error[{error.code}] {error.message}")
    if done:
        say(f"kept: {_KEPT}")
        note("hint: whoever knows code and days can undo them; keep this output (or the key) apart")


_KEPT = (
    "every sample and its time bit for bit, losses, clocks, ranges, firmware, imuhip's own"
    " markers (poses, gait, tests, pain scores). How somebody moves can itself tell who it is."
)
