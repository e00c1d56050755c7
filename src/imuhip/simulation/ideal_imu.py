"""What a perfect inertial sensor reads on a moving segment.

Convention: sample k is the instantaneous angular rate and specific force at ``time_s[k]``, as if
the chip's low-pass delay were already taken out. Chips that filter and decimate come close to
this after their known delay is subtracted; sensors that report increments over the last interval
read the mean of it. Bodies here move below about 40 Hz, so sampling at 100 Hz does not alias.

The poses are joined by quintic splines, whose own derivatives are the readings. So integrating
the readings gives the poses back, to the accuracy of the integration alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline

from imuhip.core import quaternion
from imuhip.core.series import FloatArray, read_only

__all__ = ["STANDARD_GRAVITY_M_S2", "SegmentMotion", "attach", "ideal_imu"]

STANDARD_GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True, slots=True)
class SegmentMotion:
    """Where a rigid segment is, densely sampled.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform; four or more times denser than the sensor that will ride on it.
    q_WB : (n, 4) array
        Orientation of segment B in the world W (z up).
    position_W : (n, 3) array, m
        Of the segment's origin.

    Raises
    ------
    ValueError
        When shapes disagree or there are fewer than six samples.
    """

    time_s: FloatArray
    q_WB: FloatArray
    position_W: FloatArray

    def __post_init__(self) -> None:
        n_samples = len(self.time_s)
        if n_samples < 6:
            raise ValueError(f"Expected at least 6 samples of motion, got {n_samples}")
        for name, columns in (("q_WB", 4), ("position_W", 3)):
            shape = np.shape(getattr(self, name))
            if shape != (n_samples, columns):
                raise ValueError(f"Expected {name} of shape ({n_samples}, {columns}), got {shape}")
        for name in ("time_s", "q_WB", "position_W"):
            object.__setattr__(self, name, read_only(getattr(self, name)))


def attach(motion: SegmentMotion, q_BC: FloatArray, r_BC_m: FloatArray) -> SegmentMotion:
    """Return the motion of a part C carried by the segment.

    Parameters
    ----------
    motion : SegmentMotion
        Of the carrier B.
    q_BC : (4,) or (n, 4) array
        Orientation of C in B; may move.
    r_BC_m : (3,) or (n, 3) array, m
        Origin of C in B; may move.
    """
    return SegmentMotion(
        time_s=motion.time_s,
        q_WB=quaternion.multiply(motion.q_WB, q_BC),
        position_W=motion.position_W + quaternion.rotate(motion.q_WB, r_BC_m),
    )


def _continuous(q: FloatArray) -> FloatArray:
    """Choose signs so that neighbours never jump to the other cover."""
    flips = np.cumsum(np.concatenate([[0], np.sum(q[1:] * q[:-1], axis=1) < 0.0])) % 2
    return np.where(flips[:, None] == 1, -q, q)


def _spline(time_s: FloatArray, values: FloatArray) -> BSpline:
    return make_interp_spline(time_s, values, k=5, check_finite=False)


def ideal_imu(
    motion: SegmentMotion,
    q_BS: FloatArray = quaternion.IDENTITY,
    r_BS_m: FloatArray | tuple[float, float, float] = (0.0, 0.0, 0.0),
    rate_hz: float = 100.0,
    late_s: float = 0.0,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what a perfect sensor S fixed to a segment B reads.

    Parameters
    ----------
    motion : SegmentMotion
        Of the segment.
    q_BS : (4,) or (n, 4) array
        Orientation of the sensor in the segment.
    r_BS_m : (3,) or (n, 3) array, m
        Its place in the segment.
    rate_hz : float
        Of the readings; sample k stands at ``motion.time_s[0] + k / rate_hz``.
    late_s : float
        How much later than it was taken each sample is said to be; early when negative.

    Returns
    -------
    time_s : (m,) array, s
    acc : (m, 3) array, m/s²
        Specific force in the sensor's frame: reads +g upwards at rest.
    gyr : (m, 3) array, rad/s
        Angular rate in the sensor's frame.

    Notes
    -----
    With s(t) the spline through the quaternions, the unit quaternion is ``s/|s|`` and its rate in
    its own frame the vector part of ``2 s* ⊗ s' / |s|²``, exactly.
    """
    sensor = attach(motion, q_BS, np.asarray(r_BS_m, dtype=float))
    start, end = float(motion.time_s[0]), float(motion.time_s[-1])
    n_samples = int(np.floor((end - start) * rate_hz + 1e-6)) + 1
    time_s = np.minimum(start + np.arange(n_samples) / rate_hz, end)
    poses = _spline(motion.time_s, _continuous(sensor.q_WB))
    taken_s = np.clip(time_s - late_s, start, end)
    s, rate = poses(taken_s), poses.derivative()(taken_s)
    squared = np.sum(s * s, axis=1, keepdims=True)
    gyr = 2.0 * quaternion.multiply(quaternion.conjugate(s), rate)[:, 1:] / squared
    acceleration_W = _spline(motion.time_s, sensor.position_W).derivative(2)(taken_s)
    force_W = acceleration_W + np.array([0.0, 0.0, STANDARD_GRAVITY_M_S2])
    acc = quaternion.rotate(quaternion.conjugate(quaternion.normalize(s)), force_W)
    return time_s, acc, gyr
