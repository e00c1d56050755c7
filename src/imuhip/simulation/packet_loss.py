"""Samples that never arrive: radio packets are lost whole."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import BoolArray

__all__ = ["lost_samples"]

PACKET_S = 0.05


def lost_samples(
    n_samples: int, rate_hz: float, fraction: float, rng: np.random.Generator
) -> BoolArray:
    """Return which of `n_samples` are lost, in packets of about 50 ms.

    Parameters
    ----------
    n_samples : int
    rate_hz : float
    fraction : float
        Of the packets lost, 0 to 1; reached exactly up to rounding to whole packets.
    rng : numpy.random.Generator
        Chooses the packets; two lost in a row make a longer gap.
    """
    per_packet = max(1, round(PACKET_S * rate_hz))
    n_packets = -(-n_samples // per_packet)
    lost = np.zeros(n_packets, dtype=bool)
    lost[rng.permutation(n_packets)[: round(fraction * n_packets)]] = True
    return np.repeat(lost, per_packet)[:n_samples]
