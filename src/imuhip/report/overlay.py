"""Curves over the gait cycle before and after, upon each other: before thin and grey, after thick.

Both are drawn about their own mean where hip rotation's height means nothing in either session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from imuhip.core.segments import SIDES, Side
from imuhip.report.figures import (
    COLUMNS,
    NAMES,
    PERCENT,
    Curve,
    finish_panel,
    mean_and_sd,
    share_limits,
)
from imuhip.report.numbers import shows_rotation_offset
from imuhip.report.palette import INK, MUTED, SIDE_STYLES
from imuhip.report.svg import DRAWING, inline_svg

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes

    from imuhip.analysis.result import Analysis

__all__ = ["overlay_figure"]

Pair: TypeAlias = "tuple[Curve | None, Curve | None]"


def overlay_figure(before: Analysis, after: Analysis) -> str | None:
    """Return a row for each hip that both wore and one for the pelvis, as SVG; None without any.

    Parameters
    ----------
    before, after : Analysis
    """
    worn = [
        side
        for side in SIDES
        if all(f"hip_flexion_{side}_deg" in one.angles.columns for one in (before, after))
    ]
    hide = not all(shows_rotation_offset(one.quality) for one in (before, after))
    pairs = {
        (side, angle): (_curve(before, side, angle, hide), _curve(after, side, angle, hide))
        for column in COLUMNS
        for angle in column[::2]
        for side in SIDES
    }
    if not any(a is not None and b is not None for a, b in pairs.values()):
        return None
    with mpl.rc_context(DRAWING):
        figure = Figure(figsize=(8.8, 0.4 + 2.45 * (len(worn) + 1)), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(len(worn) + 1, 3, sharex=True, squeeze=False)
        for k, (hip, hip_ends, pelvis, pelvis_ends) in enumerate(COLUMNS):
            *hips, lowest = grid[:, k]
            for axes, side in zip(hips, worn, strict=True):
                _draw(axes, [(side, pairs[side, hip])])
                told = _told(pairs[side, hip])
                if hip == "hip_rotation" and hide:
                    told += " · means set to 0"
                finish_panel(axes, f"{side.capitalize()} hip {NAMES[hip]}", told)
                axes.set_ylabel(hip_ends, fontsize=9.5)
            share_limits(hips)
            # both sides' strides cross the pelvis; those of the first leg worn stand for it
            first = worn[0] if worn else "left"
            _draw(lowest, [(None, pairs[first, pelvis])])
            finish_panel(lowest, f"Pelvis {NAMES[pelvis]}, {first} strides",
                         _told(pairs[first, pelvis]))  # fmt: skip
            lowest.set_ylabel(pelvis_ends, fontsize=9.5)
            lowest.set_xlabel("Gait cycle [%]")
    return inline_svg(
        figure,
        name="overlay",
        title="Curves over the gait cycle, before thin and grey, after thick",
        description=_describe(pairs),
    )


def _curve(analysis: Analysis, side: Side, angle: str, hide: bool) -> Curve | None:
    cycles = analysis.cycles(side, angle)
    if hide and angle == "hip_rotation" and len(cycles):
        cycles = cycles - cycles.mean(axis=1, keepdims=True)
    return mean_and_sd(cycles)


def _told(pair: Pair) -> str:
    return "n = " + ", ".join(
        f"{name} {0 if curve is None else curve[2]}"
        for name, curve in zip(("before", "after"), pair, strict=True)
    )


def _draw(axes: Axes, curves: Sequence[tuple[Side | None, Pair]]) -> None:
    for side, (before, after) in curves:
        colour = SIDE_STYLES[side].colour if side else INK
        if before is not None:
            mean, sd, _ = before
            axes.plot(PERCENT, mean, color=MUTED, linestyle=(0, (2.0, 1.5)), linewidth=1.2)
            for edge in (mean - sd, mean + sd):
                axes.plot(PERCENT, edge, color=MUTED, linestyle=(0, (1.0, 2.0)), linewidth=0.6)
            axes.text(102.0, mean[-1], "1", color=MUTED, va="center", fontsize=9)
        if after is not None:
            mean, sd, _ = after
            axes.fill_between(
                PERCENT, mean - sd, mean + sd, facecolor=colour, alpha=0.18, linewidth=0
            )
            axes.plot(PERCENT, mean, color=colour, linewidth=2.2)
            axes.text(
                109.0, mean[-1], "2", color=colour, va="center", fontsize=9.5, fontweight="bold"
            )


def _describe(pairs: Mapping[tuple[Side, str], Pair]) -> str:
    said = []
    for (side, angle), (before, after) in pairs.items():
        if before is None or after is None:
            continue
        ranges = [float(mean.max() - mean.min()) for mean, _, _ in (before, after)]
        apart = float(abs(after[0] - before[0]).max())
        said.append(
            f"{angle.replace('_', ' ')}, {side} strides: range of the mean curve"
            f" {ranges[0]:.1f} degrees before, {ranges[1]:.1f} after, at most {apart:.1f} apart."
        )
    return " ".join(said)
