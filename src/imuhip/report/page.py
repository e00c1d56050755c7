"""The page: what it says, and the file it becomes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import imuhip
from imuhip.errors import DiskError
from imuhip.report.figures import cycle_figure
from imuhip.report.magnetometer import magnetic_box
from imuhip.report.numbers import (
    LOW_CONFIDENCE_DEG,
    angle_rows,
    degrees,
    essentials,
    shows_rotation_offset,
    stride_rows,
)
from imuhip.report.palette import GRADES, SIDE_STYLES
from imuhip.report.provenance import provenance_rows
from imuhip.report.sensors import sensor_facts
from imuhip.report.timeline import session_figure

if TYPE_CHECKING:
    from pathlib import Path

    from imuhip.analysis.result import Analysis
    from imuhip.analysis.settings import Settings
    from imuhip.recording.session import Recording

__all__ = ["render_report", "write_report"]


def write_report(
    recording: Recording,
    analysis: Analysis,
    path: Path,
    *,
    overwrite: bool = False,
    made_at: datetime | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the report as one self-contained HTML file.

    Parameters
    ----------
    recording : Recording
        What was measured.
    analysis : Analysis
        What was made of it.
    path : Path
        Of the page; nothing else is written.
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
    DiskError
        When the file exists already, or cannot be written.
    RecordingError
        When the session file has become unreadable since it was analysed.
    """
    if path.exists() and not overwrite:
        raise DiskError(
            f"{path}: exists already, and reports are never overwritten unasked",
            hint="Choose another name, or ask for overwriting.",
            code="E404",
        )
    page = render_report(recording, analysis, made_at=made_at, settings=settings)
    part = path.with_name(f"{path.name}.part")
    try:
        # a text that UTF-8 cannot hold (a broken subject code) is shown by its number
        part.write_bytes(page.encode("utf-8", errors="xmlcharrefreplace"))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DiskError(
            f"{path}: the report cannot be written ({os.strerror(error.errno or 0)})",
            hint="Check that the folder exists, may be written to, and that the disk is not full.",
        ) from error
    return path


def render_report(
    recording: Recording,
    analysis: Analysis,
    *,
    made_at: datetime | None = None,
    settings: Settings | None = None,
) -> str:
    """Return the page as text; see `write_report`."""
    environment = Environment(
        loader=PackageLoader("imuhip.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"degrees": degrees, "duration": duration_text, "number": _number}
    return environment.get_template("report.html.j2").render(
        **_header(recording, analysis, made_at or datetime.now(UTC)),
        **_quality(recording, analysis),
        essentials=essentials(analysis),
        stride_rows=stride_rows(analysis.summary),
        angle_rows=angle_rows(analysis),
        rotation_offset_shown=shows_rotation_offset(analysis.quality),
        low_confidence_deg=LOW_CONFIDENCE_DEG,
        cycle_figure=_drawing(cycle_figure(analysis)),
        session_figure=_drawing(session_figure(recording, analysis)),
        side_styles=SIDE_STYLES,
        markers=recording.markers,
        events=recording.events,
        provenance=provenance_rows(recording, analysis, settings),
    )


def _drawing(svg: str | None) -> Markup | None:
    # our own drawing, with every text in it escaped by svg.py
    return None if svg is None else Markup(svg)


def _header(recording: Recording, analysis: Analysis, made_at: datetime) -> dict[str, Any]:
    return {
        "version": imuhip.__version__,
        "subject": recording.subject,
        "started": None if recording.start_time is None else _moment(recording.start_time),
        "made_at": _moment(made_at),
        "made_at_iso": made_at.isoformat(timespec="seconds"),
        "duration_s": recording.duration_s,
        "gait_s": analysis.summary.get("activity_s", {}).get("gait"),
        "rate_hz": recording.rate_hz,
        "state": recording.state,
        "simulated_person": recording.truth_motion is not None,
        "simulated_sensors": any(device.simulated for device in recording.devices.values()),
    }


def _quality(recording: Recording, analysis: Analysis) -> dict[str, Any]:
    quality = analysis.quality
    return {
        "sensors": sensor_facts(recording, quality),
        "has_devices": bool(recording.devices),
        "grades": GRADES,
        "overall": quality.get("grade", "D"),
        "reasons": quality.get("reasons", []),
        "calibration": quality.get("calibration", {}),
        "heading": quality.get("heading", {}),
        "magnetic": magnetic_box(quality),
        "pose_sd_deg": quality.get("pose_sd_deg", {}),
        "not_observable": quality.get("not_observable", []),
    }


def _moment(at: datetime) -> str:
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
