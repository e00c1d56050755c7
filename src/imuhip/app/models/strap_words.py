"""What standing still and the check of the straps look like, in words and by shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from imuhip.acquisition.status import Grade
from imuhip.analysis.strap_check import Check, Judgement
from imuhip.app.models import wording
from imuhip.app.models import wording_calibrate as words
from imuhip.app.models.wording_texts import said
from imuhip.core.segments import SEGMENTS

__all__ = ["StillBar", "StrapLine", "sentence", "still_bar", "strap_lines", "worded"]

_CHECKS: Final[tuple[Check, ...]] = ("segments", "sides", "straps", "way_up")
_FULL: Final = 2.0
"""Twice the limit of standing still fills a sensor's bar."""


@dataclass(frozen=True, slots=True)
class StillBar:
    """How still one sensor is.

    Parameters
    ----------
    segment, text : str
    level : float
        From 0, dead still, to 1; the limit is half-way.
    grade : {"good", "bad"}
    """

    segment: str
    text: str
    level: float
    grade: Grade


@dataclass(frozen=True, slots=True)
class StrapLine:
    """One check of the straps, in words and by shape."""

    text: str
    kind: str


def strap_lines(judgement: Judgement | None) -> tuple[StrapLine, ...]:
    """Return a line for each check, made or not."""
    found = {} if judgement is None else {one.check: one for one in judgement.straps}
    lines = []
    for check in _CHECKS:
        one = found.get(check)
        weight = "unknown" if one is None else one.weight
        text = words.NOT_YET if one is None else worded(one.text)
        line = words.CHECK_LINE.format(
            symbol=words.SYMBOLS[weight], check=words.CHECKS[check], text=text
        )
        lines.append(StrapLine(line, weight))
    return tuple(lines)


def worded(text: str) -> str:
    """Return a reason with the segments called as everywhere in the window."""
    text = said(text)
    for segment in SEGMENTS:
        text = text.replace(segment, wording.segments([segment]))
    return text


def sentence(text: str) -> str:
    """Return a reason as the beginning of a sentence."""
    text = worded(text)
    return text[:1].upper() + text[1:]


def still_bar(segment: str, level: float) -> StillBar:
    """Return how still a sensor is; the level is that of `imuhip.calibration.stillness.unrest`."""
    name = wording.SEGMENT_NAMES.get(segment, segment)
    if level == float("inf"):
        return StillBar(segment, words.SILENT_BAR.format(segment=name), 1.0, "bad")
    text = words.STILL_BAR if level < 1.0 else words.MOVES_BAR
    symbol = wording.GRADE_SYMBOLS["good" if level < 1.0 else "bad"]
    shown = f"{symbol} {text.format(segment=name)}"
    return StillBar(segment, shown, min(1.0, level / _FULL), "good" if level < 1.0 else "bad")
