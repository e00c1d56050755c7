"""The words of measures, positions, norms and limits, and numbers with their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from imuhip.report.numbers import degrees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imuhip.assessment.measures import Measure
    from imuhip.assessment.norms import Norm

__all__ = [
    "STANDINGS",
    "amount",
    "limits_of",
    "measure_label",
    "plain_number",
    "position_words",
    "test_label",
]

STANDINGS: Final[Mapping[str, tuple[str, str]]] = {
    "limited": ("▼", "limited"),
    "between": ("◆", "between limited and normal"),
    "within": ("●", "within normal"),
    "beyond": ("▲", "beyond normal"),
    "undecided": ("?", "undecided: its uncertainty reaches across a limit"),
}
"""Shape and words of where a measure stands; a shape prints in grey."""

_POSITIONS: Final = {
    "supine_straight": "lying on the back, hip straight",
    "supine_90": "lying on the back, hip and knee at 90°",
    "prone": "lying face down",
    "seated": "seated",
    "seated_or_prone": "seated or lying face down",
    "standing": "standing",
    "floor": "seated on the floor",
    "any": "any position",
}

_LABELS: Final = {
    "hip_internal_rotation_true": "Internal rotation, true",
    "hip_internal_rotation_apparent": "Internal rotation, apparent",
    "hip_internal_rotation_of_hip": "Internal rotation at the end, pelvis taken out",
    "hip_internal_rotation_pelvis_share": "Pelvis' share of internal rotation",
    "hip_internal_rotation_pelvis_moved": "Pelvis moved, internal rotation",
    "hip_internal_rotation_pelvis_delay": "Pelvis starts after the hip, internal rotation",
    "hip_external_rotation_true": "External rotation, true",
    "hip_external_rotation_apparent": "External rotation, apparent",
    "hip_external_rotation_of_hip": "External rotation at the end, pelvis taken out",
    "hip_external_rotation_pelvis_share": "Pelvis' share of external rotation",
    "hip_external_rotation_pelvis_moved": "Pelvis moved, external rotation",
    "hip_external_rotation_pelvis_delay": "Pelvis starts after the hip, external rotation",
    "hip_flexion_pelvis_neutral": "Flexion, pelvis neutral",
    "hip_flexion_total": "Flexion, total",
    "hip_flexion_of_hip": "Flexion at the end, pelvis taken out",
    "hip_extension_pelvis_neutral": "Extension, pelvis neutral",
    "hip_extension_total": "Extension, total",
    "hip_extension_of_hip": "Extension at the end, pelvis taken out",
    "hip_flexion_pelvis_share": "Pelvis' share of flexion",
    "hip_flexion_pelvis_tilt": "Pelvis tilted, flexion",
    "hip_flexion_pelvis_twist": "Pelvis twisted, flexion",
    "hip_flexion_pelvis_list": "Pelvis listed, flexion",
    "hip_flexion_pelvis_delay": "Pelvis starts after the hip, flexion",
    "hip_extension_pelvis_share": "Pelvis' share of extension",
    "hip_extension_pelvis_tilt": "Pelvis tilted, extension",
    "hip_extension_pelvis_twist": "Pelvis twisted, extension",
    "hip_extension_pelvis_list": "Pelvis listed, extension",
    "hip_extension_pelvis_delay": "Pelvis starts after the hip, extension",
    "pain": "Pain told (0 to 10)",
}

_UNITS: Final = {"deg": "°", "1": "", "%": " %", "s": " s", "deg/s": " °/s"}


def measure_label(name: str, *, within: str = "") -> str:
    """Return the words of a measure; `within` is the test they stand under, left out."""
    if name in _LABELS:
        return _LABELS[name]
    stem = name.removeprefix(f"{within}_") if within else name
    return stem.replace("_", " ").capitalize()


def test_label(test: str, side: str | None) -> str:
    """Return the title of a test that comes with imuhip, with its side."""
    from imuhip.assessment.protocol import shipped_test

    title = shipped_test(test).title
    return f"{title}, {side}" if side else title


def position_words(position: str) -> str:
    """Return a position of `imuhip.assessment.protocol` in words."""
    return _POSITIONS.get(position, position.replace("_", " "))


def plain_number(value: float | None, unit: str, *, signed: bool = False) -> str:
    """Return a value with its unit and the digits that unit is told with; a dash for nothing."""
    if value is None or not np.isfinite(value):
        return "–"
    digits = 2 if unit in ("1", "s") else 1
    text = degrees(value, digits).removesuffix("°")
    plus = "+" if signed and not text.startswith("−") and float(text) != 0.0 else ""
    return f"{plus}{text}{_UNITS[unit]}"


def amount(measure: Measure) -> str:
    """Return ``16.6° ± 0.9°``, with ``± ?`` where nothing is known of its uncertainty."""
    if not np.isfinite(measure.value):
        return "not measured"
    if measure.name == "pain":
        return f"{measure.value:.0f}"
    spread = plain_number(measure.sd, measure.unit) if np.isfinite(measure.sd) else "?"
    return f"{plain_number(measure.value, measure.unit)} ± {spread}"


def limits_of(norm: Norm) -> str:
    """Return what a norm says, without whose it is: limits of a rule, or how a group did."""
    if norm.normal_from is not None:
        to = f" to {norm.normal_to:g}°" if norm.normal_to is not None else "° or more"
        text = f"normal {norm.normal_from:g}{to}"
        limited = norm.limited_to
        return text if limited is None else f"{text}, limited at {limited:g}° or less"
    if norm.mean is not None:
        return f"mean {norm.mean:g}°" + (f" ± {norm.sd:g}° (SD)" if norm.sd else "")
    return f"means {norm.low:g} to {norm.high:g}°"
