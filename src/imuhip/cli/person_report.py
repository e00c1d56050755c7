"""``imuhip report --person``: finds one person's recordings and makes the page of their visits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imuhip.cli.findings import findings
from imuhip.cli.output import note, print_json, progress, working

if TYPE_CHECKING:
    from imuhip.analysis.compare import Measured
    from imuhip.cli.pages import Pages
    from imuhip.report.session import Session

__all__ = ["files_of_person", "person_page", "safe_name"]


def safe_name(code: str) -> str:
    """Return a subject code as part of a file's name: no separators, no dots in front."""
    return re.sub(r"[^\w.-]+", "_", code).lstrip(".") or "person"


def files_of_person(code: str, places: Sequence[Path]) -> list[Path]:
    """Return the recordings of one subject among files and folders (and folders in them).

    A file that cannot be read is told and left out.

    Raises
    ------
    imuhip.errors.AnalysisError
        When there is none.
    """
    from imuhip.errors import AnalysisError, ImuhipError
    from imuhip.recording.overview import read_overview

    listed = [p for one in places for p in (sorted(one.rglob("*.h5")) if one.is_dir() else [one])]
    paths = list(dict.fromkeys(listed))
    found, others = [], set()
    for path in paths:
        try:
            subject = read_overview(path).subject
        except ImuhipError as error:
            note(f"left out: {error.message}")
            continue
        if subject == code:
            found.append(path)
        else:
            others.add(subject or "(none)")
    if not found:
        codes = ", ".join(sorted(others)[:8]) + (", ..." if len(others) > 8 else "")
        raise AnalysisError(
            f"--person {code}: none of {len(paths)} recordings carries that code",
            hint=f"codes found: {codes}" if codes else "name a folder that holds recordings (.h5)",
            code="E782",
        )
    return found


def _begun(session: Session) -> float:
    at = session.recording.start_time
    return at.timestamp() if at else 0.0


def person_page(
    code: str,
    places: Sequence[Path],
    pages: Pages,
    options: dict[str, Any],
    *,
    limits: Path | None,
    json: bool,
) -> None:
    """Measure all visits and write the page."""
    import imuhip
    from imuhip.analysis.history import find_history
    from imuhip.analysis.settings import Settings
    from imuhip.assessment.change import read_limits, shipped_limits
    from imuhip.report.person_page import render_person
    from imuhip.report.session import Session

    own = read_limits(limits) if limits else ()
    paths = files_of_person(code, places)
    visits: dict[Path | None, tuple[Session, Measured]] = {}
    with progress(f"measuring {len(paths)} visits", len(paths)) as advance:
        for path in paths:
            recording = imuhip.open(path)
            analysis, assessment, no_gait = findings(recording, options)
            whole = Session(recording, analysis, assessment, no_gait, Settings(**options))
            # one visit's samples in memory at a time, however many there are
            visits[recording.path] = (whole.without_samples(), whole.measured)
            advance(len(visits))
    found = find_history(
        [session.recording for session, _ in visits.values()],
        (*own, *shipped_limits()),
        lambda recording: visits[recording.path][1],
    )
    sessions = sorted((session for session, _ in visits.values()), key=_begun)
    with working("writing the page", 1.0):
        pages.write(render_person(found, sessions))
    last = found.sessions[-1].changes
    changed = sum(change.verdict == "changed" for change in last)
    if json:
        print_json(
            {
                "person": code,
                "files": [one.recording.path for one in sessions],
                **pages.as_dict(),
                "visits": len(sessions),
                "measures": len(last),
                "changed": changed,
            }
        )
    else:
        pages.say(
            f"{len(sessions)} visits; {changed} of {len(last)} measures changed since the first"
        )
