"""Walking and running on the page: both sides, their difference, and published ranges beside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from imuhip.report.numbers import degrees
from imuhip.report.wording import plain_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["BesideRow", "GaitBox", "GaitRow", "gait_boxes"]

_SIDED: Final = (
    ("Stride time", "stride_time_s", "s"),
    ("Stance, share of the stride", "stance_percent", "%"),
    ("Hip extension, late stance", "hip_extension_peak_deg", "deg"),
    ("Pelvis anterior tilt at that instant", "pelvis_tilt_at_extension_peak_deg", "deg"),
    ("Pelvic drop while this leg stands", "pelvis_drop_deg", "deg"),
    ("Pelvic hike while this leg swings", "pelvis_hike_deg", "deg"),
    ("Hip flexion range", "hip_flexion_range_deg", "deg"),
    ("Hip rotation range", "hip_rotation_range_deg", "deg"),
)
_PELVIS: Final = (
    ("Pelvis rotation range", "pelvis_rotation"),
    ("Pelvis obliquity range", "pelvis_obliquity"),
    ("Pelvis tilt range", "pelvis_tilt"),
)
_VERBS: Final = {"walk": "Walking", "run": "Running"}
_NAMES: Final = {
    "pelvis_tilt_range": "Pelvis tilt range",
    "pelvis_obliquity_range": "Pelvis obliquity range",
    "pelvis_rotation_range": "Pelvis rotation range",
    "hip_flexion_range": "Hip flexion range",
}


@dataclass(frozen=True, slots=True)
class GaitRow:
    """One measure: both sides, or one value for both together."""

    label: str
    left: str
    right: str
    both: str
    difference: str
    beyond: bool | None
    n: str


@dataclass(frozen=True, slots=True)
class BesideRow:
    """A person's range, and each published one with how far apart they are."""

    label: str
    value: str
    published: tuple[tuple[str, str, int], ...]
    """Group mean, verdict and the number of its source, from 1."""


@dataclass(frozen=True, slots=True)
class GaitBox:
    """One gait."""

    title: str
    used: int
    found: int
    rows: tuple[GaitRow, ...]
    scatter: tuple[str, ...]
    beside: tuple[BesideRow, ...]
    sources: tuple[str, ...]
    caution: str
    missing: tuple[str, ...]


def gait_boxes(summary: Mapping[str, Any]) -> list[GaitBox]:
    """Return walking and running, whichever there was."""
    gait = summary.get("gait", {})
    return [_box(title, gait[name]) for name, title in _VERBS.items() if name in gait]


def _box(title: str, found: Mapping[str, Any]) -> GaitBox:
    rows, sources = _beside(found.get("beside", ()))
    return GaitBox(
        title=title,
        used=found["strides_used"],
        found=found["strides_found"],
        rows=(*_whole(found), *_sided(found), *_pelvis(found)),
        scatter=tuple(_scatter(found)),
        beside=rows,
        sources=sources,
        caution=found.get("beside_caution", ""),
        missing=tuple(found.get("missing", ())),
    )


def _mean(one: Mapping[str, Any] | None, unit: str) -> str:
    if one is None or one.get("mean") is None:
        return "–"
    sd = one.get("uncertainty")
    spread = "?" if sd is None else plain_number(sd, unit)
    return f"{plain_number(one['mean'], unit)} ± {spread}"


def _whole(found: Mapping[str, Any]) -> Iterator[GaitRow]:
    steps = found["cadence_steps_per_min"]
    if steps["mean"] is not None:
        spread = "?" if steps["uncertainty"] is None else f"{steps['uncertainty']:.1f}"
        text = f"{steps['mean']:.1f} ± {spread} steps/min"
        yield GaitRow("Cadence", "", "", text, "", None, str(steps["n"]))
    for name, label in (("double_support", "Double support"), ("flight", "Flight")):
        times, share = found.get(f"{name}_s"), found.get(f"{name}_percent")
        if times is not None and times["n"]:
            text = f"{_mean(times, 's')} a stride ({_mean(share, '%')})"
            yield GaitRow(label, "", "", text, "", None, str(times["n"]))


