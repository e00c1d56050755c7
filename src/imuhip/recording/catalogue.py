"""The catalogue of a folder: an index of what its session files say of themselves.

The index is a file of SQLite in the cache of this computer. It holds nothing that is not in the
session files, and is made again from them whenever it is missing, damaged or of another version.
Looking again costs one ``stat`` a file: only files whose size, time of change or inode is another
are opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from imuhip import resources
from imuhip.errors import ImuhipError, RecordingError

__all__ = ["Catalogue", "Each", "Entry", "Looked", "Told", "read_file"]

_VERSION: Final = 1
"""Of the index; another one is made again."""
_END_BYTES: Final = 16384
_COMMIT_EVERY: Final = 200
_WAIT_S: Final = 10.0
_TABLE: Final = """
CREATE TABLE files (
    name TEXT PRIMARY KEY, bytes INTEGER, changed_ns INTEGER, inode INTEGER,
    ends TEXT, sha256 TEXT, code TEXT, problem TEXT, hint TEXT, overview TEXT
) WITHOUT ROWID
"""


Told = tuple[str, str, str, str, str]
"""Checksum of the ends, code, problem, hint, and the overview as JSON."""
Each = Callable[[Callable[[str], Told], list[str]], Iterable[Told]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the folder.

    Parameters
    ----------
    name : str
        Below the folder, with forward slashes.
    size_bytes : int
    code, problem, hint : str
        What is wrong with it, in the words of an error; empty where nothing is.
    same_as : str
        The first file with the very same content, where there is another one; else empty.
    overview : dict
        `imuhip.recording.overview.Overview` as plain values; empty where something is wrong.
    """

    name: str
    size_bytes: int
    code: str
    problem: str
    hint: str
    same_as: str
    overview: dict[str, Any]

    @property
    def is_damaged(self) -> bool:
        """Return whether it cannot be read as it is."""
        return bool(self.code)


@dataclass(frozen=True, slots=True)
class Looked:
    """What changed since the folder was looked at before."""

    files: int
    read: int
    gone: int


class Catalogue:
    """The index of a folder.

    Parameters
    ----------
    folder : Path
    index : Path, optional
        Where it is kept; by default in the cache of this computer's user.

    Raises
    ------
    RecordingError
        When there is no such folder.
    """

    def __init__(self, folder: Path, index: Path | None = None) -> None:
        if not folder.is_dir():
            raise RecordingError(
                f"{folder}: there is no such folder",
                hint="name the folder that holds your recordings",
                code="E769",
            )
        self.folder = folder
        self._database = _opened(index or _index_of(folder))

    def __enter__(self) -> Catalogue:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._database.close()

    def look(
        self,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        each: Each = map,
    ) -> Looked:
        """Bring the index up to date with the folder.

        Parameters
        ----------
        progress : callable
            Told how many of how many changed files were read.
        each : callable
            As ``map``: applies a function to every one of some files, here or in other processes.
        """
        try:
            return self._look(progress, each)
        except sqlite3.Error:  # a full disk, or another process that holds the index
            self._database.close()
            self._database = _in_memory()
            return self._look(progress, each)

    def _look(self, progress: Callable[[int, int], None], each: Each) -> Looked:
        there = {name: found for name, *found in _files(self.folder)}
        rows = self._database.execute("SELECT name, bytes, changed_ns, inode FROM files")
        known = {name: found for name, *found in rows}
        gone = [(name,) for name in known.keys() - there.keys()]
        changed = sorted(name for name, found in there.items() if known.get(name) != found)
        with self._database:
            self._database.executemany("DELETE FROM files WHERE name = ?", gone)
        for done in range(0, len(changed), _COMMIT_EVERY):
            progress(done, len(changed))
            some = changed[done : done + _COMMIT_EVERY]
            told = list(each(read_file, [str(self.folder / name) for name in some]))
            with self._database:
                self._database.executemany(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?, ?)",
                    [(name, *there[name], *one) for name, one in zip(some, told, strict=True)],
                )
        if changed or gone:
            self._find_same()
        return Looked(len(there), len(changed), len(gone))

    def forget(self) -> None:
        """Empty the index, so that the next look reads every file."""
        _make(self._database)

    def entries(self) -> list[Entry]:
        """Return every file as the index knows it, by name."""
        rows = self._database.execute(
            "SELECT name, bytes, code, problem, hint, sha256, overview FROM files ORDER BY name"
        )
        first: dict[str, str] = {}
        entries = []
        for name, size, code, problem, hint, digest, overview in rows:
            same_as = first.setdefault(digest, name) if digest else name
            entries.append(
                Entry(
                    name,
                    size,
                    code,
                    problem,
                    hint,
                    "" if same_as == name else same_as,
                    json.loads(overview) if overview else {},
                )
            )
        return entries

    def _find_same(self) -> None:
        """Store the checksum of files that agree in size and ends, and of no others."""
        alike = self._database.execute(
            "SELECT name FROM files WHERE sha256 IS NULL AND ends != '' AND (bytes, ends) IN"
            " (SELECT bytes, ends FROM files GROUP BY bytes, ends HAVING count(*) > 1)"
        ).fetchall()
        with self._database:
            for (name,) in alike:
                with suppress(OSError), (self.folder / name).open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                    self._database.execute(
                        "UPDATE files SET sha256 = ? WHERE name = ?", (digest, name)
                    )


