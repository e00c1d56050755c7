"""The public way to before and after: ``imuhip.compare(before, after)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imuhip.analysis.assess import Assessment, assess
from imuhip.analysis.gait_measures import gait_measures
from imuhip.analysis.result import Analysis
from imuhip.analysis.trials import find_trials
from imuhip.assessment.change import (
    Change,
    ChangeLimit,
    Strapping,
    find_changes,
    shipped_limits,
)
from imuhip.assessment.measures import Measure
from imuhip.errors import AnalysisError, ImuhipError

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
    before: Recording | Assessment | Analysis,
    after: Recording | Assessment | Analysis,
    *,
    strapping: Strapping = "again",
    limits: Sequence[ChangeLimit] | None = None,
) -> Comparison:
    """Compare tests and gait of one person before and after.

    Parameters
    ----------
    before, after : Recording, Assessment or Analysis
        Of a recording its tests are measured where markers name some, and its gait where it walks.
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
    (first, told_first), (second, told_second) = measured(before), measured(after)
    limits = shipped_limits() if limits is None else limits
    changes = find_changes(first, second, limits, strapping)
    had, has = ({(m.name, m.side) for m in measures} for measures in (first, second))
    if not changes:
        raise AnalysisError(
            f"nothing to compare: {_told(first, told_first)} before, "
            f"{_told(second, told_second)} after",
            hint="Do the same test on the same side, or walk, in both.",
            code="E630",
        )
    return Comparison(changes, strapping, _names(had - has), _names(has - had))


def measured(found: Recording | Assessment | Analysis) -> tuple[tuple[Measure, ...], str]:
    """Return all measures of a session, and in words why there are none of its gait.

    Parameters
    ----------
    found : Recording, Assessment or Analysis
    """
    if isinstance(found, Assessment):
        return found.measures, ""
    if isinstance(found, Analysis):
        return gait_measures(found), ""
    from imuhip.analysis.analyze import analyze

    tests = assess(found).measures if find_trials(found.markers) else ()
    try:
        return (*tests, *gait_measures(analyze(found))), ""
    except ImuhipError as error:  # a session of tests need not hold a walk
        return tests, error.message


def _told(measures: Sequence[Measure], why: str) -> str:
    named = ", ".join(sorted({m.name for m in measures})) or "nothing measured"
    return f"{named} ({why})" if why else named


def _names(keys: set[tuple[str, Any]]) -> tuple[str, ...]:
    return tuple(sorted(f"{name}_{side}" if side else name for name, side in keys))
