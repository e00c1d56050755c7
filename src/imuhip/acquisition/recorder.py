"""The lossless way to the session file: a bounded queue and the one thread that may write.

The radio's thread only appends to the queue and never waits for the disk. The writer thread wakes
several times a second, writes what waits in one piece per sensor, and flushes. Nothing is dropped
silently: packets that find the queue full are refused to the caller's face, and a disk that refuses
is told in `RecorderStatus` while the queue goes on being emptied.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imuhip.acquisition.rows import concatenated
from imuhip.core.sensor import ClockFit, SensorCounters
from imuhip.core.series import FloatArray, Marker
from imuhip.errors import ImuhipError, RecordingError
from imuhip.recording.plan import SampleRows
from imuhip.recording.writer import SessionWriter

__all__ = ["Recorder", "RecorderStatus"]

_log = logging.getLogger(__name__)

FLUSH_INTERVAL_S = 0.2
CAPACITY_PACKETS = 100_000
"""Ten minutes of three sensors at 50 packets a second, about 25 MB."""


@dataclass(frozen=True, slots=True)
class RecorderStatus:
    """How the writing goes.

    Parameters
    ----------
    error : ImuhipError or None
        Why nothing is written any more.
    waiting_packets : int
        Packets in the queue.
    unwritten_packets : int
        Packets that came after `error`.
    flush_age_s : float, s
        Time since the last flush.
    """

    error: ImuhipError | None
    waiting_packets: int
    unwritten_packets: int
    flush_age_s: float


@dataclass(frozen=True, slots=True)
class _Batch:
    segment: str
    arrival_s: FloatArray
    packets: Sequence[bytes]
    rows: SampleRows | None


class Recorder:
    """Owns the writer thread of one session file.

    Parameters
    ----------
    open_writer : callable
        Creates the file; called on the writer thread.
    capacity_packets : int
        Bound of the queue.
    flush_interval_s : float, s
        Longest time between flushes.
    make_small : callable, optional
        Given the path of a file that was closed properly, on the writer thread; returns why it
        was not possible, or nothing.
    """

    def __init__(
        self,
        open_writer: Callable[[], SessionWriter],
        *,
        capacity_packets: int = CAPACITY_PACKETS,
        flush_interval_s: float = FLUSH_INTERVAL_S,
        make_small: Callable[[Path], str] | None = None,
    ) -> None:
        self._open_writer = open_writer
        self._capacity_packets = capacity_packets
        self._flush_interval_s = flush_interval_s
        self._make_small = make_small
        self._queue: deque[_Batch | Callable[[SessionWriter], None]] = deque()
        self._waiting = 0
        self._unwritten = 0
        self._error: ImuhipError | None = None
        self._closing: Mapping[str, tuple[ClockFit, ...]] | None = None
        self._wake = threading.Condition()
        self._last_flush_s = time.monotonic()
        self.note = ""
        """Why the finished file is still as large as while recording; empty when it is not."""
        self.opened: Future[None] = Future()
        self.closed: Future[None] = Future()
        for future in (self.opened, self.closed):
            future.set_running_or_notify_cancel()  # whoever waits may go, the thread goes on
        self._thread = threading.Thread(target=self._run, name="imuhip-writer", daemon=False)

    # -- any thread -----------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread; `opened` tells whether the file could be created."""
        self._thread.start()

    def offer(
        self, segment: str, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        """Queue packets and their samples; return False when the queue is full."""
        with self._wake:
            if self._waiting + len(packets) > self._capacity_packets:
                return False
            self._queue.append(_Batch(segment, arrival_s, packets, rows))
            self._waiting += len(packets)
            if self._waiting > self._capacity_packets // 2:
                self._wake.notify()
        return True

    def offer_clock_fit(self, segment: str, fit: ClockFit, at_s: float) -> None:
        """Queue a live clock fit."""
        self._put(lambda writer: writer.append_clock_fit(segment, fit, at_s))

    def offer_clock_question(
        self, segment: str, epoch: int, instants_s: tuple[float, float, float, float]
    ) -> None:
        """Queue a question for a sensor's clock that was answered."""
        self._put(lambda writer: writer.append_clock_question(segment, epoch, instants_s))

    def offer_stream_start(self, segment: str, at_s: float) -> None:
        """Queue the instant at which a sensor was told to stream again."""
        self._put(lambda writer: writer.append_stream_start(segment, at_s))

    def offer_marker(self, marker: Marker) -> None:
        """Queue a marker."""
        self._put(lambda writer: writer.append_marker(marker))

    def offer_event(self, at_s: float, segment: str | None, kind: str, text: str) -> None:
        """Queue an event."""
        self._put(lambda writer: writer.append_event(at_s, segment, kind, text))

    def offer_counters(self, segment: str, counters: SensorCounters) -> None:
        """Queue a sensor's counters."""
        self._put(lambda writer: writer.update_counters(segment, counters))

    def close(self, final_fits: Mapping[str, tuple[ClockFit, ...]]) -> Future[None]:
        """Let the thread write what waits, finish the file and end.

        Returns
        -------
        Future
            Done when the thread has finished; carries the error that kept the file unfinished.
        """
        with self._wake:
            self._closing = final_fits
            self._wake.notify()
        return self.closed

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread; return whether it ended."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def status(self) -> RecorderStatus:
        """Return how the writing goes."""
        age_s = time.monotonic() - self._last_flush_s
        return RecorderStatus(self._error, self._waiting, self._unwritten, age_s)

    def _put(self, command: Callable[[SessionWriter], None]) -> None:
        with self._wake:
            self._queue.append(command)

    # -- the writer thread ----------------------------------------------------------------------

    def _run(self) -> None:
        try:
            writer = self._open_writer()
        except BaseException as error:
            self._error = _as_imuhip_error(error)
            self.opened.set_exception(self._error)
            self.closed.set_exception(self._error)
            return
        self.opened.set_result(None)
        while self._closing is None:
            with self._wake:
                if self._closing is None:
                    self._wake.wait(0.9 * self._flush_interval_s)
            self._write_waiting(writer)
        self._write_waiting(writer)
        self._finish(writer, self._closing)

    def _write_waiting(self, writer: SessionWriter) -> None:
        with self._wake:
            items, self._queue = self._queue, deque()
            n_packets, self._waiting = self._waiting, 0
        if self._error is not None:
            self._unwritten += n_packets
            return
        try:
            for batch in _merged([item for item in items if isinstance(item, _Batch)]):
                writer.append_packets(batch.segment, batch.arrival_s, batch.packets)
                if batch.rows is not None:
                    writer.append_samples(batch.segment, batch.rows)
            for item in items:
                if not isinstance(item, _Batch):
                    item(writer)
            writer.flush()
            self._last_flush_s = time.monotonic()
        except Exception as error:
            self._error = _as_imuhip_error(error)
            _log.error("recording stopped writing: %s", self._error)

    def _finish(
        self, writer: SessionWriter, final_fits: Mapping[str, tuple[ClockFit, ...]]
    ) -> None:
        try:
            writer.close(final_fits=final_fits)
        except Exception as error:
            self._error = self._error or _as_imuhip_error(error)
        if self._error is None and self._make_small is not None:
            self.note = self._make_small(writer.path)
            if self.note:
                _log.warning("%s", self.note)
        if self._error is None:
            self.closed.set_result(None)
        else:
            self.closed.set_exception(self._error)


def _merged(batches: Sequence[_Batch]) -> list[_Batch]:
    """Return one batch per sensor: fewer, larger appends."""
    by_segment: dict[str, list[_Batch]] = {}
    for batch in batches:
        by_segment.setdefault(batch.segment, []).append(batch)
    merged = []
    for segment, parts in by_segment.items():
        rows = [part.rows for part in parts if part.rows is not None]
        merged.append(
            _Batch(
                segment,
                np.concatenate([part.arrival_s for part in parts]),
                [packet for part in parts for packet in part.packets],
                concatenated(rows) if rows else None,
            )
        )
    return merged


def _as_imuhip_error(error: BaseException) -> ImuhipError:
    if isinstance(error, ImuhipError):
        return error
    return RecordingError(
        f"the session file cannot be written: {type(error).__name__}: {error}",
        hint="what was flushed before is safe: imuhip recover FILE",
    )
