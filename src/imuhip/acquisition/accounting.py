"""Every sample counted: received, lost, duplicated, reordered; and where a stream starts anew.

Sensors count samples, not packets, so the account is exact whatever the packets' size. Work is done
per block; Python loops run over gaps and runs of samples, never over samples.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace

import numpy as np

from imuhip.core.sensor import FLAGS, SampleBlock, SensorCounters
from imuhip.core.series import BoolArray, IntArray

__all__ = ["EpochLedger", "EpochTracker", "PlacedBlock", "SampleAccounts"]


class EpochLedger:
    """The exact account of one epoch's sample numbers.

    Keeps the first and the last number and the gaps between them, so its size grows with the number
    of gaps and not with the number of samples.
    """

    def __init__(self) -> None:
        self.received = 0
        self.duplicated = 0
        self.reordered = 0
        self._first = 0
        self._last = -1
        self._gap_starts: list[int] = []
        self._gap_stops: list[int] = []
        self._longest: int | None = 0

    @property
    def lost(self) -> int:
        """Return how many numbers are missing between the first and the last sample."""
        return self._last - self._first + 1 - self.received if self.received else 0

    @property
    def first(self) -> int | None:
        """Return the first number, None before there is one."""
        return self._first if self.received else None

    @property
    def longest_gap_samples(self) -> int:
        """Return the length of the longest run of missing numbers."""
        if self._longest is None:
            lengths = np.subtract(self._gap_stops, self._gap_starts)
            self._longest = int(lengths.max(initial=0))
        return self._longest

    @property
    def gaps(self) -> IntArray:
        """Return the (k, 2) missing stretches as first missing number and first number after."""
        return np.array([self._gap_starts, self._gap_stops], dtype=np.int64).T.reshape(-1, 2)

    def add(self, seq: IntArray) -> BoolArray:
        """Count a block of sample numbers in their order of arrival.

        Parameters
        ----------
        seq : (n,) int array
            Sample numbers of one epoch.

        Returns
        -------
        (n,) bool array
            True for samples seen for the first time, False for duplicates.
        """
        seq = np.asarray(seq, dtype=np.int64)
        if not len(seq):
            return np.zeros(0, dtype=bool)
        fresh = self._is_missing(seq)
        firsts = np.zeros(len(seq), dtype=bool)
        firsts[np.unique(seq, return_index=True)[1]] = True
        fresh &= firsts
        previous = np.concatenate([[self._last if self.received else seq[0]], seq[:-1]])
        overtaken = seq < np.maximum.accumulate(previous)
        self.duplicated += int(np.count_nonzero(~fresh))
        self.reordered += int(np.count_nonzero(fresh & overtaken))
        self._insert(np.sort(seq[fresh]))
        return fresh

    def _is_missing(self, seq: IntArray) -> BoolArray:
        if not self.received:
            return np.ones(len(seq), dtype=bool)
        outside = (seq < self._first) | (seq > self._last)
        if not self._gap_starts or outside.all():
            return outside
        at = np.searchsorted(self._gap_starts, seq, side="right") - 1
        inside_gap = (at >= 0) & (seq < np.asarray(self._gap_stops)[np.maximum(at, 0)])
        return np.asarray(outside | inside_gap)

    def _insert(self, seq: IntArray) -> None:
        """Take ascending new numbers; each run lies wholly before, after or inside one gap."""
        if not len(seq):
            return
        cuts = np.flatnonzero(np.diff(seq) != 1) + 1
        starts = seq[np.concatenate([[0], cuts])]
        stops = seq[np.concatenate([cuts - 1, [len(seq) - 1]])] + 1
        if not self.received:
            self._first, self._last = int(starts[0]), int(starts[0]) - 1
        self.received += len(seq)
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
            self._insert_run(start, stop)

    def _insert_run(self, start: int, stop: int) -> None:
        if start > self._last:
            if start > self._last + 1:
                self._open_gap(len(self._gap_starts), self._last + 1, start)
            self._last = stop - 1
        elif stop <= self._first:
            if stop < self._first:
                self._open_gap(0, stop, self._first)
            self._first = start
        else:
            self._fill_gap(start, stop)

    def _open_gap(self, position: int, start: int, stop: int) -> None:
        self._gap_starts.insert(position, start)
        self._gap_stops.insert(position, stop)
        if self._longest is not None:
            self._longest = max(self._longest, stop - start)

    def _fill_gap(self, start: int, stop: int) -> None:
        at = bisect_right(self._gap_starts, start) - 1
        rest = [(self._gap_starts[at], start), (stop, self._gap_stops[at])]
        rest = [piece for piece in rest if piece[0] < piece[1]]
        self._gap_starts[at : at + 1] = [piece[0] for piece in rest]
        self._gap_stops[at : at + 1] = [piece[1] for piece in rest]
        self._longest = None


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """Where a block belongs: in which epoch of the sensor's clock, and with which numbers."""

    epoch: int
    seq: IntArray
    is_new_epoch: bool


