"""Where nothing moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray

__all__ = ["Stretch", "still_frames", "stretches", "unrest"]

_FRAME_RATE_SD_RAD_S = 0.12
_FRAME_FORCE_SD_M_S2 = 0.35
_FRAME_TURN_RAD_S = 0.15
"""Standing people sway: postural sway stays below 0.1 rad/s and 0.3 m/s² at the waist and thigh."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A half-open run of rows or frames, ``[start, end)``."""

    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


def still_frames(
    gyr: Mapping[str, FloatArray], acc: Mapping[str, FloatArray], frame: int
) -> BoolArray:
    """Return the frames (of `frame` samples) in which every sensor is still.

    Spread, not level, is judged, so that neither a gyroscope bias nor an accelerometer scale error
    can pass for motion; a steady turn would pass, and does not happen on a body for long.

    Parameters
    ----------
    gyr, acc : mapping of segment to (n, 3) array, rad/s and m/s²
        NaN where samples are missing; such frames are not still.
    frame : int
        Samples in a frame; the last, incomplete one is left out.
    """
    still: BoolArray | None = None
    for segment, rate in gyr.items():
        turning, spread = _mean_and_spread(rate, frame)
        level = np.abs(turning).max(axis=1)
        shaking = _mean_and_spread(acc[segment], frame)[1]
        quiet = (
            (spread < _FRAME_RATE_SD_RAD_S)
            & (shaking < _FRAME_FORCE_SD_M_S2)
            & (level < _FRAME_TURN_RAD_S)
        )
        still = quiet if still is None else still & quiet
    if still is None:
        raise ValueError("Expected at least one sensor, got none")
    return still


def unrest(gyr: FloatArray, acc: FloatArray) -> float:
    """Return how restless some samples are: 1 is the limit of `still_frames`, 0 is dead still.

    Parameters
    ----------
    gyr, acc : (n, 3) arrays, rad/s and m/s²
        Of one sensor, over about half a second; without samples the answer is infinite.
    """
    if len(gyr) == 0 or not (np.isfinite(gyr).all() and np.isfinite(acc).all()):
        return float("inf")
    turning, spread = _mean_and_spread(gyr, len(gyr))
    shaking = _mean_and_spread(acc, len(acc))[1]
    return float(
        max(
            spread[0] / _FRAME_RATE_SD_RAD_S,
            shaking[0] / _FRAME_FORCE_SD_M_S2,
            np.abs(turning).max() / _FRAME_TURN_RAD_S,
        )
    )


def _mean_and_spread(values: FloatArray, frame: int) -> tuple[FloatArray, FloatArray]:
    """Return the mean (f, 3) and the standard deviation (f,), over all axes, of each frame."""
    n_frames = len(values) // frame
    framed = values[: n_frames * frame].reshape(n_frames, frame, 3)
    mean = np.full(frame, 1.0 / frame) @ framed
    variance = np.einsum("fsc,fsc->f", framed, framed) / frame - (mean**2).sum(axis=1)
    return mean, np.sqrt(np.maximum(variance, 0.0))


def stretches(flags: BoolArray, minimum: int = 1) -> list[Stretch]:
    """Return the runs of True that are at least `minimum` long."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [
        Stretch(int(a), int(b))
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if b - a >= minimum
    ]
