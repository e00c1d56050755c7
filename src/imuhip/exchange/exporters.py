"""The formats that can be written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imuhip.errors import ExchangeError
from imuhip.exchange.bids_files import write_bids
from imuhip.exchange.c3d_file import write_c3d
from imuhip.exchange.fit_file import write_fit
from imuhip.exchange.mat_file import write_mat
from imuhip.exchange.opensim_files import write_opensim
from imuhip.exchange.results import Exported, Results
from imuhip.exchange.table_files import write_csv, write_parquet

__all__ = ["EXPORTERS", "Exporter", "exporter"]


@dataclass(frozen=True)
class Exporter:
    """One format.

    Parameters
    ----------
    name : str
        Behind ``--format``.
    title : str
    write : callable
        Given results, a folder, and what the files' names begin with.
    """

    name: str
    title: str
    write: Callable[[Results, Path, str], Exported]


EXPORTERS = (
    Exporter("csv", "tables of angles, strides, curves and measures", write_csv),
    Exporter("parquet", "the same tables, smaller and with their types", write_parquet),
    Exporter("opensim", "OpenSim orientations, set-up and joint angles", write_opensim),
    Exporter("mat", "a MATLAB file", write_mat),
    Exporter("c3d", "a C3D file", write_c3d),
    Exporter("fit", "a FIT activity", write_fit),
    Exporter("bids", "a Motion-BIDS dataset", write_bids),
)


def exporter(name: str) -> Exporter:
    """Return the format called `name`.

    Raises
    ------
    ExchangeError
        When it is unknown.
    """
    for known in EXPORTERS:
        if known.name == name:
            return known
    raise ExchangeError(
        f"--format {name}: unknown",
        hint=f"known are {', '.join(known.name for known in EXPORTERS)}",
        code="E702",
    )
