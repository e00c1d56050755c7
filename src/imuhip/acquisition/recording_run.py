"""One recording, from its zero to the finished file."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from imuhip.acquisition.recorder import Recorder
from imuhip.acquisition.recording_tap import ClockEvidence
from imuhip.acquisition.rows import moved
from imuhip.acquisition.settled_clocks import settle_clocks
from imuhip.acquisition.status import RecordingResult, RecordingStatus
from imuhip.acquisition.stream import HostTime, SensorStream, shifted
from imuhip.core.series import FloatArray, Marker
from imuhip.errors import ImuhipError
from imuhip.recording.finalise import try_to_finalise
from imuhip.recording.plan import SampleRows, SensorPlan
from imuhip.recording.session import Truth
from imuhip.recording.writer import SessionWriter

__all__ = ["RecordingRequest", "RecordingRun"]

_log = logging.getLogger(__name__)

COUNTERS_INTERVAL_S = 1.0
FITS_INTERVAL_S = 5.0


@dataclass(frozen=True, slots=True)
class RecordingRequest:
    """What to record into which file; see `SessionWriter`."""

    path: Path
    plans: Sequence[SensorPlan]
    rate_hz: float
    subject: str | None
    settings: Mapping[str, str]
    truth: Truth | None = None


class RecordingRun:
    """Leads the streams of all sensors into one file.

    Time zero is the instant of construction: whatever arrives after it is recorded, the samples of
    the first packets up to one packet before zero included.

    Parameters
    ----------
    host : HostTime
        The clock of the streams.
    request : RecordingRequest
        File and sensors.
    streams : mapping of segment to SensorStream
        Where packets come from.
    capacity_packets : int
        Bound of the queue to the writer.
    """

    def __init__(
        self,
        host: HostTime,
        request: RecordingRequest,
        streams: Mapping[str, SensorStream],
        capacity_packets: int,
    ) -> None:
        self._host = host
        self._request = request
        self._streams = dict(streams)
        self._zero_s = host.now_s()
        start_unix_s = host.clock.unix_s()
        self._recorder = Recorder(
            lambda: self._open(start_unix_s),
            capacity_packets=capacity_packets,
            make_small=try_to_finalise,
        )
        self._next_counters_s = self._next_fits_s = self._zero_s
        for segment, stream in self._streams.items():
            sink = _SegmentSink(self._recorder, segment, self._zero_s)
            stream.begin_recording(sink, sink.take_clock_evidence)

    @property
    def elapsed_s(self) -> float:
        """Return the present on the recording's clock, s."""
        return self._host.now_s() - self._zero_s

    async def start(self) -> None:
        """Create the file.

        Raises
        ------
        DiskError
            When the file exists or cannot be made; the streams are let go of.
        """
        self._recorder.start()
        try:
            await asyncio.shield(asyncio.wrap_future(self._recorder.opened))
        except ImuhipError:
            for stream in self._streams.values():
                stream.end_recording()
            raise

    def add_marker(self, marker: Marker) -> None:
        """Add a marker, on the recording's clock."""
        self._recorder.offer_marker(marker)

    def add_event(self, segment: str | None, kind: str, text: str) -> None:
        """Add an event that happens now."""
        self._recorder.offer_event(self.elapsed_s, segment, kind, text)

    def keep_house(self) -> None:
        """Send counters and live fits now and then, so that a killed file has them too."""
        now_s = self._host.now_s()
        if now_s >= self._next_counters_s:
            self._next_counters_s = now_s + COUNTERS_INTERVAL_S
            for segment, stream in self._streams.items():
                self._recorder.offer_counters(segment, stream.counters())
        if now_s >= self._next_fits_s:
            self._next_fits_s = now_s + FITS_INTERVAL_S
            for segment, stream in self._streams.items():
                fit = stream.live_fit()
                if fit is not None:
                    fit = shifted(fit, -self._zero_s)
                    self._recorder.offer_clock_fit(segment, fit, now_s - self._zero_s)

    def status(self) -> RecordingStatus:
        """Return how it goes."""
        writing = self._recorder.status()
        return RecordingStatus(
            path=self._request.path,
            elapsed_s=self.elapsed_s,
            waiting_packets=writing.waiting_packets,
            unwritten_packets=writing.unwritten_packets,
            flush_age_s=writing.flush_age_s,
            error=writing.error,
        )

    async def finish(self) -> RecordingResult:
        """Work off what arrived, map all samples by the final fits, close and finalise the file.

        A disk that refuses is told in the result; what was flushed before stays readable.
        """
        duration_s = self.elapsed_s
        try:
            settle_clocks(self._streams)
        except Exception:
            # Times by what was settled last are better than no file.
            _log.exception("clocks could not be settled at the stop")
        fits = {
            segment: tuple(shifted(fit, -self._zero_s) for fit in stream.end_recording())
            for segment, stream in self._streams.items()
        }
        counters = {segment: stream.counters() for segment, stream in self._streams.items()}
        for segment, stream in self._streams.items():
            self._recorder.offer_counters(segment, counters[segment])
            if stream.packet_age_s > stream.silent_after_s:
                text = f"no packet for the last {stream.packet_age_s:.1f} s"
                self._recorder.offer_event(duration_s, segment, "silent_at_stop", text)
        error: ImuhipError | None = None
        try:
            await asyncio.wrap_future(self._recorder.close(fits))
        except ImuhipError as refusal:
            error = refusal
        self._recorder.join()
        path, note = self._request.path, self._recorder.note
        return RecordingResult(path, duration_s, counters, fits, error, note=note)

    def _open(self, start_unix_s: float) -> SessionWriter:
        request = self._request
        return SessionWriter(
            request.path,
            request.plans,
            rate_hz=request.rate_hz,
            start_unix_s=start_unix_s,
            subject=request.subject,
            settings=request.settings,
            truth=request.truth,
        )


@dataclass(frozen=True, slots=True)
class _SegmentSink:
    """One sensor's way to the recorder, from the host's clock to the recording's."""

    recorder: Recorder
    segment: str
    zero_s: float

    def __call__(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        on_clock = None if rows is None else moved(rows, -self.zero_s)
        return self.recorder.offer(self.segment, arrival_s - self.zero_s, packets, on_clock)

    def take_clock_evidence(self, evidence: ClockEvidence) -> None:
        """Store what the sensor's clock is known by beside its packets."""
        if isinstance(evidence, float):
            self.recorder.offer_stream_start(self.segment, evidence - self.zero_s)
            return
        epoch, told = evidence
        asked_s, answered_s = told.asked_s - self.zero_s, told.answered_s - self.zero_s
        instants_s = (asked_s, told.received_s, told.sent_s, answered_s)
        self.recorder.offer_clock_question(self.segment, epoch, instants_s)
