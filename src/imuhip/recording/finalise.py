"""Makes a finished recording small: about a sixth, every value bit for bit. Start at `finalise`.

While it is recorded a file has room to grow and nothing compressed, so that a kill leaves it
readable. Afterwards signals are stored as the counts they came from, packets without the bytes that
are in the samples (`imuhip.recording.packet_table`), and everything compressed, in another file.
That one takes the place of the first only after it has been read back and compared.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np
from numpy.typing import NDArray

from imuhip.errors import DiskError, RecordingError
from imuhip.recording import layout
from imuhip.recording.access import SessionFile
from imuhip.recording.columns import ROWS_PER_BLOCK, open_packets, read_column
from imuhip.recording.packet_table import combined as without_copies
from imuhip.recording.packet_table import find_copies, first_rows
from imuhip.recording.packing import Packing, signal_packing, tick_packing
from imuhip.recording.save import finished_file, unfinished_parts
from imuhip.recording.schema import FINALISED_MAJOR, SAMPLE_COLUMNS, text_type
from imuhip.recording.verify import refuse_unlike

__all__ = ["Finalised", "finalise", "try_to_finalise"]

_SIGNALS: Final = ("acc", "gyr", "mag")
_UNITS: Final = {
    "acc": "m s-2",
    "gyr": "rad s-1",
    "mag": "uT",
    "device_time_s": "s",
    "arrival_s": "s",
    "time_live_s": "s",
    "time_s": "s",
}
_LEAST_WIDTH: Final = 2
"""A table of one column would not be one."""
_TICKS_S: Final = (1e-6, 1e-3)
_ROWS_AT_ONCE: Final = 2 * layout.ROWS_PER_PACKED_CHUNK
_ROOM_FRACTION: Final = 0.5
"""Of the file's size, free on the disk, without which nothing is tried."""


@dataclass(frozen=True, slots=True)
class Finalised:
    """What `finalise` did.

    Parameters
    ----------
    path : Path
        The file, under its name.
    before_bytes, after_bytes : int
        Its size.
    """

    path: Path
    before_bytes: int
    after_bytes: int


def finalise(
    path: str | Path, *, progress: Callable[[float], None] = lambda _fraction: None
) -> Finalised:
    """Replace a complete recording by the same in less space.

    Nothing is lost when the process is killed meanwhile, or the disk is full: the file is either
    the old or the new one. A file that is finalised already is left alone.

    Parameters
    ----------
    path : str or Path
        A complete or recovered session file.
    progress : callable, optional
        Told the fraction done, from 0 to 1.

    Raises
    ------
    imuhip.errors.RecordingError
        When it is unfinished or damaged, or when the new file did not read back the same.
    imuhip.errors.DiskError
        When there is no room beside it; the old file stays.
    """
    path = Path(path)
    before_bytes = path.stat().st_size if path.exists() else 0
    for left_behind in unfinished_parts(path):
        with suppress(OSError):
            left_behind.unlink()
    with SessionFile(path) as session:
        if session.number("/", "schema_major") >= FINALISED_MAJOR:
            return Finalised(path, before_bytes, before_bytes)
        _refuse_full_disk(path, before_bytes)
        segments = session.names("sensors")
        session.check_rows(segments)
        step = 0.5 / max(1, len(segments))

        def compare(part: Path) -> None:
            with SessionFile(part) as copy:
                for k, segment in enumerate(segments):
                    refuse_unlike(session, copy, segment)
                    progress(0.5 + step * (k + 1))
            session.close()  # some systems exchange no file that is open

        with finished_file(path, session.state, replaces=True, check=compare) as file:
            _copy_others(session, file)
            for k, segment in enumerate(segments):
                _copy_sensor(session, file, segment)
                progress(step * (k + 1))
    return Finalised(path, before_bytes, path.stat().st_size)


def try_to_finalise(path: Path) -> str:
    """Finalise, and return why it was not possible, in one sentence; nothing when it was.

    Whatever goes wrong, a fault of this program included, the recording is complete without it.
    """
    try:
        finalise(path)
    except Exception as error:
        reason = str(error).removeprefix(f"{path}: ")
        return f"{path} is complete, but was not made small: {reason or type(error).__name__}"
    return ""


def _refuse_full_disk(path: Path, size_bytes: int) -> None:
    free, needed = shutil.disk_usage(path.parent).free, int(_ROOM_FRACTION * size_bytes)
    if free < needed:
        raise DiskError(
            f"{path}: {free / 1e6:.1f} MB free on that disk, {needed / 1e6:.1f} MB needed to make"
            " it smaller",
            hint=f"the file is whole; free some space, then: imuhip finalise {path}",
        )


def _copy_others(session: SessionFile, file: Any) -> None:
    """Copy everything but the sensors' rows, whatever its names."""
    _copy_attributes(session.file, file)
    file.attrs.modify("schema_major", np.int32(FINALISED_MAJOR))
    for name in session.names("/"):
        if name != "sensors":
            _copy_item(session, name, file)
    sensors = file.create_group("sensors")
    for segment in session.names("sensors"):
        sensor = sensors.create_group(segment)
        for name in session.names(f"sensors/{segment}"):
            if name not in ("samples", "packets"):
                _copy_item(session, f"sensors/{segment}/{name}", sensor)
    committed = file["n_committed"][()]
    for k, row in enumerate(committed):
        # The bytes are a table now: as many rows as there are packets.
        stream = row["stream"].removesuffix(b"/bytes")
        committed["rows"][k] = next(r["rows"] for r in committed if r["stream"] == stream)
    file["n_committed"][...] = committed


