"""OpenSim's table of orientations (.sto) read back: whose, when, and what was wrong with it.

A row is a time and, for each sensor or segment, a quaternion ``w,x,y,z`` in a world with z up. A
name such as ``femur_l_imu`` tells the body. imuhip writes those of segments and says so in a line
of the header; all others are of sensors as they were mounted. Format: Al Borno et al. 2022,
doi:10.1186/s12984-022-01001-x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import ExchangeError
from imuhip.exchange.opensim_files import BODIES, OF_SEGMENTS
from imuhip.exchange.sensor_log import Faults
from imuhip.exchange.text_table import TextTable, head_lines, read_bytes, read_table, split_header

__all__ = ["Orientations", "read_sto"]

_PARTS: Final = "wxyz"
_LENGTH_OFF: Final = 0.02
"""Text of few digits: a quaternion whose length is farther from one is damaged."""
_SEGMENTS: Final[Mapping[str, str]] = {body: segment for segment, body in BODIES.items()}
_LONGEST_GAP_STEPS: Final = 1.5


@dataclass(frozen=True)
class Orientations:
    """What a file holds.

    Parameters
    ----------
    path : Path
    time_s : (n,) array, s
        Rising.
    q : mapping of segment to (n, 4) array
        Of length one; NaN where the file had none.
    columns : mapping of segment to str
        What the file calls them.
    unused : tuple of str
        Columns that were assigned to no segment.
    rate_hz : float
        By the median spacing.
    faults : Faults
        ``unreadable`` counts rows with a quaternion that is none.
    of_segments : bool
        Whether the file says that they are of segments, as imuhip writes them.
    """

    path: Path
    time_s: FloatArray
    q: Mapping[str, FloatArray]
    columns: Mapping[str, str]
    unused: tuple[str, ...]
    rate_hz: float
    faults: Faults
    of_segments: bool = False


def read_sto(path: Path, wanted: Mapping[str, str] | None = None) -> Orientations:
    """Read orientations.

    Parameters
    ----------
    path : Path
    wanted : mapping of segment to str, optional
        The column of each segment; without it, by their names.

    Raises
    ------
    ExchangeError
        When it holds no orientations, those of a column named are missing, or it is damaged.
    """
    content = read_bytes(path)
    head = head_lines(content)
    header_line, names = _header(path, head)
    lines = content.split(b"\n", header_line + 1)
    wide = "\t".join(["time", *(f"{name}/{part}" for name in names for part in _PARTS)])
    body = lines[-1].replace(b",", b"\t") if len(lines) > header_line + 1 else b""
    wider = b"\n".join([*lines[:header_line], wide.encode(), body])
    table = read_table(path, wider, header_line, "\t")
    columns = _assigned(path, names, wanted or {})
    unused = tuple(name for name in names if name not in columns.values())
    of_segments = OF_SEGMENTS in [line.strip() for line in head[:header_line]]
    return replace(_read(path, table, columns, unused), of_segments=of_segments)


def _header(path: Path, head: Sequence[str]) -> tuple[int, list[str]]:
    """Return the line with the columns' names, and those after time."""
    lowered = [line.strip().casefold() for line in head]
    if "endheader" not in lowered or "datatype=quaternion" not in lowered:
        raise ExchangeError(
            f"{path}: no OpenSim file of orientations (DataType=Quaternion and endheader in its"
            " first lines)",
            hint="angles (.mot) and markers (.trc) cannot be imported, orientations (.sto) can",
            code="E702",
        )
    line = lowered.index("endheader") + 1
    names = split_header(head[line], "\t") if line < len(head) else []
    if len(names) < 2 or names[0].casefold() != "time" or len(set(names)) < len(names):
        raise ExchangeError(
            f"{path}: line {line + 1} should name time and then each sensor once, between tabs",
            hint="export it again",
            code="E704",
        )
    return line, names[1:]


def _assigned(path: Path, names: Sequence[str], wanted: Mapping[str, str]) -> dict[str, str]:
    missing = [f"{segment}={name}" for segment, name in wanted.items() if name not in names]
    unknown = [segment for segment in wanted if segment not in BODIES]
    if missing or unknown or len(set(wanted.values())) < len(wanted):
        what = ", ".join(missing or unknown) or "one column for two segments"
        raise ExchangeError(
            f"{path}: cannot be assigned: {what}",
            hint=f"its columns: {', '.join(n[:60] for n in names[:30])};"
            f" segments: {', '.join(BODIES)}",
            code="E706",
        )
    columns = dict(wanted) or {
        segment: name for name in reversed(names) if (segment := _segment(name)) is not None
    }
    if "pelvis" not in columns or not any(s.startswith("thigh") for s in columns):
        raise ExchangeError(
            f"{path}: no pelvis and thigh among {', '.join(n[:60] for n in names[:30])}",
            hint="say which is which: --assign pelvis=COLUMN --assign thigh_left=COLUMN",
            code="E706",
        )
    return {segment: columns[segment] for segment in BODIES if segment in columns}


def _segment(name: str) -> str | None:
    stem = name.casefold().removesuffix("_imu")
    return stem if stem in BODIES else _SEGMENTS.get(stem)


def _read(
    path: Path, table: TextTable, columns: Mapping[str, str], unused: tuple[str, ...]
) -> Orientations:
    time_s = table.numbers("time")[:, 0]
    q = {
        segment: _of_length_one(table.numbers(*(f"{name}/{part}" for part in _PARTS)))
        for segment, name in columns.items()
    }
    known = np.isfinite(time_s)
    damaged = ~known | np.logical_or.reduce([np.isnan(one).all(axis=1) for one in q.values()])
    n_reordered = int(np.count_nonzero(np.diff(time_s[known]) < 0))
    order = np.flatnonzero(known)[np.argsort(time_s[known], kind="stable")]
    first: BoolArray = np.append(True, np.diff(time_s[order]) > 0)[: len(order)]
    rows = order[first]
    if len(rows) < 2:
        raise ExchangeError(
            f"{path}: {len(rows)} usable rows, at least 2 are needed",
            hint="the export broke off; export it again",
            code="E703",
        )
    step_s = np.diff(time_s[rows])
    usual_s = float(np.median(step_s))
    lost = np.round(step_s / usual_s) - 1
    faults = Faults(
        rows=table.rows,
        ragged=table.ragged,
        unreadable=int(np.count_nonzero(damaged)),
        repeated=int(np.count_nonzero(~first)),
        reordered=n_reordered,
        lost=int(lost.sum()) if lost.max() < 1e9 else 0,
        longest_gap_s=float(np.max(step_s[step_s > _LONGEST_GAP_STEPS * usual_s], initial=0.0)),
    )
    found = {segment: one[rows] for segment, one in q.items()}
    return Orientations(path, time_s[rows], found, columns, unused, 1.0 / usual_s, faults)


def _of_length_one(q: FloatArray) -> FloatArray:
    length = np.linalg.norm(q, axis=1)
    with np.errstate(invalid="ignore"):
        good = np.abs(length - 1.0) < _LENGTH_OFF
    found = np.full_like(q, np.nan)
    found[good] = quaternion.normalize(q[good])
    return found
