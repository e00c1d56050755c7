"""Where sensors sit on the segments, and how they are turned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.segments import SEGMENTS
from imuhip.core.series import FloatArray
from imuhip.errors import ConfigError
from imuhip.simulation.people import BodyDimensions

__all__ = ["Mount", "place_sensors"]

_X, _Y, _Z = np.eye(3)

# Distance of the skin from the segment's axis, m
_SKIN_M = {"thigh": 0.075, "shank": 0.05}


@dataclass(frozen=True, slots=True)
class Mount:
    """How one sensor S sits on its segment B.

    Parameters
    ----------
    q_BS : (4,) array
        Orientation of the sensor in the segment.
    r_BS_m : (3,) array, m
        Its place in the segment.
    """

    q_BS: FloatArray
    r_BS_m: FloatArray


def _place_m(segment: str, body: BodyDimensions, azimuth_rad: float, along: float) -> FloatArray:
    """Return the place on the skin at `azimuth_rad` from anterior towards the right."""
    if segment == "pelvis":
        return np.array([-0.11, 0.08, 0.02 * np.sin(azimuth_rad)])
    if segment == "trunk":
        return np.array([-0.09, 0.15, 0.02 * np.sin(azimuth_rad)])
    kind = segment.split("_", maxsplit=1)[0]
    length = body.thigh_m if kind == "thigh" else body.shank_m
    skin = _SKIN_M[kind]
    return np.array([skin * np.cos(azimuth_rad), -along * length, skin * np.sin(azimuth_rad)])


def _outward(segment: str, azimuth_rad: float) -> FloatArray:
    """Return the skin's normal: sensors on the back of the pelvis and trunk look backwards."""
    if segment in ("pelvis", "trunk"):
        return -_X
    return np.array([np.cos(azimuth_rad), 0.0, np.sin(azimuth_rad)])


def _nominal_azimuth_rad(segment: str) -> float:
    """Return lateral: to the right on the right leg, to the left on the left."""
    return -np.pi / 2 if segment.endswith("left") else np.pi / 2


def _random_mount(segment: str, body: BodyDimensions, rng: np.random.Generator) -> Mount:
    """Draw any azimuth around the limb, any turn of the case on the skin, and a tilt."""
    azimuth = float(rng.uniform(-np.pi, np.pi))
    outward = quaternion.rotation_between(_Z, _outward(segment, azimuth))
    turn = quaternion.about_axis(_Z, float(rng.uniform(-np.pi, np.pi)))
    tilt = quaternion.from_rotation_vector(np.radians(rng.normal(0.0, 8.0, 3)))
    return Mount(
        q_BS=quaternion.multiply(quaternion.multiply(outward, turn), tilt),
        r_BS_m=_place_m(segment, body, azimuth, float(rng.uniform(0.4, 0.75))),
    )


def place_sensors(
    mounting: str | Mapping[str, FloatArray | Sequence[float]],
    segments: Sequence[str],
    body: BodyDimensions,
    rng: np.random.Generator,
) -> dict[str, Mount]:
    """Put one sensor on each segment.

    Parameters
    ----------
    mounting : {"random", "nominal"} or mapping of segment to q_BS
        Random: any azimuth around the limb, any turn on the skin (upside down included), 8 deg of
        tilt. Nominal: sensor axes along the segment's axes, on the side of the limb and the back
        of the pelvis. A mapping gives orientations itself; segments it leaves out are nominal.
    segments : sequence of str
    body : BodyDimensions
    rng : numpy.random.Generator

    Raises
    ------
    imuhip.errors.ConfigError
        When the name is unknown.
    ValueError
        When an orientation is not a quaternion.
    """
    if isinstance(mounting, str) and mounting not in ("random", "nominal"):
        raise ConfigError(
            f"unknown mounting {mounting!r}", hint="choose random, nominal, or give orientations"
        )
    if mounting == "random":
        # one stream per segment: a further sensor must not move those already placed
        streams = dict(zip(SEGMENTS, rng.spawn(len(SEGMENTS)), strict=True))
        return {segment: _random_mount(segment, body, streams[segment]) for segment in segments}
    given = {} if isinstance(mounting, str) else mounting
    mounts = {}
    for segment in segments:
        q_BS = np.asarray(given.get(segment, quaternion.IDENTITY), dtype=float)
        if q_BS.shape != (4,):
            raise ValueError(f"Expected mounting of {segment} of shape (4,), got {q_BS.shape}")
        place = _place_m(segment, body, _nominal_azimuth_rad(segment), 0.6)
        mounts[segment] = Mount(quaternion.normalize(q_BS), place)
    return mounts
