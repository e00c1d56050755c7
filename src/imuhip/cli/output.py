"""Printing: results on stdout, as text or JSON; progress on stderr, on a terminal only."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import typer

from imuhip.cli.tables import table_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.progress import Progress

__all__ = [
    "Following",
    "folded",
    "following",
    "json_safe",
    "note",
    "print_json",
    "print_table",
    "progress",
    "quoted",
    "say",
    "terminal_columns",
    "working",
]


def say(text: str = "") -> None:
    """Print a line of the result on stdout."""
    typer.echo(folded(text, sys.stdout))


def note(text: str) -> None:
    """Print a line about what is going on, on stderr."""
    typer.echo(folded(text, sys.stderr), err=True)
    sys.stderr.flush()


def folded(text: str, stream: TextIO, *, indent: str = "  ") -> str:
    """Return `text` broken between words where a terminal would break it within one.

    Only for terminals: what is piped keeps its lines. Long names and addresses stay whole.
    """
    if not stream.isatty():
        return text
    width = terminal_columns() - 1
    return "\n".join(
        "\n".join(_fold(line, width, indent)) if len(line) > width else line
        for line in text.split("\n")
    )


def _fold(line: str, width: int, indent: str) -> list[str]:
    import textwrap

    margin = line[: len(line) - len(line.lstrip())]
    return textwrap.wrap(
        line.strip(),
        width,
        initial_indent=margin,
        subsequent_indent=margin + indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def quoted(path: Path) -> str:
    """Return a path as it can be typed behind a command."""
    text = str(path)
    if sys.platform == "win32":
        return f'"{text}"' if " " in text else text
    import shlex

    return shlex.quote(text)


def terminal_columns() -> int:
    """Return how wide the terminal is; 80 where there is none."""
    import shutil

    return shutil.get_terminal_size((80, 24)).columns


def print_json(value: Any) -> None:
    """Print `value` as JSON on stdout; what is not a number becomes null."""
    typer.echo(json.dumps(json_safe(value), indent=2, allow_nan=False, ensure_ascii=False))


def json_safe(value: Any) -> Any:
    """Return `value` in lists, dicts, strings, numbers, True, False and None."""
    if is_dataclass(value) and not isinstance(value, type):
        return json_safe(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_safe(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays, without importing numpy
        return json_safe(value.tolist())
    if isinstance(value, Path | datetime):
        return value.isoformat() if isinstance(value, datetime) else str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], *, shorten: Sequence[str] = ()
) -> None:
    """Print columns two spaces apart, numbers to the right.

    Never wrapped and never shortened where it is piped. On a terminal too narrow for it, the
    columns named in `shorten` give way.
    """
    width = terminal_columns() - 1 if sys.stdout.isatty() else None
    for line in table_lines(header, rows, shorten=shorten, width=width):
        typer.echo(line)


def _on_terminal() -> bool:
    return sys.stderr.isatty()


def _console() -> Console:
    """Return stderr, less the columns in which a terminal echoes Ctrl-C: else it would scroll."""
    from rich.console import Console

    return Console(stderr=True, width=max(20, terminal_columns() - 3))


@contextmanager
def progress(description: str, total: float) -> Iterator[Callable[[float], None]]:
    """Show a bar with the time left; yields a function that takes how much of `total` is done."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console(), transient=True, disable=not _on_terminal()) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, completed=min(done, total))


_STYLES = {"! ": "yellow", "X ": "bold red"}
"""Of lines that begin with such a sign; rich leaves colours out where NO_COLOR asks for it."""


class Following:
    """Lines about what runs, renewed in place on a terminal and printed one after another else."""

    is_in_place = False
    """Whether lines replace those before, so that they may come often."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next_s = 0.0

    def show(self, at_s: float, lines: Sequence[str]) -> None:
        """Replace the lines."""
        if at_s >= self._next_s:
            self._next_s = at_s + self._every_s - 0.5
            for line in lines:
                note(line)

    def advance(self, done: float) -> None:
        """Say how much is done."""

    def note(self, text: str) -> None:
        """Print a line that stays."""
        note(text)


class _InPlace(Following):
    """Lines above a bar, both renewed in place."""

    is_in_place = True

    def __init__(self, live: Live, bar: Progress, total: float | None) -> None:
        super().__init__(1.0)
        self._live = live
        self._bar = bar
        self._total = total

    def show(self, at_s: float, lines: Sequence[str]) -> None:
        """Replace the lines."""
        from rich.console import Group
        from rich.text import Text

        texts = (
            Text(line, no_wrap=True, overflow="ellipsis", style=_STYLES.get(line[:2], ""))
            for line in lines
        )
        self._live.update(Group(*texts, self._bar))

    def advance(self, done: float) -> None:
        """Say how much is done."""
        done = done if self._total is None else min(done, self._total)
        self._bar.update(self._bar.task_ids[0], completed=done)

    def note(self, text: str) -> None:
        """Print a line that stays."""
        from rich.text import Text

        self._live.console.print(Text(text), soft_wrap=False)


@contextmanager
def following(
    description: str, total: float | None, *, every_s: float = 1.0, transient: bool = False
) -> Iterator[Following]:
    """Show lines and a bar with the time left while something runs.

    Parameters
    ----------
    description : str
        In front of the bar.
    total : float, optional
        When it will be done; None when nobody knows.
    every_s : float, s
        How often lines are printed where they cannot be renewed in place.
    transient : bool
        Whether lines and bar vanish from the terminal in the end.
    """
    if not _on_terminal():
        yield Following(every_s)
        return
    from rich.live import Live
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    left = (
        (
            BarColumn(),
            TimeElapsedColumn(),
            TextColumn("gone,"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        if total is not None
        else (TimeElapsedColumn(),)
    )
    bar = Progress(TextColumn("{task.description}", markup=False), *left)
    bar.add_task(description, total=total)
    console = _console()
    with Live(bar, console=console, refresh_per_second=4, transient=transient) as live:
        yield _InPlace(live, bar, total)


@contextmanager
def working(description: str, expected_s: float = 0.0) -> Iterator[None]:
    """Show that something runs that cannot tell how far it is, and about how long it takes."""
    if not _on_terminal():
        yield
        return
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
    from rich.text import Text

    class Left(ProgressColumn):
        def render(self, task: Task) -> Text:
            left_s = expected_s - (task.elapsed or 0.0)
            return Text(
                f"about {left_s:.0f} s left" if left_s >= 1 else f"{task.elapsed or 0:.0f} s"
            )

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), Left())
    with Progress(*columns, console=_console(), transient=True) as bar:
        bar.add_task(description, total=None)
        yield
