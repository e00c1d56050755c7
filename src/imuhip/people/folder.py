"""The people of this computer: one small JSON file for each, named by their code.

A damaged file is told beside the others and never written over.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from imuhip.errors import ImuhipError, PersonError
from imuhip.people.person import Person, checked_code
from imuhip.resources import settings_folder

__all__ = ["PEOPLE_VARIABLE", "PeopleFolder", "PeopleFound", "default_folder"]

PEOPLE_VARIABLE: Final = "IMUHIP_PEOPLE_DIR"
"""Environment variable naming another folder for people."""
_FORMAT: Final = 1
_LARGEST_BYTES: Final = 65_536
_MOST_FILES: Final = 10_000


def default_folder() -> Path:
    """Return where people are kept on this computer."""
    if chosen := os.environ.get(PEOPLE_VARIABLE):
        return Path(chosen)
    return settings_folder() / "people"


@dataclass(frozen=True, slots=True)
class PeopleFound:
    """What a folder holds.

    Parameters
    ----------
    people : tuple of Person
        By code.
    problems : tuple of ImuhipError
        Of the folder, or of single files; what else there is can be used.
    """

    people: tuple[Person, ...]
    problems: tuple[ImuhipError, ...] = ()


class PeopleFolder:
    """Reads and writes people.

    Parameters
    ----------
    path : Path, optional
        By default `default_folder`.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = default_folder() if path is None else path

    def file(self, code: str) -> Path:
        """Return the file of a person.

        Raises
        ------
        PersonError
            For a code that cannot be.
        """
        return self.path / f"{checked_code(code)}.json"

    def found(self) -> PeopleFound:
        """Return everybody who can be read, and what is wrong with the rest; never raises."""
        try:
            there = sorted(self.path.iterdir())
        except FileNotFoundError:
            return PeopleFound(())
        except OSError as error:
            return PeopleFound((), (self._refused("cannot be read", error),))
        people, problems = [], []
        for file in [file for file in there if file.suffix == ".json"][:_MOST_FILES]:
            try:
                people.append(_read(file))
            except PersonError as error:
                problems.append(error)
        return PeopleFound(tuple(people), tuple(problems))

    def create(self, person: Person) -> Path:
        """Write a person who is new.

        Raises
        ------
        PersonError
            When the code is taken, in whatever case, or nothing can be written.
        """
        taken = (file.stem.casefold() for file in self.path.glob("*.json"))
        if person.code.casefold() in taken:
            raise PersonError(
                f"{person.code}: there is a person with this code already",
                hint="choose that one from the list, or another code",
                code="E724",
            )
        return self._write(person)

    def change(self, person: Person) -> Path:
        """Write what is known of a person now.

        Raises
        ------
        PersonError
            When nothing can be written, or the file there cannot be understood.
        """
        if self.file(person.code).exists():
            _read(self.file(person.code))
        return self._write(person)

    def _write(self, person: Person) -> Path:
        path = self.file(person.code)
        fresh = path.with_suffix(".new")
        text = json.dumps({"format": _FORMAT, **asdict(person)}, indent=2, ensure_ascii=False)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            fresh.write_text(text + "\n", encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            raise self._refused(f"{path.name} cannot be written", error) from error
        return path

    def _refused(self, what: str, error: OSError) -> PersonError:
        return PersonError(
            f"{self.path}: {what}: {error.strerror or error}",
            hint=f"give yourself the rights to it, or name another folder in {PEOPLE_VARIABLE};"
            " recordings work without",
            code="E723",
        )


def _read(file: Path) -> Person:
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise ValueError(f"larger than {_LARGEST_BYTES} bytes")
        content: Any = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise ValueError("no table of entries")
        if isinstance(content.get("format"), int) and content["format"] > _FORMAT:
            raise PersonError(
                f"{file}: written by a newer imuhip (format {content['format']}, this one knows"
                f" {_FORMAT})",
                hint="update imuhip; the file is left as it is",
                code="E722",
            )
        person = Person(
            str(content["code"]),
            content.get("pain_side"),
            content.get("pain_level"),
            content.get("purpose", ""),
        )
        if person.code.casefold() != file.stem.casefold():
            raise ValueError(f"it is of {person.code}")
    except PersonError as error:
        if error.code == "E722":
            raise
        raise _damaged(file, error.message) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        told = f"{error.strerror}" if isinstance(error, OSError) else str(error)
        raise _damaged(file, told or type(error).__name__) from error
    return person


def _damaged(file: Path, why: str) -> PersonError:
    return PersonError(
        f"{file}: is not a person's file ({why[:200]})",
        hint="put a copy of it back, or move it away; the others can be used",
        code="E721",
    )
