"""A `LiveSource` that plays a recording into real rings, at the pace the test chooses."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import numpy as np

from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.status import (
    AcquisitionStatus,
    RecordingResult,
    RecordingStatus,
    SensorStatus,
)
from imuhip.acquisition.supervisor import LinkState
from imuhip.core.sensor import SensorCounters
from imuhip.core.series import Marker
from imuhip.errors import ImuhipError
from imuhip.recording.plan import SampleRows
from imuhip.recording.session import Recording


class PlayedSource:
    """Streams `recording` from time 0; the clock of the host is the recording's."""

    def __init__(
        self,
        recording: Recording,
        *,
        ring_s: float = 60.0,
        latency_s: float = 0.02,
        writes: bool = False,
    ) -> None:
        rate_hz = recording.rate_hz
        self.recording = recording
        self.subject: str | None = recording.subject
        self.rings = {s: SampleRing(round(ring_s * rate_hz)) for s in recording.sensors}
        self.silent_since_s: dict[str, float] = {}
        self.battery = {s: 91 - 4 * k for k, s in enumerate(recording.sensors)}
        self.now_s = 0.0
        self.closed = 0
        self.marks: list[tuple[str, float]] = []
        self.stretches: list[Marker] = []
        self.disk_error: ImuhipError | None = None
        self.refusal: ImuhipError | None = None
        self.calls: list[str] = []
        self._latency_s = latency_s
        self._writes = writes
        self._sent = dict.fromkeys(recording.sensors, 0)
        self._path: Path | None = None
        self._zero_s = 0.0

    def play_to(self, now_s: float) -> None:
        """Let time pass: everything sampled until then, less the latency, arrives."""
        self.now_s = now_s
        for segment, series in self.recording.sensors.items():
            if segment in self.silent_since_s or segment not in self.rings:
                continue
            start = self._sent[segment]
            stop = int(np.searchsorted(series.time_s, now_s - self._latency_s))
            if stop > start:
                self.rings[segment].append(_rows(series, slice(start, stop)))
                self._sent[segment] = stop

    def silence(self, segment: str) -> None:
        """Let a sensor vanish."""
        self.silent_since_s[segment] = self.now_s

    def back(self, segment: str) -> None:
        """Let it come back; what it measured meanwhile is lost."""
        del self.silent_since_s[segment]
        series = self.recording.sensors[segment]
        self._sent[segment] = int(np.searchsorted(series.time_s, self.now_s))

    # -- LiveSource -----------------------------------------------------------------------------

    def status(self) -> AcquisitionStatus:
        recording = None
        if self._path is not None:
            recording = RecordingStatus(
                self._path, self.now_s - self._zero_s, 0, 0, 0.1, self.disk_error
            )
        return AcquisitionStatus(self.now_s, {s: self._sensor(s) for s in self.rings}, recording)

    def ring(self, segment: str) -> SampleRing:
        return self.rings[segment]

    def begin_recording(self, path: Path) -> Future[None]:
        self.calls.append("begin")
        future: Future[None] = Future()
        if self.refusal is not None:
            future.set_exception(self.refusal)
        else:
            self._path, self._zero_s = path, self.now_s
            future.set_result(None)
        return future

    def end_recording(self) -> Future[RecordingResult]:
        self.calls.append("end")
        assert self._path is not None
        future: Future[RecordingResult] = Future()
        duration_s = self.now_s - self._zero_s
        if self._writes:
            self._recorded(duration_s).save(self._path)
        future.set_result(RecordingResult(self._path, duration_s, {}, {}, self.disk_error))
        self._path = None
        return future

    def _recorded(self, duration_s: float) -> Recording:
        """Return what a recorder would have written."""
        body = {}
        for segment, series in self.recording.sensors.items():
            part = series.between(self._zero_s, self._zero_s + duration_s)
            body[segment] = replace(part, time_s=part.time_s - self._zero_s)
        markers, self.stretches = tuple(self.stretches), []
        return replace(
            self.recording,
            sensors=body,
            markers=markers,
            truth_motion=None,
            devices={},
            subject=self.subject,
        )

    def mark(
        self, name: str, start_s: float | None = None, end_s: float | None = None
    ) -> Future[None]:
        self.marks.append((name, self.now_s))
        start_s = self.now_s - self._zero_s if start_s is None else start_s
        self.stretches.append(Marker(name, start_s, start_s if end_s is None else end_s))
        future: Future[None] = Future()
        future.set_result(None)
        return future

    def close(self) -> None:
        self.calls.append("close")
        self.closed += 1

    def _sensor(self, segment: str) -> SensorStatus:
        status = SensorStatus(
            segment=segment,
            address=f"C4:5C:4E:00:00:{len(segment):02X}",
            name="imuhip-" + segment.replace("_", "-"),
            serial=segment,
            model="imuhip",
            battery_percent=self.battery[segment],
            rssi_dbm=-50,
            state=LinkState.STREAMING,
            nominal_rate_hz=self.recording.rate_hz,
            measured_rate_hz=self.recording.rate_hz,
            counters=SensorCounters(received=self._sent[segment]),
            last_packet_age_s=self._latency_s,
        )
        since_s = self.silent_since_s.get(segment)
        if since_s is None:
            return status
        age_s = self.now_s - since_s
        state = LinkState.SILENT if age_s < 2.0 else LinkState.WAITING
        return replace(status, state=state, last_packet_age_s=age_s, measured_rate_hz=0.0)


def _rows(series, rows: slice) -> SampleRows:
    n_rows = rows.stop - rows.start
    time_s = series.time_s[rows]
    return SampleRows(
        epoch=np.zeros(n_rows, dtype=np.int64),
        seq=np.arange(rows.start, rows.stop),
        device_time_s=time_s,
        time_s=time_s,
        arrival_s=time_s + 0.02,
        acc=series.acc[rows],
        gyr=series.gyr[rows],
        mag=None,
        flags=np.zeros(n_rows, dtype=np.int64),
    )
