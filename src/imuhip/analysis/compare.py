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
from imuhip.assessment.measures import Measure, MeasureKey
from imuhip.assessment.pain import find_pain, pain_measures
from imuhip.assessment.trial import TrialResult
from imuhip.errors import AnalysisError, ImuhipError

if TYPE_CHECKING:
    import pandas as pd

    from imuhip.recording.session import Recording

__all__ = ["Comparison", "Measured", "compare", "measured"]


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
                "test": change.before.test,
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
        names = ["test", "name", "side", "before", "after", "delta", "mdc95", "unit", "verdict"]
        return pd.DataFrame(rows, columns=[*names, "limit", "reason"])

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        return {
            "strapping": self.strapping,
            "changes": [change.as_dict() for change in self.changes],
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
        }


def compare(
    before: Recording | Assessment | Analysis | Measured,
    after: Recording | Assessment | Analysis | Measured,
    *,
    strapping: Strapping = "again",
    limits: Sequence[ChangeLimit] | None = None,
) -> Comparison:
    """Compare tests and gait of one person before and after.

    Parameters
    ----------
    before, after : Recording, Assessment, Analysis or Measured
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
    one, other = measured(before), measured(after)
    first, second = one.measures, other.measures
    limits = shipped_limits() if limits is None else limits
    changes = find_changes(first, second, limits, strapping)
    had, has = ({m.key for m in measures} for measures in (first, second))
    if not changes:
        raise AnalysisError(
            f"nothing to compare: {_told(one)} before, {_told(other)} after",
            hint="Do the same test on the same side, or walk, in both.",
            code="E630",
        )
    return Comparison(changes, strapping, _names(had - has), _names(has - had))


@dataclass(frozen=True, slots=True)
class Measured:
    """All measures of a session, its trials, and in words why there is nothing of its gait."""

    measures: tuple[Measure, ...]
    trials: tuple[TrialResult, ...] = ()
    no_gait: str = ""


def measured(found: Recording | Assessment | Analysis | Measured) -> Measured:
    """Return all measures of a session.

    Parameters
    ----------
    found : Recording, Assessment, Analysis or Measured
        Measured is given back as it is. Of a recording the tests are measured where markers name
        some, the gait where there is any, and pain where it was told.
    """
    if isinstance(found, Measured):
        return found
    if isinstance(found, Assessment):
        return Measured(found.measures, found.trials)
    if isinstance(found, Analysis):
        return Measured(gait_measures(found))
    from imuhip.analysis.analyze import analyze

    tests = assess(found) if find_trials(found.markers) else Assessment(())
    said = pain_measures(find_pain(found.markers))
    try:
        gait, why = gait_measures(analyze(found)), ""
    except ImuhipError as error:  # a session of tests need not hold a walk
        gait, why = (), error.message
    return Measured((*tests.measures, *gait, *said), tests.trials, why)


def _told(found: Measured) -> str:
    named = ", ".join(sorted({m.name for m in found.measures})) or "nothing measured"
    return f"{named} ({found.no_gait})" if found.no_gait else named


def _names(keys: set[MeasureKey]) -> tuple[str, ...]:
    named = (f"{name}_{side}" if side else name for _, name, side in keys)
    tests = (f" ({test})" if test else "" for test, _, _ in keys)
    return tuple(sorted(name + test for name, test in zip(named, tests, strict=True)))
