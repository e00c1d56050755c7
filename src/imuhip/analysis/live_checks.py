"""What is wrong with the mounting, told while it can still be put right.

The searches are those of the analysis of whole recordings, run over the last minutes of thinned
samples: memory and time stay the same however long the session is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.analysis.headings import thinning
from imuhip.analysis.live_calibration import LiveCalibration
from imuhip.analysis.live_frame import LiveFrame, block_rows
from imuhip.calibration.placement_check import SegmentDoubt, segment_doubts
from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.slip_search import find_slips, swing_signal
from imuhip.kinematics.strap_slip import StrapSlip

__all__ = ["LiveChecks", "LiveNote"]

_ENOUGH_HZ = 20.0
_MEMORY_BLOCKS = 240
"""Eight minutes."""
_EVERY_BLOCKS = 5
_DOUBT_BLOCKS = 8
_SLIP_BLOCKS = 30
_LEAST_SLIP_RAD = np.radians(6.0)
"""Looked for every ten seconds, smaller ones would be found by chance."""
_SAME_SLIP_S = 15.0
_SAME_SLIP_SHARE = 0.35
_MIXED_SHARE = 0.3
"""An axis turned about the vertical mixes flexion and adduction by the sine of what is bent."""
_WRONG_SEGMENT_SD_RAD = np.radians(30.0)


@dataclass(frozen=True, slots=True)
class LiveNote:
    """Something about the sensors that people must know.

    Parameters
    ----------
    about : str
        A segment, or ``"mounting"``.
    text : str
    """

    about: str
    text: str


@dataclass(frozen=True, slots=True)
class _Thin:
    time_s: float
    gait: BoolArray
    known: Mapping[str, BoolArray]
    gyr: Mapping[str, FloatArray]
    acc: Mapping[str, FloatArray]


class LiveChecks:
    """Looks for slipped straps, exchanged sensors and wrong segments every ten seconds.

    Parameters
    ----------
    segments : tuple of str
    rate_hz : float
    """

    def __init__(self, segments: tuple[str, ...], rate_hz: float) -> None:
        self._segments = segments
        self._thin = thinning(block_rows(rate_hz), rate_hz, _ENOUGH_HZ)
        self._rate_hz = rate_hz / self._thin
        self._past: deque[_Thin] = deque(maxlen=_MEMORY_BLOCKS)
        self._suspected: list[StrapSlip] = []
        self._sure_since_s: dict[str, float] = {}
        self.slips: list[StrapSlip] = []
        self.doubts: list[SegmentDoubt] = []

    def restart(self, segments: tuple[str, ...], from_s: float) -> None:
        """Hold nothing against these sensors from before `from_s`: they were put on anew."""
        for segment in segments:
            self._sure_since_s[segment] = from_s
        self.slips = [slip for slip in self.slips if slip.segment not in segments]
        self._suspected = []

    def forget(self) -> None:
        """Forget the past: sensors were off."""
        self._past.clear()
        self.slips, self.doubts, self._suspected = [], [], []

    def add(self, frame: LiveFrame, calibration: LiveCalibration | None) -> list[StrapSlip]:
        """Take in a block; returns the slips that are new."""
        kept = slice(self._thin // 2, None, self._thin)
        known = {s: frame.motions[s].trusted[kept] for s in self._segments}
        # copies: views would keep every row of the block
        gyr = {s: frame.smooth_gyr[s][kept].copy() for s in self._segments}
        acc = {s: frame.smooth_acc[s][kept].copy() for s in self._segments}
        self._past.append(_Thin(float(frame.time_s[0]), frame.gait[kept], known, gyr, acc))
        if not frame.walked or frame.index % _EVERY_BLOCKS:
            return []
        n_walked = sum(bool(part.gait.any()) for part in self._past)
        if n_walked < _DOUBT_BLOCKS:
            return []
        gait = np.concatenate([part.gait for part in self._past])
        rates = {s: self._joined("gyr", s) for s in self._segments}
        present = {s: self._known(s) for s in self._segments}
        self._judge_segments(rates, gait, present)
        if calibration is None or n_walked < _SLIP_BLOCKS:
            return []
        return self._confirmed(self._search(calibration, rates, gait, present))

    def notes(self, calibration: LiveCalibration | None) -> list[LiveNote]:
        """Return what people must know now."""
        told = [LiveNote(doubt.segments[0], doubt.reason) for doubt in self.doubts]
        told += [LiveNote(slip.segment, _slip_text(slip)) for slip in self.slips]
        labels = None
        if calibration is not None and not self.doubts:
            labels = next(iter(calibration.legs.values())).labels
        if labels is not None and labels.one_leg:
            told.append(LiveNote("mounting", "both thigh sensors are on the same leg"))
        elif labels is not None and labels.swapped:
            what = "left and right thigh sensors look swapped: exchange them"
            if np.isnan(labels.in_phase):
                what = "the thigh sensor looks to be on the other leg"
            told.append(LiveNote("mounting", what))
        return told

    def misplaced(self, calibration: LiveCalibration) -> bool:
        """Return whether sensors are, beyond doubt, not where their names say."""
        labels = next(iter(calibration.legs.values())).labels
        swapped = labels is not None and (labels.swapped or labels.one_leg)
        return swapped or any(doubt.certain for doubt in self.doubts)

    def variance(self, calibration: LiveCalibration, side: Side) -> FloatArray:
        """Return (3,) rad² to add to flexion, adduction and rotation of a hip."""
        added = np.zeros(3)
        for slip in self.slips:
            if slip.segment in ("pelvis", f"thigh_{side}"):
                mixed = np.hypot(slip.tilt_rad, _MIXED_SHARE * slip.axial_rad)
                added += np.array([mixed, mixed, slip.axial_rad]) ** 2
        if self.misplaced(calibration):
            added += _WRONG_SEGMENT_SD_RAD**2
        return added

    def _judge_segments(
        self,
        rates: Mapping[str, FloatArray],
        gait: BoolArray,
        present: Mapping[str, BoolArray],
    ) -> None:
        worn = [s for s in self._segments if present[s][gait].mean() > 0.8]
        rows = gait & np.logical_and.reduce([present[s] for s in worn] or [gait])
        self.doubts = segment_doubts({s: rates[s] for s in worn}, rows)

    def _search(
        self,
        calibration: LiveCalibration,
        rates: Mapping[str, FloatArray],
        gait: BoolArray,
        present: Mapping[str, BoolArray],
    ) -> list[StrapSlip]:
        thighs = {f"thigh_{side}": leg.axis.right_S for side, leg in calibration.legs.items()}
        worn = ("pelvis", *thighs)
        up_S = {"pelvis": calibration.pelvis_up_S}
        up_S |= {
            f"thigh_{side}": pose.pose.up_S[f"thigh_{side}"]
            for side, pose in calibration.poses.items()
        }
        all_there = np.logical_and.reduce([present[s] for s in worn])
        return find_slips(
            self._past[0].time_s + np.arange(len(gait)) / self._rate_hz,
            {s: rates[s] for s in worn},
            {s: self._joined("acc", s) for s in worn},
            up_S,
            swing_signal(rates, thighs),
            dict.fromkeys(worn, gait & all_there),
            self._rate_hz,
        )

    def _confirmed(self, found: list[StrapSlip]) -> list[StrapSlip]:
        """Return new slips that this search and the one before agree on."""
        found = [
            slip
            for slip in found
            if np.hypot(slip.axial_rad, slip.tilt_rad) > _LEAST_SLIP_RAD
            and slip.at_s > self._sure_since_s.get(slip.segment, -np.inf)
            and not any(_same(slip, known) for known in self.slips)
        ]
        sure = [slip for slip in found if any(_same(slip, other) for other in self._suspected)]
        self._suspected = found
        self.slips += sure
        return sure

    def _joined(self, channel: str, segment: str) -> FloatArray:
        parts = [getattr(part, channel)[segment] for part in self._past]
        return np.concatenate(parts)

    def _known(self, segment: str) -> BoolArray:
        return np.concatenate([part.known[segment] for part in self._past])


def _same(one: StrapSlip, other: StrapSlip) -> bool:
    near = abs(one.at_s - other.at_s) < _SAME_SLIP_S
    largest = max(abs(one.axial_rad), abs(other.axial_rad))
    alike = abs(one.axial_rad - other.axial_rad) < _SAME_SLIP_SHARE * largest
    return one.segment == other.segment and near and alike


def _slip_text(slip: StrapSlip) -> str:
    turned = abs(float(np.degrees(slip.axial_rad)))
    return (
        f"the strap slipped by {turned:.0f}° at {slip.at_s:.0f} s:"
        " fix it, stand still for 5 s, then walk"
    )
