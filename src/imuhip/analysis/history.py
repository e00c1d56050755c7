"""One person over many sessions: what was exercised, how much, and where the measures went.

A drill's dose is its repetitions and minutes; beside it stand the measures of every session with
their change since the first. One person, no control: a trend here proves nothing about a drill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from imuhip.analysis.compare import Measured, measured
from imuhip.assessment.change import Change, ChangeLimit, find_changes, shipped_limits
from imuhip.assessment.measures import Measure, MeasureKey
from imuhip.assessment.pain import Pain, find_pain
from imuhip.assessment.trial import TrialResult
from imuhip.errors import AnalysisError

if TYPE_CHECKING:
    from imuhip.recording.session import Recording

__all__ = ["Dose", "History", "Session", "find_history"]


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of one test or drill was done in one session."""

    test: str
    side: str | None
    repetitions: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Session:
    """One recording of the person.

    Parameters
    ----------
    start_time : datetime or None
    doses : tuple of Dose
    measures : tuple of Measure
    changes : tuple of Change
        Since the first session that has the measure; empty in that one.
    pain : tuple of Pain
    """

    start_time: datetime | None
    doses: tuple[Dose, ...]
    measures: tuple[Measure, ...]
    changes: tuple[Change, ...]
    pain: tuple[Pain, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All sessions of one person, in order of time."""

    subject: str
    sessions: tuple[Session, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON-safe values."""
        from dataclasses import asdict

        return {
            "subject": self.subject,
            "sessions": [
                {
                    "start_time": one.start_time.isoformat() if one.start_time else None,
                    "doses": [asdict(dose) for dose in one.doses],
                    "measures": [measure.as_dict() for measure in one.measures],
                    "changes": [change.as_dict() for change in one.changes],
                    "pain": [asdict(pain) for pain in one.pain],
                }
                for one in self.sessions
            ],
        }


def find_history(
    recordings: Sequence[Recording],
    limits: Sequence[ChangeLimit] | None = None,
    measure: Callable[[Recording], Measured] = measured,
) -> History:
    """Measure all sessions of one person.

    Parameters
    ----------
    recordings : sequence of Recording
        Of one subject; sorted here by their start.
    limits : sequence of ChangeLimit, optional
        The shipped ones without it.
    measure : callable
        Returns all measures of a recording; by default with the settings of `imuhip.analyze`.

    Raises
    ------
    AnalysisError
        When there is none, or they are of several people.
    """
    subjects = sorted({one.subject or "" for one in recordings})
    if len(subjects) != 1:
        raise AnalysisError(
            f"recordings of {len(subjects)} people: {', '.join(s or '(none)' for s in subjects)}"
            if subjects
            else "no recording",
            hint="Give the recordings of one person; each carries its code as subject.",
            code="E642",
        )
    limits = shipped_limits() if limits is None else limits
    ordered = sorted(
        recordings, key=lambda one: one.start_time.timestamp() if one.start_time else 0.0
    )
    first: dict[MeasureKey, Measure] = {}
    sessions = []
    for one in ordered:
        found = measure(one)
        changes = find_changes(tuple(first.values()), found.measures, limits, "again")
        first = {m.key: m for m in found.measures} | first
        sessions.append(
            Session(one.start_time, _doses(found.trials), found.measures, changes,
                    find_pain(one.markers))
        )  # fmt: skip
    return History(subjects[0], tuple(sessions))


def _doses(trials: Sequence[TrialResult]) -> tuple[Dose, ...]:
    return tuple(
        Dose(
            trial.test,
            trial.side,
            sum(len(found) for found in trial.repetitions.values()),
            (trial.end_s - trial.start_s) / 60.0,
        )
        for trial in trials
    )
