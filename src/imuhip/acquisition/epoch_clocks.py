"""The clocks of one sensor, an epoch each: begun, fed with arrivals, asked for times."""

from __future__ import annotations

import numpy as np

from imuhip.acquisition.accounting import PlacedBlock
from imuhip.acquisition.clock_mapping import ClockMapping, MappingPolicy
from imuhip.acquisition.counted_clock import CountWatch, PauseLosses, counted_mapping
from imuhip.core.sensor import FLAGS, ClockFit, SampleBlock
from imuhip.core.series import FloatArray

__all__ = ["EpochClocks", "shifted"]


class EpochClocks:
    """Maps one sensor's times to the host's, through every restart of its clock.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    policy : MappingPolicy
        Limits of the mapping.
    """

    def __init__(self, period_s: float, policy: MappingPolicy) -> None:
        self.is_counted = False
        """Whether the sensor states neither numbers nor times."""
        self._period_s = period_s
        self._policy = policy
        self._mappings: dict[int, ClockMapping] = {}
        self._watch = CountWatch(period_s)
        self._losses = PauseLosses(period_s)
        self._last_seq = -1
        self._last_time_s = -np.inf

    def begin(self, epoch: int, block: SampleBlock) -> None:
        """Begin an epoch with its first block."""
        self._last_seq = -1
        if block.is_counted:
            self.is_counted = True
            before = self._mappings.get(epoch - 1)
            self._mappings[epoch] = counted_mapping(epoch, self._policy, before)
            self._losses.begin(epoch, float(block.device_time_s[0]))
        else:
            self._mappings[epoch] = ClockMapping(epoch, self._policy)

    def add(self, epoch: int, block: SampleBlock, arrival_s: float) -> None:
        """Learn from when a block arrived."""
        mapping = self._mappings[epoch]
        # What is sent again comes late by design; it is heeded only while nothing else is known.
        if not block.flags & FLAGS["backfilled"] or not len(mapping):
            mapping.add(newest_s(block), arrival_s, block.sent_time_s)

    def count_broke(
        self, epoch: int, block: SampleBlock, arrival_s: float, packet_period_s: float
    ) -> bool:
        """Return whether the count of a sensor without numbers went wrong before a block."""
        mapping = self._mappings.get(epoch)
        fit = None if mapping is None else mapping.live_fit()
        last_s = float(block.device_time_s[-1])
        return self._watch.is_broken(last_s, arrival_s, packet_period_s, fit)

    def times(self, block: SampleBlock, placed: PlacedBlock) -> FloatArray:
        """Map to host time. Samples that move on never step back, however the line is corrected.

        A correction downwards is caught up at half pace; the final mapping has no such bend.
        """
        time_s = self._mappings[placed.epoch].live_fit().to_recording(block.device_time_s)
        ahead = placed.seq > self._last_seq
        n_ahead = int(np.count_nonzero(ahead))
        if n_ahead:
            floor = self._last_time_s + 0.5 * self._period_s * np.arange(1, n_ahead + 1)
            time_s[ahead] = np.maximum(time_s[ahead], floor)
            self._last_seq, self._last_time_s = int(placed.seq[-1]), float(time_s[-1])
        return time_s

    def live_fit(self, epoch: int) -> ClockFit | None:
        """Return the line of an epoch as known so far, None before its first packet."""
        mapping = self._mappings.get(epoch)
        return None if mapping is None or not len(mapping) else mapping.live_fit()

    def final_fits(self, first_epoch: int, last_epoch: int) -> tuple[ClockFit, ...]:
        """Return the final lines of epochs, those of `first_epoch` numbered 0."""
        fits: list[ClockFit] = []
        last_s = -np.inf
        for epoch in range(first_epoch, last_epoch + 1):
            mapping = self._mappings[epoch]
            fit = mapping.final_fit()
            # Two epochs of few packets each may be mapped onto one another by milliseconds.
            ends_s = fit.to_recording(np.array(mapping.span_s))
            late_s = max(0.0, last_s + self._period_s - float(ends_s[0]))
            last_s = float(ends_s[1]) + late_s
            fits.append(shifted(fit, late_s, -first_epoch))
        return tuple(fits)

    def estimated_loss(
        self, first_epoch: int, last_epoch: int, final: tuple[ClockFit, ...] | None = None
    ) -> tuple[int, float]:
        """Return samples lost between the epochs of a count, and the longest pause, s.

        Parameters
        ----------
        first_epoch, last_epoch : int
            Of the recording.
        final : tuple of ClockFit, optional
            Of these epochs, once they are known; else the lines known so far are used.
        """
        if final is None:
            return self._losses.live(self._mappings, first_epoch, last_epoch)
        return self._losses.final(self._mappings, first_epoch, final)


def newest_s(block: SampleBlock) -> float:
    """Return the newest sample time in the packet that completed a block, on the sensor's clock."""
    told_s = block.packet_time_s
    return float(block.device_time_s[-1]) if told_s is None else told_s


def shifted(fit: ClockFit, by_s: float, epochs: int = 0) -> ClockFit:
    """Return a fit moved in host time and renumbered."""
    return ClockFit(
        fit.epoch + epochs,
        fit.device_zero_s,
        fit.host_zero_s + by_s,
        fit.slope,
        fit.uncertainty_s,
    )
