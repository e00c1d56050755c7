"""Columns of numbers out of text that nobody vouches for.

A line counts as a row when it has as many values as the header names. Everything else is counted,
and a file that is mostly something else is refused: reading on would put one column's values under
another column's name.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import ExchangeError

__all__ = ["TextTable", "head_lines", "read_bytes", "read_table", "split_header"]

LARGEST_BYTES = 512 << 20
"""Ten hours of a sensor at 100 Hz as text."""
LONGEST_HEAD_BYTES = 65_536
MOST_COLUMNS = 512
LARGEST_SHARE_DROPPED = 0.2
"""A file of which more cannot be read is not the file it is taken for."""
LARGEST_VALUE = 1e18
"""Times in nanoseconds since 1970 are the largest numbers in logs."""

_MOST_LISTED = 30

_HDF5 = b"\x89HDF"


def read_bytes(path: Path) -> bytes:
    """Return a text file's bytes.

    Raises
    ------
    ExchangeError
        When it cannot be read, is empty, too large, or no text.
    """
    try:
        if not path.is_file():
            raise ExchangeError(
                f"{path}: no such file", hint="check the name and the folder", code="E701"
            )
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise ExchangeError(
                f"{path}: {size} bytes, at most {LARGEST_BYTES} are read as text",
                hint="cut the log into shorter ones",
                code="E701",
            )
        content = path.read_bytes()
    except OSError as error:
        raise ExchangeError(
            f"{path}: cannot be read: {error.strerror or error}",
            hint="check the file's permissions",
            code="E701",
        ) from error
    if not content.strip():
        raise ExchangeError(
            f"{path}: empty ({size} bytes)", hint="export it again from the sensor", code="E703"
        )
    if content.startswith(_HDF5) or b"\0" in content[:LONGEST_HEAD_BYTES]:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            try:
                return _unix_lines(content.decode("utf-16").encode())
            except UnicodeDecodeError:
                pass
        raise ExchangeError(
            f"{path}: not text (zero bytes at its beginning)",
            hint="give the log as the maker's program exports it",
            code="E702",
        )
    return _unix_lines(content.removeprefix(b"\xef\xbb\xbf"))


def _unix_lines(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def head_lines(content: bytes) -> list[str]:
    """Return the lines at the beginning of a file, for recognising it."""
    head = content[:LONGEST_HEAD_BYTES].decode("utf-8", errors="replace")
    return head.split("\n")[:64]


def split_header(line: str, delimiter: str) -> list[str]:
    """Return the names of a header's columns, without what would disturb a terminal."""
    return [
        "".join(filter(str.isprintable, name)).strip().strip('"') for name in line.split(delimiter)
    ]


@dataclass(frozen=True)
class TextTable:
    """Rows of text whose values are still text or numbers, column by column.

    Parameters
    ----------
    path : Path
    names : tuple of str
        From the header, in order.
    cells : sequence of arrays
        One a column, of whatever it holds.
    rows : int
        Lines below the header, empty ones left out.
    ragged : int
        Lines left out.
    """

    path: Path
    names: tuple[str, ...]
    cells: Sequence[NDArray[np.generic]]
    rows: int
    ragged: int

    def __len__(self) -> int:
        return self.rows - self.ragged

    @property
    def listed(self) -> str:
        """Return the columns' names for a message, cut short where there are many."""
        names = ", ".join(name[:60] for name in self.names[:_MOST_LISTED])
        more = len(self.names) - _MOST_LISTED
        return f"{names} and {more} more" if more > 0 else names

    def has(self, *names: str) -> bool:
        """Return whether all columns are there."""
        return set(names) <= set(self.names)

    def text(self, name: str) -> NDArray[np.str_]:
        """Return a column as text."""
        return np.asarray(self._cells(name)).astype(str)

    def numbers(self, *names: str) -> FloatArray:
        """Return (n, k) numbers; NaN for what is none, or none that a log can hold."""
        import pandas as pd

        table = np.empty((len(self), len(names)))
        for k, name in enumerate(names):
            cells = self._cells(name)
            column = np.asarray(pd.to_numeric(pd.Series(cells), errors="coerce"), dtype=float)
            table[:, k] = np.where(np.abs(column) < LARGEST_VALUE, column, np.nan)
        return table

    def _cells(self, name: str) -> NDArray[np.generic]:
        found = [k for k, known in enumerate(self.names) if known == name]
        if len(found) != 1:
            raise ExchangeError(
                f"{self.path}: {len(found)} columns are called {name!r} (there are: {self.listed})",
                hint="every column needs a name of its own",
                code="E705",
            )
        return self.cells[found[0]]


