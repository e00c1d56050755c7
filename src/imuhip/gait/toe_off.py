"""When each foot leaves the ground, told by sensors that are on neither foot.

Walking, the foot leaves the ground 0.07 s after the thigh's greatest extension (where the ankle is
farthest behind the pelvis, Zeni et al. 2008, doi:10.1016/j.gaitpost.2007.07.007; optical data of
the simulator's walker and shanks of a real one agree to a hundredth); a shank sensor tells where
the ankle is (`imuhip.gait.ankle`). Running, it leaves where the pelvis begins to fall.
"""

from __future__ import annotations

import numpy as np

from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.contacts import LOWEST_RATE_HZ, ContactTimes

__all__ = ["toe_off_times"]

_WALK_ROLL_OFF_S, _WALK_TOE_OFF_SD_S = 0.066, 0.017
_RUN_LIGHT_M_S2, _RUN_LIGHT_LAG_S, _RUN_TOE_OFF_SD_S = 0.6 * 9.80665, 0.005, 0.010
_TOE_OFF_EACH_SD_S = 0.006
_ANKLE_TOE_OFF_SD_S = 0.012
_FAR_S = 0.1
"""An ankle farthest behind so far from the usual time is somebody else's."""

_RUN_HZ = 12.0
_RUN_WINDOW = (0.12, 0.60)
_RUN_ROLL_OFF_S, _RUN_UNSEEN_SD_S = -0.069, 0.020


def toe_off_times(
    time_s: FloatArray,
    pelvis_acc: FloatArray,
    rate_hz: float,
    flexed_s: FloatArray,
    extended_s: FloatArray,
    running: BoolArray,
    stride_time_s: FloatArray,
    behind_s: FloatArray | None = None,
) -> ContactTimes:
    """Return when the foot leaves the ground in each stride.

    Parameters
    ----------
    time_s : (n,) array, s
        Uniform.
    pelvis_acc : (n, 3) array, m/s²
    rate_hz : float
    flexed_s, extended_s, stride_time_s : (k,) arrays, s
        Greatest flexion that begins each stride, greatest extension in it, and its length.
    running : (k,) bool array
    behind_s : (k,) array, s, optional
        When a walker's ankle is farthest behind, where a shank tells; NaN where it does not.
    """
    at_s = extended_s + np.where(running, _RUN_ROLL_OFF_S, _WALK_ROLL_OFF_S)
    sd_s = np.where(running, _RUN_UNSEEN_SD_S, _WALK_TOE_OFF_SD_S)
    seen = np.zeros(len(at_s), dtype=bool)
    if behind_s is not None:
        seen = ~running & (np.abs(behind_s - at_s) < _FAR_S)
        at_s, sd_s = np.where(seen, behind_s, at_s), np.where(seen, _ANKLE_TOE_OFF_SD_S, sd_s)
    own = np.flatnonzero(running)
    if len(own) and rate_hz >= LOWEST_RATE_HZ:
        size = np.sqrt(np.einsum("nc,nc->n", pelvis_acc, pelvis_acc))
        smooth = zero_phase(low_pass(_RUN_HZ, rate_hz), size, mirrored=True)
        share = np.arange(*_RUN_WINDOW, 0.005)
        at = flexed_s[own, None] + share * stride_time_s[own, None]
        force = np.interp(at.ravel(), time_s, smooth).reshape(at.shape)
        # the pelvis is heaviest in the middle of stance; after that it first gets light
        middle = np.argmax(force[:, : len(share) // 2], axis=1)
        light = (force < _RUN_LIGHT_M_S2) & (np.arange(len(share)) > middle[:, None])
        first = np.argmax(light, axis=1)
        found = light.any(axis=1) & (first > 0)
        each, before = np.arange(len(own)), np.maximum(first - 1, 0)
        high, low = force[each, before], force[each, first]
        part = (high - _RUN_LIGHT_M_S2) / np.maximum(high - low, 1e-9)
        crossed = at[each, before] + part * (at[each, first] - at[each, before])
        rows = own[found]
        at_s[rows] = crossed[found] + _RUN_LIGHT_LAG_S
        sd_s[rows] = _RUN_TOE_OFF_SD_S
        seen[rows] = True
    return ContactTimes(at_s, sd_s, np.full(len(at_s), _TOE_OFF_EACH_SD_S), seen)
