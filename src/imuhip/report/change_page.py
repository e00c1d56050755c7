"""The page of before and after: what changed by more than measuring twice, and what did not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

import imuhip
from imuhip.analysis.history import History
from imuhip.analysis.history import Session as Visit
from imuhip.report.changes import change_groups, limit_lines
from imuhip.report.course_tiles import course_tile
from imuhip.report.file import write_page
from imuhip.report.overlay import overlay_figure
from imuhip.report.page import environment, moment
from imuhip.report.palette import GRADES
from imuhip.report.provenance import provenance_rows
from imuhip.report.sensors import segment_label
from imuhip.report.session import Session
from imuhip.report.visits import courses, leading

if TYPE_CHECKING:
    from pathlib import Path

    from imuhip.analysis.compare import Comparison

__all__ = ["Session", "render_change", "write_change"]


def write_change(
    before: Session,
    after: Session,
    found: Comparison,
    path: Path,
    *,
    overwrite: bool = False,
    made_at: datetime | None = None,
) -> Path:
    """Write the page as one self-contained HTML file.

    Parameters
    ----------
    before, after : Session
    found : Comparison
        From `imuhip.compare` of both.
    path : Path
    overwrite : bool
        Replace a file that is there already.
    made_at : datetime, optional
        Printed as the time of making; now when absent.

    Raises
    ------
    DiskError
        When the file exists already, or cannot be written.
    RecordingError
        When a session file has become unreadable.
    """
    page = render_change(before, after, found, made_at=made_at)
    return write_page(page, path, overwrite=overwrite)


def render_change(
    before: Session, after: Session, found: Comparison, *, made_at: datetime | None = None
) -> str:
    """Return the page as text; see `write_change`."""
    made_at = made_at or datetime.now(UTC)
    both = (("Before", before), ("After", after))
    count = {
        verdict: sum(change.verdict == verdict for change in found.changes)
        for verdict in ("changed", "no detectable change", "no limit known", "not comparable")
    }
    subjects = {one.recording.subject for one in (before, after)}
    shown = [course_tile(group) for group in leading(courses(_as_history(before, after, found)), 3)]
    gait = (before.analysis, after.analysis)
    overlay = overlay_figure(gait[0], gait[1]) if gait[0] and gait[1] else None
    return (
        environment()
        .get_template("change.html.j2")
        .render(
            version=imuhip.__version__,
            made_at=moment(made_at),
            made_at_iso=made_at.isoformat(timespec="seconds"),
            subject=after.recording.subject,
            two_subjects=len(subjects) > 1,
            sessions=[_session(name, one) for name, one in both],
            simulated_person=any(one.recording.truth_motion is not None for _, one in both),
            simulated_sensors=any(
                device.simulated for _, one in both for device in one.recording.devices.values()
            ),
            same_straps=found.strapping == "same",
            groups=change_groups(found),
            count=count,
            tiles=shown,
            spoken=[text for tile in shown for text in tile["spoken"]],
            # our own drawing, with every text in it escaped by svg.py
            overlay=None if overlay is None else Markup(overlay),
            worn_alike=len({tuple(one.recording.sensors) for _, one in both}) == 1,
            has_trunk=any("trunk" in one.recording.sensors for _, one in both),
            limits=limit_lines(found),
            only=(("before", found.only_before), ("after", found.only_after)),
            grades=GRADES,
            provenance=[
                (name, provenance_rows(one.recording, one.analysis, one.settings))
                for name, one in both
            ],
        )
    )


def _as_history(before: Session, after: Session, found: Comparison) -> History:
    """Return both as the visits of one person, the second with its change since the first."""
    first, second = (
        Visit(one.recording.start_time, (), one.measured.measures, changes, ())
        for one, changes in ((before, ()), (after, found.changes))
    )
    return History(after.recording.subject or "", (first, second))


def _session(name: str, one: Session) -> dict[str, Any]:
    quality: dict[str, Any] = {} if one.analysis is None else one.analysis.quality
    recording = one.recording
    return {
        "name": name,
        "subject": recording.subject or "not given",
        "started": "date not recorded"
        if recording.start_time is None
        else moment(recording.start_time),
        "duration_s": recording.duration_s,
        "worn": ", ".join(segment_label(segment).lower() for segment in recording.sensors),
        "grade": quality.get("grade"),
        "reasons": quality.get("reasons", []),
        "no_gait": one.no_gait,
        "notes": []
        if one.assessment is None
        else list(dict.fromkeys(n for trial in one.assessment.trials for n in trial.notes)),
    }
