"""Before and after on the page: each change, the limit it was held against, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from imuhip.assessment.change import of_several_tests
from imuhip.report.wording import amount, measure_label, plain_number, test_label

if TYPE_CHECKING:
    from imuhip.analysis.compare import Comparison
    from imuhip.assessment.change import Change

__all__ = [
    "SHAPES", "ChangeGroup", "ChangeRow", "change_groups", "delta_text", "limit_lines",
    "limit_text",
]  # fmt: skip

SHAPES: Final = {
    "changed": "◆",
    "no detectable change": "=",
    "no limit known": "?",
    "not comparable": "–",
}
_GROUPS: Final = (
    ("Walking", "walk_"),
    ("Running", "run_"),
    ("Pain", "pain"),
    ("Tests", ""),
)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One measure of one side."""

    label: str
    side: str
    before: str
    n_before: int
    after: str
    n_after: int
    delta: str
    limit: str
    shape: str
    verdict: str


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Tests, walking, running or pain."""

    title: str
    rows: tuple[ChangeRow, ...]


def change_groups(found: Comparison) -> list[ChangeGroup]:
    """Return all measures both sessions have; tests first, in the order of before."""
    rows: dict[str, list[ChangeRow]] = {title: [] for title, _ in (_GROUPS[-1], *_GROUPS[:-1])}
    several = of_several_tests(found.changes)
    for change in found.changes:
        name = change.before.name
        title, prefix = next(one for one in _GROUPS if name.startswith(one[1]))
        label = measure_label(name.removeprefix(prefix) if prefix[-1:] == "_" else name)
        if name in several:
            label += f" ({test_label(change.before.test, None)})"
        rows[title].append(_row(change, label))
    return [ChangeGroup(title, tuple(found)) for title, found in rows.items() if found]


def _row(change: Change, label: str) -> ChangeRow:
    before, after = change.before, change.after
    return ChangeRow(
        label=label,
        side=before.side or "–",
        before=amount(before),
        n_before=before.n,
        after=amount(after),
        n_after=after.n,
        delta=delta_text(change),
        limit=limit_text(change),
        shape=SHAPES[change.verdict],
        verdict=change.verdict,
    )


def delta_text(change: Change) -> str:
    """Return by how much a measure changed, with its sign."""
    if change.before.name == "pain":
        return f"{change.delta:+.0f}".replace("-", "−")
    return plain_number(change.delta, change.before.unit, signed=True)


def limit_text(change: Change) -> str:
    """Return the limit a change was held against, whose it is, and of how many people."""
    limit = change.limit
    if limit is None:
        return "none known"
    return f"{plain_number(limit.mdc95, limit.unit)} ({limit.kind}, n = {limit.n})"


def limit_lines(found: Comparison) -> list[str]:
    """Return where the limits come from, each source once, and what makes them weak."""
    told: dict[str, None] = {}
    for change in found.changes:
        if change.limit is not None:
            doi = f", doi:{change.limit.doi}" if change.limit.doi else ""
            note = f"; {change.limit.note}" if change.limit.note else ""
            told[f"{change.limit.kind}: {change.limit.source}{doi}{note}"] = None
    reasons = dict.fromkeys(c.reason for c in found.changes if c.reason)
    return [*told, *reasons]
