"""The same way as offline, walked while the samples arrive.

Samples go in by blocks of any length; angles come out for every one of them at once. What needs
time (activity, calibration, heading, how the sensors sit) is decided at the end of each block of
`BLOCK_S`, counted in samples from the start, so that the result does not depend on how the samples
were cut.

Until a pose and 10 s of gait have been seen there are no angles, only NaN and a `phase` that says
what is missing. The calibration is found again after 20, 40 and 60 s of gait, then kept until a
sensor was moved, taken off or gone for long: then its angles are NaN again, until the next pose
and gait. `notes` says what is wrong with the mounting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.legs import leg_softness, sides_worn
from imuhip.analysis.live_angles import LiveAngles, joined, named, unknown
from imuhip.analysis.live_body import LiveBody
from imuhip.analysis.live_calibration import LiveCalibration, LiveCalibrator
from imuhip.analysis.live_checks import LiveChecks, LiveNote
from imuhip.analysis.live_drift import LiveDrift
from imuhip.analysis.live_frame import FrameMaker, LiveFrame
from imuhip.analysis.live_fusion import LiveFusion
from imuhip.analysis.live_headings import LiveHeadings
from imuhip.analysis.live_log import LiveLog
from imuhip.analysis.live_pelvis import LivePelvis, legs_apart
from imuhip.analysis.live_straps import LiveStraps, steady_rotation
from imuhip.analysis.live_wear import LiveWear, Removal
from imuhip.analysis.live_words import phase_of, strap_note
from imuhip.analysis.motion import SensorMotion
from imuhip.analysis.settings import Settings
from imuhip.core import quaternion
from imuhip.core.segments import PELVIS_ANGLES, Side
from imuhip.core.series import FloatArray, Marker
from imuhip.kinematics.angles import hip_from_segments
from imuhip.kinematics.heading_filter import UNKNOWN_SD_RAD
from imuhip.kinematics.hip_limits import impossible_hip
from imuhip.kinematics.strap_wobble import StrapWobble
from imuhip.kinematics.uncertainty import LIVE, hip_sd, pelvis_sd

__all__ = ["LiveAngles", "LivePipeline"]

_UNVERIFIED_SD_RAD = np.radians(30.0)
"""Just after a long break nothing says yet that the sensors sit as before."""


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
        self.calibrator = LiveCalibrator(self.sides, rate_hz, pose_marker)
        self.last_calibration: LiveCalibration | None = None
        self.removed: dict[str, Removal] = {}
        self.log = LiveLog(self.sides)
        self.bias_rad_s: dict[str, FloatArray] = {}
        self.wobble: dict[Side, StrapWobble] = {}
        self.still = False
        self._segments = ("pelvis", *(f"thigh_{side}" for side in self.sides))
        self._fusion = LiveFusion(segments, rate_hz, settings.orientation_filter)
        self._frames = FrameMaker(self.sides, rate_hz)
        self._headings = LiveHeadings(rate_hz)
        self._drift = LiveDrift(self.sides, rate_hz, self._frames.rows)
        self._body = LiveBody(self._frames.rows, rate_hz)
        self._pelvis = LivePelvis(rate_hz)
        self._straps = LiveStraps(self.sides, rate_hz)
        self._checks = LiveChecks(self._segments, rate_hz)
        self._wear = LiveWear(self._segments, rate_hz)
        self._steady = {side: steady_rotation(rate_hz) for side in self.sides}
        self._softness: dict[Side, float] = {}
        self._n_impossible = dict.fromkeys(self.sides, 0)

    @property
    def calibration(self) -> LiveCalibration | None:
        """Return what is known of the mounting; None until a pose and gait were seen."""
        return self.calibrator.current

    @property
    def phase(self) -> str:
        """Return, for people, what the pipeline is waiting for."""
        return phase_of(self.calibrator, self.removed)

    @property
    def notes(self) -> list[LiveNote]:
        """Return, for people, what is wrong with how the sensors sit."""
        told = self._checks.notes(self.calibration)
        told += [strap_note(side, found) for side, found in self.wobble.items() if found.is_loose]
        if self._wear.is_doubtful:
            told.append(LiveNote("mounting", "after the break: looking whether the sensors moved"))
        return told

    def update(self, block: GridBlock) -> LiveAngles:
        """Take in the next samples and return their angles."""
        parts, start = [], 0
        while start < len(block):
            end = min(len(block), start + self._frames.rows - self._frames.n_pending)
            parts.append(self._advance(block.part(slice(start, end))))
            start = end
        return joined(parts, block.time_s)

    def _advance(self, part: GridBlock) -> LiveAngles:
        motions = self._fusion.update(part)
        self.bias_rad_s = {s: motion.bias_rad_s[-1] for s, motion in motions.items()}
        worn = {segment: motions[segment] for segment in self._segments}
        angles = self._angles(part.time_s, worn)
        self._frames.add(part.time_s, worn)
        if self._frames.is_complete:
            self._end_of_block(self._frames.make(self._fusion.take_returned()))
        return angles

    # -- the end of a block -------------------------------------------------------------------

    def _end_of_block(self, frame: LiveFrame) -> None:
        """Judge the block that is complete, and renew calibration and heading."""
        self._headings.note(
            frame,
            self._drift.end_of_block(
                still=frame.still,
                gait=frame.gait,
                running=frame.running,
                unseen_rad2=self._fusion.take_unseen(),
            ),
        )
        walked = np.isfinite(frame.period_s)
        self._fusion.period_s = float(frame.period_s[walked].mean()) if walked.any() else np.nan
        self._straps.add(frame)
        renewed = self.calibrator.add(frame)
        if self.calibration is not None:
            self._move_headings(frame, self.calibration, renewed)
        self._look_after_sensors(frame)
        self.still = frame.still
        if self.calibration is not None:
            self._renew_body(frame, self.calibration)
        period_s = frame.period_s if self._body.is_known else frame.period_s * np.nan
        self._pelvis.end_block(period_s, running=frame.running)
        self.log.add(frame, self._headings, [(note.about, note.text) for note in self._told()])

    def _told(self) -> list[LiveNote]:
        gone = [LiveNote(segment, removal.reason) for segment, removal in self.removed.items()]
        return gone + self.notes

    def _move_headings(
        self, frame: LiveFrame, calibration: LiveCalibration, renewed: LiveCalibration | None
    ) -> None:
        self._headings.step(frame, calibration, () if renewed is None else tuple(renewed.renewed))
        if renewed is not None:
            self.last_calibration = renewed
            self._welcome(renewed)
            self._headings.restart(renewed, self.calibrator.history(), self.calibrator.legs)
        for side, heading in self._headings.filters.items():
            stance = self.calibrator.legs[side].new_stance(calibration.poses[side])
            if stance is not None and not self._slipped(side):
                heading.anchor(*stance)

    def _slipped(self, side: Side) -> bool:
        touched = {"pelvis", f"thigh_{side}"}
        return any(slip.segment in touched for slip in self._checks.slips)

    def _welcome(self, renewed: LiveCalibration) -> None:
        """Begin to watch legs that are calibrated for the first time, or anew."""
        for side in renewed.renewed:
            thigh, pose = f"thigh_{side}", renewed.poses[side]
            if side in self._headings.filters and thigh not in self._waiting():
                continue
            self.removed.pop(thigh, None)
            self.removed.pop("pelvis", None)
            self._checks.restart((thigh, "pelvis"), pose.end_s)
            self._wear.begin((thigh,))

    def _waiting(self) -> set[str]:
        """Return the sensors whose leg is calibrated anew after a slip."""
        return {slip.segment for slip in self._checks.slips}

    def _look_after_sensors(self, frame: LiveFrame) -> None:
        """Drop legs whose sensors were moved; ask for a new pose of those whose strap slipped."""
        up_S: dict[str, FloatArray] = {}
        if self.calibration is not None:
            up_S = {"pelvis": self.calibration.pelvis_up_S}
            for side, pose in self.calibration.poses.items():
                up_S[f"thigh_{side}"] = pose.pose.up_S[f"thigh_{side}"]
        share = max(self._n_impossible.values()) / len(frame.time_s)
        self._n_impossible = dict.fromkeys(self.sides, 0)
        spreads = self._headings.spreads
        jumps = {s: (found, spreads[s]) for s, found in self._headings.innovations.items()}
        removal = self._wear.add(frame, up_S, share, jumps)
        if removal is not None:
            self._remove(removal)
        slips = self._checks.add(frame, self.calibration)
        for slip in slips:
            self.calibrator.reopen(self._touched((slip.segment,)), frame.index + 1)

    def _touched(self, segments: Sequence[str]) -> list[Side]:
        """Return the legs that need these sensors."""
        whole = "pelvis" in segments
        return [side for side in self.sides if whole or f"thigh_{side}" in segments]

    def _remove(self, removal: Removal) -> None:
        """Forget what was known of sensors that were taken off, moved, or gone for long."""
        sides = self._touched(removal.segments)
        known = [] if self.calibration is None else self.calibration.sides
        for side in sides:
            if side in known:
                self.removed[f"thigh_{side}"] = removal
            self._headings.drop([side])
            self._body.drop(side)
            self._straps.forget(side)
            self.wobble.pop(side, None)
        self.calibrator.drop(sides, removal.since_block)
        self._wear.begin(removal.segments)
        if self.calibration is None:
            self._body.forget()
            self._checks.forget()

    def _renew_body(self, frame: LiveFrame, calibration: LiveCalibration) -> None:
        first = not self._body.is_known
        filters, exposed = self._headings.filters, self._drift.since_middle
        self._body.renew(calibration, filters, exposed, still=frame.still)
        self.wobble = {
            side: self._straps.wobble(side, calibration.poses[side].pose.up_S[f"thigh_{side}"])
            for side in calibration.sides
        }
        self._softness = leg_softness(calibration.legs, self.wobble)
        if first:
            self._recall()
        else:
            self._pelvis.turn(self._body.turned(frame.motions["pelvis"].q_WS[-1]))

    def _recall(self) -> None:
        """Begin with the walking direction of the gait that led to the first calibration."""
        frames = self.calibrator.history()
        last = len(frames) - 1
        while last > 0 and frames[last - 1].index == frames[last].index - 1:
            last -= 1
        segments = ("pelvis", *(f"thigh_{side}" for side in self._body.sides))
        motions = {
            s: SensorMotion.joined([frame.motions[s] for frame in frames[last:]]) for s in segments
        }
        q_WB = self._body.settled(motions)
        known = np.all([motion.trusted for motion in motions.values()], axis=0)
        legs = np.where(known[:, None], legs_apart(self._hips(q_WB)), np.nan)
        self._pelvis.begin(q_WB["pelvis"], legs)

    # -- every sample -------------------------------------------------------------------------

    def _hips(self, q_WB: Mapping[str, FloatArray]) -> dict[Side, FloatArray]:
        return {
            side: hip_from_segments(q_WB["pelvis"], q_WB[f"thigh_{side}"], side)
            for side in self._body.sides
        }

    def _angles(self, time_s: FloatArray, motions: Mapping[str, SensorMotion]) -> LiveAngles:
        """Return the angles of samples that all lie in one block."""
        exposed = self._drift.rows(motions)
        nothing = unknown(time_s, self.sides)
        calibration = self.calibration
        if not self._body.is_known or calibration is None:
            return nothing
        q_WB, q_facing = self._body.place(motions, exposed, self._frames.n_pending)
        hips = self._hips(q_WB)
        missing = ~motions["pelvis"].trusted
        untold = missing.copy()
        angles, sd = dict(nothing.values), dict(nothing.sd)
        for side, hip in hips.items():
            heading_sd = np.full(len(time_s), self._headings.filters[side].drift_sd_rad)
            gone = missing | ~motions[f"thigh_{side}"].trusted
            wrong = impossible_hip(hip, heading_sd)
            self._n_impossible[side] += int((wrong & ~gone).sum())
            gone |= wrong | (heading_sd > UNKNOWN_SD_RAD)
            untold |= gone
            steady = self._steady[side].update(hip[:, 2])
            if self.wobble[side].is_loose:
                hip[:, 2] = steady
            names = tuple(f"hip_{kind}_{side}" for kind in ("flexion", "adduction", "rotation"))
            angles |= named(names, hip, gone)
            wobble_rad = self.wobble[side].amplitude_rad
            spread = hip_sd(hip[:, 0], heading_sd, self._softness[side], wobble_rad, LIVE)
            sd |= named(names, self._widened(spread, side, calibration), gone)
        legs = np.where(untold[:, None], np.nan, legs_apart(hips))
        pelvis = self._pelvis.update(q_WB["pelvis"], q_facing, legs)
        found = {s: quaternion.multiply(pelvis.q_upright, q) for s, q in q_WB.items()}
        angles |= named(PELVIS_ANGLES, pelvis.attitude, missing)
        softness = float(np.mean(list(self._softness.values())))
        sd |= named(PELVIS_ANGLES, pelvis_sd(len(time_s), softness, LIVE), missing)
        return LiveAngles(time_s, angles, sd, {**nothing.q_WB, **found}, pelvis.direction_rad)

    def _widened(self, spread: FloatArray, side: Side, calibration: LiveCalibration) -> FloatArray:
        """Return sigma (n, 3) with what is wrong with the mounting counted in."""
        added = self._checks.variance(calibration, side)
        if self._wear.is_doubtful:
            added = added + _UNVERIFIED_SD_RAD**2
        return np.sqrt(spread**2 + added) if added.any() else spread
