"""One angle against a limit that a person sets: is it kept, by how much, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from imuhip.app.models import wording, wording_move
from imuhip.app.models.angle_history import FRESH_S, AngleHistory
from imuhip.app.models.limits import is_usable

__all__ = ["ANGLES_SET", "Feedback", "FeedbackState", "Sense"]

Sense = Literal["within", "below", "above"]
State = Literal["good", "beyond", "short", "unknown", "uncertain"]
SENSES: Final[tuple[Sense, ...]] = ("within", "below", "above")
ANGLES_SET: Final = tuple(wording_move.FEEDBACK_ANGLES)
_RANGE_DEG: Final = (-90.0, 120.0)
_STEP_DEG: Final = 1.0
_GIVE_DEG: Final = 0.5
"""Back by so much before it is good again: at the limit itself a tone would flutter."""
_FIRST_LIMIT_DEG: Final = {"pelvis": 5.0, "hip_flexion": 30.0, "hip_rotation": 10.0}


@dataclass(frozen=True, slots=True)
class FeedbackState:
    """How it is.

    Parameters
    ----------
    state : {"good", "beyond", "short", "unknown", "uncertain"}
    value_deg, sd_deg : float, degrees
        NaN where unknown.
    """

    state: State
    value_deg: float = np.nan
    sd_deg: float = np.nan

    @property
    def is_wrong(self) -> bool:
        """Return whether the limit is not kept."""
        return self.state == "beyond"

    @property
    def words(self) -> str:
        """Return it by sign and word."""
        return wording_move.FEEDBACK_STATES[self.state]


class Feedback:
    """Holds the limit of one angle.

    ``within``: the angle's size stays below the limit; ``below``: it stays below; ``above``: it is
    to be reached, and reaching it is what sounds.
    """

    def __init__(self) -> None:
        self.angle = ANGLES_SET[0]
        self.sense: Sense = "within"
        self.state = FeedbackState("unknown")
        self._limits_deg: dict[tuple[str, Sense], float] = {}

    @property
    def limit_deg(self) -> float:
        """Return the limit, which each angle and sense keeps for itself."""
        kind = self.angle.split("_")[0]
        first = _FIRST_LIMIT_DEG.get(kind, _FIRST_LIMIT_DEG.get(self.angle.rsplit("_", 1)[0], 10.0))
        return self._limits_deg.get((self.angle, self.sense), first)

    @property
    def title(self) -> str:
        """Return the angle in words."""
        return wording_move.FEEDBACK_ANGLES[self.angle]

    @property
    def limit_words(self) -> str:
        """Return what is to be kept."""
        gap = "" if self.sense == "within" else " "
        sense = wording_move.FEEDBACK_SENSES[self.sense]
        return f"{sense}{gap}{wording.degrees(self.limit_deg)}"

    @property
    def spoken(self) -> str:
        """Return all of it as a sentence."""
        return wording_move.FEEDBACK_NAME.format(
            angle=self.title,
            sense=wording_move.FEEDBACK_SENSES[self.sense],
            limit=wording.degrees(self.limit_deg),
            state=self.state.words,
        )

    def set_limit(self, limit_deg: float) -> None:
        """Take a limit, in whole degrees; within is a size and has no sign."""
        low, high = (1.0, _RANGE_DEG[1]) if self.sense == "within" else _RANGE_DEG
        whole = float(round(abs(limit_deg) if self.sense == "within" else limit_deg))
        self._limits_deg[self.angle, self.sense] = min(max(whole, low), high)

    def move_limit(self, steps: int) -> None:
        """Move the limit by degrees."""
        moved_deg = self.limit_deg + steps * _STEP_DEG
        self.set_limit(max(moved_deg, 0.0) if self.sense == "within" else moved_deg)

    def turn_angle(self) -> None:
        """Watch the next angle."""
        self.choose_angle(ANGLES_SET[(ANGLES_SET.index(self.angle) + 1) % len(ANGLES_SET)])

    def choose_angle(self, angle: str) -> None:
        """Watch an angle among `ANGLES_SET`."""
        if angle not in ANGLES_SET:
            raise ValueError(f"Expected an angle among {', '.join(ANGLES_SET)}, got {angle!r}")
        self.angle, self.state = angle, FeedbackState("unknown")

    def turn_sense(self) -> None:
        """Let the limit mean the next thing."""
        self.sense = SENSES[(SENSES.index(self.sense) + 1) % len(SENSES)]
        self.state = FeedbackState("unknown")

    def look(self, history: AngleHistory) -> FeedbackState:
        """Hold the newest value against the limit."""
        self.state = self._state(history)
        return self.state

    def _state(self, history: AngleHistory) -> FeedbackState:
        curve = history.curve(self.angle)
        fresh = curve.age_s >= -FRESH_S
        known = np.flatnonzero(fresh & np.isfinite(curve.value_deg))
        if len(known) == 0:
            return FeedbackState("unknown")
        value_deg, sd_deg = float(curve.value_deg[known[-1]]), float(curve.sd_deg[known[-1]])
        if not is_usable(sd_deg):
            return FeedbackState("uncertain", value_deg, sd_deg)
        size_deg = abs(value_deg) if self.sense == "within" else value_deg
        was_over = self.state.state == ("good" if self.sense == "above" else "beyond")
        over = size_deg > self.limit_deg - (_GIVE_DEG if was_over else 0.0)
        if self.sense == "above":
            return FeedbackState("good" if over else "short", value_deg, sd_deg)
        return FeedbackState("beyond" if over else "good", value_deg, sd_deg)
