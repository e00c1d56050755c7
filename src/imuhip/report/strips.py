"""A measure's repetitions as a small figure: a dot each, its value below, the result as a line.

The height spans at least two sigma to each side of the result, so that a scatter smaller than the
uncertainty looks small.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imuhip.report.wording import plain_number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imuhip.assessment.measures import Measure

__all__ = ["Strip", "StripDot", "repetition_strip"]

_STEP, _HEIGHT, _EDGE = 36.0, 26.0, 4.0


@dataclass(frozen=True, slots=True)
class StripDot:
    """One repetition: where its dot is (None where it has no value), its value, pain told."""

    x: float
    y: float | None
    text: str
    pain: int | None


@dataclass(frozen=True, slots=True)
class Strip:
    """The figure in its own units; y grows downwards."""

    width: float
    dots: tuple[StripDot, ...]
    line_y: float
    band: tuple[float, float]
    words: str

    @property
    def has_pain(self) -> bool:
        """Return whether pain was told beside a repetition."""
        return any(dot.pain is not None for dot in self.dots)


def repetition_strip(measure: Measure, pain: Mapping[int, int] | None = None) -> Strip | None:
    """Return the figure of a measure, None where it has no repetitions of its own.

    Parameters
    ----------
    measure : Measure
    pain : mapping of int to int, optional
        Score by the place of the repetition before it, from 0.
    """
    values = np.array(measure.per_repetition, dtype=float)
    if len(values) == 0 or not np.isfinite(measure.value):
        return None
    sd = measure.sd if np.isfinite(measure.sd) else 0.0
    known = values[np.isfinite(values)]
    reach = max(float(np.abs(known - measure.value).max(initial=0.0)), 2.0 * sd, 1e-6)

    def height(value: float) -> float:
        share = (value - measure.value) / (2.0 * reach) + 0.5
        return round(_EDGE + (1.0 - share) * (_HEIGHT - 2.0 * _EDGE), 2)

    said = pain or {}
    dots = tuple(
        StripDot(
            x=_STEP * (k + 0.5),
            y=height(float(value)) if np.isfinite(value) else None,
            text=plain_number(float(value), measure.unit).rstrip("° s/%"),
            pain=said.get(k),
        )
        for k, value in enumerate(values)
    )
    words = ", ".join(
        f"{dot.text}{'' if dot.pain is None else f' with pain {dot.pain} of 10'}" for dot in dots
    )
    return Strip(
        width=_STEP * len(values),
        dots=dots,
        line_y=height(measure.value),
        band=(height(measure.value + sd), height(measure.value - sd)),
        words=f"Each repetition: {words}",
    )
