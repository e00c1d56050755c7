"""``imuhip history``: one person's sessions, what was exercised, and where the measures went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.assess import value
from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, print_table, say, working

if TYPE_CHECKING:
    from imuhip.analysis.history import Session
    from imuhip.assessment.measures import MeasureKey

__all__ = ["history"]

_Files = Annotated[
    list[Path], typer.Argument(help="One person's session files, or folders of them.")
]
LimitsOption = Annotated[
    Path | None, typer.Option("--limits", help="The clinic's own limits (TOML); they go first.")
]


def history(files: _Files, limits: LimitsOption = None, json: JsonOption = False) -> None:
    """Show one person's drills, pain and measures over all sessions."""
    import imuhip
    from imuhip.analysis.history import find_history
    from imuhip.assessment.change import read_limits, shipped_limits

    paths = [p for f in files for p in (sorted(f.glob("*.h5")) if f.is_dir() else [f])]
    recordings = [imuhip.open(path) for path in paths]
    own = read_limits(limits) if limits else ()
    with working(f"measuring {len(paths)} sessions", 2.0 * len(paths)):
        found = find_history(recordings, (*own, *shipped_limits()))
    if json:
        print_json(found.as_dict())
        return
    say(
        f"{found.subject or '(no subject)'}: {len(found.sessions)} sessions; one person, no control"
    )
    print_table(
        ("session", "drill or test", "repetitions", "minutes"),
        [
            (_when(one), f"{d.test}{f' {d.side}' if d.side else ''}", str(d.repetitions),
             f"{d.minutes:.1f}")
            for one in found.sessions
            for d in one.doses
        ],
    )  # fmt: skip
    say()
    keys = dict.fromkeys(m.key for one in found.sessions for m in one.measures)
    print_table(
        ("measure", *(_when(one) for one in found.sessions)),
        [
            (_title(key), *(_cell(one, key) for one in found.sessions))
            for key in keys
        ],
    )  # fmt: skip
    say("* changed since the first, = no detectable change; without a mark no limit is known")


def _title(key: MeasureKey) -> str:
    test, name, side = key
    words = " ".join(filter(None, (name, side, f"({test})" if test else "")))
    return words.replace("_", " ")


def _when(one: Session) -> str:
    return f"{one.start_time:%Y-%m-%d %H:%M}" if one.start_time else "no date"


def _cell(one: Session, key: MeasureKey) -> str:
    for measure in one.measures:
        if measure.key == key:
            verdict = next(
                (c.verdict for c in one.changes if c.before.key == key),
                "",
            )
            mark = {"changed": " *", "no detectable change": " ="}.get(verdict, "")
            return value(measure).split(" (n")[0] + mark
    return ""
