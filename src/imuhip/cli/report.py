"""``imuhip report``: one page per session, or one of before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from imuhip.cli.analyze import FilterOption, MagOption, PlaceOption, parsed_place
from imuhip.cli.checklist import checklist_page
from imuhip.cli.findings import findings
from imuhip.cli.options import JsonOption, OptionError
from imuhip.cli.output import print_json, working
from imuhip.cli.pages import Pages
from imuhip.cli.person_report import person_page, safe_name

__all__ = ["report"]

FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE [AFTER]",
        help="A session file (.h5), or two: before and after; with --person files and folders.",
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        help="The page to write; by default FILE with .html (AFTER_change.html). A name that ends"
        " with .pdf makes a PDF alone.",
    ),
]
PdfOption = Annotated[bool, typer.Option("--pdf", help="Write the same as PDF beside the page.")]
PaperOption = Annotated[str, typer.Option("--paper", help="Of the PDF: a4 or letter.")]
PersonOption = Annotated[
    str | None,
    typer.Option("--person", help="A subject code: one page of all that person's visits."),
]
ChecklistOption = Annotated[
    bool,
    typer.Option(
        "--checklist", help="What to report of the measurement (ISB 2024), filled from the file."
    ),
]
FactsOption = Annotated[
    Path | None,
    typer.Option("--facts", help="What a study states of the checklist's items (TOML)."),
]
BeforeOption = Annotated[
    Path | None, typer.Option("--before", help="An earlier session: the page shows the change.")
]
NormsOption = Annotated[
    list[str] | None,
    typer.Option("--norms", help="Whose norms stand beside: clinic or measured; both by default."),
]
SexOption = Annotated[str, typer.Option("--sex", help="female, male or any: which norms speak.")]
AgeOption = Annotated[int | None, typer.Option("--age", min=0, max=120, help="Years.")]
ModeOption = Annotated[
    str, typer.Option("--mode", help="passive or active, if all tests were; any: not recorded.")
]
StrapsOption = Annotated[
    bool, typer.Option("--straps-on", help="No sensor was taken off between before and after.")
]
LimitsOption = Annotated[
    Path | None, typer.Option("--limits", help="The clinic's own limits of change (TOML).")
]


def report(
    files: FilesArgument,
    out: OutOption = None,
    pdf: PdfOption = False,
    paper: PaperOption = "a4",
    person: PersonOption = None,
    checklist: ChecklistOption = False,
    facts: FactsOption = None,
    before: BeforeOption = None,
    norms: NormsOption = None,
    sex: SexOption = "any",
    age: AgeOption = None,
    mode: ModeOption = "any",
    straps_on: StrapsOption = False,
    limits: LimitsOption = None,
    orientation_filter: FilterOption = "vqf",
    magnetometer: MagOption = False,
    place: PlaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write one page (HTML, or PDF) of a session, of before and after, or of a person's visits."""
    import imuhip
    from imuhip.analysis.settings import Settings
    from imuhip.report.page import render_report
    from imuhip.report.trials import NormChoice

    _check(sex, mode, paper)
    where = parsed_place(place, magnetometer=magnetometer)
    both = [*([before] if before else []), *files]
    if person is None and (len(both) > 2 or both[0].is_dir()):
        raise OptionError(
            f"{len(both)} files or folders: a page is of one session, or of before and after",
            hint="For all visits of a person: imuhip report --person CODE FOLDER",
        )
    options: dict[str, Any] = {
        "orientation_filter": orientation_filter,
        "magnetometer": magnetometer,
        "place": where,
    }
    if facts and not checklist:
        raise OptionError("--facts are of a checklist", hint="imuhip report FILE --checklist")
    if checklist and (person is not None or len(both) == 2):
        raise OptionError("--checklist is of one session", hint="imuhip report FILE --checklist")
    if person is not None:
        wanted = out or Path(f"{both[0] if both[0].is_dir() else both[0].parent}") / (
            f"{safe_name(person)}_visits.html"
        )
        pages = Pages.planned(wanted, pdf, paper)
        person_page(person, both, pages, options, limits=limits, json=json)
        return
    if len(both) == 2:
        after = both[1]
        pages = Pages.planned(out or after.with_name(f"{after.stem}_change.html"), pdf, paper)
        _change_page(both, pages, options, straps_on=straps_on, limits=limits, json=json)
        return
    (file,) = both
    if straps_on or limits:
        raise OptionError(
            "--straps-on and --limits are about two sessions", hint="imuhip report BEFORE AFTER"
        )
    choice = NormChoice(tuple(dict.fromkeys(norms or ("clinic", "measured"))), sex, age, mode)
    _ = choice.titles  # an unknown profile is refused before minutes are analysed
    recording = imuhip.open(file)
    if checklist:
        pages = Pages.planned(out or file.with_name(f"{file.stem}_checklist.html"), pdf, paper)
        checklist_page(recording, file, pages, options, facts=facts, json=json)
        return
    pages = Pages.planned(out or file.with_suffix(".html"), pdf, paper)
    analysis, assessment, no_gait = findings(recording, options)
    with working("writing the report", 2.0):
        page = render_report(
            recording,
            analysis,
            assessment=assessment,
            norms=choice,
            no_gait=no_gait,
            settings=Settings(**options),
        )
        pages.write(page)
    grade = None if analysis is None else analysis.quality["grade"]
    tests = 0 if assessment is None else len(assessment.trials)
    if json:
        print_json({"file": file, **pages.as_dict(), "grade": grade, "tests": tests})
    else:
        told = f"quality {grade}" if grade else "no gait, quality not graded"
        pages.say(f"{told}{f', {tests} tests' if tests else ''}")


def _check(sex: str, mode: str, paper: str) -> None:
    if paper not in ("a4", "letter"):
        raise OptionError(f"--paper {paper}: expected a4 or letter", hint="such as --paper letter")
    if sex not in ("female", "male", "any"):
        raise OptionError(f"--sex {sex}: expected female, male or any", hint="such as --sex female")
    if mode not in ("passive", "active", "any"):
        raise OptionError(
            f"--mode {mode}: expected passive, active or any", hint="such as --mode passive"
        )


def _change_page(
    files: list[Path],
    pages: Pages,
    options: dict[str, Any],
    *,
    straps_on: bool,
    limits: Path | None,
    json: bool,
) -> None:
    import imuhip
    from imuhip.analysis.compare import compare
    from imuhip.analysis.settings import Settings
    from imuhip.assessment.change import read_limits, shipped_limits
    from imuhip.report.change_page import render_change
    from imuhip.report.session import Session

    own = read_limits(limits) if limits else ()
    sessions = []
    recordings = [imuhip.open(file) for file in files]
    for recording in recordings:
        analysis, assessment, no_gait = findings(recording, options)
        settings = Settings(**options)
        sessions.append(Session(recording, analysis, assessment, no_gait, settings))
    found = compare(
        sessions[0].measured,
        sessions[1].measured,
        strapping="same" if straps_on else "again",
        limits=(*own, *shipped_limits()),
    )
    with working("writing the report", 1.0):
        pages.write(render_change(sessions[0], sessions[1], found))
    changed = sum(change.verdict == "changed" for change in found.changes)
    if json:
        print_json({"before": files[0], "after": files[1], **pages.as_dict()}
                   | {"measures": len(found.changes), "changed": changed})  # fmt: skip
    else:
        pages.say(f"{changed} of {len(found.changes)} measures changed")
