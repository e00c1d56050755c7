"""The tests on the page: one table a test, its sides beside each other, each with its norms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imuhip.analysis.assess import Assessment
from imuhip.assessment.norms import shipped_norms
from imuhip.assessment.protocol import shipped_test
from imuhip.report.numbers import degrees
from imuhip.report.strips import Strip, repetition_strip
from imuhip.report.wording import STANDINGS, amount, limits_of, measure_label, position_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from imuhip.assessment.measures import Measure
    from imuhip.assessment.norms import Norm, NormView
    from imuhip.assessment.pain import PainBeside
    from imuhip.assessment.trial import TrialResult
    from imuhip.core.segments import Side

__all__ = ["NormChoice", "TestTable", "Verdict", "standings", "test_tables", "verdicts", "views_of"]


@dataclass(frozen=True, slots=True)
class NormChoice:
    """Whose norms are shown, and of whom.

    Parameters
    ----------
    profiles : tuple of str
        ``"clinic"``, ``"measured"``, or both.
    sex : {"female", "male", "any"}
    age : int, optional
        Years.
    mode : {"passive", "active", "any"}
        How the tests were done; ``"any"`` where nobody said.
    """

    profiles: tuple[str, ...] = ("clinic", "measured")
    sex: str = "any"
    age: int | None = None
    mode: str = "any"

    @property
    def titles(self) -> list[tuple[str, str]]:
        """Return title and description of each profile.

        Raises
        ------
        ConfigError
            For an unknown one.
        """
        found = [shipped_norms().profile(name) for name in self.profiles]
        return [(one.title, one.about) for one in found]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a measure stands beside one norm: a shape, and words that say the same."""

    shape: str
    words: str
    profile: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A measure of one side."""

    value: str
    n: int
    strip: Strip | None
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of all sides; None where a side does not have it."""

    label: str
    note: str
    leading: bool
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class TestTable:
    """One test, done on one side or on both."""

    title: str
    position: str
    mode: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    norms: tuple[tuple[str, str], ...]
    no_norms: tuple[str, ...]
    notes: tuple[str, ...]


def test_tables(
    assessment: Assessment, choice: NormChoice, said: Sequence[PainBeside] = ()
) -> list[TestTable]:
    """Return the tests in order of time; a test done again has a table of its own.

    Parameters
    ----------
    assessment : Assessment
    choice : NormChoice
    said : sequence of PainBeside
        Drawn beside the repetitions it was told after.

    Raises
    ------
    ConfigError
        For an unknown profile of norms.
    """
    return [_table(trials, choice, said) for trials in _together(assessment.trials)]


def verdicts(views: Sequence[NormView], measure: Measure) -> tuple[Verdict, ...]:
    """Return where a measure stands beside each norm."""
    return tuple(_verdict(view, measure) for view in views)


def views_of(trial: TrialResult, choice: NormChoice) -> dict[str, tuple[NormView, ...]]:
    """Return the norms of each measure of one trial, all profiles after each other."""
    person: dict[str, Any] = {"sex": choice.sex, "age": choice.age, "mode": choice.mode}
    alone = Assessment((trial,))
    found: dict[str, tuple[NormView, ...]] = {}
    for profile in choice.profiles:
        for (_, name, _), views in alone.norms(profile, **person).items():
            found[name] = (*found.get(name, ()), *views)
    return found


def standings(
    assessment: Assessment, choice: NormChoice
) -> dict[tuple[str, Side], tuple[Verdict, ...]]:
    """Return where each measure of a side stands; of a test done twice, the last time."""
    return {
        (measure.name, trial.side): verdicts(views_of(trial, choice).get(measure.name, ()), measure)
        for trial in assessment.trials
        if trial.side is not None
        for measure in trial.measures
    }


def _together(trials: Sequence[TrialResult]) -> Iterator[list[TrialResult]]:
    """Yield the sides of one test that were done one after the other, each side once."""
    group: dict[tuple[str, int], list[TrialResult]] = {}
    times: dict[tuple[str, str | None], int] = {}
    for trial in trials:
        key = (trial.test, trial.side)
        times[key] = times.get(key, 0) + 1
        group.setdefault((trial.test, times[key]), []).append(trial)
    for found in group.values():
        yield sorted(found, key=lambda trial: trial.side or "")


