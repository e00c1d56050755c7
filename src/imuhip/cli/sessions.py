"""``imuhip sessions``: the recordings of a folder, listed, filtered and searched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import note, print_json, print_table, progress, say
from imuhip.cli.session_readers import SessionReaders

if TYPE_CHECKING:
    from imuhip.recording.catalogue import Catalogue, Entry

__all__ = ["sessions"]

_HINTS = 20


FolderArgument = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="A folder of recordings, at any depth.")
]
PersonOption = Annotated[
    list[str] | None, typer.Option("--person", metavar="CODE", help="Of this person; repeatable.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="DATE", help="From this day on: 2026-11-01.")
]
TagOption = Annotated[
    list[str] | None, typer.Option("--tag", help="With this tag; of several, with all.")
]
TestOption = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="NAME", help="With this test inside; of several, with all."),
]
SearchOption = Annotated[
    str | None, typer.Option("--search", metavar="WORDS", help="All words somewhere in the row.")
]
DamagedOption = Annotated[
    bool, typer.Option("--damaged", help="Only files that cannot be read as they are.")
]
RebuildOption = Annotated[
    bool, typer.Option("--rebuild", help="Read all files again, not only those that changed.")
]


@dataclass(frozen=True)
class _Row:
    """One file, and what is known of it in this folder."""

    entry: Entry
    tests: tuple[str, ...]
    visit: int | None

    @property
    def person(self) -> str:
        return str(self.entry.overview.get("subject") or "")

    @property
    def notes(self) -> str:
        """Return what has to be known first."""
        entry = self.entry
        if entry.code:
            return f"{entry.code} {entry.problem}"
        told = [f"same content as {entry.same_as}"] if entry.same_as else []
        if entry.overview["state"] != "complete":
            told.append(entry.overview["state"])
        if entry.overview["is_simulated"]:
            told.append("simulated")
        return ", ".join(told)

    @property
    def text(self) -> str:
        """Return everything words are looked for in."""
        overview = self.entry.overview
        sensors = (
            f"{s['model']} {s['serial']} {s['segment']}" for s in overview.get("sensors", ())
        )
        parts = (
            self.entry.name,
            self.person,
            overview.get("start_time") or "",
            *overview.get("tags", ()),
            *overview.get("exclusions", ()),
            *overview.get("markers", ()),
            *sensors,
            self.notes,
        )
        return " ".join(parts).casefold()


def sessions(
    folder: FolderArgument = Path("recordings"),
    person: PersonOption = None,
    since: SinceOption = None,
    tag: TagOption = None,
    test: TestOption = None,
    search: SearchOption = None,
    damaged: DamagedOption = False,
    rebuild: RebuildOption = False,
    json: JsonOption = False,
) -> None:
    """List, filter and search a folder of recordings; damaged and doubled files are told.

    An index in this computer's cache makes the next listing fast. It is made of the files alone and
    can be deleted at any time.
    """
    from imuhip.recording.catalogue import Catalogue

    since_s = None if since is None else _day(since)
    with Catalogue(folder) as catalogue:
        if rebuild:
            catalogue.forget()
        _look(catalogue)
        rows = _rows(catalogue.entries())
    words = (search or "").casefold().split()
    found = [
        row
        for row in rows
        if (not person or row.person in person)
        and (since_s is None or (row.entry.overview.get("start_unix_s") or -1e18) >= since_s)
        and all(one in row.entry.overview.get("tags", ()) for one in tag or ())
        and all(_has_test(row, one) for one in test or ())
        and (not damaged or row.entry.is_damaged)
        and all(word in row.text for word in words)
    ]
    if json:
        print_json({"folder": folder, "files": len(rows), "sessions": [_as_dict(r) for r in found]})
    else:
        _tell(folder, rows, found)


def _look(catalogue: Catalogue) -> None:
    with progress("reading sessions", 1.0) as show, SessionReaders() as readers:
        catalogue.look(lambda done, total: show(done / total), readers.each)


def _day(typed: str) -> float:
    try:
        return datetime.fromisoformat(typed).timestamp()
    except (ValueError, OverflowError, OSError):
        raise OptionError(
            f"--since {typed}: expected a day", hint="year-month-day, such as --since 2026-11-01"
        ) from None


def _rows(entries: Sequence[Entry]) -> list[_Row]:
    """Return the files by date, those without one last, with each person's visits counted."""
    from imuhip.assessment.protocol import shipped_tests

    tests = set(shipped_tests())
    dated = sorted(
        entries, key=lambda e: (e.overview.get("start_unix_s") is None,
                                e.overview.get("start_unix_s") or 0.0, e.name)
    )  # fmt: skip
    days: dict[str, list[str]] = {}
    rows = []
    for entry in dated:
        person, start = entry.overview.get("subject"), entry.overview.get("start_time")
        visit = None
        if person and start:
            seen = days.setdefault(person, [])
            if start[:10] not in seen:
                seen.append(start[:10])
            visit = seen.index(start[:10]) + 1
        marked = dict.fromkeys(entry.overview.get("markers", ()))
        rows.append(_Row(entry, tuple(m for m in marked if _test_of(m) in tests), visit))
    return rows


