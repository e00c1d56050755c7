"""From a sensor's clock to the host's, by the lower envelope of the packets' arrivals.

A packet can be late but never early, so the truth runs along the lower edge of the points (device
time, arrival time). Device time is that of the hand-over to the sensor's radio where the sensor
states it, else that of the last sample, which hides the wait for a connection event. A regression
through all points would follow the delays instead: retransmitted and stalled packets pull it up by
milliseconds. The edge is a line under every point with the least sum of distances [1]_, which is
one edge of the lower convex hull [2]_; both are kept incrementally.

References
----------
.. [1] Moon, Skelly, Towsley (1999), doi:10.1109/INFCOM.1999.749287
.. [2] Zhang, Liu, Xia (2002), doi:10.1109/INFCOM.2002.1019257
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from imuhip.acquisition.connection_grid import LEAST_PACKETS, unseen_wait_s
from imuhip.acquisition.event_grid import envelope_of_events, event_grid
from imuhip.acquisition.lower_hull import HullWindow, LowerHull
from imuhip.acquisition.two_way import LinkDelay
from imuhip.core.sensor import ClockFit
from imuhip.core.series import FloatArray

__all__ = ["ClockMapping", "LowerHull", "MappingPolicy"]

FINEST_WAIT_S: Final = 0.004
"""Packets that meet connection events at phases up to so far apart wait unseen for as long: jitter
joins their delays to a whole. It is 10/3 ms for packets of 60 Hz on intervals of 30 and 60 ms."""
_MOST_LIVE: Final = 6000
"""Packets looked at while sensors stream: some minutes, in a millisecond."""


@dataclass(frozen=True, slots=True)
class MappingPolicy:
    """Limits of the mapping; the defaults are those of a Bluetooth sensor with a quartz clock."""

    slope_limit: float = 200e-6
    """Largest believable deviation of a sensor's clock from the host's, s/s."""
    least_span_s: float = 5.0
    """Before this much of device time the slope is taken as 1."""
    window_s: float = 600.0
    """How far back the live mapping looks; quartz drifts with temperature."""
    connection_interval_s: float = 0.015
    """Assumed spacing of the instants at which the link transmits, where the host cannot ask."""


class ClockMapping:
    """Maps one epoch of a sensor's clock to the host's clock.

    Parameters
    ----------
    epoch : int
        Number of the epoch, as in `ClockFit`.
    policy : MappingPolicy
        Limits.
    expected_slope : float
        Taken until `MappingPolicy.least_span_s` is covered, and the middle of the allowed ones.

    Notes
    -----
    What remains is the least delay of the link, common to all sensors of a kind and therefore
    harmless between them, and for sensors that do not state when they handed a packet over, the
    wait that `imuhip.acquisition.connection_grid` bounds and the final uncertainty contains.
    """

    def __init__(
        self,
        epoch: int = 0,
        policy: MappingPolicy | None = None,
        *,
        expected_slope: float = 1.0,
    ) -> None:
        self.epoch = epoch
        self._expected_slope = expected_slope
        self._policy = policy or MappingPolicy()
        self._zero: tuple[float, float] | None = None
        self._window = HullWindow(self._policy.window_s)
        self._whole = LowerHull()
        self._sum = 0.0
        self._points = np.empty((1024, 3))  # device time, arrival, age
        self._n_points = 0
        self._last_device_s = -np.inf
        self._sample_span_s = (np.nan, np.nan)
        self._live: tuple[float, float] | None = None

    def __len__(self) -> int:
        return self._n_points

    @property
    def span_s(self) -> tuple[float, float]:
        """Return the device times of the first and of the last packet's last sample, s."""
        return self._sample_span_s

    def add(self, device_time_s: float, arrival_s: float, sent_time_s: float | None = None) -> None:
        """Take one packet.

        Parameters
        ----------
        device_time_s : float, s
            Device time of the packet's last sample. Packets that are not newer than all before
            are passed over: they are late, so they cannot lie on the lower edge.
        arrival_s : float, s
            Host time at which the notification arrived.
        sent_time_s : float, s, optional
            Device time at which the sensor handed the packet to its radio. Packets without may be
            mixed in: they only seem later than they were, and so stay above the lower edge.
        """
        known_s = device_time_s if sent_time_s is None else sent_time_s
        if known_s <= self._last_device_s:
            return
        self._last_device_s = known_s
        if self._zero is None:
            self._zero = (known_s, arrival_s)
            self._sample_span_s = (device_time_s, device_time_s)
        self._sample_span_s = (self._sample_span_s[0], device_time_s)
        x, y = known_s - self._zero[0], arrival_s - self._zero[1]
        self._window.push(x, y)
        self._whole.push(x, y)
        self._sum += x
        if self._n_points == len(self._points):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
        age_s = np.nan if sent_time_s is None else sent_time_s - device_time_s
        self._points[self._n_points] = x, y, age_s
        self._n_points += 1
        self._live = None

    def live_fit(self) -> ClockFit:
        """Return the line from the packets so far, within the window, its uncertainty left 0.

        No delay of the link is taken off.

        Raises
        ------
        ValueError
            Before the first packet.
        """
        return self._as_fit(self._live_line(), 0.0)

    def final_fit(self, delay: LinkDelay | None = None) -> ClockFit:
        """Return the line from every packet of the epoch, with its uncertainty.

        Parameters
        ----------
        delay : LinkDelay, optional
            What is known of the link, and taken off.

        Raises
        ------
        ValueError
            Before the first packet.
        """
        delay = delay or LinkDelay()
        fit = self._as_fit(self._final_line(), self._uncertainty_s(delay))
        return replace(fit, host_zero_s=fit.host_zero_s - delay.delay_s)

    def hidden_wait_s(
        self, *, live: bool = False, between_s: tuple[float, float] = (-np.inf, np.inf)
    ) -> float:
        """Return how long every packet may have waited for the radio without showing it, s.

        Parameters
        ----------
        live : bool
            Look at the latest packets only.
        between_s : pair of float, s
            Device times between which to look; 0 is returned where there are too few packets.

        Raises
        ------
        ValueError
            Before the first packet.
        """
        x, delay_s, age_s = self._delays(live=live)
        if np.isfinite(between_s).all():
            assert self._zero is not None  # there was a packet
            within = (x >= between_s[0] - self._zero[0]) & (x <= between_s[1] - self._zero[0])
            if np.count_nonzero(within) < LEAST_PACKETS:
                return 0.0
            x, delay_s, age_s = x[within], delay_s[within], age_s[within]
            delay_s = delay_s - delay_s.min()
        return self._hidden_wait_s(x, delay_s, age_s)

    def fit_of_events(
        self, received_s: FloatArray, since_s: float, until_s: float, *, live: bool = False
    ) -> ClockFit | None:
        """Return the line through the events at which packets left, None where none are seen.

        Parameters
        ----------
        received_s : (n,) array, s
            When questions came in, on the sensor's clock, over one connection.
        since_s, until_s : float, s
            Device times between which the connection lasted.
        live : bool
            Look at the latest packets only.
        """
        grid = event_grid(received_s)
        if grid is None or self._zero is None:
            return None
        zero_s, host_zero_s = self._zero
        x, y, _ = self._points[: self._n_points][-_MOST_LIVE if live else 0 :].T
        within = (x >= since_s - zero_s) & (x <= until_s - zero_s)
        if np.count_nonzero(within) < LEAST_PACKETS:
            return None
        x, y = x[within] + zero_s, y[within]
        hull, pivot, event_s = envelope_of_events(grid, x, y)
        offset, slope = hull.line(pivot, self._policy.slope_limit, self._expected_slope)
        late_s = np.maximum(0.0, y - (offset + slope * event_s))
        parts_s = np.array([_scatter_s(late_s), grid.sd_s, 4 * float(np.std(late_s)) / len(late_s)])
        uncertainty_s = float(np.sqrt(2 * np.sum(parts_s**2)))
        host_s = host_zero_s + offset + slope * zero_s
        return ClockFit(self.epoch, zero_s, host_s, slope, uncertainty_s)

    def uncertainty_s(self, delay: LinkDelay | None = None) -> float:
        """Return one sigma of the live times against another sensor's, s.

        Raises
        ------
        ValueError
            Before the first packet.
        """
        return self._uncertainty_s(delay or LinkDelay(), live=True)

    def _live_line(self) -> tuple[float, float]:
        if self._live is None:
            self._live = self._line(self._window.hull, self._window.mean_x)
        return self._live

    def _final_line(self) -> tuple[float, float]:
        return self._line(self._whole, self._sum / max(1, self._n_points))

    def _line(self, hull: LowerHull, pivot: float) -> tuple[float, float]:
        if not hull.x:
            raise ValueError("Expected at least one packet, got none")
        span = hull.x[-1] - hull.x[0]
        limit = self._policy.slope_limit if span >= self._policy.least_span_s else 0.0
        return hull.line(pivot, limit, self._expected_slope)

    def _as_fit(self, line: tuple[float, float], uncertainty_s: float) -> ClockFit:
        assert self._zero is not None  # `_line` has refused an empty mapping
        device_zero_s, host_zero_s = self._zero
        offset, slope = line
        return ClockFit(self.epoch, device_zero_s, host_zero_s + offset, slope, uncertainty_s)

    def _delays(self, *, live: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return device time, delay above the line, and age of the packets, (n,) each, s."""
        offset, slope = self._live_line() if live else self._final_line()
        x, y, age_s = self._points[: self._n_points][-_MOST_LIVE if live else 0 :].T
        return x, np.maximum(0.0, y - (offset + slope * x)), age_s

    def _hidden_wait_s(self, x: FloatArray, delay_s: FloatArray, age_s: FloatArray) -> float:
        return unseen_wait_s(
            delay_s,
            age_s,
            connection_interval_s=self._policy.connection_interval_s,
            packet_period_s=float(np.median(np.diff(x))) if len(x) > 1 else 0.0,
        )

    def _uncertainty_s(self, delay: LinkDelay, *, live: bool = False) -> float:
        """Return the one-sigma error of a difference between two sensors mapped like this, s."""
        x, delay_s, age_s = self._delays(live=live)
        # The best of n/2 packets on either side, taken from the quarters to the ends of the epoch.
        sparse_s = 4 * float(np.quantile(delay_s, 0.9)) / len(delay_s)
        wait_s = self._hidden_wait_s(x, delay_s, age_s)
        if not np.isfinite(age_s).any() and self._policy.connection_interval_s:
            wait_s = max(wait_s, FINEST_WAIT_S)
        wait_s = np.fmin(wait_s / np.sqrt(12), delay.sd_s)
        parts_s = np.array([_scatter_s(delay_s), sparse_s, wait_s])
        return float(np.sqrt(2 * np.sum(parts_s**2)))


def _scatter_s(delay_s: FloatArray) -> float:
    """Return how far the lower edge of stretches of the epoch scatters about its line, s.

    It is what curvature of the clock and too few prompt packets leave.
    """
    n_parts = int(np.clip(len(delay_s) // 50, 1, 60))
    edges_s = np.array([part.min() for part in np.array_split(delay_s, n_parts)])
    return float(np.sqrt(np.mean((edges_s - np.median(edges_s)) ** 2)))
