"""``imuhip batch``: many sessions into one Parquet dataset."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imuhip.cli.analyze import FilterOption, MagOption, PlaceOption, SlipsOption, parsed_place
from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import Following, following, note, print_json, print_table, say

if TYPE_CHECKING:
    from imuhip.batch.run import Batch

__all__ = ["batch"]

EXIT_SOME_FAILED = 3
_SHOWN = 20

PathsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="PATHS...", help="Session files, folders of them, or URLs such as s3://bucket/a."
    ),
]
OutOption = Annotated[str, typer.Option("--out", help="Folder or URL of the Parquet dataset.")]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler: tcp://10.0.0.1:8786."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Processes on this computer; by default one per core."),
]
TimeOption = Annotated[
    float, typer.Option("--time-limit", min=1.0, help="Seconds a session may take.")
]
MemoryOption = Annotated[
    float, typer.Option("--memory", min=0.3, help="Gigabytes a session may take.")
]


def batch(
    paths: PathsArgument,
    out: OutOption,
    scheduler: SchedulerOption = None,
    workers: WorkersOption = None,
    orientation_filter: FilterOption = "vqf",
    magnetometer: MagOption = False,
    place: PlaceOption = None,
    correct_slips: SlipsOption = False,
    time_limit: TimeOption = 600.0,
    memory: MemoryOption = 3.0,
    json: JsonOption = False,
) -> None:
    """Analyse many sessions; finished ones are skipped when it is started again.

    The exit code is 3 when a session failed; the others are there, and reasons are listed.
    """
    from imuhip.batch.run import Watch, run_batch

    if scheduler and workers:
        raise OptionError(
            "--workers is about this computer, --scheduler about another", hint="leave one out"
        )
    options = {
        "orientation_filter": orientation_filter,
        "magnetometer": magnetometer,
        "place": parsed_place(place, magnetometer=magnetometer),
        "correct_slips": correct_slips,
    }
    with following("sessions", None, every_s=10.0, transient=True) as shown:
        told = _Told(shown)
        try:
            found = run_batch(
                paths,
                out,
                options=options,
                scheduler=scheduler,
                workers=workers,
                longest_s=time_limit,
                largest_memory_bytes=round(memory * 1e9),
                watch=Watch(dashboard=told.dashboard, progress=told.progress),
            )
        except KeyboardInterrupt:
            told.stopped()
            raise
    if json:
        print_json(_as_dict(found) | {"dashboard": told.link})
    else:
        _tell(found)
    if found.failures:
        raise typer.Exit(EXIT_SOME_FAILED)


class _Told:
    """How far a batch is, and how long the rest will take."""

    def __init__(self, shown: Following) -> None:
        self._shown = shown
        self._begin_s = time.monotonic()
        self._skipped: int | None = None
        self.link: str | None = None
        """Of Dask's page about its workers; None where none were needed."""
        self._found: Batch | None = None

    def dashboard(self, link: str) -> None:
        """Show where the workers can be watched."""
        self.link = link
        self._shown.note(f"dashboard {link}")

    def progress(self, found: Batch) -> None:
        """Show it."""
        self._found = found
        gone_s = time.monotonic() - self._begin_s
        if self._skipped is None:
            self._skipped = found.finished_before
            if found.replaced:
                self._shown.note(
                    f"{found.replaced} results of another version or other settings are there:"
                    " those of sessions named now will be replaced"
                )
        new = found.ended - self._skipped
        left = found.total - found.ended
        words = [f"{found.ended} of {found.total} sessions"]
        if found.failures:
            words.append(f"{len(found.failures)} failed")
        if new and left:
            words.append(f"about {_duration(gone_s / new * left)} left")
        self._shown.show(gone_s, [", ".join(words)])

    def stopped(self) -> None:
        """Say what stays."""
        if self._found is not None:
            finished = self._found.done + self._found.finished_before
            self._shown.note(
                f"{finished} of {self._found.total} sessions are finished and stay;"
                " the same command goes on from there"
            )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _as_dict(found: Batch) -> dict[str, Any]:
    return {
        "out": found.out,
        "sessions": found.total,
        "analysed": found.done,
        "finished_before": found.finished_before,
        "failed": len(found.failures),
        "failures": found.failures,
        "duplicates": [{"file": file, "same_as": first} for file, first in found.duplicates],
        "seconds": round(found.seconds, 1),
        "peak_memory_bytes": found.peak_bytes,
    }


def _tell(found: Batch) -> None:
    say(
        f"{found.out}: {found.done} sessions analysed, {found.finished_before} finished before,"
        f" {len(found.failures)} failed ({_duration(found.seconds)})"
    )
    for file, first in found.duplicates[:_SHOWN]:
        say(f"{_plain(file)} has the content of {_plain(first)}: one session")
    if len(found.duplicates) > _SHOWN:
        say(f"and {len(found.duplicates) - _SHOWN} more such files (--json lists them)")
    if not found.failures:
        return
    rows = [
        (_plain(one.file), one.code, _plain(one.message.removeprefix(f"{one.file}: ")))
        for one in found.failures[:_SHOWN]
    ]
    print_table(("failed", "code", "why"), rows, shorten=("failed", "why"))
    if len(found.failures) > _SHOWN:
        say(f"and {len(found.failures) - _SHOWN} more")
    note("all are in _failures.json beside the dataset; the same command tries them again")


def _plain(text: str) -> str:
    """Return `text` without what could disturb a terminal."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text)
