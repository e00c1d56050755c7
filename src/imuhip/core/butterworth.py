"""Butterworth filters for whole series (zero phase) and for live blocks (causal, with memory)."""

from __future__ import annotations

import numpy as np
from scipy import signal

from imuhip.core.series import FloatArray

__all__ = ["CausalFilter", "band_pass", "low_pass", "thinned", "zero_phase"]


def low_pass(cutoff_hz: float, rate_hz: float, order: int = 2) -> FloatArray:
    """Return second-order sections of a low-pass."""
    return np.asarray(
        signal.butter(order, min(cutoff_hz, 0.45 * rate_hz), fs=rate_hz, output="sos")
    )


def band_pass(low_hz: float, high_hz: float, rate_hz: float, order: int = 2) -> FloatArray:
    """Return second-order sections of a band-pass."""
    high = min(high_hz, 0.45 * rate_hz)
    return np.asarray(signal.butter(order, (low_hz, high), "bandpass", fs=rate_hz, output="sos"))


def zero_phase(sections: FloatArray, values: FloatArray, *, mirrored: bool = False) -> FloatArray:
    """Filter forwards and backwards along the first axis; short series are padded as far as goes.

    Parameters
    ----------
    sections : (k, 6) array
        Second-order sections.
    values : (n, ...) array
        Finite values.
    mirrored : bool
        How the series goes on beyond its ends: back the way it came. Wanted for what goes to and
        fro: the default turns it about its last value as well, which goes on with a trend, and
        takes a foot strike in the last sample for a step of twice its height.
    """
    if len(values) < 2:
        return np.asarray(values, dtype=float).copy()
    # Three time constants of the slowest pole keep the start and the end free of transients.
    slowest = np.abs(np.concatenate([np.roots(section[3:]) for section in sections]))
    pad = int(min(len(values) - 1, 3.0 / max(1e-6, 1.0 - slowest.max())))
    ends = "even" if mirrored else "odd"
    return np.asarray(signal.sosfiltfilt(sections, values, axis=0, padtype=ends, padlen=pad))


def thinned(values: FloatArray, n_rows: int) -> FloatArray:
    """Return every `n_rows`-th row of (n, c), each the mean of those around it under a triangle.

    Enough before a filter far below the new rate: the triangle has double zeros at the new rate and
    its multiples, so that next to nothing folds down to low frequencies. Beyond the ends the values
    go on level.
    """
    if n_rows == 1:
        return np.asarray(values, dtype=float)
    kept = values[::n_rows] / n_rows
    for k in range(1, n_rows):
        weight = (n_rows - k) / n_rows**2
        later, earlier = values[k::n_rows], values[n_rows - k :: n_rows][: len(kept) - 1]
        kept[: len(later)] += weight * later
        kept[len(later) :] += weight * values[-1]
        kept[1:] += weight * earlier
        kept[0] += weight * values[0]
    return np.asarray(kept)


class CausalFilter:
    """The same filter run forwards only, over blocks of any length.

    The first sample sets the state to its steady value, so that a constant input passes without a
    start-up transient (or, for a band-pass, gives zero at once).
    """

    def __init__(self, sections: FloatArray) -> None:
        self._sections = sections
        self._state: FloatArray | None = None

    def update(self, values: FloatArray) -> FloatArray:
        """Filter the next (n, ...) samples."""
        values = np.asarray(values, dtype=float)
        if len(values) == 0:
            return values
        if self._state is None:
            rest = signal.sosfilt_zi(self._sections)
            extra = (1,) * (values.ndim - 1)
            self._state = rest.reshape(rest.shape[0], rest.shape[1], *extra) * values[0]
        filtered, self._state = signal.sosfilt(self._sections, values, axis=0, zi=self._state)
        return np.asarray(filtered)
