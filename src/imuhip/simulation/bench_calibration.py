"""A sensor calibrated by hand on a table: poses against a book, then full turns against an edge.

What hands do is in it: poses are met to a few degrees, moves curve, the sensor tilts while it is
turned, is turned about a point beside the chip, and is pushed back to the edge with an error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core import quaternion
from imuhip.core.sensor import SensorIdentity, StreamConfig
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.recording.session import DeviceRecord, Recording
from imuhip.simulation.hand_moves import eased, wandering
from imuhip.simulation.ideal_imu import SegmentMotion, ideal_imu
from imuhip.simulation.sensor_errors import ImuErrors, apply_errors, draw_errors

__all__ = ["Bench", "simulate_bench"]

_INTERNAL_HZ = 400.0
_FACES = np.array(
    [[0, 0, 1], [0, 1, 0], [0, 0, -1], [0, -1, 0], [1, 0, 0], [-1, 0, 0]], dtype=float
)
_OBLIQUE = np.array(
    [[0, 1, 1], [1, 0, 1], [0, -1, 1], [-1, 0, 1], [1, 1, 0], [-1, 1, 0], [1, 0, -1], [0, 1, -1]]
) / np.sqrt(2.0)


@dataclass(frozen=True, slots=True)
class Bench:
    """A calibration as recorded, and the chip's errors that it should find.

    Parameters
    ----------
    recording : Recording
        One sensor, on the segment asked for.
    errors : ImuErrors
        Of the chip.
    """

    recording: Recording
    errors: ImuErrors


def simulate_bench(
    seed: int = 0,
    *,
    rate_hz: float = 100.0,
    sensor_errors: float = 1.0,
    errors: ImuErrors | None = None,
    oblique: bool = True,
    turns: int = 10,
    hand: float = 1.0,
    rest_s: float = 3.0,
    segment: str = "pelvis",
) -> Bench:
    """Simulate the calibration of one sensor by hand.

    Parameters
    ----------
    seed : int
        Draws the chip and the hand.
    rate_hz : float
        Sample rate.
    sensor_errors : float
        Scale of a consumer chip's errors.
    errors : ImuErrors, optional
        Of a given chip, instead of a drawn one.
    oblique : bool
        Poses on edges too; False leaves the six faces.
    turns : int
        Full turns about each of three axes; 0 leaves them out.
    hand : float
        Scale of what a hand does wrong; 1 is a careful person, 0 a machine.
    rest_s : float
        How long the sensor lies in each pose.
    segment : str
        What the sensor is said to be worn on.
    """
    chip, hands = np.random.default_rng(seed).spawn(2)
    errors = draw_errors(chip, sensor_errors) if errors is None else errors
    motion = _motion(hands, oblique=oblique, turns=turns, hand=hand, rest_s=rest_s)
    time_s, acc, gyr = ideal_imu(motion, rate_hz=rate_hz)
    acc, gyr = apply_errors(errors, acc, gyr, rate_hz, chip)
    device = DeviceRecord(
        identity=SensorIdentity("simulated", f"BENCH-{seed}", "0", rate_hz),
        address="",
        config=StreamConfig(rate_hz=round(rate_hz)),
        simulated=True,
    )
    recording = Recording(
        rate_hz=rate_hz,
        sensors={segment: ImuSeries(time_s, acc, gyr)},
        subject=f"BENCH-{seed}",
        devices={segment: device},
    )
    return Bench(recording, errors)


def _motion(
    rng: np.random.Generator, *, oblique: bool, turns: int, hand: float, rest_s: float
) -> SegmentMotion:
    """Join rests, moves and turns; every piece begins where the one before ends."""
    ups = np.concatenate([_FACES, _OBLIQUE]) if oblique else _FACES
    q, place = quaternion.IDENTITY, np.zeros(3)
    poses, places = [np.tile(q, (1, 1))], [place[None, :]]

    def add(q_WB: FloatArray, position_W: FloatArray) -> None:
        poses.append(q_WB[1:])
        places.append(position_W[1:])

    def lie() -> None:
        n_rows = round(rest_s * _INTERNAL_HZ)
        add(np.tile(q, (n_rows, 1)), np.tile(place, (n_rows, 1)))

    for up_B in ups:
        target = _pose(up_B, rng, hand)
        add(*_moved(q, target, place, rng, hand))
        q = poses[-1][-1]
        lie()
    for axis in range(3) if turns else ():
        add(*_moved(q, _pose(np.eye(3)[axis], rng, hand), place, rng, hand))
        q = poses[-1][-1]
        lie()
        add(*_spun(q, place, turns, rng, hand))
        q, place = poses[-1][-1], places[-1][-1]
        lie()
    q_WB = np.concatenate(poses)
    time_s = np.arange(len(q_WB)) / _INTERNAL_HZ
    return SegmentMotion(time_s, q_WB, np.concatenate(places))


def _pose(up_B: FloatArray, rng: np.random.Generator, hand: float) -> FloatArray:
    """Return ``q_WB`` with `up_B` upwards to a few degrees, facing anywhere."""
    level = quaternion.rotation_between(up_B, np.array([0.0, 0.0, 1.0]))
    facing = quaternion.about_axis(np.array([0.0, 0.0, 1.0]), rng.uniform(-np.pi, np.pi))
    missed = quaternion.from_rotation_vector(np.radians(3.0) * hand * rng.normal(0.0, 1.0, 3))
    return quaternion.multiply(missed, quaternion.multiply(facing, level))


def _moved(
    q: FloatArray, target: FloatArray, place: FloatArray, rng: np.random.Generator, hand: float
) -> tuple[FloatArray, FloatArray]:
    """Lift the sensor, turn it in an arc that is not quite straight, put it down."""
    n_rows = round(rng.uniform(1.5, 2.5) * _INTERNAL_HZ)
    arc = quaternion.rotation_vector(quaternion.multiply(quaternion.conjugate(q), target))
    straight = quaternion.multiply(q, quaternion.from_rotation_vector(eased(n_rows)[:, None] * arc))
    bent = quaternion.from_rotation_vector(np.radians(15.0) * hand * wandering(n_rows, rng, 3))
    lifted = place + 0.05 * hand * wandering(n_rows, rng, 2)
    return quaternion.multiply(straight, bent), lifted


def _spun(
    q: FloatArray, place: FloatArray, turns: int, rng: np.random.Generator, hand: float
) -> tuple[FloatArray, FloatArray]:
    """Turn the sensor on the table, back against the edge to about half a degree."""
    n_rows = round(turns * rng.uniform(1.5, 2.0) * _INTERNAL_HZ)
    missed = np.radians(0.5) * hand * rng.normal()
    angle = (rng.choice([-1.0, 1.0]) * 2.0 * np.pi * turns + missed) * eased(n_rows)
    flat = quaternion.multiply(quaternion.about_axis(np.array([0.0, 0.0, 1.0]), angle), q)
    tilted = quaternion.from_rotation_vector(
        np.radians(1.5) * hand * wandering(n_rows, rng, 2 * turns)
    )
    off_centre = quaternion.rotate(flat, 0.015 * hand * np.array([1.0, 1.0, 1.0]))
    centre = 0.01 * hand * wandering(n_rows, rng, turns)
    return quaternion.multiply(flat, tilted), place + centre + off_centre - off_centre[0]
