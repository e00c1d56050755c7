"""Clocks of the thigh sensors found from the motion: known offsets against what is found.

Left thigh late and right thigh early by the same amount, random mounting, consumer sensors.
``error`` is found less true, over seeds and both thighs; ``stated`` the uncertainty given with it;
``ratio`` the rms of error over stated, 1 when it is honest; ``put right`` how many were beyond
doubt. The hip columns are RMSE over the gait in degrees, left as recorded and after correction.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

import imuhip
from benchmarks.hip_angles import GROUPS, errors, pooled
from imuhip.analysis.grid import on_grid
from imuhip.core.segments import angle_column
from imuhip.core.series import FloatArray, ImuSeries

_SIGN = {"thigh_left": 1.0, "thigh_right": -1.0}
_SHOWN = ("hip flexion", "hip rotation")


def late(recording: imuhip.Recording, offset_s: float) -> imuhip.Recording:
    """Return the recording with thigh signals late and early on unchanged times."""
    sensors = dict(recording.sensors)
    for segment, sign in _SIGN.items():
        series = sensors[segment]
        moved = replace(series, time_s=series.time_s + sign * offset_s)
        found = on_grid(moved, series.time_s)
        rows = found["valid"][:, None]
        sensors[segment] = ImuSeries(
            time_s=series.time_s,
            acc=np.where(rows, found["acc"], np.nan),
            gyr=np.where(rows, found["gyr"], np.nan),
        )
    return replace(recording, sensors=sensors)


def _hips(recording: imuhip.Recording, analysis: imuhip.Analysis) -> list[float]:
    names = [name for group in _SHOWN for name in GROUPS[group]]
    angles = {name: analysis.angles[angle_column(name)].to_numpy() for name in names}
    found = [errors(angles, recording)]
    return [pooled(found, GROUPS[group])[0] for group in _SHOWN]


def _row(options: argparse.Namespace, activity: str, softness: float, offset_ms: float) -> str:
    error, stated, corrected, before, after = [], [], 0, [], []
    for seed in options.seeds:
        recording = imuhip.simulate(
            activity, options.minutes, seed, soft_tissue=softness, rate_hz=options.rate
        )
        shifted = late(recording, 1e-3 * offset_ms) if offset_ms else recording
        found = imuhip.analyze(shifted)
        left = imuhip.analyze(shifted, correct_sync=False)
        after.append(_hips(shifted, found))
        before.append(_hips(shifted, left))
        for segment, sync in found.quality["sync"].items():
            error.append(sync["offset_ms"] - _SIGN[segment] * offset_ms)
            stated.append(sync["sd_ms"])
            corrected += sync["corrected"]
    off, sd = np.array(error), np.array(stated)
    ratio = float(np.sqrt(np.mean((off / sd) ** 2)))
    hips = "  ".join(f"{_rms(before, k):5.2f} {_rms(after, k):5.2f}" for k in range(len(_SHOWN)))
    return (
        f"{activity:<6}{softness:>7g}{offset_ms:>9g}{off.mean():>8.2f}{off.std():>7.2f}"
        f"{np.abs(off).max():>7.2f}{sd.mean():>8.2f}{ratio:>7.2f}{corrected:>7d}/{len(off):<4d}{hips}"
    )


def _rms(rows: list[list[float]], column: int) -> float:
    values: FloatArray = np.array(rows)[:, column]
    return float(np.sqrt(np.mean(values**2)))


def main(arguments: list[str]) -> int:
    """Print one row for each activity, amount of soft tissue and offset."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks sync",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=1.5)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(101, 109)))
    parser.add_argument("--offsets-ms", type=float, nargs="+", default=[0.0, 5.0, 10.0, 20.0])
    parser.add_argument("--soft-tissue", type=float, nargs="+", default=[0.0, 1.0])
    parser.add_argument("--rate", type=float, default=100.0, help="Hz (default 100)")
    options = parser.parse_args(arguments)
    print(" ".join(["$ python -m benchmarks sync", *arguments]))
    print(f"{'':<22}{'error, ms':>17}{'':>12}{'':>18}   flexion, deg rotation, deg")
    print(
        f"{'gait':<6}{'tissue':>7}{'late ms':>9}{'mean':>8}{'sd':>7}{'max':>7}{'stated':>8}"
        f"{'ratio':>7}{'put right':>12}{'left':>5}{'fixed':>6}{'left':>7}{'fixed':>6}",
        flush=True,
    )
    for activity in ("walk", "run"):
        for softness in options.soft_tissue:
            for offset_ms in options.offsets_ms:
                print(_row(options, activity, softness, offset_ms), flush=True)
    return 0
