"""Rescues a recording whose writer died. Start at `recover`; the original is only ever read.

What counts is what the last flush committed: later rows may be there in part, and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imuhip.core.segments import SEGMENTS
from imuhip.core.sensor import ClockFit
from imuhip.errors import RecordingError
from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.annotation_table import annotations_of
from imuhip.recording.columns import open_packets, values_of
from imuhip.recording.final_clocks import RescuedClocks, lacks_final_clocks, store_final_clocks
from imuhip.recording.reader import device_record, latest_fits, read_truth
from imuhip.recording.save import PACKED, finished_file, write_commit
from imuhip.recording.schema import PACKET_COLUMNS, SAMPLE_COLUMNS
from imuhip.recording.storage import rows_on_disk

__all__ = ["RecoveryReport", "SensorRecovery", "recover"]

ROWS_PER_COPY = 65536


@dataclass(frozen=True, slots=True)
class SensorRecovery:
    """What was rescued of one sensor."""

    samples: int
    packets: int
    dropped_samples: int
    """Rows that were in the file, in whole or in part, but not committed."""
    missing_numbers: int
    """Sample numbers that are not there between the first and the last of each epoch."""
    repeated_numbers: int
    last_time_s: float
    """Time of the last sample on the recording's clock; NaN without samples."""


@dataclass(frozen=True, slots=True)
class RecoveryReport:
    """What `recover` found and made.

    Parameters
    ----------
    source, recovered : Path
        The file as it was found, and the new one.
    sensors : mapping of segment to SensorRecovery
        Rescued rows.
    lost_tail_s : float, s
        Estimate of how much was measured but lost at the end: the longest time there was between
        two flushes.
    notes : tuple of str
        Anything a person should know, in plain words.
    final_clocks : tuple of str
        Segments whose times are what they would be had the recording been stopped.
    """

    source: Path
    recovered: Path
    sensors: Mapping[str, SensorRecovery]
    lost_tail_s: float
    notes: tuple[str, ...] = ()
    final_clocks: tuple[str, ...] = ()


def recover(
    path: str | Path,
    out: str | Path | None = None,
    *,
    clocks: Callable[[Path], RescuedClocks] | None = None,
) -> RecoveryReport:
    """Copy what is sound of an unfinished or cut-short recording to a new file.

    Parameters
    ----------
    path : str or Path
        The file; it is not changed.
    out : str or Path, optional
        The new file, by default ``NAME_recovered.h5`` beside it.
    clocks : callable, optional
        Given the new file under its first name, returns the final clock mappings of a recording
        that had not computed them. Without it times are by the mapping known last.

    Raises
    ------
    imuhip.errors.RecordingError
        When the file is complete, so that there is nothing to recover.
    imuhip.errors.FileFormatError
        When nothing can be recovered.
    imuhip.errors.DiskError
        When the new file exists or cannot be written.
    """
    path = Path(path)
    out = Path(out) if out is not None else path.with_name(f"{path.stem}_recovered{path.suffix}")
    with SessionFile(path, allow_unfinished=True) as session:
        if session.state != "recording" and not session.is_cut_short:
            raise RecordingError(
                f"{path}: is {session.state} already, there is nothing to recover",
                hint=f'open it: imuhip.open("{path}")',
            )
        committed = _committed(session)
        told = RescuedClocks()
        last_s: dict[str, float] = {}

        def retime(part: Path) -> None:
            nonlocal told, last_s
            if clocks is not None and lacks_final_clocks(session, committed):
                told = clocks(part)
                last_s = store_final_clocks(part, told.fits)

        with finished_file(out, "recovered", check=retime) as file:
            sensors = _copy_session(session, file, committed)
        sensors |= {s: replace(sensors[s], last_time_s=at_s) for s, at_s in last_s.items()}
        longest_s = session.table("last_flush")["longest_interval_s"].max(initial=0.0)
        notes = (*_notes(session, sensors), *told.notes)
    return RecoveryReport(
        path, out, MappingProxyType(sensors), float(longest_s), notes, tuple(told.fits)
    )


def _committed(session: SessionFile) -> dict[str, int]:
    rows = session.read("n_committed", "V", max_rows=1000)
    return {row["stream"].decode(errors="replace"): int(row["rows"]) for row in rows}


