"""What the live pipeline gives out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import ANGLES, PELVIS_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray

__all__ = ["LiveAngles", "joined", "named", "unknown"]


@dataclass(frozen=True, slots=True)
class LiveAngles:
    """Angles of one block of samples.

    Parameters
    ----------
    time_s : (n,) array, s
    values, sd : mapping of angle to (n,) array, rad
        NaN until calibrated and in gaps.
    q_WB : mapping of segment to (n, 4) array
        NaN until calibrated.
    direction_rad : (n,) array, rad
        Which way the person walks, in the pelvis sensor's world, within full turns.
    """

    time_s: FloatArray
    values: Mapping[str, FloatArray]
    sd: Mapping[str, FloatArray]
    q_WB: Mapping[str, FloatArray]
    direction_rad: FloatArray


def named(names: tuple[str, ...], columns: FloatArray, missing: BoolArray) -> dict[str, FloatArray]:
    """Return (n, k) columns by name, NaN where a sensor was missing."""
    return {name: np.where(missing, np.nan, columns[:, k]) for k, name in enumerate(names)}


def unknown(time_s: FloatArray, sides: list[Side]) -> LiveAngles:
    """Return angles of which nothing is known yet."""
    names = [n for n in ANGLES if n in PELVIS_ANGLES or n.rsplit("_", 1)[1] in sides]
    nothing = {name: np.full(len(time_s), np.nan) for name in names}
    segments = ("pelvis", *(f"thigh_{side}" for side in sides))
    return LiveAngles(
        time_s,
        nothing,
        dict(nothing),
        {s: np.full((len(time_s), 4), np.nan) for s in segments},
        np.full(len(time_s), np.nan),
    )


def joined(parts: list[LiveAngles], time_s: FloatArray) -> LiveAngles:
    """Return parts one after the other."""
    if len(parts) == 1:
        return parts[0]

    def join(field: str) -> dict[str, FloatArray]:
        if not parts:
            return {}
        return {
            name: np.concatenate([getattr(part, field)[name] for part in parts])
            for name in getattr(parts[0], field)
        }

    direction = np.concatenate([part.direction_rad for part in parts]) if parts else np.empty(0)
    return LiveAngles(time_s, join("values"), join("sd"), join("q_WB"), direction)
