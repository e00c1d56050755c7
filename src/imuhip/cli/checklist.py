"""``imuhip report --checklist``: what to report of a measurement, filled from the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from imuhip.cli.findings import findings
from imuhip.cli.output import print_json

if TYPE_CHECKING:
    from imuhip.cli.pages import Pages
    from imuhip.recording.session import Recording

__all__ = ["checklist_page"]


def checklist_page(
    recording: Recording,
    file: Path,
    pages: Pages,
    options: dict[str, Any],
    *,
    facts: Path | None,
    json: bool,
) -> None:
    """Fill and write the checklist."""
    from imuhip.analysis.settings import Settings
    from imuhip.report.checklist import checklist, read_facts, render_checklist
    from imuhip.report.session import Session

    stated = read_facts(facts) if facts is not None else None
    analysis, assessment, no_gait = findings(recording, options)
    measured = Session(recording, analysis, assessment, no_gait, Settings(**options))
    items = checklist(measured, stated)
    pages.write(render_checklist(measured, facts=stated))
    if json:
        print_json({"file": file, **pages.as_dict(), "items": [one.as_dict() for one in items]})
    else:
        known = sum(bool(one.answer) for one in items)
        pages.say(f"{known} of {len(items)} items known; the rest says so")
