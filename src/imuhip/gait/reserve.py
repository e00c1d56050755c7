"""How much of the hip rotation that is there, walking or running uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Reserve", "rotation_reserve"]

_WORST_SHARE = 0.5
"""An available range known less well than half of itself divides nothing."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Rotation used over rotation available.

    Parameters
    ----------
    used_deg, used_sd_deg : float
    available_deg, available_sd_deg : float
    share, share_sd : float
        NaN where no share can be given.
    problem : str
        Why not; empty otherwise.
    """

    used_deg: float
    used_sd_deg: float
    available_deg: float
    available_sd_deg: float
    share: float
    share_sd: float
    problem: str = ""

    def record(self) -> dict[str, Any]:
        """Return it JSON-safe."""
        values = {
            "used_deg": self.used_deg,
            "used_sd_deg": self.used_sd_deg,
            "available_deg": self.available_deg,
            "available_sd_deg": self.available_sd_deg,
            "share_percent": 100.0 * self.share,
            "share_sd_percent": 100.0 * self.share_sd,
        }
        shown = {k: round(v, 2) if np.isfinite(v) else None for k, v in values.items()}
        return shown | {"problem": self.problem or None}


def rotation_reserve(
    used_deg: float, used_sd_deg: float, available_deg: float, available_sd_deg: float
) -> Reserve:
    """Return the share of the available rotation that gait uses.

    Both are measured in different ways: gait by a thigh sensor, which under-reads the bone, zero by
    the standing pose; the test by a shank sensor. So the share is of sensors, not of bones, and has
    the uncertainty of both: ``share² (sd_used²/used² + sd_available²/available²)``, to first order.

    Parameters
    ----------
    used_deg, used_sd_deg : float
        Greatest internal rotation in gait (or its range) and one sigma, the pose's included.
    available_deg, available_sd_deg : float
        True internal rotation of a test (or internal plus external) and one sigma.

    Raises
    ------
    ValueError
        When a standard deviation is negative.
    """
    if used_sd_deg < 0.0 or available_sd_deg < 0.0:
        raise ValueError(
            f"Expected standard deviations of 0 or more, got {used_sd_deg} and {available_sd_deg}"
        )

    def refused(problem: str) -> Reserve:
        given = (used_deg, used_sd_deg, available_deg, available_sd_deg)
        return Reserve(*given, np.nan, np.nan, problem)

    if not np.isfinite([used_deg, used_sd_deg]).all():
        return refused("no rotation in gait was measured: too few strides")
    if not np.isfinite([available_deg, available_sd_deg]).all():
        return refused("no available rotation is known: do a rotation test first")
    if available_deg <= 0.0 or available_sd_deg > _WORST_SHARE * available_deg:
        return refused(
            f"the available rotation of {available_deg:.0f} ± {available_sd_deg:.0f}°"
            " is too small or too uncertain to divide by"
        )
    share = used_deg / available_deg
    share_sd = np.hypot(used_sd_deg, share * available_sd_deg) / available_deg
    return Reserve(
        used_deg, used_sd_deg, available_deg, available_sd_deg, float(share), float(share_sd)
    )
