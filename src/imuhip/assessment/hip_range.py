"""Hip flexion (knee to chest) and hip extension on the plinth, and where the pelvis gives way.

Thigh and pelvis are both seen against gravity: the thigh turns about its own axis to the right, the
pelvis about its own. *Pelvis-neutral* range is the hip's angle when the pelvis has tilted by 5°:
what the hip does alone. The total is what a goniometer on the thigh shows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from imuhip.assessment.measures import Measure, median_measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_repetitions
from imuhip.assessment.rotation_range import PELVIS_MOVED_RAD
from imuhip.assessment.trial import TrialMotion, first_crossing
from imuhip.assessment.turns import farthest, main_axis
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["find_range", "measure_range"]

_RIGHT = np.array([0.0, 0.0, 1.0])
_X, _Y = np.eye(3)[:2]
_ONSET_RAD = np.radians(2.0)
_SIGN: Final = {"hip_flexion": 1.0, "hip_extension": -1.0}
_SKIN_SD_DEG: Final = {"hip_flexion": 3.0, "hip_extension": 1.5}


def find_range(motion: TrialMotion, test: MovementTest, side: Side) -> tuple[Repetition, ...]:
    """Return the repetitions, in order of time."""
    angle = motion.about(f"thigh_{side}", _thigh_axis(motion, test, side), 0)
    least = np.radians(test.repetitions.least_deg)
    return find_repetitions(motion.time_s, np.unwrap(angle), least_rad=least)


def measure_range(
    motion: TrialMotion, test: MovementTest, side: Side, repetitions: tuple[Repetition, ...]
) -> tuple[Measure, ...]:
    """Return total and pelvis-neutral range, the pelvis' share and its delay.

    Parameters
    ----------
    motion : TrialMotion
        With the pelvis and the side's thigh.
    test : MovementTest
    side : {"left", "right"}
    repetitions : tuple of Repetition
        From `find_range`.
    """
    sign = _SIGN[test.measured_by]
    axis = _thigh_axis(motion, test, side)
    rows: list[dict[str, float]] = []
    for one in repetitions:
        way = slice(one.rest, one.peak + 1)
        thigh = np.unwrap(motion.about(f"thigh_{side}", axis, one.rest, way))
        tilt = sign * motion.about("pelvis", _RIGHT, one.rest, way)
        rows.append(_of_one(motion.time_s[way], thigh, tilt)
                    | {"twist": farthest(motion.about("pelvis", _Y, one.rest, way)),
                       "list": farthest(-motion.about("pelvis", _X, one.rest, way))})  # fmt: skip
    column = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    never = int(np.sum(np.isnan(column["gave_way"]))) if rows else 0
    note = f"in {never} of {len(rows)} the pelvis never tilted by 5 deg" if never else ""
    stem, skin = test.measured_by, _SKIN_SD_DEG[test.measured_by]

    def degrees(name: str, key: str, sd: float, note: str = "") -> Measure:
        values: FloatArray = np.degrees(column.get(key, np.empty(0)))
        return median_measure(name, side, values, "deg", instrument_sd=sd, note=note)

    return (
        degrees(f"{stem}_pelvis_neutral", "neutral", skin, note),
        degrees(f"{stem}_total", "total", skin),
        degrees(f"{stem}_of_hip", "hip", float(np.hypot(skin, 1.5))),
        median_measure(f"{stem}_pelvis_share", side, column.get("share", np.empty(0)), "1",
                       instrument_sd=0.03),
        degrees(f"{stem}_pelvis_tilt", "tilt", 1.5),
        degrees(f"{stem}_pelvis_twist", "twist", 1.5),
        degrees(f"{stem}_pelvis_list", "list", 1.5),
        median_measure(f"{stem}_pelvis_delay", side, column.get("delay", np.empty(0)), "s",
                       instrument_sd=0.05, note="pelvis after hip, each at 2 deg"),
    )  # fmt: skip


def _thigh_axis(motion: TrialMotion, test: MovementTest, side: Side) -> FloatArray:
    """Return the thigh's axis of flexion (of extension turned round), as the movement shows it."""
    nominal = _SIGN[test.measured_by] * _RIGHT
    axis, _ = main_axis(motion.since(f"thigh_{side}", 0), nominal)
    return axis


def _of_one(time_s: FloatArray, thigh: FloatArray, tilt: FloatArray) -> dict[str, float]:
    """Measure one repetition; the pelvis goes along with the thigh where `tilt` is positive."""
    row, hip = np.arange(len(thigh)), thigh - tilt
    at = first_crossing(tilt, PELVIS_MOVED_RAD)
    hip_at, pelvis_at = first_crossing(hip, _ONSET_RAD), first_crossing(tilt, _ONSET_RAD)
    return {
        "gave_way": at,
        "neutral": float(np.interp(len(thigh) - 1 if np.isnan(at) else at, row, hip)),
        "total": float(thigh[-1]),
        "hip": float(hip[-1]),
        "tilt": float(tilt[-1]),
        "share": float(tilt[-1] / thigh[-1]),
        "delay": float(np.interp(pelvis_at, row, time_s) - np.interp(hip_at, row, time_s))
        if np.isfinite(pelvis_at + hip_at)
        else np.nan,
    }
