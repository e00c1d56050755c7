"""Results beside a session file: tables column by column, and what they were computed with.

``walk.h5`` has its results in ``walk.results.hdf5``, so that a recording never changes when it is
analysed, and folders of ``.h5`` stay folders of recordings. A column is a dataset of its own: to
read one of an hour nothing else is touched. Numbers are stored as they were computed, in every bit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from imuhip.errors import FileFormatError, RecordingError
from imuhip.recording.access import SessionFile
from imuhip.recording.foreign import ForeignFile
from imuhip.recording.layout import set_text
from imuhip.recording.save import finished_file
from imuhip.recording.schema import MAX_ROWS, text_type

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StoredResults", "open_results", "results_path", "write_results"]

SCHEMA: Final = "imuhip-results"
MAJOR: Final = 1
_ROWS_PER_CHUNK: Final = 65536
_LARGEST_JSON: Final = 64 << 20
_LARGEST_TEXT: Final = 4096

Tables = Mapping[str, Mapping[str, NDArray[Any]]]


def results_path(session: Path) -> Path:
    """Return where the results of a session file lie."""
    return session.with_name(f"{session.stem}.results.hdf5")


def write_results(
    path: Path,
    tables: Tables,
    documents: Mapping[str, Any],
    *,
    replaces: bool = False,
) -> Path:
    """Write results; the file takes its name when it is whole.

    The same results give the same bytes: no time of writing is stored.

    Parameters
    ----------
    path : Path
    tables : mapping of name to mapping of column to (n,) array
        Numbers, flags or texts.
    documents : mapping of name to JSON-safe value
        With ``"about"``: what the results were computed from and with.
    replaces : bool
        Take the place of a file that is there.

    Raises
    ------
    imuhip.errors.DiskError
        When the file exists and is not to be replaced, or cannot be written.
    """
    with finished_file(path, "complete", replaces=replaces and path.exists()) as file:
        set_text(file, "schema", SCHEMA)
        file.attrs.create("schema_major", MAJOR, dtype="<i4")
        file.create_dataset("state", data=np.bytes_(b"recording"), dtype=text_type(16))
        columns = {name: list(table) for name, table in tables.items()}
        for name, content in {**documents, "columns": columns}.items():
            text = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
            _store(file, f"documents/{name}", np.frombuffer(text, np.uint8))
        for name, table in tables.items():
            file.require_group(f"tables/{name}")
            for column, values in table.items():
                _store(file, f"tables/{name}/{column}", _storable(np.asarray(values)))
    return path


def _storable(values: NDArray[Any]) -> NDArray[Any]:
    """Return numbers and flags as they are, and anything else as UTF-8 of one length."""
    if values.dtype.kind in "fiu":
        return values
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    # a sign before each text, so that empty ones and missing ones differ
    texts = [b"" if value is None or value != value else b"=" + str(value).encode()
             for value in values.tolist()]  # fmt: skip
    return np.array(texts, dtype=f"S{max(1, max(map(len, texts), default=1))}")


def _store(file: Any, place: str, data: NDArray[Any]) -> None:
    options: dict[str, Any] = {}
    if len(data):
        options = {"chunks": (min(len(data), _ROWS_PER_CHUNK),), "compression": "gzip"}
        options |= {"compression_opts": 1, "shuffle": True}
    file.create_dataset(place, data=data, **options)


class _ResultsFile(ForeignFile):
    """A results file, open for reading; what is wrong with it is told as such."""

    def refuse(self, place: str, problem: str, hint: str = "") -> FileFormatError:
        """Return the error that says what is wrong and where."""
        return _damaged(self.path, f"{place}: {problem}")


def open_results(path: str | Path) -> StoredResults:
    """Open the results of a session file.

    Parameters
    ----------
    path : str or Path
        The session file, whose results lie beside it, or the results file itself.

    Raises
    ------
    imuhip.errors.RecordingError
        When there are none, or they are damaged.
    """
    path = Path(path)
    return StoredResults(path if path.name.endswith(".results.hdf5") else results_path(path))


class StoredResults:
    """Results in a file; a column is read when it is asked for.

    Parameters
    ----------
    path : Path
        Of the results.

    Attributes
    ----------
    about : dict
        Software version, settings, and checksums of the recording.

    Raises
    ------
    imuhip.errors.RecordingError
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            raise RecordingError(
                f"{path}: there is no such file", hint="imuhip recompute FILE writes it"
            )
        with _opened(path) as file:
            _check(file)
            self.about: dict[str, Any] = _document(file, "about")
            self._columns = _document(file, "columns")
        if not all(
            isinstance(names, list) and all(isinstance(name, str) for name in names)
            for names in self._columns.values()
        ):
            raise _damaged(path, "its list of columns is none")

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables, such as ``angles`` and ``strides``."""
        return tuple(self._columns)

    def columns(self, table: str = "angles") -> tuple[str, ...]:
        """Return the names of a table's columns; none where there is no such table."""
        return tuple(self._columns.get(table, ()))

    def column(self, name: str, table: str = "angles") -> NDArray[Any]:
        """Read one column.

        Parameters
        ----------
        name : str
            Such as ``"hip_rotation_left_deg"`` or ``"time_s"``.
        table : str
            ``"angles"``, ``"strides"`` or ``"measures"``.

        Raises
        ------
        KeyError
            When there is no such column.
        imuhip.errors.RecordingError
            When the file is damaged.
        """
        if name not in self.columns(table):
            raise KeyError(f"no column {name!r} in the table {table!r}")
        with _opened(self.path) as file:
            return _column(file, f"tables/{table}/{name}")

    def table(self, name: str = "angles", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Read a table, or some of its columns.

        Raises
        ------
        KeyError, imuhip.errors.RecordingError
            As `column`.
        """
        import pandas as pd

        wanted = self.columns(name) if columns is None else columns
        if name not in self._columns:
            raise KeyError(f"no table {name!r}")
        return pd.DataFrame({column: self.column(column, name) for column in wanted})

    def document(self, name: str) -> Any:
        """Read what is stored as JSON: ``"summary"``, ``"quality"`` or ``"tests"``."""
        with _opened(self.path) as file:
            return _document(file, name)


def _opened(path: Path) -> _ResultsFile:
    try:
        return _ResultsFile(path)
    except FileFormatError as error:
        raise _damaged(path, error.message.removeprefix(f"{path}: ")) from error


def _check(file: SessionFile) -> None:
    if not file.has_attribute("/", "schema") or file.text("/", "schema") != SCHEMA:
        raise _damaged(file.path, "holds no results of imuhip")
    major = int(file.number("/", "schema_major"))
    if major > MAJOR:
        raise FileFormatError(
            f"{file.path}: results of version {major}, this imuhip reads up to {MAJOR}",
            hint="update imuhip: pip install --upgrade imuhip",
            code="E770",
        )


def _damaged(path: Path, problem: str) -> FileFormatError:
    return FileFormatError(
        f"{path}: {problem}",
        hint="results can be computed again: imuhip recompute FILE --replace",
        code="E770",
    )


def _document(file: SessionFile, name: str) -> Any:
    content = file.read(f"documents/{name}", "u", max_rows=_LARGEST_JSON).tobytes()
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _damaged(file.path, f"{name} is no JSON") from error
    if not isinstance(found, dict | type(None)):
        raise _damaged(file.path, f"{name} is no table of entries")
    return found


def _column(file: SessionFile, place: str) -> NDArray[Any]:
    if file.dataset(place, "fiuS", max_rows=MAX_ROWS).dtype.itemsize > _LARGEST_TEXT:
        raise _damaged(file.path, f"{place} holds texts above {_LARGEST_TEXT} bytes")
    values = file.read(place, "fiuS", max_rows=MAX_ROWS)
    if values.dtype.kind == "u":
        return values.astype(bool)
    if values.dtype.kind != "S":
        return values
    texts = [value[1:].decode(errors="replace") if value else None for value in values.tolist()]
    return np.array(texts, dtype=object)
