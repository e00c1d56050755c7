"""From where on a number is too uncertain to be used; the one place that says so."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["TOO_WIDE", "is_usable"]

TOO_WIDE: Final = {"deg": 8.0, "1": 0.25, "%": 8.0, "s": 0.5, "deg/s": 50.0}
"""Unit to one standard deviation beyond which a number tells little: it is greyed, with a word."""


def is_usable(sd: float | None, unit: str = "deg") -> bool:
    """Return whether a number with this standard deviation tells something."""
    return sd is not None and math.isfinite(sd) and sd <= TOO_WIDE[unit]
