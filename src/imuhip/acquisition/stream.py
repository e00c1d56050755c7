"""One sensor's packets: arrival time and bytes come in, numbered and mapped samples go out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from imuhip.acquisition.accounting import EpochTracker, SampleAccounts
from imuhip.acquisition.arrival_meter import ArrivalMeter
from imuhip.acquisition.clock_mapping import MappingPolicy
from imuhip.acquisition.epoch_clocks import EpochClocks, newest_s, shifted
from imuhip.acquisition.host_time import HostTime
from imuhip.acquisition.packet_reader import PacketReader
from imuhip.acquisition.recording_tap import ClockEvidence, PacketSink, RecordingTap
from imuhip.acquisition.ring import SampleRing
from imuhip.acquisition.rows import concatenated, rows_of_block
from imuhip.acquisition.two_way import Exchange
from imuhip.core.sensor import FLAGS, ClockFit, SampleBlock, SensorCounters, StreamConfig
from imuhip.recording.plan import SampleRows
from imuhip.sensors.driver import StreamDecoder

__all__ = ["ClockEvidence", "HostTime", "PacketSink", "SensorStream", "shifted"]

MAX_WAITING_PACKETS = 20_000


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
    on_waiting : callable
        Called when something arrived that `consume` would work off.
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
        on_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self.period_s = 1.0 / config.rate_hz
        self.ring = SampleRing(ring_capacity_samples)
        self.clock_uncertainty_s: float | None = None
        """One sigma of the present times against other sensors, s, as last settled."""
        self.host = host
        self._on_event = on_event
        self._on_waiting = on_waiting
        self._inbox: deque[tuple[float, bytes | Exchange | None]] = deque()
        self._overruns = 0
        self._tracker = EpochTracker(self.period_s)
        self._accounts = SampleAccounts(self.period_s)
        self._reader = PacketReader(
            config,
            make_decoder,
            on_bad=self._note_bad_packet,
            on_copy=lambda n: self._accounts.add_copies(n),
            on_leap=self._tracker.clock_leapt,
        )
        self.clocks = EpochClocks(self.period_s, policy)
        """What the sensor's times are mapped by; `imuhip.acquisition.settled_clocks` sets it."""
        self._meter = ArrivalMeter(host, self.period_s)
        self._tap: RecordingTap | None = None
        self._knows_epoch = False

    # -- from the radio -------------------------------------------------------------------------

    def on_packet(self, packet: bytes) -> None:
        """Take a notification: only its time and its bytes are kept here."""
        now_s = self.host.now_s()
        self._meter.last_arrival_s = now_s
        self._put(now_s, packet)

    def _put(self, arrival_s: float, packet: bytes) -> None:
        if len(self._inbox) < MAX_WAITING_PACKETS:
            self._inbox.append((arrival_s, packet))
        else:
            self._overruns += 1
        self._on_waiting()

    def on_back_filled(self, packet: bytes) -> None:
        """Take a packet that was sent again; it says nothing of how fresh the stream is."""
        self._put(self.host.now_s(), packet)

    def stream_started(self) -> None:
        """Note that the sensor was told to start: what follows may count anew."""
        self._inbox.append((self.host.now_s(), None))

    def on_exchange(self, exchange: Exchange) -> None:
        """Take a question for the sensor's clock that was answered."""
        self._inbox.append((exchange.answered_s, exchange))

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
                self._restart(arrival_s)
                continue
            if isinstance(packet, Exchange):
                self._take_exchange(packet)
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
        if self._tap is not None and not self._tap.record(np.array(arrivals), packets, rows):
            self._accounts.add_overrun(len(packets))
            if rows is not None:
                self._accounts.take_back(rows.epoch, rows.seq, rows.flags)
        return 0 if rows is None else len(rows)

    def _restart(self, at_s: float) -> None:
        self._reader.restarted()
        self._tracker.stream_restarted()
        self._knows_epoch = False
        self.clocks.link_began()
        if self._tap is not None:
            self._tap.note_start(at_s)

    def _take_exchange(self, exchange: Exchange) -> None:
        # Right after a start nobody knows yet whether the sensor's clock began anew.
        epoch = self._tracker.epoch
        if not self._knows_epoch or not self.clocks.add_exchange(epoch, exchange):
            return
        if self._tap is not None:
            self._tap.note_exchange(epoch, exchange)

    def _take(self, arrival_s: float, packet: bytes) -> SampleRows | None:
        block = self._reader.read(arrival_s, packet)
        self._accounts.add_resyncs(self._reader.take_resyncs())
        if block is None:
            return None
        if block.is_counted and self.clocks.count_broke(
            self._tracker.epoch, block, arrival_s, self.packet_period_s
        ):
            self._tracker.count_broken()
        placed = self._tracker.place(block)
        if placed.is_new_epoch:
            self._begin_epoch(placed.epoch, arrival_s, block)
        is_back_filled = bool(block.flags & FLAGS["backfilled"])
        self._knows_epoch = self._knows_epoch or not is_back_filled
        if is_back_filled and not self._accounts.has_begun_before(placed):
            return None  # asked for before the recording began, which has no time for it
        keep = self._accounts.add(placed, block.flags)
        self.clocks.add(placed.epoch, block, arrival_s)
        time_s = self.clocks.times(block, placed)
        if not is_back_filled:
            waited_s = newest_s(block) - float(block.device_time_s[-1])
            n_fresh = int(np.count_nonzero(keep))
            self._meter.note_samples(arrival_s, waited_s, len(block), n_fresh=n_fresh)
        return rows_of_block(
            block, keep=keep, epoch=placed.epoch, seq=placed.seq, time_s=time_s, arrival_s=arrival_s
        )

    def _note_bad_packet(self, reason: str) -> None:
        self._accounts.add_bad_packet()
        if self._accounts.counters().bad_packets == 1:
            self._on_event("bad_packet", reason)

    def _begin_epoch(self, epoch: int, arrival_s: float, block: SampleBlock) -> None:
        self.clocks.begin(epoch, block)
        if epoch == 0:
            return
        self._accounts.add_resyncs(1)
        text = f"after {arrival_s - self._meter.last_sample_arrival_s:.2f} s without samples"
        self._on_event("count_restarted" if block.is_counted else "clock_restarted", text)

    # -- what others ask ------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Return the present epoch of the sensor's clock, -1 before the first sample."""
        return self._tracker.epoch

    @property
    def packet_period_s(self) -> float:
        """Return how often packets come at most, s: known of the model, then seen."""
        return self._meter.packet_period_s

    @packet_period_s.setter
    def packet_period_s(self, period_s: float) -> None:
        self._meter.packet_period_s = self._meter.gathering_s = period_s

    @property
    def last_arrival_s(self) -> float:
        """Return when the last packet arrived, s; minus infinity before the first."""
        return self._meter.last_arrival_s

    @property
    def packet_age_s(self) -> float:
        """Return the time since the last packet, s; infinite before the first."""
        return self._meter.packet_age_s

    @property
    def silent_after_s(self) -> float:
        """Return the packet age that is no longer normal, s."""
        return self._meter.silent_after_s

    @property
    def measured_rate_hz(self) -> float:
        """Return the samples delivered per second over the last seconds."""
        return self._meter.rate_hz

    def missing_ranges(self) -> list[tuple[int, int]]:
        """Return first missing number and first number after of each gap, as the sensor counts.

        Of the present epoch, since the recording began, or since connecting when there is none.
        """
        gaps = np.maximum(self._accounts.gaps(self._tracker.epoch) - self._tracker.offset, 0)
        return [(first, stop) for first, stop in gaps.tolist() if stop > first]

    def counters(self) -> SensorCounters:
        """Return the account since the recording began, or since connecting when there is none."""
        if self._tap is not None:
            loss = self.clocks.estimated_loss(self._tap.first_epoch, self._tracker.epoch)
            self._accounts.set_estimated_loss(*loss)
        return self._accounts.counters()

    # -- recording ------------------------------------------------------------------------------

    def begin_recording(
        self,
        sink: PacketSink,
        on_clock_evidence: Callable[[ClockEvidence], None] = lambda _evidence: None,
    ) -> None:
        """Send everything that arrives from now on to `sink`, and count anew."""
        self.consume()
        self._accounts = SampleAccounts(self.period_s)
        self._tap = RecordingTap(sink, max(0, self._tracker.epoch), on_clock_evidence)

    def end_recording(self) -> tuple[ClockFit, ...]:
        """Work off what arrived so far, let go of the sink and return the final clock fits."""
        self.consume()
        tap, self._tap = self._tap, None
        if tap is None:
            return ()
        last_epoch = self._tracker.epoch
        fits = self.clocks.final_fits(tap.first_epoch, last_epoch)
        self._accounts.set_estimated_loss(
            *self.clocks.estimated_loss(tap.first_epoch, last_epoch, fits)
        )
        return fits

    def live_fit(self) -> ClockFit | None:
        """Return the present epoch's line on the host's clock, its epoch counted as recorded."""
        fit = self.clocks.live_fit(self._tracker.epoch)
        if fit is None or self._tap is None:
            return None
        told = replace(fit, uncertainty_s=self.clock_uncertainty_s or 0.0)
        return shifted(told, 0.0, -self._tap.first_epoch)
