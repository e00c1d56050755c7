"""The strides of a session: a measure over time, a brush over it, and what lies under the brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.analysis.result import Analysis
from imuhip.analysis.tables import BY_HAND
from imuhip.app.models import wording, wording_strides
from imuhip.app.models.movement_model import full_name
from imuhip.app.models.own_band import Band, band_of
from imuhip.app.models.stride_watch import PresentStride
from imuhip.app.models.wording_texts import said
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import BoolArray, FloatArray, IntArray
from imuhip.gait.cycles import normalise_cycles
from imuhip.gait.trend import minute_means, trend_of

__all__ = ["MEASURES", "StrideMeasure", "StrideReview", "StridesAt"]

_LEAST_BRUSH_S: Final = 2.0
_MOST_LISTED: Final = 400
_STEP: Final = 0.25
"""Of the brush's width, by which a key moves it."""


@dataclass(frozen=True, slots=True)
class StrideMeasure:
    """A column of the strides.

    Parameters
    ----------
    name : str
        A key of `wording_strides.MEASURES`.
    column : str
        With ``SIDE`` where the column has a side.
    unit : str
    angle : str
        What is shown over the cycle beside it.
    """

    name: str
    column: str
    unit: str
    angle: str

    @property
    def title(self) -> str:
        """Return it in words, with its unit."""
        unit = wording.UNITS[self.unit].strip()
        return wording_strides.OVERVIEW.format(
            measure=wording_strides.MEASURES[self.name], unit=f" ({unit})" if unit else ""
        )


def _range(angle: str) -> StrideMeasure:
    column = f"{angle}_SIDE_range_deg" if angle.startswith("hip") else f"{angle}_range_deg"
    return StrideMeasure(f"{angle}_range", column, "deg", angle)


MEASURES: Final = (
    _range("hip_rotation"),
    _range("hip_flexion"),
    StrideMeasure("hip_extension_peak", "hip_extension_peak_deg", "deg", "hip_flexion"),
    _range("hip_adduction"),
    _range("pelvis_obliquity"),
    StrideMeasure("pelvis_drop", "pelvis_drop_deg", "deg", "pelvis_obliquity"),
    StrideMeasure("pelvis_hike", "pelvis_hike_deg", "deg", "pelvis_obliquity"),
    _range("pelvis_rotation"),
    StrideMeasure("pelvis_tilt_mean", "pelvis_tilt_mean_deg", "deg", "pelvis_tilt"),
    StrideMeasure("stride_time", "stride_time_s", "s", "hip_flexion"),
)


@dataclass(frozen=True, slots=True)
class StridesAt:
    """Strides of one leg as points.

    Parameters
    ----------
    rows : (k,) int array
        Their numbers.
    at_s, value : (k,) arrays
        Their middle, s, and the measure.
    used : (k,) bool array
        False where they are left out.
    """

    rows: IntArray
    at_s: FloatArray
    value: FloatArray
    used: BoolArray


