"""What the live pipeline says to people: what it waits for, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.live_calibration import LiveCalibrator
from imuhip.analysis.live_checks import LiveNote
from imuhip.analysis.live_leg import FIRST_GAIT_S, LegCourse
from imuhip.analysis.live_wear import Removal
from imuhip.core.segments import Side
from imuhip.kinematics.strap_wobble import StrapWobble

__all__ = ["phase_of", "strap_note"]


def phase_of(calibrator: LiveCalibrator, removed: Mapping[str, Removal]) -> str:
    """Return what the session waits for, as one line without a capital."""
    calibration = calibrator.current
    if calibration is None:
        why = "".join(f"{removal.reason}: " for removal in list(removed.values())[:1])
        if not calibrator.has_pose:
            return f"{why}stand still for 5 s, feet pointing forwards"
        return f"{why}walk: {min(calibrator.gait_s, FIRST_GAIT_S):.0f} of {FIRST_GAIT_S:.0f} s"
    told = "measuring" if calibration.frozen else "measuring, calibration improving"
    for side, leg in calibrator.legs.items():
        if side not in calibration.legs and leg.is_there:
            told += f"; {side} thigh: {_wanted(leg)}"
    return told


def _wanted(leg: LegCourse) -> str:
    if leg.pose is None:
        return "stand still for 5 s, then walk"
    return f"walk, {min(leg.gait_s, FIRST_GAIT_S):.0f} of {FIRST_GAIT_S:.0f} s"


def strap_note(side: Side, wobble: StrapWobble) -> LiveNote:
    """Return what to say of a loose strap."""
    swing = float(np.degrees(wobble.amplitude_rad))
    return LiveNote(f"thigh_{side}", f"loose strap, the sensor swings by {swing:.0f}°: tighten it")
