"""The same way as offline, walked while the samples arrive.

Samples go in by blocks of any length; angles come out for every one of them at once. What needs
time (activity, calibration, heading) is decided at the end of each block of `BLOCK_S`, counted in
samples from the start, so that the result does not depend on how the samples were cut.

Until a pose and 10 s of gait have been seen there are no angles, only NaN and a `phase` that says
what is missing. The calibration is found again after 20, 40 and 60 s of gait, then frozen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.legs import leg_softness, sides_worn
from imuhip.analysis.live_activity import LiveActivity
from imuhip.analysis.live_angles import LiveAngles, joined, named, unknown
from imuhip.analysis.live_calibration import (
    LiveCalibration,
    LiveCalibrator,
    LiveFrame,
    measure_frame,
)
from imuhip.analysis.live_drift import LiveDrift
from imuhip.analysis.live_fusion import LiveFusion
from imuhip.analysis.live_log import LiveLog
from imuhip.analysis.motion import SensorMotion
from imuhip.analysis.settings import Settings
from imuhip.calibration.alignment import axes_from_up_and_right, facing_like
from imuhip.core import quaternion
from imuhip.core.butterworth import CausalFilter, low_pass
from imuhip.core.segments import PELVIS_ANGLES, Side
from imuhip.core.series import BoolArray, FloatArray, Marker
from imuhip.fusion.vqf_filter import LeanFilter
from imuhip.gait.activity import FRAME_S
from imuhip.gait.running import running_blocks
from imuhip.kinematics.angles import hip_from_segments, pelvis_attitude
from imuhip.kinematics.drift_exposure import HeadingSteps
from imuhip.kinematics.heading_blocks import BLOCK_S, wrap
from imuhip.kinematics.heading_track import UNKNOWN_SD_RAD, HeadingFilter, HeadingUpdate
from imuhip.kinematics.hip_centre import (
    PointForce,
    angular_acceleration,
    force_band,
    point_force,
)
from imuhip.kinematics.live_direction import LiveDirection
from imuhip.kinematics.progression import steady_speed
from imuhip.kinematics.strap_wobble import CUT_HZ
from imuhip.kinematics.uncertainty import LIVE, hip_sd, pelvis_sd

__all__ = ["LiveAngles", "LivePipeline"]

_Z = np.array([0.0, 0.0, 1.0])


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
        self._steps: list[tuple[dict[Side, HeadingSteps], set[Side]]] = []
        self._segments = ("pelvis", *(f"thigh_{side}" for side in self.sides))
        self._fusion = LiveFusion(segments, rate_hz, settings.orientation_filter)
        self._activity = LiveActivity(self._segments, rate_hz)
        bands = force_band(rate_hz)
        smooth = low_pass(5.0, rate_hz)
        self._bands = {s: CausalFilter(bands) for s in self._segments}
        steady = low_pass(CUT_HZ, rate_hz, order=4)
        self._steady = {side: CausalFilter(steady) for side in self.sides}
        self._smooth = {s: CausalFilter(smooth) for s in self._segments[1:]}
        # whole seconds of activity, at rates such as 59.7 Hz too
        self._block = round(BLOCK_S / FRAME_S) * round(FRAME_S * rate_hz)
        self._drift = LiveDrift(self.sides, rate_hz, self._block)
        self._pending: list[tuple[FloatArray, dict[str, SensorMotion]]] = []
        self._n_pending = 0
        self._last_pelvis: FloatArray = quaternion.IDENTITY
        self._direction = LiveDirection(rate_hz, n_features=4)
        self._lean = LeanFilter(rate_hz)
        self._last_legs: FloatArray | None = None
        self._swing: list[FloatArray] = []
        self._speed_m_s = 0.0
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
        return joined(parts, block.time_s)

    def _advance(self, part: GridBlock) -> LiveAngles:
        motions = self._fusion.update(part)
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
        self._last_pelvis = frame.motions["pelvis"].q_WS[-1]
        self._pending, self._n_pending = [], 0
        lost = self._lost_headings()
        steps = self._drift.end_of_block(still=frame.still, gait=frame.gait, running=frame.running)
        self._steps.append((steps, lost))
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
            innovations = self._step_headings(frame, self.calibration, steps, lost)
        if self.calibration is not None:
            self._align(self.calibration)
            self._learn_gait(bool(frame.gait.any()))
        self.still = frame.still
        self.log.add(still, period_s, self.headings, innovations)

    def _lost_headings(self) -> set[Side]:
        """Return the sides whose heading is new, because a sensor came back in this block."""
        returned = self._fusion.take_returned()
        return {s for s in self.sides if "pelvis" in returned or f"thigh_{s}" in returned}

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
        acc = motions["pelvis"].acc
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
            running=bool(running_blocks(acc, self.rate_hz, len(acc))[0]),
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
            steps, lost = self._steps[index]
            for side in lost:
                self.headings[side].forget()
                stances[side] = {}  # a sensor that was gone faces elsewhere since
            for side, heading in self.headings.items():
                heading.predict(steps[side], 0)
                if index in stances[side]:
                    heading.anchor(*stances[side][index])
                if index in gait and side not in lost:
                    leg = calibration.legs[side]
                    measured = measure_frame(gait[index], leg, side, self.rate_hz)
                    innovations[side] = _innovation(
                        heading.measure(*measured, running=gait[index].running)
                    )
        return innovations

    def _step_headings(
        self,
        frame: LiveFrame,
        calibration: LiveCalibration,
        steps: Mapping[Side, HeadingSteps],
        lost: set[Side],
    ) -> dict[Side, float]:
        """Move the heading filters on by one block; returns their innovations in rad."""
        innovations = {}
        for side, heading in self.headings.items():
            walked = bool(frame.gait.any())
            heading.predict(steps[side], 0)
            if side in lost:
                heading.forget()
            if walked and side not in lost:  # the block began in the old world
                leg = calibration.legs[side]
                measured = measure_frame(frame, leg, side, self.rate_hz)
                innovations[side] = _innovation(heading.measure(*measured, running=frame.running))
        return innovations

    def _align(self, calibration: LiveCalibration) -> None:
        """Renew ``q_SB``: the thighs' depend on the heading offset, which is still being learnt."""
        pose = calibration.pose
        q_SP = axes_from_up_and_right(pose.pose.up_S["pelvis"], calibration.pelvis_right_S)
        q_reference = quaternion.multiply(pose.q_WS["pelvis"], q_SP)
        first = not self._alignment
        if not first:
            self._direction.turn(self._turned(self._alignment["pelvis"], q_SP))
        self._alignment = {"pelvis": q_SP}
        for side, heading in self.headings.items():
            thigh = f"thigh_{side}"
            q_turn = quaternion.about_axis(_Z, heading.offset_rad)
            self._alignment[thigh] = facing_like(
                quaternion.multiply(q_turn, pose.q_WS[thigh]), pose.pose.up_S[thigh], q_reference
            )
        if first:
            self._recall()

    def _turned(self, q_SB: FloatArray, q_SB_new: FloatArray) -> float:
        """Return by how much (rad) the pelvis faces differently with another alignment."""
        old, new = (
            pelvis_attitude(quaternion.multiply(self._last_pelvis, q))[2] for q in (q_SB, q_SB_new)
        )
        return float(wrap(new - old))

    def _recall(self) -> None:
        """Begin with the walking direction of the gait that led to the first calibration."""
        frames = self.calibrator.history()
        last = len(frames) - 1
        while last > 0 and frames[last - 1].index == frames[last].index - 1:
            last -= 1
        motions = {
            s: SensorMotion.joined([frame.motions[s] for frame in frames[last:]])
            for s in self._segments
        }
        still = {side: np.zeros(len(motions["pelvis"].q_WS)) for side in self.sides}
        q_WB, hips = self._hips(motions, still)
        known = np.all([motion.trusted for motion in motions.values()], axis=0)
        legs = np.where(known[:, None], self._legs(hips), np.nan)
        speed = np.gradient(legs, axis=0) * self.rate_hz
        self._direction.begin(
            pelvis_attitude(q_WB["pelvis"])[:, 2], np.concatenate([legs, speed], axis=1)
        )

    def _hips(
        self, motions: Mapping[str, SensorMotion], drift_rad: Mapping[Side, FloatArray]
    ) -> tuple[dict[str, FloatArray], dict[Side, FloatArray]]:
        """Return the segments in the pelvis sensor's world, and each hip's (n, 3) angles, rad."""
        q_WB = {"pelvis": quaternion.multiply(motions["pelvis"].q_WS, self._alignment["pelvis"])}
        hips: dict[Side, FloatArray] = {}
        for side, found in self.headings.items():
            thigh = f"thigh_{side}"
            q_turn = quaternion.about_axis(_Z, found.heading_rad + drift_rad[side])
            q_turned = quaternion.multiply(q_turn, motions[thigh].q_WS)
            q_WB[thigh] = quaternion.multiply(q_turned, self._alignment[thigh])
            hips[side] = hip_from_segments(q_WB["pelvis"], q_WB[thigh], side)
        return q_WB, hips

    @staticmethod
    def _legs(hips: Mapping[Side, FloatArray]) -> FloatArray:
        """Return (n, 2) half the difference of both hips' flexion and adduction, rad."""
        total = sum((1.0 if side == "left" else -1.0) * hip[:, :2] for side, hip in hips.items())
        return np.asarray(total) / len(hips)

    def _angles(self, time_s: FloatArray, motions: Mapping[str, SensorMotion]) -> LiveAngles:
        """Return the angles of samples that all lie in one block."""
        exposed = self._drift.rows(motions)
        if not self._alignment:
            return unknown(time_s, self.sides)
        # The filter's state belongs to the middle of the last block.
        ahead_s = (0.5 * self._block + self._n_pending + np.arange(len(time_s))) / self.rate_hz
        drift = {
            side: exposed[side] @ found.chip_errors
            + (0.0 if self.still else found.rate_rad_s) * ahead_s
            for side, found in self.headings.items()
        }
        q_WB, hips = self._hips(motions, drift)
        missing = ~motions["pelvis"].trusted
        untold = missing.copy()
        angles: dict[str, FloatArray] = {}
        sd: dict[str, FloatArray] = {}
        for side, hip in hips.items():
            heading_sd = np.full(len(time_s), self.headings[side].drift_sd_rad)
            gone = missing | ~motions[f"thigh_{side}"].trusted | (heading_sd > UNKNOWN_SD_RAD)
            untold |= gone
            if self.calibration is not None and self.calibration.wobble[side].is_loose:
                hip[:, 2] = self._steady[side].update(hip[:, 2])
            names = tuple(f"hip_{kind}_{side}" for kind in ("flexion", "adduction", "rotation"))
            angles |= named(names, hip, gone)
            wobble_rad = self._wobble_rad[side]
            spread = hip_sd(hip[:, 0], heading_sd, self._softness[side], wobble_rad, LIVE)
            sd |= named(names, spread, gone)
        legs = np.where(untold[:, None], np.nan, self._legs(hips))
        attitude, direction, q_upright = self._pelvis(q_WB["pelvis"], legs)
        q_WB = {segment: quaternion.multiply(q_upright, q) for segment, q in q_WB.items()}
        angles |= named(PELVIS_ANGLES, attitude, missing)
        sd |= named(PELVIS_ANGLES, pelvis_sd(len(time_s), self._pelvis_softness, LIVE), missing)
        return LiveAngles(time_s, angles, sd, q_WB, direction)

    def _pelvis(
        self, q_WB: FloatArray, legs: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the pelvis' (n, 3) angles, the direction (n,), and (n, 4) what puts it upright.

        Parameters
        ----------
        q_WB : (n, 4) array
            The pelvis, leaning in bends.
        legs : (n, 2) array, rad
            Half the difference of both hips' flexion and adduction; NaN where a hip is not known,
            so that a sensor that is gone does not pass for a turn.
        """
        before = legs[:1] if self._last_legs is None else self._last_legs
        self._last_legs = legs[-1:]
        speed = np.diff(np.concatenate([before, legs]), axis=0) * self.rate_hz
        stride = round(self.period_s * self.rate_hz)
        heading, direction, turn_rate = self._direction.update(
            pelvis_attitude(q_WB)[:, 2], np.concatenate([legs, speed], axis=1), stride
        )
        aside = np.stack([-np.sin(heading), np.cos(heading), np.zeros(len(heading))], axis=1)
        travel_W = (self._speed_m_s * turn_rate)[:, None] * aside
        q_upright = quaternion.conjugate(self._lean.update(travel_W))
        attitude = pelvis_attitude(quaternion.multiply(q_upright, q_WB))
        attitude[:, 2] = heading - direction
        self._swing.append(legs[:, 0])
        return attitude, direction, q_upright

    def _learn_gait(self, walked: bool) -> None:
        """Renew, at the end of a block, what is known of speed and of the pelvis' own swing."""
        swing = np.concatenate(self._swing) if self._swing else np.empty(0)
        swing = swing[np.isfinite(swing)]
        self._swing = []
        if not walked:
            self._speed_m_s = 0.0
            return
        if len(swing) > self.period_s * self.rate_hz:
            self._speed_m_s = steady_speed(float(np.std(swing)), self.period_s)
        self._direction.learn(round(self.period_s * self.rate_hz))


def _innovation(update: HeadingUpdate | None) -> float:
    return float("nan") if update is None else update.innovation
