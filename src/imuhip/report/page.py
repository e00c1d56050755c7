"""The page: what it says, and the file it becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import imuhip
from imuhip.assessment.pain import find_pain, pain_beside
from imuhip.report.body import body_lines
from imuhip.report.essentials import main_gait, session_tiles, spoken
from imuhip.report.figures import cycle_figure
from imuhip.report.file import refuse_existing, write_page
from imuhip.report.magnetometer import magnetic_box
from imuhip.report.numbers import (
    LOW_CONFIDENCE_DEG,
    angle_rows,
    degrees,
    shows_rotation_offset,
    stride_rows,
)
from imuhip.report.palette import GRADES, SIDE_STYLES
from imuhip.report.provenance import norm_rows, provenance_rows
from imuhip.report.reserves import reserve_rows
from imuhip.report.sensors import sensor_facts
from imuhip.report.timeline import session_figure
from imuhip.report.together import all_measures, map_box, pain_rows
from imuhip.report.trend import trend_figure, trend_rows
from imuhip.report.trials import NormChoice, standings, test_tables
from imuhip.report.walking import gait_boxes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.analysis.settings import Settings
    from imuhip.recording.session import Recording

__all__ = ["duration_text", "environment", "moment", "render_report", "write_report"]

_MOST_HAPPENED: Final = 300
"""Markers, notes and events in the table; more are counted."""


def write_report(
    recording: Recording,
    analysis: Analysis | None,
    path: Path,
    *,
    assessment: Assessment | None = None,
    norms: NormChoice | None = None,
    no_gait: str = "",
    overwrite: bool = False,
    made_at: datetime | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the report as one self-contained HTML file.

    Parameters
    ----------
    recording : Recording
        What was measured.
    analysis : Analysis, optional
        What was made of its gait; None for a session of tests without a walk.
    path : Path
        Of the page; nothing else is written.
    assessment : Assessment, optional
        What its tests gave.
    norms : NormChoice, optional
        Whose norms stand beside the tests; both profiles when absent.
    no_gait : str
        Why there is no analysis, for the page.
    overwrite : bool
        Replace a file that is there already.
    made_at : datetime, optional
        Printed as the time of making, with a time zone; now when absent. With it given, the same
        input makes the same bytes.
    settings : Settings, optional
        The analysis was made with, printed so that it can be repeated; by default those the
        analysis itself states.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    ConfigError
        For an unknown profile of norms.
    DiskError
        When the file exists already, or cannot be written.
    RecordingError
        When the session file has become unreadable since it was analysed.
    """
    refuse_existing(path, overwrite=overwrite)
    page = render_report(
        recording,
        analysis,
        assessment=assessment,
        norms=norms,
        no_gait=no_gait,
        made_at=made_at,
        settings=settings,
    )
    return write_page(page, path, overwrite=overwrite)


def environment() -> Environment:
    """Return the templates, with escaping of every text and the filters they use."""
    made = Environment(
        loader=PackageLoader("imuhip.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"degrees": degrees, "duration": duration_text, "number": _number}
    return made


def render_report(
    recording: Recording,
    analysis: Analysis | None,
    *,
    assessment: Assessment | None = None,
    norms: NormChoice | None = None,
    no_gait: str = "",
    made_at: datetime | None = None,
    settings: Settings | None = None,
) -> str:
    """Return the page as text; see `write_report`."""
    choice = norms or NormChoice()
    tiles = session_tiles(analysis, assessment, choice)
    tests = _tests(recording, analysis, assessment, choice)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **_header(recording, analysis, made_at or datetime.now(UTC)),
            **_quality(recording, analysis),
            **tests,
            **_gait(analysis),
            tiles=tiles,
            spoken=[*spoken(tiles), *_spoken_of_tests(tests)],
            no_gait=no_gait or "nobody walked",
            low_confidence_deg=LOW_CONFIDENCE_DEG,
            session_figure=_drawing(
                None if analysis is None else session_figure(recording, analysis)
            ),
            side_styles=SIDE_STYLES,
            **_happened(recording),
            provenance=[
                *provenance_rows(recording, analysis, settings),
                *(norm_rows(choice) if assessment is not None else ()),
            ],
        )
    )


def _happened(recording: Recording) -> dict[str, Any]:
    """Return markers, notes and events, as many as anybody reads; a file may hold a million."""
    notes = [note for note in recording.annotations if note.holds]
    room = _MOST_HAPPENED
    found: dict[str, Any] = {}
    for name, rows in (("markers", recording.markers), ("notes", notes),
                       ("events", recording.events)):  # fmt: skip
        found[name] = rows[:room]
        room -= len(found[name])
    whole = len(recording.markers) + len(notes) + len(recording.events)
    return found | {"more_happened": whole - _MOST_HAPPENED + room}


