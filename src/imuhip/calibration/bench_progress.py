"""How far a calibration by hand has come, while it is recorded: what is there, what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.calibration.bench_rests import find_moves, find_rests
from imuhip.calibration.intrinsics_accelerometer import missing_directions
from imuhip.calibration.intrinsics_gyroscope import count_full_turns
from imuhip.core.series import ImuSeries

__all__ = ["BenchProgress", "bench_progress"]

_FIRST_POSES = ("+z", "-z", "+x", "-x", "+y", "-y")
_WANTED_TURNS = 5


@dataclass(frozen=True, slots=True)
class BenchProgress:
    """What was done so far.

    Parameters
    ----------
    poses : int
        Still poses.
    missing : tuple of str
        Axes of the sensor that should point upwards next, such as ``"-y and +z"``.
    turned : tuple of str
        Axes about which there were full turns on the table.
    """

    poses: int
    missing: tuple[str, ...]
    turned: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Return whether nothing more would help much."""
        return not self.missing and len(self.turned) == 3

    @property
    def prompt(self) -> str:
        """Return what to do next."""
        if self.missing:
            return f"lay it still for 3 s with {self.missing[0]} upwards"
        left = [axis for axis in "xyz" if axis not in self.turned]
        if left:
            return (
                f"lay it against an edge with {left[0]} upwards, wait 3 s, turn it ten times flat"
                " on the table, back to the edge, wait 3 s"
            )
        return "done; Ctrl-C ends"


def bench_progress(series: ImuSeries) -> BenchProgress:
    """Judge a recording that is not finished.

    Parameters
    ----------
    series : ImuSeries
        Of one sensor so far.
    """
    rests = find_rests(series)
    if not rests:
        return BenchProgress(0, _FIRST_POSES, ())
    acc = np.stack([rest.acc for rest in rests])
    up_S = acc / np.linalg.norm(acc, axis=1, keepdims=True)
    moves, _ = find_moves(series, rests)
    turns = count_full_turns(moves, up_S)
    turned = tuple(axis for axis, n in zip("xyz", turns, strict=True) if n >= _WANTED_TURNS)
    return BenchProgress(len(rests), tuple(_faces_first(missing_directions(acc))), turned)


def _faces_first(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name.count(" and "))