class EpochTracker:
    """Tells a sensor that started anew from packets that merely came late.

    A reboot sets the sensor's clock back: that begins an epoch, with its own clock fit. A stream
    that only starts its count anew, or stood still for a while, on a clock that kept running stays
    in its epoch, and its numbers are continued by that clock so that a number missing is always a
    sample missing.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    _TOLERANCE_SAMPLES = 1.5
    _TOLERANCE_RATE = 5e-4
    """Fraction by which a sensor's rate may miss its clock over an outage: ±200 ppm and more."""

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._epoch = -1
        self._offset = 0
        self._last_seq = -1
        self._last_time_s = 0.0
        self._restart_pending = False
        self._count_is_broken = False

    @property
    def epoch(self) -> int:
        """Return the number of the current epoch, -1 before the first sample."""
        return self._epoch

    @property
    def offset(self) -> int:
        """Return what is added to the sensor's numbers so that they go on within the epoch."""
        return self._offset

    def stream_restarted(self) -> None:
        """Note that the stream was started again: the next packets may count anew."""
        self._restart_pending = True

    def count_broken(self) -> None:
        """Note that samples a sensor does not number may be missing before the next block."""
        self._count_is_broken = True

    def place(self, block: SampleBlock) -> PlacedBlock:
        """Return the epoch and the continued sample numbers of a block of at least one sample."""
        is_new_epoch = False
        if self._epoch < 0 or self._count_restarted(block) or self._clock_restarted(block):
            self._epoch, self._offset, is_new_epoch = self._epoch + 1, 0, True
        elif self._restart_pending and not block.flags & FLAGS["backfilled"]:
            self._continue_count(block)
        if not block.flags & FLAGS["backfilled"]:
            self._restart_pending = self._count_is_broken = False
        seq = block.seq + self._offset
        if is_new_epoch or seq[-1] > self._last_seq:
            self._last_seq, self._last_time_s = int(seq[-1]), float(block.device_time_s[-1])
        return PlacedBlock(self._epoch, seq, is_new_epoch)

    def _missed_samples(self, block: SampleBlock) -> float:
        """Return by how many samples the block's number is off from what its time promises."""
        elapsed = (float(block.device_time_s[0]) - self._last_time_s) / self._period_s
        return self._last_seq + elapsed - (block.first_seq + self._offset)

    def _tolerance(self, block: SampleBlock) -> float:
        return self._TOLERANCE_SAMPLES + self._TOLERANCE_RATE * abs(
            block.first_seq + self._offset - self._last_seq
        )

    def _count_restarted(self, block: SampleBlock) -> bool:
        """Return whether a mere count begins anew: nothing ties it to the one before."""
        return block.is_counted and (self._restart_pending or self._count_is_broken)

    def _clock_restarted(self, block: SampleBlock) -> bool:
        if block.device_time_s[0] >= self._last_time_s or block.flags & FLAGS["backfilled"]:
            return False
        # A late packet lies on the line of number against time; a rebooted sensor's does not. After
        # a new start even one on the line is a reboot, because no old packet can outlive a restart.
        return self._restart_pending or abs(self._missed_samples(block)) > self._tolerance(block)

    def _continue_count(self, block: SampleBlock) -> None:
        if abs(self._missed_samples(block)) > self._tolerance(block):
            expected = self._last_seq + max(
                1, round((float(block.device_time_s[0]) - self._last_time_s) / self._period_s)
            )
            self._offset = expected - block.first_seq


class SampleAccounts:
    """One sensor's account over a recording: a ledger per epoch, and the packets' fates.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._ledgers: dict[int, EpochLedger] = {}
        self._outage_s = 0.0
        self._estimated_lost = 0
        self._extra = SensorCounters()

    def add(self, placed: PlacedBlock, flags: int = 0) -> BoolArray:
        """Count a block; return the (n,) mask of samples that are new."""
        ledger = self._ledgers.setdefault(placed.epoch, EpochLedger())
        n_reordered = ledger.reordered
        fresh = ledger.add(placed.seq)
        if flags & FLAGS["backfilled"]:
            ledger.reordered = n_reordered  # late because they were asked for
            n_backfilled = self._extra.backfilled + int(np.count_nonzero(fresh))
            self._extra = replace(self._extra, backfilled=n_backfilled)
        return fresh

    def has_begun_before(self, placed: PlacedBlock) -> bool:
        """Return whether a block lies after the first sample counted in its epoch."""
        ledger = self._ledgers.get(placed.epoch)
        return ledger is not None and ledger.first is not None and placed.seq[0] > ledger.first

    def add_outage(self, duration_s: float) -> None:
        """Note the time without samples between two epochs, which no sample number tells."""
        self._outage_s = max(self._outage_s, duration_s)

    def set_estimated_loss(self, n_samples: int, longest_s: float) -> None:
        """Note what a sensor that numbers nothing seems to have lost, and in which time at once."""
        self._estimated_lost, self._outage_s = n_samples, longest_s

    def add_copies(self, n_samples: int) -> None:
        """Count samples without numbers that came a second time."""
        copies = self._extra.duplicated + n_samples
        self._extra = replace(self._extra, duplicated=copies)

    def add_bad_packet(self) -> None:
        """Count a packet that could not be decoded."""
        self._extra = replace(self._extra, bad_packets=self._extra.bad_packets + 1)

    def add_overrun(self, n_packets: int) -> None:
        """Count packets that found the queue full."""
        self._extra = replace(self._extra, overrun_packets=self._extra.overrun_packets + n_packets)

    def add_reconnect(self) -> None:
        """Count a link that was established again."""
        self._extra = replace(self._extra, reconnects=self._extra.reconnects + 1)

    def gaps(self, epoch: int) -> IntArray:
        """Return the (k, 2) missing stretches of an epoch; see `EpochLedger.gaps`."""
        return self._ledgers[epoch].gaps if epoch in self._ledgers else EpochLedger().gaps

    def counters(self) -> SensorCounters:
        """Return the account so far."""
        ledgers = self._ledgers.values()
        longest = max((ledger.longest_gap_samples for ledger in ledgers), default=0)
        return replace(
            self._extra,
            received=sum(ledger.received for ledger in ledgers),
            lost=sum(ledger.lost for ledger in ledgers) + self._estimated_lost,
            duplicated=self._extra.duplicated + sum(ledger.duplicated for ledger in ledgers),
            reordered=sum(ledger.reordered for ledger in ledgers),
            longest_gap_s=max(longest * self._period_s, self._outage_s),
        )
