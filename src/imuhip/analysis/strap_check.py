"""Whether sensors sit as their names say, and how good a calibration is: judged at once.

Five seconds of standing and ten of walking are enough to find exchanged thighs, sensors on the
wrong segment, loose straps and sensors worn the other way up. The checks are those of the analysis
of whole recordings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from imuhip.analysis.input_check import check_input
from imuhip.analysis.mounting import Mounting, check_mounting, explained, note_mounting
from imuhip.analysis.movements import note_movements
from imuhip.analysis.offline import Kinematics, analyze_offline
from imuhip.analysis.quality import assess_quality
from imuhip.analysis.settings import Settings
from imuhip.calibration.placement_check import segment_doubts, upward_axis
from imuhip.calibration.pose import make_pose
from imuhip.calibration.protocol import Acceptance
from imuhip.calibration.stillness import Stretch
from imuhip.core.butterworth import low_pass, zero_phase
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import ImuhipError

__all__ = ["Judgement", "StrapFinding", "judge_calibration", "judge_pose"]

Check = Literal["segments", "sides", "straps", "way_up"]
Weight = Literal["good", "warn", "bad", "unknown"]

_GRAVITY_M_S2: Final = 9.80665
_LEVELS: Final = "ABCD"
_OVER_COSINE: Final = 0.0
"""A sensor is worn the other way up when its vertical is more than a right angle from the usual."""
_SMOOTH_HZ: Final = 5.0


@dataclass(frozen=True, slots=True)
class StrapFinding:
    """What one check found.

    Parameters
    ----------
    check : {"segments", "sides", "straps", "way_up"}
        Sensors on their segments; left and right; firm straps; not upside down.
    weight : {"good", "warn", "bad", "unknown"}
    text : str
        What was seen, and what to do.
    """

    check: Check
    weight: Weight
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a calibration is worth.

    Parameters
    ----------
    grade : str
        From A to D.
    reasons : tuple of str
        Why it is not A.
    straps : tuple of StrapFinding
    up_S : mapping of segment to (3,) array
        Unit vector of the upward vertical in each sensor's frame, in the standing pose.
    """

    grade: str
    reasons: tuple[str, ...]
    straps: tuple[StrapFinding, ...] = ()
    up_S: Mapping[str, FloatArray] | None = None

    @property
    def misplaced(self) -> bool:
        """Return whether a sensor is, beyond doubt, not where its name says."""
        return any(one.weight == "bad" for one in self.straps)


def judge_pose(acc: Mapping[str, FloatArray], rate_hz: float, accepted: Acceptance) -> Judgement:
    """Judge a standing pose as soon as it is over.

    Parameters
    ----------
    acc : mapping of segment to (n, 3) array, m/s²
        Of the pose; as many rows as each sensor has delivered.
    rate_hz : float
    accepted : Acceptance
        The limits of the protocol.
    """
    findings: list[tuple[str, str]] = []
    up_S: dict[str, FloatArray] = {}
    sway_deg = 0.0
    for segment, force in acc.items():
        pose = make_pose(Stretch(0, len(force)), {segment: force}, given=True)
        up_S[segment] = pose.up_S[segment]
        sway_deg = max(sway_deg, float(np.degrees(pose.sway_rad)))
        gravity = float(np.linalg.norm(force, axis=1).mean())
        findings.append(
            (
                accepted.gravity_error_m_s2.grade(abs(gravity - _GRAVITY_M_S2)),
                f"{segment} reads {gravity:.2f} m/s² at rest instead of {_GRAVITY_M_S2:.2f}",
            )
        )
    findings.append((accepted.sway_deg.grade(sway_deg), f"swayed by {sway_deg:.1f}°"))
    lasted_s = max((len(force) for force in acc.values()), default=0) / rate_hz
    if lasted_s < accepted.pose_s:
        findings.append(("B", f"it lasted {lasted_s:.1f} s, {accepted.pose_s:g} s are wanted"))
    grade = max((level for level, _ in findings), key=_LEVELS.index)
    return Judgement(grade, tuple(why for level, why in findings if level != "A"), up_S=up_S)


