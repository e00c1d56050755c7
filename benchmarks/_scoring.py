"""How far angles are from the truth: RMSE, offset, drift, and what the stated sd is worth.

All figures are of the gait alone, in degrees. The drift is the range of the means of the error over
30 s: it tells a heading that wanders from a curve that is merely wrong in each stride.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

import imuhip
from imuhip.core.segments import angle_column
from imuhip.core.series import BoolArray, FloatArray

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "hip flexion": ("hip_flexion_left", "hip_flexion_right"),
    "hip adduction": ("hip_adduction_left", "hip_adduction_right"),
    "hip rotation": ("hip_rotation_left", "hip_rotation_right"),
    "pelvis tilt": ("pelvis_tilt",),
    "obliquity": ("pelvis_obliquity",),
    "pelvis rotation": ("pelvis_rotation",),
}
NAMES: Final = tuple(name for group in GROUPS.values() for name in group)
_WINDOW_S: Final = 30.0

Angles = Mapping[str, FloatArray]
"""Angles by name, (n,), degrees."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of one angle over the gait of one recording.

    Parameters
    ----------
    squared, mean_free_squared : float, deg²
        Mean square as it is, and less the mean error.
    drift : float, deg
        Range of the means over 30 s; NaN below one minute of gait.
    within_one, within_two : float
        Share of samples with an error below one and two stated sd; NaN where none is stated.
    missing : float
        Share of samples without an angle.
    """

    squared: float
    mean_free_squared: float
    drift: float = np.nan
    within_one: float = np.nan
    within_two: float = np.nan
    missing: float = 0.0

    @property
    def rmse(self) -> float:
        """Return the root mean square error, degrees."""
        return float(np.sqrt(self.squared))


Scores = Mapping[str, Errors]
"""Errors of one recording by angle."""


def gait_stretches(recording: imuhip.Recording) -> list[BoolArray]:
    """Return (n,) masks over the truth's rows, one for each stretch of gait."""
    truth = recording.truth_motion
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    return [
        np.asarray((truth.time_s >= marker.start_s) & (truth.time_s <= marker.end_s))
        for marker in recording.markers
        if marker.name == "gait"
    ]


def errors(
    found: Angles, recording: imuhip.Recording, sd: Angles | None = None
) -> dict[str, Errors]:
    """Return the errors over the gait of every angle found; what is NaN is left out.

    Parameters
    ----------
    found, sd : mapping of angle to (n,) array, deg
        On the recording's own samples.
    recording : Recording
        Simulated.
    """
    truth = recording.truth
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    stretches = gait_stretches(recording)
    window = round(_WINDOW_S * recording.rate_hz)
    result = {}
    for name, values in found.items():
        off = values - truth[angle_column(name)].to_numpy()
        parts = [off[rows] for rows in stretches]
        means = np.concatenate([_window_means(part, window) for part in parts])
        gait = np.logical_or.reduce(stretches)
        error = off[gait]
        known = np.isfinite(error)
        error = error[known]
        within = (np.nan, np.nan)
        if sd is not None and len(error):
            ratio = np.abs(error) / sd[name][gait][known]
            within = float(np.mean(ratio < 1.0)), float(np.mean(ratio < 2.0))
        result[name] = Errors(
            squared=float(np.mean(error**2)) if len(error) else np.nan,
            mean_free_squared=float(np.var(error)) if len(error) else np.nan,
            drift=float(np.ptp(means)) if len(means) > 1 else np.nan,
            within_one=within[0],
            within_two=within[1],
            missing=1.0 - float(np.mean(known)),
        )
    return result


def _window_means(error: FloatArray, window: int) -> FloatArray:
    """Return the mean error of each whole window that is known for half of its time or more."""
    rows = error[: len(error) // window * window].reshape(-1, window)
    known = np.isfinite(rows)
    enough = known.mean(axis=1) >= 0.5
    total = np.where(known, rows, 0.0)[enough].sum(axis=1)
    return np.asarray(total / known[enough].sum(axis=1))


def pooled(found: Sequence[Scores], names: Iterable[str]) -> tuple[float, float]:
    """Return RMSE and mean-free RMSE in degrees over recordings and angles."""
    mine = [one[name] for name in names for one in found]
    squared = np.mean([error.squared for error in mine])
    mean_free = np.mean([error.mean_free_squared for error in mine])
    return float(np.sqrt(squared)), float(np.sqrt(mean_free))


def mean_of(found: Sequence[Scores], names: Iterable[str], field: str) -> float:
    """Return the mean of a field of `Errors` over recordings and angles."""
    return float(np.mean([getattr(one[name], field) for name in names for one in found]))


def worst_of(found: Sequence[Scores], names: Iterable[str], field: str) -> float:
    """Return the largest value of a field of `Errors` over recordings and angles."""
    return float(np.max([getattr(one[name], field) for name in names for one in found]))
