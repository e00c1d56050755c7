"""What an analysis gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.core.segments import ANGLES, HIP_ANGLES, SIDES, Side
from imuhip.core.series import FloatArray, Marker
from imuhip.gait.cycles import normalise_cycles

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Analysis"]


@dataclass(frozen=True)
class Analysis:
    """Angles, strides and quality of one recording.

    Parameters
    ----------
    angles : DataFrame
        Index ``time_s``; one column per angle in degrees, ``hip_flexion_left_deg`` and so on, and
        its one-sigma uncertainty as ``hip_flexion_left_sd_deg``. NaN where nothing is known.
    orientations : mapping of segment to (n, 4) array
        ``q_WB``: segments in the common, heading-aligned world, rows as in `angles`.
    strides : DataFrame
        One row a stride; see ``docs/conventions.md``.
    summary : dict
        JSON-safe: activity, strides, angles over the cycle, per side.
    quality : dict
        JSON-safe: overall and per sensor, each a grade A to D with its reasons.
    activity : tuple of Marker
        Where the person stood still, posed and walked (``"gait"``), and, covering the session with
        the still ones, where seconds are ``"walk"``, ``"run"``, ``"turn"`` or ``"other"``.
    seconds : DataFrame, optional
        One row a second: ``start_s``, ``end_s``, ``activity`` (still, walk, run, turn or other) and
        ``posture`` (upright, sitting, lying or unknown).
    """

    angles: pd.DataFrame
    orientations: Mapping[str, FloatArray]
    strides: pd.DataFrame
    summary: dict[str, Any]
    quality: dict[str, Any]
    activity: tuple[Marker, ...] = ()
    seconds: pd.DataFrame | None = None

    def cycles(
        self, side: Side = "left", angle: str = "hip_rotation", *, only_valid: bool = True
    ) -> FloatArray:
        """Return (strides, 101) curves in degrees over 0..100 % of the cycle.

        Parameters
        ----------
        side : {"left", "right"}
            Whose strides.
        angle : str
            ``"hip_rotation"`` (of that side), ``"pelvis_tilt"`` or a full angle name.
        only_valid : bool
            Leave excluded strides out.

        Raises
        ------
        ValueError
            For an unknown side or angle.
        """
        if side not in SIDES:
            raise ValueError(f"Expected side left or right, got {side!r}")
        name = f"{angle}_{side}" if f"{angle}_{side}" in HIP_ANGLES else angle
        if name not in ANGLES:
            raise ValueError(f"Expected an angle among {', '.join(ANGLES)}, got {angle!r}")
        rows = self.strides[self.strides["side"] == side]
        if only_valid:
            rows = rows[rows["valid"].astype(bool)]
        if f"{name}_deg" not in self.angles.columns:
            return np.full((len(rows), 101), np.nan)
        return normalise_cycles(
            self.angles.index.to_numpy(),
            self.angles[f"{name}_deg"].to_numpy(),
            rows["start_s"].to_numpy(dtype=float),
            rows["end_s"].to_numpy(dtype=float),
        )
