"""The clocks of one sensor, an epoch each: begun, fed with arrivals, asked for times."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import replace
from typing import Final

import numpy as np

from imuhip.acquisition.accounting import PlacedBlock
from imuhip.acquisition.clock_mapping import ClockMapping, MappingPolicy
from imuhip.acquisition.counted_clock import CountWatch, PauseLosses, counted_mapping
from imuhip.acquisition.two_way import HIDDEN_S, Exchange, LinkDelay, LinkGap, link_gap
from imuhip.core.sensor import FLAGS, ClockFit, SampleBlock
from imuhip.core.series import FloatArray

__all__ = ["EpochClocks", "shifted"]

_MISFIT_S: Final = 0.05
"""What contradicts the arrivals by more is of another epoch."""
_LONGEST_EXCHANGE_S: Final = 1.0
_MOST_EXCHANGES: Final = 40_000
"""Eleven hours."""


def _exchanges() -> deque[tuple[int, Exchange]]:
    return deque(maxlen=_MOST_EXCHANGES)


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
        self._period_s = period_s
        self._policy = policy
        self._mappings: dict[int, ClockMapping] = {}
        self._watch = CountWatch(period_s)
        self._losses = PauseLosses(period_s)
        self._exchanges: defaultdict[int, deque[tuple[int, Exchange]]] = defaultdict(_exchanges)
        self._delays: dict[int, LinkDelay] = {}
        self._by_events: dict[int, ClockFit] = {}
        self.n_unsearched = 0
        """Questions answered since connection events were looked for."""
        self._n_links = 0
        self._links: dict[tuple[int, int], tuple[float, float]] = {}
        self._last_seq = -1
        self._last_time_s = -np.inf

    def link_began(self) -> None:
        """Note that what follows comes over another connection."""
        self._n_links += 1

    def begin(self, epoch: int, block: SampleBlock) -> None:
        """Begin an epoch with its first block."""
        self._last_seq = -1
        if block.is_counted:
            before = self._mappings.get(epoch - 1)
            self._mappings[epoch] = counted_mapping(epoch, self._policy, before)
        else:
            self._mappings[epoch] = ClockMapping(epoch, self._policy)
        self._losses.begin(epoch, float(block.device_time_s[0]))

    def add(self, epoch: int, block: SampleBlock, arrival_s: float) -> None:
        """Learn from when a block arrived."""
        mapping = self._mappings[epoch]
        # What is sent again comes late by design; it is heeded only while nothing else is known.
        if not block.flags & FLAGS["backfilled"] or not len(mapping):
            mapping.add(newest_s(block), arrival_s, block.sent_time_s)
            known_s = newest_s(block) if block.sent_time_s is None else block.sent_time_s
            first_s, last_s = self._links.get((epoch, self._n_links), (known_s, known_s))
            self._links[epoch, self._n_links] = (first_s, max(last_s, known_s))

    def add_exchange(self, epoch: int, exchange: Exchange) -> bool:
        """Learn from an answered question; False when it is of another epoch, as after a reboot."""
        fit = self.live_fit(epoch)
        if fit is None:
            return False
        asked = np.array([exchange.received_s, exchange.sent_s])
        received_s, sent_s = fit.to_recording(asked).tolist()
        fits = received_s - exchange.asked_s > -_MISFIT_S and (
            exchange.answered_s - sent_s > -_MISFIT_S
        )
        if fits and exchange.answered_s - exchange.asked_s < _LONGEST_EXCHANGE_S:
            self._exchanges[epoch].append((self._n_links, exchange))
            self.n_unsearched += 1
            return True
        return False

    def link_gap(self, epoch: int, *, window_s: float = np.inf) -> LinkGap | None:
        """Return what questions say of the link in an epoch; None when they say nothing.

        Parameters
        ----------
        epoch : int
            Of the sensor's clock.
        window_s : float, s
            How far back to look, and which line to take: infinite for the final one.
        """
        mapping = self._mappings.get(epoch)
        told = list(self._exchanges.get(epoch, ()))
        if mapping is None or not len(mapping) or not told:
            return None
        live = bool(np.isfinite(window_s))
        since_s = told[-1][1].asked_s - window_s
        fit = mapping.live_fit() if live else mapping.final_fit()
        asked_s, received_s = np.array(
            [(e.asked_s, e.received_s) for _, e in told if e.asked_s >= since_s]
        ).T
        return link_gap(asked_s, received_s, fit, mapping.hidden_wait_s(live=live))

    def look_for_events(self, epoch: int, *, live: bool, anew: bool = True) -> bool:
        """Find connection events where arrivals hide a wait; return whether they are known now.

        Parameters
        ----------
        epoch : int
            Of the sensor's clock.
        live : bool
            Look at the latest packets and the present connection only.
        anew : bool
            False to go on with what was found before: the search takes milliseconds.
        """
        if not anew:
            return epoch in self._by_events
        mapping = self._mappings.get(epoch)
        before = self._by_events.pop(epoch, None)
        self.n_unsearched = 0
        asked = [link for link, _ in self._exchanges.get(epoch, ())]
        if mapping is None or not asked:
            return False
        spans_s = [span_s for (in_epoch, _), span_s in self._links.items() if in_epoch == epoch]
        hidden_s = [mapping.hidden_wait_s(live=live, between_s=span_s) for span_s in spans_s]
        if max(hidden_s) <= HIDDEN_S:
            return False
        link = asked[-1] if live else max(set(asked), key=asked.count)
        received_s = [e.received_s for k, e in self._exchanges[epoch] if k == link]
        fit = mapping.fit_of_events(
            np.array(received_s), *self._links.get((epoch, link), (0.0, 0.0)), live=live
        )
        if fit is None and live:
            # Too early to see the events of a new connection; the clock is that of the last one.
            fit = before
        if fit is None:
            return False
        self._by_events[epoch] = fit
        return True

    def set_link_delay(self, epoch: int, delay: LinkDelay) -> None:
        """Take what is known of the link off the times of an epoch, from now on."""
        self._delays[epoch] = delay

    def count_broke(
        self, epoch: int, block: SampleBlock, arrival_s: float, packet_period_s: float
    ) -> bool:
        """Return whether the count of a sensor without numbers went wrong before a block."""
        mapping = self._mappings.get(epoch)
        fit = None if mapping is None else mapping.live_fit()  # with the delay: arrivals have it
        last_s = float(block.device_time_s[-1])
        return self._watch.is_broken(last_s, arrival_s, packet_period_s, fit)

    def times(self, block: SampleBlock, placed: PlacedBlock) -> FloatArray:
        """Map to host time. Samples that move on never step back, however the line is corrected.

        A correction downwards is caught up at half pace; the final mapping has no such bend.
        """
        fit = self.live_fit(placed.epoch)
        assert fit is not None  # `add` came first
        time_s = fit.to_recording(block.device_time_s)
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
        if mapping is None or not len(mapping):
            return None
        if epoch in self._by_events:
            return replace(self._by_events[epoch], uncertainty_s=0.0)
        delay = self._delays.get(epoch)
        fit = mapping.live_fit()
        return fit if delay is None else shifted(fit, -delay.delay_s)

    def uncertainty_s(self, epoch: int) -> float | None:
        """Return one sigma of an epoch's times against other sensors, s; None before a packet."""
        mapping = self._mappings.get(epoch)
        if mapping is None or not len(mapping):
            return None
        if epoch in self._by_events:
            return self._by_events[epoch].uncertainty_s
        return mapping.uncertainty_s(self._delays.get(epoch))

    def final_fits(self, first_epoch: int, last_epoch: int) -> tuple[ClockFit, ...]:
        """Return the final lines of epochs, those of `first_epoch` numbered 0."""
        fits: list[ClockFit] = []
        last_s = -np.inf
        for epoch in range(first_epoch, last_epoch + 1):
            mapping = self._mappings[epoch]
            by_events = self._by_events.get(epoch)
            fit = by_events or mapping.final_fit(self._delays.get(epoch))
            # Two epochs of few packets each may be mapped onto one another by milliseconds.
            ends_s = fit.to_recording(np.array(mapping.span_s))
            late_s = max(0.0, last_s + self._period_s - float(ends_s[0]))
            last_s = float(ends_s[1]) + late_s
            fits.append(shifted(fit, late_s, -first_epoch))
        return tuple(fits)

    def estimated_loss(
        self, first_epoch: int, last_epoch: int, final: tuple[ClockFit, ...] | None = None
    ) -> tuple[int, float]:
        """Return for how many samples the pauses between epochs have room, and the longest, s.

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
