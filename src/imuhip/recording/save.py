"""Writes whole session files at once: under another name first, so that a half is never seen."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from imuhip.core.series import ImuSeries
from imuhip.recording import layout
from imuhip.recording.disk import disk_error, refuse_existing
from imuhip.recording.session import DeviceRecord, Recording

__all__ = [
    "PACKED",
    "finished_file",
    "rewritten_file",
    "save_recording",
    "unfinished_parts",
    "write_commit",
]

_PART_SUFFIX = ".part"
_COPIED_AT_ONCE = 1 << 20
PACKED = layout.Growth(rows_per_chunk=8192, packed=True)


def save_recording(recording: Recording, path: Path) -> Path:
    """Write `recording` as a new session file; every number is kept bit for bit.

    Raises
    ------
    imuhip.errors.DiskError
        When the file exists already or cannot be written.
    """
    path = Path(path)
    with finished_file(path, recording.state) as file:
        layout.create_root(
            file,
            rate_hz=recording.rate_hz,
            start_time=recording.start_time,
            subject=recording.subject,
            settings=recording.settings,
        )
        for segment, series in recording.sensors.items():
            _write_sensor(file, segment, series, recording.devices.get(segment))
        if recording.truth_motion is not None:
            layout.create_truth(file, recording.truth_motion)
        layout.create_table(file, "markers", [layout.marker_row(m) for m in recording.markers])
        layout.create_table(file, "events", [layout.event_row(e) for e in recording.events])
        if recording.annotations:
            rows = [layout.annotation_row(note) for note in recording.annotations]
            layout.create_table(file, "annotations", rows)
        write_commit(file)
    return path


def unfinished_parts(path: Path) -> list[Path]:
    """Return what a killed process left behind of its attempts to write `path`."""
    prefix = _part_prefix(path)
    return [
        found
        for found in path.parent.iterdir()
        if found.name.startswith(prefix) and found.name.endswith(_PART_SUFFIX)
    ]


def _part_prefix(path: Path) -> str:
    return f".{path.name}."


@contextmanager
def finished_file(
    path: Path,
    state: str,
    *,
    replaces: bool = False,
    copies: bool = False,
    check: Callable[[Path], None] = lambda _part: None,
) -> Iterator[Any]:
    """Open a file that takes the name `path` only when it is whole and on the disk.

    Parameters
    ----------
    path : Path
        Must not exist, unless the new file replaces it.
    state : str
        Of the finished file.
    replaces : bool
        Take the place of what is at `path`, in one step.
    copies : bool
        Begin with all that is at `path` instead of with nothing.
    check : callable
        Given the finished file under its first name; what it raises keeps the old one.
    """
    if not replaces:
        refuse_existing(path)
    part = path.with_name(f"{_part_prefix(path)}{os.getpid()}{_PART_SUFFIX}")
    try:
        with part.open("x+b", buffering=0) as raw:
            sink = _Sink(raw)
            if copies:
                with path.open("rb") as original:
                    shutil.copyfileobj(original, sink, _COPIED_AT_ONCE)
                if sink.refusal is not None:
                    raise sink.refusal
            # The oldest format: any HDF5 library, and so any MATLAB, reads it.
            mode = "r+" if copies else "w"
            with h5py.File(sink, mode, libver=("earliest", "v110")) as file:
                yield file
                layout.set_state(file, state)
            if sink.refusal is not None:
                raise sink.refusal
            os.fsync(raw.fileno())
        check(part)
        if replaces:
            shutil.copymode(path, part)
            part.replace(path)
        else:
            refuse_existing(path)
            part.rename(path)
    except (OSError, RuntimeError) as error:
        raise disk_error(path, "saving", error) from error
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def rewritten_file(part: Path) -> Iterator[Any]:
    """Open a file once more that `finished_file` has not yet given its name."""
    with part.open("r+b", buffering=0) as raw:
        sink = _Sink(raw)
        with h5py.File(sink, "r+") as file:
            yield file
        if sink.refusal is not None:
            raise sink.refusal
        os.fsync(raw.fileno())


class _Sink(io.RawIOBase):
    """The file below HDF5, which never hears of a refused write.

    HDF5 tries refused blocks again at every close, prints, and crashes the process at exit. Here
    the first refusal is kept, and everything after it is accepted and dropped.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.refusal: OSError | None = None

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: Any) -> int:
        return self._raw.readinto(buffer) or 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        written = 0
        while self.refusal is None and written < len(view):
            try:
                written += self._raw.write(view[written:]) or 0
            except OSError as error:
                self.refusal = error
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        if self.refusal is None:
            try:
                return self._raw.truncate(size)
            except OSError as error:
                self.refusal = error
        return size or 0


def write_commit(file: Any) -> None:
    """Store the number of rows of every growing dataset, and that it was written at once."""
    rows = [("markers", len(file["markers"])), ("events", len(file["events"]))]
    for segment, sensor in file["sensors"].items():
        name = f"sensors/{segment}"
        rows.append((f"{name}/samples", len(sensor["samples/seq"])))
        if "packets" in sensor:
            rows.append((f"{name}/packets", len(sensor["packets/start"])))
            rows.append((f"{name}/packets/bytes", len(sensor["packets/bytes"])))
        tables = ("clock_fits", "clock_fits_live") if "device" in sensor else ()
        rows += [(f"{name}/device/{table}", len(sensor["device"][table])) for table in tables]
    layout.create_table(file, "n_committed", [(name.encode(), n) for name, n in rows])
    layout.create_table(file, "last_flush", [(1, 0.0, 0.0)])


def _write_sensor(file: Any, segment: str, series: ImuSeries, device: DeviceRecord | None) -> None:
    sensor = file["sensors"].create_group(segment)
    if device is not None:
        layout.create_device(sensor, device)
    n_rows = len(series)
    samples = layout.create_samples(
        sensor, PACKED, n_rows=n_rows, signal_dtype="<f8", with_mag=series.mag is not None
    )
    samples["seq"][...] = np.arange(n_rows)
    samples["epoch"][...] = 0
    samples["time_s"][...] = series.time_s
    samples["acc"][...] = series.acc
    samples["gyr"][...] = series.gyr
    samples["flags"][...] = 0
    samples["valid"][...] = series.valid
    if series.mag is not None:
        samples["mag"][...] = series.mag
