"""The tidy tables as CSV and Parquet, and what they were computed with beside them as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from imuhip.exchange.parquet_table import pyarrow
from imuhip.exchange.results import Exported, Results, check_free, whole_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_csv", "write_parquet"]

_NOT_HELD = (
    "raw samples, packets, clocks and events: the session file stays their place",
    "orientations of the segments: --format mat and opensim hold them",
)


def write_csv(results: Results, folder: Path, stem: str) -> Exported:
    """Write one CSV file a table; numbers with all their digits, what is missing empty."""

    def write(table: pd.DataFrame, path: Path) -> None:
        table.to_csv(path, index=False, lineterminator="\n")

    return _write(results, folder, stem, ".csv", write)


def write_parquet(results: Results, folder: Path, stem: str) -> Exported:
    """Write one Parquet file a table.

    Raises
    ------
    ExchangeError
        When pyarrow is not installed.
    """
    pyarrow()

    def write(table: pd.DataFrame, path: Path) -> None:
        table.to_parquet(path, engine="pyarrow", index=False)

    return _write(results, folder, stem, ".parquet", write)


def _write(
    results: Results,
    folder: Path,
    stem: str,
    ending: str,
    write: Callable[[pd.DataFrame, Path], None],
) -> Exported:
    names = {name: f"{stem}_{name}{ending}" for name in results.tables}
    about = f"{stem}_about.json"
    check_free(folder, [*names.values(), about])
    for name, table in results.tables.items():
        with whole_file(folder / names[name]) as part:
            write(table, part)
    with whole_file(folder / about) as part:
        text = json.dumps(results.about, indent=2, ensure_ascii=False, allow_nan=False)
        part.write_text(text + "\n", encoding="utf-8")
    return Exported(tuple(folder / name for name in (*names.values(), about)), _NOT_HELD)
