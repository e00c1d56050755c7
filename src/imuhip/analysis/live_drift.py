"""What the chips' own errors do to the heading, added up while the samples arrive.

The heading filter's state belongs to the middle of the last complete block; here is kept what the
motion has exposed the heading to since then, and, at the end of a block, the step to its middle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from imuhip.analysis.motion import SensorMotion
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.drift_exposure import N_EXPOSURES, HeadingSteps, drift_exposure

__all__ = ["LiveDrift"]


class LiveDrift:
    """Exposure of both legs' headings since the middle of the last block.

    Parameters
    ----------
    sides : sequence of Side
    rate_hz : float, Hz
    block : int
        Rows in a block.
    """

    def __init__(self, sides: Sequence[Side], rate_hz: float, block: int) -> None:
        self._rate_hz = rate_hz
        self._block = block
        self._n_rows = 0
        self._since = {side: np.zeros(N_EXPOSURES) for side in sides}
        self._to_middle = {side: np.zeros(N_EXPOSURES) for side in sides}
        self._walked_since = 0

    @property
    def since_middle(self) -> Mapping[Side, FloatArray]:
        """Return (18,) rad per unit of chip error since the middle of the last complete block."""
        return self._since

    def rows(self, motions: Mapping[str, SensorMotion]) -> dict[Side, FloatArray]:
        """Take in samples of one block; returns their (n, 18) rad per unit of chip error."""
        pelvis = _exposure(motions["pelvis"])
        n_rows, exposed = len(pelvis), {}
        middle = self._block // 2 - self._n_rows
        for side, before in self._since.items():
            rate = np.concatenate([-_exposure(motions[f"thigh_{side}"]), pelvis], axis=1)
            rate[:1] += before * self._rate_hz
            # summed on from sample to sample, so that it does not matter how they were cut
            exposed[side] = np.cumsum(rate, axis=0) / self._rate_hz
            if n_rows:
                # copies: a view would keep all rows of a block for as long as the step is kept
                self._since[side] = exposed[side][-1].copy()
                if 0 <= middle < n_rows:
                    self._to_middle[side] = exposed[side][middle].copy()
        self._n_rows += n_rows
        return exposed

    def end_of_block(
        self, *, still: bool, gait: BoolArray, running: bool, unseen_rad2: Mapping[str, float]
    ) -> dict[Side, HeadingSteps]:
        """Return the step to the middle of the block that is complete.

        Parameters
        ----------
        still : bool
            Nobody moved in it.
        gait : (n,) bool array
            Its rows of gait.
        running : bool
            Whether that gait is running.
        unseen_rad2 : mapping of segment to float, rad²
            Variance of what each sensor turned inside gaps.
        """
        half = len(gait) // 2
        gait_s = (self._walked_since + int(gait[:half].sum())) / self._rate_hz
        self._walked_since = int(gait[half:].sum())
        walked = bool(gait.any())
        steps = {
            side: HeadingSteps(
                still=np.array([still]),
                gait=np.array([walked]),
                running=np.array([running and walked]),
                length_s=self._block / self._rate_hz,
                gait_s=np.array([gait_s]),
                exposure=exposure[None, :],
                unseen_rad2=np.array([unseen_rad2["pelvis"] + unseen_rad2[f"thigh_{side}"]]),
            )
            for side, exposure in self._to_middle.items()
        }
        self._since = {side: self._since[side] - self._to_middle[side] for side in self._since}
        self._n_rows = 0
        return steps


def _exposure(motion: SensorMotion) -> FloatArray:
    return drift_exposure(motion.up_S, motion.gyr, motion.trusted)
