"""What the magnetometers saw of the field, how disturbed it was, and how far it may be believed.

Each sensor is freed of its own hard iron, and its readings turned into its world. There the earth's
field is known by strength and dip: from the World Magnetic Model where the place is given, else
from what the sensor itself measured most of the time. What differs from that is disturbed, and
shown (`magnetic_quality`).

The two sensors of a hip see the same magnetic north, so the difference of their headings since the
pose is a second measurement of what the hip-centre coupling measures: the drift. It is believed as
far as the field explains itself: strength and dip as in the pose, and scatter against the coupling
during gait small. Steel turns the field without a sign in strength or dip as often as with one, so
what can be seen of it says how large is what cannot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.pose import Pose
from imuhip.calibration.stillness import stretches
from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.earth_field import EarthField
from imuhip.fusion.hard_iron import HardIron, find_hard_iron
from imuhip.kinematics.heading_blocks import BLOCK_S, wrap
from imuhip.kinematics.heading_track import HeadingTrack

__all__ = [
    "DISTURBED_SHARE",
    "FRAME_S",
    "FieldView",
    "MagneticField",
    "MagneticHip",
    "dip_rad",
    "magnetic_hip",
    "strength_ut",
    "view_field",
]

FRAME_S = 0.5
STRENGTH_LIMIT = 0.06
DIP_LIMIT_RAD = float(np.radians(4.0))
"""A stray field of 3 µT on Europe's 49 µT: it leads a heading astray by up to 8°."""

_IRON_SIGMAS = 2.0

_LEAST_SD_RAD = np.radians(0.7)
_TRUSTED_SCATTER_RAD = np.radians(1.5)
"""Scatter against the coupling above which the place is no magnetic reference at all."""

DISTURBED_SHARE = 0.1
"""Part of the time disturbed from which on the field is no reference, and the grade says so."""

_CORRELATED_BLOCKS = 5
"""Walking, one stray field lasts about 10 s."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """The field one sensor saw, in its own world.

    Parameters
    ----------
    hard_iron : HardIron
        Of the sensor; taken off.
    frames_ut : (f, 3) array, µT
        Means over `FRAME_S`; NaN where nothing was measured.
    blocks_ut : (b, 3) array, µT
        Means over the blocks of the heading.
    pose_ut : (3,) array, µT
        Mean over the standing pose.
    strength_ut : float, µT
        Expected.
    dip_rad : float, rad
        Expected.
    disturbed : (f,) bool array
        Frames whose strength or dip is not the expected one.
    """

    hard_iron: HardIron
    frames_ut: FloatArray
    blocks_ut: FloatArray
    pose_ut: FloatArray
    strength_ut: float
    dip_rad: float
    disturbed: BoolArray

    @property
    def disturbed_share(self) -> float:
        """Return the part of the measured time in which the field was disturbed; 1 when unknown."""
        known = np.isfinite(self.frames_ut[:, 0])
        return float(self.disturbed[known].mean()) if known.any() else 1.0

    @property
    def north_rad(self) -> FloatArray:
        """Return (b,) the direction of magnetic north in the sensor's world, rad from x."""
        return _north(self.blocks_ut)


@dataclass(frozen=True, slots=True)
class MagneticField:
    """All sensors' views, and what was expected.

    Parameters
    ----------
    earth : EarthField, optional
        Where the place was given.
    views : mapping of segment to FieldView
    frame_s : float, s
    """

    earth: EarthField | None
    views: Mapping[str, FieldView]
    frame_s: float


@dataclass(frozen=True, slots=True)
class MagneticHip:
    """What the magnetometers say of one hip.

    Parameters
    ----------
    drift : mapping of block to (drift rad, variance rad²)
        Since the pose; empty where the field is no reference. The variances already hold that
        errors of the field last, so that many blocks together are not believed too much.
    scatter_rad : float
        Of the magnetic heading against the coupling during gait; NaN where they never met.
    why_not : str
        Empty where it is believed.
    """

    drift: Mapping[int, tuple[float, float]]
    scatter_rad: float
    why_not: str


def strength_ut(field_ut: FloatArray) -> FloatArray:
    """Return the strength of (n, 3) fields, µT."""
    return np.asarray(np.linalg.norm(field_ut, axis=-1))


def dip_rad(field_ut: FloatArray) -> FloatArray:
    """Return how far (n, 3) fields point below the horizontal, rad."""
    return np.arctan2(-field_ut[..., 2], np.hypot(field_ut[..., 0], field_ut[..., 1]))


def view_field(
    grid: GridBlock,
    motions: Mapping[str, SensorMotion],
    pose: Pose,
    earth: EarthField | None = None,
) -> MagneticField:
    """Return what every sensor with a magnetometer saw.

    Parameters
    ----------
    grid : GridBlock
    motions : mapping of segment to SensorMotion
        Oriented without the magnetometer.
    pose : Pose
    earth : EarthField, optional
        The expected field; by default what each sensor measured most of the time.
    """
    rate_hz = grid.rate_hz
    views = {
        segment: _view(motions[segment], mag, pose, rate_hz, earth)
        for segment, mag in grid.mag.items()
        if segment in motions
    }
    return MagneticField(earth, views, round(FRAME_S * rate_hz) / rate_hz)