def _copy_item(session: SessionFile, place: str, target: Any) -> None:
    source, name = session.item(place), place.rpartition("/")[2]
    if isinstance(source, h5py.Group):
        made = target.create_group(name)
        for child in session.names(place):
            _copy_item(session, f"{place}/{child}", made)
    else:
        with session.reading(place):
            data = source[()]
        options: dict[str, Any] = {}
        if source.shape and source.maxshape[0] is None:
            options = {"maxshape": source.maxshape, "chunks": (64, *source.shape[1:])}
        elif source.shape and len(source) > layout.ROWS_PER_PACKED_CHUNK:
            chunk = (layout.ROWS_PER_PACKED_CHUNK, *source.shape[1:])
            options = {"chunks": chunk, **layout.PACKED_FILTERS}
        made = target.create_dataset(name, data=data, dtype=source.dtype, **options)
    _copy_attributes(source, made)


def _copy_attributes(source: Any, target: Any) -> None:
    for name in source.attrs:
        target.attrs.create(name, source.attrs[name], dtype=source.attrs.get_id(name).dtype)


def _copy_sensor(session: SessionFile, file: Any, segment: str) -> None:
    sensor = file[f"sensors/{segment}"]
    stored = _copy_samples(session, sensor, f"sensors/{segment}/samples")
    if session.has(f"sensors/{segment}/packets"):
        _copy_packets(session, sensor, segment, stored)


def _copy_samples(session: SessionFile, sensor: Any, place: str) -> dict[str, NDArray[Any]]:
    """Copy the samples; return the signals as they are stored now."""
    group = sensor.create_group("samples")
    widths = {column.name: column.width for column in SAMPLE_COLUMNS}
    clock_hz = 0.0
    if session.has(device := place.replace("/samples", "/device")):
        clock_hz = session.number(device, "clock_hz")
    scales = (*_TICKS_S, *((1.0 / clock_hz,) if clock_hz > 0 else ()))
    signals: dict[str, NDArray[Any]] = {}
    for name in session.names(place):
        width = widths.get(name, 1)
        column = f"{place}/{name}"
        if name == "mag" and not session.item(column).id.get_storage_size():
            continue  # there is no magnetometer
        values = session.read(column, "fiu", width, unwritten=True)
        packing: Packing | None = None
        if name in _SIGNALS:
            packing = signal_packing(values)
        elif values.dtype.kind == "f":
            packing = tick_packing(values, scales)
        stored = values if packing is None else packing.stored(values)
        made = _create_packed(group, name, stored)
        if name in _SIGNALS:
            signals[name] = stored
        _describe(made, name, packing)
    return signals


def _create_packed(group: Any, name: str, data: NDArray[Any]) -> Any:
    chunk = (max(1, min(len(data), layout.ROWS_PER_PACKED_CHUNK)), *data.shape[1:])
    made = group.create_dataset(name, data.shape, data.dtype, chunks=chunk, **layout.PACKED_FILTERS)
    # Piece by piece: Python's other threads, which serve sensors that still stream, wait for each.
    for begin in range(0, len(data), _ROWS_AT_ONCE):
        rows = slice(begin, min(begin + _ROWS_AT_ONCE, len(data)))
        made[rows] = data[rows]
    return made


def _describe(dataset: Any, name: str, packing: Packing | None) -> None:
    """Say the unit, and how counts become values, in the names of the CF conventions."""
    if name in _UNITS:
        _text(dataset, "units", _UNITS[name])
    if packing is None:
        return
    dataset.attrs.create("scale_factor", packing.scale, dtype="<f8")
    _text(dataset, "unpacked_type", packing.unpacked_type)
    if packing.fill is not None:
        dataset.attrs.create("_FillValue", packing.fill, dtype=packing.dtype)


def _text(owner: Any, name: str, text: str) -> None:
    owner.attrs.create(name, np.bytes_(text.encode()), dtype=text_type(len(text.encode())))


def _copy_packets(
    session: SessionFile, sensor: Any, segment: str, signals: Mapping[str, NDArray[Any]]
) -> None:
    group = sensor.create_group("packets")
    packets = open_packets(session, segment)
    sample_arrival_s = read_column(session, f"sensors/{segment}/samples/arrival_s")
    first_row = first_rows(packets.arrival_s, sample_arrival_s)
    _describe(_create_packed(group, "arrival_s", packets.arrival_s), "arrival_s", None)
    _create_packed(group, "length", packets.length)
    _create_packed(group, "first_row", first_row)
    n_packets, width = len(packets), max(_LEAST_WIDTH, packets.width)
    # A column of its own for each byte of a packet: what hardly changes lies together.
    chunk = (max(1, min(n_packets, layout.ROWS_PER_PACKED_CHUNK)), 1)
    table = group.create_dataset(
        "bytes", (n_packets, width), "|u1", chunks=chunk, compression="gzip", compression_opts=4
    )
    n_probed = min(n_packets, ROWS_PER_BLOCK)
    copies = find_copies(
        packets.rows(0, n_probed), first_row[:n_probed], packets.length[:n_probed], signals
    )
    layout.create_copies(group, copies)
    for begin in range(0, n_packets, layout.ROWS_PER_PACKED_CHUNK):
        end = min(begin + layout.ROWS_PER_PACKED_CHUNK, n_packets)
        if packets.width:
            rows = packets.rows(begin, end)
            table[begin:end] = without_copies(rows, first_row[begin:end], signals, copies)
    if len(session.dataset(f"{packets.place}/bytes", "u")) != int(packets.length.sum()):
        raise RecordingError(
            f"{session.path}: holds bytes that belong to no packet",
            hint="the file is left as it is",
        )
