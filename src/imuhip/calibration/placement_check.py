"""Whether each sensor is where its name says, judged by how the body moves in gait.

Left and right: while a leg carries the body, the ground pushes the body towards the other leg. So
the hips' sideways acceleration goes with the difference of the thighs' flexion rates. Facing
cancels out of that: the wrong way round, stance looks like swing and right looks like left. A
second, weaker opinion is where the hip centres lie, against what the thighs say of forwards.

Pelvis and thigh: a thigh swings several times as fast as a pelvis turns. Two legs: they swing
against each other; two sensors on one leg swing together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from imuhip.core.segments import Side
from imuhip.core.series import BoolArray, FloatArray

__all__ = [
    "LabelEvidence",
    "PoseMotion",
    "SegmentDoubt",
    "label_evidence",
    "pose_motion",
    "segment_doubts",
    "upward_axis",
]

_SIDEWAYS_SD = 0.15
"""Spread of the correlation: 0.45 to 0.8 over simulated people, 0.57 on a real walker."""
_HIP_APART_SD_M = 0.05
_HIPS_SAY_AT_MOST = 2.0
_SWAPPED_BELOW, _DOUBTFUL_BELOW = -2.0, 0.5
_PELVIS_LIKE_THIGH = 0.65
"""Pelvis over thigh, RMS rate: 0.2 to 0.35 walking and running; exchanged, 2 and more."""
_UNEVEN_THIGHS = 1.6
_IN_PHASE = 0.3
"""Two legs: -0.9 to -0.7. One: 1, a thigh and its shank: 0.5."""

_TURN_RAD = float(np.radians(5.0))
_STEP_RAD_S = 0.4
"""Swaying stays below 0.15 rad/s; moving a foot exceeds 0.5."""


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """Whether left is left.

    Parameters
    ----------
    sideways : float
        Correlation of the hips' acceleration to the right with the flexion rate of the right thigh
        less the left one's: 0.5 to 0.8 when the names are right, the negative when exchanged.
    hips : float
        What the places of the hip centres add, in standard deviations, within 2.
    in_phase : float
        Correlation of both thighs' flexion rates; NaN with one thigh.
    """

    sideways: float
    hips: float
    in_phase: float

    @property
    def score(self) -> float:
        """Return both opinions together, in standard deviations; negative says exchanged."""
        return self.sideways / _SIDEWAYS_SD + self.hips

    @property
    def one_leg(self) -> bool:
        """Return whether both thigh sensors swing together: they are on the same leg."""
        return bool(self.in_phase > _IN_PHASE)

    @property
    def swapped(self) -> bool:
        """Return whether left and right are exchanged beyond doubt."""
        return not self.one_leg and self.score < _SWAPPED_BELOW

    @property
    def doubtful(self) -> bool:
        """Return whether it cannot be told."""
        return not self.one_leg and _SWAPPED_BELOW <= self.score < _DOUBTFUL_BELOW


def label_evidence(
    rightward_m_s2: FloatArray,
    flexion_rad: Mapping[Side, FloatArray],
    usable: BoolArray,
    forwards_evidence: float,
    hips_apart_m: float,
) -> LabelEvidence:
    """Judge the names of the thigh sensors.

    Parameters
    ----------
    rightward_m_s2 : (n,) array
        Acceleration of the middle between the hips to the side that is the right one if the thighs'
        flexion axes point the right way round.
    flexion_rad : mapping of side to (n,) array
        Of the thighs against the vertical, about the same axes.
    usable : (n,) bool array
        Gait.
    forwards_evidence : float
        How sure the thighs alone are of those axes' sign, in standard deviations.
    hips_apart_m : float
        How far the right hip centre lies to that right of the left one; 0 when not known.
    """
    rates = {side: np.gradient(angle)[usable] for side, angle in flexion_rad.items()}
    swing = rates.get("right", 0.0) - rates.get("left", np.zeros(int(usable.sum())))
    agree = forwards_evidence * hips_apart_m
    hips = min(abs(forwards_evidence), abs(hips_apart_m) / _HIP_APART_SD_M, _HIPS_SAY_AT_MOST)
    both = len(rates) == 2
    return LabelEvidence(
        sideways=_correlation(rightward_m_s2[usable], swing),
        hips=float(np.sign(agree) * hips),
        in_phase=_correlation(rates["left"], rates["right"]) if both else float("nan"),
    )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    if len(a) < 2:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / max(float(np.sqrt((a @ a) * (b @ b))), 1e-12))


@dataclass(frozen=True, slots=True)
class SegmentDoubt:
    """A sensor that moves as if it sat somewhere else.

    Parameters
    ----------
    segments : tuple of str
        Sensors concerned.
    certain : bool
        False when an unusual gait could explain it.
    reason : str
        What was seen, with figures.
    """

    segments: tuple[str, ...]
    certain: bool
    reason: str


def segment_doubts(gyr: Mapping[str, FloatArray], rows: BoolArray) -> list[SegmentDoubt]:
    """Say which sensors seem to be on another segment than their names say.

    Parameters
    ----------
    gyr : mapping of segment to (n, 3) array, rad/s
        Low-passed at about 5 Hz, finite; the pelvis and the thighs are looked at.
    rows : (n,) bool array
        Gait; where none was found, whatever is not still.
    """
    swing = {
        segment: _principal_rms(rate[rows])
        for segment, rate in gyr.items()
        if segment == "pelvis" or segment.startswith("thigh")
    }
    thighs = {segment: rms for segment, rms in swing.items() if segment != "pelvis"}
    if not thighs or "pelvis" not in swing or not rows.any():
        return []
    pelvis, slow = swing["pelvis"], min(thighs, key=lambda segment: thighs[segment])
    if pelvis > thighs[slow]:
        return [
            SegmentDoubt(
                ("pelvis", slow),
                certain=True,
                reason=f"the sensor named pelvis swings like a thigh ({pelvis:.1f} rad/s) and the"
                f" one named {slow} like a pelvis ({thighs[slow]:.1f} rad/s): exchange them",
            )
        ]
    if pelvis > _PELVIS_LIKE_THIGH * thighs[slow]:
        return [
            SegmentDoubt(
                ("pelvis",),
                certain=False,
                reason=f"the sensor named pelvis swings nearly like a thigh ({pelvis:.1f} against"
                f" {thighs[slow]:.1f} rad/s): is it on the sacrum?",
            )
        ]
    fast = max(thighs, key=lambda segment: thighs[segment])
    if thighs[fast] > _UNEVEN_THIGHS * thighs[slow]:
        return [
            SegmentDoubt(
                (fast,),
                certain=False,
                reason=f"the sensor named {fast} swings {thighs[fast] / thighs[slow]:.1f} times as"
                f" fast as {slow}: is it on the shank, or is the gait so uneven?",
            )
        ]
    return []


def _principal_rms(rate: FloatArray) -> float:
    if len(rate) == 0:
        return 0.0
    centred = rate - rate.mean(axis=0)
    return float(np.sqrt(np.linalg.eigvalsh(centred.T @ centred / len(rate))[-1]))


@dataclass(frozen=True, slots=True)
class PoseMotion:
    """What happened in a pose that should have been still.

    Parameters
    ----------
    turned_rad : float
        Turn of the pelvis about the vertical from the first to the last sample.
    fastest_rad_s : float
        Largest low-passed rate of any sensor.
    """

    turned_rad: float
    fastest_rad_s: float

    @property
    def turned(self) -> bool:
        """Return whether the person turned on the spot."""
        return abs(self.turned_rad) > _TURN_RAD

    @property
    def stepped(self) -> bool:
        """Return whether a foot was moved: sway stays far below."""
        return self.fastest_rad_s > _STEP_RAD_S


def pose_motion(
    gyr: Mapping[str, FloatArray], up_S: Mapping[str, FloatArray], rate_hz: float
) -> PoseMotion:
    """Look for a step or a turn within a pose.

    Parameters
    ----------
    gyr : mapping of segment to (n, 3) array, rad/s
        In the pose, low-passed, without bias.
    up_S : mapping of segment to (3,) array
        Vertical in the pose.
    rate_hz : float
    """
    return PoseMotion(
        turned_rad=float((gyr["pelvis"] @ up_S["pelvis"]).sum() / rate_hz),
        fastest_rad_s=max(float(np.linalg.norm(rate, axis=1).max()) for rate in gyr.values()),
    )


def upward_axis(up_S: FloatArray) -> str:
    """Return which axis of a sensor points up, as ``"-x axis up, tilted 12°"``."""
    axis = int(np.argmax(np.abs(up_S)))
    tilt = np.degrees(np.arccos(np.clip(abs(up_S[axis]) / np.linalg.norm(up_S), 0.0, 1.0)))
    return f"{'-' if up_S[axis] < 0 else ''}{'xyz'[axis]} axis up, tilted {tilt:.0f}°"
