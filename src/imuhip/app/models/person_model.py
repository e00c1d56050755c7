"""The step of the person: pick one or make one, with what hurts and why they came.

A recording gets the code and nothing else. Names come out of their encrypted file only after
somebody typed its passphrase, and are shown, never written elsewhere.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path

from imuhip.app.models import wording
from imuhip.app.models import wording_person as words
from imuhip.app.models.guidance import Guidance
from imuhip.app.models.live_model import LiveModel
from imuhip.app.models.shelf import Shelf
from imuhip.app.models.table_rows import TableRow
from imuhip.app.models.worker import told
from imuhip.errors import ImuhipError
from imuhip.people.folder import PeopleFolder
from imuhip.people.names import Names, default_names_file
from imuhip.people.person import PainSide, Person, free_code
from imuhip.recording.headline import Headline

__all__ = ["Draft", "PersonModel"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the fields: not yet kept, and perhaps not possible."""

    code: str = ""
    pain_side: PainSide | None = None
    pain_level: int | None = None
    purpose: str = ""
    name: str = ""


class PersonModel:
    """People, the one who is here, and their sessions. No Qt; what takes time is the worker's.

    Parameters
    ----------
    live : LiveModel
        Whose recordings get the code.
    worker : Executor
        Reads session files and opens names; not closed by this.
    folder : PeopleFolder, optional
        By default that of this computer.
    names_file : Path, optional
        By default that of this computer.
    """

    def __init__(
        self,
        live: LiveModel,
        worker: Executor,
        folder: PeopleFolder | None = None,
        names_file: Path | None = None,
    ) -> None:
        self.people: tuple[Person, ...] = ()
        self.problems: tuple[ImuhipError, ...] = ()
        self.index = 0
        self.draft = Draft()
        self.error = ("", "")
        self.names: Names | None = None
        self.asks_passphrase = False
        self.shelf = Shelf(live.control.folder, worker)
        self.names_file = default_names_file() if names_file is None else names_file
        self._live = live
        self._worker = worker
        self._folder = PeopleFolder() if folder is None else folder
        self._opening: Future[Names] | None = None
        self._n_recorded = -1
        self.read()

    # -- what is shown ----------------------------------------------------------------------------

    @property
    def used(self) -> str | None:
        """Return the code that recordings get."""
        return self._live.subject

    @property
    def chosen(self) -> Person | None:
        """Return who is chosen in the list; None for a new person."""
        return self.people[self.index - 1] if self.index else None

    @property
    def is_opening(self) -> bool:
        """Return whether the names are being opened."""
        return self._opening is not None

    @property
    def is_new_names(self) -> bool:
        """Return whether there are no names yet, so that a passphrase is to be chosen."""
        return self.names is None and not self.names_file.exists()

    @property
    def lines(self) -> list[str]:
        """Return the list, the new person first."""
        return [words.NEW_PERSON, *(self._line(person) for person in self.people)]

    @property
    def name_hint(self) -> str:
        """Return what to know about the field of the name."""
        if self.names is not None:
            return words.NAMES_OPEN
        if self.is_opening:
            return words.OPENING_NAMES
        return words.NAME_NONE if self.is_new_names else words.NAME_LOCKED

    @property
    def sessions(self) -> list[TableRow]:
        """Return the sessions of who is chosen."""
        if self.chosen is None:
            return []
        return [_session_row(one) for one in self.shelf.of(self.chosen.code)]

    @property
    def past_title(self) -> str:
        """Return what stands above them."""
        if self.chosen is None:
            return ""
        title = words.PAST.format(code=self.chosen.code, folder=self.shelf.folder)
        if self.shelf.of(self.chosen.code):
            return title
        return f"{title}: {words.LOOKING if self.shelf.is_looking else words.PAST_NONE}"

    @property
    def notes(self) -> list[str]:
        """Return what is wrong around: unfinished recordings first, then files that are broken."""
        told_lines = [self._unfinished] if self.shelf.unfinished else []
        told_lines += [
            words.PROBLEM.format(message=message, hint=hint)
            for message, hint in self.shelf.errors.values()
        ]
        for report in self.shelf.recovered:
            name, lost = report.recovered.name, f"{report.lost_tail_s:.1f}"
            ends = [sensor.last_time_s for sensor in report.sensors.values() if sensor.samples]
            minutes = wording.duration(max(ends, default=0.0))
            told_lines.append("● " + words.RECOVERED.format(name=name, minutes=minutes, lost=lost))
        problems = [*self.problems, *self.shelf.problems]
        for problem in problems[:2]:
            told_lines.append(words.PROBLEM.format(message=problem.message, hint=problem.hint))
        if len(problems) > 2:
            told_lines.append(words.MORE.format(n=len(problems) - 2))
        return told_lines

    @property
    def guidance(self) -> Guidance:
        """Return what to do next."""
        if self.error[0]:
            return Guidance(*self.error, "alarm")
        if self.shelf.recovering is not None:
            headline = words.RECOVERING.format(name=self.shelf.recovering.name)
            return Guidance(headline, wording.MOMENT)
        if self.is_opening:
            return Guidance(words.OPENING_NAMES, wording.MOMENT)
        used = f" {words.IN_USE.format(code=self.used)}" if self.used else ""
        if self.chosen is None:
            headline = words.WHO_NEW.format(code=self.draft.code) if self.people else words.WHO
            return Guidance(headline, words.WHO_NEW_HINT + used)
        n_sessions = len(self.shelf.of(self.chosen.code))
        so_far = {0: words.SESSIONS_0, 1: words.SESSIONS_1}.get(n_sessions, words.SESSIONS_N)
        detail = words.WHO_KNOWN_HINT.format(sessions=so_far.format(n=n_sessions))
        headline = words.WHO_KNOWN.format(code=self._line(self.chosen))
        return Guidance(headline, f"{detail}.{used}" if used else detail)

    @property
    def _unfinished(self) -> str:
        dead = self.shelf.unfinished
        if len(dead) == 1:
            first = words.UNFINISHED_1.format(
                name=dead[0].path.name,
                minutes=wording.duration(dead[0].duration_s),
            )
        else:
            names = ", ".join(one.path.name for one in dead[:3])
            first = words.UNFINISHED_N.format(n=len(dead), names=names)
        return words.PROBLEM.format(message=first, hint=words.UNFINISHED_HINT)

    def _line(self, person: Person) -> str:
        pain = "" if person.pain_side is None else words.SIDES[person.pain_side]
        if person.pain_level is not None and person.pain_side != "none":
            pain = words.PAIN_SHORT.format(side=pain, level=person.pain_level).strip()
        name = "" if self.names is None else self.names.of(person.code)
        line = words.PERSON_LINE_NAMED if name else words.PERSON_LINE
        return line.format(code=person.code, name=name, pain=pain).strip()

    # -- what a person decides --------------------------------------------------------------------

    def read(self) -> None:
        """Read the folder anew, and stay with who is chosen."""
        code = None if self.chosen is None else self.chosen.code
        found = self._folder.found()
        self.people, self.problems = found.people, found.problems
        codes = [person.code for person in self.people]
        self.choose(codes.index(code) + 1 if code in codes else min(1, len(codes)) if code else 0)

    def choose(self, index: int) -> None:
        """Choose a line of the list: 0 for a new person."""
        if not 0 <= index <= len(self.people):
            return
        self.index = index
        self.error = ("", "")
        person = self.chosen
        if person is None:
            self.draft = Draft(free_code(one.code for one in self.people))
            return
        name = "" if self.names is None else self.names.of(person.code)
        self.draft = Draft(person.code, person.pain_side, person.pain_level, person.purpose, name)

    def change(self, **fields: object) -> None:
        """Take what was typed into fields."""
        self.error = ("", "")
        self.draft = replace(self.draft, **fields)  # type: ignore[arg-type]

    def keep(self) -> bool:
        """Write what stands in the fields; return whether that was possible."""
        draft = self.draft
        try:
            person = Person(
                draft.code.strip(), draft.pain_side, draft.pain_level, draft.purpose.strip()
            )
            if self.chosen is None:
                self._folder.create(person)
            elif person != self.chosen:
                self._folder.change(person)
            if self.names is not None:
                self.names.put(person.code, draft.name)
        except ImuhipError as error:
            self.error = (error.message, error.hint)
            return False
        found = self._folder.found()
        self.people, self.problems = found.people, found.problems
        codes = [one.code for one in self.people]
        if person.code in codes:
            self.choose(codes.index(person.code) + 1)
        return True

    def use(self) -> bool:
        """Let recordings carry this person's code; return whether that was possible."""
        code = self.draft.code.strip()
        if self._live.recording.phase != "idle" and code != self.used:
            used = self.used or words.NOBODY
            self.error = (words.IN_RECORDING.format(code=used), words.IN_RECORDING_HINT)
            return False
        if not self.keep():
            return False
        self._live.subject = code
        return True

    def turn_passphrase(self) -> None:
        """Ask for the passphrase, or stop asking."""
        self.error = ("", "")
        self.asks_passphrase = self.names is None and not self.asks_passphrase

    def open_names(self, passphrase: str, again: str | None = None) -> None:
        """Open the names, or make their file where there is none; `again` must be the same then."""
        if self._opening is not None or self.names is not None:
            return
        self.error = ("", "")
        if self.is_new_names:
            if again != passphrase:
                self.error = (words.PASSPHRASES_DIFFER, words.PASSPHRASES_DIFFER_HINT)
                return
            self._opening = self._worker.submit(Names.create, self.names_file, passphrase)
        else:
            self._opening = self._worker.submit(Names.open, self.names_file, passphrase)

    # -- as time goes by --------------------------------------------------------------------------

    def pull(self, *, shown: bool) -> None:
        """Learn what the worker found; never waits."""
        if self._opening is not None and self._opening.done():
            future, self._opening = self._opening, None
            error = future.exception()
            if error is None:
                self.names, self.asks_passphrase = future.result(), False
                if self.chosen is not None:
                    self.change(name=self.names.of(self.chosen.code))
            else:
                self.error = told(error)
        n_recorded = len(self._live.control.results)
        if shown and n_recorded != self._n_recorded:
            self._n_recorded = n_recorded
            runs = self._live.recording.phase != "idle"
            self.shelf.look(self._live.recording.path if runs else None)
        self.shelf.pull(shown=shown)


def _session_row(one: Headline) -> TableRow:
    date = f"{one.start_time:%Y-%m-%d %H:%M}" if one.start_time else wording.UNKNOWN
    done = ", ".join(wording.words(name) for name in one.markers if name != "n_pose")
    return TableRow((date, wording.duration(one.duration_s), done, one.path.name))
