"""Sensors that state neither sample numbers nor time: the count of samples is their clock.

A count runs on while samples are missing, so it tells the time only as long as none are. Arrivals
show where it stopped doing so: after a silence, or when even the promptest packets of a second come
late by more than a sensor's rate explains. There an epoch ends, and the next has a line of its own,
right again whatever was lost. What the pause between the two lines has room for is the estimate of
the loss; if a busy host merely read late, the lines join and the estimate is 0.

Two things cannot be told: losses too small for the limit below, until they add up to it, and
whether a rate below nominal is the sensor's own or steady loss. They shift times meanwhile; the
scatter of the promptest packets shows by how much, and is in the uncertainty of the epoch's line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from imuhip.acquisition.clock_mapping import ClockMapping, MappingPolicy
from imuhip.core.sensor import ClockFit

__all__ = ["CountWatch", "PauseLosses", "TwinWatch", "counted_mapping", "pause_samples"]

SLOPE_LIMIT = 0.06
"""How far a sensor's rate may be off nominal: those without a clock have no quartz to speak of."""
SILENCE_S = 0.25
"""No packet for this long breaks the count; hosts and links stall for less all the time."""
LATE_PERIODS = 2.5
LATE_S = 0.025
"""The promptest packet of a second may be this late, or `LATE_PERIODS` of the sensor's."""
WATCH_S = 1.0
TWIN_PERIODS = 0.3
"""A copy comes right behind, long before the next sample is taken."""
LEAST_PACKETS = 5
_LEARNING_S = 1.0
"""A first epoch knows no rate: nominal until then."""
_KNOWN_SPAN_S = 10.0
"""An epoch this long hands its rate on to the next."""


def late_limit_s(period_s: float) -> float:
    """Return by how much the promptest packet of a second may be late, s."""
    return max(LATE_S, LATE_PERIODS * period_s)


def counted_mapping(epoch: int, policy: MappingPolicy, before: ClockMapping | None) -> ClockMapping:
    """Return the mapping of an epoch of a counting clock.

    Parameters
    ----------
    epoch : int
        Number of the epoch.
    policy : MappingPolicy
        Of sensors with a clock; its limits of slope are widened.
    before : ClockMapping or None
        Of the epoch before, whose rate is the best guess until this one has shown its own.
    """
    known = before is not None and before.span_s[1] - before.span_s[0] >= _KNOWN_SPAN_S
    limits = replace(
        policy,
        slope_limit=SLOPE_LIMIT,
        least_span_s=policy.least_span_s if known else _LEARNING_S,
    )
    slope = before.live_fit().slope if known and before is not None else 1.0
    return ClockMapping(epoch, limits, expected_slope=slope)


def pause_samples(
    before: ClockFit, last_s: float, after: ClockFit, first_s: float, period_s: float
) -> int:
    """Return for how many samples there is room between two epochs.

    Parameters
    ----------
    before, after : ClockFit
        Lines of the two epochs.
    last_s, first_s : float, s
        Device times of the last sample before and the first after.
    period_s : float, s
        Nominal time between samples.
    """
    ends_s = before.to_recording(np.array([last_s]))[0]
    begins_s = after.to_recording(np.array([first_s]))[0]
    return max(0, round(float(begins_s - ends_s) / (period_s * before.slope)) - 1)


