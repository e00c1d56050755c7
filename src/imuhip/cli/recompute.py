"""``imuhip recompute``: the results of a recording computed anew, and what differs from before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.analyze import SPEED_TIMES_REAL_TIME, parsed_place
from imuhip.cli.options import FileArgument, JsonOption
from imuhip.cli.output import print_json, print_table, say, working

if TYPE_CHECKING:
    from pathlib import Path

    from imuhip.analysis.recompute import Computed, Difference
    from imuhip.recording.results_file import StoredResults

__all__ = ["recompute"]

_SHOWN = 15
_HOUR_BYTES = 20e6
"""Of three sensors at 100 Hz, made small; for the time announced."""

FilterOption = Annotated[
    str | None, typer.Option("--filter", help="Orientation filter; vqf unless stored otherwise.")
]
LiveOption = Annotated[
    bool | None, typer.Option("--live/--no-live", help="Only what was known at each instant.")
]
MagOption = Annotated[
    bool | None, typer.Option("--magnetometer/--no-magnetometer", help="Use the magnetic field.")
]
PlaceOption = Annotated[
    str | None, typer.Option("--place", metavar="LAT,LON", help="Where it was recorded, degrees.")
]
SlipsOption = Annotated[
    bool | None,
    typer.Option("--correct-slips/--no-correct-slips", help="Turn slipped sensors back."),
]
ReplaceOption = Annotated[
    bool, typer.Option("--replace", help="Store the new results in place of those that differ.")
]


def recompute(
    file: FileArgument,
    orientation_filter: FilterOption = None,
    live: LiveOption = None,
    magnetometer: MagOption = None,
    place: PlaceOption = None,
    correct_slips: SlipsOption = None,
    replace: ReplaceOption = False,
    json: JsonOption = False,
) -> None:
    """Compute all results of a recording again, and say what differs from those stored.

    Settings that are not named are those of the stored results. Results lie beside the recording,
    which stays as it is: FILE.results.hdf5. They say which version and settings they come from, and
    the checksum of the recording.
    """
    from imuhip.analysis.recompute import DEFAULTS, differences
    from imuhip.analysis.recompute import recompute as compute
    from imuhip.errors import RecordingError
    from imuhip.recording.results_file import results_path, write_results

    results = results_path(file)
    stored = _stored(results, replace=replace)
    options = dict(DEFAULTS) if stored is None else {**DEFAULTS, **_settings(stored)}
    options |= {
        name: value
        for name, value in (
            ("orientation_filter", orientation_filter),
            ("live", live),
            ("magnetometer", magnetometer),
            ("correct_slips", correct_slips),
        )
        if value is not None
    }
    if magnetometer is False:
        options["place"] = None
    if place is not None:
        options["place"] = parsed_place(place, magnetometer=options["magnetometer"])
    with working(f"computing {file.name}", _expected_s(file)):
        computed = compute(file, options)
    found = None
    if stored is not None:
        try:
            found = differences(stored, computed)
        except RecordingError:
            if not replace:
                raise
            stored = None  # damaged: as good as none
    writes = stored is None or (replace and (bool(found) or stored.about != _about(computed)))
    if writes:
        write_results(results, computed.tables, computed.documents, replaces=replace)
    if json:
        print_json(_as_dict(file, results, stored, computed, found, writes=writes))
    else:
        _tell(results, stored, computed, found, writes=writes)


def _stored(results: Path, *, replace: bool) -> StoredResults | None:
    """Return what is stored; damaged results are as good as none if they are to be replaced."""
    from imuhip.errors import RecordingError
    from imuhip.recording.results_file import StoredResults

    if not results.exists():
        return None
    try:
        return StoredResults(results)
    except RecordingError:
        if replace:
            return None
        raise


def _settings(stored: StoredResults) -> dict[str, Any]:
    from imuhip.analysis.recompute import DEFAULTS

    found = stored.about.get("settings")
    known = {k: v for k, v in found.items() if k in DEFAULTS} if isinstance(found, dict) else {}
    if known.get("place") is not None:
        known["place"] = tuple(known["place"])
    return known


def _expected_s(file: Path) -> float:
    """Return about how long it takes, by the size of the file."""
    hour_bytes = 20e6
    return (
        3600.0 / SPEED_TIMES_REAL_TIME * (file.stat().st_size if file.exists() else 0) / hour_bytes
    )


def _about(computed: Computed) -> dict[str, Any]:
    about: dict[str, Any] = computed.documents["about"]
    return about


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Return what else than the numbers is another one now, in words."""
    words = []
    for name, title in (("software_version", "imuhip"), ("python", "Python"), ("machine", "on")):
        if before.get(name) != now[name]:
            words.append(f"{title} {before.get(name)} -> {now[name]}")
    for group in ("packages", "settings", "sensor_calibrations"):
        old, new = before.get(group) or {}, now[group]
        words += [
            f"{key.replace('_', ' ')} {old.get(key)} -> {new.get(key)}"
            for key in dict.fromkeys((*new, *old))
            if old.get(key) != new.get(key)
        ]
    old, new = before.get("input") or {}, now["input"]
    if old.get("samples_sha256") != new["samples_sha256"]:
        words.append("other samples: the stored results are of another recording")
    elif old.get("sha256") != new["sha256"]:
        words.append("the same samples in a file that changed: notes, or made smaller")
    return words


def _as_dict(
    file: Path,
    results: Path,
    stored: StoredResults | None,
    computed: Computed,
    found: list[Difference] | None,
    *,
    writes: bool,
) -> dict[str, Any]:
    return {
        "file": file,
        "results": results,
        "written": writes,
        "about": _about(computed),
        "stored": None if stored is None else stored.about,
        "identical": None if found is None else not found,
        "changed": [] if stored is None else _changed(stored.about, _about(computed)),
        "differences": found or [],
    }


def _tell(
    results: Path,
    stored: StoredResults | None,
    computed: Computed,
    found: list[Difference] | None,
    *,
    writes: bool,
) -> None:
    about = _about(computed)
    columns = sum(len(table) for table in computed.tables.values())
    say(
        f"imuhip {about['software_version']}, {about['settings']['orientation_filter']};"
        f" recording sha256 {about['input']['sha256'][:16]}..."
    )
    if about["no_gait"]:
        say(f"no angles: {about['no_gait']}")
    if stored is not None and found is not None:
        for words in _changed(stored.about, about):
            say(f"since the stored results: {words}")
        if found:
            say(f"{len(found)} of {columns} columns differ:")
            shown = sorted(found, key=lambda one: -(one.largest or 0.0))[:_SHOWN]
            print_table(("table", "column", "rows", "differ", "by at most"),
                        [_cells(one) for one in shown])  # fmt: skip
            if len(found) > len(shown):
                say(f"and {len(found) - len(shown)} more (--json lists them)")
        else:
            say(f"all {columns} columns are the same, bit for bit")
    if writes:
        say(f"results {results}")
    elif found:
        say(f"the stored results stay in {results}; --replace stores the new ones")


def _cells(one: Difference) -> tuple[str, str, str, str, str]:
    rows = str(one.rows_now)
    if one.rows_before != one.rows_now:
        rows = f"{one.rows_before} -> {one.rows_now}"
    largest = "-" if one.largest is None else f"{one.largest:.3g}"
    return one.table, one.column, rows, str(one.rows_differ), largest