def judge_calibration(
    sensors: Mapping[str, ImuSeries],
    rate_hz: float,
    markers: tuple[Marker, ...],
    usual_up_S: Mapping[str, FloatArray] | None = None,
) -> Judgement:
    """Judge a standing pose and a walk.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        The pelvis and at least one thigh, with their own errors taken out; 5 s of standing and 10 s
        of gait at least.
    rate_hz : float
    markers : tuple of Marker
        ``n_pose``, ``gait``, and the movements between them.
    usual_up_S : mapping of segment to (3,) array, optional
        How each sensor felt the vertical when it was worn there before.

    Raises
    ------
    AnalysisError, CalibrationError
        When pose or gait cannot be found. A sensor that is so wrongly worn that neither can is not
        an error but a judgement of grade D.
    """
    check_input(sensors, rate_hz)
    try:
        found = analyze_offline(sensors, markers, rate_hz, Settings())
    except ImuhipError as error:
        doubts = _doubts(sensors, rate_hz, markers)
        if not doubts:
            raise explained(error, sensors, rate_hz, markers) from error
        return Judgement("D", tuple(one.text for one in doubts), tuple(doubts))
    mounting = check_mounting(found)
    quality = _quality(found)
    note_mounting(quality, mounting)
    note_movements(quality, found.movements)
    straps = [
        _segments(mounting),
        _sides(mounting),
        _firmness(found),
        *_way_up(mounting.up_S, usual_up_S or {}),
    ]
    return Judgement(
        str(quality["grade"]), tuple(dict.fromkeys(quality["reasons"])), tuple(straps),
        mounting.up_S,
    )  # fmt: skip


def _quality(found: Kinematics) -> dict[str, Any]:
    return assess_quality(
        found.grid,
        found.bias_rad_s,
        found.gait,
        found.pose,
        found.legs,
        found.tracks,
        found.wobble,
        found.sync,
        found.untold,
    )


def _doubts(
    sensors: Mapping[str, ImuSeries], rate_hz: float, markers: tuple[Marker, ...]
) -> list[StrapFinding]:
    """Look for wrong segments where nothing else could be made of the samples."""
    gait = [marker for marker in markers if marker.name == "gait"]
    if not gait or "pelvis" not in sensors:
        return []
    parts = {s: one.between(gait[0].start_s, gait[-1].end_s) for s, one in sensors.items()}
    n_rows = min(len(part.gyr) for part in parts.values())
    if n_rows < rate_hz:
        return []
    smooth = low_pass(_SMOOTH_HZ, rate_hz)
    gyr = {s: zero_phase(smooth, np.nan_to_num(part.gyr[:n_rows])) for s, part in parts.items()}
    found = segment_doubts(gyr, np.ones(n_rows, dtype=bool))
    return [StrapFinding("segments", "bad", one.reason) for one in found if one.certain]


def _segments(mounting: Mounting) -> StrapFinding:
    for doubt in sorted(mounting.doubts, key=lambda one: not one.certain):
        return StrapFinding("segments", "bad" if doubt.certain else "warn", doubt.reason)
    return StrapFinding("segments", "good", "every sensor moves as its segment does")


def _sides(mounting: Mounting) -> StrapFinding:
    labels = mounting.labels
    if labels is None:
        return StrapFinding("sides", "unknown", "not told while a segment is in doubt")
    told = f"{abs(labels.score):.1f} sigma"
    if labels.one_leg:
        return StrapFinding("sides", "bad", "both thigh sensors are on the same leg: move one over")
    if labels.swapped:
        text = f"left and right look swapped ({told}): exchange the thigh sensors"
        if np.isnan(labels.in_phase):
            text = f"the thigh sensor looks to be on the other leg ({told}): move it over"
        return StrapFinding("sides", "bad", text)
    if labels.doubtful:
        return StrapFinding("sides", "warn", f"weak evidence that left is left ({told}): look")
    return StrapFinding("sides", "good", f"left is left, right is right ({told})")


def _firmness(found: Kinematics) -> StrapFinding:
    loose: dict[Side, float] = {
        side: float(np.degrees(one.amplitude_rad))
        for side, one in found.wobble.items()
        if one.is_loose
    }
    if loose:
        told = "; ".join(f"the {side} thigh's strap is loose ({deg:.0f}°)" for side, deg in
                         loose.items())  # fmt: skip
        return StrapFinding("straps", "bad", f"{told}: tighten it")
    return StrapFinding("straps", "good", "firm")


def _way_up(
    up_S: Mapping[str, FloatArray], usual_up_S: Mapping[str, FloatArray]
) -> list[StrapFinding]:
    """Compare with how sensors were worn before; angles do not depend on it, habits do."""
    known = [segment for segment in up_S if segment in usual_up_S]
    over = [s for s in known if float(up_S[s] @ usual_up_S[s]) < _OVER_COSINE]
    if over:
        told = "; ".join(f"{s}: upside down ({upward_axis(up_S[s])}), turn it round" for s in over)
        return [StrapFinding("way_up", "bad", told)]
    if known:
        return [StrapFinding("way_up", "good", "worn the same way up as before")]
    return [StrapFinding("way_up", "unknown", "worn for the first time: nothing to compare with")]