class StrideReview:
    """Holds measure, brush and choice over the strides of one analysis.

    Parameters
    ----------
    analysis : Analysis
    """

    def __init__(self, analysis: Analysis) -> None:
        self.measure = MEASURES[0]
        self._analysis = analysis
        table = analysis.strides
        self._side = table["side"].to_numpy(dtype=object)
        self._start_s = table["start_s"].to_numpy(dtype=float)
        self._end_s = table["end_s"].to_numpy(dtype=float)
        self._used = table["valid"].to_numpy(dtype=bool, copy=True)
        self._why = [str(text) for text in table["exclusion"]]
        self.span_s = (0.0, 1.0)
        if len(table):
            self.span_s = (float(self._start_s.min()) - 1.0, float(self._end_s.max()) + 1.0)
        self.brush_s = self.span_s
        self.n_changes = 0
        """Rises with measure and brush, so that views draw anew only then."""

    # -- what is shown ----------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._side)

    @property
    def side(self) -> list[Side]:
        """Return the leg of every stride."""
        return [next(s for s in SIDES if s == one) for one in self._side]

    @property
    def listed(self) -> list[int]:
        """Return the numbers of the strides in the brush, in order of time."""
        middle_s = 0.5 * (self._start_s + self._end_s)
        inside = (middle_s >= self.brush_s[0]) & (middle_s <= self.brush_s[1])
        return [int(k) for k in np.flatnonzero(inside)[:_MOST_LISTED]]

    @property
    def counts(self) -> str:
        """Return in words how many there are."""
        sides = [self._side[k] for k in self.listed if self._used[k]]
        return wording_strides.COUNTS.format(
            used=int(self._used.sum()),
            all=len(self),
            left=sides.count("left"),
            right=sides.count("right"),
        )

    def line(self, k: int) -> str:
        """Return a stride as a line of the list."""
        value = wording.amount(float(self._values()[k]), self.measure.unit, fine=True)
        parts = {
            "at": _clock(self._start_s[k]),
            "side": wording.SIDE_NAMES[self.side[k]],
            "value": value,
            "why": said(self._why[k]),
        }
        if self._used[k]:
            return wording_strides.STRIDE.format(mark=wording_strides.USED, **parts)
        return wording_strides.STRIDE_OUT.format(mark=wording_strides.LEFT_OUT, **parts)

    def is_by_hand(self, k: int) -> bool:
        """Return whether a person left a stride out."""
        return self._why[k].startswith(BY_HAND)

    def is_used(self, k: int) -> bool:
        """Return whether a stride is in the results."""
        return bool(self._used[k])

    def stretch(self, k: int) -> tuple[Side, float, float]:
        """Return leg, start and end (s) of a stride."""
        return self.side[k], float(self._start_s[k]), float(self._end_s[k])

    def points(self, side: Side) -> StridesAt:
        """Return the measure of a leg's strides."""
        own = self._side == side
        middle_s = 0.5 * (self._start_s + self._end_s)
        rows = np.flatnonzero(own)
        return StridesAt(rows, middle_s[own], self._values()[own], self._used[own])

    def minutes(self, side: Side) -> tuple[FloatArray, FloatArray]:
        """Return the middle (s) and the mean of each minute of a leg's used strides."""
        points = self.points(side)
        minute, mean, _error, _n = minute_means(points.at_s[points.used], points.value[points.used])
        return 60.0 * minute, mean

    @property
    def trend_words(self) -> str:
        """Return how the measure went over the minutes; of slipped straps none is told."""
        quality = self._analysis.quality
        moved = not self.measure.name.startswith("stride_time")
        parted = any(not s["corrected"] for s in quality["slips"])
        if moved and (parted or len(quality.get("wearings", ())) > 1):
            return wording_strides.TREND.format(told=wording_strides.TREND_PARTED)
        told = [words for side in SIDES if (words := self._trend_words(side))]
        return wording_strides.TREND.format(told="; ".join(told) or wording_strides.TREND_SHORT)

    def _trend_words(self, side: Side) -> str:
        points = self.points(side)
        trend = trend_of(points.at_s[points.used], points.value[points.used])
        if trend is None:
            return ""
        digits = 3 if self.measure.unit == "s" else 2
        unit = wording.UNITS[self.measure.unit]

        def text(value: float) -> str:
            return f"{value:+.{digits}f}".replace("-", "−") + unit

        low, high = (text(value) for value in trend.slope_interval)
        words = wording_strides.TREND_SLOPE if trend.drifts else wording_strides.TREND_NONE
        name = wording.SIDE_NAMES[side]
        return words.format(side=name, slope=text(trend.slope_per_min), low=low, high=high)

    def point(self, k: int) -> tuple[float, float]:
        """Return where a stride is drawn: its middle, s, and the measure."""
        return float(0.5 * (self._start_s[k] + self._end_s[k])), float(self._values()[k])

    def band(self, side: Side) -> Band | None:
        """Return mean and scatter over the cycle of the used strides in the brush."""
        rows = [k for k in self.listed if self._side[k] == side and self._used[k]]
        return band_of(self._cycles(side, rows))

    def chosen(self, k: int) -> PresentStride:
        """Return one stride over its cycle."""
        return PresentStride(np.linspace(0.0, 100.0, 101), self._cycles(self.side[k], [k])[0])

    # -- what a person decides --------------------------------------------------------------------

    def turn_measure(self) -> None:
        """Show the next measure."""
        self.measure = MEASURES[(MEASURES.index(self.measure) + 1) % len(MEASURES)]
        self.n_changes += 1

    def set_brush(self, start_s: float, end_s: float) -> None:
        """Look at a stretch, inside the session and not too short."""
        low, high = self.span_s
        width = min(max(end_s - start_s, _LEAST_BRUSH_S), high - low)
        start_s = min(max(start_s, low), high - width)
        if (start_s, start_s + width) != self.brush_s:
            self.brush_s = (start_s, start_s + width)
            self.n_changes += 1

    def move_brush(self, steps: int) -> None:
        """Move the brush by quarters of its width."""
        start_s, end_s = self.brush_s
        by_s = steps * _STEP * (end_s - start_s)
        self.set_brush(start_s + by_s, end_s + by_s)

    def widen_brush(self, factor: float) -> None:
        """Make the brush wider or, below 1, narrower; its middle stays."""
        start_s, end_s = self.brush_s
        middle_s, half_s = 0.5 * (start_s + end_s), 0.5 * factor * (end_s - start_s)
        self.set_brush(middle_s - half_s, middle_s + half_s)

    def leave_out(self, rows: Sequence[int], reason: str) -> None:
        """Count strides as left out by hand, before everything is measured again."""
        for k in rows:
            self._used[k], self._why[k] = False, f"{BY_HAND}: {reason}"
        self.n_changes += 1

    def use_again(self, rows: Sequence[int]) -> None:
        """Count strides that were left out by hand again; nothing else had kept them out."""
        for k in rows:
            self._used[k], self._why[k] = True, ""
        self.n_changes += 1

    def take_over(self, before: StrideReview) -> None:
        """Look at what another review of the same session looked at."""
        self.measure = before.measure
        if before.brush_s != before.span_s:
            self.set_brush(*before.brush_s)

    def _values(self) -> FloatArray:
        table, column = self._analysis.strides, self.measure.column
        if "SIDE" not in column:
            return np.asarray(table[column].to_numpy(dtype=float))
        values = np.full(len(table), np.nan)
        for side in SIDES:
            name = column.replace("SIDE", side)
            if name in table:
                own = self._side == side
                values[own] = table[name].to_numpy(dtype=float)[own]
        return values

    def _cycles(self, side: Side, rows: Sequence[int]) -> FloatArray:
        angles, column = self._analysis.angles, f"{full_name(self.measure.angle, side)}_deg"
        if column not in angles or not rows:
            return np.full((len(rows), 101), np.nan)
        at = np.asarray(rows, dtype=int)
        return normalise_cycles(
            angles.index.to_numpy(), angles[column].to_numpy(), self._start_s[at], self._end_s[at]
        )


def _clock(at_s: float) -> str:
    """Return minutes and seconds with a tenth."""
    tenths = round(10.0 * at_s)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
