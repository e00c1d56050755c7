"""Where a page goes: HTML, PDF, or both; decided before minutes are analysed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from imuhip.cli.options import free_path
from imuhip.cli.output import say

if TYPE_CHECKING:
    from imuhip.report.pdf import Paper

__all__ = ["Pages"]


@dataclass(frozen=True)
class Pages:
    """The files one page becomes; None where none was asked for.

    Parameters
    ----------
    html, pdf : Path, optional
    paper : {"a4", "letter"}
    """

    html: Path | None
    pdf: Path | None
    paper: Paper = "a4"

    @classmethod
    def planned(cls, out: Path, pdf: bool, paper: str) -> Pages:
        """Return what is to be written, refusing files that exist and a missing typesetter.

        Parameters
        ----------
        out : Path
            A name that ends with ``.pdf`` makes a PDF alone.
        pdf : bool
            Whether a PDF is wanted beside the page.
        paper : str

        Raises
        ------
        imuhip.errors.DiskError
            When a file exists or its folder cannot be made.
        imuhip.errors.ConfigError
            When the PDF needs what is not installed.
        """
        alone = out.suffix.casefold() == ".pdf"
        if alone or pdf:
            from imuhip.report.pdf import typesetter

            typesetter()
        html = None if alone else free_path(out)
        wanted = out if alone else out.with_suffix(".pdf")
        return cls(html, free_path(wanted) if alone or pdf else None, cast("Paper", paper))

    def write(self, page: str) -> None:
        """Write the page as what was planned."""
        from imuhip.report.file import write_page

        if self.html is not None:
            write_page(page, self.html)
        if self.pdf is not None:
            from imuhip.report.pdf import write_pdf

            write_pdf(page, self.pdf, paper=self.paper)

    def as_dict(self) -> dict[str, Path | None]:
        """Return the files: ``report`` is the page, or the PDF where that stands alone."""
        return {"report": self.html or self.pdf, "pdf": self.pdf}

    def say(self, told: str) -> None:
        """Print the files and what there is to tell."""
        files = [str(path) for path in (self.html, self.pdf) if path is not None]
        say(f"report {' and '.join(files)} ({told})")