def read_file(name: str) -> Told:
    """Return what is stored of a file: a checksum of its ends, what is wrong, what it says."""
    from imuhip.recording.overview import read_overview

    path = Path(name)
    try:
        ends = _ends(path)
        overview = read_overview(path)
    except ImuhipError as error:
        problem = error.message.removeprefix(f"{path}: ")
        return _ends_or_none(path), error.code, problem, error.hint, ""
    except OSError as error:
        problem = f"cannot be read: {error.strerror or error}"
        return "", "E400", problem, "may you read it, and is it still there?", ""
    return ends, "", "", "", json.dumps(asdict(overview), ensure_ascii=False)


def _files(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, size, time of change and inode of session files.

    Links to folders are not followed, and hidden names are passed over.
    """
    waiting = [""]
    while waiting:
        below = waiting.pop()
        with suppress(PermissionError), os.scandir(folder / below) as found:
            for one in found:
                if one.name.startswith("."):
                    continue
                name = f"{below}{one.name}"
                if one.is_dir(follow_symlinks=False):
                    waiting.append(f"{name}/")
                elif name.endswith(".h5"):
                    with suppress(OSError):  # a link to nowhere, or gone since
                        told = one.stat()
                        if stat.S_ISREG(told.st_mode):
                            yield name, told.st_size, told.st_mtime_ns, told.st_ino


def _ends(path: Path) -> str:
    """Return a checksum of the first and last bytes: different ones tell files apart at once."""
    with path.open("rb") as file:
        content = file.read(_END_BYTES)
        file.seek(max(0, os.fstat(file.fileno()).st_size - _END_BYTES))
        return hashlib.blake2b(content + file.read(_END_BYTES), digest_size=16).hexdigest()


def _ends_or_none(path: Path) -> str:
    try:
        return _ends(path) if path.is_file() and path.stat().st_size else ""
    except OSError:
        return ""


def _index_of(folder: Path) -> Path:
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:24]
    return resources.cache_folder() / "sessions" / f"{name}.sqlite"


def _opened(index: Path) -> sqlite3.Connection:
    """Return the index, made anew where it is not usable; in memory where none can be kept."""
    for attempt in range(2):
        try:
            index.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(index, timeout=_WAIT_S)
        except (OSError, sqlite3.Error):
            break
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                _make(database)
            database.execute("SELECT name, overview FROM files LIMIT 1").fetchone()
            if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise sqlite3.DatabaseError("damaged")
        except sqlite3.Error:
            database.close()
            if attempt == 0:
                with suppress(OSError):
                    index.unlink()
            continue
        return database
    return _in_memory()


def _in_memory() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    _make(database)
    return database


def _make(database: sqlite3.Connection) -> None:
    with database, closing(database.cursor()) as cursor:
        cursor.execute("DROP TABLE IF EXISTS files")
        cursor.execute(_TABLE)
        cursor.execute(f"PRAGMA user_version = {_VERSION}")
