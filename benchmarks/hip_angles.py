"""Hip and pelvis angles against the simulator's exact truth, beside simpler ways to get them.

Every row is one method on the same recordings: random mounting, consumer sensors, errors over the
gait, both sides and all seeds pooled. ``a (b)`` is the RMSE and, in brackets, the RMSE less each
angle's own mean: a constant comes from the pose and the mounting, the rest from the measurement.
The peers take out one thing each:

- floor: the heading between the sensors from the truth (its mean over 10 s, so that skin moving on
  bone stays in); what is left is inclination, mounting and soft tissue
- no heading correction: the heading of the pose is kept, as without a magnetometer or a joint model
- detrended: the same, hip rotation less its running mean over 30 s (mean-free by construction)
- madgwick: this analysis on the orientation filter of Madgwick 2010, from the ``ahrs`` package
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

import imuhip
from imuhip.analysis.headings import block_to_rows
from imuhip.analysis.offline import Kinematics, analyze_offline
from imuhip.analysis.settings import Settings
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, angle_column
from imuhip.core.series import FloatArray
from imuhip.kinematics.angles import hip_from_segments
from imuhip.recording.session import Truth

_Z: Final = np.array([0.0, 0.0, 1.0])

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "hip flexion": ("hip_flexion_left", "hip_flexion_right"),
    "hip adduction": ("hip_adduction_left", "hip_adduction_right"),
    "hip rotation": ("hip_rotation_left", "hip_rotation_right"),
    "pelvis tilt": ("pelvis_tilt",),
    "obliquity": ("pelvis_obliquity",),
    "pelvis rotation": ("pelvis_rotation",),
}
_HIP: Final = ("flexion", "adduction", "rotation")
_Z: Final = np.array([0.0, 0.0, 1.0])
_DETREND_S: Final = 30.0
_FLOOR_S: Final = 10.0

Angles = Mapping[str, FloatArray]
"""Angles by name, (n,), degrees."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Squared errors of one angle over one recording, deg²: as they are, and less their mean."""

    squared: float
    mean_free_squared: float


def errors(found: Angles, recording: imuhip.Recording) -> dict[str, Errors]:
    """Return the errors over the gait of every angle found; what is NaN is left out."""
    truth = recording.truth
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = np.asarray((truth.index >= gait.start_s) & (truth.index <= gait.end_s))
    result = {}
    for name, values in found.items():
        error = (values - truth[angle_column(name)].to_numpy())[rows]
        error = error[np.isfinite(error)]
        result[name] = Errors(float(np.mean(error**2)), float(np.var(error)))
    return result


# -- methods ------------------------------------------------------------------------------------


def _analyzed(recording: imuhip.Recording, name: str = "vqf", *, live: bool = False) -> Angles:
    table = imuhip.analyze(recording, orientation_filter=name, live=live).angles
    names = [name for group in GROUPS.values() for name in group]
    return {name: table[angle_column(name)].to_numpy() for name in names}


def _kinematics(recording: imuhip.Recording) -> Kinematics:
    return analyze_offline(recording.sensors, recording.markers, recording.rate_hz, Settings("vqf"))


def _with_thighs_turned(
    found: Kinematics, turn_rad: Callable[[Kinematics, str], FloatArray]
) -> dict[str, FloatArray]:
    """Return the angles with each thigh turned about the vertical by (n,) rad more."""
    values = {name: np.degrees(angle) for name, angle in found.angles.values.items()}
    for side in SIDES:
        turn = turn_rad(found, side)
        q_turned = quaternion.multiply(quaternion.about_axis(_Z, turn), found.q_WB[f"thigh_{side}"])
        hip = np.degrees(hip_from_segments(found.q_WB["pelvis"], q_turned, side))
        values |= {f"hip_{kind}_{side}": hip[:, k] for k, kind in enumerate(_HIP)}
    return values


def _uncorrected_turn(found: Kinematics, side: str) -> FloatArray:
    heading = block_to_rows(
        found.tracks[side].heading_rad,
        len(found.grid),
        found.grid.rate_hz,
    )
    return np.asarray(heading[found.pose.rows.end - 1] - heading)


