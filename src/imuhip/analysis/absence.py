"""Sensors that are gone for seconds or minutes: what their absence makes of the rest.

Across a gap of a few tenths of a second an orientation can be carried by the strides around it.
Across more it cannot: the sensor starts anew when it comes back, its heading unknown until gait
tells it again.
"""

from __future__ import annotations

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.calibration.pose import Pose
from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray

__all__ = [
    "LONG_GAP_S",
    "SHORTEST_PIECE_S",
    "absent",
    "pieces",
    "tellable_sides",
    "unsettled",
]

LONG_GAP_S = 0.4
"""Carried across 0.3 s a thigh is off by 0.7°, across 0.7 s by 10° and more."""

_GAIT_GAP_S = 1.0
"""Shorter ones leave enough of a window to know gait by."""

SHORTEST_PIECE_S = 5.0
"""Of samples between two long gaps: less is too short to find the vertical and the heading."""

_BEFORE_S, _AFTER_S = 3.0, 3.0
"""The heading jumps somewhere in the blocks around a gap's beginning."""

_COMMON_GAIT_S = 10.0
_POSE_SHARE = 0.5


def absent(known: BoolArray, rate_hz: float, longer_than_s: float = _GAIT_GAP_S) -> BoolArray:
    """Return (n,) where a sensor is gone for longer than that."""
    rows = np.zeros(len(known), dtype=bool)
    if known.all():
        return rows
    for gap in stretches(~known, minimum=int(longer_than_s * rate_hz + 1e-6) + 1):
        rows[gap.start : gap.end] = True
    return rows


def pieces(known: BoolArray, rate_hz: float) -> list[Stretch]:
    """Return what lies between long gaps."""
    return stretches(~absent(known, rate_hz, LONG_GAP_S))


def unsettled(known: BoolArray, rate_hz: float) -> BoolArray:
    """Return (n,) where a long gap is so near that the heading is not to be trusted."""
    rows = np.zeros(len(known), dtype=bool)
    for gap in stretches(absent(known, rate_hz, LONG_GAP_S)):
        start = max(0, gap.start - int(_BEFORE_S * rate_hz)) if gap.start > 0 else 0
        rows[start : max(gap.end, gap.start + int(_AFTER_S * rate_hz))] = True
    return rows


def tellable_sides(
    grid: GridBlock, gait: BoolArray, pose: Pose, sides: list[Side]
) -> tuple[list[Side], dict[Side, str]]:
    """Return the sides whose thigh was there in the pose and in gait, and why others were not.

    Parameters
    ----------
    grid : GridBlock
    gait : (n,) bool array
    pose : Pose
    sides : list of Side
        Worn.

    Returns
    -------
    sides : list of Side
        At least one, unless none is left.
    reasons : dict of Side to str
        For the others.
    """
    reasons: dict[Side, str] = {}
    rows = slice(pose.rows.start, pose.rows.end)
    there: dict[Side, BoolArray] = {}
    for side in sides:
        valid = grid.valid[f"thigh_{side}"]
        there[side] = gait & valid & grid.valid["pelvis"]
        seconds = float(there[side].sum()) / grid.rate_hz
        if float(valid[rows].mean()) < _POSE_SHARE:
            reasons[side] = "its thigh sensor was missing in the standing pose"
        elif seconds < _COMMON_GAIT_S / 2:
            reasons[side] = f"only {seconds:.0f} s of gait with its thigh sensor"
    told = [side for side in sides if side not in reasons]
    if len(told) == 2:
        common = float((there[told[0]] & there[told[1]]).sum()) / grid.rate_hz
        less = min(told, key=lambda side: int(there[side].sum()))
        if common < _COMMON_GAIT_S / 2 and there[less].sum() < 0.8 * gait.sum():
            reasons[less] = f"only {common:.0f} s of gait with both thigh sensors"
            told.remove(less)
    return told, reasons
