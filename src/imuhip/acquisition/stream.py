"""One sensor's packets: arrival time and bytes come in, numbered and mapped samples go out."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from imuhip.acquisition.accounting import EpochTracker, PlacedBlock, SampleAccounts
from imuhip.acquisition.clock_mapping import ClockMapping, MappingPolicy
from imuhip.acquisition.clock_wrap import WrapContinuation
from imuhip.acquisition.counted_clock import CountWatch, PauseLosses, TwinWatch, counted_mapping
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.rows import concatenated, moved, rows_of_block
from imuhip.core.clock import Clock
from imuhip.core.sensor import FLAGS, ClockFit, SampleBlock, SensorCounters, StreamConfig
from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError
from imuhip.recording.plan import SampleRows
from imuhip.sensors.driver import StreamDecoder

__all__ = ["HostTime", "PacketSink", "SensorStream", "shifted"]

_log = logging.getLogger(__name__)

MAX_WAITING_PACKETS = 20_000
RATE_WINDOW_S = 5.0


class HostTime:
    """The host's monotonic clock in seconds since acquisition began, fine to the nanosecond.

    Parameters
    ----------
    clock : Clock
        Where time comes from.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._zero_ns = clock.monotonic_ns()

    def now_s(self) -> float:
        """Return the present, s."""
        return (self.clock.monotonic_ns() - self._zero_ns) * 1e-9


