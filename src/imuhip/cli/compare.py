"""``imuhip compare``: two recordings of one person, and what of it is more than measuring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.assess import value
from imuhip.cli.options import JsonOption
from imuhip.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from imuhip.assessment.change import Change

__all__ = ["compare"]

_File = Annotated[Path, typer.Argument(help="A session file (.h5).")]
StrapsOption = Annotated[
    bool,
    typer.Option("--straps-on", help="No sensor was taken off between the two: narrower limits."),
]
LimitsOption = Annotated[
    Path | None, typer.Option("--limits", help="The clinic's own limits (TOML); they go first.")
]


def compare(
    before: _File,
    after: _File,
    straps_on: StrapsOption = False,
    limits: LimitsOption = None,
    json: JsonOption = False,
) -> None:
    """Compare tests and gait of two recordings, judged by the minimal detectable change."""
    import imuhip
    from imuhip.assessment.change import of_several_tests, read_limits, shipped_limits

    own = read_limits(limits) if limits else ()
    found = imuhip.compare(
        imuhip.open(before),
        imuhip.open(after),
        strapping="same" if straps_on else "again",
        limits=(*own, *shipped_limits()),
    )
    if json:
        print_json({"before": before, "after": after, **found.as_dict()})
        return
    worn = "straps left on" if straps_on else "sensors put on anew"
    say(f"{before.name} → {after.name}, {worn}")
    several = of_several_tests(found.changes)
    print_table(
        ("measure", "before", "after", "change", "limit", "verdict"),
        [_row(change, several) for change in found.changes],
    )
    for name in dict.fromkeys(c.reason for c in found.changes if c.reason):
        say(f"  - {name}")
    for names, when in ((found.only_before, "before"), (found.only_after, "after")):
        if names:
            say(f"only {when}: {', '.join(names)}")


def _row(change: Change, several: frozenset[str]) -> tuple[str, ...]:
    name = change.before.name.replace("_", " ")
    if change.before.name in several:
        name += f" ({change.before.test.replace('_', ' ')})"
    side = f" {change.before.side}" if change.before.side else ""
    digits = 2 if change.before.unit in ("1", "s") else 1
    found = change.as_dict()
    delta = "" if found["delta"] is None else f"{change.delta:+.{digits}f}"
    limit = (
        f"{change.limit.mdc95:.{digits}f} ({change.limit.kind}, n = {change.limit.n})"
        if change.limit
        else ""
    )
    return (name + side, value(change.before), value(change.after), delta, limit, change.verdict)
