"""The step of review: what the session just recorded gave, read and measured on a worker."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from pathlib import Path

from imuhip.app.models import wording, wording_review, wording_strides
from imuhip.app.models.guidance import Guidance
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.session_file import PROFILES, SessionFile, read_session
from imuhip.app.models.stride_notes import StrideNotes
from imuhip.app.models.stride_review import StrideReview
from imuhip.app.models.table_rows import TableRow, review_rows
from imuhip.app.models.wording_texts import said
from imuhip.app.models.worker import make_worker, told
from imuhip.core.annotation import tags_of
from imuhip.recording.naming import numbered

__all__ = ["ReviewModel"]


class ReviewModel:
    """Shows the newest recording of this window.

    Parameters
    ----------
    live : LiveModel
        Whose recordings are reviewed.
    worker : Executor
        Not closed by this.
    notes : Executor, optional
        Writes notes into files; closed by `close`. A thread of its own by default.
    """

    def __init__(self, live: LiveModel, worker: Executor, notes: Executor | None = None) -> None:
        self.session: SessionFile | None = None
        self.profile = PROFILES[0]
        self.error = ("", "")
        self.report: Path | None = None
        self._live = live
        self._worker = worker
        self._path: Path | None = None
        self._reading: Future[SessionFile] | None = None
        self._writing: Future[Path] | None = None
        self.strides: StrideReview | None = None
        self.shows_strides = False
        self.said = ""
        self.tags: tuple[str, ...] = ()
        self._notes = StrideNotes(notes or make_worker("imuhip-notes"))
        self._is_stale = False

    @property
    def newest(self) -> Path | None:
        """Return the newest finished recording."""
        results = self._live.control.results
        return results[-1].path if results else None

    @property
    def is_busy(self) -> bool:
        """Return whether the worker is at it."""
        reads = self._reading is not None or self._is_stale
        return reads or self._writing is not None or self._notes.is_busy

    @property
    def can_report(self) -> bool:
        """Return whether there is something to write a report of."""
        found = self.session
        if found is None or self.is_busy:
            return False
        return found.analysis is not None or bool(found.assessment.trials)

    @property
    def rows(self) -> list[TableRow]:
        """Return the table."""
        return [] if self.session is None else review_rows(self.session, self.profile)

    @property
    def summary(self) -> str:
        """Return file and quality in a line."""
        if self.session is None:
            return ""
        name = f"{self.session.path.name}"
        if self.session.analysis is None:
            return name
        quality = self.session.analysis.quality
        reasons = "; ".join(map(said, quality["reasons"][:3]))
        told = wording_review.QUALITY_WHY if reasons else wording_review.QUALITY
        return told.format(name=name, grade=quality["grade"], reasons=reasons)

    @property
    def guidance(self) -> Guidance:
        """Return what to do next."""
        if self._live.recording.phase in ("recording", "stopping"):
            return Guidance(wording.REVIEW_RECORDING, wording.REVIEW_STOP)
        if self.error[0]:
            return Guidance(*self.error, "alarm")
        if self.session is not None and (self._reading is not None or self._is_stale):
            return Guidance(wording_strides.NOTING, self.said)
        if self._reading is not None:
            return Guidance(wording.REVIEW_READING, str(self._path))
        if self.session is None:
            return Guidance(wording.REVIEW_NOTHING, wording.REVIEW_NOTHING_HINT)
        if self._writing is not None:
            return Guidance(wording.REPORT_WRITING, wording.MOMENT)
        if self.report is not None:
            return Guidance(wording.REPORT_WRITTEN, str(self.report), "well")
        keys = wording.REVIEW_KEYS if self.can_report else wording.REVIEW_KEYS_NO_REPORT
        keys = wording_strides.STRIDES_KEYS if self.shows_strides else keys
        keys = f"{self.said} {keys}".strip()
        return Guidance(wording.REVIEW_READY, keys, "well")

    def turn_profile(self) -> None:
        """Let the next profile's norms speak."""
        self.profile = PROFILES[(PROFILES.index(self.profile) + 1) % len(PROFILES)]

    def turn_view(self) -> None:
        """Show the strides instead of the table, or the table again."""
        self.shows_strides = not self.shows_strides
        self.said = ""

    def exclude(self, rows: Sequence[int], reason: str) -> None:
        """Leave strides out, with the reason, in the file; they count no more at once.

        Everything is measured again behind it. More can be left out meanwhile.
        """
        strides, path = self.strides, self._path
        wanted = [k for k in rows if strides is not None and strides.is_used(k)]
        if strides is None or path is None or not wanted:
            self.said = wording_strides.CHOOSE_FIRST
            return
        self._notes.exclude(path, [strides.stretch(k) for k in wanted], reason)
        strides.leave_out(wanted, reason)
        self._noted(wording_strides.NOTED.format(n=len(wanted), reason=reason))

    def include(self, rows: Sequence[int]) -> None:
        """Use strides again that were left out by hand."""
        strides, path = self.strides, self._path
        wanted = [k for k in rows if strides is not None and strides.is_by_hand(k)]
        if strides is None or path is None or not wanted:
            self.said = wording_strides.ONLY_BY_HAND
            return
        self._notes.include(path, [strides.stretch(k) for k in wanted])
        strides.use_again(wanted)
        self._noted(wording_strides.TAKEN_BACK.format(n=len(wanted)))

    def turn_tag(self, tag: str) -> None:
        """Give the session a tag, or take back one that it has."""
        words = " ".join(tag.split())
        if self.session is None or self._path is None or not words:
            return
        has_it = words in self.tags
        self._notes.tag(self._path, words, remove=has_it)
        self.tags = (
            tuple(one for one in self.tags if one != words)
            if has_it
            else (
                *self.tags,
                words,
            )
        )
        self.error = ("", "")
        self._is_stale |= self._reading is not None  # what is being read lacks it

    def _noted(self, said: str) -> None:
        self.error, self.said, self.report = ("", ""), said, None
        self._is_stale = True

    def write_report(self) -> None:
        """Ask for the report page, beside the file; an existing page is never overwritten."""
        found = self.session
        if found is not None and self.can_report:
            self.error = ("", "")
            self._writing = self._worker.submit(_written, found)

    def pull(self, *, shown: bool) -> None:
        """Learn what the workers did; when shown, ask for what was recorded since."""
        if self._notes.pull() and self._notes.error[0]:
            self.error = self._notes.error
            if self.session is not None:
                self._take(self.session)  # what could not be noted counts as before
        if self._reading is not None and self._reading.done():
            reading, self._reading = self._reading, None
            error = reading.exception()
            if error is not None:
                self.error = told(error)
            elif not self._is_stale:  # or it was read before the last note was written
                self._take(reading.result())
        if self._writing is not None and self._writing.done():
            error = self._writing.exception()
            if error is None:
                self.report = self._writing.result()
            else:
                self.error = told(error)
            self._writing = None
        if shown and self._reading is None and self.newest not in (None, self._path):
            self._path = self.newest
            self.session, self.report, self.error = None, None, ("", "")
            self.strides, self.said, self._is_stale = None, "", True
            self.tags = ()
        if self._is_stale and self._reading is None and not self._notes.is_busy and self._path:
            self._is_stale = False
            self._reading = self._worker.submit(read_session, self._path)

    def close(self) -> None:
        """Write the notes that are still to be written."""
        self._notes.close()

    def _take(self, session: SessionFile) -> None:
        self.session, before = session, self.strides
        self.tags = tags_of(session.recording.annotations)
        self.strides = None if session.analysis is None else StrideReview(session.analysis)
        if before is not None and self.strides is not None:
            self.strides.take_over(before)


def _written(session: SessionFile) -> Path:
    from imuhip.report.page import write_report

    return write_report(
        session.recording,
        session.analysis,
        numbered(session.path.with_suffix(".html")),
        assessment=session.assessment if session.assessment.trials else None,
        no_gait=session.no_gait,
    )