def _copy_session(
    session: SessionFile, file: Any, committed: Mapping[str, int]
) -> dict[str, SensorRecovery]:
    has_start = session.has_attribute("/", "start_time")
    layout.create_root(
        file,
        rate_hz=session.number("/", "rate_hz"),
        start_time=datetime.fromisoformat(session.text("/", "start_time")) if has_start else None,
        subject=session.text("/", "subject") if session.has_attribute("/", "subject") else None,
        settings=session.settings(),
    )
    names = session.names("sensors")
    segments: list[str] = [s for s in SEGMENTS if s in names]
    if not segments:
        raise session.refuse("sensors", "is empty", "nothing can be recovered")
    if not session.is_cut_short:
        session.check_rows(segments)
    sensors = {s: _copy_sensor(session, file, s, committed) for s in segments}
    if session.has("truth"):
        layout.create_truth(file, read_truth(session))
    for table in ("markers", "events"):
        rows = _table_rows(session, table, committed)
        layout.create_table(file, table, [tuple(row) for row in rows.tolist()])
    if notes := annotations_of(session):
        layout.create_table(file, "annotations", [layout.annotation_row(note) for note in notes])
    write_commit(file)
    return sensors


def _table_rows(session: SessionFile, place: str, committed: Mapping[str, int]) -> NDArray[Any]:
    rows = session.table(place)
    return rows[: min(committed.get(place, len(rows)), rows_on_disk(session, place, "V"))]


def _copy_sensor(
    session: SessionFile, file: Any, segment: str, committed: Mapping[str, int]
) -> SensorRecovery:
    sensor = file["sensors"].create_group(segment)
    name = f"sensors/{segment}"
    fits: tuple[ClockFit, ...] = ()
    if session.has(f"{name}/device"):
        fits = _copy_device(session, sensor, segment, committed)
    n_packets = 0
    if session.has(f"{name}/packets"):
        n_packets = _copy_packets(session, sensor, segment, committed)
    place = f"{name}/samples"
    there = [
        rows_on_disk(session, f"{place}/{c.name}", "iuf", c.width)
        for c in SAMPLE_COLUMNS
        if c.name not in _OPTIONAL
    ]
    present = len(session.dataset(f"{place}/seq", "i"))
    n_rows = min([committed.get(place, 0), *there])
    seq, epoch, last_time_s = _copy_samples(session, sensor, place, n_rows, fits)
    missing, repeated = _continuity(epoch, seq)
    return SensorRecovery(
        samples=n_rows,
        packets=n_packets,
        dropped_samples=present - n_rows,
        missing_numbers=missing,
        repeated_numbers=repeated,
        last_time_s=last_time_s,
    )


_OPTIONAL = {"mag", "device_time_s", "arrival_s", "time_live_s"}
"""Columns that a file may hold without ever writing them."""


def _copy_device(
    session: SessionFile, sensor: Any, segment: str, committed: Mapping[str, int]
) -> tuple[ClockFit, ...]:
    record = device_record(session, segment)
    grown = {
        table: _table_rows(session, f"sensors/{segment}/device/{table}", committed)
        for table in layout.GROWING_TABLES
    }
    is_final = committed.get(f"sensors/{segment}/device/clock_fits", 0) > 0
    fits = record.clock_fits if is_final else latest_fits(grown["clock_fits_live"])
    tables = layout.create_device(sensor, replace(record, clock_fits=fits))
    for table, rows in grown.items():
        if len(rows):
            tables[table].resize(len(rows), axis=0)
            tables[table][...] = rows
    return fits


def _copy_packets(
    session: SessionFile, sensor: Any, segment: str, committed: Mapping[str, int]
) -> int:
    place = f"sensors/{segment}/packets"
    if session.has(f"{place}/first_row"):
        return _copy_packet_table(session, sensor, segment)
    there = [rows_on_disk(session, f"{place}/{c.name}", "iuf") for c in PACKET_COLUMNS]
    n_rows = min([committed.get(place, 0), *there])
    n_bytes = min(committed.get(f"{place}/bytes", 0), rows_on_disk(session, f"{place}/bytes", "u"))
    with session.reading(place):
        end = session.item(f"{place}/start")[:n_rows] + session.item(f"{place}/length")[:n_rows]
    outside = np.flatnonzero(end > n_bytes)
    n_rows = int(outside[0]) if len(outside) else n_rows
    datasets = layout.create_packets(sensor, PACKED, n_rows=n_rows, n_bytes=n_bytes)
    for column, target in datasets.items():
        _copy_column(session, f"{place}/{column}", target)
    return n_rows


