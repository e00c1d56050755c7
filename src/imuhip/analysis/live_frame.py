"""One complete block of a live session, judged: what calibration and checks look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.live_activity import LiveActivity
from imuhip.analysis.motion import SensorMotion
from imuhip.core.butterworth import CausalFilter, low_pass
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.gait.activity import FRAME_S
from imuhip.gait.running import running_blocks
from imuhip.kinematics.heading_blocks import BLOCK_S
from imuhip.kinematics.hip_centre import (
    PointForce,
    angular_acceleration,
    force_band,
    point_force,
)

__all__ = ["FrameMaker", "LiveFrame", "block_rows"]

_SMOOTH_HZ = 5.0


def block_rows(rate_hz: float) -> int:
    """Return the rows of a block: whole seconds of activity, at rates such as 59.7 Hz too."""
    return round(BLOCK_S / FRAME_S) * round(FRAME_S * rate_hz)


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One block of `imuhip.kinematics.heading_blocks.BLOCK_S`.

    Parameters
    ----------
    index : int
        Blocks since the start.
    time_s : (n,) array, s
    motions : mapping of segment to SensorMotion
    forces : mapping of side to (pelvis, thigh) PointForce
        Filtered causally.
    smooth_gyr, smooth_acc : mapping of segment to (n, 3) array, rad/s and m/s²
        Low-passed causally.
    gait : (n,) bool array
    usable : mapping of side to (n,) bool array
        Gait with the pelvis' and that thigh's sensor trusted.
    still : bool
        Nobody moved in the whole block.
    still_rows : mapping of side to (n,) bool array
        Nobody moved, and the pelvis' and that thigh's sensor were there.
    period_s : (f,) array, s
        Stride time of each second, NaN where there is no gait.
    seconds_still : (f,) bool array
    running : bool
        Whether gait, if there is any, is running.
    returned : frozenset of str
        Sensors that came back in this block: their headings are new.
    """

    index: int
    time_s: FloatArray
    motions: Mapping[str, SensorMotion]
    forces: Mapping[Side, tuple[PointForce, PointForce]]
    smooth_gyr: Mapping[str, FloatArray]
    smooth_acc: Mapping[str, FloatArray]
    gait: BoolArray
    usable: Mapping[Side, BoolArray]
    still: bool
    still_rows: Mapping[Side, BoolArray]
    period_s: FloatArray
    seconds_still: BoolArray
    running: bool
    returned: frozenset[str]

    @property
    def walked(self) -> bool:
        """Return whether there was any gait."""
        return bool(self.gait.any())

    def lost(self, side: Side) -> bool:
        """Return whether the heading between the pelvis and that thigh is a new one."""
        return bool(self.returned & {"pelvis", f"thigh_{side}"})


class FrameMaker:
    """Gathers samples until a block is complete; keeps the filters' memories between blocks.

    Parameters
    ----------
    sides : list of Side
    rate_hz : float
    """

    def __init__(self, sides: list[Side], rate_hz: float) -> None:
        self._sides = sides
        self._rate_hz = rate_hz
        self._segments = ("pelvis", *(f"thigh_{side}" for side in sides))
        self._activity = LiveActivity(self._segments, rate_hz)
        bands, smooth = force_band(rate_hz), low_pass(_SMOOTH_HZ, rate_hz)
        self._bands = {s: CausalFilter(bands) for s in self._segments}
        self._smooth = {s: CausalFilter(smooth) for s in self._segments}
        self._pending: list[tuple[FloatArray, dict[str, SensorMotion]]] = []
        self._n_made = 0
        self.rows = block_rows(rate_hz)
        self.n_pending = 0

    @property
    def is_complete(self) -> bool:
        """Return whether a block is complete."""
        return self.n_pending == self.rows

    def add(self, time_s: FloatArray, motions: dict[str, SensorMotion]) -> None:
        """Take in samples that all belong to the block being gathered."""
        self._pending.append((time_s, motions))
        self.n_pending += len(time_s)

    def make(self, returned: set[str]) -> LiveFrame:
        """Return the block that is complete, and begin the next one."""
        time_s = np.concatenate([part[0] for part in self._pending])
        motions = {
            s: SensorMotion.joined([part[1][s] for part in self._pending]) for s in self._segments
        }
        self._pending, self.n_pending = [], 0
        still, period_s = self._activity.update(motions)
        gait, still_rows = self._rows(np.isfinite(period_s)), self._rows(still)
        smooth = {
            s: self._smooth[s].update(np.concatenate([motion.gyr, motion.acc], axis=1))
            for s, motion in motions.items()
        }
        forces = {s: self._force(s, motion) for s, motion in motions.items()}
        there = {
            side: motions["pelvis"].trusted & motions[f"thigh_{side}"].trusted
            for side in self._sides
        }
        pelvis = motions["pelvis"]
        frame = LiveFrame(
            index=self._n_made,
            time_s=time_s,
            motions=motions,
            forces={side: (forces["pelvis"], forces[f"thigh_{side}"]) for side in self._sides},
            smooth_gyr={s: values[:, :3] for s, values in smooth.items()},
            smooth_acc={s: values[:, 3:] for s, values in smooth.items()},
            gait=gait,
            usable={side: gait & known for side, known in there.items()},
            still=bool(still.all()),
            still_rows={side: still_rows & self._whole(known) for side, known in there.items()},
            period_s=period_s,
            seconds_still=still,
            running=bool(running_blocks(pelvis.acc, self._rate_hz, self.rows, period_s)[0]),
            returned=frozenset(returned),
        )
        self._n_made += 1
        return frame

    def _rows(self, flags: BoolArray) -> BoolArray:
        """Return the flags of seconds for every row."""
        rows = np.zeros(self.rows, dtype=bool)
        spread = np.repeat(flags, round(FRAME_S * self._rate_hz))[: self.rows]
        rows[: len(spread)] = spread
        return rows

    def _whole(self, known: BoolArray) -> BoolArray:
        """Return the rows of seconds all of whose rows are known."""
        second = round(FRAME_S * self._rate_hz)
        n_seconds = len(known) // second
        whole = known[: n_seconds * second].reshape(n_seconds, second).all(axis=1)
        return self._rows(np.asarray(whole))

    def _force(self, segment: str, motion: SensorMotion) -> PointForce:
        rate = angular_acceleration(motion.gyr, self._rate_hz)
        return point_force(motion.q_WS, motion.acc, motion.gyr, rate, self._bands[segment].update)
