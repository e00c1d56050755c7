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
    """One panel; its words are those of the language in use when they are asked for.

    Parameters
    ----------
    name : str
        A hip motion, or the pelvis.
    angles : tuple of str
        Angles drawn.
    styles : tuple of str
        For each angle, the key of its colour, its line pattern and its name.
    least_deg : (float, float)
        The axis reaches at least so far.
    """

    name: str
    angles: tuple[str, ...]
    styles: tuple[str, ...]
    least_deg: tuple[float, float]

    @property
    def title(self) -> str:
        """Return what the panel is called."""
        return wording.PANEL_TITLES[self.name]

    @property
    def labels(self) -> tuple[str, ...]:
        """Return for each angle its name beside the number."""
        return tuple(wording.ANGLE_NAMES[style] for style in self.styles)

    @property
    def up(self) -> str:
        """Return what plus means for all curves of the panel; empty where they differ."""
        return wording.ANGLE_ENDS[self.name][0]

    @property
    def down(self) -> str:
        """Return what minus means for all curves of the panel; empty where they differ."""
        return wording.ANGLE_ENDS[self.name][1]

    @property
    def notes(self) -> tuple[str, ...]:
        """Return for each angle what plus means, where that is not said of the panel."""
        if self.up:
            return ("",) * len(self.angles)
        return tuple(f"+ {wording.ANGLE_ENDS[angle][0]}" for angle in self.angles)


def _hip(motion: str, least_deg: tuple[float, float]) -> PanelPlan:
    return PanelPlan(motion, tuple(f"{motion}_{side}" for side in SIDES), tuple(SIDES), least_deg)


PANELS: Final = (
    _hip("hip_rotation", (-20.0, 20.0)),
    _hip("hip_flexion", (-20.0, 40.0)),
    _hip("hip_adduction", (-20.0, 20.0)),
    PanelPlan("pelvis", PELVIS_ANGLES, PELVIS_ANGLES, (-20.0, 20.0)),
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
