"""Where the segments' axes lie in their sensors, live: renewed every block, handed over smoothly.

A new calibration or a measured heading moves every angle at once. Shown as it comes, that is a
step in the curves; here each renewal is spread over the block that follows it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.analysis.live_calibration import LiveCalibration
from imuhip.analysis.motion import SensorMotion
from imuhip.calibration.alignment import axes_from_up_and_right, facing_like
from imuhip.core import quaternion
from imuhip.core.segments import Side
from imuhip.core.series import FloatArray, IntArray
from imuhip.kinematics.angles import pelvis_attitude
from imuhip.kinematics.heading_blocks import wrap
from imuhip.kinematics.heading_filter import HeadingFilter

__all__ = ["LiveBody"]

_Z = np.array([0.0, 0.0, 1.0])
_SPREAD_AT_MOST_RAD = np.radians(20.0)
"""A heading farther off was lost, not improved: nothing to hand over."""


class LiveBody:
    """Alignments and headings of all calibrated segments.

    Parameters
    ----------
    block : int
        Rows in a block.
    rate_hz : float
    """

    def __init__(self, block: int, rate_hz: float) -> None:
        self._block, self._rate_hz = block, rate_hz
        self.q_SB: dict[str, FloatArray] = {}
        self._q_SB_before: dict[str, FloatArray] = {}
        self._headings: dict[Side, HeadingFilter] = {}
        self._still = False
        self._shown: dict[Side, float] = {}
        self._left_over: dict[Side, float] = {}

    @property
    def is_known(self) -> bool:
        """Return whether any leg is aligned."""
        return bool(self._headings)

    @property
    def sides(self) -> list[Side]:
        """Return the legs that are aligned."""
        return list(self._headings)

    def forget(self) -> None:
        """Lose everything: the sensors were taken off."""
        self.q_SB, self._q_SB_before = {}, {}
        self._headings, self._shown, self._left_over = {}, {}, {}

    def drop(self, side: Side) -> None:
        """Lose one leg."""
        for aligned in (self.q_SB, self._q_SB_before):
            aligned.pop(f"thigh_{side}", None)
        for known in (self._headings, self._shown, self._left_over):
            known.pop(side, None)

    def renew(
        self,
        calibration: LiveCalibration,
        headings: Mapping[Side, HeadingFilter],
        exposed: Mapping[Side, FloatArray],
        *,
        still: bool,
    ) -> None:
        """Take over, at the end of a block, what calibration and heading filters say now.

        Parameters
        ----------
        calibration : LiveCalibration
        headings : mapping of side to HeadingFilter
        exposed : mapping of side to (18,) array, rad
            From the middle of the block to its end, per unit of chip error.
        still : bool
            Nobody moved in the block: the heading stays.
        """
        self._still = still
        self._headings = dict(headings)
        self._q_SB_before = dict(self.q_SB)
        q_SP = axes_from_up_and_right(calibration.pelvis_up_S, calibration.pelvis_right_S)
        self.q_SB = {"pelvis": q_SP}
        for side, heading in headings.items():
            pose, thigh = calibration.poses[side], f"thigh_{side}"
            q_reference = quaternion.multiply(pose.q_WS["pelvis"], q_SP)
            q_turn = quaternion.about_axis(_Z, heading.offset_rad)
            self.q_SB[thigh] = facing_like(
                quaternion.multiply(q_turn, pose.q_WS[thigh]), pose.pose.up_S[thigh], q_reference
            )
            self._hand_over(side, exposed[side])

    def _hand_over(self, side: Side, exposed: FloatArray) -> None:
        """Note how far the heading shown last is from what is known now."""
        self._left_over[side] = 0.0
        if side in self._shown:
            now = float(self._heading(side, exposed[None, :], np.array([-1]))[0])
            left_over = float(wrap(np.asarray(self._shown[side] - now)))
            if abs(left_over) < _SPREAD_AT_MOST_RAD:
                self._left_over[side] = left_over

    def _heading(self, side: Side, exposed: FloatArray, rows: IntArray) -> FloatArray:
        """Return (n,) the heading at rows of the block that follows the last renewal.

        The filter's state belongs to the middle of the last block; from there the chip's errors
        and the drift rate lead on.
        """
        found = self._headings[side]
        ahead_s = (0.5 * self._block + rows) / self._rate_hz
        rate = 0.0 if self._still else found.rate_rad_s
        return np.asarray(found.heading_rad + exposed @ found.chip_errors + rate * ahead_s)

    def place(
        self,
        motions: Mapping[str, SensorMotion],
        exposed: Mapping[Side, FloatArray],
        first_row: int,
    ) -> tuple[dict[str, FloatArray], FloatArray]:
        """Return segments in the pelvis sensor's world.

        Parameters
        ----------
        motions : mapping of segment to SensorMotion
        exposed : mapping of side to (n, 18) array, rad
            Since the middle of the last block, per unit of chip error.
        first_row : int
            Of the block.

        Returns
        -------
        q_WB : dict of segment to (n, 4) array
        q_facing : (n, 4) array
            The pelvis by its newest alignment, without hand-over: the walking direction is turned
            with it at once.
        """
        n_rows = len(motions["pelvis"].q_WS)
        rows = first_row + np.arange(n_rows)
        share = np.minimum((rows + 1) / self._block, 1.0)
        q_WB: dict[str, FloatArray] = {}
        for segment, q_SB in self.q_SB.items():
            q_WS = motions[segment].q_WS
            if segment != "pelvis":
                side: Side = "left" if segment.endswith("left") else "right"
                turn = self._heading(side, exposed[side], rows)
                turn = turn + (1.0 - share) * self._left_over[side]
                if n_rows:
                    self._shown[side] = float(turn[-1])
                q_WS = quaternion.multiply(quaternion.about_axis(_Z, turn), q_WS)
            q_WB[segment] = quaternion.multiply(q_WS, self._between(segment, q_SB, share))
        return q_WB, quaternion.multiply(motions["pelvis"].q_WS, self.q_SB["pelvis"])

    def settled(self, motions: Mapping[str, SensorMotion]) -> dict[str, FloatArray]:
        """Return segments of past rows as they would have been by what is known now."""
        q_WB = {}
        for segment, q_SB in self.q_SB.items():
            q_WS = motions[segment].q_WS
            if segment != "pelvis":
                side: Side = "left" if segment.endswith("left") else "right"
                turn = np.full(len(q_WS), self._headings[side].heading_rad)
                q_WS = quaternion.multiply(quaternion.about_axis(_Z, turn), q_WS)
            q_WB[segment] = quaternion.multiply(q_WS, q_SB)
        return q_WB

    def turned(self, q_WS: FloatArray) -> float:
        """Return by how much (rad) the pelvis faces differently since the last renewal.

        Parameters
        ----------
        q_WS : (4,) array
            The pelvis sensor now.
        """
        before = self._q_SB_before.get("pelvis")
        if before is None:
            return 0.0
        then, now = (
            pelvis_attitude(quaternion.multiply(q_WS, q_SB))[2]
            for q_SB in (before, self.q_SB["pelvis"])
        )
        return float(wrap(now - then))

    def _between(self, segment: str, q_SB: FloatArray, share: FloatArray) -> FloatArray:
        """Return (n, 4) the alignment on its way from the last one to the newest one."""
        before = self._q_SB_before.get(segment)
        if before is None or np.array_equal(before, q_SB):
            return q_SB
        before = before if before @ q_SB >= 0.0 else -before
        mixed = (1.0 - share)[:, None] * before + share[:, None] * q_SB
        return quaternion.normalize(mixed)
