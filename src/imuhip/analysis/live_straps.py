"""Loose straps, judged while the person walks, over the last minute of gait."""

from __future__ import annotations

from collections import deque

import numpy as np
from scipy import signal

from imuhip.analysis.live_frame import LiveFrame
from imuhip.core.butterworth import CausalFilter, low_pass
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.kinematics.strap_wobble import CUT_HZ, StrapWobble

__all__ = ["LiveStraps", "steady_rotation"]

_WOBBLE_HZ = (6.5, 12.0)
"""Loose straps swing at 8 to 10 Hz."""
_MEMORY_BLOCKS = 30
_LEAST_BLOCKS = 5
_FIRM = StrapWobble(0.0, 0.0, 0.0)


class LiveStraps:
    """Second moments of each thigh sensor's fast rate, angle and whole rate, block by block.

    Moments about all axes are kept, so that the thigh's long axis may become known later.

    Parameters
    ----------
    sides : list of Side
    rate_hz : float
    """

    def __init__(self, sides: list[Side], rate_hz: float) -> None:
        self._rate_hz = rate_hz
        fast, angle = _high_pass(CUT_HZ, rate_hz, 4), _high_pass(0.5 * CUT_HZ, rate_hz, 2)
        self._fast = {side: CausalFilter(fast) for side in sides}
        self._angle = {side: CausalFilter(angle) for side in sides}
        self._turned = {side: np.zeros(3) for side in sides}
        self._moments: dict[Side, deque[tuple[int, FloatArray]]] = {
            side: deque(maxlen=_MEMORY_BLOCKS) for side in sides
        }

    def add(self, frame: LiveFrame) -> None:
        """Take in one block."""
        for side, moments in self._moments.items():
            rate = frame.motions[f"thigh_{side}"].gyr
            fast = self._fast[side].update(rate)
            turned = self._turned[side] + np.cumsum(fast, axis=0) / self._rate_hz
            self._turned[side] = turned[-1]
            angle = self._angle[side].update(turned)
            rows = frame.usable[side]
            if 2 * rows.sum() > len(rows):
                parts = [values[rows].T @ values[rows] for values in (fast, rate, angle)]
                moments.append((int(rows.sum()), np.stack(parts)))

    def wobble(self, side: Side, up_S: FloatArray) -> StrapWobble:
        """Return the swing about `up_S` (3,), the thigh's long axis, over the last minute."""
        moments = self._moments[side]
        if len(moments) < _LEAST_BLOCKS:
            return _FIRM
        total = np.sum([part for _, part in moments], axis=0) / sum(n for n, _ in moments)
        fast, power, angle = (float(up_S @ part @ up_S) for part in total)
        return StrapWobble(
            fast_rate_rad_s=float(np.sqrt(max(fast, 0.0))),
            fast_share=min(1.0, fast / max(power, 1e-12)),
            amplitude_rad=float(np.sqrt(max(angle, 0.0))),
        )

    def forget(self, side: Side) -> None:
        """Begin anew: the sensor was put on again."""
        self._moments[side].clear()


def _high_pass(cutoff_hz: float, rate_hz: float, order: int) -> FloatArray:
    """Return sections that leave what `zero_phase` of a low-pass, taken off, would leave."""
    cutoff_hz = min(cutoff_hz, 0.45 * rate_hz)
    once = signal.butter(order, cutoff_hz, "highpass", fs=rate_hz, output="sos")
    return np.concatenate([once, once])


def steady_rotation(rate_hz: float) -> CausalFilter:
    """Return what takes the wobble of a loose strap out of hip rotation while it arrives.

    A band-stop: it comes 16 to 20 ms late at the frequencies of a stride. A low-pass at 6 Hz, as
    whole recordings are treated without delay, would come 70 ms late, which costs a runner more
    than the wobble.
    """
    low_hz, high_hz = _WOBBLE_HZ
    high_hz = min(high_hz, 0.45 * rate_hz)
    if high_hz <= low_hz:
        return CausalFilter(low_pass(CUT_HZ, rate_hz))
    sections = signal.butter(2, (low_hz, high_hz), "bandstop", fs=rate_hz, output="sos")
    return CausalFilter(np.asarray(sections))
