"""The magnetic field on the page: only where the analysis looked at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imuhip.report.sensors import segment_label

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

__all__ = ["MagneticBox", "MagneticRow", "magnetic_box"]

_SHOWN_TIMES = 4


@dataclass(frozen=True, slots=True)
class MagneticRow:
    """One sensor: µT and degrees; measured are the 5th percentile, the median and the 95th."""

    label: str
    disturbed_percent: float
    times: str
    expected_strength_ut: float | None
    measured_strength_ut: tuple[float | None, ...]
    expected_dip_deg: float | None
    measured_dip_deg: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class MagneticBox:
    """What the page says of the magnetometers."""

    grade: str
    expected: str
    verdicts: tuple[str, ...]
    north: str
    rows: tuple[MagneticRow, ...]


def magnetic_box(quality: Mapping[str, Any]) -> MagneticBox | None:
    """Return what to show, or None where nobody asked for the magnetometer."""
    found = quality.get("magnetometer")
    if not found:
        return None
    return MagneticBox(
        grade=found["grade"],
        expected=_expected(found["reference"]),
        verdicts=tuple(_verdict(side, hip) for side, hip in found["hips"].items()),
        north=found["orientations_y_axis"],
        rows=tuple(_row(segment, one) for segment, one in found["sensors"].items()),
    )


def _expected(reference: Mapping[str, Any]) -> str:
    if "day" not in reference:
        return "what each sensor measured most of the time"
    beyond = "" if reference["covered"] else ", a day the model was not made for"
    return f"{reference['from']} for {reference['day']}{beyond}"


def _verdict(side: str, hip: Mapping[str, Any]) -> str:
    if hip["used"]:
        return f"{side} hip: used, it agrees with the joint within {hip['scatter_deg']:.1f}°"
    return f"{side} hip: not used, {hip['why_not']}"


def _row(segment: str, one: Mapping[str, Any]) -> MagneticRow:
    return MagneticRow(
        label=segment_label(segment),
        disturbed_percent=one["disturbed_percent"],
        times=_times(one["disturbed_s"]),
        expected_strength_ut=one["expected_strength_ut"],
        measured_strength_ut=tuple(one["measured_strength_ut"]),
        expected_dip_deg=one["expected_dip_deg"],
        measured_dip_deg=tuple(one["measured_dip_deg"]),
    )


def _times(when: list[list[float]]) -> str:
    """Return the longest disturbances, in the order of time."""
    longest = sorted(when, key=lambda one: one[1] - one[0])[-_SHOWN_TIMES:]
    told = ", ".join(f"{start:.0f}–{end:.0f}" for start, end in sorted(longest))
    return told + (", …" if len(when) > len(longest) else "")
