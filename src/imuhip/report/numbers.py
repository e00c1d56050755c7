"""The numbers of the page, each with its spread, its count and how well it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.core.segments import ANGLES, SIDES, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from imuhip.analysis.result import Analysis
    from imuhip.core.series import BoolArray, FloatArray

__all__ = [
    "LOW_CONFIDENCE_DEG",
    "AngleRow",
    "Essential",
    "Reading",
    "Spread",
    "StrideRow",
    "angle_label",
    "angle_rows",
    "degrees",
    "essentials",
    "gait_rows",
    "is_unusable",
    "measurement_sd_deg",
    "shows_rotation_offset",
    "stride_rows",
]

LOW_CONFIDENCE_DEG = 5.0
"""One sigma of an angle above which its number is greyed: about the smallest change of hip internal
rotation an inclinometer detects on a seated adult (5.4°, Krause et al.)."""

_MOTIONS = {
    "hip_flexion": "Hip flexion",
    "hip_adduction": "Hip adduction",
    "hip_rotation": "Hip internal rotation",
    "pelvis_tilt": "Pelvis anterior tilt",
    "pelvis_obliquity": "Pelvis obliquity, right side up",
    "pelvis_rotation": "Pelvis rotation, right side forward",
}


def angle_label(angle: str) -> str:
    """Return the words for an angle, its positive direction and its side."""
    for side in SIDES:
        if angle.endswith(f"_{side}"):
            return f"{_MOTIONS[angle.removesuffix(f'_{side}')]}, {side}"
    return _MOTIONS[angle]


def degrees(value: float | None, digits: int = 1) -> str:
    """Return an angle in words a person reads, with a true minus; a dash for nothing."""
    if value is None or not np.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    if float(text) == 0.0:
        text = text.lstrip("-")
    return text.replace("-", "−") + "°"


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation between strides, and how many."""

    mean: float | None = None
    sd: float | None = None
    n: int = 0

    @classmethod
    def of(cls, values: Mapping[str, Any] | None) -> Spread:
        """Take one from a summary, where anything may be missing."""
        values = values or {}
        return cls(values.get("mean"), values.get("sd"), int(values.get("n") or 0))

    def __neg__(self) -> Spread:
        return Spread(None if self.mean is None else -self.mean, self.sd, self.n)

    @property
    def known(self) -> bool:
        """Whether there is a number at all."""
        return self.mean is not None

    def text(self, unit: str = "°", digits: int = 1) -> str:
        """Return ``31.7° ± 3.3°``; a dash for nothing, and no ± for a single stride."""
        if self.mean is None:
            return "–"
        mean, sd = (
            (None if v is None else degrees(v, digits).removesuffix("°") + unit)
            for v in (self.mean, self.sd)
        )
        return f"{mean} ± {sd}" if sd else f"{mean} (one stride)"


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of the first row of the page."""

    label: str
    side: Side | None
    value: Spread
    measurement_sd_deg: float | None
    low_confidence: bool


@dataclass(frozen=True, slots=True)
class Essential:
    """One of the three panels at the top: a question, its readings, how to read them."""

    title: str
    explanation: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class StrideRow:
    """Strides of one side."""

    side: Side
    found: int
    used: int
    excluded: tuple[tuple[str, int], ...]
    stride_time: Spread
    cadence: Spread


@dataclass(frozen=True, slots=True)
class AngleRow:
    """One angle over all strides used."""

    angle: str
    label: str
    low: Spread
    high: Spread
    mean: Spread
    range: Spread
    measurement_sd_deg: float | None
    offset_hidden: bool


def shows_rotation_offset(quality: Mapping[str, Any]) -> bool:
    """Return whether the offset of hip rotation may be shown: only with the best calibration."""
    return bool(quality.get("calibration", {}).get("grade") == "A")


def gait_rows(analysis: Analysis) -> BoolArray:
    """Return (n,) where the person walked or ran."""
    time_s = analysis.angles.index.to_numpy(dtype=float)
    rows = np.zeros(len(time_s), dtype=bool)
    for marker in analysis.activity:
        if marker.name == "gait":
            rows |= (time_s >= marker.start_s) & (time_s <= marker.end_s)
    return rows


def measurement_sd_deg(analysis: Analysis, angle: str) -> float | None:
    """Return the median one-sigma uncertainty of `angle` during gait, or None."""
    column = f"{angle}_sd_deg"
    if column not in analysis.angles.columns:
        return None
    values: FloatArray = analysis.angles[column].to_numpy(dtype=float)[gait_rows(analysis)]
    values = values[np.isfinite(values)]
    return float(np.median(values)) if len(values) else None


def essentials(analysis: Analysis) -> list[Essential]:
    """Return the three panels at the top of the page."""
    sides = [side for side in SIDES if side in analysis.summary.get("sides", {})]
    pelvis = analysis.summary.get("pelvis", {}).get("pelvis_rotation", {})
    rotation = tuple(
        _reading(analysis, side.capitalize(), side, f"hip_rotation_{side}", "range_deg")
        for side in sides
    )
    flexion = tuple(
        reading
        for side in sides
        for reading in (
            _reading(
                analysis, f"{side.capitalize()} flexion", side, f"hip_flexion_{side}", "max_deg"
            ),
            _extension(analysis, side),
        )
    )
    return [
        Essential(
            "Hip rotation range in gait",
            "From most external to most internal, per stride. Skin and strap under-read the bone.",
            rotation,
        ),
        Essential(
            "Pelvis rotation range in gait",
            "Turning of the pelvis about the vertical, per stride, both sides' strides together.",
            (_pooled(analysis, "pelvis_rotation", Spread.of(pelvis.get("range_deg"))),),
        ),
        Essential(
            "Hip flexion and extension in gait",
            "Furthest in each direction, per stride. Zero is the calibration pose.",
            flexion,
        ),
    ]


def _reading(analysis: Analysis, label: str, side: Side, angle: str, kind: str) -> Reading:
    values = analysis.summary["sides"][side].get(angle, {}).get(kind)
    sd_deg = measurement_sd_deg(analysis, angle)
    return Reading(label, side, Spread.of(values), sd_deg, _doubtful(analysis, angle, side, sd_deg))


def _extension(analysis: Analysis, side: Side) -> Reading:
    """Return extension as a positive number, as clinicians say it."""
    lowest = _reading(
        analysis, f"{side.capitalize()} extension", side, f"hip_flexion_{side}", "min_deg"
    )
    return Reading(
        lowest.label, side, -lowest.value, lowest.measurement_sd_deg, lowest.low_confidence
    )


def _pooled(analysis: Analysis, angle: str, value: Spread) -> Reading:
    sd_deg = measurement_sd_deg(analysis, angle)
    return Reading("Pelvis", None, value, sd_deg, _doubtful(analysis, angle, None, sd_deg))


def _doubtful(analysis: Analysis, angle: str, side: Side | None, sd_deg: float | None) -> bool:
    """Return whether a number is greyed: unknown or large sigma, or its own part graded D."""
    unusable = is_unusable(analysis.quality, angle, side)
    return unusable or sd_deg is None or sd_deg > LOW_CONFIDENCE_DEG


def is_unusable(quality: Mapping[str, Any], angle: str, side: Side | None) -> bool:
    """Return whether calibration, a sensor or the heading an angle rests on is graded D."""
    segments = ["pelvis"] if side is None else ["pelvis", f"thigh_{side}"]
    parts = [quality.get("calibration", {})]
    parts += [quality.get("sensors", {}).get(segment, {}) for segment in segments]
    if side is not None and angle.startswith("hip_rotation"):
        parts.append(quality.get("heading", {}).get(side, {}))
    return any(part.get("grade") == "D" for part in parts)


def stride_rows(summary: Mapping[str, Any]) -> list[StrideRow]:
    """Return one row per side that was worn."""
    sides = summary.get("sides", {})
    return [
        StrideRow(
            side=side,
            found=int(sides[side].get("strides", 0)),
            used=int(sides[side].get("strides_used", 0)),
            excluded=tuple(sorted(sides[side].get("strides_excluded", {}).items())),
            stride_time=Spread.of(sides[side].get("stride_time_s")),
            cadence=Spread.of(sides[side].get("cadence_steps_per_min")),
        )
        for side in SIDES
        if side in sides
    ]


def angle_rows(analysis: Analysis) -> list[AngleRow]:
    """Return one row per angle that was measured, hip left and right under each other."""
    show_offset = shows_rotation_offset(analysis.quality)
    found = _angle_summaries(analysis.summary)
    return [
        AngleRow(
            angle=angle,
            label=angle_label(angle),
            low=Spread.of(found[angle].get("min_deg")),
            high=Spread.of(found[angle].get("max_deg")),
            mean=Spread.of(found[angle].get("mean_deg")),
            range=Spread.of(found[angle].get("range_deg")),
            measurement_sd_deg=measurement_sd_deg(analysis, angle),
            offset_hidden=angle.startswith("hip_rotation") and not show_offset,
        )
        for angle in ANGLES
        if angle in found
    ]


def _angle_summaries(summary: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    sources: Sequence[Mapping[str, Any]] = [
        *summary.get("sides", {}).values(),
        summary.get("pelvis", {}),
    ]
    return {angle: source[angle] for source in sources for angle in ANGLES if angle in source}
