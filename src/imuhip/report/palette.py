"""Colours and line styles, readable without colour vision and in grey print.

The colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/); none of them carries a
meaning alone: sides differ in dash and letter, grades in shape and word, activities in row and
label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from imuhip.core.segments import Side

__all__ = [
    "ACTIVITIES",
    "GRADES",
    "INK",
    "MUTED",
    "PAPER",
    "RULE",
    "SIDE_STYLES",
    "Grade",
    "SideStyle",
]

PAPER: Final = "#ffffff"
INK: Final = "#1a1a1a"
MUTED: Final = "#595959"
"""Secondary text; still 7:1 on paper."""
RULE: Final = "#d9d9d9"


@dataclass(frozen=True, slots=True)
class SideStyle:
    """How a side of the body is drawn everywhere."""

    colour: str
    dash: str | tuple[int, tuple[float, ...]]
    """A matplotlib line style."""
    hatch: str
    """Of the band of one standard deviation."""
    letter: str


SIDE_STYLES: Final[dict[Side, SideStyle]] = {
    "left": SideStyle("#0072B2", "solid", "", "L"),
    "right": SideStyle("#D55E00", (0, (5.0, 2.0)), "////", "R"),
}

ACTIVITIES: Final = {
    "still": ("Still", "#595959", ""),
    "n_pose": ("Calibration pose", "#007A58", "xxxx"),
    "gait": ("Gait", "#0072B2", "////"),
}
"""Marker name to label, colour and hatch, in the order of the rows of the strip."""


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade as word, shape and colour."""

    word: str
    meaning: str
    shape: str
    """Name of the shape in the page: circle, square, triangle or octagon."""
    colour: str


GRADES: Final = {
    "A": Grade("good", "Nothing found that limits the use of these numbers.", "circle", "#00664A"),
    "B": Grade("usable", "Usable; read the remarks first.", "square", "#00588A"),
    "C": Grade(
        "doubtful", "Compare with care: something limits these numbers.", "triangle", "#8A5A00"
    ),
    "D": Grade(
        "not usable", "Do not use the affected numbers; repeat the session.", "octagon", "#A33B00"
    ),
}