class PacketSink(Protocol):
    """Takes everything a sensor sent, for the session file; times are those of `HostTime`."""

    def __call__(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> bool:
        """Return False when the queue is full and the packets are not going to be stored."""
        ...


@dataclass(slots=True)
class _Tap:
    """A recording in progress, as one stream sees it."""

    sink: PacketSink
    first_epoch: int


class SensorStream:
    """Decodes, counts, and maps one sensor's samples, then hands them to ring and recorder.

    Everything runs on the loop's thread; only the ring is read elsewhere.

    Parameters
    ----------
    host : HostTime
        The clock arrivals are stamped with.
    config : StreamConfig
        What the sensor was asked to stream.
    make_decoder : callable
        Returns a fresh decoder.
    policy : MappingPolicy
        Limits of the clock mapping.
    ring_capacity_samples : int
        Size of the ring.
    on_event : callable
        Told kind and text of what is worth noting in the file.
    """

    def __init__(
        self,
        host: HostTime,
        config: StreamConfig,
        make_decoder: Callable[[StreamConfig], StreamDecoder],
        *,
        policy: MappingPolicy,
        ring_capacity_samples: int,
        on_event: Callable[[str, str], None],
    ) -> None:
        self.period_s = 1.0 / config.rate_hz
        self.ring = SampleRing(ring_capacity_samples)
        self.packet_period_s = self.period_s
        self.last_arrival_s = -np.inf
        self._host = host
        self._config = config
        self._make_decoder = make_decoder
        self._decoder = make_decoder(config)
        self._policy = policy
        self._on_event = on_event
        self._inbox: deque[tuple[float, bytes | None]] = deque()
        self._overruns = 0
        self._wraps = WrapContinuation()
        self._tracker = EpochTracker(self.period_s)
        self._accounts = SampleAccounts(self.period_s)
        self._mappings: dict[int, ClockMapping] = {}
        self._watch = CountWatch(self.period_s)
        self._losses = PauseLosses(self.period_s)
        self._is_counted = False
        self._twins = TwinWatch(self.period_s)
        self._n_latest = 0
        self._last_seq = -1
        self._last_time_s = -np.inf
        self._last_sample_arrival_s = -np.inf
        self._arrivals: deque[tuple[float, int]] = deque()
        self._tap: _Tap | None = None

    # -- from the radio -------------------------------------------------------------------------

    def on_packet(self, packet: bytes) -> None:
        """Take a notification: only its time and its bytes are kept here."""
        now_s = self._host.now_s()
        self.last_arrival_s = now_s
        if len(self._inbox) < MAX_WAITING_PACKETS:
            self._inbox.append((now_s, packet))
        else:
            self._overruns += 1

    def on_back_filled(self, packet: bytes) -> None:
        """Take a packet that was sent again; it says nothing of how fresh the stream is."""
        if len(self._inbox) < MAX_WAITING_PACKETS:
            self._inbox.append((self._host.now_s(), packet))
        else:
            self._overruns += 1

    def stream_started(self) -> None:
        """Note that the sensor was told to start: what follows may count anew."""
        self._inbox.append((self._host.now_s(), None))

    def reconnected(self) -> None:
        """Count a link that was established again."""
        self._accounts.add_reconnect()

    # -- to ring and recorder -------------------------------------------------------------------

    def consume(self) -> int:
        """Work off what arrived; return the number of new samples."""
        if self._overruns:
            self._accounts.add_overrun(self._overruns)
            self._overruns = 0
        arrivals: list[float] = []
        packets: list[bytes] = []
        parts: list[SampleRows] = []
        while self._inbox:
            arrival_s, packet = self._inbox.popleft()
            if packet is None:
                self._decoder = self._make_decoder(self._config)
                self._wraps.restarted()
                self._tracker.stream_restarted()
                self._twins.started()
                continue
            arrivals.append(arrival_s)
            packets.append(packet)
            rows = self._take(arrival_s, packet)
            if rows is not None and len(rows):
                parts.append(rows)
        if not packets:
            return 0
        rows = concatenated(parts) if parts else None
        # Who watches live has passed what is sent again now: the file alone takes it.
        live = [part for part in parts if not part.flags[0] & FLAGS["backfilled"]]
        if live:
            self.ring.append(concatenated(live))
        self._record(np.array(arrivals), packets, rows)
        return 0 if rows is None else len(rows)

    def _record(
        self, arrival_s: FloatArray, packets: Sequence[bytes], rows: SampleRows | None
    ) -> None:
        if self._tap is None:
            return
        if rows is not None and self._tap.first_epoch:
            rows = moved(rows, 0.0, -self._tap.first_epoch)
        if not self._tap.sink(arrival_s, packets, rows):
            self._accounts.add_overrun(len(packets))

    def _take(self, arrival_s: float, packet: bytes) -> SampleRows | None:
        if self._is_counted and self._twins.is_copy(packet, arrival_s):
            self._accounts.add_copies(self._n_latest)
            return None
        try:
            block = self._decoder.decode(packet)
        except ProtocolError as error:
            self._note_bad_packet(str(error))
            return None
        except Exception as error:
            # A fault of a driver must not end the recording of the bytes it could not read.
            _log.exception("the driver failed on a packet of %d bytes", len(packet))
            self._note_bad_packet(f"{type(error).__name__}: {error}")
            return None
        self._n_latest = len(block)
        if not len(block):
            return None
        block = self._wraps.continued(block, arrival_s, self._decoder)
        if block.is_counted and self._count_broke(block, arrival_s):
            self._tracker.count_broken()
        placed = self._tracker.place(block)
        if placed.is_new_epoch:
            self._begin_epoch(placed.epoch, arrival_s, block)
        is_back_filled = bool(block.flags & FLAGS["backfilled"])
        if is_back_filled and not self._accounts.has_begun_before(placed):
            return None  # asked for before the recording began, which has no time for it
        keep = self._accounts.add(placed, block.flags)
        mapping = self._mappings[placed.epoch]
        newest_s = block.packet_time_s
        newest_s = float(block.device_time_s[-1]) if newest_s is None else newest_s
        if not is_back_filled or not len(mapping):
            mapping.add(newest_s, arrival_s, block.sent_time_s)
        time_s = self._times(block, placed)
        if not is_back_filled:
            waited_s = newest_s - float(block.device_time_s[-1])
            self._meter(arrival_s, waited_s, int(np.count_nonzero(keep)))
            self.packet_period_s = max(len(block) * self.period_s, 0.9 * self.packet_period_s)
        return rows_of_block(
            block, keep=keep, epoch=placed.epoch, seq=placed.seq, time_s=time_s, arrival_s=arrival_s
        )

    def _note_bad_packet(self, reason: str) -> None:
        self._accounts.add_bad_packet()
        if self._accounts.counters().bad_packets == 1:
            self._on_event("bad_packet", reason)

    def _count_broke(self, block: SampleBlock, arrival_s: float) -> bool:
        mapping = self._mappings.get(self._tracker.epoch)
        fit = None if mapping is None else mapping.live_fit()
        last_s = float(block.device_time_s[-1])
        return self._watch.is_broken(last_s, arrival_s, self.packet_period_s, fit)

    def _begin_epoch(self, epoch: int, arrival_s: float, block: SampleBlock) -> None:
        self._last_seq = -1
        if block.is_counted:
            self._begin_count(epoch, arrival_s, float(block.device_time_s[0]))
            return
        self._mappings[epoch] = ClockMapping(epoch, self._policy)
        if epoch > 0:
            outage_s = arrival_s - self._last_sample_arrival_s
            self._accounts.add_outage(outage_s)
            self._on_event("clock_restarted", f"the sensor restarted; {outage_s:.2f} s not covered")

    def _begin_count(self, epoch: int, arrival_s: float, first_s: float) -> None:
        self._is_counted = True
        before = self._mappings.get(epoch - 1)
        self._mappings[epoch] = counted_mapping(epoch, self._policy, before)
        self._losses.begin(epoch, first_s)
        if epoch > 0:
            silent_s = arrival_s - self._last_sample_arrival_s
            text = f"after {silent_s:.2f} s: samples without numbers, their loss is estimated"
            self._on_event("count_restarted", text)

    def _times(self, block: SampleBlock, placed: PlacedBlock) -> FloatArray:
        """Map to host time. Samples that move on never step back, however the line is corrected.

        A correction downwards is caught up at half pace; the final mapping has no such bend.
        """
        time_s = self._mappings[placed.epoch].live_fit().to_recording(block.device_time_s)
        ahead = placed.seq > self._last_seq
        n_ahead = int(np.count_nonzero(ahead))
        if n_ahead:
            floor = self._last_time_s + 0.5 * self.period_s * np.arange(1, n_ahead + 1)
            time_s[ahead] = np.maximum(time_s[ahead], floor)
            self._last_seq, self._last_time_s = int(placed.seq[-1]), float(time_s[-1])
        return time_s

    def _meter(self, arrival_s: float, waited_s: float, n_samples: int) -> None:
        """Note samples for the rate, as if they had not waited for those of another stream."""
        self._last_sample_arrival_s = arrival_s
        self._arrivals.append((arrival_s - waited_s, n_samples))
        while arrival_s - self._arrivals[0][0] > RATE_WINDOW_S:
            self._arrivals.popleft()

    # -- what others ask ------------------------------------------------------------------------

    @property
    def packet_age_s(self) -> float:
        """Return the time since the last packet, s; infinite before the first."""
        return self._host.now_s() - self.last_arrival_s

    @property
    def silent_after_s(self) -> float:
        """Return the packet age that is no longer normal, s."""
        return max(0.5, 10 * self.period_s, 3 * self.packet_period_s)

    @property
    def measured_rate_hz(self) -> float:
        """Return the samples delivered per second over the last seconds."""
        if len(self._arrivals) < 2:
            return 0.0
        since_s, n_first = self._arrivals[0]
        until_s = self._arrivals[-1][0]
        if self.packet_age_s > self.silent_after_s:
            until_s = self._host.now_s()
            if until_s - self._arrivals[-1][0] > RATE_WINDOW_S:
                return 0.0
        n_samples = sum(n for _, n in self._arrivals) - n_first
        return n_samples / (until_s - since_s) if until_s > since_s else 0.0

    def missing_ranges(self) -> list[tuple[int, int]]:
        """Return first missing number and first number after of each gap, as the sensor counts.

        Of the present epoch, since the recording began, or since connecting when there is none.
        """
        gaps = np.maximum(self._accounts.gaps(self._tracker.epoch) - self._tracker.offset, 0)
        return [(first, stop) for first, stop in gaps.tolist() if stop > first]

    def counters(self) -> SensorCounters:
        """Return the account since the recording began, or since connecting when there is none."""
        if self._is_counted and self._tap is not None:
            first_epoch, epoch = self._tap.first_epoch, self._tracker.epoch
            self._accounts.set_estimated_loss(
                *self._losses.live(self._mappings, first_epoch, epoch)
            )
        return self._accounts.counters()

    # -- recording ------------------------------------------------------------------------------

    def begin_recording(self, sink: PacketSink) -> None:
        """Send everything that arrives from now on to `sink`, and count anew."""
        self.consume()
        self._accounts = SampleAccounts(self.period_s)
        self._tap = _Tap(sink, max(0, self._tracker.epoch))

    def end_recording(self) -> tuple[ClockFit, ...]:
        """Work off what arrived so far, let go of the sink and return the final clock fits."""
        self.consume()
        tap, self._tap = self._tap, None
        if tap is None:
            return ()
        fits = self._fits(tap.first_epoch)
        if self._is_counted:
            self._accounts.set_estimated_loss(
                *self._losses.final(self._mappings, tap.first_epoch, fits)
            )
        return fits

    def live_fit(self) -> ClockFit | None:
        """Return the present epoch's line on the host's clock, its epoch counted as recorded."""
        mapping = self._mappings.get(self._tracker.epoch)
        if mapping is None or not len(mapping) or self._tap is None:
            return None
        return shifted(mapping.live_fit(), 0.0, -self._tap.first_epoch)

    def _fits(self, first_epoch: int) -> tuple[ClockFit, ...]:
        fits: list[ClockFit] = []
        last_s = -np.inf
        for epoch in range(first_epoch, self._tracker.epoch + 1):
            mapping = self._mappings[epoch]
            fit = mapping.final_fit()
            # Two epochs of few packets each may be mapped onto one another by milliseconds.
            ends_s = fit.to_recording(np.array(mapping.span_s))
            late_s = max(0.0, last_s + self.period_s - float(ends_s[0]))
            last_s = float(ends_s[1]) + late_s
            fits.append(shifted(fit, late_s, -first_epoch))
        return tuple(fits)


def shifted(fit: ClockFit, by_s: float, epochs: int = 0) -> ClockFit:
    """Return a fit moved in host time and renumbered."""
    return ClockFit(
        fit.epoch + epochs,
        fit.device_zero_s,
        fit.host_zero_s + by_s,
        fit.slope,
        fit.uncertainty_s,
    )
