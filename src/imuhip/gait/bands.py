"""Published ranges of pelvis and hip in gait, and a person's beside them.

The rows are data (``calibration/references/gait.toml``), each with who was measured and by whom.
Beside, not judged: a group's mean curve is flatter than any person's own, most groups are children,
and cadence is a poor proxy of speed. Where hip rotation lies in gait is not compared at all; its
range and shape and the difference between the sides are.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import cattrs

from imuhip.calibration.toml_file import read_structured, unusable
from imuhip.resources import folder

__all__ = [
    "CAUTION",
    "GaitBand",
    "GaitReferences",
    "beside_bands",
    "read_references",
    "shipped_references",
]

SPEEDS: Final = ("very_slow", "slow", "free", "fast", "very_fast")

CAUTION: Final = (
    "speed class by cadence, a proxy: short people step faster at the same speed; a group's mean"
    " curve is flatter than any person's own"
)

_MEASURES: Final = (
    "pelvis_tilt_range",
    "pelvis_obliquity_range",
    "pelvis_rotation_range",
    "hip_flexion_range",
)


def _among(*allowed: str) -> Any:
    def check(_: object, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in allowed:
            listed = ", ".join(allowed)
            raise ValueError(f"{attribute.name} {value!r} is none of {listed}")

    return check


def _positive(_: object, attribute: attrs.Attribute[float], value: float | None) -> None:
    if value is not None and not 0.0 < value <= 1000.0:
        raise ValueError(f"{attribute.name} {value!r} is not above 0 and up to 1000")


@attrs.frozen(kw_only=True)
class GaitBand:
    """One measured group; see the head of the file for its entries."""

    gait: str = attrs.field(validator=_among("walk", "run"))
    measure: str = attrs.field(validator=_among(*_MEASURES))
    speed: str = attrs.field(validator=_among(*SPEEDS, "any"))
    population: str
    children: bool
    sex: str = attrs.field(validator=_among("female", "male", "any"))
    source: str
    evidence: str = attrs.field(validator=_among("A", "B", "C", "D"))
    doi: str = ""
    note: str = ""
    range_deg: float | None = attrs.field(default=None, validator=_positive)
    range_low_deg: float | None = attrs.field(default=None, validator=_positive)
    range_high_deg: float | None = attrs.field(default=None, validator=_positive)
    curve_sd_deg: float | None = attrs.field(default=None, validator=_positive)

    def __attrs_post_init__(self) -> None:
        limits = (self.range_low_deg, self.range_high_deg)
        if (self.range_deg is None) == (limits == (None, None)) or limits.count(None) == 1:
            raise ValueError("expected range_deg, or range_low_deg and range_high_deg")

    @property
    def span_deg(self) -> tuple[float, float]:
        """Return the least and the greatest group mean."""
        if self.range_deg is not None:
            return self.range_deg, self.range_deg
        return self.range_low_deg or 0.0, self.range_high_deg or 0.0


@attrs.frozen(kw_only=True)
class CadenceClass:
    """Up to which cadence a walk counts as of a speed class."""

    speed: str = attrs.field(validator=_among(*SPEEDS))
    below_steps_per_min: float = attrs.field(validator=_positive)


@attrs.frozen(kw_only=True)
class GaitReferences:
    """All rows of a file."""

    bands: tuple[GaitBand, ...]
    cadence_classes: tuple[CadenceClass, ...]

    def speed_of(self, gait: Literal["walk", "run"], cadence_steps_per_min: float) -> str:
        """Return the speed class of a walk; running has one only."""
        if gait == "run":
            return "any"
        for one in sorted(self.cadence_classes, key=lambda c: c.below_steps_per_min):
            if cadence_steps_per_min < one.below_steps_per_min:
                return one.speed
        return "any"

    def matching(self, gait: str, measure: str, speed: str) -> tuple[GaitBand, ...]:
        """Return the rows of a gait, a measure and a speed class."""
        return tuple(
            band
            for band in self.bands
            if (band.gait, band.measure) == (gait, measure) and band.speed in (speed, "any")
        )


def read_references(path: Path) -> GaitReferences:
    """Read a file of bands.

    Raises
    ------
    imuhip.errors.ConfigError
        When it cannot be used; every problem is listed with its place.
    """
    converter = cattrs.Converter(forbid_extra_keys=True)
    hint = "Correct the file; the one shipped is calibration/references/gait.toml."
    references = read_structured(path, GaitReferences, converter, hint)
    if not references.bands:
        raise unusable(path, ["bands: expected at least one row"], hint)
    return references


@cache
def shipped_references() -> GaitReferences:
    """Return the bands that come with imuhip."""
    return read_references(folder("calibration") / "references" / "gait.toml")


def beside_bands(
    gait: Literal["walk", "run"],
    cadence_steps_per_min: float,
    ranges_deg: dict[str, tuple[float, float]],
    references: GaitReferences,
) -> list[dict[str, Any]]:
    """Return a person's ranges beside the published ones, JSON-safe.

    Parameters
    ----------
    gait : {"walk", "run"}
    cadence_steps_per_min : float
    ranges_deg : mapping of name to (value, uncertainty), degrees
        Names such as ``pelvis_tilt_range`` or ``hip_flexion_range_left``.
    references : GaitReferences
    """
    speed = references.speed_of(gait, cadence_steps_per_min)
    rows: list[dict[str, Any]] = []
    for name, (value, uncertainty) in ranges_deg.items():
        measure = name.removesuffix("_left").removesuffix("_right")
        for band in references.matching(gait, measure, speed):
            low, high = band.span_deg
            beyond = value - high if value > high else min(value - low, 0.0)
            rows.append(
                {
                    "measure": name,
                    "value_deg": round(value, 2),
                    "uncertainty_deg": round(uncertainty, 2),
                    "published_deg": [low, high],
                    "curve_sd_deg": band.curve_sd_deg,
                    "beyond_deg": round(beyond, 2),
                    "speed": band.speed,
                    "sex": band.sex,
                    "children": band.children,
                    "population": band.population,
                    "source": band.source,
                    "doi": band.doi,
                    "evidence": band.evidence,
                }
            )
    return rows
