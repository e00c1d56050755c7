"""Hip airplane: the pelvis turns over the standing femur, open and closed, and comes to rest.

The drill that suits these sensors best: the pelvis carries its own, and the thigh only stands.
Range is the pelvis' turn on the thigh about its own long axis. Smoothness is the spectral arc
length of the pelvis' speed on the way out (Balasubramanian et al. 2012,
doi:10.1109/TBME.2011.2179545); stable is what stays below 6°/s for half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from imuhip.assessment.measures import Measure
from imuhip.assessment.protocol import MovementTest
from imuhip.assessment.repetitions import Repetition, find_both_ways
from imuhip.assessment.standing import summarised
from imuhip.assessment.trial import TrialMotion
from imuhip.assessment.turns import farthest, spin, turn_about, turns_since
from imuhip.core import quaternion
from imuhip.core.cardan import side_sign
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray

__all__ = ["find_flights", "measure_flights"]

_WAYS: Final = {"open": 1.0, "closed": -1.0}
_X, _Y, _Z = np.eye(3)
_BAND_HZ, _LEAST_PART = 10.0, 0.05
_STABLE_RAD_S, _STABLE_FOR_S, _MEAN_OVER_S = np.radians(6.0), 0.5, 0.25
_ARRIVED = 0.95


def find_flights(
    motion: TrialMotion, test: MovementTest, side: Side
) -> dict[str, tuple[Repetition, ...]]:
    """Return the repetitions that open and those that close, in order of time."""
    turned = _on_femur(motion, side, 0)
    least = np.radians(test.repetitions.least_deg)
    return find_both_ways(motion.time_s, turned, _WAYS, least_rad=least)


def _on_femur(motion: TrialMotion, side: Side, rest: int, rows: slice = slice(None)) -> FloatArray:
    """Return (m,) rad: the pelvis' turn on the thigh about its long axis, + opens."""
    q_TP = quaternion.multiply(
        quaternion.conjugate(motion.q_WB[f"thigh_{side}"]), motion.q_WB["pelvis"]
    )
    return np.asarray(side_sign(side) * turn_about(turns_since(q_TP[rows], q_TP[rest]), _Y))


def measure_flights(
    motion: TrialMotion,
    test: MovementTest,
    side: Side,
    repetitions: Mapping[str, tuple[Repetition, ...]],
) -> tuple[Measure, ...]:
    """Return both ranges, list, smoothness and the time to become stable.

    Parameters
    ----------
    motion : TrialMotion
        With the pelvis and the standing thigh.
    test : MovementTest
    side : {"left", "right"}
        Of the standing leg.
    repetitions : mapping of direction to tuple of Repetition
        From `find_flights`.
    """
    way_of = {rep: way for way, found in repetitions.items() for rep in found}

    def one(rep: Repetition) -> dict[str, float]:
        way = way_of[rep]
        out, whole = slice(rep.rest, rep.peak + 1), slice(rep.rest, rep.back + 1)
        main = _WAYS[way] * _on_femur(motion, side, rep.rest, out)
        up = quaternion.rotate(motion.q_WB["pelvis"][whole], _Y)
        leans = np.arccos(np.clip(up @ up[0], -1.0, 1.0))
        speed = np.linalg.norm(spin(motion.q_WB["pelvis"][whole], motion.step_s), axis=1)
        arrived = int(np.argmax(main >= _ARRIVED * main[-1]))
        return {
            f"{way}_range": float(main[-1]),
            "list_error": float(leans.max()),
            "pelvis_list": farthest(-motion.about("pelvis", _X, rep.rest, whole)),
            "smoothness": _spectral_arc(speed[: len(main)], motion.step_s),
            "time_to_stable": _time_to_stable_s(speed, motion.step_s, arrived),
        }

    return summarised(test.name, side, tuple(way_of), one)


def _spectral_arc(speed: FloatArray, step_s: float) -> float:
    """Return the length of the speed's spectrum at unit width and height; lower is rougher."""
    n_points = int(2 ** (np.ceil(np.log2(max(len(speed), 2))) + 4))
    height = np.abs(np.fft.rfft(speed, n_points))
    frequency_hz = np.fft.rfftfreq(n_points, step_s)
    inside = frequency_hz <= _BAND_HZ
    height, frequency_hz = height[inside] / height[0], frequency_hz[inside]
    last = int(np.flatnonzero(height >= _LEAST_PART)[-1]) + 1
    if last < 3:
        return float("nan")
    width = np.diff(frequency_hz[:last]) / (frequency_hz[last - 1] - frequency_hz[0])
    return -float(np.sum(np.hypot(width, np.diff(height[:last]))))


def _time_to_stable_s(speed: FloatArray, step_s: float, arrived: int) -> float:
    """Return how long after arriving the pelvis is slow, and stays so; NaN where it never is."""
    width = max(1, round(_MEAN_OVER_S / step_s))
    rms = np.sqrt(np.convolve(speed**2, np.full(width, 1.0 / width), mode="same"))
    needed = max(1, round(_STABLE_FOR_S / step_s))
    slow_for = np.convolve(rms < _STABLE_RAD_S, np.ones(needed), mode="full")[needed - 1 :]
    stable = np.flatnonzero(slow_for[arrived:] >= needed - 0.5)
    return float(stable[0] * step_s) if len(stable) else float("nan")
