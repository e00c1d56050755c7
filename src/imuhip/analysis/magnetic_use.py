"""The magnetometers in use: asked for, there or not, believed or not, and which way is north."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np

from imuhip.analysis.grid import GridBlock, to_grid
from imuhip.analysis.magnetic import FRAME_S, FieldView, MagneticField, view_field
from imuhip.analysis.magnetic_hip import MagneticHip, magnetic_hip
from imuhip.analysis.motion import SensorMotion, offline_motion
from imuhip.calibration.pose import Pose
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, Side
from imuhip.core.series import BoolArray, FloatArray, ImuSeries
from imuhip.errors import AnalysisError
from imuhip.fusion.earth_field import EarthField, earth_field
from imuhip.fusion.turn_rate import interval_rate
from imuhip.fusion.vqf_filter import offline_vqf
from imuhip.kinematics.heading_blocks import BLOCK_S
from imuhip.kinematics.heading_track import HeadingTrack

if TYPE_CHECKING:
    from imuhip.analysis.settings import Settings
    from imuhip.recording.session import Recording

__all__ = [
    "LIVE",
    "MagneticFinding",
    "check_magnetometers",
    "recording_day",
    "to_north",
    "use_magnetometers",
    "watch_magnetometers",
]

LIVE = "the live view does not use it"
_LEAST_KNOWN = 0.1
_POSSIBLE_UT = (7.0, 200.0)
"""Three times weaker or stronger than anywhere on earth is another unit, or a dead channel."""

_NORTH_SHARE = 0.5
_Z = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class MagneticFinding:
    """All that came of the magnetometers.

    Parameters
    ----------
    field : MagneticField
    hips : mapping of side to MagneticHip
    north_rad : (n,) array, rad, optional
        What turns the pelvis sensor's world so that its y points north; None where the field at
        the pelvis was disturbed most of the time, or in the pose.
    """

    field: MagneticField
    hips: Mapping[Side, MagneticHip]
    north_rad: FloatArray | None

    @property
    def drift(self) -> dict[Side, Mapping[int, tuple[float, float]]]:
        """Return what the heading may learn from it."""
        return {side: hip.drift for side, hip in self.hips.items() if hip.drift}


def check_magnetometers(sensors: Mapping[str, ImuSeries]) -> None:
    """Raise unless pelvis and thighs measured the field.

    Raises
    ------
    AnalysisError
        When one has no magnetometer, or reads what cannot be µT.
    """
    for segment in ("pelvis", "thigh_left", "thigh_right"):
        if segment not in sensors:
            continue
        mag = sensors[segment].mag
        known = 0.0 if mag is None else float(np.isfinite(mag).all(axis=1).mean())
        if mag is None or known < _LEAST_KNOWN:
            told = "it has none" if mag is None else f"it was read {100 * known:.0f} % of the time"
            raise AnalysisError(
                f"{segment}: the magnetometer was asked for, and {told}",
                hint="Leave the magnetometer out: hip angles do not need it. Or record it.",
                code="E611",
            )
        strength_ut = float(np.nanmedian(np.linalg.norm(mag, axis=1)))
        if not _POSSIBLE_UT[0] < strength_ut < _POSSIBLE_UT[1]:
            raise AnalysisError(
                f"{segment}: the magnetometer reads {strength_ut:.4g}, where the earth has 22 to"
                " 67 µT",
                hint="Convert it to µT (1 gauss is 100 µT), or leave the magnetometer out.",
                code="E612",
            )


def recording_day(recording: Recording) -> date:
    """Return the day of a recording, today where it does not say."""
    start = recording.start_time
    return datetime.now(UTC).date() if start is None else start.date()


def use_magnetometers(
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    pose: Pose,
    gait: BoolArray,
    tracks: Mapping[Side, HeadingTrack],
    settings: Settings,
) -> MagneticFinding:
    """Look at the field along the way, and decide what may be learnt from it.

    Parameters
    ----------
    grid : GridBlock
    motions : mapping of segment to SensorMotion
        Oriented without the magnetometer.
    pose : Pose
    gait : (n,) bool array
    tracks : mapping of side to HeadingTrack
        Found without the magnetometer.
    settings : Settings
        Its place and day give the expected field.
    """
    earth = _earth(settings)
    field = view_field(grid, motions, pose, earth)
    block = round(BLOCK_S * grid.rate_hz)
    n_blocks = len(grid) // block
    walking = np.asarray(gait[: n_blocks * block].reshape(n_blocks, block).any(axis=1))
    pose_block = (min(n_blocks * block, pose.rows.end) - 1) // block
    hips = {
        side: magnetic_hip(field, side, track, walking, pose_block)
        for side, track in tracks.items()
    }
    pelvis, north = field.views["pelvis"], None
    if pelvis.disturbed_share < _NORTH_SHARE and not pelvis.pose_disturbed:
        declination = 0.0 if earth is None else earth.declination_rad
        north = _north_heading(grid, motions["pelvis"], pelvis) - declination
    return MagneticFinding(field, hips, north)


def watch_magnetometers(
    sensors: Mapping[str, ImuSeries], rate_hz: float, pose: Pose, settings: Settings
) -> MagneticFinding:
    """Look at the field of a live analysis, which learns nothing from it.

    A live view does not know a sensor's hard iron before the walk has told it.
    """
    grid = to_grid(sensors, rate_hz)
    motions = offline_motion(grid, grid.rate_hz, settings.orientation_filter)
    field = view_field(grid, motions, pose, _earth(settings))
    hips = {s: MagneticHip({}, float("nan"), LIVE) for s in SIDES if f"thigh_{s}" in sensors}
    return MagneticFinding(field, hips, None)


def to_north(
    q_WB: Mapping[str, FloatArray], found: MagneticFinding | None
) -> dict[str, FloatArray]:
    """Return the segments in a world whose y points north, where north is known."""
    if found is None or found.north_rad is None:
        return dict(q_WB)
    turn = quaternion.about_axis(_Z, found.north_rad)
    return {segment: quaternion.multiply(turn, q) for segment, q in q_WB.items()}


def _earth(settings: Settings) -> EarthField | None:
    if settings.place is None or settings.day is None:
        return None
    return earth_field(*settings.place, settings.day)


def _north_heading(grid: GridBlock, motion: SensorMotion, view: FieldView) -> FloatArray:
    """Return how far (n,) the pelvis sensor's world must be turned to have north along y.

    By the filter with a magnetometer (VQF). Where the field was disturbed it is carried over, in
    the world, where it stands still.
    """
    gyr, rate_hz = grid.gyr["pelvis"], grid.rate_hz
    mag = grid.mag["pelvis"] - view.hard_iron.offset_ut
    frame = np.arange(len(mag)) // round(FRAME_S * rate_hz)
    disturbed = view.disturbed[np.minimum(frame, len(view.disturbed) - 1)]
    known = np.isfinite(mag).all(axis=1) & ~disturbed
    if not known.all():
        rows, at = np.flatnonzero(known), np.arange(len(mag))
        field = quaternion.rotate(motion.q_WS[rows], mag[rows])
        field = np.stack([np.interp(at, rows, field[:, k]) for k in range(3)], axis=1)
        mag = quaternion.rotate(quaternion.conjugate(motion.q_WS), field)
    rate = interval_rate(gyr, gyr[[0, 0]], rate_hz)
    found = offline_vqf(rate, grid.acc["pelvis"], rate_hz, mag, doubt_field=False)
    turn = quaternion.multiply(found.q_WS, quaternion.conjugate(motion.q_WS))
    return np.unwrap(quaternion.heading_about_z(turn))
