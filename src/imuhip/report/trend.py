"""A run minute by minute: what drifts, where it changes, and where a strap slipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from imuhip.core.segments import Side
from imuhip.report.essentials import main_gait
from imuhip.report.palette import INK, MUTED, RULE, SIDE_STYLES
from imuhip.report.svg import DRAWING, inline_svg

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from matplotlib.axes import Axes

    from imuhip.analysis.result import Analysis

__all__ = ["TrendRow", "trend_figure", "trend_rows"]

_MARKS: Final[Mapping[Side, str]] = {"left": "o", "right": "s"}
_PANELS: Final[tuple[tuple[str, str, tuple[tuple[str, Side | None], ...]], ...]] = (
    ("Cadence [steps/min]", "steps/min", (("cadence_steps_per_min", None),)),
    (
        "Hip extension, late stance [°]",
        "°",
        (("hip_extension_peak_left_deg", "left"), ("hip_extension_peak_right_deg", "right")),
    ),
    (
        "Pelvic drop [°]",
        "°",
        (("pelvis_drop_left_deg", "left"), ("pelvis_drop_right_deg", "right")),
    ),
    (
        "Hip rotation range [°]",
        "°",
        (("hip_rotation_left_range_deg", "left"), ("hip_rotation_right_range_deg", "right")),
    ),
    ("Pelvis rotation range [°]", "°", (("pelvis_rotation_range_deg", None),)),
    ("Pelvis anterior tilt [°]", "°", (("pelvis_tilt_mean_deg", None),)),
)


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One quantity over the minutes, in words."""

    label: str
    slope: str
    verdict: str
    change: str


def _told(analysis: Analysis) -> Mapping[str, Any]:
    trend = main_gait(analysis)[1].get("trend", {})
    return {} if "missing" in trend else trend


def trend_rows(analysis: Analysis) -> list[TrendRow]:
    """Return the trends of the gait with most strides; nothing of a short session."""
    trend = _told(analysis)
    return [
        row
        for title, unit, names in _PANELS
        for name, side in names
        if name in trend
        for row in _rows(title.split(" [")[0] + (f", {side}" if side else ""), unit, trend[name])
    ]


def _rows(label: str, unit: str, one: Mapping[str, Any]) -> Iterator[TrendRow]:
    if "refused" in one:
        yield TrendRow(label, "–", f"not told as a whole: {one['refused']}", "–")
        for k, part in enumerate(one["parts"], start=1):
            yield from _rows(f"{label}, part {k}", unit, part)
        return
    if one["slope_per_min"] is None:
        return
    low, high = one["slope_interval_per_min"]
    slope = f"{_signed(one['slope_per_min'])} {unit} a minute"
    if None not in (low, high):
        slope += f" (95 % {_signed(low)} to {_signed(high)})"
    change = "none found"
    if one.get("change_at_min") is not None:
        change = f"{_signed(one['change'])} {unit} at {one['change_at_min']:.0f} min"
    verdict = "drifts" if one["drifts"] else "no drift beyond chance"
    note = one.get("note", "")
    yield TrendRow(label, slope, verdict + (f" ({note})" if note else ""), change)


def _signed(value: float) -> str:
    return f"{value:+.2g}".replace("-", "−")


def trend_figure(analysis: Analysis) -> str | None:
    """Return the minutes' means with two standard errors as SVG, None without a trend."""
    trend = _told(analysis)
    shown = [
        (title, [(trend[name], side) for name, side in names if name in trend])
        for title, _, names in _PANELS
    ]
    shown = [(title, curves) for title, curves in shown if curves]
    if not shown:
        return None
    n_rows = -(-len(shown) // 3)
    with mpl.rc_context(DRAWING):
        figure = Figure(figsize=(8.8, 0.3 + 1.9 * n_rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(n_rows, 3, sharex=True, squeeze=False).ravel()
        for axes, (title, curves) in zip(panels, shown, strict=False):
            _panel(axes, title, curves)
        for axes in panels[len(shown) :]:
            axes.set_visible(False)
        for axes in panels[max(len(shown) - 3, 0) : len(shown)]:
            axes.set_xlabel("Minute of the session", fontsize=9)
            axes.tick_params(labelbottom=True)
    said = [f"{row.label}: {row.slope}, {row.verdict}." for row in trend_rows(analysis)]
    return inline_svg(
        figure,
        name="trend",
        title="Gait minute by minute, left round and solid, right square and dashed",
        description=" ".join(said),
    )


def _panel(axes: Axes, title: str, curves: Sequence[tuple[Mapping[str, Any], Side | None]]) -> None:
    for one, side in curves:
        style = SIDE_STYLES[side] if side else None
        colour = style.colour if style else INK
        for part in one["parts"] if "refused" in one else [one]:
            minute = np.array(part["minutes"], dtype=float)
            mean = np.array(part["mean"], dtype=float)
            axes.errorbar(
                minute,
                mean,
                yerr=2.0 * np.array(part["standard_error"], dtype=float),
                color=colour,
                linestyle=style.dash if style else "solid",
                marker=_MARKS[side] if side else "o",
                markersize=3.5,
                linewidth=1.2,
                elinewidth=0.8,
            )
            if side and len(minute):
                axes.annotate(
                    SIDE_STYLES[side].letter, (minute[-1], mean[-1]), xytext=(6, 0), color=colour,
                    textcoords="offset points", va="center", fontsize=9, fontweight="bold",
                )  # fmt: skip
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.tick_params(labelsize=9, colors=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.margins(x=0.08, y=0.15)