def _drawing(svg: str | None) -> Markup | None:
    # our own drawing, with every text in it escaped by svg.py
    return None if svg is None else Markup(svg)


def _tests(
    recording: Recording,
    analysis: Analysis | None,
    assessment: Assessment | None,
    choice: NormChoice,
) -> dict[str, Any]:
    said = find_pain(recording.markers)
    trials = () if assessment is None else assessment.trials
    beside = pain_beside(said, trials)
    measures = all_measures(analysis, assessment, said)
    gait = "" if analysis is None else main_gait(analysis)[0]
    standing = {} if assessment is None else standings(assessment, choice)
    return {
        "tests": [] if assessment is None else test_tables(assessment, choice, beside),
        "profiles": choice.titles,
        "pain": pain_rows(beside),
        "map": map_box(measures) if assessment is not None or said else None,
        "reserves": [] if assessment is None else reserve_rows(assessment.reserves),
        "body": body_lines(measures, gait, standing),
    }


def _spoken_of_tests(tests: Mapping[str, Any]) -> list[str]:
    """Return what a screen reader is told first of pain, reserves and the map."""
    said = [f"Pain {p.score} of 10, {p.side}, at {p.at_s:.0f} s." for p in tests["pain"]]
    said += [row.words for row in tests["reserves"]]
    if tests["map"] is not None:
        said.append(f"Compensation map. {tests['map'].drawing.words}")
    return said


def _gait(analysis: Analysis | None) -> dict[str, Any]:
    if analysis is None:
        nothing = dict.fromkeys(("cycle_figure", "trend_figure"))
        return nothing | {"has_gait": False, "gait": [], "trend_rows": []}
    return {
        "has_gait": True,
        "gait": gait_boxes(analysis.summary),
        "stride_rows": stride_rows(analysis.summary),
        "angle_rows": angle_rows(analysis),
        "rotation_offset_shown": shows_rotation_offset(analysis.quality),
        "cycle_figure": _drawing(cycle_figure(analysis)),
        "trend_figure": _drawing(trend_figure(analysis)),
        "trend_rows": trend_rows(analysis),
    }


def _header(recording: Recording, analysis: Analysis | None, made_at: datetime) -> dict[str, Any]:
    activity_s = {} if analysis is None else analysis.summary.get("activity_s", {})
    return {
        "version": imuhip.__version__,
        "subject": recording.subject,
        "started": None if recording.start_time is None else moment(recording.start_time),
        "made_at": moment(made_at),
        "made_at_iso": made_at.isoformat(timespec="seconds"),
        "duration_s": recording.duration_s,
        "gait_s": activity_s.get("gait"),
        "rate_hz": recording.rate_hz,
        "state": recording.state,
        "simulated_person": recording.truth_motion is not None,
        "simulated_sensors": any(device.simulated for device in recording.devices.values()),
    }


def _quality(recording: Recording, analysis: Analysis | None) -> dict[str, Any]:
    quality = {} if analysis is None else analysis.quality
    return {
        "sensors": sensor_facts(recording, quality),
        "has_devices": bool(recording.devices),
        "grades": GRADES,
        "overall": None if analysis is None else quality.get("grade", "D"),
        "reasons": quality.get("reasons", []),
        "calibration": quality.get("calibration", {}),
        "heading": quality.get("heading", {}),
        "magnetic": magnetic_box(quality),
        "pose_sd_deg": quality.get("pose_sd_deg", {}),
        "not_observable": quality.get("not_observable", []),
        "has_trunk": "trunk" in recording.sensors,
    }


def moment(at: datetime) -> str:
    """Return ``2026-03-14 09:26 UTC+01:00``; says so when the zone is unknown."""
    zone = at.strftime("%z")
    words = f"UTC{zone[:3]}:{zone[3:5]}" if zone else "(time zone not recorded)"
    return f"{at:%Y-%m-%d %H:%M} {'UTC' if zone == '+0000' else words}"


def duration_text(seconds: float | None) -> str:
    """Return ``1 h 02 min 05 s``, ``1 min 40 s`` or ``12.5 s``."""
    if seconds is None:
        return "–"
    if seconds < 60.0:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {rest:02d} s" if hours else f"{minutes} min {rest:02d} s"


def _number(value: float | None, digits: int = 0, unit: str = "", absent: str = "–") -> str:
    """Return a number with thin thousands spaces and its unit; `absent` for nothing."""
    if value is None:
        return absent
    return f"{value:,.{digits}f}".replace(",", "\u202f") + (f"\u00a0{unit}" if unit else "")
