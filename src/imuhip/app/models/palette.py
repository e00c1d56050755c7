"""Colours of the window, light and dark; none of them carries a meaning alone.

Curves take the colours of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with
colour-vision deficiency tell apart, and a bluer purple than theirs where it stands beside green.
Tests look at them through simulated dichromats' eyes. Sides and pelvis angles differ by line
pattern too, grades by shape and word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["DARK", "LIGHT", "PATTERNS", "THEMES", "LinePattern", "Theme", "contrast", "mixed"]

LinePattern = Literal["solid", "dashed", "dotted"]

PATTERNS: Final[dict[str, LinePattern]] = {
    "left": "solid",
    "right": "dashed",
    "pelvis_tilt": "solid",
    "pelvis_obliquity": "dashed",
    "pelvis_rotation": "dotted",
}
"""Curve to line pattern, the same in every theme."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as ``#rrggbb``.

    Parameters
    ----------
    name : str
    paper, panel, rule : str
        Window, what lies on it, lines between.
    ink, muted : str
        Text, and text of lesser weight.
    good, warn, bad : str
        Grades, as text or edge on `panel`.
    accent, on_accent : str
        The record button.
    bad_paper : str
        Behind what is wrong.
    curves : dict of str to str
        Side or pelvis angle to colour.
    """

    name: str
    paper: str
    panel: str
    rule: str
    ink: str
    muted: str
    good: str
    warn: str
    bad: str
    accent: str
    on_accent: str
    bad_paper: str
    curves: dict[str, str] = field(default_factory=dict)


LIGHT: Final = Theme(
    name="light",
    paper="#eef1f4",
    panel="#ffffff",
    rule="#d3d9df",
    ink="#15191d",
    muted="#545c64",
    good="#005f56",
    warn="#8a5a00",
    bad="#b3261e",
    accent="#b3261e",
    on_accent="#ffffff",
    bad_paper="#fdecea",
    curves={
        "left": "#0072b2",
        "right": "#d55e00",
        "pelvis_tilt": "#009e73",
        "pelvis_obliquity": "#aa55a8",
        "pelvis_rotation": "#15191d",
    },
)

DARK: Final = Theme(
    name="dark",
    paper="#14181c",
    panel="#1e242a",
    rule="#3a434c",
    ink="#f2f4f6",
    muted="#b3bcc5",
    good="#45d0c0",
    warn="#f0b429",
    bad="#ff8577",
    accent="#ff8577",
    on_accent="#14181c",
    bad_paper="#3b2020",
    curves={
        "left": "#56b4e9",
        "right": "#e69f00",
        "pelvis_tilt": "#3fc79a",
        "pelvis_obliquity": "#e08fd8",
        "pelvis_rotation": "#f2f4f6",
    },
)

THEMES: Final = {theme.name: theme for theme in (LIGHT, DARK)}


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2 contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, paper: str, share: float) -> str:
    """Return `colour` as it looks on `paper` when it covers only `share` of it."""
    pairs = zip(_channels(colour), _channels(paper), strict=True)
    return "#" + "".join(f"{round(255 * (share * c + (1 - share) * p)):02x}" for c, p in pairs)


def _channels(colour: str) -> list[float]:
    return [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]


def _luminance(colour: str) -> float:
    channels = _channels(colour)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
