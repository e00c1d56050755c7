"""How a hand moves things: smoothly, and never quite straight."""

from __future__ import annotations

import numpy as np

from imuhip.core.series import FloatArray

__all__ = ["eased", "wandering"]


def eased(n_rows: int) -> FloatArray:
    """Return 0 to 1 with no speed or acceleration at either end (minimum jerk)."""
    x = np.linspace(0.0, 1.0, n_rows)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def wandering(n_rows: int, rng: np.random.Generator, waves: int) -> FloatArray:
    """Return (n, 3) of unit size that begins and ends at rest at zero."""
    x = np.linspace(0.0, 1.0, n_rows)[:, None]
    size = rng.normal(0.0, 1.0, (waves, 3))
    phase = rng.uniform(0.0, 2.0 * np.pi, (waves, 3))
    total = sum(
        size[k] * np.sin(2.0 * np.pi * (k + 1) * x + phase[k]) / np.sqrt(waves)
        for k in range(waves)
    )
    return np.asarray(64.0 * (x * (1.0 - x)) ** 3 * total)
