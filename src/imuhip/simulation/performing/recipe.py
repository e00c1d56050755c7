"""What a test is to the simulator: a posture, a movement, and how it is measured on the bones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.simulation.performing.bones import Bones, Repetition
from imuhip.simulation.performing.stage import Scene, Turns

__all__ = ["ANYWHERE", "Measured", "Recipe"]

ANYWHERE: Final[Mapping[str, str]] = {
    "incomplete_range": "35 % of the way are left out",
    "too_fast": "repetitions take half the time",
}
"""Faults of every test; `Scene.reach` and the tempo of `perform` are what they do."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One repetition as a test's measures see it.

    Parameters
    ----------
    bones : Bones
    repetition : Repetition
    side : {"left", "right"}
        Of the leg under test; of tests with both legs, the side a fault goes to.
    """

    bones: Bones
    repetition: Repetition
    side: Side

    @property
    def rest_s(self) -> float:
        """Return the instant that angles are counted from."""
        return self.repetition.rest_s

    @property
    def way_out(self) -> slice:
        """Return the rows from the rest to the end of the range."""
        return self.bones.between(self.repetition.rest_s, self.repetition.peak_s)

    @property
    def whole(self) -> slice:
        """Return the rows from the rest to the end of the repetition."""
        return self.bones.between(self.repetition.rest_s, self.repetition.end_s)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a test is performed.

    Parameters
    ----------
    posture : str
        A name of `imuhip.simulation.performing.postures.ROUTES`.
    is_sided : bool
        Whether one leg is under test.
    raises_leg : bool
        Whether that leg is held bent from the beginning.
    directions : tuple of str
        One empty name where there is one.
    faults : mapping of str to str
        What each fault of size 1 does here.
    changes : tuple of str
        Measures whose true value a later visit can change.
    repetition_s, hold_s : float
        Usual length of a repetition, and of the stay at its end.
    move : callable
        From a scene to the turns of a body.
    main : callable
        From bones, side, direction, and the instant of rest, to the angle that tells repetitions,
        over some rows; it grows with the movement.
    measures : callable
        From one measured repetition to what the test reports.
    """

    posture: str
    is_sided: bool
    raises_leg: bool
    directions: tuple[str, ...]
    faults: Mapping[str, str]
    changes: tuple[str, ...]
    repetition_s: float
    hold_s: float
    move: Callable[[Scene], Turns]
    main: Callable[[Bones, Side, str, float, slice], FloatArray]
    measures: Callable[[Measured], dict[str, float]]
