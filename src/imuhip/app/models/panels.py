"""Which curves stand in which panel, and how far their axes reach."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.app.models import wording
from imuhip.app.models.angle_history import AngleHistory
from imuhip.core.segments import PELVIS_ANGLES, SIDES

__all__ = ["PANELS", "PanelPlan", "axis_range", "axis_step"]

STEP_DEG = 10.0


@dataclass(frozen=True, slots=True)
class PanelPlan:
    """One panel.

    Parameters
    ----------
    title : str
    angles : tuple of str
        Angles drawn.
    styles : tuple of str
        For each angle, the key of its colour and line pattern.
    labels : tuple of str
        For each angle, its name beside the number.
    notes : tuple of str
        For each angle, what plus means, where that is not on the axis.
    up, down : str
        What plus and minus mean for all curves of the panel.
    least_deg : (float, float)
        The axis reaches at least so far.
    """

    title: str
    angles: tuple[str, ...]
    styles: tuple[str, ...]
    labels: tuple[str, ...]
    notes: tuple[str, ...]
    up: str
    down: str
    least_deg: tuple[float, float]


def _hip(motion: str, least_deg: tuple[float, float]) -> PanelPlan:
    up, down = wording.ANGLE_ENDS[motion]
    return PanelPlan(
        title=wording.PANEL_TITLES[motion],
        angles=tuple(f"{motion}_{side}" for side in SIDES),
        styles=tuple(SIDES),
        labels=tuple(wording.ANGLE_NAMES[side] for side in SIDES),
        notes=("", ""),
        up=up,
        down=down,
        least_deg=least_deg,
    )


PANELS: Final = (
    _hip("hip_rotation", (-20.0, 20.0)),
    _hip("hip_flexion", (-20.0, 40.0)),
    _hip("hip_adduction", (-20.0, 20.0)),
    PanelPlan(
        title=wording.PANEL_TITLES["pelvis"],
        angles=PELVIS_ANGLES,
        styles=PELVIS_ANGLES,
        labels=tuple(wording.ANGLE_NAMES[angle] for angle in PELVIS_ANGLES),
        notes=tuple(f"+ {wording.ANGLE_ENDS[angle][0]}" for angle in PELVIS_ANGLES),
        up="",
        down="",
        least_deg=(-20.0, 20.0),
    ),
)


def axis_range(plan: PanelPlan, history: AngleHistory) -> tuple[float, float]:
    """Return whole tens of degrees that hold every curve of the panel, and its least range."""
    low, high = plan.least_deg
    for value_deg in _known(plan.angles, history):
        low = min(low, STEP_DEG * float(np.floor(value_deg.min() / STEP_DEG)))
        high = max(high, STEP_DEG * float(np.ceil(value_deg.max() / STEP_DEG)))
    return low, high


def axis_step(range_deg: tuple[float, float]) -> float:
    """Return the distance of marks, wide enough for their labels."""
    return STEP_DEG if range_deg[1] - range_deg[0] <= 80.0 else 2 * STEP_DEG


def _known(angles: Iterable[str], history: AngleHistory) -> Iterable[np.ndarray]:
    for angle in angles:
        value_deg = history.curve(angle).value_deg
        value_deg = value_deg[np.isfinite(value_deg)]
        if len(value_deg):
            yield value_deg
