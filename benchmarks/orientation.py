"""Orientation filters against optical motion capture, on trials of BROAD.

One sensor, 285.7 Hz, accelerometer, gyroscope, magnetometer and optical orientation (Laidig,
Caruso, Cereatti and Seel 2021, doi:10.3390/data6070072, CC BY 4.0). Errors follow its definition:
with the error quaternion ``e = q_filter ⊗ q_optical*`` in the earth frame, inclination is
``2 acos(sqrt(w² + z²))`` and heading ``2 atan(z / w)``, over the movement phase only. VQF is Laidig
and Seel 2023, doi:10.1016/j.inffus.2022.10.014; the others come from the ``ahrs`` package.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.errors import FileFormatError
from imuhip.fusion.filters import FILTERS, OrientationBlock, make_filter, offline_orientation

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "broad"
DATA_SOURCE = "https://github.com/dlaidig/broad"
VARIANTS = (("vqf", "offline"), *((name, "live") for name in FILTERS))


@dataclass(frozen=True, slots=True)
class Trial:
    """One BROAD trial.

    Parameters
    ----------
    name : str
        File name without its ending.
    rate_hz : float, Hz
        Sampling rate.
    gyr, acc, mag : (n, 3) arrays, rad/s, m/s², µT
        Sensor frame.
    q_WS : (n, 4) array
        Optical orientation in an east-north-up world; NaN where the cameras lost the markers.
    movement : (n,) bool array
        The phase over which errors count.
    """

    name: str
    rate_hz: float
    gyr: FloatArray
    acc: FloatArray
    mag: FloatArray
    q_WS: FloatArray
    movement: BoolArray

    def stretch(self, seconds_s: float, rest_before_s: float = 5.0) -> Trial:
        """Return the first `seconds_s` of movement with some rest before it."""
        start = int(np.argmax(self.movement))
        rows = slice(
            max(0, start - int(rest_before_s * self.rate_hz)),
            start + int(seconds_s * self.rate_hz),
        )
        return Trial(
            self.name,
            self.rate_hz,
            self.gyr[rows],
            self.acc[rows],
            self.mag[rows],
            self.q_WS[rows],
            self.movement[rows],
        )


@dataclass(frozen=True, slots=True)
class OrientationErrors:
    """How far a filter is from the cameras over the movement phase of one trial."""

    inclination_rmse_deg: float
    heading_rmse_deg: float
    """Of the heading error as it is: meaningful with a magnetometer only."""
    heading_drift_rmse_deg: float
    """Of the heading error less its first value."""
    heading_drift_deg_per_min: float
    """Slope of a straight line through the heading error."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    filter_name: str
    mode: str
    trial: str
    errors: OrientationErrors
    samples_per_s: float


def read_trial(path: Path) -> Trial:
    """Read one BROAD HDF5 file; FileFormatError when it is not one."""
    try:
        with h5py.File(path) as file:
            names = ("imu_gyr", "imu_acc", "imu_mag", "opt_quat")
            gyr, acc, mag, q_WS = (np.asarray(file[name], dtype=float) for name in names)
            movement = np.asarray(file["movement"], dtype=bool)
            return Trial(
                path.stem, float(file.attrs["sampling_rate"]), gyr, acc, mag, q_WS, movement
            )
    except (OSError, KeyError) as error:
        raise FileFormatError(
            f"{path.name} is not a trial of BROAD: {error}",
            hint=f"download the trials (HDF5) from {DATA_SOURCE}",
        ) from error


def orientation_errors(q_WS: FloatArray, trial: Trial) -> OrientationErrors:
    """Compare (n, 4) orientations with the cameras, by BROAD's definitions."""
    counted = trial.movement & np.isfinite(trial.q_WS).all(axis=1)
    error = quaternion.multiply(q_WS[counted], quaternion.conjugate(trial.q_WS[counted]))
    tilt = 2.0 * np.arctan2(np.hypot(error[:, 1], error[:, 2]), np.hypot(error[:, 0], error[:, 3]))
    turn = quaternion.heading_about_z(error)
    turn = np.unwrap((turn + np.pi) % (2 * np.pi) - np.pi)
    minutes = np.flatnonzero(counted) / trial.rate_hz / 60.0
    slope = np.polynomial.Polynomial.fit(minutes, turn, 1).convert().coef[1]
    return OrientationErrors(
        inclination_rmse_deg=_rms_deg(tilt),
        heading_rmse_deg=_rms_deg(turn),
        heading_drift_rmse_deg=_rms_deg(turn - turn[0]),
        heading_drift_deg_per_min=float(np.degrees(slope)),
    )


