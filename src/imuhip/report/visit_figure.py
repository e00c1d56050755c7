"""Measures over visits: a dot a visit with its uncertainty, and the band of what is no change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator

from imuhip.core.segments import Side
from imuhip.report.palette import INK, MUTED, RULE, SIDE_STYLES
from imuhip.report.svg import DRAWING, inline_svg
from imuhip.report.wording import amount, plain_number

if TYPE_CHECKING:
    from datetime import datetime

    from matplotlib.axes import Axes

    from imuhip.report.visits import Course

__all__ = ["positions", "visit_figure"]

_MARKS: Final = {"left": "o", "right": "s", None: "D"}
_UNITS: Final = {"deg": "°", "s": "s", "1": "", "%": "%", "deg/s": "°/s"}
_BETWEEN: Final = 1.96
_NEAR_DAYS: Final = 0.02
"""Of the whole span: visits nearer to each other are drawn this far apart."""


def positions(times: Sequence[datetime | None]) -> tuple[list[float], str]:
    """Return where each visit stands, and what the axis is called.

    Days since the first when all visits have a date and lie more than two days apart in all; their
    number otherwise. Visits of one day are moved apart a little, in their order.
    """
    known = [time for time in times if time is not None]
    if len(known) < len(times) or not known:
        return [float(k) for k in range(1, len(times) + 1)], "Visit"
    days = [(time - known[0]).total_seconds() / 86400.0 for time in known]
    if days[-1] < 2.0:
        return [float(k) for k in range(1, len(times) + 1)], "Visit"
    least = _NEAR_DAYS * days[-1]
    for k in range(1, len(days)):
        days[k] = max(days[k], days[k - 1] + least)
    return days, "Days since the first visit"


def visit_figure(
    groups: Sequence[Sequence[Course]], times: Sequence[datetime | None]
) -> str | None:
    """Return a panel for each measure, its sides together, as SVG; None without any.

    Parameters
    ----------
    groups : sequence of sequence of Course
        From `imuhip.report.visits.leading`.
    times : sequence of datetime or None
        Of the visits.
    """
    if not groups:
        return None
    x, axis = positions(times)
    n_columns = min(len(groups), 2)
    n_rows = -(-len(groups) // n_columns)
    with mpl.rc_context(DRAWING):
        figure = Figure(figsize=(8.8, 0.2 + 1.75 * n_rows), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, group in zip(panels, groups, strict=False):
            _panel(axes, group, x)
            axes.set_xlabel(axis, fontsize=8.5)
        for axes in panels[len(groups) :]:
            axes.set_visible(False)
    return inline_svg(
        figure,
        name="visits",
        title="Measures over the visits, left round and solid, right square and dashed",
        description=" ".join(_words(course) for group in groups for course in group),
    )


def _words(course: Course) -> str:
    side = f", {course.key[2]}" if course.key[2] else ""
    said = []
    for k in course.known:
        measure, change = course.measures[k], course.changes[k]
        if measure is not None:
            verdict = "" if change is None else f", {change.verdict}"
            said.append(f"visit {k + 1} {amount(measure)}{verdict}")
    return f"{course.label}{side}: {'; '.join(said)}."


def _panel(axes: Axes, group: Sequence[Course], x: Sequence[float]) -> None:
    for course in group:
        _band(axes, course, x)
    for course in group:
        _course(axes, course, x)
    measure = next(m for m in group[0].measures if m is not None)
    unit = _UNITS[measure.unit] if measure.name != "pain" else "0 to 10"
    title = group[0].label
    axes.set_title(
        title if len(title) <= 44 else title.replace(" (", "\n(", 1),
        loc="left", fontsize=9.5, fontweight="bold", color=INK,
    )  # fmt: skip
    axes.set_ylabel(f"[{unit}]" if unit else "[share]", fontsize=8.5)
    limits = [c.limit for c in group if c.limit is not None]
    told = "no limit known" if not limits else f"MDC95 {plain_number(limits[0], measure.unit)}"
    axes.annotate(
        told, (1.0, 1.0), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points",
        ha="right", va="bottom", fontsize=8, color=MUTED,
    )  # fmt: skip
    if axes.get_xlim()[1] > len(x) + 1 or x[-1] > len(x):
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    else:
        axes.xaxis.set_major_locator(FixedLocator(list(x)))
    margin = 0.06 * (x[-1] - x[0]) or 0.5
    axes.set_xlim(x[0] - margin, x[-1] + 1.6 * margin)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.tick_params(labelsize=8.5, colors=INK)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    if measure.name == "pain":
        axes.set_ylim(-0.5, 10.5)


def _band(axes: Axes, course: Course, x: Sequence[float]) -> None:
    """Draw what is not more than measuring twice: the first value and the limit around it."""
    if course.limit is None or course.last is None:
        return
    side: Side | None = course.key[2]
    first = course.known[0]
    value = course.last.before.value
    colour = SIDE_STYLES[side].colour if side else INK
    axes.fill_between(
        [x[first], x[-1]], value - course.limit, value + course.limit, facecolor=colour,
        alpha=0.10, linewidth=0,
    )  # fmt: skip
    for edge in (value - course.limit, value + course.limit):
        style = SIDE_STYLES[side].dash if side else "solid"
        axes.plot([x[first], x[-1]], [edge, edge], color=colour, linestyle=style, linewidth=0.5)


def _course(axes: Axes, course: Course, x: Sequence[float]) -> None:
    side: Side | None = course.key[2]
    style = SIDE_STYLES[side] if side else None
    colour = style.colour if style else INK
    at = np.array([x[k] for k in course.known])
    measures = [m for k in course.known if (m := course.measures[k]) is not None]
    value = np.array([m.value for m in measures])
    spread = np.array([m.sd if np.isfinite(m.sd) else 0.0 for m in measures])
    axes.errorbar(
        at, value, yerr=_BETWEEN * spread, color=colour, linewidth=1.3, elinewidth=0.9,
        linestyle=style.dash if style else "solid", capsize=2.0, marker="",
    )  # fmt: skip
    changed = np.array(
        [(c := course.changes[k]) is not None and c.verdict == "changed" for k in course.known]
    )
    for which, face, size in ((changed, colour, 6.5), (~changed, "white", 5.0)):
        axes.plot(
            at[which], value[which], linestyle="none", marker=_MARKS[side], markersize=size,
            markerfacecolor=face, markeredgecolor=colour, markeredgewidth=1.3,
        )  # fmt: skip
    if style:
        axes.annotate(
            style.letter, (at[-1], value[-1]), xytext=(7, 0), textcoords="offset points",
            va="center", fontsize=9, fontweight="bold", color=colour,
        )  # fmt: skip
