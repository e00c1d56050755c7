"""The delays of all links of one host, found together and taken off the sensors' times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.acquisition.stream import SensorStream
from imuhip.acquisition.two_way import least_delays

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
        How far back to look; infinite for the final times, of all epochs.
    """
    gaps = {
        (segment, epoch): gap
        for segment, stream in streams.items()
        for epoch, gap in stream.link_gaps(window_s=window_s).items()
    }
    for (segment, epoch), delay in least_delays(gaps).items():
        streams[segment].set_link_delay(epoch, delay)
    for stream in streams.values():
        stream.settle_uncertainty()
