"""What a sensor feels of a finger that taps it: a short push, then strap and skin swing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["Tap", "double_tap", "felt_acceleration"]


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap.

    Parameters
    ----------
    at_s : float, s
        Middle of the push.
    peak : tuple of 3 floats, m/s²
        Greatest acceleration of the case, sensor frame.
    width_s : float, s
        Standard deviation of the push; 3 ms lets most of it happen within 10 ms.
    ring_share : float
        Size of the swing that follows, as a share of `peak`.
    ring_hz, ring_decay_s : float
        Its frequency and decay: skin under a strap swings at 15 to 30 Hz.
    """

    at_s: float
    peak: tuple[float, float, float]
    width_s: float = 0.003
    ring_share: float = 0.25
    ring_hz: float = 20.0
    ring_decay_s: float = 0.05

    def scaled(self, factor: float) -> Tap:
        """Return what a neighbour feels of it."""
        x, y, z = self.peak
        peak = (factor * x, factor * y, factor * z)
        return Tap(self.at_s, peak, self.width_s, self.ring_share, self.ring_hz, self.ring_decay_s)


def double_tap(at_s: float, peak: tuple[float, float, float], apart_s: float = 0.3) -> list[Tap]:
    """Return two taps, as people do when asked to tap twice."""
    return [Tap(at_s, peak), Tap(at_s + apart_s, peak)]


def felt_acceleration(time_s: FloatArray, step_s: float, taps: Sequence[Tap]) -> FloatArray:
    """Return what taps add to an accelerometer's samples.

    A sample is the mean over the sample interval that ends with it, as of a sensor that filters
    what it cannot show: a push shorter than that is seen smaller than it was.

    Parameters
    ----------
    time_s : (n,) array, s
        When samples are taken.
    step_s : float, s
        The sample interval.
    taps : sequence of Tap
        On the same clock.

    Returns
    -------
    (n, 3) array, m/s²
        Sensor frame.
    """
    total = np.zeros((len(time_s), 3))
    for tap in taps:
        since_s = np.asarray(time_s, dtype=float) - tap.at_s
        push = _pushed(since_s, tap.width_s) - _pushed(since_s - step_s, tap.width_s)
        total += np.outer(push / step_s + tap.ring_share * _ringing(since_s, tap), tap.peak)
    return total


def _pushed(since_s: FloatArray, width_s: float) -> FloatArray:
    """Return the integral of a Gaussian push of peak 1 up to a time."""
    from scipy.special import erf

    area = width_s * np.sqrt(2 * np.pi)
    return np.asarray(0.5 * area * (1 + erf(since_s / (np.sqrt(2) * width_s))))


def _ringing(since_s: FloatArray, tap: Tap) -> FloatArray:
    after_s = np.maximum(since_s, 0.0)
    swing = np.exp(-after_s / tap.ring_decay_s) * np.sin(2 * np.pi * tap.ring_hz * after_s)
    return np.asarray(np.where(since_s > 0, -swing, 0.0))
