"""How well sensors of each model can be timed: what a recording is held to, not more.

The figures of `docs/clocks.md` rest on them. What a recording states is judged by the limit of its
model: a sensor that tells no time is no fault of the recording.
"""

from __future__ import annotations

from typing import Final

__all__ = ["CLOCK_LIMITS_S", "clock_limit_s"]

CLOCK_LIMITS_S: Final = {"imuhip": 0.002, "Movella DOT": 0.005, "Movesense": 0.005}
"""By driver; between two sensors of the model."""
STAMPED_S: Final = 0.005
"""Of others that stamp samples or packets."""
COUNTED_S: Final = 0.015
"""Of sensors timed by the host alone: a connection interval, which their packets may hide."""


def clock_limit_s(driver: str, clock_hz: float) -> float:
    """Return up to which uncertainty, s, a sensor is timed as well as its model can be.

    Parameters
    ----------
    driver : str
        Which driver decodes its packets.
    clock_hz : float
        Rate of the clock that stamps samples, Hz; 0 for a sensor that states no time.
    """
    return CLOCK_LIMITS_S.get(driver, STAMPED_S if clock_hz > 0 else COUNTED_S)
