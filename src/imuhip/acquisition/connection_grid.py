"""The wait that hides below the lower envelope, and how much of it can be found out.

Packets leave only at connection events. A sensor whose packets are always ready at the same phase
of that grid always waits the same, and the envelope takes the wait for time. Dither of the sending
instant does not lower the envelope, since the samples' time stamps do not move with it. But it
shows the phase: of packets delayed uniformly by 0 to D, those still catch the next event whose
delay is below the wait w, a share of w / D. So the share of prompt packets measures w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["HiddenWait", "hidden_wait"]

LEAST_PACKETS = 100
LEAST_HOLE_S = 0.002
"""Clusters of delays nearer than this are host jitter, not connection events."""
LEAST_LATE_SHARE = 0.05
"""With fewer late packets, they may as well be retransmissions."""
LEAST_SPAN_S = 40.0
"""Before this the wait is taken as constant."""


@dataclass(frozen=True, slots=True)
class HiddenWait:
    """What is known of the wait below the envelope, as a line over the packets' abscissa.

    Parameters
    ----------
    offset_s, slope : float, s and s/s
        Wait at abscissa 0, and its change; both 0 where it cannot be told.
    uncertainty_s : float, s
        One sigma of what is left.
    """

    offset_s: float
    slope: float
    uncertainty_s: float


def hidden_wait(
    x_s: FloatArray, delay_s: FloatArray, *, dither_s: float, connection_interval_s: float
) -> HiddenWait:
    """Return the wait that all packets of a sensor share.

    Parameters
    ----------
    x_s : (n,) array, s
        Device time of the packets.
    delay_s : (n,) array, s
        Their arrival above the lower envelope.
    dither_s : float, s
        Longest uniform random delay the sensor adds; 0 for none.
    connection_interval_s : float, s
        Assumed grid, for what the delays do not show.
    """
    ordered = np.sort(delay_s)
    explored = float(np.quantile(ordered, 0.9))
    unseen = max(0.0, connection_interval_s - explored)
    bottom, hole = _lowest_cluster(ordered)
    if hole == 0.0:
        return HiddenWait(0.0, 0.0, unseen / np.sqrt(12))
    is_late = delay_s > bottom
    late_share = float(np.mean(is_late))
    is_readable = dither_s > 0 and len(x_s) >= LEAST_PACKETS and late_share >= LEAST_LATE_SHARE
    if not is_readable:
        return HiddenWait(0.0, 0.0, max(hole, unseen) / np.sqrt(12))
    slope = 0.0
    centre = float(np.mean(x_s))
    if np.ptp(x_s) >= LEAST_SPAN_S:
        away = x_s - centre
        slope = -dither_s * float(away @ is_late) / float(away @ away)
    wait = dither_s * (1.0 - late_share)
    statistical = dither_s * np.sqrt(late_share * (1 - late_share) / len(x_s))
    # Packets sent again count as late: a tenth of the prompt ones on a poor link.
    resent = 0.1 * wait / np.sqrt(12)
    return HiddenWait(wait - slope * centre, slope, float(np.hypot(statistical, resent)))


def _lowest_cluster(ordered: FloatArray) -> tuple[float, float]:
    """Return the top of the lowest cluster of delays and the hole above it, 0 without clusters."""
    common = ordered[: max(2, int(np.ceil((1 - LEAST_LATE_SHARE) * len(ordered))))]
    steps = np.diff(common)
    wide = np.flatnonzero(steps > LEAST_HOLE_S)
    if len(wide) == 0:
        return 0.0, 0.0
    bottom, hole = float(common[wide[0]]), float(steps[wide[0]])
    return (bottom, hole) if bottom < 0.5 * hole else (0.0, 0.0)
