"""Opens a session file as a `Recording`. Start at `open_recording`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from imuhip.core.segments import ANGLES, SEGMENTS, SIDES
from imuhip.core.sensor import ClockFit, SensorCounters, SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries, IntArray, Marker
from imuhip.errors import ImuhipError
from imuhip.recording.access import SessionFile
from imuhip.recording.annotation_table import annotations_of
from imuhip.recording.columns import open_packets, read_column
from imuhip.recording.grid import StoredRows, to_series
from imuhip.recording.schema import LATER_COUNTERS
from imuhip.recording.session import DeviceRecord, Event, Recording, Truth

__all__ = [
    "SampleTimes",
    "device_record",
    "latest_fits",
    "open_recording",
    "read_clock_questions",
    "read_packets",
    "read_sample_times",
    "read_stream_starts",
    "read_truth",
]


def open_recording(path: str | Path) -> Recording:
    """Read a session file.

    Raw packets are left on disk; see `read_packets`.

    Parameters
    ----------
    path : str or Path
        Written by a live acquisition, `Recording.save` or ``imuhip recover``.

    Raises
    ------
    imuhip.errors.UnfinishedRecordingError
        When the recording was interrupted; ``imuhip recover`` helps.
    imuhip.errors.FileFormatError
        When it is not a session file, is damaged, or of a newer schema.
    """
    path = Path(path)
    with SessionFile(path) as session:
        try:
            return _read(session)
        except ImuhipError:
            raise
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise session.refuse("/", f"holds values that cannot be ({error})") from error


def read_packets(path: str | Path, segment: str) -> tuple[FloatArray, list[bytes]]:
    """Read the raw notifications of one sensor: (n,) arrival times in s, and n byte strings.

    They are what the radio delivered, so that a decoder can be corrected after the fact.
    """
    with SessionFile(Path(path)) as session:
        place = f"sensors/{segment}/packets"
        if not session.has(place):
            raise session.refuse(place, "is missing", "this recording was not made by radio")
        packets = open_packets(session, segment)
        return packets.arrival_s, packets.all()


def read_clock_questions(path: str | Path, segment: str) -> tuple[IntArray, FloatArray]:
    """Read the questions for a sensor's clock that were answered.

    Returns
    -------
    epoch : (n,) int array
        Of the sensor's clock.
    instants_s : (n, 4) array, s
        Asked (recording's clock), received, sent (sensor's clock), answered (recording's clock).
        No rows for sensors that cannot be asked, and in files of before they were kept.
    """
    with SessionFile(Path(path)) as session:
        rows = session.table(f"sensors/{segment}/device/clock_questions")
        if not len(rows):
            return np.zeros(0, dtype=np.int64), np.zeros((0, 4))
        names = ("asked_s", "received_s", "sent_s", "answered_s")
        return rows["epoch"].astype(np.int64), np.stack([rows[name] for name in names], axis=1)


def read_stream_starts(path: str | Path, segment: str) -> FloatArray:
    """Read the (n,) instants, s, at which a sensor was told to stream again while recorded."""
    with SessionFile(Path(path)) as session:
        return np.asarray(session.table(f"sensors/{segment}/device/stream_starts")["at_s"])


@dataclass(frozen=True, slots=True)
class SampleTimes:
    """When one sensor's samples were, by every clock, (n,) each, in the order they arrived.

    Parameters
    ----------
    epoch : (n,) int array
        Of the sensor's clock.
    device_time_s, arrival_s, time_s : (n,) array, s
        On the sensor's clock; when its packet came and when it was, on the recording's.
    """

    epoch: IntArray
    device_time_s: FloatArray
    arrival_s: FloatArray
    time_s: FloatArray


def read_sample_times(path: str | Path, segment: str) -> SampleTimes:
    """Read the times of one sensor's samples, as stored."""
    with SessionFile(Path(path)) as session:
        place = f"sensors/{segment}/samples"
        return SampleTimes(
            session.read(f"{place}/epoch", "i"),
            *(
                read_column(session, f"{place}/{name}", unwritten=True)
                for name in ("device_time_s", "arrival_s", "time_s")
            ),
        )


def _read(session: SessionFile) -> Recording:
    rate_hz = session.number("/", "rate_hz")
    if not 0 < rate_hz <= 100_000:
        raise session.refuse("/@rate_hz", f"expected a rate up to 100000 Hz, got {rate_hz}")
    segments = session.names("sensors")
    unknown = sorted(set(segments) - set(SEGMENTS))
    if unknown or not segments:
        raise session.refuse("sensors", f"expected among {', '.join(SEGMENTS)}, got {unknown}")
    ordered = [segment for segment in SEGMENTS if segment in segments]
    session.check_rows(ordered)
    start_time = None
    if session.has_attribute("/", "start_time"):
        start_time = datetime.fromisoformat(session.text("/", "start_time"))
    worn = [s for s in ordered if session.has(f"sensors/{s}/device")]
    return Recording(
        rate_hz=rate_hz,
        sensors={segment: _series(session, segment, rate_hz) for segment in ordered},
        markers=_markers(session),
        start_time=start_time,
        subject=session.text("/", "subject") if session.has_attribute("/", "subject") else None,
        truth_motion=read_truth(session) if session.has("truth") else None,
        devices={segment: device_record(session, segment) for segment in worn},
        state=cast(Literal["complete", "recovered"], session.state),
        path=session.path,
        events=_events(session),
        settings=session.settings(),
        software_version=session.text("/", "software_version"),
        annotations=annotations_of(session),
    )


def _series(session: SessionFile, segment: str, rate_hz: float) -> ImuSeries:
    place = f"sensors/{segment}/samples"
    has_mag = session.has(f"{place}/mag") and _is_written(session, f"{place}/mag")
    rows = StoredRows(
        epoch=session.read(f"{place}/epoch", "i"),
        seq=session.read(f"{place}/seq", "i"),
        time_s=read_column(session, f"{place}/time_s"),
        acc=read_column(session, f"{place}/acc", 3),
        gyr=read_column(session, f"{place}/gyr", 3),
        mag=read_column(session, f"{place}/mag", 3) if has_mag else None,
        valid=session.read(f"{place}/valid", "u").astype(bool),
    )
    lengths = {f.name: len(v) for f in fields(rows) if (v := getattr(rows, f.name)) is not None}
    if len(set(lengths.values())) != 1:
        raise session.refuse(place, f"expected columns of one length, got {lengths}")
    try:
        return to_series(rows, rate_hz)
    except ValueError as error:
        raise session.refuse(place, str(error)) from error


def _is_written(session: SessionFile, place: str) -> bool:
    dataset = session.dataset(place, "fi", 3)
    with session.reading(place):
        return len(dataset) == 0 or dataset.id.get_storage_size() > 0


def device_record(session: SessionFile, segment: str) -> DeviceRecord:
    """Read who a sensor is, how it was set and what became of its samples."""
    place = f"sensors/{segment}/device"
    battery = int(session.number(place, "battery_percent"))
    final = session.table(f"{place}/clock_fits")
    fits = _fits(final) if len(final) else latest_fits(session.table(f"{place}/clock_fits_live"))
    counters = session.table(f"{place}/counters", max_rows=1)
    if len(counters) != 1:
        raise session.refuse(f"{place}/counters", f"expected 1 row, got {len(counters)}")
    return DeviceRecord(
        identity=SensorIdentity(
            model=session.text(place, "model"),
            serial=session.text(place, "serial"),
            firmware=session.text(place, "firmware"),
            clock_hz=session.number(place, "clock_hz"),
        ),
        address=session.text(place, "address"),
        config=StreamConfig(
            **{f.name: int(session.number(place, f.name)) for f in fields(StreamConfig)}
        ),
        counters=SensorCounters(
            **{
                f.name: counters[f.name][0].item()
                for f in fields(SensorCounters)
                if f.name in (counters.dtype.names or ()) or f.name not in LATER_COUNTERS
            }
        ),
        clock_fits=fits,
        battery_percent=None if battery < 0 else battery,
        simulated=bool(session.number(place, "simulated")),
        driver=session.text(place, "driver"),
    )


def _fits(rows: NDArray[Any]) -> tuple[ClockFit, ...]:
    names = [f.name for f in fields(ClockFit)]
    return tuple(ClockFit(**{name: row[name].item() for name in names}) for row in rows)


def latest_fits(rows: NDArray[Any]) -> tuple[ClockFit, ...]:
    """Return the last live clock fit of each epoch."""
    if len(rows) == 0:
        return ()
    newest_first = rows[::-1]
    _, index = np.unique(newest_first["epoch"], return_index=True)
    return _fits(newest_first[index])


def _decoded(field: bytes) -> str:
    return field.decode(errors="replace")


def _markers(session: SessionFile) -> tuple[Marker, ...]:
    return tuple(
        Marker(_decoded(row["name"]), float(row["start_s"]), float(row["end_s"]))
        for row in session.table("markers")
    )


def _events(session: SessionFile) -> tuple[Event, ...]:
    return tuple(
        Event(
            float(row["at_s"]),
            _decoded(row["segment"]) or None,
            _decoded(row["kind"]),
            _decoded(row["text"]),
        )
        for row in session.table("events")
    )


def read_truth(session: SessionFile) -> Truth:
    """Read what the simulator knew."""
    time_s = session.read("truth/time_s", "f")
    angles_rad = session.read("truth/angles_rad", "f", len(ANGLES))
    columns = session.text("truth/angles_rad", "columns").split(",")
    if columns != list(ANGLES) or len(angles_rad) != len(time_s):
        raise session.refuse("truth/angles_rad", f"expected columns {ANGLES}, got {columns}")
    orientations = {}
    for segment in sorted(set(session.names("truth/orientations")) & set(SEGMENTS)):
        orientations[segment] = session.read(f"truth/orientations/{segment}", "f", 4)
    contacts = {}
    for side in sorted(set(session.names("truth/initial_contacts_s")) & set(SIDES)):
        contacts[side] = session.read(f"truth/initial_contacts_s/{side}", "f")
    return Truth(time_s, angles_rad, orientations, contacts)
