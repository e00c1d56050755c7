"""MATLAB: one .mat file with a structure a table, readable since MATLAB 7."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.errors import ExchangeError
from imuhip.exchange.results import Exported, Results, check_free, whole_file

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_mat"]

LARGEST_VARIABLE_BYTES = (1 << 31) - 1
LONGEST_NAME = 63


def write_mat(results: Results, folder: Path, stem: str) -> Exported:
    """Write tables, orientations and sensors' samples.

    ``angles.hip_flexion_left_deg`` is a column vector; text is a cell array; ``orientations`` and
    ``sensors`` have a field a segment.

    Raises
    ------
    ExchangeError
        When something is larger than the format allows.
    """
    from scipy.io import savemat

    name = f"{stem}.mat"
    check_free(folder, [name])
    content: dict[str, Any] = {key: _structure(table) for key, table in results.tables.items()}
    if results.analysis is not None:
        content["orientations"] = dict(results.analysis.orientations)
    content["sensors"] = {
        segment: {
            "time_s": series.time_s[:, None],
            "acc_m_s2": series.acc,
            "gyr_rad_s": series.gyr,
            "valid": series.valid[:, None],
        }
        | ({} if series.mag is None else {"mag_ut": series.mag})
        for segment, series in results.recording.sensors.items()
    }
    content["about"] = {
        key: "" if value is None else value
        for key, value in results.settings.items()
        if isinstance(value, str | float | int | None)
    } | {
        f"{key}_json": json.dumps(value, ensure_ascii=False, allow_nan=False)
        for key, value in results.about.items()
        if isinstance(value, dict | list)
    }
    largest = max(len(s) * 24 for s in results.recording.sensors.values())
    if largest > LARGEST_VARIABLE_BYTES:
        raise ExchangeError(
            f"{folder / name}: a variable of {largest} bytes, the format holds at most"
            f" {LARGEST_VARIABLE_BYTES}",
            hint="the session file itself is HDF5: MATLAB's h5read opens it",
            code="E710",
        )
    with whole_file(folder / name) as part:
        savemat(
            part,
            content,
            appendmat=False,
            do_compression=True,
            oned_as="column",
            long_field_names=True,
        )
    return Exported(
        (folder / name,),
        (
            "packets, counters and clock fits: the session file holds them, and h5read opens it",
            "events: the session file holds them",
            "numbers within summary, quality and recording settings: they are JSON text in about",
        ),
    )


def _structure(table: pd.DataFrame) -> dict[str, Any]:
    """Return a field a column: numbers as a column vector, text as a cell array."""
    return {
        str(name)[:LONGEST_NAME]: np.array([["" if v is None else str(v)] for v in values], object)
        if (values := table[name].to_numpy()).dtype == object or values.dtype.kind not in "fiub"
        else values[:, None]
        for name in table
    }
