"""``imuhip repeats``: a clinic's own limits of change, from people measured several times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imuhip.cli.options import JsonOption
from imuhip.cli.output import note, print_json, print_table, quoted, say

if TYPE_CHECKING:
    from imuhip.assessment.change import ChangeLimit

__all__ = ["repeats"]

_Files = Annotated[
    list[Path], typer.Argument(help="Session files, or folders of them; each names its subject.")
]
StrapsOption = Annotated[
    bool, typer.Option("--straps-on", help="No sensor was taken off between a person's repeats.")
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Where to write the limits (TOML); never overwritten.")
]
WhoOption = Annotated[str, typer.Option("--who", help="Who measured, for the limits' source.")]


def repeats(
    files: _Files,
    straps_on: StrapsOption = False,
    out: OutOption = None,
    who: WhoOption = "this clinic",
    json: JsonOption = False,
) -> None:
    """Find how well this clinic repeats its measures: ICC, standard error, least change."""
    import imuhip
    from imuhip.analysis.repeats import find_repeats
    from imuhip.errors import ConfigError

    if out is not None and out.exists():
        raise ConfigError(
            f"{out} exists and is never overwritten", hint="Name another file.", code="E142"
        )
    paths = [p for f in files for p in (sorted(f.glob("*.h5")) if f.is_dir() else [f])]
    recordings = sorted(
        (imuhip.open(path) for path in paths),
        key=lambda r: (r.start_time or datetime.min.replace(tzinfo=UTC), str(r.path)),
    )
    people: dict[str, list[imuhip.Recording]] = {}
    for one in recordings:
        people.setdefault(one.subject or "(no subject)", []).append(one)
    found = find_repeats(
        people,
        "same" if straps_on else "again",
        lambda code: note(f"measuring {code}, {len(people[code])} recordings"),
    )
    source = f"{who}, {len(people)} people, {datetime.now(UTC):%Y-%m-%d}"
    if out is not None:
        _write(out, found.limits(source))
    if json:
        print_json(found.as_dict())
        return
    print_table(
        ("test", "measure", "people", "ICC (95 %)", "SEM (95 %)", "MDC95 (95 %)"),
        [
            (
                test.replace("_", " ") or "gait",
                name.replace("_", " "),
                f"{one.n_people} x {one.n_occasions}",
                f"{one.icc:.2f} ({one.icc_low:.2f} to {one.icc_high:.2f})",
                f"{one.sem:.2f} ({one.sem_low:.2f} to {one.sem_high:.2f}) {unit}",
                f"{one.mdc95:.2f} ({one.mdc95_low:.2f} to {one.mdc95_high:.2f}) {unit}",
            )
            for (test, name), (unit, one) in found.found.items()
        ],
    )
    for name, why in found.left_out.items():
        say(f"  - {name}: {why}")
    if out is not None:
        say(f"written to {out}; use it: imuhip compare BEFORE AFTER --limits {quoted(out)}")


def _write(out: Path, limits: tuple[ChangeLimit, ...]) -> None:
    """Write limits as `imuhip.assessment.change.read_limits` reads them."""
    from imuhip.assessment.change import limits_text

    out.write_text(limits_text(limits), encoding="utf-8")
