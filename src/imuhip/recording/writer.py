"""Writes a session file while it happens, so that a kill loses at most what came since a flush.

One thread calls a `SessionWriter`. Rows wait in memory until `flush`, which writes them dataset by
dataset in a fixed order and the number of rows that count, ``n_committed``, last. The file is in
HDF5's SWMR mode from the first row on; nothing is created and no attribute changes after that.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from imuhip.core.clock import Clock, SystemClock
from imuhip.core.segments import SEGMENTS
from imuhip.core.sensor import ClockFit, SensorCounters
from imuhip.core.series import FloatArray, Marker
from imuhip.errors import DiskError
from imuhip.recording import layout
from imuhip.recording.disk import (
    RESERVE_BYTES,
    DiskReserve,
    abandon,
    create_session_file,
    disk_error,
)
from imuhip.recording.plan import SampleRows, SensorPlan
from imuhip.recording.schema import table_types
from imuhip.recording.session import Event, Truth
from imuhip.recording.streams import GrowingStream, SensorStreams

__all__ = ["SampleRows", "SensorPlan", "SessionWriter"]

FSYNC_INTERVAL_S = 5.0
ROWS_PER_REWRITE = 65536
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


def _check_plans(plans: Sequence[SensorPlan]) -> None:
    segments = [plan.segment for plan in plans]
    if not segments or len(set(segments)) < len(segments) or not set(segments) <= set(SEGMENTS):
        raise ValueError(
            f"Expected one plan for each of some segments among {', '.join(SEGMENTS)},"
            f" got {segments}"
        )


class SessionWriter:
    """A session file being recorded. One thread calls it; it starts none.

    Parameters
    ----------
    path : Path
        Must not exist.
    plans : sequence of SensorPlan
        One for each segment.
    rate_hz : float
        Nominal sample rate.
    start_unix_s : float
        Calendar time of the recording clock's zero.
    subject : str, optional
        A pseudonymous code.
    settings : mapping of str to str
        Choices the recording was started with.
    truth : Truth, optional
        What a simulator knows.
    clock : Clock, optional
        Paces fsync and measures the time between flushes.

    Raises
    ------
    imuhip.errors.DiskError
        From any method: when the file exists, cannot be made, or the disk is full. After a full
        disk the rows given so far are in the file and `close` still finishes it.
    """

    def __init__(
        self,
        path: Path,
        plans: Sequence[SensorPlan],
        *,
        rate_hz: float,
        start_unix_s: float,
        subject: str | None = None,
        settings: Mapping[str, str] = NO_SETTINGS,
        truth: Truth | None = None,
        clock: Clock | None = None,
    ) -> None:
        _check_plans(plans)
        self.path = Path(path)
        self._clock = clock or SystemClock()
        self._failure: DiskError | None = None
        self._closed = False
        self._file = create_session_file(self.path)
        try:
            start_time = datetime.fromtimestamp(start_unix_s, UTC)
            layout.create_root(
                self._file,
                rate_hz=rate_hz,
                start_time=start_time,
                subject=subject,
                settings=settings,
            )
            if truth is not None:
                layout.create_truth(self._file, truth)
            self._create_streams(plans)
            self._file.swmr_mode = True
            self._fd = int(self._file.id.get_vfd_handle())
            self._reserve = DiskReserve(self.path, self._fd)
            refusal = self._reserve.claim(self._file.id.get_filesize())
            if refusal is not None:
                raise refusal
            self.flush()
        except BaseException as error:
            self._give_up_new_file()
            if isinstance(error, OSError | RuntimeError):
                raise disk_error(
                    self.path, "starting the recording", error, needed_bytes=RESERVE_BYTES
                ) from error
            raise

    def _create_streams(self, plans: Sequence[SensorPlan]) -> None:
        self._sensors = {plan.segment: SensorStreams(self._file, plan) for plan in plans}
        self._markers = GrowingStream("markers", {"": layout.create_table(self._file, "markers")})
        self._events = GrowingStream("events", {"": layout.create_table(self._file, "events")})
        self._streams = [s for sensor in self._sensors.values() for s in sensor.streams]
        self._streams += [self._markers, self._events]
        rows = [(stream.name.encode(), 0) for stream in self._streams]
        self._n_committed = layout.create_table(self._file, "n_committed", rows)
        self._last_flush = layout.create_table(self._file, "last_flush", [(0, 0.0, 0.0)])
        self._flush_count = 0
        self._start_ns = self._flush_ns = self._fsync_ns = self._clock.monotonic_ns()
        self._longest_interval_s = 0.0

    def append_packets(self, segment: str, arrival_s: FloatArray, packets: Sequence[bytes]) -> None:
        """Keep raw notifications as they came, (n,) arrival times and n byte strings."""
        self._check_usable()
        if len(arrival_s) != len(packets):
            raise ValueError(f"Expected {len(packets)} arrival times, got {len(arrival_s)}")
        if not packets:
            return
        sensor = self._sensor(segment)
        length = np.array([len(packet) for packet in packets], dtype=np.int64)
        end = sensor.n_bytes + np.cumsum(length)
        sensor.packet_bytes.add(int(length.sum()), {"": np.frombuffer(b"".join(packets), np.uint8)})
        sensor.packets.add(
            len(packets), {"arrival_s": arrival_s, "start": end - length, "length": length}
        )
        sensor.n_bytes = int(end[-1])

    def append_samples(self, segment: str, block: SampleRows) -> None:
        """Keep decoded samples."""
        self._check_usable()
        columns: dict[str, Any] = {
            "epoch": block.epoch,
            "seq": block.seq,
            "device_time_s": block.device_time_s,
            "arrival_s": block.arrival_s,
            "time_live_s": block.time_s,
            "time_s": block.time_s,
            "acc": block.acc,
            "gyr": block.gyr,
            "flags": block.flags,
            "valid": np.isfinite(block.acc).all(axis=1) & np.isfinite(block.gyr).all(axis=1),
        }
        if block.mag is not None:
            columns["mag"] = block.mag
        self._sensor(segment).samples.add(len(block), columns)

    def append_clock_fit(self, segment: str, fit: ClockFit, at_s: float) -> None:
        """Keep a live clock mapping, in force from `at_s` on."""
        self._check_usable()
        self._add(segment, "clock_fits_live", (at_s, *layout.fit_row(fit)))

    def append_clock_question(
        self, segment: str, epoch: int, instants_s: tuple[float, float, float, float]
    ) -> None:
        """Keep a question for a sensor's clock: asked, received, sent and answered, s."""
        self._check_usable()
        self._add(segment, "clock_questions", (epoch, *instants_s))

    def append_stream_start(self, segment: str, at_s: float) -> None:
        """Keep the instant at which a sensor was told to stream again."""
        self._check_usable()
        self._add(segment, "stream_starts", (at_s,))

    def _add(self, segment: str, table: str, row: tuple[Any, ...]) -> None:
        self._sensor(segment).tables[table].add_row(table, row)

    def append_marker(self, marker: Marker) -> None:
        """Keep a marker."""
        self._check_usable()
        self._markers.add_row("markers", layout.marker_row(marker))

    def append_event(self, at_s: float, segment: str | None, kind: str, text: str) -> None:
        """Keep something that happened; `kind` to 32 and `text` to 160 bytes of UTF-8."""
        self._check_usable()
        self._events.add_row("events", layout.event_row(Event(at_s, segment, kind, text)))

    def update_counters(self, segment: str, counters: SensorCounters) -> None:
        """Replace the sensor's counters by newer ones."""
        self._check_usable()
        self._sensor(segment).pending_counters = counters

    def flush(self) -> None:
        """Make everything given so far safe from a kill; fsync every 5 s against power loss."""
        self._check_usable()
        waiting = sum(stream.waiting_bytes for stream in self._streams)
        used = int(self._file.id.get_filesize())
        refusal = self._reserve.claim(used, 4 * waiting)
        if refusal is None or self._reserve.left(used) > (1 << 20) + 4 * waiting:
            if refusal is not None:
                at_s = (self._clock.monotonic_ns() - self._start_ns) / 1e9
                event = Event(at_s, None, "disk_full", str(refusal))
                self._events.add_row("events", layout.event_row(event))
            with self._sound_or_abandoned("writing"):
                self._write_waiting()
        if refusal is not None:
            self._failure = disk_error(self.path, "writing", refusal)
            raise self._failure

    def close(
        self, *, final_fits: Mapping[str, tuple[ClockFit, ...]] = MappingProxyType({})
    ) -> None:
        """Finish the file: store the final clock mapping, its times, and ``state = "complete"``.

        Does nothing when the file is closed already.
        """
        if self._closed:
            return
        if self._failure is None:
            try:
                self.flush()
            except DiskError:
                if self._closed:
                    raise
        with self._sound_or_abandoned("finishing"):
            for segment, fits in final_fits.items():
                self._finish_times(self._sensor(segment), fits)
            self._write_waiting()
            layout.set_state(self._file, "complete")
            self._file["state"].flush()
            self._file.flush()
            self._reserve.release(int(self._file.id.get_filesize()))
            os.fsync(self._fd)
            self._file.close()
        self._closed = True

    def __enter__(self) -> SessionWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sensor(self, segment: str) -> SensorStreams:
        if segment not in self._sensors:
            raise ValueError(f"Expected a segment among {sorted(self._sensors)}, got {segment!r}")
        return self._sensors[segment]

    def _check_usable(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise ValueError(f"Expected an open session file, got {self.path} closed already")

    def _write_waiting(self) -> None:
        for stream in self._streams:
            stream.write()
        for sensor in self._sensors.values():
            if sensor.pending_counters is not None:
                row = layout.counters_row(sensor.pending_counters)
                sensor.counters[0] = np.array(row, dtype=table_types()["counters"])
                sensor.counters.flush()
                sensor.pending_counters = None
        self._commit()

    def _commit(self) -> None:
        now_ns = self._clock.monotonic_ns()
        interval_s = (now_ns - self._flush_ns) / 1e9
        self._longest_interval_s = max(self._longest_interval_s, interval_s)
        self._flush_ns = now_ns
        self._flush_count += 1
        elapsed_s = (now_ns - self._start_ns) / 1e9
        row = (self._flush_count, elapsed_s, self._longest_interval_s)
        self._last_flush[0] = np.array(row, dtype=table_types()["last_flush"])
        self._last_flush.flush()
        rows = [(stream.name.encode(), stream.n_rows) for stream in self._streams]
        self._n_committed[...] = np.array(rows, dtype=table_types()["n_committed"])
        self._n_committed.flush()
        if (now_ns - self._fsync_ns) / 1e9 >= FSYNC_INTERVAL_S:
            os.fsync(self._fd)
            self._fsync_ns = now_ns

    def _finish_times(self, sensor: SensorStreams, fits: tuple[ClockFit, ...]) -> None:
        for fit in fits:
            sensor.clock_fits.add_row("clock_fits", layout.fit_row(fit))
        # The fits are committed first, so that a kill below leaves enough to do this again.
        self._write_waiting()
        samples = self._file[sensor.samples.name]
        for start in range(0, sensor.samples.n_rows, ROWS_PER_REWRITE):
            rows = slice(start, min(start + ROWS_PER_REWRITE, sensor.samples.n_rows))
            time_s = layout.final_times(
                samples["epoch"][rows],
                samples["device_time_s"][rows],
                samples["time_s"][rows],
                fits,
            )
            samples["time_s"][rows] = time_s
        samples["time_s"].flush()

    @contextmanager
    def _sound_or_abandoned(self, doing: str) -> Iterator[None]:
        """Turn a refused write into a `DiskError`, and let go of a file HDF5 cannot finish."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            self._failure = disk_error(self.path, doing, error)
            self._closed = True
            abandon(self._file, self._fd)
            raise self._failure from error

    def _give_up_new_file(self) -> None:
        self._closed = True
        with suppress(OSError, RuntimeError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink()
