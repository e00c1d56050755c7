"""What looks wrong with how the sensors are worn, and straps that slipped put right on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imuhip.analysis.body import Angles
from imuhip.analysis.grid import to_grid
from imuhip.analysis.offline import Kinematics
from imuhip.analysis.trials import find_trials
from imuhip.calibration.placement_check import (
    LabelEvidence,
    PoseMotion,
    SegmentDoubt,
    pose_motion,
    segment_doubts,
    upward_axis,
)
from imuhip.core.butterworth import low_pass, thinned, zero_phase
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import AnalysisError, CalibrationError, ImuhipError
from imuhip.kinematics.slip_search import find_slips, swing_signal
from imuhip.kinematics.strap_slip import StrapSlip, undo_slips

__all__ = ["Mounting", "check_mounting", "explained", "note_mounting", "unslipped", "widened"]

_SMOOTH_HZ = 5.0
_ENOUGH_HZ = 40.0
"""Swinging ends at 5 Hz; more samples only take time."""
_MOVING_RAD_S = 0.5
_LEVELS = "ABCD"
_WRONG_SEGMENT_SD_RAD = np.radians(30.0)
"""Angles of exchanged sensors are somebody else's: they are off by as much as joints move."""


@dataclass(frozen=True, slots=True)
class Mounting:
    """What was found about the mounting.

    Parameters
    ----------
    labels : LabelEvidence, optional
        Whether left is left.
    doubts : tuple of SegmentDoubt
        Sensors that seem to be elsewhere.
    pose : PoseMotion
        Steps and turns in the pose.
    up_S : mapping of segment to (3,) array
        Vertical in the pose.
    slips : tuple of StrapSlip
        Still in the angles.
    corrected : tuple of StrapSlip
        Taken out of the samples before the angles were made.
    """

    labels: LabelEvidence | None
    doubts: tuple[SegmentDoubt, ...]
    pose: PoseMotion
    up_S: Mapping[str, FloatArray]
    slips: tuple[StrapSlip, ...]
    corrected: tuple[StrapSlip, ...] = ()

    @property
    def misplaced(self) -> bool:
        """Return whether sensors are, beyond doubt, not where their names say."""
        swapped = self.labels is not None and (self.labels.swapped or self.labels.one_leg)
        return swapped or any(doubt.certain for doubt in self.doubts)