def _sided(found: Mapping[str, Any]) -> Iterator[GaitRow]:
    sides, differences = found.get("sides", {}), found.get("asymmetry", {})
    for label, name, unit in _SIDED:
        one, other = (sides.get(side, {}).get(name) for side in ("left", "right"))
        if not any(leg is not None and leg["n"] for leg in (one, other)):
            continue
        apart = differences.get(name, {})
        by, sure = apart.get("left_minus_right"), apart.get("beyond_uncertainty")
        difference = ""
        if by is not None and sure is not None:
            spread = plain_number(apart["uncertainty"], unit)
            difference = f"{plain_number(by, unit, signed=True)} ± {spread}"
        counts = " / ".join("0" if leg is None else str(leg["n"]) for leg in (one, other))
        yield GaitRow(label, _mean(one, unit), _mean(other, unit), "", difference, sure, counts)


def _pelvis(found: Mapping[str, Any]) -> Iterator[GaitRow]:
    for label, name in _PELVIS:
        one = found.get("pelvis", {}).get(name, {}).get("range")
        if one is not None and one["n"]:
            yield GaitRow(label, "", "", _mean(one, "deg"), "", None, str(one["n"]))


def _scatter(found: Mapping[str, Any]) -> Iterator[str]:
    for side, leg in found.get("sides", {}).items():
        one = leg.get("stride_time_variability")
        if one is not None and one["cv_percent"] is not None:
            low, high = one["cv_interval_percent"]
            span = "" if None in (low, high) else f" (95 % interval {low:.1f} to {high:.1f})"
            yield f"{side} stride time varies by {one['cv_percent']:.1f} %{span}, n = {one['n']}"


def _beside(
    found: Sequence[Mapping[str, Any]],
) -> tuple[tuple[BesideRow, ...], tuple[str, ...]]:
    """Return a row a measure, and the sources their numbers name."""
    sources: dict[str, int] = {}
    rows: dict[str, BesideRow] = {}
    for one in found:
        low, high = one["published_deg"]
        number = sources.setdefault(_source(one), len(sources) + 1)
        mean = degrees(low) if low == high else f"{degrees(low)} to {degrees(high)}"
        away = _away(one["beyond_deg"], one["uncertainty_deg"], one["curve_sd_deg"])
        value = f"{degrees(one['value_deg'])} ± {degrees(one['uncertainty_deg'])}"
        row = rows.get(one["measure"], BesideRow(_label(one["measure"]), value, ()))
        rows[one["measure"]] = replace(row, published=(*row.published, (mean, away, number)))
    return tuple(rows.values()), tuple(sources)


def _label(name: str) -> str:
    side = next((s for s in ("left", "right") if name.endswith(f"_{s}")), "")
    return _NAMES[name.removesuffix(f"_{side}")] + (f", {side}" if side else "")


def _source(one: Mapping[str, Any]) -> str:
    who = [one["population"]]
    if one["sex"] != "any":
        who.append(one["sex"])
    if one["speed"] != "any":
        who.append(f"{one['speed'].replace('_', ' ')} speed")
    doi = f", doi:{one['doi']}" if one["doi"] else ""
    return f"{', '.join(who)}: {one['source']}{doi}; evidence {one['evidence']}"


def _away(beyond: float, uncertainty: float, curve_sd: float | None) -> str:
    """Return how far a range lies from the published ones, in words."""
    if beyond == 0.0:
        return "among them"
    way = "above" if beyond > 0.0 else "below"
    if abs(beyond) <= 1.96 * uncertainty:
        return f"{degrees(abs(beyond))} {way}, within uncertainty"
    people = "" if curve_sd is None else f" (people differ by {degrees(curve_sd)})"
    return f"{degrees(abs(beyond))} {way}{people}"
