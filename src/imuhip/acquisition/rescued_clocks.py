"""The clocks of a recording that was never stopped, found as they would have been at its stop.

Its packets, questions and starts are decoded again. The decoders then begin with the recording, and
those that wrote the file had begun when the sensors connected: counts and wrapped times differ by a
constant in each epoch. Where they differ by anything else the file's samples are not those of
its packets, and its live clocks are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from imuhip.acquisition.redecode import Redecoded, redecode
from imuhip.core.sensor import ClockFit
from imuhip.core.series import BoolArray, FloatArray, IntArray
from imuhip.errors import ImuhipError
from imuhip.recording.final_clocks import RescuedClocks
from imuhip.recording.reader import SampleTimes, read_sample_times

__all__ = ["rescued_clocks"]

_SAME_S: Final = 2e-6
"""Times of sensors are stored to the microsecond; arrivals are known to the nanosecond."""
_LEAST_SHARE: Final = 0.98
"""Of the packets with samples in the file that must give these samples again."""


def rescued_clocks(path: Path) -> RescuedClocks:
    """Return the final lines of all sensors, and why some have none.

    Parameters
    ----------
    path : Path
        A recovered file, its clocks as they were live.
    """
    try:
        again = redecode(path)
    except (ImuhipError, ValueError, TypeError, OverflowError) as error:
        reason = error.message if isinstance(error, ImuhipError) else str(error)
        return RescuedClocks({}, (f"clocks are those known while recording: {reason}",))
    fits: dict[str, tuple[ClockFit, ...]] = {}
    notes = []
    for segment, found in again.items():
        stored = read_sample_times(path, segment)
        matched = _matched(stored, found)
        if matched is not None:
            fits[segment] = matched
        elif len(stored.epoch):
            notes.append(
                f"{segment}: clock as known while recording: its packets do not give the samples"
                " that are in the file"
            )
    return RescuedClocks(fits, tuple(notes))


def _matched(stored: SampleTimes, again: Redecoded) -> tuple[ClockFit, ...] | None:
    """Return the lines, from the file's own device times; None where samples do not match."""
    if again.rows is None or not len(stored.epoch):
        return None
    last = _last_of_packets(stored.arrival_s)
    last_again = _last_of_packets(again.rows.arrival_s)
    at_s, at_again_s = stored.arrival_s[last], again.rows.arrival_s[last_again]
    near = np.searchsorted(at_again_s, at_s - _SAME_S)
    known = near < len(at_again_s)
    known[known] &= np.abs(at_again_s[near[known]] - at_s[known]) < _SAME_S
    if np.count_nonzero(known) < _LEAST_SHARE * len(known):
        return None
    row, row_again = last[known], last_again[near[known]]
    by_epoch = {fit.epoch: fit for fit in again.clock_fits}
    return _rebased(
        by_epoch,
        stored.epoch[row],
        again.rows.epoch[row_again],
        stored.device_time_s[row] - again.rows.device_time_s[row_again],
    )


def _rebased(
    fits: Mapping[int, ClockFit], epoch: IntArray, epoch_again: IntArray, ahead_s: FloatArray
) -> tuple[ClockFit, ...] | None:
    """Return the lines in the file's device times, which are `ahead_s` of those found again."""
    found = []
    for number in np.unique(epoch).tolist():
        own = epoch == number
        constant_s = float(np.median(ahead_s[own]))
        is_same = (epoch_again[own] == number) & (np.abs(ahead_s[own] - constant_s) < _SAME_S)
        if number not in fits or np.count_nonzero(is_same) < _LEAST_SHARE * len(is_same):
            return None
        fit = fits[number]
        found.append(replace(fit, device_zero_s=fit.device_zero_s + constant_s))
    return tuple(found)


def _last_of_packets(arrival_s: FloatArray) -> IntArray:
    """Return the rows after which another packet's begin: rows stand in the order they arrived."""
    ends: BoolArray = np.append(np.diff(arrival_s) > _SAME_S, True)
    return np.flatnonzero(ends)