def _uncorrected(recording: imuhip.Recording) -> Angles:
    return _with_thighs_turned(_kinematics(recording), _uncorrected_turn)


def _detrended(recording: imuhip.Recording) -> Angles:
    values = dict(_uncorrected(recording))
    window = round(_DETREND_S * recording.rate_hz)
    for side in SIDES:
        rotation = values[f"hip_rotation_{side}"]
        values[f"hip_rotation_{side}"] = rotation - _running_mean(rotation, window)
    return values


def _running_mean(values: FloatArray, window: int) -> FloatArray:
    total = np.convolve(values, np.ones(window), mode="same")
    return np.asarray(total / np.convolve(np.ones(len(values)), np.ones(window), mode="same"))


def _floor(recording: imuhip.Recording) -> Angles:
    truth = recording.truth_motion
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")

    def turn(found: Kinematics, side: str) -> FloatArray:
        ahead = _heading_error(truth, found, f"thigh_{side}")
        between = np.unwrap(ahead - _heading_error(truth, found, "pelvis"))
        return _running_mean(between, round(_FLOOR_S * found.grid.rate_hz))

    return _with_thighs_turned(_kinematics(recording), turn)


def _heading_error(truth: Truth, found: Kinematics, segment: str) -> FloatArray:
    """Return how far the segment must be turned about the vertical to face as in truth, rad."""
    off = quaternion.multiply(
        truth.orientations[segment], quaternion.conjugate(found.q_WB[segment])
    )
    return quaternion.heading_about_z(off)


OURS: Final[Mapping[str, Callable[[imuhip.Recording], Angles]]] = {
    "imuhip offline": _analyzed,
    "imuhip live": lambda recording: _analyzed(recording, live=True),
}
PEERS: Final[Mapping[str, Callable[[imuhip.Recording], Angles]]] = {
    "floor: heading from truth": _floor,
    "no heading correction": _uncorrected,
    "detrended per 30 s": _detrended,
    "madgwick": lambda recording: _analyzed(recording, "madgwick"),
}


# -- table --------------------------------------------------------------------------------------


def pooled(found: list[dict[str, Errors]], names: tuple[str, ...]) -> tuple[float, float]:
    """Return RMSE and mean-free RMSE in degrees over recordings and angles."""
    mine = [one[name] for one in found for name in names]
    squared = np.mean([error.squared for error in mine])
    mean_free = np.mean([error.mean_free_squared for error in mine])
    return float(np.sqrt(squared)), float(np.sqrt(mean_free))


def _print_table(options: argparse.Namespace, activity: str, soft_tissue: float) -> None:
    print(f"\n{activity}, {options.minutes:g} min, soft tissue {soft_tissue:g}, degrees")
    print(f"{'method':<26}" + "".join(f"{group:>17}" for group in GROUPS), flush=True)
    recordings = [
        imuhip.simulate(activity, options.minutes, seed, soft_tissue=soft_tissue)
        for seed in options.seeds
    ]
    for method, run in (OURS | PEERS if options.peers else OURS).items():
        found = [errors(run(recording), recording) for recording in recordings]
        cells = (pooled(found, names) for names in GROUPS.values())
        print(f"{method:<26}" + "".join(f"{a:>9.2f} ({b:5.2f})" for a, b in cells), flush=True)


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks hip_angles",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=2.0, help="of the activity (default 2)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--soft-tissue", type=float, nargs="+", default=[0.0, 1.0])
    parser.add_argument("--activity", nargs="+", default=["walk", "run"])
    parser.add_argument("--peers", action="store_true", help="simpler methods beside it")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print one table for each activity and amount of soft tissue."""
    options = _arguments(arguments)
    print(" ".join(["$ python -m benchmarks hip_angles", *arguments]))
    print("RMSE (mean-free RMSE) against simulated truth over the gait, all seeds and sides pooled")
    for activity in options.activity:
        for soft_tissue in options.soft_tissue:
            _print_table(options, activity, soft_tissue)
    return 0
