"""What a gyroscope's own errors would have done to the heading, worked out from the motion.

A gyroscope whose scale and axes are a little off reads ``(1 + E) ω``. The heading it gives then
runs away at ``zᵀ E ω``, where z is the vertical in the sensor's axes: nine constants of the chip,
each times something the motion tells exactly. So whatever drifts - a swinging leg, a turn, the
first steps of a run - drifts by the same few numbers, and the heading filter
(`imuhip.kinematics.heading_filter`) learns these instead of a drift rate for every occasion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imuhip.core.series import BoolArray, FloatArray, IntArray

__all__ = ["N_EXPOSURES", "Exposed", "HeadingSteps", "drift_exposure", "heading_steps"]

N_EXPOSURES = 18
"""Nine for the thigh sensor, nine for the pelvis sensor."""


def drift_exposure(up_S: FloatArray, gyr: FloatArray, trusted: BoolArray) -> FloatArray:
    """Return (n, 9) heading rate, rad/s, per unit of each entry of ``E`` (rows of E first).

    Parameters
    ----------
    up_S : (n, 3) array
        Upward vertical, sensor frame.
    gyr : (n, 3) array, rad/s
    trusted : (n,) bool array
        What is not measured exposes to nothing here; gaps have an uncertainty of their own.
    """
    rate = np.where(trusted[:, None], gyr, 0.0)
    return np.asarray((up_S[:, :, None] * rate[:, None, :]).reshape(-1, 9))


@dataclass(frozen=True, slots=True)
class Exposed:
    """What both sensors' motion exposes the heading to, row by row.

    Parameters
    ----------
    thigh, pelvis : (n, 9) arrays, rad/s
        See `drift_exposure`.
    rate_hz : float, Hz
    """

    thigh: FloatArray
    pelvis: FloatArray
    rate_hz: float

    def __len__(self) -> int:
        return len(self.thigh)

    def steps_of(self, chip_errors: FloatArray, rows: slice) -> FloatArray:
        """Return (m,) by how much, rad, the heading drifts on the way to each of the rows.

        `chip_errors` (18,) are both sensors' ``E``.
        """
        drift = self.pelvis[rows] @ chip_errors[9:] - self.thigh[rows] @ chip_errors[:9]
        return np.asarray(drift / self.rate_hz)

    def between(self, rows: IntArray) -> FloatArray:
        """Return (b, 18) the drift, rad per unit of ``E``, from each of (b,) rows to the next."""
        found = np.zeros((len(rows), N_EXPOSURES))
        if len(rows) > 1:
            after, end = rows[:-1] + 1, rows[-1] + 1
            for columns, values, sign in (
                (slice(9), self.thigh, -1.0),
                (slice(9, 18), self.pelvis, 1.0),
            ):
                found[1:, columns] = sign * np.add.reduceat(values[:end], after, axis=0)
        return found / self.rate_hz


@dataclass(frozen=True, slots=True)
class HeadingSteps:
    """How each block's middle is reached from the middle of the block before.

    Parameters
    ----------
    still, gait, running : (b,) bool arrays
        Of the block: nobody moved; somebody walked or ran; ran.
    length_s : float, s
        From middle to middle.
    gait_s : (b,) array, s
        Time of gait on the way.
    exposure : (b, 18) array, rad
        Heading drift per unit of the thigh sensor's and the pelvis sensor's ``E``.
    unseen_rad2 : (b,) array, rad²
        Variance of turns inside gaps on the way.
    """

    still: BoolArray
    gait: BoolArray
    running: BoolArray
    length_s: float
    gait_s: FloatArray
    exposure: FloatArray
    unseen_rad2: FloatArray

    def __len__(self) -> int:
        return len(self.still)

    def part(self, rows: slice) -> HeadingSteps:
        """Return some of the blocks."""
        return HeadingSteps(
            self.still[rows],
            self.gait[rows],
            self.running[rows],
            self.length_s,
            self.gait_s[rows],
            self.exposure[rows],
            self.unseen_rad2[rows],
        )

    def backwards(self) -> HeadingSteps:
        """Return the same way walked from its last block to its first."""
        back = self.part(slice(None, None, -1))

        def earlier(values: FloatArray) -> FloatArray:
            return np.concatenate([np.zeros_like(values[:1]), values[:-1]])

        return HeadingSteps(
            back.still,
            back.gait,
            back.running,
            back.length_s,
            earlier(-back.gait_s),
            earlier(-back.exposure),
            earlier(back.unseen_rad2),
        )


def heading_steps(
    thigh_exposure: FloatArray,
    pelvis_exposure: FloatArray,
    gait: BoolArray,
    rate_hz: float,
    block: int,
    still_blocks: BoolArray,
    running_blocks: BoolArray,
    unseen_rad2: FloatArray | None = None,
) -> tuple[HeadingSteps, Exposed]:
    """Put rows together to steps from block to block.

    Parameters
    ----------
    thigh_exposure, pelvis_exposure : (n, 9) arrays, rad/s
        See `drift_exposure`.
    gait : (n,) bool array
    rate_hz : float, Hz
        Of these rows.
    block : int
        Rows in a block.
    still_blocks, running_blocks : (b,) bool arrays
    unseen_rad2 : (b,) array, rad², optional
        Variance of the turns inside gaps of each block.

    Returns
    -------
    steps : HeadingSteps
    exposed : Exposed
        The rows themselves.
    """
    n_blocks = len(still_blocks)
    exposed = Exposed(thigh_exposure, pelvis_exposure, rate_hz)
    middles = np.arange(n_blocks) * block + block // 2
    walked_s = np.cumsum(gait) / rate_hz
    unseen = np.zeros(n_blocks) if unseen_rad2 is None else unseen_rad2
    walking = np.asarray(gait[: n_blocks * block].reshape(n_blocks, block).any(axis=1))

    def between(values: FloatArray) -> FloatArray:
        return np.diff(values, axis=0, prepend=values[:1])

    steps = HeadingSteps(
        still=still_blocks,
        gait=walking,
        running=running_blocks & walking,
        length_s=block / rate_hz,
        gait_s=between(walked_s[middles]),
        exposure=exposed.between(middles),
        unseen_rad2=0.5 * (unseen + np.concatenate([unseen[:1], unseen[:-1]])),
    )
    return steps, exposed
