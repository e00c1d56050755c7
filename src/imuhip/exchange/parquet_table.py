"""Columns of a Parquet file; the only module that reads them, through the optional pyarrow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from imuhip.errors import ExchangeError
from imuhip.exchange.text_table import TextTable
from imuhip.recording.schema import MAX_ROWS

__all__ = ["pyarrow", "read_parquet"]

LARGEST_MEMORY_BYTES = 4 << 30


def pyarrow() -> Any:
    """Return the library.

    Raises
    ------
    ExchangeError
        When it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise ExchangeError(
            "Parquet files need the optional package pyarrow",
            hint='pip install "imuhip[exchange]"',
            code="E709",
        ) from error
    return pyarrow


def read_parquet(path: Path, wanted: Sequence[str]) -> TextTable:
    """Return the columns `wanted` of those that are there, as numbers.

    Raises
    ------
    ExchangeError
        When it is no Parquet file, too large, or a column holds something else than numbers.
    """
    arrow = pyarrow()
    try:
        with arrow.parquet.ParquetFile(path) as file:
            n_rows = int(file.metadata.num_rows)
            names = [str(name) for name in file.schema_arrow.names]
            chosen = [name for name in dict.fromkeys(wanted) if names.count(name) == 1]
            _check_size(path, n_rows, len(chosen))
            table = file.read(columns=chosen, use_threads=False)
        cells = [
            np.asarray(table.column(name).cast(arrow.float64()).to_numpy(), dtype=float)
            for name in chosen
        ]
    except (OSError, ValueError, arrow.ArrowException) as error:
        raise ExchangeError(
            f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]:.200}",
            hint="is this the right file?",
            code="E704" if path.is_file() else "E701",
        ) from error
    if n_rows == 0:
        raise ExchangeError(
            f"{path}: columns and no rows", hint="nothing was recorded; export again", code="E703"
        )
    others = [name for name in names if name not in chosen]
    blank = np.full(n_rows, np.nan)
    return TextTable(path, (*chosen, *others), [*cells, *(blank for _ in others)], n_rows, 0)


def _check_size(path: Path, n_rows: int, n_columns: int) -> None:
    if n_rows > MAX_ROWS or n_rows * n_columns * 8 > LARGEST_MEMORY_BYTES:
        raise ExchangeError(
            f"{path}: {n_rows} rows of {n_columns} columns; at most {MAX_ROWS} rows and"
            f" {LARGEST_MEMORY_BYTES} bytes are read",
            hint="cut the file into shorter ones",
            code="E704",
        )
