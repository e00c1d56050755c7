"""Where sensors are worn: what a drawing of a body shows of each place."""

from __future__ import annotations

from dataclasses import dataclass

from imuhip.app.models import wording
from imuhip.app.models.sensors_model import SensorsModel
from imuhip.core.segments import SEGMENTS

__all__ = ["Place", "places_of"]


@dataclass(frozen=True, slots=True)
class Place:
    """One place on the body.

    Parameters
    ----------
    segment, title : str
    number : int
        Its key.
    state : {"free", "planned", "asked", "told", "good", "warn", "bad"}
        Not worn; to be connected; asked for by a tap; told by one; connected, by grade.
    symbol, text : str
        The state by shape and in words.
    """

    segment: str
    title: str
    number: int
    state: str
    symbol: str
    text: str


def places_of(model: SensorsModel) -> list[Place]:
    """Return every place on the body."""
    return [_place(model, number, segment) for number, segment in enumerate(SEGMENTS, 1)]


def _place(model: SensorsModel, number: int, segment: str) -> Place:
    title = wording.SEGMENT_NAMES[segment]
    state = "planned" if segment in model.wanted else "free"
    taps = model.taps
    if taps is not None:
        if segment in taps.assigned:
            return Place(segment, title, number, "told", "●", taps.assigned[segment].name)
        asked = segment == taps.wanted
        return Place(segment, title, number, "asked" if asked else state, "◎" if asked else "○", "")
    for card in model.live.cards:
        if card.segment == segment:
            return Place(segment, title, number, card.grade, card.symbol, card.state)
    return Place(segment, title, number, state, "○", "")
