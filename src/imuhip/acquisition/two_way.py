"""The least delay of a link, which arrivals alone cannot show, from questions that were answered.

The lower envelope of arrivals lies above the truth by the least delay from the sensor to the host.
A question, in turn, is received after it was asked: the truth lies above the upper envelope of the
questions. Between the two envelopes is a gap, the least delay there plus the least delay back, and
the truth is in it whatever the delays are [1]_. Without knowing more, its middle is the best guess,
and half the gap the most it can err, where the envelope alone could err by all of it.

Three things are known more. Questions are few, so even the promptest waited a little for a
connection event: how long is told by how close the next promptest ones are to it. Where packets
may all have waited for an event (`imuhip.acquisition.connection_grid`), the gap shows that wait.
And the sensors hang on the same host: what is no such wait is taken off all of them alike, those
that cannot be asked included, and it is half of the smallest gap. So a link that is slow in one
direction only, which nobody can tell, adds nothing to the error between sensors.

References
----------
.. [1] Mills (2006), Computer Network Time Synchronization, doi:10.1201/9781420006155
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

from imuhip.core.sensor import ClockFit
from imuhip.core.series import FloatArray

__all__ = ["Exchange", "LinkDelay", "LinkGap", "least_delays", "link_gap"]

LEAST_EXCHANGES: Final = 5
MOST_GAP_S: Final = 0.012
"""A wider gap comes from a host that is slow to send: its middle would say nothing of arrivals."""
MOST_ORDERED: Final = 20
"""Promptest questions that are looked at."""
HIDDEN_S: Final = 0.0015
"""A wait that may hide is reckoned with from here on."""
USUAL_DELAY_S: Final = 0.001
"""Of stack and air in one direction, where no sensor tells."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question for a sensor's clock, and its answer.

    Parameters
    ----------
    asked_s, answered_s : float, s
        On the host's clock: immediately before the question was written, and when the answer came.
    received_s, sent_s : float, s
        On the sensor's clock: when the question came in, and when the answer was handed to the
        radio.
    """

    asked_s: float
    received_s: float
    sent_s: float
    answered_s: float


@dataclass(frozen=True, slots=True)
class LinkGap:
    """Between the lower envelope of arrivals and the upper one of questions.

    Parameters
    ----------
    gap_s : float, s
        Least delay there and back, freed of what the promptest question still waited.
    sd_s : float, s
        One sigma of that.
    widest_s : float, s
        The gap as it was seen: the truth is not farther below the envelope of arrivals.
    hidden_s : float, s
        How long all packets may have waited without showing it.
    n_exchanges : int
        How many it rests on.
    """

    gap_s: float
    sd_s: float
    widest_s: float
    hidden_s: float
    n_exchanges: int


@dataclass(frozen=True, slots=True)
class LinkDelay:
    """What is taken off a line through the promptest arrivals.

    Parameters
    ----------
    delay_s : float, s
        The least delay from the sensor to the host.
    sd_s : float, s
        One sigma of a wait that hid from arrivals and is in `delay_s`; NaN where there is none.
    """

    delay_s: float = 0.0
    sd_s: float = float("nan")


def link_gap(
    asked_s: FloatArray, received_s: FloatArray, fit: ClockFit, hidden_s: float
) -> LinkGap | None:
    """Return the gap below the line through the promptest arrivals, None from too few questions.

    Parameters
    ----------
    asked_s, received_s : (n,) array, s
        Questions of one epoch.
    fit : ClockFit
        The lower envelope of its arrivals.
    hidden_s : float, s
        How long all packets may have waited.
    """
    if len(asked_s) < LEAST_EXCHANGES:
        return None
    ordered_s = np.sort(fit.to_recording(received_s) - asked_s)
    n_ordered = int(np.clip(len(ordered_s) // 4, 3, MOST_ORDERED))
    # Waits for an event are spread evenly: the promptest is as far from none as from the next.
    waited_s = float(ordered_s[n_ordered - 1] - ordered_s[0]) / (n_ordered - 1)
    widest_s = max(0.0, float(ordered_s[0]))
    return LinkGap(
        gap_s=max(0.0, widest_s - waited_s),
        sd_s=waited_s * np.sqrt(n_ordered / (n_ordered - 1)),
        widest_s=widest_s,
        hidden_s=hidden_s,
        n_exchanges=len(asked_s),
    )


def least_delays(gaps: Mapping[Key, LinkGap | None]) -> dict[Key, LinkDelay]:
    """Return the least delay of every link of one host.

    Parameters
    ----------
    gaps : mapping to LinkGap or None
        Of each sensor, and each epoch of its clock; None for those that cannot be asked.
    """
    known = {key: gap for key, gap in gaps.items() if gap is not None}
    if not known:
        return {key: LinkDelay() for key in gaps}
    plain_s = [
        0.5 * gap.gap_s
        for gap in known.values()
        if gap.hidden_s <= HIDDEN_S and gap.gap_s <= MOST_GAP_S
    ]
    smallest_s = 0.5 * min(gap.gap_s for gap in known.values())
    common_s = min(plain_s) if plain_s else min(smallest_s, USUAL_DELAY_S)
    delays: dict[Key, LinkDelay] = {}
    for key in gaps:
        gap = known.get(key)
        if gap is None:
            delays[key] = LinkDelay(common_s)
        elif gap.hidden_s <= HIDDEN_S:
            delays[key] = LinkDelay(min(common_s, gap.widest_s))
        else:
            waited_s = float(np.clip(gap.gap_s - 2 * common_s, 0.0, gap.hidden_s))
            is_explained = gap.gap_s <= gap.hidden_s + 2 * common_s + MOST_GAP_S
            delays[key] = LinkDelay(
                common_s + waited_s,
                float(np.hypot(gap.sd_s, 0.5 * common_s)) if is_explained else float("nan"),
            )
    return delays
