"""From a recording to the motion of one performance of a test.

Only the seconds around it are fused, so that a test at the end of an hour costs no more than one at
its beginning. Axes come from the standing pose before it and from gravity in its posture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from imuhip.analysis.grid import to_grid
from imuhip.analysis.motion import offline_motion
from imuhip.assessment.facing import find_facing, front_goes_up
from imuhip.assessment.protocol import MovementTest, shipped_test, shipped_tests
from imuhip.assessment.trial import TrialMotion
from imuhip.calibration.alignment import axes_from_up_and_right
from imuhip.calibration.pose import mean_up
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import FloatArray, ImuSeries, Marker
from imuhip.errors import AnalysisError, CalibrationError

__all__ = ["Trial", "find_trials", "trial_motion"]

_BEFORE_S = 60.0
_LEAST_POSE_S = 1.0
_LONGEST_LOSS = 0.02
_STILL_RAD = np.radians(5.0)
"""People sway by a degree; who walks or sits down in the pose, by ten and more."""

_WALKED_SD_RAD = np.radians(2.0)


@dataclass(frozen=True, slots=True)
class Trial:
    """A stretch of a recording in which a test is done."""

    test: MovementTest
    side: Side | None
    start_s: float
    end_s: float

    @property
    def name(self) -> str:
        """Return the name of its marker."""
        return f"{self.test.name}_{self.side}" if self.side else self.test.name


def find_trials(markers: Sequence[Marker]) -> tuple[Trial, ...]:
    """Return the tests that markers name, in order of time.

    A marker is called as the test is, with ``_left`` or ``_right`` where it is done for each side.
    """
    names: dict[str, tuple[str, Side | None]] = {}
    for test in shipped_tests():
        if shipped_test(test).sides:
            names |= {f"{test}_{side}": (test, side) for side in SIDES}
        else:
            names[test] = (test, None)
    trials = [
        Trial(shipped_test(names[m.name][0]), names[m.name][1], m.start_s, m.end_s)
        for m in markers
        if m.name in names and m.end_s > m.start_s
    ]
    return tuple(sorted(trials, key=lambda trial: trial.start_s))


def trial_motion(
    sensors: Mapping[str, ImuSeries],
    markers: Sequence[Marker],
    rate_hz: float,
    trial: Trial,
    *,
    right_S: Mapping[str, FloatArray] | None = None,
    filter_name: str = "vqf",
) -> TrialMotion:
    """Return the motion of every segment worn during a test.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
        Whole recordings, in m/s² and rad/s.
    markers : sequence of Marker
        With an ``n_pose`` before the test.
    rate_hz : float
    trial : Trial
    right_S : mapping of segment to (3,) array, optional
        Axes to the right as a walk with the same straps shows them; see
        `imuhip.analysis.walked_axes`. Where there is none, gravity in the posture tells.
    filter_name : str
        One of `imuhip.fusion.filters.FILTERS`.

    Raises
    ------
    AnalysisError
        When a segment the test needs carries no sensor, or lost samples during it.
    CalibrationError
        When nobody stood still before it.
    """
    needed = trial.test.segments(trial.side)
    missing = [segment for segment in needed if segment not in sensors]
    if missing:
        raise AnalysisError(
            f"{trial.name}: no sensor on {', '.join(missing)}; it needs {', '.join(needed)}",
            hint=_placing(missing),
            code="E620",
        )
    trial = _as_far_as_measured(sensors, trial)
    pose = _pose_before(markers, trial)
    start_s = max(pose.start_s, trial.start_s - _BEFORE_S)
    worn = {
        s: series.between(start_s, trial.end_s)
        for s, series in sensors.items()
        if s in needed
        or (_measured_in(series, trial) >= 1.0 - _LONGEST_LOSS and _stood(series, pose) is None)
    }
    for segment in needed:
        _check_loss(worn[segment], segment, trial)
        _check_pose(sensors[segment], segment, trial, pose)
    grid = to_grid(worn, rate_hz)
    motions = offline_motion(grid, grid.rate_hz, filter_name)
    rows = slice(*np.searchsorted(grid.time_s, (trial.start_s, trial.end_s)))
    # lying and sitting, the way there tells; bowing, the test itself
    settled = None if trial.test.position == "standing" else rows.start + round(rate_hz)
    q_WB, facing_sd = {}, {}
    for segment, motion in motions.items():
        still = sensors[segment].between(pose.start_s, pose.end_s)
        pose_up_S = mean_up(still.acc[still.valid])[0]
        if right_S is not None and segment in right_S:
            q_SB = axes_from_up_and_right(pose_up_S, right_S[segment])
            facing_sd[segment] = _WALKED_SD_RAD
        else:
            part = motion.up_S[:settled]
            q_SB, facing_sd[segment] = _axes(part, pose_up_S, trial.test.position, segment)
        q_WB[segment] = _facing_ahead(motion.q_WS, q_SB, grid.time_s, pose)[rows]
    return TrialMotion(grid.time_s[rows], q_WB, facing_sd, trial.side)


def _facing_ahead(
    q_WS: FloatArray, q_SB: FloatArray, time_s: FloatArray, pose: Marker
) -> FloatArray:
    """Return a segment (n, 4) in the world in which it looks along x in the pose.

    All segments look the same way there, so this is one world for all of them, as far as their
    headings keep until the test. A pose long ago says nothing of that any more.
    """
    q_WB = quaternion.multiply(q_WS, q_SB)
    stood = (time_s >= pose.start_s) & (time_s < pose.end_s)
    if not stood.any():
        return q_WB
    front_W = quaternion.rotate(q_WB[stood], np.array([1.0, 0.0, 0.0])).mean(axis=0)
    heading = np.arctan2(front_W[1], front_W[0])
    return quaternion.multiply(quaternion.about_axis(np.array([0.0, 0.0, 1.0]), -heading), q_WB)


def _axes(
    up_S: FloatArray, pose_up_S: FloatArray, position: str, segment: str
) -> tuple[FloatArray, float]:
    """Return ``q_SB`` (4,) and how well (rad) its front is known."""
    facing = find_facing(up_S, pose_up_S, front_goes_up(position, segment))
    right_S = np.cross(facing.front_S, pose_up_S)
    return axes_from_up_and_right(pose_up_S, right_S), facing.sd_rad


def _pose_before(markers: Sequence[Marker], trial: Trial) -> Marker:
    """Return the last standing pose before a test."""
    poses = [
        marker
        for marker in markers
        if marker.name == "n_pose"
        and marker.end_s <= trial.start_s
        and marker.end_s - marker.start_s >= _LEAST_POSE_S
    ]
    if not poses:
        raise CalibrationError(
            f"{trial.name} at {trial.start_s:.0f} s: no standing pose of {_LEAST_POSE_S:g} s "
            "is marked before it",
            hint="Stand still for 5 s with the sensors on (marker n_pose), then do the test.",
            code="E520",
        )
    return max(poses, key=lambda marker: marker.start_s)


def _as_far_as_measured(sensors: Mapping[str, ImuSeries], trial: Trial) -> Trial:
    """Return the trial without what of its marker lies after the last sample of all."""
    last_s = max(
        (float(series.time_s[-1]) for series in sensors.values() if len(series)), default=0
    )
    return replace(trial, end_s=min(trial.end_s, last_s)) if last_s > trial.start_s else trial


def _stood(series: ImuSeries, pose: Marker) -> str | None:
    """Return why a sensor did not tell the pose; None where it did."""
    still = series.between(pose.start_s, pose.end_s)
    acc = still.acc[still.valid]
    if len(acc) < _LEAST_POSE_S * _rate_hz(still):
        return f"measured less than {_LEAST_POSE_S:g} s of the standing pose"
    if mean_up(acc)[1] > _STILL_RAD:
        return "moved in the standing pose"
    return None


def _check_pose(series: ImuSeries, segment: str, trial: Trial, pose: Marker) -> None:
    why = _stood(series, pose)
    if why is not None:
        raise CalibrationError(
            f"{trial.name}: {segment} {why} at {pose.start_s:.0f} s",
            hint="Stand still for 5 s with all sensors on (marker n_pose), then do the test.",
            code="E521",
        )


def _rate_hz(series: ImuSeries) -> float:
    """Return how often a sensor measures where it does; samples lost may have no rows at all."""
    return 1.0 / float(np.median(np.diff(series.time_s))) if len(series) > 1 else np.inf


def _measured_in(series: ImuSeries, trial: Trial) -> float:
    """Return the share of a test during which a sensor measured."""
    part = series.between(trial.start_s, trial.end_s)
    expected = _rate_hz(part) * (trial.end_s - trial.start_s)
    # times at the edges fall one sample short
    return min(1.0, float(part.valid.sum() + 1) / expected) if len(part) > 1 else 0.0


def _check_loss(series: ImuSeries, segment: str, trial: Trial) -> None:
    share = _measured_in(series, trial)
    if share < 1.0 - _LONGEST_LOSS:
        raise AnalysisError(
            f"{trial.name}: {segment} measured {100.0 * share:.0f} % of it, "
            f"at least {100.0 * (1.0 - _LONGEST_LOSS):.0f} % are needed",
            hint="Repeat the test; `imuhip check` shows where samples were lost.",
            code="E621",
        )


def _placing(missing: Sequence[str]) -> str:
    if any(segment.startswith("shank") for segment in missing):
        return (
            "Move the thigh sensor to the shank for this test: on the thigh it under-reads hip "
            "rotation by up to 22 deg."
        )
    return "Put a sensor there, stand still for 5 s, and repeat the test."
