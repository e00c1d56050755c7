"""The body diagram: pelvis and legs seen from behind, each side's main numbers beside it.

Left on the page is the left of the body. A measure with a norm carries its shape and word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.report.wording import STANDINGS, amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imuhip.assessment.measures import Measure
    from imuhip.report.trials import Verdict

__all__ = ["BodyLine", "body_lines"]

_POINTS: Final[Mapping[str, tuple[float, float]]] = {
    "back": (20.0, 56.0),
    "crest": (42.0, 84.0),
    "hip": (47.0, 128.0),
    "thigh": (40.0, 176.0),
    "late": (36.0, 214.0),
}
"""Sideways from the middle and downwards, in units of the drawing."""

_LINES: Final = (
    ("back", "pain", "Pain told (0 to 10)"),
    ("crest", "{gait}_pelvis_drop", "Pelvic drop, {doing}"),
    ("hip", "hip_internal_rotation_true", "Internal rotation, true"),
    ("hip", "{gait}_hip_rotation_range", "Hip rotation range, {doing}"),
    ("thigh", "hip_flexion_pelvis_neutral", "Flexion, pelvis neutral"),
    ("late", "hip_extension_pelvis_neutral", "Extension, pelvis neutral"),
    ("late", "{gait}_hip_extension_peak", "Extension, {doing}"),
)


@dataclass(frozen=True, slots=True)
class BodyLine:
    """One number, its place in the drawing, and the point of the body it belongs to."""

    side: Side
    label: str
    value: str
    verdict: str
    text_y: float
    point: tuple[float, float]


def body_lines(
    measures: Sequence[Measure], gait: str, standing: Mapping[tuple[str, Side], Sequence[Verdict]]
) -> list[BodyLine]:
    """Return what stands beside the body; nothing where neither side has a number.

    Parameters
    ----------
    measures : sequence of Measure
    gait : {"walk", "run", ""}
        Whose measures to show.
    standing : mapping of (measure, side) to Verdicts
        Of those with a norm.
    """
    doing = {"walk": "walking", "run": "running"}.get(gait, "gait")
    found = {(m.name, m.side): m for m in measures if np.isfinite(m.value)}
    lines: list[BodyLine] = []
    for side in SIDES:
        lines += _of_side(side, found, gait, doing, standing)
    return lines


def _of_side(
    side: Side,
    found: Mapping[tuple[str, Side | None], Measure],
    gait: str,
    doing: str,
    standing: Mapping[tuple[str, Side], Sequence[Verdict]],
) -> Iterator[BodyLine]:
    lowest = -np.inf
    for place, name, label in _LINES:
        key = (name.format(gait=gait), side)
        measure = found.get(key)
        if measure is None:
            continue
        x, y = _POINTS[place]
        told = [v for v in standing.get(key, ()) if v.shape in _JUDGED]
        text_y = max(y - 16.0, lowest)
        lowest = text_y + 38.0 + (14.0 if told else 0.0)
        yield BodyLine(
            side=side,
            label=label.format(doing=doing),
            value=amount(measure),
            verdict="; ".join(f"{v.shape} {v.words.split(':')[0]} ({v.profile})" for v in told),
            text_y=text_y,
            point=(x if side == "right" else -x, y),
        )


_JUDGED: Final = {shape for shape, _ in STANDINGS.values()}