def read_table(path: Path, content: bytes, header_line: int, delimiter: str = ",") -> TextTable:
    """Read the rows below a header.

    Parameters
    ----------
    path : Path
        For messages.
    content : bytes
        The whole file.
    header_line : int
        Counted from 0.
    delimiter : str
        Between values.

    Raises
    ------
    ExchangeError
        When there are no rows, or more than a fifth does not fit the header.
    """
    raw = np.frombuffer(content, np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    if not len(ends) or ends[-1] != len(raw) - 1:
        ends = np.append(ends, len(raw))
    starts = np.concatenate([[0], ends[:-1] + 1])
    header = content[starts[header_line] : ends[header_line]].decode("utf-8", errors="replace")
    names = tuple(split_header(header, delimiter))
    if len(names) > MOST_COLUMNS:
        raise ExchangeError(
            f"{path}: line {header_line + 1} names {len(names)} columns, at most {MOST_COLUMNS}"
            " are read",
            hint="is this the right file?",
            code="E704",
        )
    starts, ends = starts[header_line + 1 :], ends[header_line + 1 :]
    full = ends > starts
    starts, ends = starts[full], ends[full]
    if not len(starts):
        raise ExchangeError(
            f"{path}: a header in line {header_line + 1} and no rows below it",
            hint="nothing was recorded, or the export broke off; export it again",
            code="E703",
        )
    n_values = _values_per_line(raw, starts, ends, delimiter)
    fits: BoolArray = n_values == len(names)
    _refuse_other_tables(path, header_line, names, n_values, fits)
    return TextTable(
        path=path,
        names=names,
        cells=_parsed(path, content, starts, ends, fits, len(names), delimiter),
        rows=len(starts),
        ragged=int(np.count_nonzero(~fits)),
    )


def _values_per_line(
    raw: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64], delimiter: str
) -> NDArray[np.int64]:
    at = np.flatnonzero(raw == ord(delimiter))
    return np.asarray(np.searchsorted(at, ends) - np.searchsorted(at, starts) + 1)


def _refuse_other_tables(
    path: Path,
    header_line: int,
    names: tuple[str, ...],
    n_values: NDArray[np.int64],
    fits: BoolArray,
) -> None:
    n_bad = int(np.count_nonzero(~fits))
    if n_bad <= LARGEST_SHARE_DROPPED * len(fits):
        return
    numbers, counts = np.unique(n_values[~fits], return_counts=True)
    raise ExchangeError(
        f"{path}: the header in line {header_line + 1} names {len(names)} columns and"
        f" {n_bad} of {len(fits)} rows hold another number of values,"
        f" most often {numbers[np.argmax(counts)]}: which value belongs to which name cannot be"
        f" told (at most {LARGEST_SHARE_DROPPED:.0%} of the rows may be so)",
        hint="mend the header if you know what the values are, and import it with --mapping",
        code="E704",
    )


def _parsed(
    path: Path,
    content: bytes,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    fits: BoolArray,
    n_columns: int,
    delimiter: str,
) -> list[NDArray[np.generic]]:
    import csv

    import pandas as pd

    lines = content[starts[0] :]
    if not fits.all() or np.any(starts[1:] != ends[:-1] + 1):
        keep = np.zeros(len(content) + 1, dtype=np.int8)
        np.add.at(keep, starts[fits], 1)
        np.add.at(keep, np.minimum(ends[fits] + 1, len(content)), -1)
        kept = np.cumsum(keep[:-1], dtype=np.int8).astype(bool)
        lines = np.frombuffer(content, np.uint8)[kept].tobytes()
    try:
        frame = pd.read_csv(
            io.BytesIO(lines),
            sep=delimiter,
            header=None,
            names=list(range(n_columns)),
            index_col=False,
            low_memory=False,
            quoting=csv.QUOTE_NONE,
            encoding_errors="replace",
            skip_blank_lines=False,
        )
    except (ValueError, pd.errors.ParserError) as error:
        raise ExchangeError(
            f"{path}: its rows cannot be read: {error}",
            hint="is this the right file?",
            code="E704",
        ) from error
    if len(frame) != np.count_nonzero(fits):
        raise ExchangeError(
            f"{path}: {np.count_nonzero(fits)} rows fit the header and {len(frame)} can be read",
            hint="there are characters in it that no table has; is this the right file?",
            code="E704",
        )
    return [frame[k].to_numpy() for k in range(n_columns)]
