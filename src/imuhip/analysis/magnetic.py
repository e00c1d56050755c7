"""What the magnetometers saw of the field, and how disturbed it was.

Each sensor is freed of its own hard iron, and its readings turned into its world. There the earth's
field is known by strength and dip: from the World Magnetic Model where the place is given, else
from what the sensor itself measured most of the time. What differs from that is disturbed, and
shown (`magnetic_quality`).

What a hip learns from it: `magnetic_hip`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.grid import GridBlock
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.pose import Pose
from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.fusion.earth_field import EarthField
from imuhip.fusion.hard_iron import HardIron, find_hard_iron
from imuhip.kinematics.heading_blocks import BLOCK_S

__all__ = [
    "DISTURBED_SHARE",
    "FRAME_S",
    "FieldView",
    "MagneticField",
    "dip_rad",
    "north_rad",
    "strength_ut",
    "view_field",
]

FRAME_S = 0.5
STRENGTH_LIMIT = 0.06
DIP_LIMIT_RAD = float(np.radians(4.0))
"""A stray field of 3 µT on Europe's 49 µT: it leads a heading astray by up to 8°."""

_IRON_SIGMAS = 2.0

DISTURBED_SHARE = 0.1
"""Part of the time disturbed from which on the field is no reference, and the grade says so."""


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
    pose_disturbed : bool
        The same of the pose: drift is counted from there.
    """

    hard_iron: HardIron
    frames_ut: FloatArray
    blocks_ut: FloatArray
    pose_ut: FloatArray
    strength_ut: float
    dip_rad: float
    disturbed: BoolArray
    pose_disturbed: bool

    @property
    def disturbed_share(self) -> float:
        """Return the part of the measured time in which the field was disturbed; 1 when unknown."""
        known = np.isfinite(self.frames_ut[:, 0])
        return float(self.disturbed[known].mean()) if known.any() else 1.0

    @property
    def north_rad(self) -> FloatArray:
        """Return (b,) the direction of magnetic north in the sensor's world, rad from x."""
        return north_rad(self.blocks_ut)


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
    pose_ut = _means(field[standing], usable[standing], len(pose.rows))[0]
    off = _off(np.vstack([frames, pose_ut]), strength, dip, slack)
    return FieldView(
        hard_iron=iron,
        frames_ut=frames,
        blocks_ut=_means(field, usable, round(BLOCK_S * rate_hz)),
        pose_ut=pose_ut,
        strength_ut=strength,
        dip_rad=dip,
        disturbed=off[:-1],
        pose_disturbed=bool(off[-1]),
    )


def _off(field_ut: FloatArray, strength: float, dip: float, slack: float) -> BoolArray:
    off = np.abs(strength_ut(field_ut) - strength) > (STRENGTH_LIMIT + slack) * strength
    return np.asarray(off | (np.abs(dip_rad(field_ut) - dip) > DIP_LIMIT_RAD + slack))


def _means(values: FloatArray, usable: BoolArray, rows: int) -> FloatArray:
    """Return the mean (k, 3) over each `rows` rows, NaN where fewer than half are usable."""
    n_means = len(values) // rows
    count = usable[: n_means * rows].reshape(n_means, rows).sum(axis=1)
    total = values[: n_means * rows].reshape(n_means, rows, 3).sum(axis=1)
    known = count >= 0.5 * rows
    return np.where(known[:, None], total / np.maximum(count, 1)[:, None], np.nan)


def north_rad(field_ut: FloatArray) -> FloatArray:
    """Return the direction (n,) of magnetic north in (n, 3) fields, rad from x."""
    return np.arctan2(field_ut[..., 1], field_ut[..., 0])
