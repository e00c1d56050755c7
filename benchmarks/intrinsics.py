"""What calibrating a sensor by hand is worth: errors before and after, and heading drift in gait.

First table: chips as drawn and what is left of their errors after one calibration by hand, root
mean square over all chips. The gyroscope's rows compare kinds of evidence: full turns on a table
alone (nothing must be left of them), gravity alone (before and after moves between poses), and
both, which is what imuhip uses.

Second table: sensors worn in gait, none calibrated or all. The drift is that of the heading between
pelvis and thigh by the orientation filter alone, before anything is corrected from the joint, and
how much of it comes from the sensors: what perfect ones drift by on the same way is taken off. Then
hip rotation as analysed, against truth. No soft tissue, so that the sensors' part is seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

import imuhip
from benchmarks import hip_angles
from imuhip.analysis.headings import block_to_rows
from imuhip.analysis.offline import analyze_offline
from imuhip.analysis.sensor_intrinsics import corrected_sensors
from imuhip.analysis.settings import Settings
from imuhip.calibration.bench_rests import find_moves, find_rests
from imuhip.calibration.intrinsics import Intrinsics, calibrate_sensor
from imuhip.calibration.intrinsics_accelerometer import AccelerometerFit
from imuhip.calibration.intrinsics_gyroscope import fit_gyroscope
from imuhip.core import quaternion
from imuhip.core.segments import SIDES
from imuhip.core.series import FloatArray, ImuSeries
from imuhip.simulation.bench_calibration import Bench, simulate_bench
from imuhip.simulation.sensor_errors import ImuErrors, apply_errors, draw_errors

EVIDENCE: Final[Mapping[str, Mapping[str, bool]]] = {
    "turns alone": {"use_gravity": False},
    "gravity alone": {"use_edges": False},
    "both": {},
}
_OFF_DIAGONAL: Final = ~np.eye(3, dtype=bool)
_ROTATION: Final = ("hip_rotation_left", "hip_rotation_right")


# -- chips --------------------------------------------------------------------------------------


def housing(fit: AccelerometerFit, errors: ImuErrors) -> FloatArray:
    """Return the rotation from the chip's nominal axes to those the calibration speaks of."""
    left, _, right = np.linalg.svd(fit.scale @ errors.acc_scale)
    return np.asarray(left @ right)


def _split(left_over: FloatArray) -> tuple[float, float]:
    """Return mean squares of scale and cross-axis parts of a matrix near the identity."""
    off = left_over - np.eye(3)
    return float(np.mean(np.diag(off) ** 2)), float(np.mean(off[_OFF_DIAGONAL] ** 2))


def chip_errors(bench: Bench) -> dict[str, tuple[float, ...]]:
    """Return mean squares of what is wrong with a chip, and of what each method leaves."""
    errors = bench.errors
    series = next(iter(bench.recording.sensors.values()))
    fit = calibrate_sensor(series).accelerometer
    R = housing(fit, errors)
    off_bias = errors.acc_bias, fit.bias_m_s2 - errors.acc_bias
    rows: dict[str, tuple[float, ...]] = {
        "acc as read": (*_split(errors.acc_scale), float(np.mean(off_bias[0] ** 2))),
        "acc calibrated": (
            *_split(R.T @ fit.scale @ errors.acc_scale),
            float(np.mean(off_bias[1] ** 2)),
        ),
        "gyr as read": _split(errors.gyr_scale),
    }
    rests = find_rests(series)
    moves, _ = find_moves(series, rests)
    up_S = fit.applied(np.stack([rest.acc for rest in rests]))
    up_S /= np.linalg.norm(up_S, axis=1, keepdims=True)
    for name, options in EVIDENCE.items():
        found, _ = fit_gyroscope(moves, up_S, np.zeros(3), **options)
        if found is not None:
            rows[f"gyr by {name}"] = _split(R.T @ found.scale @ errors.gyr_scale)
    return rows


def _print_chips(n_chips: int, poor: float) -> None:
    print(f"\n{n_chips} chips, errors x{poor:g}, RMS")
    print(f"{'':<20}{'chips':>12}{'scale %':>10}{'cross %':>10}{'bias m/s²':>11}", flush=True)
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(n_chips):
        for name, squares in chip_errors(simulate_bench(seed, sensor_errors=poor)).items():
            found.setdefault(name, []).append(squares)
    for name, rows in found.items():
        scale, cross, *bias = np.sqrt(np.mean(rows, axis=0))
        told = "".join(f"{value:>11.4f}" for value in bias)
        print(f"{name:<20}{len(rows):>12}{100 * scale:>10.4f}{100 * cross:>10.4f}{told}")


