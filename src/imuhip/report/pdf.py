"""A page as PDF: the same words and drawings, set in type for A4 or Letter.

Typst sets it, a library without system packages on Windows, macOS and Linux. It gets the page as
data, so nothing in a recording can become a command, and its only fonts are those given here. The
file is tagged (PDF/UA-1): headings, tables, lists and a text for every drawing.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import matplotlib as mpl

from imuhip.errors import ConfigError, ExchangeError
from imuhip.report.file import write_bytes
from imuhip.report.outline import page_outline
from imuhip.report.page import moment

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["PAPERS", "Paper", "pdf_of", "typesetter", "write_pdf"]

Paper = Literal["a4", "letter"]
PAPERS: Final[tuple[Paper, ...]] = get_args(Paper)
_TYPST_NAME: Final = {"a4": "a4", "letter": "us-letter"}


def write_pdf(
    page: str,
    path: Path,
    *,
    paper: Paper = "a4",
    overwrite: bool = False,
    made_at: datetime | None = None,
) -> Path:
    """Write a page as PDF.

    Parameters
    ----------
    page : str
        Of this room, such as `imuhip.report.page.render_report` returns.
    path : Path
    paper : {"a4", "letter"}
    overwrite : bool
        Replace a file that is there already.
    made_at : datetime, optional
        The time of making, with a time zone; now when absent.

    Raises
    ------
    ConfigError
        When the paper is unknown, or the typesetter is not installed.
    DiskError
        When the file exists already, or cannot be written.
    ExchangeError
        When the typesetter refuses the page.
    """
    content = pdf_of(page, paper=paper, made_at=made_at)
    return write_bytes(content, path, overwrite=overwrite)


def pdf_of(page: str, *, paper: Paper = "a4", made_at: datetime | None = None) -> bytes:
    """Return a page as the bytes of a PDF; see `write_pdf`."""
    if paper not in PAPERS:
        raise ConfigError(
            f"--paper {paper}: expected {' or '.join(PAPERS)}", hint="such as --paper a4",
            code="E780",
        )  # fmt: skip
    made_at = made_at or datetime.now(UTC)
    outline = page_outline(page)
    data = outline | {
        "paper": _TYPST_NAME[paper],
        "date": {name: getattr(made_at, name) for name in ("year", "month", "day")},
        "made": f"made {moment(made_at)}",
        "foot": "imuhip – association, never cause – not a medical device",
    }
    source = files("imuhip.report").joinpath("templates/page.typ").read_bytes()
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    typst = typesetter()
    try:
        made: bytes = typst.compile(
            source,
            format="pdf",
            font_paths=[str(fonts)],
            ignore_system_fonts=True,
            sys_inputs={"page": json.dumps(data, ensure_ascii=False)},
            pdf_standards=["ua-1"],
            timestamp=int(made_at.timestamp()),
        )
    except typst.TypstError as error:
        raise ExchangeError(
            f"the page cannot be set in type: {str(error)[:200]}",
            hint="the HTML page is whole, and prints from a browser; tell the authors",
            code="E786",
        ) from error
    return made


def typesetter() -> ModuleType:
    """Return the library that sets the type.

    Raises
    ------
    ConfigError
        When it is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise ConfigError(
            "PDF needs the typesetter typst, which is not installed",
            hint='pip install "imuhip[pdf]"; or print the HTML page from a browser',
            code="E781",
        ) from error
    return typst
