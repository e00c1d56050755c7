"""The delays of all links of one host, found together and taken off the sensors' times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.acquisition.stream import SensorStream
from imuhip.acquisition.two_way import LinkGap, least_delays

__all__ = ["LIVE_WINDOW_S", "SETTLE_INTERVAL_S", "settle_clocks"]

SETTLE_INTERVAL_S: Final = 2.0
"""How often that is done while sensors stream."""
LIVE_WINDOW_S: Final = 600.0
"""How far back it then looks, as the live mapping does."""


def settle_clocks(streams: Mapping[str, SensorStream], *, window_s: float = np.inf) -> None:
    """Find the least delay of every link and take it off from now on.

    Parameters
    ----------
    streams : mapping of segment to SensorStream
        All of one host.
    window_s : float, s
        How far back to look, in the present epochs; infinite for the final times, of all epochs.
    """
    live = bool(np.isfinite(window_s))
    # Live, one sensor at a time is searched for connection events: packets wait meanwhile.
    longest = max((one.clocks.n_unsearched for one in streams.values()), default=0)
    turn = next((s for s, one in streams.items() if one.clocks.n_unsearched == longest), None)
    gaps: dict[tuple[str, int], LinkGap | None] = {}
    for segment, stream in streams.items():
        for epoch in range(stream.epoch if live else 0, stream.epoch + 1):
            anew = not live or segment == turn
            by_events = stream.clocks.look_for_events(epoch, live=live, anew=anew)
            gap = None if by_events else stream.clocks.link_gap(epoch, window_s=window_s)
            gaps[segment, epoch] = gap
    for (segment, epoch), delay in least_delays(gaps).items():
        streams[segment].clocks.set_link_delay(epoch, delay)
    for stream in streams.values():
        stream.clock_uncertainty_s = stream.clocks.uncertainty_s(stream.epoch)
