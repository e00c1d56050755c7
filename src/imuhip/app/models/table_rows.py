"""Tables of review and retest, row by row and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imuhip.app.models import wording
from imuhip.app.models import wording_review as words
from imuhip.app.models.session_file import SessionFile, norm_source, norm_text, stride_lines
from imuhip.app.models.wording_texts import said
from imuhip.assessment.change import Change, of_several_tests
from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import shipped_test
from imuhip.assessment.trial import TrialResult

__all__ = ["TableRow", "change_rows", "measured", "review_rows", "trial_title"]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row.

    Parameters
    ----------
    cells : tuple of str
        One text over all columns where there is only one: a heading, or a note.
    kind : {"heading", "note", "row"}
    hint : str
        What stands behind it, such as the source of a norm.
    """

    cells: tuple[str, ...]
    kind: str = "row"
    hint: str = ""


def trial_title(trial: TrialResult) -> str:
    """Return a performed test in words."""
    return wording.sided(said(shipped_test(trial.test).title), trial.side)


def measured(measure: Measure) -> str:
    """Return a measure with its uncertainty."""
    if not math.isfinite(measure.value):
        return wording.NOT_MEASURED
    value = wording.amount(measure.value, measure.unit, fine=True)
    return f"{value} {wording.spread(measure.sd, measure.unit, fine=True)}"


def review_rows(session: SessionFile, profile: str) -> list[TableRow]:
    """Return what a session gave: each test, its gait, its pain.

    Parameters
    ----------
    session : SessionFile
    profile : str
        Whose norms stand beside.
    """
    rows: list[TableRow] = []
    for trial in session.assessment.trials:
        n = sum(len(found) for found in trial.repetitions.values())
        at = wording.duration(trial.start_s)
        rows.append(
            TableRow((words.TRIAL.format(title=trial_title(trial), n=n, at=at),), "heading")
        )
        rows += [TableRow((f"▲ {said(note)}",), "note") for note in trial.notes]
        for measure in trial.measures:
            views = session.norms[profile].get(measure.key, ())
            rows.append(_row(measure, norm_text(views), norm_source(views)))
    if session.analysis is not None and session.gait:
        rows.append(TableRow((wording.WALK_TITLE,), "heading"))
        rows += [TableRow((line,), "note") for line in stride_lines(session.analysis)]
        rows += [_row(measure, "", "") for measure in session.gait]
    elif session.no_gait:
        rows.append(TableRow((f"{wording.WALK_TITLE}: {session.no_gait}",), "heading"))
    if session.pain:
        rows.append(TableRow((wording.PAIN,), "heading"))
    for beside in session.pain:
        pain = beside.pain
        during = wording.words(beside.test) if beside.test else wording.NO_TEST
        text = (words.PAIN_IN if beside.repetition else words.PAIN).format(
            score=pain.score,
            side=wording.SIDE_NAMES[pain.side],
            at=wording.duration(pain.at_s),
            during=during,
            n=beside.repetition,
        )
        rows.append(TableRow((text,), "note"))
    return rows


def _row(measure: Measure, norm: str, source: str) -> TableRow:
    label = wording.sided(wording.words(measure.name), measure.side)
    return TableRow(
        (label, measured(measure), str(measure.n), norm, said(measure.note)), hint=source
    )


def change_rows(changes: tuple[Change, ...]) -> list[TableRow]:
    """Return before and after of every measure, with the limit and the verdict."""
    rows = []
    several = of_several_tests(changes)
    for change in changes:
        unit = change.before.unit
        delta = limit = wording.UNKNOWN
        if math.isfinite(change.delta):
            delta = wording.amount(change.delta, unit, fine=True)
            grown = change.delta > 0 and any(digit in delta for digit in "123456789")
            delta = f"+{delta}" if grown else delta
        if change.limit is not None:
            limit = wording.amount(change.limit.mdc95, unit, fine=True)
        label = wording.sided(wording.words(change.before.name), change.before.side)
        if change.before.name in several:
            label += f" ({wording.words(change.before.test)})"
        source = "" if change.limit is None else f"{change.limit.kind}: {change.limit.source}"
        rows.append(
            TableRow(
                (
                    label,
                    measured(change.before),
                    measured(change.after),
                    delta,
                    limit,
                    wording.VERDICTS[change.verdict],
                ),
                hint=". ".join(text for text in (change.reason, source) if text),
            )
        )
    return rows