def _view(
    motion: SensorMotion,
    mag: FloatArray,
    pose: Pose,
    rate_hz: float,
    earth: EarthField | None,
) -> FieldView:
    usable = motion.trusted & np.isfinite(mag).all(axis=1)
    iron = find_hard_iron(motion.q_WS, mag, usable, rate_hz)
    own = np.where(usable[:, None], mag - iron.offset_ut, 0.0)
    field = quaternion.rotate(motion.q_WS, own)
    frames = _means(field, usable, round(FRAME_S * rate_hz))
    standing = slice(pose.rows.start, pose.rows.end)
    known = frames[np.isfinite(frames[:, 0])]
    slack = 0.0
    if earth is not None:
        strength, dip = earth.strength_ut, earth.dip_rad
        slack = _IRON_SIGMAS * float(iron.sd_ut.max()) / strength
    elif len(known):
        strength, dip = float(np.median(strength_ut(known))), float(np.median(dip_rad(known)))
    else:
        strength, dip = float("nan"), float("nan")
    off = np.abs(strength_ut(frames) - strength) > (STRENGTH_LIMIT + slack) * strength
    off |= np.abs(dip_rad(frames) - dip) > DIP_LIMIT_RAD + slack
    return FieldView(
        hard_iron=iron,
        frames_ut=frames,
        blocks_ut=_means(field, usable, round(BLOCK_S * rate_hz)),
        pose_ut=_means(field[standing], usable[standing], len(pose.rows))[0],
        strength_ut=strength,
        dip_rad=dip,
        disturbed=off,
    )


def _means(values: FloatArray, usable: BoolArray, rows: int) -> FloatArray:
    """Return the mean (k, 3) over each `rows` rows, NaN where fewer than half are usable."""
    n_means = len(values) // rows
    count = usable[: n_means * rows].reshape(n_means, rows).sum(axis=1)
    total = values[: n_means * rows].reshape(n_means, rows, 3).sum(axis=1)
    known = count >= 0.5 * rows
    return np.where(known[:, None], total / np.maximum(count, 1)[:, None], np.nan)


def _north(field_ut: FloatArray) -> FloatArray:
    return np.arctan2(field_ut[..., 1], field_ut[..., 0])


def magnetic_hip(
    field: MagneticField, side: Side, track: HeadingTrack, gait: BoolArray, pose_block: int
) -> MagneticHip:
    """Return the drift between pelvis and thigh since the pose, as the magnetometers see it.

    Parameters
    ----------
    field : MagneticField
    side : {"left", "right"}
    track : HeadingTrack
        What the hip centre told, against which the field's own scatter is measured.
    gait : (b,) bool array
        Blocks of gait.
    pose_block : int
        The block in which the pose ended.
    """
    pelvis, thigh = field.views["pelvis"], field.views[f"thigh_{side}"]
    heading = wrap(pelvis.north_rad - thigh.north_rad)
    pose_heading = _north(pelvis.pose_ut) - _north(thigh.pose_ut)
    scatter = _scatter(heading, track)
    known = np.isfinite(heading)
    known[: pose_block + 1] = False
    why_not = _why_not(pelvis, thigh, scatter)
    if not (np.isfinite(pose_heading) and known.any()):
        why_not = why_not or "the field is not known in the pose or not after it"
    if why_not:
        return MagneticHip({}, scatter, why_not)
    place = _LEAST_SD_RAD**2 + scatter**2
    seen = _stray_rad2(pelvis) + _stray_rad2(thigh)
    variance = _alike(gait) * (place + seen) + known.sum() * place
    drift = wrap(heading - pose_heading)
    rows = np.flatnonzero(known)
    return MagneticHip({int(k): (float(drift[k]), float(variance[k])) for k in rows}, scatter, "")


def _why_not(pelvis: FieldView, thigh: FieldView, scatter: float) -> str:
    """Return why the place is no magnetic reference for a hip, or nothing."""
    share = max(pelvis.disturbed_share, thigh.disturbed_share)
    if share >= DISTURBED_SHARE:
        return f"the field was disturbed {100 * share:.0f} % of the time"
    if not np.isfinite(scatter):
        return "too little gait to compare it with"
    if scatter > _TRUSTED_SCATTER_RAD:
        return f"the magnetic heading scatters by {np.degrees(scatter):.1f}° in gait"
    return ""


def _scatter(heading: FloatArray, track: HeadingTrack) -> float:
    both = np.isfinite(track.innovation_rad) & np.isfinite(heading)
    if both.sum() < 5:
        return float("nan")
    apart = heading[both] - track.heading_rad[both]
    apart = wrap(apart - np.angle(np.exp(1j * apart).mean()))
    return float(1.4826 * np.median(np.abs(apart)))


def _stray_rad2(view: FieldView) -> FloatArray:
    """Return the variance (rad²) a sensor's stray field since the pose puts on its heading.

    Two of three directions show; across them, unseen, may lie as much as along both.
    """
    level = np.hypot(view.blocks_ut[:, 0], view.blocks_ut[:, 1])
    level_pose = np.hypot(view.pose_ut[0], view.pose_ut[1])
    seen = (level - level_pose) ** 2 + (view.blocks_ut[:, 2] - view.pose_ut[2]) ** 2
    return np.asarray(seen / max(float(level_pose), 1.0) ** 2)


def _alike(gait: BoolArray) -> FloatArray:
    """Return for each block how many blocks share its error: a stand or movement is one place."""
    count = np.full(len(gait), float(_CORRELATED_BLOCKS))
    for run in stretches(~gait):
        count[run.start : run.end] = len(run)
    return count
