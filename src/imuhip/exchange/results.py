"""What a session gives to other programs, as tables; and files that appear only when whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES, SIDES
from imuhip.errors import ExchangeError

if TYPE_CHECKING:
    import pandas as pd

    from imuhip.analysis.assess import Assessment
    from imuhip.analysis.result import Analysis
    from imuhip.recording.session import Recording

__all__ = ["Exported", "Results", "check_free", "whole_file"]


@dataclass(frozen=True)
class Exported:
    """Files written, and what their format has no place for."""

    files: tuple[Path, ...]
    not_held: tuple[str, ...]


@dataclass(frozen=True)
class Results:
    """A recording and what was computed from it.

    Parameters
    ----------
    recording : Recording
    analysis : Analysis, optional
        None where the recording allows no angles.
    assessment : Assessment, optional
        None where no marker names a test.
    settings : mapping
        Software version, options and the recording's checksum: enough to compute all again.
    """

    recording: Recording
    analysis: Analysis | None
    assessment: Assessment | None
    settings: Mapping[str, Any]

    def angles(self, what: str) -> Analysis:
        """Return the analysis.

        Raises
        ------
        ExchangeError
            When there is none; `what` cannot be written then.
        """
        if self.analysis is None:
            raise ExchangeError(
                f"this recording gives no angles, and {what} holds nothing else",
                hint="imuhip analyze FILE says why; --format csv holds the tests' measures",
                code="E710",
            )
        return self.analysis

    @cached_property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tidy tables by name: one row an observation, units in the columns' names."""
        found: dict[str, pd.DataFrame] = {}
        if self.analysis is not None:
            strides = self.analysis.strides
            found["angles"] = self.analysis.angles.reset_index()
            strides = strides.drop(columns="stride", errors="ignore")
            strides.insert(0, "stride", np.arange(len(strides)))
            found["strides"] = strides
            found["curves"] = _curves(self.analysis)
            if self.analysis.seconds is not None:
                found["seconds"] = self.analysis.seconds
        if self.assessment is not None:
            found["measures"] = self.assessment.table
        if self.recording.markers:
            found["markers"] = _markers(self.recording)
        return found

    @cached_property
    def about(self) -> Mapping[str, Any]:
        """Return what no table holds, JSON-safe: how it was computed, its summary and quality."""
        if self.analysis is None:
            return self.settings
        own = {"summary": self.analysis.summary, "quality": self.analysis.quality}
        return {**self.settings, **own}


def _markers(recording: Recording) -> pd.DataFrame:
    import pandas as pd

    rows = [(marker.name, marker.start_s, marker.end_s) for marker in recording.markers]
    return pd.DataFrame(rows, columns=["name", "start_s", "end_s"])


def _curves(analysis: Analysis) -> pd.DataFrame:
    """Return one row a stride and percent of its cycle: the angles of its own hip and the pelvis.

    ``stride`` is the row of the table of strides; strides that were excluded are there, too.
    """
    import pandas as pd

    percent = np.arange(101)
    parts = []
    for side in SIDES:
        stride = np.flatnonzero((analysis.strides["side"] == side).to_numpy())
        columns: dict[str, Any] = {
            "stride": np.repeat(stride, len(percent)),
            "side": np.full(len(stride) * len(percent), side, dtype=object),
            "percent": np.tile(percent, len(stride)),
        }
        hips = [name for name in HIP_ANGLES if name.endswith(side)]
        for name in (*hips, *PELVIS_ANGLES):
            curves = analysis.cycles(side, name, only_valid=False)
            columns[f"{name.removesuffix(f'_{side}')}_deg"] = curves.ravel()
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def check_free(folder: Path, names: Sequence[str]) -> None:
    """Make `folder` and refuse to overwrite any of `names` in it.

    Raises
    ------
    ExchangeError
        When one exists, or the folder cannot be made.
    """
    there = [name for name in names if (folder / name).exists()]
    if there:
        raise ExchangeError(
            f"{folder}: {', '.join(there)} exist already; nothing is overwritten",
            hint="choose another folder with --out, or move them away",
            code="E710",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExchangeError(
            f"{folder}: cannot be made: {error.strerror or error}",
            hint="choose another folder with --out",
            code="E710",
        ) from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield another name to write to; what was written takes `path` when all of it is there.

    Raises
    ------
    ExchangeError
        When the disk refuses.
    """
    part = path.with_name(f".part_{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise ExchangeError(
            f"{path}: cannot be written: {error.strerror or error}",
            hint="is there room on the disk, and may you write there?",
            code="E710",
        ) from error
    finally:
        part.unlink(missing_ok=True)
