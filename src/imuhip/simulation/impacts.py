"""What happens at each foot strike, summed over a whole session at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["ringing", "shock"]


def _sum_of_events(
    time_s: FloatArray,
    events_s: FloatArray,
    kernel: Callable[[FloatArray], FloatArray],
    span_s: tuple[float, float],
) -> FloatArray:
    """Add `kernel(time since event)` over its `span_s` around every event."""
    step_s = float(time_s[1] - time_s[0])
    length = int((span_s[1] - span_s[0]) / step_s) + 2
    first = np.floor((events_s + span_s[0] - time_s[0]) / step_s).astype(int)
    rows = first[:, None] + np.arange(length)
    values = kernel(time_s[0] + rows * step_s - events_s[:, None])
    inside = (rows >= 0) & (rows < len(time_s))
    total = np.bincount(rows[inside], weights=values[inside], minlength=len(time_s))
    return np.asarray(total, dtype=float)


def shock(time_s: FloatArray, contacts_s: FloatArray, sigma_s: float = 0.014) -> FloatArray:
    """Return a displacement whose acceleration rings after each contact with a peak near 1 m/s².

    Three Gaussians of alternating sign: most power at 10-20 Hz, almost none above 40 Hz.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    contacts_s : (k,) array, s
        Initial contacts; the peak follows one `sigma_s` later.
    sigma_s : float
        Width of one bump.
    """
    spacing_s = 2.2 * sigma_s

    def kernel(since_s: FloatArray) -> FloatArray:
        bump = np.zeros_like(since_s)
        for i, weight in enumerate((1.0, -0.55, 0.22)):
            bump += weight * np.exp(-0.5 * ((since_s - sigma_s - i * spacing_s) / sigma_s) ** 2)
        # the neighbouring bumps add to the curvature of the first: a factor of 1.19
        return np.asarray(sigma_s**2 / 1.19 * bump)

    return _sum_of_events(time_s, contacts_s, kernel, (-6.0 * sigma_s, 13.0 * sigma_s))


def ringing(
    time_s: FloatArray, contacts_s: FloatArray, frequency_hz: float, decay_s: float = 0.08
) -> FloatArray:
    """Return a damped oscillation after each contact, of unit size where it begins to decay.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    contacts_s : (k,) array, s
        Initial contacts.
    frequency_hz, decay_s : float
        Of the oscillation.
    """
    onset_s = 0.04

    def kernel(since_s: FloatArray) -> FloatArray:
        x = np.clip(since_s / onset_s, 0.0, 1.0)
        onset = x**4 * (35.0 - 84.0 * x + 70.0 * x**2 - 20.0 * x**3)
        wave = np.sin(2.0 * np.pi * frequency_hz * since_s)
        return np.asarray(onset * np.exp(-np.maximum(since_s, 0.0) / decay_s) * wave)

    return _sum_of_events(time_s, contacts_s, kernel, (0.0, 9.0 * decay_s))
