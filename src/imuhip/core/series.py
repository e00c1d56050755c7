"""Stretches of sensor data: frozen dataclasses over read-only arrays, one row per sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BoolArray", "FloatArray", "ImuSeries", "IntArray", "Marker", "read_only"]

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]
IntArray: TypeAlias = NDArray[np.int64]


def read_only(values: ArrayLike, dtype: type = np.float64) -> NDArray[np.generic]:
    """Return `values` as a contiguous array that cannot be written to.

    A view is taken when the input already fits; the caller's own array is left writable.
    """
    array: NDArray[np.generic] = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def _column(name: str, values: ArrayLike, n_samples: int, dtype: type) -> NDArray[np.generic]:
    array = read_only(values, dtype)
    if array.shape != (n_samples,):
        raise ValueError(f"Expected {name} of shape ({n_samples},), got {array.shape}")
    return array


def _vectors(name: str, values: ArrayLike, n_samples: int) -> NDArray[np.generic]:
    array = read_only(values)
    if array.shape != (n_samples, 3):
        raise ValueError(f"Expected {name} of shape ({n_samples}, 3), got {array.shape}")
    return array


@dataclass(frozen=True, slots=True)
class ImuSeries:
    """What one inertial sensor measured.

    Rows that were lost are present as NaN with ``valid`` False, so that row differences are sample
    differences; nothing is interpolated here.

    Parameters
    ----------
    time_s : (n,) array, s
        On the recording's clock, strictly increasing.
    acc : (n, 3) array, m/s²
        Specific force (reads +g upwards at rest), sensor frame.
    gyr : (n, 3) array, rad/s
        Angular rate, sensor frame.
    mag : (n, 3) array, µT, optional
        Magnetic field, sensor frame.
    valid : (n,) bool array, optional
        False where a sample was lost or is unusable; by default, where any of it is not finite.

    Raises
    ------
    ValueError
        When shapes disagree or time does not increase.
    """

    time_s: FloatArray
    acc: FloatArray
    gyr: FloatArray
    mag: FloatArray | None = None
    valid: BoolArray = None  # type: ignore[assignment]  # filled in below, never None outside

    def __post_init__(self) -> None:
        time_s = read_only(self.time_s)
        if time_s.ndim != 1:
            raise ValueError(f"Expected time_s of shape (n,), got {time_s.shape}")
        n_samples = len(time_s)
        acc = _vectors("acc", self.acc, n_samples)
        gyr = _vectors("gyr", self.gyr, n_samples)
        if not np.all(np.diff(time_s) > 0):
            row = int(np.flatnonzero(~(np.diff(time_s) > 0))[0]) + 1
            raise ValueError(
                f"Expected time_s to increase, got {time_s[row - 1]} s then {time_s[row]} s"
                f" at row {row}"
            )
        valid = self.valid
        if valid is None:
            valid = np.isfinite(acc).all(axis=1) & np.isfinite(gyr).all(axis=1)
        object.__setattr__(self, "time_s", time_s)
        object.__setattr__(self, "acc", acc)
        object.__setattr__(self, "gyr", gyr)
        object.__setattr__(self, "valid", _column("valid", valid, n_samples, np.bool_))
        if self.mag is not None:
            object.__setattr__(self, "mag", _vectors("mag", self.mag, n_samples))

    def __len__(self) -> int:
        return len(self.time_s)

    def between(self, start_s: float, end_s: float) -> ImuSeries:
        """Return the samples from `start_s` until before `end_s`."""
        a, b = np.searchsorted(self.time_s, (start_s, end_s))
        mag = None if self.mag is None else self.mag[a:b]
        return ImuSeries(self.time_s[a:b], self.acc[a:b], self.gyr[a:b], mag, self.valid[a:b])


@dataclass(frozen=True, slots=True)
class Marker:
    """A named stretch (or instant, when both ends agree) of a recording.

    Parameters
    ----------
    name : str
        For example ``"n_pose"``, ``"gait"`` or a note.
    start_s, end_s : float, s
        On the recording's clock.
    """

    name: str
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not self.end_s >= self.start_s:
            raise ValueError(
                f"Expected marker {self.name!r} to end after it starts,"
                f" got {self.start_s} s to {self.end_s} s"
            )
