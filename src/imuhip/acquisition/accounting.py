"""Every sample counted: received, lost, duplicated, reordered; and where a stream starts anew.

Sensors count samples, not packets, so the account is exact whatever the packets' size. Work is done
per block; Python loops run over gaps and runs of samples, never over samples.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from imuhip.acquisition.epoch_ledger import EpochLedger
from imuhip.core.sensor import FLAGS, SampleBlock, SensorCounters
from imuhip.core.series import BoolArray, IntArray

__all__ = ["EpochTracker", "PlacedBlock", "SampleAccounts"]


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
        self._has_leapt = False

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

    def clock_leapt(self) -> None:
        """Note that the next block is on another clock than those before."""
        self._has_leapt = True

    def place(self, block: SampleBlock) -> PlacedBlock:
        """Return the epoch and the continued sample numbers of a block of at least one sample."""
        is_new_epoch = False
        is_other_clock = self._has_leapt or self._clock_restarted(block)
        if self._epoch < 0 or is_other_clock or self._count_restarted(block):
            self._epoch, self._offset, is_new_epoch = self._epoch + 1, 0, True
        elif self._restart_pending and not block.flags & FLAGS["backfilled"]:
            self._continue_count(block)
        if not block.flags & FLAGS["backfilled"]:
            self._restart_pending = self._count_is_broken = self._has_leapt = False
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
        self._between_epochs = 0
        self._longest_pause_s = 0.0
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

    def take_back(self, epoch: IntArray, seq: IntArray, flags: IntArray) -> None:
        """Count (n,) samples as lost that were counted as received and could not be kept."""
        for each in np.unique(epoch).tolist():
            self._ledgers[each].take_back(seq[epoch == each])
        n_backfilled = int(np.count_nonzero(flags & FLAGS["backfilled"]))
        self._extra = replace(self._extra, backfilled=self._extra.backfilled - n_backfilled)

    def set_estimated_loss(self, n_samples: int, longest_s: float) -> None:
        """Note how many samples the pauses between epochs have room for, and the longest pause.

        No number tells them: the sensor's clock began anew, or it numbers nothing.
        """
        self._between_epochs, self._longest_pause_s = n_samples, longest_s

    def add_copies(self, n_samples: int) -> None:
        """Count samples without numbers that came a second time."""
        copies = self._extra.duplicated + n_samples
        self._extra = replace(self._extra, duplicated=copies)

    def add_bad_packet(self) -> None:
        """Count a packet that could not be decoded."""
        self._extra = replace(self._extra, bad_packets=self._extra.bad_packets + 1)

    def add_resyncs(self, n_times: int) -> None:
        """Count how often the stream lost its place and found it again."""
        self._extra = replace(self._extra, resynced=self._extra.resynced + n_times)

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
            lost=sum(ledger.lost for ledger in ledgers) + self._between_epochs,
            duplicated=self._extra.duplicated + sum(ledger.duplicated for ledger in ledgers),
            reordered=sum(ledger.reordered for ledger in ledgers),
            longest_gap_s=max(longest * self._period_s, self._longest_pause_s),
        )
