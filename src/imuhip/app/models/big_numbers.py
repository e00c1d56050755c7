"""What is to be read from three metres: a count, and a few measures with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

import numpy as np

from imuhip.app.models import wording, wording_do, wording_move
from imuhip.app.models.angle_history import AngleHistory
from imuhip.app.models.limits import is_usable
from imuhip.app.models.wording_texts import said
from imuhip.assessment.measures import Measure
from imuhip.assessment.repetitions import Repetition

__all__ = ["BigNumber", "count_text", "gait_numbers", "measure_numbers"]

N_SHOWN: Final = 4
_GAIT: Final = (
    "hip_flexion_left",
    "hip_flexion_right",
    "pelvis_obliquity",
    "pelvis_rotation",
)


@dataclass(frozen=True, slots=True)
class BigNumber:
    """One number.

    Parameters
    ----------
    label, value, spread : str
        In words and with units.
    known : bool
        False where it is missing or too uncertain to be used; it is drawn in grey then.
    hint : str
        Why, or what it rests on.
    """

    label: str
    value: str
    spread: str
    known: bool
    hint: str = ""

    @property
    def spoken(self) -> str:
        """Return it as one sentence."""
        return f"{self.label}: {self.value} {self.spread}. {self.hint}".strip()


def count_text(repetitions: Mapping[str, Sequence[Repetition]], wanted: int) -> tuple[str, str]:
    """Return how many were done, and in words of which directions."""
    done = {name: len(found) for name, found in repetitions.items()}
    if len(done) <= 1:
        return f"{sum(done.values())} / {wanted}", wording_do.COUNTED
    names = [f"{wording.DIRECTION_NAMES.get(name, name)} {n}" for name, n in done.items()]
    return " + ".join(str(n) for n in done.values()), wording_do.COUNTED_BOTH.format(
        directions=", ".join(names), n=wanted
    )


def measure_numbers(measures: Sequence[Measure]) -> list[BigNumber]:
    """Return the first measures of a test, of both directions where it has two."""
    known = [m for m in measures if np.isfinite(m.value)]
    inwards = [m for m in known if "internal" in m.name]
    outwards = [m for m in known if "external" in m.name]
    if inwards and outwards:
        pairs = zip_longest(inwards, outwards)
        known = [m for pair in pairs for m in pair if m is not None]
    return [_number(measure) for measure in known[:N_SHOWN]]


def _number(measure: Measure) -> BigNumber:
    usable = is_usable(measure.sd, measure.unit)
    return BigNumber(
        label=wording.words(measure.name),
        value=wording.amount(measure.value, measure.unit),
        spread=wording.spread(measure.sd, measure.unit),
        known=usable,
        hint=said(measure.note) or (f"n = {measure.n}" if usable else wording_move.TOO_UNCERTAIN),
    )


def gait_numbers(history: AngleHistory) -> list[BigNumber]:
    """Return how far hips and pelvis went during the last seconds."""
    numbers = []
    for angle in _GAIT:
        reading = history.reading(angle)
        label = wording_do.RANGE.format(angle=wording.words(angle))
        if reading.lowest_deg is None or reading.highest_deg is None or reading.sd_deg is None:
            numbers.append(BigNumber(label, wording.UNKNOWN, "", known=False))
            continue
        extent_deg = reading.highest_deg - reading.lowest_deg
        numbers.append(
            BigNumber(
                label,
                wording.amount(extent_deg, "deg"),
                wording.spread(reading.sd_deg, "deg"),
                known=is_usable(reading.sd_deg),
                hint=wording_do.OVER.format(seconds=f"{history.span_s:.0f}")
                if is_usable(reading.sd_deg)
                else wording_move.TOO_UNCERTAIN,
            )
        )
    return numbers