def _table(trials: list[TrialResult], choice: NormChoice, said: Sequence[PainBeside]) -> TestTable:
    test = shipped_test(trials[0].test)
    views = [views_of(trial, choice) for trial in trials]
    names = dict.fromkeys(m.name for trial in trials for m in trial.measures)
    normed = {name: found for one in views for name, found in one.items()}
    rows = tuple(_row(name, trials, views, said) for name in names)
    norms = {
        (whose, text): None
        for name, found in normed.items()
        for whose, text in (_norm_line(name, view.norm) for view in found)
    }
    silent = [
        shipped_norms().profile(profile).title
        for profile in choice.profiles
        if normed and not any(v.norm.profile == profile for found in normed.values() for v in found)
    ]
    return TestTable(
        title=test.title,
        position=position_words(test.position),
        mode="passive or active not recorded" if choice.mode == "any" else choice.mode,
        columns=tuple(_column(trial) for trial in trials),
        rows=rows,
        norms=tuple(norms),
        no_norms=tuple(silent),
        notes=tuple(_notes(trials)),
    )


def _column(trial: TrialResult) -> str:
    count = sum(len(found) for found in trial.repetitions.values())
    named = (trial.side or "both sides").capitalize()
    return f"{named}: {count} repetitions, at {trial.start_s:.0f} s"


def _notes(trials: Sequence[TrialResult]) -> Iterator[str]:
    shared = {note for note in trials[0].notes if all(note in one.notes for one in trials)}
    yield from (note for note in trials[0].notes if note in shared)
    for trial in trials:
        for note in trial.notes:
            if note not in shared:
                yield f"{trial.side.capitalize()}: {note}" if trial.side else note


def _row(
    name: str,
    trials: Sequence[TrialResult],
    views: Sequence[Mapping[str, tuple[NormView, ...]]],
    said: Sequence[PainBeside],
) -> Row:
    cells: list[Cell | None] = []
    notes: dict[str, None] = {}
    for trial, known in zip(trials, views, strict=True):
        measure = next((m for m in trial.measures if m.name == name), None)
        if measure is None:
            cells.append(None)
            continue
        if measure.note:
            notes[measure.note] = None
        strip = repetition_strip(measure, _pain_of(trial, measure, said))
        cells.append(
            Cell(amount(measure), measure.n, strip, verdicts(known.get(name, ()), measure))
        )
    label = measure_label(name, within=trials[0].test)
    leading = any(cell is not None and cell.verdicts for cell in cells)
    return Row(label, "; ".join(notes), leading, tuple(cells))


def _pain_of(trial: TrialResult, measure: Measure, said: Sequence[PainBeside]) -> dict[int, int]:
    """Return the greatest pain told of each repetition this measure has a value of."""
    name = f"{trial.test}_{trial.side}" if trial.side else trial.test
    ordered = sorted(
        (one.end_s, direction, k)
        for direction, found in trial.repetitions.items()
        for k, one in enumerate(found)
    )
    scores: dict[int, int] = {}
    for one in said:
        at_s = one.pain.at_s
        if one.test != name or not one.repetition or not trial.start_s <= at_s:
            continue
        if one.repetition > len(ordered) or measure.name not in one.values:
            continue
        _, _, k = ordered[one.repetition - 1]
        scores[k] = max(one.pain.score, scores.get(k, 0))
    return scores


def _verdict(view: NormView, measure: Measure) -> Verdict:
    norm = view.norm
    if view.standing in STANDINGS:
        shape, words = STANDINGS[view.standing]
        return Verdict(shape, words, norm.profile)
    if norm.mean is None:
        return Verdict(
            "○", f"beside {limits_of(norm)} of {norm.population}, {norm.source}", norm.profile
        )
    away = f"{degrees(abs(measure.value - norm.mean))} {_way(measure.value - norm.mean)}"
    if view.z is not None:
        away += f" (z = {view.z:+.1f})".replace("-", "−")
    return Verdict("○", f"{away} the mean of {norm.population}, {norm.source}", norm.profile)


def _way(difference: float) -> str:
    return "above" if difference > 0.0 else "below"


def _norm_line(name: str, norm: Norm) -> tuple[str, str]:
    """Return whose norm it is, and all that is known of it."""
    who = [norm.population]
    if norm.sex != "any":
        who.append(norm.sex)
    if norm.ages is not None:
        who.append(f"{norm.ages[0]} to {norm.ages[1]} years")
    if norm.n is not None:
        who.append(f"n = {norm.n}")
    what = measure_label(name).split(",")[0]
    how = "" if norm.mode == "any" else f", {norm.mode}"
    where = f"{position_words(norm.position)}{how}"
    source = f"{norm.source}{f', doi:{norm.doi}' if norm.doi else ''}"
    text = f"{what}: {limits_of(norm)}; {where}; {', '.join(who)}"
    text += f" [{source}; evidence {norm.evidence}]"
    if norm.note:
        text += f". {norm.note[0].upper()}{norm.note[1:]}"
    return shipped_norms().profile(norm.profile).title, text
