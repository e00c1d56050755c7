"""Numbers and times of one stream's samples, of which only the last in a frame is stamped."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.errors import ProtocolError

__all__ = ["FrameClock", "PlacedFrame"]

_LARGEST_RATE_ERROR: Final = 0.05
"""Of the nominal rate, before frames have shown the real one."""
_LEARNT_RATE_ERROR: Final = 0.01
_STAMP_ERROR_SAMPLES: Final = 0.5
_LEARNING_FRAMES: Final = 3
_RATE_GAIN: Final = 0.1
_REMEMBERED_FRAMES: Final = 32


@dataclass(frozen=True, slots=True)
class PlacedFrame:
    """Where a frame belongs.

    Parameters
    ----------
    first : int
        Number of its first sample; numbers that no frame brings are lost samples.
    time_s : (n,) array, s
        Of its samples, on the sensor's clock.
    is_repeat : bool
        It came before.
    """

    first: int
    time_s: FloatArray
    is_repeat: bool = False


class FrameClock:
    """Numbers the samples of one stream by their frames' stamps.

    The samples of a frame that follows on the one before are spread evenly over the time between
    their stamps, so that the sensor's real rate needs not be known. Whether it does follow on is
    seen by that time: a frame is lost as a whole, and that is more than a wrong rate explains.

    Parameters
    ----------
    rate_hz : float
        Nominal.
    """

    def __init__(self, rate_hz: float) -> None:
        self._nominal_ns = 1e9 / rate_hz
        self.period_ns = self._nominal_ns
        """Time between samples as far as it is known."""
        self._newest_ns: int | None = None
        self._next = 0
        self._n_learnt = 0
        self._recent: deque[tuple[int, PlacedFrame]] = deque(maxlen=_REMEMBERED_FRAMES)

    def step_ns(self, time_ns: int, n_samples: int) -> float:
        """Return how much later a frame is than one that follows on would be; 0 for the first."""
        if self._newest_ns is None:
            return 0.0
        return time_ns - self._newest_ns - n_samples * self.period_ns

    def place(self, time_ns: int, n_samples: int) -> PlacedFrame:
        """Take a frame.

        Raises
        ------
        ProtocolError
            When it is older than the newest and was not seen before.
        """
        if self._newest_ns is None:
            return self._append(time_ns, n_samples, self._backwards(time_ns, n_samples))
        elapsed_ns = time_ns - self._newest_ns
        if elapsed_ns <= 0:
            return self._repeat(time_ns, n_samples)
        late = self.step_ns(time_ns, n_samples) / self.period_ns
        is_learnt = self._n_learnt >= _LEARNING_FRAMES
        rate_error = _LEARNT_RATE_ERROR if is_learnt else _LARGEST_RATE_ERROR
        tolerance = _STAMP_ERROR_SAMPLES + rate_error * n_samples
        if late > tolerance:
            self._next += max(1, round(late))
            return self._append(time_ns, n_samples, self._backwards(time_ns, n_samples))
        if late > -tolerance:
            self._learn(elapsed_ns / n_samples)
        steps = np.arange(1, n_samples + 1) / n_samples
        return self._append(time_ns, n_samples, (self._newest_ns + elapsed_ns * steps) * 1e-9)

    def _backwards(self, time_ns: int, n_samples: int) -> FloatArray:
        return np.asarray((time_ns - self.period_ns * np.arange(n_samples - 1, -1, -1)) * 1e-9)

    def _append(self, time_ns: int, n_samples: int, time_s: FloatArray) -> PlacedFrame:
        placed = PlacedFrame(self._next, time_s)
        self._newest_ns = time_ns
        self._next += n_samples
        self._recent.append((time_ns, placed))
        return placed

    def _repeat(self, time_ns: int, n_samples: int) -> PlacedFrame:
        for known_ns, placed in self._recent:
            if known_ns == time_ns and len(placed.time_s) == n_samples:
                return PlacedFrame(placed.first, placed.time_s, is_repeat=True)
        raise ProtocolError(
            "data frame older than the newest of its stream, and not one that came before",
            hint="the packet is dropped; its samples count as lost",
        )

    def _learn(self, period_ns: float) -> None:
        gain = max(_RATE_GAIN, 1 / (self._n_learnt + 1))
        low, high = (self._nominal_ns * (1 + s * _LARGEST_RATE_ERROR) for s in (-1, 1))
        learnt = self.period_ns + gain * (period_ns - self.period_ns)
        self.period_ns = min(max(learnt, low), high)
        self._n_learnt += 1
