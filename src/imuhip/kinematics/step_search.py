"""The one instant from which on a series of noisy values lies higher or lower than before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["Step", "best_step", "step_at"]

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
    index = np.arange(_LEAST_SIDE, n_values - _LEAST_SIDE + 1)
    size, sd = _steps_at(values, running, intensity, index)
    largest = int(np.argmax(np.abs(size) / sd))
    best = Step(int(index[largest]), float(size[largest]), float(sd[largest]))
    if abs(best.size) < _SIGMAS * best.sd:
        return None
    return best if _is_sudden(values, _explained(running, intensity), best) else None


def step_at(values: FloatArray, running: BoolArray, intensity: FloatArray, index: int) -> Step:
    """Return the step at `index`, however small; parameters as `best_step`."""
    size, sd = _steps_at(values, running, intensity, np.array([index]))
    return Step(index, float(size[0]), float(sd[0]))


def _steps_at(
    values: FloatArray, running: BoolArray, intensity: FloatArray, index: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return size and sigma of the steps at all of `index` (k,), each as if it were the only one.

    Least squares with everything but the step solved for once (Schur's complement).
    """
    noise2 = _noise(values) ** 2
    explained = _explained(running, intensity)
    prior = np.diag([0.0, _MODE_SD_RAD**-2, _SLOPE_SD_RAD**-2]) + 1e-9 * np.eye(3)
    inverse = np.linalg.inv(explained.T @ explained / noise2 + prior)

    def after(rows: FloatArray) -> FloatArray:
        total = np.concatenate([np.cumsum(rows[::-1], axis=0)[::-1], np.zeros_like(rows[:1])])
        return np.asarray(total[index])

    shared = after(explained) / noise2
    information = (len(values) - index) / noise2 + 1e-9
    information = information - np.einsum("ki,ij,kj->k", shared, inverse, shared)
    pull = after(values) / noise2 - shared @ inverse @ (explained.T @ values / noise2)
    return np.asarray(pull / information), np.asarray(1.0 / np.sqrt(information))


def _explained(running: BoolArray, intensity: FloatArray) -> FloatArray:
    return np.stack(
        [np.ones(len(running)), running - running.mean(), intensity - intensity.mean()], axis=1
    )


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
