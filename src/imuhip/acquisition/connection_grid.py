"""The wait that may hide below the lower envelope: how long it can be.

Packets leave only at connection events. A sensor whose packets are always ready at the same phase
of that grid always waits equally long, and the envelope takes the wait for an offset of the clock.
Nothing in sample times and arrivals shows how long it is, so it can only be owned up to. Sensors
that state when they handed a packet to their radio, and vary that instant, leave nothing hidden:
some packets wait for almost nothing. Whether they varied it enough is seen by their arrivals,
which follow the hand-over if an event lies within its range, and stand still if none does.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["unseen_wait_s"]

LEAST_PACKETS = 50
"""With fewer, no grid can be made out."""
LEAST_SWEEP_S = 0.002
"""Hand-over instants that vary by less say no more than sample times."""
LEAST_HOLE_S = 0.002
"""Clusters of delays nearer than this are host jitter, not connection events."""
LONGEST_INTERVAL_S = 0.1
"""What is later is stalled; hosts impose up to 60 ms."""
STALLED_SHARE = 0.01
"""The latest packets are left out. More would leave out those sent again, an interval later, which
often are all that shows the interval."""
STRAY_SHARE = 0.005
"""A hole may hold this share of the packets: those held back by a stall before them."""
TAIL_SHARES = (0.02, 0.2)
"""The soonest and the latest handed over, compared. The few find an event at the range's end, the
many are certain where the grid and the packets beat."""


def unseen_wait_s(
    delay_s: FloatArray, age_s: FloatArray, *, connection_interval_s: float, packet_period_s: float
) -> float:
    """Return the length of the interval, from 0, in which the shortest wait lies.

    Parameters
    ----------
    delay_s : (n,) array, s
        Arrival above the lower envelope: of hand-over instants if these are known, else of
        sample times.
    age_s : (n,) array, s
        From the last sample to the hand-over; NaN where the sensor does not tell.
    connection_interval_s : float, s
        Assumed spacing of events, for what the packets do not show.
    packet_period_s : float, s
        Nominal time from packet to packet.

    Returns
    -------
    float, s
        0 when some packets demonstrably waited for nothing.
    """
    explored_s = float(np.quantile(delay_s, 0.9))
    is_told = np.isfinite(age_s)
    if len(delay_s) < LEAST_PACKETS:
        return max(0.0, connection_interval_s - explored_s)
    if np.mean(is_told) > 0.5 and np.ptp(age_s[is_told]) > LEAST_SWEEP_S:
        if _arrivals_follow(age_s[is_told], delay_s[is_told]):
            return 0.0
        # The range lies between two events. Their spacing divides the packets' period.
        return max(0.0, packet_period_s - explored_s)
    return max(_hole_s(np.sort(delay_s)), connection_interval_s - explored_s)


def _arrivals_follow(age_s: FloatArray, delay_s: FloatArray) -> bool:
    """Return whether packets handed over later after their last sample arrive later after it."""
    order = np.argsort(age_s)
    age_s, arrival_s = age_s[order], (age_s + delay_s)[order]
    for share in TAIL_SHARES:
        n_tail = max(5, round(share * len(age_s)))
        later_s, latest_s = (
            np.median(values[-n_tail:]) - np.median(values[:n_tail])
            for values in (age_s, arrival_s)
        )
        if latest_s > 0.5 * later_s:
            return True
    return False


def _hole_s(ordered_s: FloatArray) -> float:
    """Return the hole above the lowest cluster of delays, 0 where there are no clusters."""
    ordered_s = ordered_s[ordered_s < LONGEST_INTERVAL_S]
    n = len(ordered_s)
    n_stray = max(1, round(STRAY_SHARE * n))
    common_s = ordered_s[: int(np.ceil((1 - STALLED_SHARE) * n))]
    spans_s = common_s[n_stray:] - common_s[:-n_stray]
    wide = np.flatnonzero(spans_s > LEAST_HOLE_S)
    if len(wide) == 0:
        return 0.0
    lowest = wide[wide < wide[0] + n_stray]
    bottom = lowest[np.argmax(spans_s[lowest])]
    hole_s = float(spans_s[bottom])
    return hole_s if common_s[bottom] < 0.5 * hole_s else 0.0
