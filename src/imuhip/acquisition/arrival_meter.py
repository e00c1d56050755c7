"""How fast samples arrive at present, and since when none does."""

from __future__ import annotations

from collections import deque

import numpy as np

from imuhip.acquisition.host_time import HostTime

__all__ = ["ArrivalMeter"]

RATE_WINDOW_S = 5.0


class ArrivalMeter:
    """Freshness and rate of one sensor's packets.

    Parameters
    ----------
    host : HostTime
        The clock arrivals are stamped with.
    period_s : float, s
        Nominal time between samples.
    """

    def __init__(self, host: HostTime, period_s: float) -> None:
        self.last_arrival_s = -np.inf
        """When the last packet arrived, whatever it held."""
        self.last_sample_arrival_s = -np.inf
        """When the last packet arrived that held samples of the live stream."""
        self.packet_period_s = period_s
        """How often packets come, at most."""
        self.gathering_s = 0.0
        """How long the model may gather samples for a packet, however soon they came till now."""
        self._host = host
        self._period_s = period_s
        self._arrivals: deque[tuple[float, int]] = deque()

    def note_samples(
        self, arrival_s: float, waited_s: float, n_samples: int, *, n_fresh: int
    ) -> None:
        """Note a packet's samples for the rate, as if they had not waited for another stream's.

        Parameters
        ----------
        arrival_s, waited_s : float, s
            When the packet came, and for how long its last sample had waited.
        n_samples, n_fresh : int
            In the packet, and those of them that had not come before.
        """
        self.last_sample_arrival_s = arrival_s
        self._arrivals.append((arrival_s - waited_s, n_fresh))
        while arrival_s - self._arrivals[0][0] > RATE_WINDOW_S:
            self._arrivals.popleft()
        self.packet_period_s = max(
            n_samples * self._period_s, 0.9 * self.packet_period_s, self.gathering_s
        )

    @property
    def packet_age_s(self) -> float:
        """Return the time since the last packet, s; infinite before the first."""
        return self._host.now_s() - self.last_arrival_s

    @property
    def silent_after_s(self) -> float:
        """Return the packet age that is no longer normal, s."""
        return max(0.5, 10 * self._period_s, 3 * self.packet_period_s)

    @property
    def rate_hz(self) -> float:
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
