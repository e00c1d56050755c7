"""What a benchmark prints, put into ``docs/accuracy.md`` as it was printed.

A section of the document belongs to a benchmark: it stands between ``<!-- NAME: begin -->`` and
``<!-- NAME: end -->``. ``--write`` puts there the command and its output, so that no figure in the
document can differ from what the command printed. Nothing else of the document is touched.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Final

from imuhip.errors import ConfigError

__all__ = ["DOCUMENT", "Printed", "add_write", "write_section"]

DOCUMENT: Final = Path(__file__).resolve().parents[1] / "docs" / "accuracy.md"


_NOT_TOLD: Final = {"--write": 0, "--processes": 1, "--document": 1}
"""Options that change no figure, and how many words follow them."""


class Printed:
    """Lines on their way to the screen, kept for the document."""

    def __init__(self, name: str, arguments: list[str]) -> None:
        self._name = name
        self._lines: list[str] = []
        self(" ".join([f"$ python -m benchmarks {name}", *_told(arguments)]))

    def __call__(self, line: str = "") -> None:
        """Print a line."""
        print(line, flush=True)
        self._lines.append(line.rstrip())

    def write(self, document: Path) -> None:
        """Put everything printed into the document."""
        write_section(document, self._name, "\n".join(self._lines))


def _told(arguments: list[str]) -> list[str]:
    """Return the arguments that make the figures, without the name of anybody's folder."""
    told: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _NOT_TOLD:
            for _ in range(_NOT_TOLD[word]):
                next(words, None)
        elif word == "--data":
            next(words, None)
            told += ["--data", "FOLDER"]
        else:
            told.append(word)
    return told


def add_write(parser: argparse.ArgumentParser) -> None:
    """Add the options that keep the output in the document."""
    parser.add_argument("--write", action="store_true", help="keep the output in docs/accuracy.md")
    parser.add_argument("--document", type=Path, default=DOCUMENT, help=argparse.SUPPRESS)


def write_section(document: Path, name: str, text: str) -> None:
    """Replace the section of a benchmark.

    Raises
    ------
    ConfigError
        When the document has no such section.
    """
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    page = document.read_text("utf-8")
    found = re.findall(f"{re.escape(begin)}.*?{re.escape(end)}", page, flags=re.S)
    if len(found) != 1:
        raise ConfigError(
            f"{document.name} has {len(found)} sections of {name}, one is needed",
            hint=f"put {begin} and {end} where the figures shall stand",
        )
    section = f"{begin}\n```text\n{text}\n```\n{end}"
    document.write_text(page.replace(found[0], section), "utf-8")
