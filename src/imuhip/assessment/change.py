"""Before and after: when a difference is more than measuring twice gives by itself.

A change is called one only beyond the minimal detectable change (95 %) of that measure, and there
are two of those: with the straps left on, and with the sensors put on anew. The clinic's own limits
go first, then published ones, then those of simulated people, which hold what sensors, placement
and algorithms contribute but no person's day. "No detectable change" is an answer like any other.

References
----------
Weir 2005, doi:10.1519/15184.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import numpy as np

from imuhip import resources
from imuhip.assessment.measures import Measure, Unit
from imuhip.assessment.reliability import Reliability
from imuhip.calibration.toml_file import checked_converter, read_structured

__all__ = [
    "Change",
    "ChangeLimit",
    "Strapping",
    "Verdict",
    "best_limit",
    "clinic_limit",
    "find_changes",
    "limits_text",
    "of_several_tests",
    "read_limits",
    "shipped_limits",
]

Strapping = Literal["same", "again"]
"""Whether the sensors stayed on the body between the two, or were put on again."""

Verdict = Literal["changed", "no detectable change", "no limit known", "not comparable"]

_HINT = "Correct the file; calibration/references/README.md explains each entry."
_BEST_FIRST: Final = ("clinic", "published", "simulated")


@attrs.frozen
class ChangeLimit:
    """The least change of one measure that is more than measuring it twice.

    Parameters
    ----------
    measure : str
    strapping : {"same", "again"}
    mdc95 : float
        In `unit`.
    unit : {"deg", "s", "1", "%", "deg/s"}
    kind : {"clinic", "published", "simulated"}
        Whose people it was found on.
    n : int
        How many.
    source : str
        Where it is written, or the command that prints it.
    doi, note : str
    test : str
        Which test it speaks of; empty for any that gives this measure.
    """

    measure: str
    strapping: Strapping
    mdc95: float = attrs.field(validator=attrs.validators.gt(0.0))
    unit: Unit
    kind: Literal["clinic", "published", "simulated"]
    n: int
    source: str
    doi: str = ""
    note: str = ""
    test: str = ""


@attrs.frozen
class _Limits:
    limits: tuple[ChangeLimit, ...]


@attrs.frozen
class Change:
    """One measure before and after.

    Parameters
    ----------
    before, after : Measure
    delta : float
        After less before, in the measures' unit; NaN where they cannot be compared.
    verdict : str
        ``"changed"``, ``"no detectable change"``, ``"no limit known"`` or ``"not comparable"``.
    limit : ChangeLimit or None
        What it was held against.
    reason : str
        Why it cannot be compared, or what makes the limit weak.
    """

    before: Measure
    after: Measure
    delta: float
    verdict: Verdict
    limit: ChangeLimit | None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "name": self.before.name,
            "test": self.before.test,
            "side": self.before.side,
            "unit": self.before.unit,
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "delta": float(self.delta) if np.isfinite(self.delta) else None,
            "verdict": self.verdict,
            "limit": attrs.asdict(self.limit) if self.limit else None,
            "reason": self.reason,
        }


def find_changes(
    before: Sequence[Measure],
    after: Sequence[Measure],
    limits: Sequence[ChangeLimit],
    strapping: Strapping,
) -> tuple[Change, ...]:
    """Return what became of every measure that both have of one test, in the order of `before`.

    Parameters
    ----------
    before, after : sequence of Measure
    limits : sequence of ChangeLimit
        Of any kind and both strappings; the best one for each measure is taken.
    strapping : {"same", "again"}
    """
    later = {measure.key: measure for measure in after}
    return tuple(
        _judged(measure, later[measure.key], limits, strapping)
        for measure in before
        if measure.key in later
    )


def of_several_tests(changes: Sequence[Change]) -> frozenset[str]:
    """Return the names of measures that more than one test gives: readers need its name too."""
    given = {(change.before.name, change.before.test) for change in changes}
    names = [name for name, _ in given]
    return frozenset(name for name in names if names.count(name) > 1)


def _judged(
    before: Measure, after: Measure, limits: Sequence[ChangeLimit], strapping: Strapping
) -> Change:
    for measure, when in ((before, "before"), (after, "after")):
        if not np.isfinite(measure.value):
            why = measure.note or "not measured"
            return Change(before, after, np.nan, "not comparable", None, f"{when}: {why}")
    if before.unit != after.unit:
        reason = f"{before.unit} before and {after.unit} after"
        return Change(before, after, np.nan, "not comparable", None, reason)
    delta = float(after.value - before.value)
    limit = best_limit(before, limits, strapping)
    if limit is None:
        reason = "measure several people twice and let the program find this clinic's own limit"
        return Change(before, after, delta, "no limit known", None, reason)
    verdict: Verdict = "changed" if abs(delta) > limit.mdc95 else "no detectable change"
    reason = ""
    if limit.kind == "simulated":
        reason = "limit of simulated people: a person's own day comes on top"
    return Change(before, after, delta, verdict, limit, reason)


def best_limit(
    measure: Measure, limits: Sequence[ChangeLimit], strapping: Strapping
) -> ChangeLimit | None:
    """Return the limit that goes first for a measure: the clinic's, a published, a simulated.

    Of one kind, that of the measure's own test goes before one for any test.
    """
    fitting = [
        limit
        for limit in limits
        if (limit.measure, limit.strapping, limit.unit) == (measure.name, strapping, measure.unit)
        and limit.test in ("", measure.test)
    ]
    return min(fitting, key=lambda one: (_BEST_FIRST.index(one.kind), not one.test), default=None)


def clinic_limit(
    measure: str,
    unit: Unit,
    strapping: Strapping,
    reliability: Reliability,
    source: str,
    test: str = "",
) -> ChangeLimit:
    """Return the limit a clinic found by its own repeats.

    Parameters
    ----------
    measure : str
    unit : str
    strapping : {"same", "again"}
        Whether the sensors stayed on between those repeats.
    reliability : Reliability
    source : str
        Who measured whom, and when.
    test : str
        Which test gave it.
    """
    return ChangeLimit(
        measure, strapping, reliability.mdc95, unit, "clinic", reliability.n_people, source,
        note=f"95 % interval {reliability.mdc95_low:.2g} to {reliability.mdc95_high:.2g} {unit}, "
        f"{reliability.n_occasions} occasions, ICC {reliability.icc:.2f} "
        f"({reliability.icc_low:.2f} to {reliability.icc_high:.2f})",
        test=test,
    )  # fmt: skip


def read_limits(path: Path) -> tuple[ChangeLimit, ...]:
    """Read a file of limits.

    Raises
    ------
    ConfigError
        When it cannot be read; the message lists every problem with its place.
    """
    return read_structured(path, _Limits, checked_converter(), _HINT).limits


@cache
def shipped_limits() -> tuple[ChangeLimit, ...]:
    """Return the limits that come with imuhip."""
    return read_limits(resources.folder("calibration") / "references" / "change.toml")


def limits_text(limits: Sequence[ChangeLimit]) -> str:
    """Return limits as the text of a file that `read_limits` reads."""
    blocks = []
    for limit in limits:
        lines = ["[[limits]]"]
        for name, value in attrs.asdict(limit).items():
            if isinstance(value, str) and value:
                plain = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
                lines.append(f'{name} = "{plain}"')
            elif not isinstance(value, str):
                lines.append(f"{name} = {value:.4g}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"