# -- gait ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Worn:
    """A session by perfect sensors, by drawn chips, and what calibrating those by hand finds."""

    perfect: imuhip.Recording
    as_read: imuhip.Recording
    intrinsics: Mapping[str, Intrinsics]

    @property
    def calibrated(self) -> imuhip.Recording:
        """Return the session as the chips read it, calibrated."""
        sensors, _ = corrected_sensors(self.as_read, self.intrinsics)
        return replace(self.as_read, sensors=sensors)


def worn(activity: str, minutes: float, seed: int) -> Worn:
    """Simulate a session, draw a chip for each sensor, and calibrate each by hand."""
    perfect = imuhip.simulate(activity, minutes, seed, sensor_errors=0.0)
    sensors, intrinsics = {}, {}
    for k, (segment, series) in enumerate(perfect.sensors.items()):
        rng = np.random.default_rng((seed, k))
        errors = draw_errors(rng)
        acc, gyr = apply_errors(errors, series.acc, series.gyr, perfect.rate_hz, rng)
        sensors[segment] = ImuSeries(series.time_s, acc, gyr)
        bench = simulate_bench(100 * seed + k, errors=errors, segment=segment)
        intrinsics[segment] = calibrate_sensor(bench.recording.sensors[segment])
    return Worn(perfect, replace(perfect, sensors=sensors), intrinsics)


def drift_deg_min(recording: imuhip.Recording) -> FloatArray:
    """Return how fast each thigh's heading leaves the pelvis', by the orientation filter alone."""
    truth = recording.truth_motion
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    found = analyze_offline(
        recording.sensors, recording.markers, recording.rate_hz, Settings("vqf")
    )

    def ahead_rad(segment: str) -> FloatArray:
        back = quaternion.conjugate(found.q_WB[segment])
        off = quaternion.multiply(truth.orientations[segment], back)
        return np.unwrap(quaternion.heading_about_z(off))

    slopes = []
    for side in SIDES:
        tracked = block_to_rows(found.tracks[side].heading_rad, len(found.grid), found.grid.rate_hz)
        wanted = ahead_rad(f"thigh_{side}") - ahead_rad("pelvis") + tracked
        rows = found.gait & np.isfinite(wanted)
        per_s = np.polyfit(found.grid.time_s[rows], wanted[rows], 1)[0]
        slopes.append(float(np.degrees(per_s) * 60.0))
    return np.array(slopes)


def _print_gait(activity: str, options: argparse.Namespace) -> None:
    print(f"\n{activity}, {options.minutes:g} min, seeds {options.seeds}, RMS")
    print(
        f"{'':<20}{'drift °/min':>12}{'of sensors':>12}{'offline °':>11}{'live °':>9}", flush=True
    )
    sessions = [worn(activity, options.minutes, seed) for seed in options.seeds]
    recordings = {
        "perfect sensors": [session.perfect for session in sessions],
        "as read": [session.as_read for session in sessions],
        "calibrated": [session.calibrated for session in sessions],
    }
    least = np.zeros(0)
    of_sensors = {}
    for name, taken in recordings.items():
        drift = np.concatenate([drift_deg_min(recording) for recording in taken])
        least = drift if name == "perfect sensors" else least
        of_sensors[name] = _rms(drift - least)
        rmse = (_rotation_rmse_deg(taken, live=live) for live in (False, True))
        told = "".join(f"{value:>{width}.2f}" for value, width in zip(rmse, (11, 9), strict=True))
        print(f"{name:<20}{_rms(drift):>12.2f}{of_sensors[name]:>12.2f}{told}", flush=True)
    ratio = of_sensors["as read"] / of_sensors["calibrated"]
    print(f"the sensors' part of the drift is {ratio:.1f} times less")


def _rms(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _rotation_rmse_deg(recordings: Sequence[imuhip.Recording], *, live: bool) -> float:
    found = []
    for recording in recordings:
        table = imuhip.analyze(recording, live=live, intrinsics=False).angles
        angles = {name: table[f"{name}_deg"].to_numpy() for name in _ROTATION}
        found.append(hip_angles.errors(angles, recording))
    return hip_angles.pooled(found, _ROTATION)[0]


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks intrinsics",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--chips", type=int, default=20)
    parser.add_argument("--poor", type=float, nargs="+", default=[1.0, 3.0], help="size of errors")
    parser.add_argument("--minutes", type=float, default=3.0, help="of the activity (default 3)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--activity", nargs="*", default=["walk", "run"])
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print both tables."""
    options = _arguments(arguments)
    print(" ".join(["$ python -m benchmarks intrinsics", *arguments]))
    for poor in options.poor:
        _print_chips(options.chips, poor)
    for activity in options.activity:
        _print_gait(activity, options)
    return 0
