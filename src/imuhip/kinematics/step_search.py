"""The one instant from which on a series of noisy values lies higher or lower than before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

__all__ = ["Step", "best_step"]

_LEAST_SIDE = 2
_LEAST_SD_RAD = float(np.radians(0.4))
_SIGMAS = 6.0
_SLOPE_SD_RAD = np.radians(20.0)
"""How far a change of intensity by a factor of e may turn the axis of gait, one sigma."""
_MODE_SD_RAD = np.radians(20.0)


@dataclass(frozen=True, slots=True)
class Step:
    """A step.

    Parameters
    ----------
    index : int
        First value after it.
    size : float, rad
    sd : float, rad
        One sigma of the size.
    """

    index: int
    size: float
    sd: float


def best_step(values: FloatArray, running: BoolArray, intensity: FloatArray) -> Step | None:
    """Return the best supported step, or None when nothing there is six sigmas large.

    What goes with the mode of gait or its intensity is explained by those first: a step at the
    very instant of their change cannot be told from them, has a wide sigma and is not returned.

    Parameters
    ----------
    values : (k,) array, rad
    running : (k,) bool array
        Mode of gait at each.
    intensity : (k,) array
        Logarithm of how hard the gait is.
    """
    n_values = len(values)
    if n_values < 2 * _LEAST_SIDE + 1:
        return None
    explained = np.stack(
        [np.ones(n_values), running - running.mean(), intensity - intensity.mean()], axis=1
    )
    candidates = np.arange(_LEAST_SIDE, n_values - _LEAST_SIDE + 1)
    noise = _noise(values)
    prior = np.diag([0.0, _MODE_SD_RAD**-2, _SLOPE_SD_RAD**-2, 0.0])
    best: tuple[float, Step] | None = None
    for index in candidates:
        design = np.column_stack([explained, np.arange(n_values) >= index])
        covariance = np.linalg.inv(design.T @ design / noise**2 + prior + 1e-9 * np.eye(4))
        fit = covariance @ (design.T @ values) / noise**2
        gain = fit[3] ** 2 / covariance[3, 3]
        if best is None or gain > best[0]:
            best = gain, Step(int(index), float(fit[3]), float(np.sqrt(covariance[3, 3])))
    if best is None or best[0] < _SIGMAS**2:
        return None
    step = best[1]
    return step if _is_sudden(values, explained, step) else None


def _noise(values: FloatArray) -> float:
    """Return the spread of single values, from neighbours: steps hardly count."""
    jumps = np.diff(values)
    spread = 1.4826 * float(np.median(np.abs(jumps - np.median(jumps)))) / np.sqrt(2.0)
    return float(max(spread, _LEAST_SD_RAD))


def _is_sudden(values: FloatArray, explained: FloatArray, step: Step) -> bool:
    """Return whether a step explains the values better than a steady creep does."""
    index = np.arange(len(values))
    left = []
    for shape in (index >= step.index, index / len(values)):
        design = np.concatenate([explained, shape.astype(float)[:, None]], axis=1)
        fit = np.linalg.pinv(design) @ values
        left.append(float(((values - design @ fit) ** 2).sum()))
    return left[0] < left[1]
