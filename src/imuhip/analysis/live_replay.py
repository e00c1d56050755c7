"""The live pipeline run over a whole recording: what the live view would have shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from imuhip.analysis.body import Angles
from imuhip.analysis.grid import to_grid
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_calibration import LiveCalibration
from imuhip.analysis.occasions import not_enough_gait, rows_of_gait
from imuhip.analysis.offline import Kinematics, check_segments
from imuhip.analysis.settings import Settings
from imuhip.calibration.pose import Pose
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import CalibrationError
from imuhip.gait.activity import Activity
from imuhip.kinematics.angles import unwrap_heading
from imuhip.kinematics.strap_wobble import StrapWobble

__all__ = ["analyze_live"]

_FIRM = StrapWobble(0.0, 0.0, 0.0)


def analyze_live(
    sensors: Mapping[str, ImuSeries],
    markers: tuple[Marker, ...],
    rate_hz: float,
    settings: Settings,
) -> Kinematics:
    """Run every step with what was known at each instant.

    Parameters and errors as `imuhip.analysis.offline.analyze_offline`.
    """
    check_segments(sensors)
    grid = to_grid(sensors, rate_hz, causal=True)
    rate_hz = grid.rate_hz
    pose_marker = next((marker for marker in markers if marker.name == "n_pose"), None)
    pipeline = LivePipeline(grid.segments, rate_hz, settings, pose_marker)
    angles = pipeline.update(grid)
    still, period_s = pipeline.log.seconds()
    activity = Activity(np.isfinite(period_s), still, period_s)
    gait = rows_of_gait(grid.time_s, activity, markers, rate_hz)
    if gait.sum() < 5.0 * rate_hz:
        raise not_enough_gait(gait.sum() / rate_hz)
    last = pipeline.last_calibration
    if last is None:
        raise CalibrationError(
            f"no calibration was reached live; still waiting for: {pipeline.phase}",
            hint="Stand still for 5 s, then walk for 10 s or more; or analyze without live.",
            code="E503",
        )
    return Kinematics(
        grid=grid,
        bias_rad_s=pipeline.bias_rad_s,
        activity=activity,
        gait=gait,
        pose=_one_pose(last),
        legs=last.legs,
        tracks={side: pipeline.log.track(side) for side in last.sides},
        q_WB=angles.q_WB,
        angles=Angles(values=angles.values, sd=angles.sd),
        turn_rate_rad_s=_rate(angles.direction_rad, rate_hz),
        wobble={side: pipeline.wobble.get(side, _FIRM) for side in last.sides},
        events=tuple(pipeline.log.events),
        untold={side: _why(pipeline, side) for side in pipeline.sides if side not in last.legs},
    )


def _one_pose(calibration: LiveCalibration) -> Pose:
    """Return the pose of the first leg, with the verticals of all sensors."""
    poses = [calibration.poses[side].pose for side in calibration.sides]
    up_S = {segment: up for pose in reversed(poses) for segment, up in pose.up_S.items()}
    return replace(poses[0], up_S=up_S)


def _why(pipeline: LivePipeline, side: Side) -> str:
    """Return why a leg was not calibrated."""
    if not pipeline.calibrator.legs[side].has_pose:
        return "its thigh sensor was missing in the standing pose"
    return "too little gait with its thigh sensor after the standing pose"


def _rate(direction_rad: FloatArray, rate_hz: float) -> FloatArray:
    """Return the derivative of a direction that may jump by full turns; NaN where unknown."""
    return np.asarray(np.gradient(unwrap_heading(direction_rad)) * rate_hz)
