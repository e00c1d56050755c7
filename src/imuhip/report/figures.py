"""Curves over the gait cycle, mean and standard deviation, left and right.

No text from a recording is drawn, only our own words and numbers, so nothing in a file can be
taken for mathematics or markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imuhip.core.segments import SIDES, Side
from imuhip.report.numbers import measurement_sd_deg, shows_rotation_offset
from imuhip.report.palette import INK, MUTED, RULE, SIDE_STYLES
from imuhip.report.svg import DRAWING, inline_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from imuhip.analysis.result import Analysis
    from imuhip.core.series import FloatArray

__all__ = [
    "COLUMNS", "NAMES", "PERCENT", "Curve", "cycle_figure", "finish_panel", "mean_and_sd",
    "share_limits",
]  # fmt: skip

Curve: TypeAlias = "tuple[FloatArray, FloatArray, int]"
"""Mean (101,), standard deviation (101,) and how many strides."""

_WIDTH_IN = 8.8
PERCENT = np.linspace(0.0, 100.0, 101)
"""Of the cycle."""
COLUMNS = (
    ("hip_flexion", "− extension [°] flexion +", "pelvis_tilt", "− posterior [°] anterior +"),
    (
        "hip_adduction",
        "− abduction [°] adduction +",
        "pelvis_obliquity",
        "− left up [°] right up +",
    ),
    (
        "hip_rotation",
        "− external [°] internal +",
        "pelvis_rotation",
        "− left front [°] right front +",
    ),
)
"""Hip angle and its ends, pelvis angle and its ends: sagittal, frontal, transverse."""
NAMES = {
    "hip_flexion": "flexion",
    "hip_adduction": "adduction",
    "hip_rotation": "rotation",
    "pelvis_tilt": "tilt",
    "pelvis_obliquity": "obliquity",
    "pelvis_rotation": "rotation",
}


def mean_and_sd(cycles: FloatArray) -> Curve | None:
    """Return mean (101,), SD (101,) and count of the whole curves, or None without any."""
    whole = cycles[np.isfinite(cycles).all(axis=1)]
    if len(whole) == 0:
        return None
    sd = whole.std(axis=0, ddof=1) if len(whole) > 1 else np.zeros(whole.shape[1])
    return whole.mean(axis=0), sd, len(whole)


def _curves(analysis: Analysis, angle: str) -> dict[Side, Curve]:
    """Return what is drawn of `angle` per side that has it."""
    found = {}
    hide_offset = angle == "hip_rotation" and not shows_rotation_offset(analysis.quality)
    for side in SIDES:
        cycles = analysis.cycles(side, angle)
        if hide_offset and len(cycles):
            cycles = cycles - cycles.mean(axis=1, keepdims=True)
        curve = mean_and_sd(cycles)
        if curve is not None:
            found[side] = curve
    return found


def cycle_figure(analysis: Analysis) -> str | None:
    """Return the 3 by 3 grid of mean curves as SVG, or None when no stride can be drawn.

    Rows are the hips that were worn, left then right, and the pelvis; columns the sagittal, frontal
    and transverse plane. The other side's mean stands thin behind each hip curve.
    """
    curves = {angle: _curves(analysis, angle) for column in COLUMNS for angle in column[::2]}
    if not any(curves.values()):
        return None
    worn = [side for side in SIDES if f"hip_flexion_{side}_deg" in analysis.angles.columns]
    n_rows = len(worn) + 1
    with mpl.rc_context(DRAWING):
        figure = Figure(figsize=(_WIDTH_IN, 0.4 + 2.6 * n_rows), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(n_rows, 3, sharex=True, squeeze=False)
        for column, (hip, hip_ends, pelvis, pelvis_ends) in enumerate(COLUMNS):
            *hips, lowest = grid[:, column]
            for axes, side in zip(hips, worn, strict=True):
                _hip_panel(axes, analysis, curves[hip], hip, side)
                axes.set_ylabel(hip_ends, fontsize=9.5)
            share_limits(hips)
            for axes, side in zip(hips, worn, strict=True):
                _letters(axes, curves[hip], [side])
            _pelvis_panel(lowest, analysis, curves[pelvis], pelvis)
            _letters(lowest, curves[pelvis], worn)
            lowest.set_ylabel(pelvis_ends, fontsize=9.5)
            lowest.set_xlabel("Gait cycle [%]")
    return inline_svg(
        figure,
        name="cycles",
        title="Hip and pelvis angles over the gait cycle, mean and standard deviation",
        description=_describe_curves(curves),
    )


def _hip_panel(
    axes: Axes,
    analysis: Analysis,
    curves: dict[Side, Curve],
    angle: str,
    side: Side,
) -> None:
    other: Side = "right" if side == "left" else "left"
    n_text = "no strides"
    if other in curves:
        style = SIDE_STYLES[other]
        axes.plot(
            PERCENT, curves[other][0], color=style.colour, linestyle=style.dash, linewidth=0.9
        )
    if side in curves:
        _draw_curve(axes, curves[side], side)
        n_text = f"n = {curves[side][2]}" + _sigma(analysis, f"{angle}_{side}")
    if angle == "hip_rotation" and not shows_rotation_offset(analysis.quality):
        n_text += " · mean set to 0"
    finish_panel(axes, f"{side.capitalize()} hip {NAMES[angle]}", n_text)


def _pelvis_panel(
    axes: Axes,
    analysis: Analysis,
    curves: dict[Side, Curve],
    angle: str,
) -> None:
    for side, curve in curves.items():
        _draw_curve(axes, curve, side)
    counts = ", ".join(f"{SIDE_STYLES[s].letter} {curve[2]}" for s, curve in curves.items())
    n_text = f"n = {counts}" + _sigma(analysis, angle) if counts else "no strides"
    finish_panel(axes, f"Pelvis {NAMES[angle]}", n_text)


def _draw_curve(axes: Axes, curve: Curve, side: Side) -> None:
    mean, sd, _ = curve
    style = SIDE_STYLES[side]
    axes.fill_between(
        PERCENT, mean - sd, mean + sd, facecolor=style.colour, alpha=0.20, linewidth=0
    )
    for edge in (mean - sd, mean + sd):
        axes.plot(PERCENT, edge, color=style.colour, linestyle=style.dash, linewidth=0.5, alpha=0.7)
    axes.plot(PERCENT, mean, color=style.colour, linestyle=style.dash, linewidth=2.2)


def _letters(axes: Axes, curves: dict[Side, Curve], own: Sequence[Side]) -> None:
    """Name the curves L and R where they end, apart when they end together; `own` in bold.

    Comes after the limits are final, because what is too close depends on them.
    """
    ends = {side: float(mean[-1]) for side, (mean, _, _) in curves.items()}
    low, high = axes.get_ylim()
    least = 0.1 * (high - low)
    if len(ends) == 2 and abs(ends["left"] - ends["right"]) < least:
        middle = 0.5 * (ends["left"] + ends["right"])
        half = 0.5 * least if ends["left"] >= ends["right"] else -0.5 * least
        ends = {"left": middle + half, "right": middle - half}
    for side, height in ends.items():
        style = SIDE_STYLES[side]
        axes.text(
            102.0,
            height,
            style.letter,
            color=style.colour,
            verticalalignment="center",
            fontweight="bold" if side in own else "normal",
        )
    axes.set_ylim(low, high)


def _sigma(analysis: Analysis, angle: str) -> str:
    sd_deg = measurement_sd_deg(analysis, angle)
    return "" if sd_deg is None else f" · 1σ ±{sd_deg:.1f}°"


def finish_panel(axes: Axes, title: str, n_text: str) -> None:
    """Give a panel over the cycle its axes, its title, and what stands in small below that."""
    axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
    axes.set_xlim(0.0, 100.0)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.tick_params(labelsize=9, colors=INK)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True))
    axes.set_title(title, loc="left", fontsize=10.5, fontweight="bold", color=INK, pad=19)
    axes.text(0.0, 1.035, n_text, transform=axes.transAxes, fontsize=9, color=MUTED)


def share_limits(panels: Sequence[Axes]) -> None:
    """Give left and right the same scale, so that heights can be compared."""
    limits = [limit for axes in panels for limit in axes.get_ylim()]
    for axes in panels:
        axes.set_ylim(min(limits), max(limits))


def _describe_curves(
    curves: dict[str, dict[Side, Curve]],
) -> str:
    said = []
    for angle, per_side in curves.items():
        for side, (mean, sd, n) in per_side.items():
            said.append(
                f"{angle.replace('_', ' ')}, {side} strides: mean curve from {mean.min():.1f} to"
                f" {mean.max():.1f} degrees, lowest at {PERCENT[mean.argmin()]:.0f} percent,"
                f" highest at {PERCENT[mean.argmax()]:.0f} percent of the cycle,"
                f" mean standard deviation {sd.mean():.1f} degrees, {n} strides."
            )
    return " ".join(said)
