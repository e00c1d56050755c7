"""The page of one person over their visits: what went where, and what of it is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

import imuhip
from imuhip.report.course_tiles import course_tile
from imuhip.report.page import environment, moment
from imuhip.report.palette import GRADES
from imuhip.report.provenance import provenance_rows
from imuhip.report.together import map_box
from imuhip.report.visit_figure import visit_figure
from imuhip.report.visits import course_tables, courses, dose_rows, leading, visit_of

if TYPE_CHECKING:
    from imuhip.analysis.history import History
    from imuhip.report.session import Session
    from imuhip.report.together import MapBox
    from imuhip.report.visits import Course

__all__ = ["render_person"]

_PANELS: Final = 8
_TILES: Final = 3


def render_person(
    history: History, sessions: Sequence[Session], *, made_at: datetime | None = None
) -> str:
    """Return the page of a person as text.

    Parameters
    ----------
    history : History
        From `imuhip.analysis.history.find_history`.
    sessions : sequence of Session
        The recordings of `history`, in its order, with what was made of each.
    made_at : datetime, optional
        Printed as the time of making, with a time zone; now when absent. With it given, the same
        input makes the same bytes.

    Raises
    ------
    ValueError
        When there are not as many sessions as in the history.
    RecordingError
        When a session file has become unreadable.
    """
    if len(sessions) != len(history.sessions):
        raise ValueError(f"Expected {len(history.sessions)} sessions, got {len(sessions)}")
    made_at = made_at or datetime.now(UTC)
    times = [one.start_time for one in history.sessions]
    whens = ["no date" if time is None else moment(time) for time in times]
    visits = [
        visit_of(session, number, when)
        for number, (session, when) in enumerate(zip(sessions, whens, strict=True), start=1)
    ]
    found = courses(history)
    figure = visit_figure(leading(found, _PANELS), times)
    shown = [tile for group in leading(found, _TILES) for tile in [course_tile(group)]]
    page = environment().get_template("person.html.j2")
    return page.render(
        version=imuhip.__version__,
        made_at=moment(made_at),
        made_at_iso=made_at.isoformat(timespec="seconds"),
        subject=history.subject,
        visits=visits,
        simulated_person=any(visit.simulated_person for visit in visits),
        simulated_sensors=any(visit.simulated_sensors for visit in visits),
        tiles=shown,
        spoken=[text for tile in shown for text in tile["spoken"]],
        # our own drawing, with every text in it escaped by svg.py
        figure=None if figure is None else Markup(figure),
        tables=course_tables(found),
        doses=dose_rows(history, whens),
        map=_map(history),
        worn_alike=len({visit.worn for visit in visits}) == 1,
        limits=_limit_lines(found),
        has_trunk=any("trunk" in one.recording.sensors for one in sessions),
        grades=GRADES,
        provenance=[
            (f"Visit {visit.number}", provenance_rows(one.recording, one.analysis, one.settings))
            for visit, one in zip(visits, sessions, strict=True)
        ],
    )


def _map(history: History) -> MapBox | None:
    """Return the last visit's map against the first; a person with one visit has none here."""
    if len(history.sessions) < 2:
        return None
    first, last = history.sessions[0], history.sessions[-1]
    return map_box(last.measures, baseline=first.measures)


def _limit_lines(found: Sequence[Course]) -> list[str]:
    told: dict[str, None] = {}
    for course in found:
        change = course.last
        if change is not None and change.limit is not None:
            doi = f", doi:{change.limit.doi}" if change.limit.doi else ""
            told[f"{change.limit.kind}: {change.limit.source}{doi}"] = None
    return list(told)
