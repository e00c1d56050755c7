"""Body segments that can carry a sensor, and the names of the angles computed from them.

Segment axes follow ISB on both sides of the body: x anterior, y superior, z to the right
(Wu et al. 2002, doi:10.1016/S0021-9290(01)00222-6).
"""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["ANGLES", "HIP_ANGLES", "PELVIS_ANGLES", "SEGMENTS", "SIDES", "Side", "angle_column"]

Side = Literal["left", "right"]

SIDES: Final[tuple[Side, ...]] = ("left", "right")

SEGMENTS: Final = (
    "pelvis",
    "thigh_left",
    "thigh_right",
    "shank_left",
    "shank_right",
    "trunk",
)
"""Every segment a sensor may be assigned to; the pelvis and one thigh are the minimum."""

HIP_ANGLES: Final = tuple(
    f"hip_{motion}_{side}" for motion in ("flexion", "adduction", "rotation") for side in SIDES
)
"""Thigh relative to pelvis; + is flexion, adduction and internal rotation on both sides."""

PELVIS_ANGLES: Final = ("pelvis_tilt", "pelvis_obliquity", "pelvis_rotation")
"""Pelvis in the walking-direction frame; + is anterior, right side up, right side forward."""

ANGLES: Final = HIP_ANGLES + PELVIS_ANGLES


def angle_column(angle: str) -> str:
    """Return the table column of `angle`: tables are in degrees and say so."""
    return f"{angle}_deg"
