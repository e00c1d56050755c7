"""What a session file says of itself, read in milliseconds whatever its length.

No samples are read but the first and last time of each sensor, so a folder of thousands can be
looked through. What is told is as stored: whether the samples can be trusted, ``imuhip check``
says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from imuhip.core.annotation import exclusions_of, tags_of
from imuhip.core.segments import SEGMENTS
from imuhip.recording.access import SessionFile
from imuhip.recording.annotation_table import annotations_of
from imuhip.recording.columns import values_of
from imuhip.recording.schema import MAX_ROWS

__all__ = ["Overview", "SensorOverview", "read_overview"]

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class SensorOverview:
    """One sensor.

    Parameters
    ----------
    segment : str
    model, serial : str
        Empty where the recording was made from arrays.
    rows : int
        Of samples stored.
    received, lost : int, optional
        As counted while recording; None where nothing counted.
    loss_is_estimated : bool
        The sensor numbers nothing.
    """

    segment: str
    model: str
    serial: str
    rows: int
    received: int | None
    lost: int | None
    loss_is_estimated: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """What a finished session file says of itself.

    Parameters
    ----------
    state : str
        ``"complete"`` or ``"recovered"``.
    subject : str, optional
    start_time : str, optional
        ISO 8601.
    start_unix_s : float, optional, s
        The same since 1970-01-01 UTC; a time without zone is taken as this computer's.
    duration_s : float, s
        Of the sensor with most samples.
    rate_hz : float
    sensors : tuple of SensorOverview
    markers : tuple of str
        Their names, in order of the file.
    tags : tuple of str
    exclusions : tuple of str
        Strides left out by hand: from when to when, whose, and why.
    is_simulated : bool
        It holds the exact motion.
    software_version : str
    """

    state: str
    subject: str | None
    start_time: str | None
    start_unix_s: float | None
    duration_s: float
    rate_hz: float
    sensors: tuple[SensorOverview, ...]
    markers: tuple[str, ...]
    tags: tuple[str, ...]
    exclusions: tuple[str, ...]
    is_simulated: bool
    software_version: str


def read_overview(path: str | Path) -> Overview:
    """Read what a session file says of itself.

    Raises
    ------
    imuhip.errors.RecordingError
        When it is no finished session file, or damaged where this looks.
    """
    with SessionFile(Path(path)) as session:
        segments = session.names("sensors")
        unknown = sorted(set(segments) - set(SEGMENTS))
        if unknown or not segments:
            raise session.refuse(
                "sensors", f"expected among {', '.join(SEGMENTS)}, got {unknown[:5]!r:.200}"
            )
        worn = [segment for segment in SEGMENTS if segment in segments]
        session.check_rows(worn)
        start_time, start_unix_s = _start(session)
        notes = annotations_of(session)
        markers = session.table("markers")
        named = markers["name"] if "name" in (markers.dtype.names or ()) else ()
        sensors = tuple(_sensor(session, segment) for segment in worn)
        longest = max(sensors, key=lambda sensor: sensor.rows)
        return Overview(
            state=session.state,
            subject=session.text("/", "subject") if session.has_attribute("/", "subject") else None,
            start_time=start_time,
            start_unix_s=start_unix_s,
            duration_s=_duration(session, longest.segment),
            rate_hz=session.number("/", "rate_hz"),
            sensors=sensors,
            markers=tuple(name.decode(errors="replace")[:_LONGEST_NAME] for name in named),
            tags=tags_of(notes),
            exclusions=tuple(
                f"{one.start_s:.1f} to {one.end_s:.1f} s{f' {one.side}' if one.side else ''}:"
                f" {one.text}"
                for one in exclusions_of(notes)
            ),
            is_simulated=session.has("truth"),
            software_version=session.text("/", "software_version"),
        )


def _start(session: SessionFile) -> tuple[str | None, float | None]:
    if not session.has_attribute("/", "start_time"):
        return None, None
    text = session.text("/", "start_time")
    try:
        return text, datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise session.refuse("/@start_time", f"is no time: {text!r:.60}") from error


def _duration(session: SessionFile, segment: str) -> float:
    """Return the time from a sensor's first to its last sample, s.

    Rows stand in order of arrival: the least of the first and the largest of the last few are
    taken.
    """
    place = f"sensors/{segment}/samples/time_s"
    times = session.dataset(place, "fi")
    n = times.shape[0]
    with session.reading(place):
        ends = [times[: min(n, 64)], times[max(0, n - 64) :]]
    first, last = (values_of(session, place, rows) for rows in ends)
    if not (np.isfinite(first).any() and np.isfinite(last).any()):
        return 0.0
    return float(np.nanmax(last) - np.nanmin(first))


def _sensor(session: SessionFile, segment: str) -> SensorOverview:
    rows = session.dataset(f"sensors/{segment}/samples/seq", "i", max_rows=MAX_ROWS).shape[0]
    place = f"sensors/{segment}/device"
    if not session.has(place):
        return SensorOverview(segment, "", "", int(rows), None, None, False)
    counters = session.table(f"{place}/counters", max_rows=1)
    if len(counters) != 1 or not {"received", "lost"} <= set(counters.dtype.names or ()):
        raise session.refuse(f"{place}/counters", "expected a row with received and lost")
    driver = session.text(place, "driver")
    return SensorOverview(
        segment,
        session.text(place, "model"),
        session.text(place, "serial"),
        int(rows),
        int(counters["received"][0]),
        int(counters["lost"][0]),
        driver != "" and session.number(place, "clock_hz") == 0.0,
    )
