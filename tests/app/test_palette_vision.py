"""Colours as people with colour-vision deficiency see them, in both themes.

Dichromats by Machado, Oliveira and Fernandes (2009), doi:10.1109/TVCG.2009.113, at full severity;
distances in CIE L*a*b* (D65), where 2.3 is just noticeable side by side.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from imuhip.app.models.palette import DARK, LIGHT, PATTERNS, Theme, contrast, mixed
from imuhip.app.models.panels import PANELS

EYES = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.95047], [1.0], [1.08883]])
APART = 20.0
"""Lines of two pixels, apart on the screen, are told from one another from about here on."""


def lab(colour: str, eye: str = "usual") -> np.ndarray:
    rgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(EYES[eye]) @ linear, 0.0, 1.0)
    x, y, z = (
        np.cbrt(v) if v > (6 / 29) ** 3 else v / (3 * (6 / 29) ** 2) + 4 / 29 for v in TO_XYZ @ seen
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def apart(one: str, other: str, eye: str) -> float:
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def test_the_eyes_of_this_test_see_what_is_known_of_them() -> None:
    np.testing.assert_allclose(lab("#ffffff"), [100, 0, 0], atol=0.02)
    np.testing.assert_allclose(lab("#ff0000"), [53.24, 80.09, 67.20], atol=0.05)
    assert apart("#00c000", "#c06000", "deuteranopia") < 25 < apart("#00c000", "#c06000", "usual")
    assert apart("#0000ff", "#006040", "tritanopia") < apart("#0000ff", "#006040", "usual") / 2


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_curves_of_a_panel_are_told_apart_by_every_eye(theme: Theme, eye: str) -> None:
    for plan in PANELS:
        for one, other in combinations(plan.styles, 2):
            far = apart(theme.curves[one], theme.curves[other], eye)
            assert far >= APART, (plan.title, one, other, round(far, 1))
            assert PATTERNS[one] != PATTERNS[other], "and without any colour"
        for one in plan.styles:
            assert apart(theme.curves[one], theme.panel, eye) >= APART, one


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_what_is_wrong_differs_from_what_is_well_for_every_eye(theme: Theme, eye: str) -> None:
    """They have shapes and words too; the colour may not mislead."""
    assert apart(theme.good, theme.bad, eye) >= APART
    assert apart(theme.bad_paper, theme.panel, eye) > 2.3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_text_is_legible_on_all_papers_and_edges_are_seen(theme: Theme) -> None:
    for paper in (theme.paper, theme.panel, theme.bad_paper):
        for text in (theme.ink, theme.muted):
            assert contrast(text, paper) >= 4.5, (text, paper)
    assert contrast(theme.panel, theme.ink) >= 7.0, "of a chosen line and the present step"
    assert contrast(theme.panel, theme.muted) >= 3.0, "of a button that cannot be pressed"
    for edge in (theme.good, theme.warn, theme.bad):
        assert contrast(edge, theme.panel) >= 3.0 and contrast(edge, theme.paper) >= 3.0
    for curve in theme.curves.values():
        assert contrast(curve, mixed(curve, theme.panel, 0.22)) >= 2.0, "a line on its own band"
