"""All that one leg does in time, and what both legs together make of it: steps, support, flight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.ankle import farthest_behind
from imuhip.gait.contacts import Shocks, contact_times
from imuhip.gait.seconds import running_strides
from imuhip.gait.strides import StrideCut
from imuhip.gait.toe_off import toe_off_times

__all__ = ["LegEvents", "leg_events", "support_times", "swing_only"]


@dataclass(frozen=True, slots=True)
class LegEvents:
    """Strides of one leg with their contacts.

    Parameters
    ----------
    cut : StrideCut
    running : (k,) bool array
    contact_s, contact_sd_s : (k,) arrays, s
        Initial contact that belongs to the greatest flexion at the stride's start.
    next_contact_s : (k,) array, s
        The one that ends it.
    toe_off_s, toe_off_sd_s : (k,) arrays, s
    stride_time_sd_s : (k,) array, s
        Of the time between both contacts: what all contacts are late alike is not in it.
    shock_seen : (k,) bool array
        Whether both contacts were told by more than the swing.
    """

    cut: StrideCut
    running: BoolArray
    contact_s: FloatArray
    contact_sd_s: FloatArray
    next_contact_s: FloatArray
    toe_off_s: FloatArray
    toe_off_sd_s: FloatArray
    stride_time_sd_s: FloatArray
    shock_seen: BoolArray

    def __len__(self) -> int:
        return len(self.cut)

    @property
    def stride_time_s(self) -> FloatArray:
        """Return (k,) from contact to contact."""
        return self.next_contact_s - self.contact_s


def swing_only(cut: StrideCut) -> LegEvents:
    """Return a walking leg's contacts as its swing alone tells them, where no force was measured.

    Parameters
    ----------
    cut : StrideCut
    """
    walking = np.zeros(len(cut), dtype=bool)
    begin, end = (
        contact_times(np.empty(0), None, at_s, walking, ~cut.steady)
        for at_s in (cut.start_s, cut.end_s)
    )
    lifted = toe_off_times(
        np.empty(0), np.empty((0, 3)), 0.0, cut.start_s, cut.extended_s, walking, begin.at_s
    )
    return LegEvents(
        cut,
        walking,
        begin.at_s,
        begin.sd_s,
        end.at_s,
        lifted.at_s,
        lifted.sd_s,
        np.hypot(begin.random_sd_s, end.random_sd_s),
        walking,
    )


def leg_events(
    time_s: FloatArray,
    cut: StrideCut,
    pelvis_acc: FloatArray,
    shocks: Shocks | None,
    rate_hz: float,
    ankle_ahead: FloatArray | None = None,
) -> LegEvents:
    """Find a leg's contacts.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    cut : StrideCut
    pelvis_acc : (n, 3) array, m/s²
        Finite.
    shocks : Shocks, optional
        What tells of contacts; see `imuhip.gait.contacts`.
    rate_hz : float
    ankle_ahead : (n,) array, optional
        See `imuhip.gait.ankle`.
    """
    running = running_strides(time_s, pelvis_acc, rate_hz, cut)
    flexed_s = np.unique(np.concatenate([cut.start_s, cut.end_s]))
    first, last = np.searchsorted(flexed_s, cut.start_s), np.searchsorted(flexed_s, cut.end_s)
    runs, edge = np.zeros(len(flexed_s), dtype=bool), np.zeros(len(flexed_s), dtype=bool)
    runs[last] = running
    runs[first] = running  # a contact belongs to the stride it begins
    edge[first] |= ~cut.steady
    edge[last] |= ~cut.steady
    found = contact_times(time_s, shocks, flexed_s, runs, edge)
    length_s, behind_s = cut.end_s - cut.start_s, None
    if ankle_ahead is not None:
        behind_s = farthest_behind(time_s, ankle_ahead, cut.start_s, length_s)
    lifted = toe_off_times(
        time_s, pelvis_acc, rate_hz, cut.start_s, cut.extended_s, running, length_s, behind_s
    )
    return LegEvents(
        cut=cut,
        running=running,
        contact_s=found.at_s[first],
        contact_sd_s=found.sd_s[first],
        next_contact_s=found.at_s[last],
        toe_off_s=lifted.at_s,
        toe_off_sd_s=lifted.sd_s,
        stride_time_sd_s=np.hypot(found.random_sd_s[first], found.random_sd_s[last]),
        shock_seen=found.shock_seen[first] & found.shock_seen[last],
    )


def support_times(legs: Mapping[Side, LegEvents], side: Side) -> dict[str, FloatArray]:
    """Return the times (k,) s of each stride of a leg, NaN where the other leg does not tell.

    ``stance`` and ``swing``; ``step``: from the other foot's contact to this foot's next one;
    ``double_support`` of walkers and ``flight`` of runners: both phases of the stride together.

    Parameters
    ----------
    legs : mapping of side to LegEvents
        One or both.
    side : {"left", "right"}
        Whose strides.
    """
    own = legs[side]
    contact, leave, again = own.contact_s, own.toe_off_s, own.next_contact_s
    times = {"stance": leave - contact, "swing": again - leave}
    nothing = np.full(len(own), np.nan)
    other = legs.get("left" if side == "right" else "right")
    if other is None or len(other) == 0:
        return times | {"step": nothing, "double_support": nothing, "flight": nothing}
    # the last contact of a bout begins no stride, but ends one
    all_s = np.unique(np.concatenate([other.contact_s, other.next_contact_s]))
    row = np.searchsorted(all_s, contact, side="right")
    between = np.append(all_s, np.nan)[np.minimum(row, len(all_s))]
    between = np.where(between < again, between, np.nan)
    # toe-offs of the other foot: of the stance before this contact, and of the one after
    stance = np.searchsorted(other.contact_s, contact, side="right") - 1
    before = np.where(stance >= 0, other.toe_off_s[np.maximum(stance, 0)], np.nan)
    before = np.where((before > contact - 0.1) & (before < again), before, np.nan)
    later = np.minimum(stance + 1, len(other) - 1)
    after = np.where(other.contact_s[later] == between, other.toe_off_s[later], np.nan)
    double = (before - contact) + (leave - between)
    flight = (between - leave) + (again - after)
    return times | {
        "step": again - between,
        "double_support": np.where(own.running, np.nan, double),
        "flight": np.where(own.running, flight, np.nan),
    }