def _copy_packet_table(session: SessionFile, sensor: Any, segment: str) -> int:
    """Copy the packets of a finalised file that was cut, as far as their samples are there."""
    place, samples = f"sensors/{segment}/packets", f"sensors/{segment}/samples"
    width = session.item(f"{place}/bytes").shape[-1]
    there = [rows_on_disk(session, f"{place}/bytes", "u", width)]
    there += [
        rows_on_disk(session, f"{place}/{name}", "if")
        for name in ("arrival_s", "length", "first_row")
    ]
    n_samples = min(rows_on_disk(session, f"{samples}/{name}", "if", 3) for name in ("acc", "gyr"))
    if session.has(f"{samples}/mag"):
        n_samples = min(n_samples, rows_on_disk(session, f"{samples}/mag", "if", 3))
    packets = open_packets(session, segment, min(there), n_samples)
    assert packets.first_row is not None  # the caller has seen that it is a table
    deepest = max((copy.sample for copy in packets.copies), default=0)
    all_there = len(session.item(f"{samples}/acc")) <= n_samples
    n_rows = len(packets)
    if not all_there:
        n_rows = int(np.argmax(np.append(packets.first_row + deepest >= n_samples, True)))
    content = b"".join(packets.all()[:n_rows])
    length = packets.length[:n_rows]
    datasets = layout.create_packets(sensor, PACKED, n_rows=n_rows, n_bytes=len(content))
    datasets["arrival_s"][...] = packets.arrival_s[:n_rows]
    datasets["length"][...] = length
    datasets["start"][...] = np.cumsum(length) - length
    datasets["bytes"][...] = np.frombuffer(content, dtype=np.uint8)
    return n_rows


def _copy_samples(
    session: SessionFile, sensor: Any, place: str, n_rows: int, fits: tuple[ClockFit, ...]
) -> tuple[NDArray[Any], NDArray[Any], float]:
    has_mag = session.has(f"{place}/mag") and _is_written(session, f"{place}/mag", 3)
    targets = layout.create_samples(
        sensor,
        PACKED,
        n_rows=n_rows,
        signal_dtype=_signal_type(session, f"{place}/acc"),
        with_mag=has_mag,
    )
    for column in SAMPLE_COLUMNS:
        if column.name in targets and _is_written(session, f"{place}/{column.name}", column.width):
            _copy_column(session, f"{place}/{column.name}", targets[column.name])
    epoch, seq = targets["epoch"][...], targets["seq"][...]
    time_s = targets["time_s"][...]
    if session.state == "recording":
        # The live times jump where the mapping was revised; the last mapping knows best.
        time_s = layout.final_times(epoch, targets["device_time_s"][...], time_s, fits)
        targets["time_s"][...] = time_s
    return seq, epoch, float(time_s[-1]) if n_rows else float("nan")


def _signal_type(session: SessionFile, place: str) -> str:
    """Return the type a signal has in memory."""
    dtype = session.dataset(place, "fi", 3).dtype
    return str(values_of(session, place, np.empty(0, dtype=dtype)).dtype.str)


def _is_written(session: SessionFile, place: str, width: int) -> bool:
    dataset = session.dataset(place, "iuf", width)
    with session.reading(place):
        return int(dataset.id.get_storage_size()) > 0


def _copy_column(session: SessionFile, place: str, target: Any) -> None:
    source = session.item(place)
    for start in range(0, len(target), ROWS_PER_COPY):
        with session.reading(place):
            block = source[start : min(start + ROWS_PER_COPY, len(target))]
        if target.dtype.kind == "f":
            block = values_of(session, place, block)
        target[start : start + len(block)] = block


def _continuity(epoch: NDArray[Any], seq: NDArray[Any]) -> tuple[int, int]:
    """Return how many numbers are missing inside epochs, and how many came again."""
    order = np.lexsort((seq, epoch))
    step = np.diff(seq[order])[np.diff(epoch[order]) == 0]
    return int(np.maximum(step - 1, 0).sum()), int(np.count_nonzero(step == 0))


def _notes(session: SessionFile, sensors: Mapping[str, SensorRecovery]) -> tuple[str, ...]:
    notes = []
    if not any(sensor.samples for sensor in sensors.values()):
        notes.append("no sample had been committed: the recovered file is empty")
    if session.is_cut_short:
        notes.append("the file is shorter than it says: a copy that stopped half-way?")
    for segment, sensor in sensors.items():
        if sensor.missing_numbers:
            notes.append(f"{segment}: {sensor.missing_numbers} samples were lost on the way")
    if session.was_written_within(2.0):
        notes.append("the file changed a moment ago: if it is still being recorded, wait")
    return tuple(notes)
