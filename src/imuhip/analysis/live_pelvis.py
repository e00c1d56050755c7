"""The pelvis in the walking direction, live, and freed of the lean that bends give the vertical."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray
from imuhip.fusion.vqf_filter import LeanFilter
from imuhip.kinematics.angles import pelvis_attitude
from imuhip.kinematics.live_direction import LiveDirection
from imuhip.kinematics.progression import steady_speed

__all__ = ["LivePelvis", "PelvisRows", "legs_apart"]


@dataclass(frozen=True, slots=True)
class PelvisRows:
    """What is found for some rows.

    Parameters
    ----------
    attitude : (n, 3) array, rad
        Tilt, obliquity and rotation.
    direction_rad : (n,) array, rad
        Which way the person walks.
    q_upright : (n, 4) array
        What puts segments upright that lean in bends.
    """

    attitude: FloatArray
    direction_rad: FloatArray
    q_upright: FloatArray


def legs_apart(hips: Mapping[Side, FloatArray]) -> FloatArray:
    """Return (n, 2) half the difference of both hips' flexion and adduction, rad."""
    total = sum((1.0 if side == "left" else -1.0) * hip[:, :2] for side, hip in hips.items())
    return np.asarray(total) / len(hips)


class LivePelvis:
    """Follows direction and speed of travel; blocks of any length give the same.

    Parameters
    ----------
    rate_hz : float
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._direction = LiveDirection(rate_hz, n_features=4)
        self._lean = LeanFilter(rate_hz)
        self._last_legs: FloatArray | None = None
        self._swing: list[FloatArray] = []
        self._speed_m_s = 0.0
        self._gait_before = "none"
        self.period_s = 1.1

    def begin(self, q_WB: FloatArray, legs: FloatArray) -> None:
        """Begin with the walking direction of the gait that led to the calibration.

        Parameters
        ----------
        q_WB : (n, 4) array
            The pelvis.
        legs : (n, 2) array, rad
            NaN where not known.
        """
        speed = np.gradient(legs, axis=0) * self._rate_hz
        self._direction.begin(pelvis_attitude(q_WB)[:, 2], np.concatenate([legs, speed], axis=1))
        self._last_legs = None

    def turn(self, angle_rad: float) -> None:
        """Turn the past, when the pelvis' facing is found anew."""
        if angle_rad != 0.0:
            self._direction.turn(angle_rad)

    def update(self, q_WB: FloatArray, q_facing: FloatArray, legs: FloatArray) -> PelvisRows:
        """Return the pelvis' angles of the next rows.

        Parameters
        ----------
        q_WB : (n, 4) array
            The pelvis, leaning in bends.
        q_facing : (n, 4) array
            The same by the newest alignment.
        legs : (n, 2) array, rad
            From `legs_apart`; NaN where a hip is not known, so that a sensor that is gone does not
            pass for a turn.
        """
        before = legs[:1] if self._last_legs is None else self._last_legs
        self._last_legs = legs[-1:]
        speed = np.diff(np.concatenate([before, legs]), axis=0) * self._rate_hz
        stride = round(self.period_s * self._rate_hz)
        heading, direction, turn_rate = self._direction.update(
            pelvis_attitude(q_facing)[:, 2], np.concatenate([legs, speed], axis=1), stride
        )
        aside = np.stack([-np.sin(heading), np.cos(heading), np.zeros(len(heading))], axis=1)
        travel_W = (self._speed_m_s * turn_rate)[:, None] * aside
        q_upright = quaternion.conjugate(self._lean.update(travel_W))
        attitude = pelvis_attitude(quaternion.multiply(q_upright, q_WB))
        attitude[:, 2] = heading - direction
        self._swing.append(legs[:, 0])
        return PelvisRows(attitude, direction, q_upright)

    def end_block(self, period_s: FloatArray, *, running: bool) -> None:
        """Renew, at the end of a block, what is known of speed and of the pelvis' own swing.

        Parameters
        ----------
        period_s : (f,) array, s
            Stride time of each second, NaN where there is no gait.
        running : bool
            Whether that gait is running.
        """
        walked = np.isfinite(period_s)
        if walked.any():
            self.period_s = float(np.nanmean(period_s))
        swing = np.concatenate(self._swing) if self._swing else np.empty(0)
        swing = swing[np.isfinite(swing)]
        self._swing = []
        if not walked.any():
            self._speed_m_s = 0.0
            self._note_gait("none")
            return
        self._note_gait("run" if running else "walk")
        if len(swing) > self.period_s * self._rate_hz:
            self._speed_m_s = steady_speed(float(np.std(swing)), self.period_s)
        self._direction.learn(round(self.period_s * self._rate_hz))

    def _note_gait(self, gait: str) -> None:
        """Change the kind of gait when two blocks agree: one alone may be a turn, or mistaken."""
        if gait == self._gait_before:
            self._direction.change_gait(gait)
        self._gait_before = gait