def _test_of(marker: str) -> str:
    return marker.removesuffix("_left").removesuffix("_right")


def _has_test(row: _Row, wanted: str) -> bool:
    return any(wanted in (name, _test_of(name)) for name in row.tests)


def _lost(row: _Row) -> tuple[float | None, bool]:
    """Return the share of samples lost as counted while recording, %, and whether estimated."""
    counted = [s for s in row.entry.overview.get("sensors", ()) if s["lost"] is not None]
    total = sum(s["received"] + s["lost"] for s in counted)
    if not total:
        return None, False
    estimated = any(s["loss_is_estimated"] for s in counted)
    return 100.0 * sum(s["lost"] for s in counted) / total, estimated


def _as_dict(row: _Row) -> dict[str, Any]:
    entry = row.entry
    lost, estimated = _lost(row)
    return {
        "file": entry.name,
        "bytes": entry.size_bytes,
        "person": row.person or None,
        "visit": row.visit,
        **{k: v for k, v in entry.overview.items() if k not in ("subject", "start_unix_s")},
        "tests": row.tests,
        "lost_percent": lost,
        "lost_is_estimated": estimated,
        "same_as": entry.same_as or None,
        "damaged": {"code": entry.code, "problem": entry.problem, "hint": entry.hint}
        if entry.is_damaged
        else None,
    }


def _tell(folder: Path, rows: Sequence[_Row], found: Sequence[_Row]) -> None:
    if not rows:
        say(f"{folder}: no session files (.h5) yet")
        return
    if found:
        print_table(
            ("file", "person", "visit", "date", "min", "sensors", "lost %", "tests", "tags",
             "left out", "note"),
            [_cells(row) for row in found],
            shorten=("file", "tests", "tags", "note"),
        )  # fmt: skip
    damaged = sum(row.entry.is_damaged for row in rows)
    doubled = sum(bool(row.entry.same_as) for row in rows)
    people = {row.person for row in rows} - {""}
    told = [f"{len(found)} of {len(rows)} files", f"{len(people)} people"]
    told += [f"{damaged} damaged"] if damaged else []
    told += [f"{doubled} with the content of another"] if doubled else []
    say(", ".join(told))
    broken = [row.entry for row in found if row.entry.is_damaged]
    if damaged and len(broken) < len(found):
        note("imuhip sessions --damaged tells what to do about damaged files")
        return
    for entry in broken[:_HINTS]:
        say(f"{_plain(entry.name)}: {entry.hint}")
    if len(broken) > _HINTS:
        say(f"and {len(broken) - _HINTS} more (--json has a hint for each)")


def _cells(row: _Row) -> tuple[str, ...]:
    overview = row.entry.overview
    lost, estimated = _lost(row)
    name = _plain(row.entry.name)
    if row.entry.is_damaged:
        return (name, *("-" for _ in range(9)), _plain(row.notes))
    start = overview["start_time"]
    return (
        name,
        _plain(row.person) or "-",
        "-" if row.visit is None else str(row.visit),
        "-" if start is None else _plain(start[:16].replace("T", " ")),
        f"{overview['duration_s'] / 60:.1f}",
        str(len(overview["sensors"])),
        "-" if lost is None else f"{'~' if estimated else ''}{lost:.2f}",
        _plain(", ".join(row.tests)) or "-",
        _plain(", ".join(overview["tags"])) or "-",
        str(len(overview["exclusions"])) if overview["exclusions"] else "-",
        _plain(row.notes),
    )


def _plain(text: str) -> str:
    """Return `text` without what could disturb a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)
