"""The session over time: what was done, where data are missing, and hip rotation throughout.

No text from a recording is drawn, only our own words and numbers, so nothing in a file can be
taken for mathematics or markup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from imuhip.core.segments import SIDES, Side
from imuhip.report.figures import share_limits
from imuhip.report.numbers import measurement_sd_deg
from imuhip.report.palette import ACTIVITIES, INK, MUTED, RULE, SIDE_STYLES
from imuhip.report.sensors import gaps_s, segment_label
from imuhip.report.svg import DRAWING, inline_svg

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from imuhip.analysis.result import Analysis
    from imuhip.core.series import FloatArray
    from imuhip.recording.session import Recording

__all__ = ["envelope", "session_figure"]

_WIDTH_IN = 8.8
_BINS = 720
"""About one per printed pixel, whatever the length."""


def envelope(
    time_s: FloatArray, values: FloatArray, n_bins: int = _BINS
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return bin centres, lowest, highest and mean of `values` in equal bins of time.

    Bins without a finite value are NaN, so that a gap stays a gap.
    """
    finite = np.isfinite(values)
    low, high = np.full(n_bins, np.inf), np.full(n_bins, -np.inf)
    edges = np.linspace(time_s[0], time_s[-1], n_bins + 1)
    row = np.clip(np.searchsorted(edges, time_s[finite], side="right") - 1, 0, n_bins - 1)
    np.minimum.at(low, row, values[finite])
    np.maximum.at(high, row, values[finite])
    count = np.bincount(row, minlength=n_bins)
    total = np.bincount(row, weights=values[finite], minlength=n_bins)
    mean = np.divide(total, count, out=np.full(n_bins, np.nan), where=count > 0)
    low[count == 0] = high[count == 0] = np.nan
    return 0.5 * (edges[:-1] + edges[1:]), low, high, mean


def session_figure(recording: Recording, analysis: Analysis) -> str | None:
    """Return activity, data gaps and hip rotation over the whole session as SVG.

    None for an analysis with fewer than two samples.
    """
    time_s = analysis.angles.index.to_numpy(dtype=float)
    if len(time_s) < 2:
        return None
    sides = [side for side in SIDES if f"hip_rotation_{side}_deg" in analysis.angles.columns]
    rows = [*ACTIVITIES, *recording.sensors]
    with mpl.rc_context(DRAWING):
        figure = Figure(
            figsize=(_WIDTH_IN, 0.9 + 0.26 * len(rows) + 1.9 * len(sides)), layout="constrained"
        )
        FigureCanvasAgg(figure)
        panels = figure.subplots(
            1 + len(sides),
            1,
            sharex=True,
            squeeze=False,
            height_ratios=[0.26 * len(rows) + 0.3] + [1.9] * len(sides),
        )[:, 0]
        scale, unit = (60.0, "min") if time_s[-1] - time_s[0] > 180.0 else (1.0, "s")
        _strip(panels[0], recording, analysis, rows, scale)
        for axes, side in zip(panels[1:], sides, strict=True):
            _rotation_panel(axes, analysis, time_s, side, scale)
        share_limits(list(panels[1:]))
        panels[-1].set_xlabel(f"Time since the start of the recording [{unit}]")
        panels[-1].set_xlim(time_s[0] / scale, time_s[-1] / scale)
    return inline_svg(
        figure,
        name="session",
        title="Activity, data gaps and hip rotation over the whole session",
        description=_describe_session(recording, analysis),
    )


def _strip(
    axes: Axes, recording: Recording, analysis: Analysis, rows: Sequence[str], scale: float
) -> None:
    for row, name in enumerate(rows):
        if name in ACTIVITIES:
            _, colour, hatch = ACTIVITIES[name]
            spans = [(m.start_s, m.end_s) for m in analysis.activity if m.name == name]
        else:
            colour, hatch = INK, ""
            spans = [(float(a), float(b)) for a, b in gaps_s(recording.sensors[name])]
        if not spans:
            _say_none(axes, row, name)
        bars = [(a / scale, (b - a) / scale) for a, b in spans]
        axes.broken_barh(
            bars,
            (row - 0.36, 0.72),
            facecolor=colour if not hatch else "none",
            edgecolor=colour,
            hatch=hatch,
            linewidth=0.8,
        )
    axes.set_yticks(range(len(rows)), [_row_label(name) for name in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.45, -0.55)
    axes.axhline(len(ACTIVITIES) - 0.5, color=MUTED, linewidth=0.6)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.set_title(
        "What was done, and where data are missing", loc="left", fontsize=10, fontweight="bold"
    )


def _say_none(axes: Axes, row: int, name: str) -> None:
    """Write that a row is empty: an empty row alone could be an oversight."""
    words = "none found" if name in ACTIVITIES else "no gaps"
    place = axes.get_yaxis_transform()
    axes.text(0.008, row, words, transform=place, va="center", fontsize=8.5, color=MUTED)


def _row_label(name: str) -> str:
    return ACTIVITIES[name][0] if name in ACTIVITIES else f"{segment_label(name)}: gaps"


def _rotation_panel(
    axes: Axes, analysis: Analysis, time_s: FloatArray, side: Side, scale: float
) -> None:
    style = SIDE_STYLES[side]
    values = analysis.angles[f"hip_rotation_{side}_deg"].to_numpy(dtype=float)
    at_s, low, high, mean = envelope(time_s, values)
    axes.fill_between(at_s / scale, low, high, facecolor=style.colour, alpha=0.30, linewidth=0)
    axes.plot(at_s / scale, mean, color=style.colour, linewidth=1.2)
    axes.axhline(0.0, color=MUTED, linewidth=0.6, zorder=0)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.tick_params(labelsize=9)
    axes.set_ylabel("− external [°] internal +", fontsize=9)
    sd_deg = measurement_sd_deg(analysis, f"hip_rotation_{side}")
    sigma = "" if sd_deg is None else f" · 1σ in gait ±{sd_deg:.1f}°"
    axes.set_title(
        f"{side.capitalize()} hip rotation: band lowest to highest, line mean{sigma}",
        loc="left",
        fontsize=10,
        fontweight="bold",
    )


def _describe_session(recording: Recording, analysis: Analysis) -> str:
    said = []
    for name, (label, _, _) in ACTIVITIES.items():
        seconds = [m.end_s - m.start_s for m in analysis.activity if m.name == name]
        said.append(f"{label}: {len(seconds)} stretches, {sum(seconds):.0f} seconds together.")
    for segment, series in recording.sensors.items():
        gaps = gaps_s(series)
        lost_s = float((gaps[:, 1] - gaps[:, 0]).sum())
        said.append(f"{segment_label(segment)}: {len(gaps)} gaps, {lost_s:.2f} seconds together.")
    for side in SIDES:
        column = f"hip_rotation_{side}_deg"
        if column in analysis.angles.columns and analysis.angles[column].notna().any():
            low, high = np.nanpercentile(analysis.angles[column].to_numpy(dtype=float), [1, 99])
            said.append(
                f"{side.capitalize()} hip rotation: 98 percent of the time within"
                f" {low:.0f} to {high:.0f} degrees."
            )
    return " ".join(said)
