"""The step of retest: the session under review against an earlier performance."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path

from imuhip.app.models import wording
from imuhip.app.models.guidance import Guidance
from imuhip.app.models.review_model import ReviewModel
from imuhip.app.models.session_file import SessionFile, read_session
from imuhip.app.models.table_rows import TableRow, change_rows, trial_title
from imuhip.app.models.worker import told
from imuhip.assessment.change import Strapping, find_changes, shipped_limits
from imuhip.assessment.trial import TrialResult

__all__ = ["Earlier", "RetestModel"]

_MOST_FILES = 40


@dataclass(frozen=True)
class Earlier:
    """What the present is held against: two performances of one session, or another file."""

    title: str
    trials: tuple[TrialResult, TrialResult] | None = None
    path: Path | None = None


class RetestModel:
    """Lists earlier performances and compares with the chosen one.

    Parameters
    ----------
    review : ReviewModel
        Whose session is the later one.
    worker : Executor
        Reads earlier files.
    """

    def __init__(self, review: ReviewModel, worker: Executor) -> None:
        self.choices: list[Earlier] = []
        self.chosen: Earlier | None = None
        self.strapping: Strapping = "again"
        self._review = review
        self._worker = worker
        self._of: SessionFile | None = None
        self._read: dict[Path, SessionFile] = {}
        self._errors: dict[Path, tuple[str, str]] = {}
        self._reading: tuple[Path, Future[SessionFile]] | None = None

    @property
    def error(self) -> tuple[str, str]:
        """Return why the chosen file cannot be read, and what to do; empty when it can."""
        path = None if self.chosen is None else self.chosen.path
        return ("", "") if path is None else self._errors.get(path, ("", ""))

    @property
    def is_busy(self) -> bool:
        """Return whether a file is being read."""
        return self._reading is not None or self._review.is_busy

    @property
    def rows(self) -> list[TableRow]:
        """Return before and after."""
        after, chosen = self._of, self.chosen
        if after is None or chosen is None:
            return []
        if chosen.trials is not None:
            measures = chosen.trials[0].measures, chosen.trials[1].measures
        elif chosen.path in self._read:
            measures = self._read[chosen.path].measures, after.measures
        else:
            return []
        return change_rows(find_changes(*measures, shipped_limits(), self.strapping))

    @property
    def other_person(self) -> str:
        """Return a warning where the two files name different people; empty otherwise."""
        if self._of is None or self.chosen is None or self.chosen.path not in self._read:
            return ""
        before = self._read[self.chosen.path].recording.subject
        after = self._of.recording.subject
        if before == after:
            return ""
        unknown = wording.NOT_KNOWN
        return f"{wording.OTHER_PERSON}: {before or unknown}, {after or unknown}"

    @property
    def guidance(self) -> Guidance:
        """Return what to do next."""
        if self._of is None:
            return self._review.guidance
        if self._reading is not None:
            return Guidance(wording.REVIEW_READING, self.chosen.title if self.chosen else "")
        if self.error[0]:
            return Guidance(*self.error, "alarm")
        if not self.choices:
            return Guidance(wording.RETEST_NOTHING, wording.RETEST_NOTHING_HINT)
        detail = f"{wording.STRAPPINGS[self.strapping]} {wording.RETEST_KEYS}"
        if self.other_person:
            return Guidance(self.other_person, detail, "alarm")
        if self.chosen is not None and not self.rows:
            return Guidance(wording.RETEST_NO_COMMON, wording.RETEST_NO_COMMON_HINT)
        return Guidance(wording.RETEST_TITLE, detail, "well")

    def choose(self, index: int) -> None:
        """Choose one of `choices`."""
        if not 0 <= index < len(self.choices) or self.choices[index] is self.chosen:
            return
        self.chosen = self.choices[index]
        self.strapping = "same" if self.chosen.trials is not None else "again"

    def turn_strapping(self) -> None:
        """Say that the sensors stayed on between the two, or that they did not."""
        self.strapping = "again" if self.strapping == "same" else "same"

    def pull(self, *, shown: bool) -> None:
        """Follow the review, and learn what the worker read."""
        if self._reading is not None and self._reading[1].done():
            path, reading = self._reading
            error = reading.exception()
            if error is None:
                self._read = {path: reading.result()}
            else:
                self._errors[path] = told(error)
            self._reading = None
        if not shown:
            return
        if self._review.session is not self._of:
            self._of = self._review.session
            self.choices = [] if self._of is None else _earlier(self._of)
            self.chosen = None
            self.choose(0)
        wanted = None if self.chosen is None else self.chosen.path
        known = wanted is None or wanted in self._read or wanted in self._errors
        if wanted is not None and not known and self._reading is None:
            self._reading = (wanted, self._worker.submit(read_session, wanted))


def _earlier(session: SessionFile) -> list[Earlier]:
    """Return repeated tests of the session, then other files of its folder, newest first."""
    last: dict[tuple[str, str | None], TrialResult] = {}
    repeated = []
    for trial in session.assessment.trials:
        before = last.get((trial.test, trial.side))
        if before is not None:
            times = f"{wording.duration(before.start_s)} → {wording.duration(trial.start_s)}"
            title = f"{trial_title(trial)}: {times}"
            repeated.append(Earlier(title, trials=(before, trial)))
        last[trial.test, trial.side] = trial
    files = [path for path in session.path.parent.glob("*.h5") if path != session.path]
    files.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    return repeated[::-1] + [Earlier(path.stem, path=path) for path in files[:_MOST_FILES]]
