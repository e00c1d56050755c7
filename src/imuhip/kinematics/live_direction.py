"""The walking direction as it can be known at the instant, from the past alone.

On a straight way the mean of the last strides is the direction, and what is left of the pelvis'
heading is its own rotation. In a turn that mean is a stride late. But the pelvis goes with
the legs in the same way stride after stride; how, is learnt on the straight, and in a turn the
pelvis' rotation is taken from the legs, and the direction from what is left.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from imuhip.core.recent import RecentRows
from imuhip.core.series import FloatArray
from imuhip.kinematics.angles import centred_direction, trailing_direction

__all__ = ["LiveDirection"]

_MEMORY_S = 20.0
_LOOK_BACK_S = 0.25
_CALM_RAD_S = np.radians(12.0)
_BLEND_RAD_S = np.radians(13.0)
_STRAIGHT_RAD_S = np.radians(10.0)


class LiveDirection:
    """Follows the pelvis' heading and the legs; blocks of any length give the same answer.

    Parameters
    ----------
    rate_hz : float
    n_features : int
        Columns that describe what the legs do.
    """

    def __init__(self, rate_hz: float, n_features: int) -> None:
        self._rate_hz = rate_hz
        keep = round(_MEMORY_S * rate_hz)
        self._heading, self._legs = RecentRows(keep), RecentRows(keep, n_features)
        self._weights: FloatArray | None = None
        self._calm_rad_s = _CALM_RAD_S
        self._gait = ""
        self._learnt: dict[str, tuple[FloatArray | None, float]] = {}
        self._n_same = 0

    def begin(self, heading_rad: FloatArray, legs: FloatArray) -> None:
        """Take over a past: headings (n,) and what the legs did (n, k)."""
        self._heading.replace(np.unwrap(heading_rad))
        self._legs.replace(legs)
        self._n_same = len(self._heading)
        self._gait = ""  # of which kind this past is, the next blocks say

    def change_gait(self, gait: str) -> None:
        """Go on with what was learnt of this kind of gait before, if anything was.

        How the pelvis goes with the legs is another thing in running than in walking; and the legs
        of one who starts from a stand tell nothing yet.
        """
        if gait == self._gait:
            return
        if not self._gait:
            self._gait = gait
            return
        self._learnt[self._gait] = (self._weights, self._calm_rad_s)
        self._weights, self._calm_rad_s = self._learnt.get(gait, (None, _CALM_RAD_S))
        self._gait, self._n_same = gait, 0

    def turn(self, angle_rad: float) -> None:
        """Turn the past, when the pelvis' facing is found anew."""
        self._heading.latest()[:] += angle_rad

    def update(
        self, heading_rad: FloatArray, legs: FloatArray, stride_samples: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return heading, direction and turn rate of the next samples.

        Parameters
        ----------
        heading_rad : (n,) array, rad
            The pelvis' heading; full turns do not matter.
        legs : (n, k) array
        stride_samples : int

        Returns
        -------
        heading_rad, direction_rad : (n,) arrays, rad
            The heading without jumps, and the walking direction.
        turn_rate_rad_s : (n,) array, rad/s
            Over the last stride.
        """
        before = self._heading.latest(1) if len(self._heading) else heading_rad[:1]
        unwrapped = np.unwrap(np.concatenate([before, heading_rad]))[1:]
        self._heading.append(unwrapped)
        self._legs.append(legs)
        n_new = len(heading_rad)
        self._n_same += n_new
        recent = n_new + 4 * stride_samples
        past, legs_past = self._heading.latest(recent), self._legs.latest(recent)
        direction = trailing_direction(past, n_new, stride_samples)
        if self._weights is not None:
            direction = self._corrected(past, legs_past, direction, stride_samples)
        rows = np.arange(len(past) - n_new, len(past))
        turned = past[rows] - past[np.maximum(rows - stride_samples, 0)]
        rate = turned * self._rate_hz / stride_samples
        return unwrapped, direction, rate

    def _corrected(
        self, past: FloatArray, legs: FloatArray, direction: FloatArray, stride_samples: int
    ) -> FloatArray:
        """Blend over to the legs' word while turning and for two strides after."""
        assert self._weights is not None
        n_new = len(direction)
        told = past - legs @ self._weights
        alert = np.clip((self._told_rate(told) - self._calm_rad_s) / _BLEND_RAD_S, 0.0, 1.0)
        window = 2 * stride_samples + 1
        held = ndimage.maximum_filter1d(alert, window, origin=stride_samples, mode="nearest")
        share = np.where(np.isfinite(told), held, 0.0)[-n_new:]
        return np.asarray(direction + share * (np.nan_to_num(told[-n_new:]) - direction))

    def _told_rate(self, told_rad: FloatArray) -> FloatArray:
        """Return how fast (rad/s) the direction told by the legs changes, 0 where unknown."""
        back = max(1, round(_LOOK_BACK_S * self._rate_hz))
        rate = np.zeros(len(told_rad))
        rate[back:] = np.abs(told_rad[back:] - told_rad[:-back]) / _LOOK_BACK_S
        return np.nan_to_num(rate)

    def learn(self, stride_samples: int) -> None:
        """Learn from the last seconds how the pelvis goes with the legs, on the straight."""
        heading, legs_past = self._heading.latest(), self._legs.latest()
        direction = centred_direction(heading, stride_samples)
        rate = np.abs(np.gradient(direction)) * self._rate_hz if len(direction) > 1 else direction
        rows = np.isfinite(legs_past).all(axis=1) & (rate < _STRAIGHT_RAD_S)
        rows[: max(stride_samples, len(rows) - self._n_same)] = False
        rows[-stride_samples:] = False
        if rows.sum() < 4.0 * self._rate_hz:
            return
        legs, left = legs_past[rows], (heading - direction)[rows]
        self._weights = np.linalg.lstsq(legs, left, rcond=None)[0]
        # Where the legs tell little (running), only what is faster than their noise is a turn.
        noise = self._told_rate(heading - legs_past @ self._weights)[rows]
        self._calm_rad_s = max(_CALM_RAD_S, float(np.percentile(noise, 98.0)))