def measure(
    trial: Trial, filter_name: str, mode: str = "live", with_mag: bool = False
) -> tuple[OrientationErrors, float]:
    """Run a filter over a trial; return its errors and how many samples it took in per second."""
    mag = trial.mag if with_mag else None
    begin_s = time.perf_counter()
    block: OrientationBlock
    if mode == "offline":
        block = offline_orientation(filter_name, trial.gyr, trial.acc, trial.rate_hz, mag)
    else:
        block = make_filter(filter_name, trial.rate_hz).update(trial.gyr, trial.acc, mag)
    elapsed_s = time.perf_counter() - begin_s
    return orientation_errors(block.q_WS, trial), len(block) / elapsed_s


def _rms_deg(angle_rad: FloatArray) -> float:
    return float(np.degrees(np.sqrt(np.mean(angle_rad**2))))


def _rows(paths: list[Path], names: list[str], with_mag: bool) -> Iterator[Row]:
    for path in paths:
        trial = read_trial(path)
        for name, mode in VARIANTS:
            if name in names:
                errors, samples_per_s = measure(trial, name, mode, with_mag)
                yield Row(name, mode, trial.name, errors, samples_per_s)


def _print_means(rows: list[Row]) -> None:
    print(f"\n{'mean over trials':<18}{'inclination':>12}{'|drift|':>14}")
    for name, mode in VARIANTS:
        mine = [row.errors for row in rows if (row.filter_name, row.mode) == (name, mode)]
        if mine:
            inclination = np.mean([errors.inclination_rmse_deg for errors in mine])
            drift = np.mean([abs(errors.heading_drift_deg_per_min) for errors in mine])
            print(f"{name:<10}{mode:<8}{inclination:>10.2f} °{drift:>8.2f} °/min")


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks orientation", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of BROAD trials (*.hdf5)")
    parser.add_argument(
        "--filter", action="append", choices=FILTERS, help="only this one (may be repeated)"
    )
    parser.add_argument(
        "--mag", action="store_true", help="use the magnetometer (filters that can)"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print the table; without data say so and succeed, unless the folder was asked for."""
    options = _arguments(arguments)
    folder: Path = options.data or DEFAULT_DATA
    paths = sorted(folder.glob("*.hdf5"))
    if not paths:
        print(f"skipped: no BROAD trials (*.hdf5) in {folder}; get them from {DATA_SOURCE}")
        return 1 if options.data else 0
    able = ("vqf", "madgwick", "mahony") if options.mag else FILTERS
    names = [name for name in options.filter or able if name in able]
    if options.filter and len(names) < len(options.filter):
        print(f"left out: with --mag only {', '.join(able)} can run")
    print(
        f"{'filter':<10}{'mode':<8}{'trial':<48}{'inclination':>12}{'heading':>10}"
        f"{'drift':>10}{'drift rate':>14}{'samples/s':>12}"
    )
    rows = []
    for row in _rows(paths, names, options.mag):
        rows.append(row)
        heading = f"{row.errors.heading_rmse_deg:.2f} °" if options.mag else "-"
        print(
            f"{row.filter_name:<10}{row.mode:<8}{row.trial:<48}"
            f"{row.errors.inclination_rmse_deg:>10.2f} °{heading:>10}"
            f"{row.errors.heading_drift_rmse_deg:>8.2f} °"
            f"{row.errors.heading_drift_deg_per_min:>8.2f} °/min{row.samples_per_s:>12,.0f}",
            flush=True,
        )
    _print_means(rows)
    return 0
