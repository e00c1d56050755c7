"""The same way as offline, walked while the samples arrive.

Samples go in by blocks of any length; angles come out for every one of them at once. What needs
time (activity, calibration, heading) is decided at the end of each block of `BLOCK_S`, counted in
samples from the start, so that the result does not depend on how the samples were cut.

Until a pose and 10 s of gait have been seen there are no angles, only NaN and a `phase` that says
what is missing. The calibration is found again after 20, 40 and 60 s of gait, then frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.legs import leg_softness, sides_worn
from imuhip.analysis.live_activity import LiveActivity
from imuhip.analysis.live_calibration import (
    LiveCalibration,
    LiveCalibrator,
    LiveFrame,
    measure_frame,
)
from imuhip.analysis.live_log import LiveLog
from imuhip.analysis.motion import SensorMotion, live_motion
from imuhip.analysis.settings import Settings
from imuhip.calibration.alignment import axes_from_up_and_right, facing_like
from imuhip.core import quaternion
from imuhip.core.butterworth import CausalFilter, band_pass, low_pass
from imuhip.core.segments import ANGLES, PELVIS_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.fusion.filters import make_filter
from imuhip.gait.activity import FRAME_S
from imuhip.kinematics.angles import (
    hip_from_segments,
    pelvis_attitude,
    trailing_direction,
    unwrap_heading,
)
from imuhip.kinematics.heading_blocks import BLOCK_S
from imuhip.kinematics.heading_track import HeadingFilter
from imuhip.kinematics.hip_centre import (
    BAND_HZ,
    PointForce,
    angular_acceleration,
    point_force,
)
from imuhip.kinematics.uncertainty import LIVE, hip_sd, pelvis_sd

__all__ = ["LiveAngles", "LivePipeline"]

_Z = np.array([0.0, 0.0, 1.0])
_LONGEST_STRIDE_S = 1.8


@dataclass(frozen=True, slots=True)
class LiveAngles:
    """Angles of one block of samples.

    Parameters
    ----------
    time_s : (n,) array, s
    values, sd : mapping of angle to (n,) array, rad
        NaN until calibrated and in gaps.
    q_WB : mapping of segment to (n, 4) array
        NaN until calibrated.
    direction_rad : (n,) array, rad
        Which way the person walks, in the pelvis sensor's world, within full turns.
    """

    time_s: FloatArray
    values: Mapping[str, FloatArray]
    sd: Mapping[str, FloatArray]
    q_WB: Mapping[str, FloatArray]
    direction_rad: FloatArray


class LivePipeline:
    """Fusion, calibration and kinematics of one session, causal.

    Parameters
    ----------
    segments : tuple of str
        Segments that carry a sensor; the pelvis and at least one thigh.
    rate_hz : float
        Of the common grid.
    settings : Settings
    pose_marker : Marker, optional
        When the pose is known beforehand, as in the analysis of a file.
    """

    def __init__(
        self,
        segments: tuple[str, ...],
        rate_hz: float,
        settings: Settings | None = None,
        pose_marker: Marker | None = None,
    ) -> None:
        settings = settings or Settings(live=True)
        self.rate_hz = rate_hz
        self.sides: list[Side] = sides_worn(segments)
        self.calibration: LiveCalibration | None = None
        self.calibrator = LiveCalibrator(self.sides, rate_hz, pose_marker)
        self.headings: dict[Side, HeadingFilter] = {}
        self.still = False
        self.period_s = 1.1
        self.log = LiveLog()
        self.bias_rad_s: dict[str, FloatArray] = {}
        self._steps: list[tuple[bool, bool, float]] = []
        self._segments = ("pelvis", *(f"thigh_{side}" for side in self.sides))
        self._filters = {s: make_filter(settings.orientation_filter, rate_hz) for s in segments}
        self._last_rate: dict[str, FloatArray] = {}
        self._activity = LiveActivity(self._segments, rate_hz)
        bands = band_pass(*BAND_HZ, rate_hz)
        smooth = low_pass(5.0, rate_hz)
        self._bands = {s: CausalFilter(bands) for s in self._segments}
        self._smooth = {s: CausalFilter(smooth) for s in self._segments[1:]}
        # whole seconds of activity, at rates such as 59.7 Hz too
        self._block = round(BLOCK_S / FRAME_S) * round(FRAME_S * rate_hz)
        self._pending: list[tuple[FloatArray, dict[str, SensorMotion]]] = []
        self._n_pending = 0
        self._pelvis_past: FloatArray = np.empty((0, 4))
        self._pelvis_before: FloatArray | None = None
        self._alignment: dict[str, FloatArray] = {}
        self._softness: dict[Side, float] = {}
        self._pelvis_softness = 0.0
        self._wobble_rad: dict[Side, float] = {}

    @property
    def phase(self) -> str:
        """Return, for people, what the pipeline is waiting for."""
        if self.calibration is not None:
            return "measuring" if self.calibration.frozen else "measuring, calibration improving"
        if not self.calibrator.has_pose:
            return "stand still for 5 s, feet pointing forwards"
        return f"walk: {min(self.calibrator.gait_s, 10.0):.0f} of 10 s"

    def update(self, block: GridBlock) -> LiveAngles:
        """Take in the next samples and return their angles."""
        parts, start = [], 0
        while start < len(block):
            end = min(len(block), start + self._block - self._n_pending)
            parts.append(self._advance(block.part(slice(start, end))))
            start = end
        return _joined(parts, block.time_s)

    def _advance(self, part: GridBlock) -> LiveAngles:
        motions = live_motion(part, self._filters, self._last_rate)
        self.bias_rad_s = {s: motion.bias_rad_s[-1] for s, motion in motions.items()}
        angles = self._angles(part.time_s, motions)
        self._pending.append((part.time_s, motions))
        self._n_pending += len(part)
        if self._n_pending == self._block:
            self._end_of_frame()
        return angles

    def _end_of_frame(self) -> None:
        """Judge the block that is complete, and renew calibration and heading."""
        frame, still, period_s = self._make_frame()
        self._pending, self._n_pending = [], 0
        self._steps.append((frame.still, bool(frame.gait.any()), frame.turned_rad))
        innovations: dict[Side, float] = {}
        renewed = self.calibrator.add(frame)
        if renewed is not None:
            self.calibration = renewed
            innovations = self._restart_headings(renewed, frame.index)
            self._softness = leg_softness(renewed.legs, renewed.wobble)
            self._pelvis_softness = float(np.mean(list(self._softness.values())))
            self._wobble_rad = {s: found.amplitude_rad for s, found in renewed.wobble.items()}
            if renewed.frozen:
                self.calibrator.release()
        elif self.calibration is not None:
            innovations = self._step_headings(frame, self.calibration)
        if self.calibration is not None:
            self._align(self.calibration)
        self.still = frame.still
        self.log.add(still, period_s, self.headings, innovations)

    def _make_frame(self) -> tuple[LiveFrame, BoolArray, FloatArray]:
        """Return the complete block, and what was judged of each of its seconds."""
        time_s = np.concatenate([part[0] for part in self._pending])
        motions = {
            s: SensorMotion.joined([part[1][s] for part in self._pending]) for s in self._segments
        }
        still, period_s = self._activity.update(motions)
        walked = np.isfinite(period_s)
        if walked.any():
            self.period_s = float(np.nanmean(period_s))
        per_second = round(FRAME_S * self.rate_hz)
        gait = self._rows(np.repeat(walked, per_second), len(time_s))
        usable = gait.copy()
        for motion in motions.values():
            usable &= motion.trusted
        forces = {s: self._force(s, motions[s]) for s in self._segments}
        pelvis = motions["pelvis"].q_WS
        before = pelvis[0] if self._pelvis_before is None else self._pelvis_before
        self._pelvis_before = pelvis[-1]
        turn = quaternion.multiply(pelvis[-1], quaternion.conjugate(before))
        frame = LiveFrame(
            index=len(self._steps),
            time_s=time_s,
            motions=motions,
            forces={side: (forces["pelvis"], forces[f"thigh_{side}"]) for side in self.sides},
            smooth_gyr={s: self._smooth[s].update(motions[s].gyr) for s in self._segments[1:]},
            gait=gait,
            usable=usable,
            still=bool(still.all()),
            still_rows=self._rows(np.repeat(still, per_second), len(time_s)),
            turned_rad=abs(float(quaternion.rotation_vector(turn)[2])),
        )
        return frame, still, period_s

    @staticmethod
    def _rows(flags: BoolArray, n_rows: int) -> BoolArray:
        """Return flags for exactly `n_rows`; seconds and blocks differ by rounding at odd rates."""
        rows = np.zeros(n_rows, dtype=bool)
        rows[: min(n_rows, len(flags))] = flags[:n_rows]
        return rows

    def _force(self, segment: str, motion: SensorMotion) -> PointForce:
        rate = angular_acceleration(motion.gyr, self.rate_hz)
        return point_force(motion.q_WS, motion.acc, motion.gyr, rate, self._bands[segment].update)

    def _restart_headings(self, calibration: LiveCalibration, last: int) -> dict[Side, float]:
        """Run the heading filters again from the pose, over all blocks there were."""
        innovations = {}
        self.headings = {side: HeadingFilter() for side in self.sides}
        gait = {frame.index: frame for frame in self.calibrator.history()}
        stances = {side: self.calibrator.stances(side) for side in self.sides}
        for index in range(calibration.pose.end_block + 1, last + 1):
            still, walked, turned_rad = self._steps[index]
            for side, heading in self.headings.items():
                heading.predict(BLOCK_S, turned_rad, still=still, gait=walked)
                if index in stances[side]:
                    heading.anchor(*stances[side][index])
                if index in gait:
                    leg = calibration.legs[side]
                    innovations[side] = heading.measure(
                        *measure_frame(gait[index], leg, side, self.rate_hz)
                    )
        return innovations

    def _step_headings(self, frame: LiveFrame, calibration: LiveCalibration) -> dict[Side, float]:
        """Move the heading filters on by one block; returns their innovations in rad."""
        innovations = {}
        for side, heading in self.headings.items():
            walked = bool(frame.gait.any())
            heading.predict(BLOCK_S, frame.turned_rad, still=frame.still, gait=walked)
            if walked:
                leg = calibration.legs[side]
                innovations[side] = heading.measure(*measure_frame(frame, leg, side, self.rate_hz))
        return innovations

    def _align(self, calibration: LiveCalibration) -> None:
        """Renew ``q_SB``: the thighs' depend on the heading offset, which is still being learnt."""
        pose = calibration.pose
        q_SP = axes_from_up_and_right(pose.pose.up_S["pelvis"], calibration.pelvis_right_S)
        q_reference = quaternion.multiply(pose.q_WS["pelvis"], q_SP)
        self._alignment = {"pelvis": q_SP}
        for side, heading in self.headings.items():
            thigh = f"thigh_{side}"
            q_turn = quaternion.about_axis(_Z, float(heading.state[2]))
            self._alignment[thigh] = facing_like(
                quaternion.multiply(q_turn, pose.q_WS[thigh]), pose.pose.up_S[thigh], q_reference
            )

    def _angles(self, time_s: FloatArray, motions: Mapping[str, SensorMotion]) -> LiveAngles:
        """Return the angles of samples that all lie in one block."""
        pelvis = motions["pelvis"].q_WS
        keep = int(2 * _LONGEST_STRIDE_S * self.rate_hz) + 1
        past = np.concatenate([self._pelvis_past, pelvis])
        self._pelvis_past = past[-keep:]
        if not self._alignment:
            return _unknown(time_s, self.sides)
        q_all = quaternion.multiply(past, self._alignment["pelvis"])
        attitude = pelvis_attitude(q_all)
        heading = unwrap_heading(attitude[:, 2])
        stride = min(round(self.period_s * self.rate_hz), keep // 2)
        direction = trailing_direction(heading, len(time_s), stride)
        attitude = attitude[-len(time_s) :]
        attitude[:, 2] = heading[-len(time_s) :] - direction
        q_WB = {"pelvis": q_all[-len(time_s) :]}
        missing = ~motions["pelvis"].trusted
        angles = _named(PELVIS_ANGLES, attitude, missing)
        sd = _named(PELVIS_ANGLES, pelvis_sd(len(time_s), self._pelvis_softness, LIVE), missing)
        # The filter's state belongs to the middle of the last block.
        ahead_s = (0.5 * self._block + self._n_pending + np.arange(len(time_s))) / self.rate_hz
        for side, found in self.headings.items():
            thigh = f"thigh_{side}"
            drift = 0.0 if self.still else found.state[1] * ahead_s
            offset = found.state[0] + found.state[2] + drift * np.ones(len(time_s))
            q_turned = quaternion.multiply(quaternion.about_axis(_Z, offset), motions[thigh].q_WS)
            q_WB[thigh] = quaternion.multiply(q_turned, self._alignment[thigh])
            hip = hip_from_segments(q_WB["pelvis"], q_WB[thigh], side)
            heading_sd = np.full(len(time_s), np.sqrt(found.covariance[0, 0]))
            gone = missing | ~motions[thigh].trusted
            names = tuple(f"hip_{kind}_{side}" for kind in ("flexion", "adduction", "rotation"))
            angles |= _named(names, hip, gone)
            wobble_rad = self._wobble_rad[side]
            spread = hip_sd(hip[:, 0], heading_sd, self._softness[side], wobble_rad, LIVE)
            sd |= _named(names, spread, gone)
        return LiveAngles(time_s, angles, sd, q_WB, direction)


def _named(
    names: tuple[str, ...], columns: FloatArray, missing: BoolArray
) -> dict[str, FloatArray]:
    return {name: np.where(missing, np.nan, columns[:, k]) for k, name in enumerate(names)}


def _unknown(time_s: FloatArray, sides: list[Side]) -> LiveAngles:
    names = [n for n in ANGLES if n in PELVIS_ANGLES or n.rsplit("_", 1)[1] in sides]
    nothing = {name: np.full(len(time_s), np.nan) for name in names}
    segments = ("pelvis", *(f"thigh_{side}" for side in sides))
    return LiveAngles(
        time_s,
        nothing,
        dict(nothing),
        {s: np.full((len(time_s), 4), np.nan) for s in segments},
        np.full(len(time_s), np.nan),
    )


def _joined(parts: list[LiveAngles], time_s: FloatArray) -> LiveAngles:
    if len(parts) == 1:
        return parts[0]

    def join(field: str) -> dict[str, FloatArray]:
        if not parts:
            return {}
        return {
            name: np.concatenate([getattr(part, field)[name] for part in parts])
            for name in getattr(parts[0], field)
        }

    direction = np.concatenate([part.direction_rad for part in parts]) if parts else np.empty(0)
    return LiveAngles(time_s, join("values"), join("sd"), join("q_WB"), direction)
