"""The three essential numbers, chosen by what the session holds.

A walk alone is told by its own three. With tests the first speaks of the hip on the plinth: true
internal rotation before pelvis-neutral flexion and extension before the rest; gait fills up with
the range of hip rotation and with what the pelvis does in stance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from imuhip.core.segments import SIDES, Side
from imuhip.report.numbers import LOW_CONFIDENCE_DEG, degrees, essentials, is_unusable
from imuhip.report.trials import NormChoice, Verdict, verdicts, views_of
from imuhip.report.wording import measure_label, plain_number, position_words, test_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.assessment.measures import Measure
    from imuhip.assessment.trial import TrialResult

__all__ = ["Tile", "TileReading", "is_doubtful", "main_gait", "session_tiles", "spoken"]

_FIRST: Final = (
    ("hip_internal_rotation_true", "What the hip turns inwards before the pelvis has moved by 5°."),
    ("hip_flexion_pelvis_neutral", "What the hip bends before the pelvis has tilted by 5°."),
    ("hip_extension_pelvis_neutral", "What the hip extends before the pelvis has tilted by 5°."),
    ("hinge_index", "The pelvis' tilt as a share of pelvis and thighs; 1 is all pelvis."),
)


@dataclass(frozen=True, slots=True)
class TileReading:
    """One number of the first row, ready to print."""

    label: str
    side: Side | None
    value: str
    spread: str
    how: str
    doubtful: bool
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Tile:
    """A question, its readings, and how to read them."""

    title: str
    explanation: str
    readings: tuple[TileReading, ...]


def session_tiles(
    analysis: Analysis | None, assessment: Assessment | None, choice: NormChoice
) -> list[Tile]:
    """Return the three tiles of a session.

    Parameters
    ----------
    analysis : Analysis, optional
        Of its gait.
    assessment : Assessment, optional
        Of its tests.
    choice : NormChoice
    """
    of_tests = [] if assessment is None else list(_test_tiles(assessment, choice))
    if not of_tests:
        return [] if analysis is None else _walk_tiles(analysis)
    of_gait = [] if analysis is None else list(_gait_tiles(analysis))
    chosen = [*of_tests[:1], *of_gait[:2]]
    return [*chosen, *of_tests[1:], *of_gait[2:]][:3]


def main_gait(analysis: Analysis) -> tuple[str, Mapping[str, Any]]:
    """Return ``"walk"`` or ``"run"``, whichever has more strides, and its record; else nothing."""
    gait = analysis.summary.get("gait", {})
    found = [(name, gait[name]) for name in ("walk", "run") if name in gait]
    return max(found, key=lambda one: one[1]["strides_used"], default=("", {}))


def spoken(tiles: list[Tile]) -> list[str]:
    """Return the tiles as sentences for a screen reader."""
    said = []
    for tile in tiles:
        for one in tile.readings:
            text = f"{tile.title}, {one.label}: {one.value}"
            text += f" {one.spread}" if one.spread else ""
            text += "".join(f", {v.words} by the {v.profile} norm" for v in one.verdicts)
            said.append(text + (", low confidence." if one.doubtful else "."))
    return said


def _walk_tiles(analysis: Analysis) -> list[Tile]:
    tiles = []
    for essential in essentials(analysis):
        readings = []
        for one in essential.readings:
            sigma = one.measurement_sd_deg
            how = f"n = {one.value.n}" + ("" if sigma is None else f"; 1σ ±{degrees(sigma)}")
            readings.append(
                TileReading(
                    label=one.label,
                    side=one.side,
                    value=degrees(one.value.mean) if one.value.known else "no usable strides",
                    spread="" if one.value.sd is None else f"± {degrees(one.value.sd)}",
                    how=how if one.value.known else "",
                    doubtful=one.low_confidence,
                )
            )
        tiles.append(Tile(essential.title, essential.explanation, tuple(readings)))
    return tiles


def _test_tiles(assessment: Assessment, choice: NormChoice) -> Iterator[Tile]:
    """Yield a tile for each test, the most asked first; of a test done twice, the last time."""
    last = {(trial.test, trial.side): trial for trial in assessment.trials}
    told: set[str] = set()
    for name, explanation in _FIRST:
        trials = [t for t in last.values() if any(_is_known(m, name) for m in t.measures)]
        tests = dict.fromkeys(trial.test for trial in trials)
        for test in tests:
            told.add(test)
            yield _test_tile(name, explanation, [t for t in trials if t.test == test], choice)
    for test in dict.fromkeys(trial.test for trial in last.values() if trial.test not in told):
        found = [t for t in last.values() if t.test == test and t.measures]
        if found:
            yield _test_tile(found[0].measures[0].name, "", found, choice)


def _is_known(measure: Measure, name: str) -> bool:
    return measure.name == name and bool(np.isfinite(measure.value))


def _test_tile(name: str, explanation: str, trials: list[TrialResult], choice: NormChoice) -> Tile:
    from imuhip.assessment.protocol import shipped_test

    readings = []
    for trial in sorted(trials, key=lambda one: one.side or ""):
        measure = next((m for m in trial.measures if m.name == name), None)
        if measure is None:
            continue
        told = views_of(trial, choice).get(name, ())
        readings.append(
            TileReading(
                label=(measure.side or "both sides").capitalize(),
                side=measure.side,
                value=plain_number(measure.value, measure.unit),
                spread=_spread(measure.sd, measure.unit),
                how=f"n = {measure.n} repetitions",
                doubtful=is_doubtful(measure.sd, measure.unit),
                verdicts=tuple(v for v in verdicts(told, measure) if v.shape != "○"),
            )
        )
    where = position_words(shipped_test(trials[0].test).position)
    title = measure_label(name, within=trials[0].test)
    title = f"{title}, {where}" if explanation else f"{test_label(trials[0].test, None)}: {title}"
    return Tile(title, explanation, tuple(readings))


def _gait_tiles(analysis: Analysis) -> Iterator[Tile]:
    gait, found = main_gait(analysis)
    doing = {"walk": "walking", "run": "running"}.get(gait, "gait")
    sides = [side for side in SIDES if side in found.get("sides", {})]
    for title, explanation, wanted in (
        (
            f"Hip rotation range, {doing}",
            "From most external to most internal, per stride. Skin under-reads the bone.",
            (("", "hip_rotation_range_deg"),),
        ),
        (
            f"Pelvis in stance, {doing}",
            "Drop: the other side below while this leg stands. Hike: this side above in swing.",
            ((" drop", "pelvis_drop_deg"), (" hike", "pelvis_hike_deg")),
        ),
        (
            f"Hip extension in late stance, {doing}",
            "Furthest before the foot leaves. Zero is the calibration pose.",
            (("", "hip_extension_peak_deg"),),
        ),
    ):
        readings = tuple(
            TileReading(
                label=f"{side.capitalize()}{word}",
                side=side,
                value=plain_number(one["mean"], "deg"),
                spread=_spread(one["uncertainty"], "deg"),
                how=f"n = {one['n']} strides",
                doubtful=is_doubtful(one["uncertainty"], "deg")
                or is_unusable(analysis.quality, name, side if name.startswith("hip") else None),
            )
            for side in sides
            for word, name in wanted
            for one in (found["sides"][side].get(name),)
            if one is not None and one["mean"] is not None
        )
        if readings:
            yield Tile(title, explanation, readings)


def _spread(sd: float | None, unit: str) -> str:
    return "± ?" if sd is None or not np.isfinite(sd) else f"± {plain_number(sd, unit)}"


def is_doubtful(sd: float | None, unit: str) -> bool:
    """Return whether a number is greyed: its one sigma is unknown or large."""
    if sd is None or not np.isfinite(sd):
        return True
    return unit == "deg" and sd > LOW_CONFIDENCE_DEG
