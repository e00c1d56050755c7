"""Columns of numbers as the whole numbers they came from: `scale_factor` times a stored integer.

A sensor measures in counts. Its float32 values are the counts times one factor, so the factor can
be found from the values alone, whatever the driver: all of them are multiples of it. A packing is
used only when it gives back every value bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Packing", "signal_packing", "tick_packing", "unpacked"]

_LARGEST_COUNT: Final = 1 << 24
"""Beyond it float32 does not hold every whole number."""
_SURE_STEPS: Final = 64
"""So many steps from zero the number of steps is beyond doubt before the step is known well."""


@dataclass(frozen=True, slots=True)
class Packing:
    """How integers stand for the values of one column.

    Parameters
    ----------
    dtype : str
        Of the stored integers.
    scale : float
        Value of one, in the column's unit.
    unpacked_type : str
        ``"float32"`` or ``"float64"``: what the product is rounded to.
    fill : int or None
        Stands for NaN; None when there is none.
    """

    dtype: str
    scale: float
    unpacked_type: str
    fill: int | None = None

    def stored(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the integers of `values`, of the same shape."""
        missing = np.isnan(values)
        counts = np.rint(np.where(missing, 0.0, values.astype(float)) / self.scale)
        if self.fill is not None:
            counts[missing] = self.fill
        return counts.astype(self.dtype)

    def gives_back(self, values: NDArray[Any]) -> bool:
        """Return whether storing and unpacking changes no bit; NaN counts as one value."""
        again = unpacked(self.stored(values), self.scale, self.unpacked_type, self.fill)
        bits = f"u{values.dtype.itemsize}"
        same = again.view(bits) == np.ascontiguousarray(values).view(bits)
        return bool(np.all(same | (np.isnan(again) & np.isnan(values))))


def unpacked(
    stored: NDArray[Any], scale: float, unpacked_type: str, fill: int | None
) -> NDArray[Any]:
    """Return the values of stored integers, of the same shape."""
    values = stored * scale
    if fill is not None:
        values[stored == fill] = np.nan
    return values.astype(unpacked_type, copy=False)


def signal_packing(values: NDArray[Any]) -> Packing | None:
    """Return how a signal is stored as counts; None when its values are no multiples of a step.

    Parameters
    ----------
    values : (n, 3) array of float32 or float64
        As a driver made them from counts; NaN where there is none.
    """
    known = values[np.isfinite(values)]
    n_other = int(np.count_nonzero(np.isinf(values)))
    if not len(known) or n_other:
        return None
    scale = _step(known)
    if scale is None:
        return None
    largest = float(np.max(np.abs(known))) / scale
    dtype = "<i2" if largest < np.iinfo(np.int16).max + 1.5 else "<i4"
    counts = np.rint(known.astype(float) / scale)
    if counts.min() < np.iinfo(dtype).min or counts.max() > np.iinfo(dtype).max:
        dtype = "<i4"
    fill = None
    if len(known) < values.size:
        fill = int(np.iinfo(dtype).min)
        if counts.min() == fill:
            dtype, fill = "<i4", int(np.iinfo("<i4").min)
    packing = Packing(dtype, scale, values.dtype.name, fill)
    return packing if packing.gives_back(values) else None


def tick_packing(values: NDArray[Any], scales: tuple[float, ...]) -> Packing | None:
    """Return how (n,) times of a clock are stored as its ticks; None when no scale fits."""
    if not len(values) or not np.all(np.isfinite(values)):
        return None
    largest = float(np.max(np.abs(values)))
    for scale in scales:
        packing = Packing("<i8", scale, values.dtype.name)
        if largest / scale < 2.0**53 and packing.gives_back(values):
            return packing
    return None


def _step(known: NDArray[Any]) -> float | None:
    """Return the step that all values are multiples of, as rounded to their type."""
    sizes = np.unique(np.abs(known))
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 1.0
    exact = sizes.astype(float)
    gaps = np.diff(exact, prepend=0.0)
    step = float(np.median(gaps[gaps < 1.5 * gaps.min()]))
    if exact[-1] / step > _LARGEST_COUNT:
        return None
    # The largest value a few steps from zero tells the step to its own rounding error.
    near = exact[: np.searchsorted(exact, _SURE_STEPS * step)]
    if len(near):
        step = float(near[-1] / np.rint(near[-1] / step))
    counts = np.rint(exact / step)
    if counts[0] < 1:
        return None
    # Every value was rounded by at most half a unit of its last place: each bounds the step.
    half = 0.5 * np.spacing(sizes).astype(float)
    low, high = float(np.max((exact - half) / counts)), float(np.min((exact + half) / counts))
    return 0.5 * (low + high) if low <= high else None
