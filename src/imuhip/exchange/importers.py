"""The formats that can be read, and which of them a file is in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imuhip.errors import ExchangeError
from imuhip.exchange.apdm import is_hdf5, read_apdm
from imuhip.exchange.mapping import ColumnMapping, read_mapped
from imuhip.exchange.metamotion_log import is_metamotion, read_metamotion
from imuhip.exchange.movesense_log import is_movesense, read_movesense
from imuhip.exchange.sensor_log import SensorLog
from imuhip.exchange.text_table import head_lines, read_bytes
from imuhip.exchange.witmotion_log import is_witmotion, read_witmotion
from imuhip.exchange.xsens_dot import is_xsens_dot, read_xsens_dot
from imuhip.exchange.xsens_mtw import is_xsens_mtw, read_xsens_mtw

__all__ = ["FORMATS", "Importer", "files_in", "read_logs"]

MOST_FILES = 200
_ENDINGS = (".csv", ".txt", ".parquet")
_OTHER_ENDINGS = (".json",)
"""Looked for where a folder has nothing else: exports lay JSON beside their tables."""


@dataclass(frozen=True)
class Importer:
    """One format.

    Parameters
    ----------
    name : str
        Behind ``--format``.
    title : str
    recognises : callable
        Given the first lines of a text file; HDF5 is told by its first bytes.
    read : callable
        Given the path.
    """

    name: str
    title: str
    recognises: Callable[[Sequence[str]], bool]
    read: Callable[[Path], list[SensorLog]]


FORMATS = (
    Importer("xsens-mtw", "Xsens MTw text of MT Manager", is_xsens_mtw, read_xsens_mtw),
    Importer("xsens-dot", "Xsens or Movella DOT log (CSV)", is_xsens_dot, read_xsens_dot),
    Importer("witmotion", "WitMotion log (CSV)", is_witmotion, read_witmotion),
    Importer("metamotion", "MetaMotion logs of MetaBase (CSV)", is_metamotion, read_metamotion),
    Importer(
        "movesense", "Movesense log (JSON, CSV of the showcase app)", is_movesense, read_movesense
    ),
    Importer("apdm", "APDM Opal recording (HDF5)", lambda _: False, read_apdm),
)


def files_in(sources: Sequence[Path]) -> list[Path]:
    """Return the files named, those of a folder by their endings, each once.

    Raises
    ------
    ExchangeError
        When a folder holds none, or too many.
    """
    files: list[Path] = []
    for source in sources:
        if not source.is_dir():
            files.append(source)
            continue
        there = sorted(source.iterdir())
        found = [p for p in there if p.suffix.casefold() in _ENDINGS] or [
            p for p in there if p.suffix.casefold() in _OTHER_ENDINGS
        ]
        if not 0 < len(found) <= MOST_FILES:
            raise ExchangeError(
                f"{source}: {len(found)} files ending in {', '.join(_ENDINGS + _OTHER_ENDINGS)},"
                f" 1 to {MOST_FILES} are taken",
                hint="name the files of one session",
                code="E701",
            )
        files += found
    return list(dict.fromkeys(files))


def read_logs(
    path: Path, name: str | None = None, mapping: ColumnMapping | None = None
) -> list[SensorLog]:
    """Read the logs in a file.

    Parameters
    ----------
    path : Path
    name : str, optional
        The format; else the file's first lines tell.
    mapping : ColumnMapping, optional
        Which columns are what, instead of a known format.

    Raises
    ------
    ExchangeError
        When no format fits, or the file cannot be used.
    """
    if mapping is not None:
        return read_mapped(path, mapping)
    if name is not None:
        chosen = next((known for known in FORMATS if known.name == name), None)
        if chosen is None:
            raise ExchangeError(
                f"--format {name}: unknown",
                hint=f"known are {', '.join(known.name for known in FORMATS)}",
                code="E702",
            )
        return chosen.read(path)
    if is_hdf5(path):
        return read_apdm(path)
    head = head_lines(read_bytes(path))
    for known in FORMATS:
        if known.recognises(head):
            return known.read(path)
    first = next((line for line in head if line.strip()), "")
    raise ExchangeError(
        f"{path}: none of the known formats; it begins {first[:80]!r}",
        hint=f"known are {', '.join(known.title for known in FORMATS)}; for another table of"
        " columns write a mapping (--mapping)",
        code="E702",
    )
