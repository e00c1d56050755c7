"""Pain, as a person tells it: 0 to 10 with its side, at an instant, beside what was done then.

A marker ``pain_left_4`` says it; ``pain_4`` where no side was named. Pain belongs to the repetition
or the minute before it. Whether both go together in one person can be looked at, with few values;
it diagnoses nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from imuhip.assessment.measures import Measure
from imuhip.assessment.trial import TrialResult
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import Marker

__all__ = ["Pain", "PainBeside", "find_pain", "pain_beside", "pain_measures"]

_NAME = re.compile(r"pain(?:_(left|right))?_(10|[0-9])")
_AFTER_S = 15.0
"""So long after a repetition pain is still told of it."""


@dataclass(frozen=True, slots=True)
class Pain:
    """What a person said: when (s), on which side, and 0 to 10."""

    at_s: float
    side: Side | None
    score: int


@dataclass(frozen=True, slots=True)
class PainBeside:
    """Pain and what was done right before.

    Parameters
    ----------
    pain : Pain
    test : str
        Empty where no test was going on.
    repetition : int
        Counted from 1 in the order of time, 0 where there was none.
    values : dict of str to float
        The measures of that very repetition.
    """

    pain: Pain
    test: str
    repetition: int
    values: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "at_s": self.pain.at_s,
            "side": self.pain.side,
            "score": self.pain.score,
            "test": self.test,
            "repetition": self.repetition,
            "values": dict(self.values),
        }


def find_pain(markers: Sequence[Marker]) -> tuple[Pain, ...]:
    """Return what was said, in order of time."""
    said = []
    for marker in markers:
        found = _NAME.fullmatch(marker.name)
        if found:
            side: Side | None = next((s for s in SIDES if s == found[1]), None)
            said.append(Pain(marker.start_s, side, int(found[2])))
    return tuple(sorted(said, key=lambda pain: pain.at_s))


def pain_measures(said: Sequence[Pain]) -> tuple[Measure, ...]:
    """Return the greatest pain of each side as a measure, for the compensation map."""
    measures = []
    for side in (*SIDES, None):
        scores = [float(pain.score) for pain in said if pain.side == side]
        if scores:
            measures.append(
                Measure("pain", side, max(scores), 0.0, "1", len(scores), tuple(scores))
            )
    return tuple(measures)


def pain_beside(said: Sequence[Pain], trials: Sequence[TrialResult]) -> tuple[PainBeside, ...]:
    """Return what was done right before each pain was told.

    Parameters
    ----------
    said : sequence of Pain
    trials : sequence of TrialResult
    """
    return tuple(_beside(pain, trials) for pain in said)


def _beside(pain: Pain, trials: Sequence[TrialResult]) -> PainBeside:
    for trial in trials:
        if not trial.start_s <= pain.at_s <= trial.end_s + _AFTER_S:
            continue
        name = f"{trial.test}_{trial.side}" if trial.side else trial.test
        ordered = sorted(
            ((one.end_s, direction, k)
             for direction, found in trial.repetitions.items()
             for k, one in enumerate(found)),
        )  # fmt: skip
        done = [n for n, (end_s, _, _) in enumerate(ordered) if end_s <= pain.at_s]
        if not done:
            return PainBeside(pain, name, 0, {})
        end_s, direction, k = ordered[done[-1]]
        if pain.at_s - end_s > _AFTER_S:
            return PainBeside(pain, name, 0, {})
        return PainBeside(pain, name, done[-1] + 1, _values(trial, direction, k))
    return PainBeside(pain, "", 0, {})


def _values(trial: TrialResult, direction: str, k: int) -> dict[str, float]:
    """Return the measures of one repetition; of tests with two directions, that direction's."""
    count = len(trial.repetitions[direction])
    return {
        measure.name: measure.per_repetition[k]
        for measure in trial.measures
        if len(measure.per_repetition) == count and (not direction or direction in measure.name)
    }