def check_mounting(found: Kinematics, corrected: Sequence[StrapSlip] = ()) -> Mounting:
    """Look at the mounting with all that an analysis found."""
    worn = ("pelvis", *(f"thigh_{side}" for side in found.legs))
    thin = max(1, int(found.grid.rate_hz / _ENOUGH_HZ))
    rate_hz = found.grid.rate_hz / thin
    smooth = low_pass(_SMOOTH_HZ, rate_hz)
    gyr = {
        s: zero_phase(smooth, thinned(found.grid.gyr[s], thin) - found.bias_rad_s[s]) for s in worn
    }
    acc = {s: zero_phase(smooth, thinned(found.grid.acc[s], thin)) for s in worn}
    posed = slice(found.pose.rows.start // thin, max(1, found.pose.rows.end // thin))
    doubts = segment_doubts(gyr, found.gait[::thin])
    labels = next(iter(found.legs.values())).labels
    right_S = {f"thigh_{side}": leg.axis.right_S for side, leg in found.legs.items()}
    slips = find_slips(
        found.grid.time_s[::thin],
        gyr,
        acc,
        found.pose.up_S,
        swing_signal(gyr, right_S),
        {s: (found.gait & found.grid.valid[s])[::thin] for s in worn},
        rate_hz,
    )
    return Mounting(
        labels=None if doubts else labels,
        doubts=tuple(doubts),
        pose=pose_motion({s: rate[posed] for s, rate in gyr.items()}, found.pose.up_S, rate_hz),
        up_S=found.pose.up_S,
        slips=tuple(slips),
        corrected=tuple(corrected),
    )


def unslipped(sensors: Mapping[str, ImuSeries], slips: Sequence[StrapSlip]) -> dict[str, ImuSeries]:
    """Return the sensors as they would have read had no strap slipped; those given stay."""
    return {
        segment: undo_slips(series, [slip for slip in slips if slip.segment == segment])
        for segment, series in sensors.items()
    }


def widened(found: Kinematics, mounting: Mounting) -> Kinematics:
    """Return the angles with what is wrong with the mounting counted into their uncertainty."""
    if not mounting.slips and not mounting.corrected and not mounting.misplaced:
        return found
    time_s = found.grid.time_s
    sd = {name: np.array(values) for name, values in found.angles.sd.items()}
    for name, values in sd.items():
        variance = values**2
        for slip in mounting.slips:
            after = time_s >= slip.at_s
            variance += (after * _touches(slip, name)) ** 2
        for slip in mounting.corrected:
            after = time_s >= slip.at_s
            variance += (after * slip.sd_rad * (_touches(slip, name) > 0.0)) ** 2
        if mounting.misplaced and name.startswith("hip"):
            variance += _WRONG_SEGMENT_SD_RAD**2
        sd[name] = np.sqrt(variance)
    return replace(found, angles=Angles(values=found.angles.values, sd=sd))


def _touches(slip: StrapSlip, angle: str) -> float:
    """Return how much (rad) of a slip shows in an angle."""
    mine = slip.segment == "pelvis" or angle.endswith(slip.segment.removeprefix("thigh"))
    if not mine or (slip.segment != "pelvis" and angle.startswith("pelvis")):
        return 0.0
    if "rotation" in angle:
        # The pelvis' rotation has its mean taken out and does not keep a slip.
        return 0.0 if angle == "pelvis_rotation" else abs(slip.axial_rad)
    return slip.tilt_rad


def explained(
    error: ImuhipError,
    sensors: Mapping[str, ImuSeries],
    rate_hz: float,
    markers: Sequence[Marker] = (),
) -> ImuhipError:
    """Return the error, with the sensor named that is on the wrong segment where one is.

    A pelvis sensor on a thigh, or the other way round, can hide the gait or the pose altogether.
    In a session of tests a pelvis may well turn more than a thigh, and nothing is said of it.
    """
    if not isinstance(error, AnalysisError | CalibrationError) or "pelvis" not in sensors:
        return error
    if find_trials(markers):
        return error
    try:
        grid = to_grid(sensors, rate_hz)
    except AnalysisError:
        return error
    smooth = low_pass(_SMOOTH_HZ, grid.rate_hz)
    gyr = {segment: zero_phase(smooth, rate) for segment, rate in grid.gyr.items()}
    moving = np.max([np.linalg.norm(rate, axis=1) for rate in gyr.values()], axis=0)
    doubts = [doubt for doubt in segment_doubts(gyr, moving > _MOVING_RAD_S) if doubt.certain]
    if not doubts:
        return error
    return type(error)(
        f"{error}; {doubts[0].reason}",
        hint="Assign the sensors to where they are worn, and analyze or record again.",
        code=error.code,
    )


def note_mounting(quality: dict[str, Any], mounting: Mounting) -> None:
    """Write the findings into a quality record: ``mounting``, ``slips``, grades and reasons."""
    findings = [*_label_findings(mounting.labels), *_pose_findings(mounting.pose)]
    findings += [("D" if doubt.certain else "C", doubt.reason) for doubt in mounting.doubts]
    slips = [(slip, False) for slip in mounting.slips] + [(s, True) for s in mounting.corrected]
    slips.sort(key=lambda entry: entry[0].at_s)
    findings += [_slip_finding(slip, corrected) for slip, corrected in slips]
    grade = max((level for level, _ in findings), key=_LEVELS.index, default="A")
    reasons = [reason for _, reason in findings]
    quality["mounting"] = {
        "grade": grade,
        "reasons": reasons,
        "left_right_sigma": None if mounting.labels is None else round(mounting.labels.score, 2),
        "pose_turn_deg": round(float(np.degrees(mounting.pose.turned_rad)), 2),
    }
    quality["slips"] = [_slip_record(slip, corrected) for slip, corrected in slips]
    for segment, up in mounting.up_S.items():
        if segment in quality["sensors"]:
            quality["sensors"][segment]["pointing"] = upward_axis(up)
    quality["grade"] = max(quality["grade"], grade, key=_LEVELS.index)
    quality["reasons"] = [f"mounting: {reason}" for reason in reasons] + quality["reasons"]


def _label_findings(labels: LabelEvidence | None) -> list[tuple[str, str]]:
    if labels is None:
        return []
    if labels.one_leg:
        why = f"both thigh sensors swing together (correlation {labels.in_phase:.1f})"
        return [("D", f"{why}: they are on the same leg")]
    told = f"{abs(labels.score):.1f} sigma"
    if labels.swapped:
        one = np.isnan(labels.in_phase)
        what = "the thigh sensor looks to be on the other leg"
        if not one:
            what = "left and right thigh sensors look swapped"
        return [("D", f"{what} ({told}): the hips are pushed the wrong way; exchange the names")]
    if labels.doubtful:
        which = "against it" if labels.score < 0 else "2 are wanted"
        return [("C", f"weak evidence that left is left ({told}, {which}); check the names")]
    return []


def _pose_findings(pose: PoseMotion) -> list[tuple[str, str]]:
    if pose.turned:
        turned = abs(float(np.degrees(pose.turned_rad)))
        return [("C", f"turned by {turned:.0f}° on the spot during the pose; stand still again")]
    if pose.stepped:
        fastest = pose.fastest_rad_s
        return [("C", f"moved a foot during the pose ({fastest:.1f} rad/s); stand still again")]
    return []


def _slip_finding(slip: StrapSlip, corrected: bool) -> tuple[str, str]:
    what = (
        f"the strap of {slip.segment} slipped at {slip.at_s:.0f} s:"
        f" {abs(float(np.degrees(slip.axial_rad))):.1f}° about the long axis"
    )
    if slip.tilt_rad > 0.0:
        what += f" and {float(np.degrees(slip.tilt_rad)):.0f}° across"
    if corrected:
        return "B", f"{what}; corrected"
    return "C", f"{what}; not corrected: analyze with correct_slips=True, or look at it by halves"


def _slip_record(slip: StrapSlip, corrected: bool) -> dict[str, Any]:
    return {
        "segment": slip.segment,
        "at_s": round(slip.at_s, 1),
        "degrees": round(float(np.degrees(slip.axial_rad)), 2),
        "across_degrees": round(float(np.degrees(slip.tilt_rad)), 2),
        "sd_degrees": round(float(np.degrees(slip.sd_rad)), 2),
        "corrected": corrected,
    }
