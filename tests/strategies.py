"""Hypothesis strategies shared by the tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

__all__ = ["unit_quaternions", "vectors"]


@st.composite
def vectors(draw: st.DrawFn, minimum: float = 0.0) -> np.ndarray:
    """Draw a vector of three moderate numbers, at least `minimum` long."""
    element = st.floats(-10, 10, allow_subnormal=False)
    vector = np.array([draw(element) for _ in range(3)])
    if np.linalg.norm(vector) < max(minimum, 1e-300):
        return np.array([max(minimum, 1e-3), 0.0, 0.0])
    return vector


@st.composite
def unit_quaternions(draw: st.DrawFn) -> np.ndarray:
    """Draw any orientation, sign included."""
    element = st.floats(-1, 1, allow_subnormal=False)
    q = np.array([draw(element) for _ in range(4)])
    norm = np.linalg.norm(q)
    return q / norm if norm > 1e-2 else np.array([1.0, 0.0, 0.0, 0.0])
