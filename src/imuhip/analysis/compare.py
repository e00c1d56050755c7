"""The public way to before and after: ``imuhip.compare(before, after)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imuhip.analysis.assess import Assessment, assess
from imuhip.assessment.change import (
    Change,
    ChangeLimit,
    Strapping,
    find_changes,
    shipped_limits,
)
from imuhip.errors import AnalysisError

if TYPE_CHECKING:
    import pandas as pd

    from imuhip.recording.session import Recording

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of every measure that two recordings share.

    Parameters
    ----------
    changes : tuple of Change
    strapping : {"same", "again"}
        Whether the sensors stayed on between the two.
    only_before, only_after : tuple of str
        Measures only one of them has.
    """

    changes: tuple[Change, ...]
    strapping: Strapping
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """Return one row per measure."""
        import pandas as pd

        rows = [
            {
                "name": change.before.name,
                "side": change.before.side,
                "before": change.before.value,
                "after": change.after.value,
                "delta": change.delta,
                "mdc95": change.limit.mdc95 if change.limit else float("nan"),
                "unit": change.before.unit,
                "verdict": change.verdict,
                "limit": change.limit.source if change.limit else "",
                "reason": change.reason,
            }
            for change in self.changes
        ]
        names = ["name", "side", "before", "after", "delta", "mdc95", "unit", "verdict", "limit"]
        return pd.DataFrame(rows, columns=[*names, "reason"])

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "strapping": self.strapping,
            "changes": [change.as_dict() for change in self.changes],
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
        }


def compare(
    before: Recording | Assessment,
    after: Recording | Assessment,
    *,
    strapping: Strapping = "again",
    limits: Sequence[ChangeLimit] | None = None,
) -> Comparison:
    """Compare two performances of the same tests.

    Parameters
    ----------
    before, after : Recording or Assessment
        Of one person.
    strapping : {"same", "again"}
        ``"same"`` only where no sensor was taken off between the two: its limits are narrower.
    limits : sequence of ChangeLimit, optional
        A clinic's own with the shipped ones behind; the shipped ones alone without it.

    Returns
    -------
    Comparison

    Raises
    ------
    AnalysisError
        When the two have no measure in common.
    """
    first, second = (x if isinstance(x, Assessment) else assess(x) for x in (before, after))
    limits = shipped_limits() if limits is None else limits
    changes = find_changes(first.measures, second.measures, limits, strapping)
    had, has = ({(m.name, m.side) for m in x.measures} for x in (first, second))
    if not changes:
        raise AnalysisError(
            f"nothing to compare: {_tests(first)} before, {_tests(second)} after",
            hint="Do the same test on the same side in both.",
            code="E630",
        )
    return Comparison(changes, strapping, _names(had - has), _names(has - had))


def _tests(found: Assessment) -> str:
    names = dict.fromkeys(f"{t.test}{'_' + t.side if t.side else ''}" for t in found.trials)
    return ", ".join(names) or "no test"


def _names(keys: set[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(f"{name}_{side}" if side else name for name, side in keys))