class PauseLosses:
    """What one stream seems to have lost between its counts, for the account while it runs.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._first_s: dict[int, float] = {}
        self._lost: dict[int, int] = {}

    def begin(self, epoch: int, first_s: float) -> None:
        """Note the device time of an epoch's first sample."""
        self._first_s[epoch] = first_s

    def live(
        self, mappings: Mapping[int, ClockMapping], first_epoch: int, last_epoch: int
    ) -> tuple[int, float]:
        """Return samples lost and the longest pause in s by the lines known so far.

        Only the newest pause is estimated anew: the lines before it do not change any more.
        """
        for epoch in range(first_epoch + 1, last_epoch + 1):
            if (epoch not in self._lost or epoch == last_epoch) and len(mappings[epoch]):
                fits = mappings[epoch - 1].live_fit(), mappings[epoch].live_fit()
                self._estimate(epoch, mappings[epoch - 1], *fits)
        slope = mappings[last_epoch].live_fit().slope if self._lost else 1.0
        return self._sum(first_epoch, slope)

    def final(
        self, mappings: Mapping[int, ClockMapping], first_epoch: int, fits: Sequence[ClockFit]
    ) -> tuple[int, float]:
        """Return the same by the final lines, those of `first_epoch` and all after it."""
        for epoch, (before, after) in enumerate(pairwise(fits), start=first_epoch + 1):
            self._estimate(epoch, mappings[epoch - 1], before, after)
        return self._sum(first_epoch, fits[-1].slope if fits else 1.0)

    def _estimate(
        self, epoch: int, mapping_before: ClockMapping, before: ClockFit, after: ClockFit
    ) -> None:
        if epoch in self._first_s:
            last_s, first_s = mapping_before.span_s[1], self._first_s[epoch]
            self._lost[epoch] = pause_samples(before, last_s, after, first_s, self._period_s)

    def _sum(self, first_epoch: int, slope: float) -> tuple[int, float]:
        lost = [n for epoch, n in self._lost.items() if epoch > first_epoch]
        return sum(lost), max(lost, default=0) * self._period_s * slope


class TwinWatch:
    """Tells packets that a system delivers twice, as BlueZ 5.66 does after a link was lost.

    Samples with numbers are told from their copies by these; others only by equal bytes that come
    at once. Two equal samples in a row are rare, because sensors have noise, and are told from
    copies by the time between them, unless the link hands over several at a time. So this is done
    only where copies are known to come: after the stream was started again.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, period_s: float) -> None:
        self._at_once_s = TWIN_PERIODS * period_s
        self._n_starts = 0
        self._last: tuple[bytes, float] | None = None

    def started(self) -> None:
        """Note that the stream was started."""
        self._n_starts += 1
        self._last = None

    def is_copy(self, packet: bytes, arrival_s: float) -> bool:
        """Take a packet and return whether it is the copy of the one before."""
        if self._n_starts < 2:
            return False
        last, self._last = self._last, (packet, arrival_s)
        if last is None or last[0] != packet or arrival_s - last[1] > self._at_once_s:
            return False
        self._last = None  # a packet has one copy; what follows is another
        return True


class CountWatch:
    """Tells when the count of one sensor went wrong.

    Parameters
    ----------
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, period_s: float) -> None:
        self._limit_s = late_limit_s(period_s)
        self._late: deque[tuple[float, float]] = deque()
        self._last_arrival_s = -np.inf

    def is_broken(
        self, device_time_s: float, arrival_s: float, packet_period_s: float, fit: ClockFit | None
    ) -> bool:
        """Take a packet's last sample and return whether the count broke before it.

        Parameters
        ----------
        device_time_s, arrival_s : float, s
            By the count, and on the host's clock.
        packet_period_s : float, s
            How often packets come.
        fit : ClockFit or None
            The present epoch's line from the packets before; None before the first.
        """
        silent_s = arrival_s - self._last_arrival_s
        self._last_arrival_s = arrival_s
        if fit is None:
            return False
        if silent_s > max(SILENCE_S, 5 * packet_period_s):
            self._late.clear()
            return True
        late_s = arrival_s - float(fit.to_recording(np.array([device_time_s]))[0])
        self._late.append((arrival_s, late_s))
        while arrival_s - self._late[0][0] > WATCH_S:
            self._late.popleft()
        watched_s = arrival_s - self._late[0][0]
        if len(self._late) < LEAST_PACKETS or watched_s < 0.9 * WATCH_S:
            return False
        if min(late for _, late in self._late) <= self._limit_s:
            return False
        self._late.clear()
        return True
