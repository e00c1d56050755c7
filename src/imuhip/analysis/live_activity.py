"""What the person does, known at the end of each second, from the past alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.absence import absent
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.stillness import still_frames
from imuhip.core.butterworth import CausalFilter, low_pass
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.activity import FRAME_S, WINDOW_S, gait_period_s

__all__ = ["LiveActivity"]


class LiveActivity:
    """Judges seconds as still, gait or other, with a window that ends now."""

    def __init__(self, segments: tuple[str, ...], rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._frame = round(FRAME_S * rate_hz)
        self._window = round(WINDOW_S * rate_hz)
        self._thighs = tuple(segment for segment in segments if segment.startswith("thigh"))
        sections = low_pass(5.0, rate_hz)
        self._filters = {name: CausalFilter(sections) for name in (*self._thighs, "pelvis")}
        self._past: dict[str, FloatArray] = {
            name: np.empty((0, 3)) for name in (*self._thighs, "pelvis")
        }
        self._known: dict[str, BoolArray] = {name: np.empty(0, dtype=bool) for name in self._past}

    def update(self, motions: Mapping[str, SensorMotion]) -> tuple[BoolArray, FloatArray]:
        """Judge the seconds of one more block (a whole number of frames).

        Returns
        -------
        still : (f,) bool array
        period_s : (f,) array, s
            Stride time, NaN where there is no gait.
        """
        still = self._still(motions)
        new = {thigh: motions[thigh].gyr for thigh in self._thighs}
        new["pelvis"] = motions["pelvis"].acc
        smooth = {
            name: np.concatenate([self._past[name], self._filters[name].update(values)])
            for name, values in new.items()
        }
        n_past = len(self._past["pelvis"])
        known_rows = {
            name: np.concatenate([self._known[name], motions[name].trusted]) for name in new
        }
        period_s = np.full(len(still), np.nan)
        for k in (int(row) for row in np.flatnonzero(~still)):
            end = n_past + (k + 1) * self._frame
            start = end - self._window
            if start < 0:
                continue
            own = slice(self._window - self._frame, self._window)
            gone = {n for n, rows in known_rows.items() if self._gone(rows[start:end])}
            thighs = [thigh for thigh in self._thighs if thigh not in gone]
            if not thighs or "pelvis" in gone:
                continue
            period_s[k] = gait_period_s(
                [smooth[thigh][start:end] for thigh in thighs],
                smooth["pelvis"][start:end],
                own,
                self._rate_hz,
            )
        self._past = {name: values[-self._window :] for name, values in smooth.items()}
        self._known = {name: rows[-self._window :] for name, rows in known_rows.items()}
        return still, period_s

    def _still(self, motions: Mapping[str, SensorMotion]) -> BoolArray:
        """Return the seconds in which the pelvis and every thigh that is there are still."""
        n_frames = len(motions["pelvis"].gyr) // self._frame
        still, asked = np.ones(n_frames, dtype=bool), np.zeros(n_frames, dtype=int)
        for segment, motion in motions.items():
            if segment != "pelvis" and segment not in self._thighs:
                continue
            rows = motion.trusted[: n_frames * self._frame].reshape(n_frames, self._frame)
            there = np.asarray(rows.all(axis=1))
            quiet = still_frames({segment: motion.gyr}, {segment: motion.acc}, self._frame)
            still &= quiet | ~there
            asked += there
            if segment == "pelvis":
                still &= there
        return np.asarray(still & (asked >= 2))

    def _gone(self, known: BoolArray) -> bool:
        """Return whether a sensor is gone for long within a window."""
        return bool(absent(known, self._rate_hz).any())
