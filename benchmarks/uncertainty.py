"""Whether the stated uncertainty is the real one.

For people the error budget was not fitted to, the share of samples whose error is within one and
two stated sigma: 68 % and 95 % would be perfect for a normal error, 60-80 % and 90-99 % are wanted.
Soft tissue, strap wobble, activity and rate vary from person to person.
"""

from __future__ import annotations

import argparse

import numpy as np

import imuhip
from imuhip.core.segments import HIP_ANGLES, PELVIS_ANGLES

__all__ = ["main"]

_ACTIVITIES = ("walk", "run", "mixed")
_GROUPS = ("hip_flexion", "hip_adduction", "hip_rotation", *PELVIS_ANGLES)


def _person(seed: int, minutes: float) -> imuhip.Recording:
    rng = np.random.default_rng(seed)
    return imuhip.simulate(
        _ACTIVITIES[seed % 3],
        minutes,
        seed=seed,
        soft_tissue=float(rng.choice([0.0, 0.5, 1.0, 1.5])),
        strap_wobble=float(rng.choice([0.0, 0.0, 0.0, 0.5, 1.0])),
        rate_hz=float(rng.choice([50.0, 100.0, 200.0])),
    )


def _covered(recording: imuhip.Recording, *, live: bool) -> dict[str, list[tuple[float, ...]]]:
    """Return, by group of angles, shares within one and two sigma, squared error and variance."""
    found = imuhip.analyze(recording, live=live).angles
    truth = recording.truth
    assert truth is not None
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = (found.index >= gait.start_s) & (found.index <= gait.end_s)
    groups: dict[str, list[tuple[float, ...]]] = {}
    for name in HIP_ANGLES + PELVIS_ANGLES:
        true = np.interp(found.index, truth.index, truth[f"{name}_deg"])
        error = np.abs(found[f"{name}_deg"].to_numpy() - true)[rows]
        sd = found[f"{name}_sd_deg"].to_numpy()[rows]
        known = np.isfinite(error) & np.isfinite(sd)
        error, sd = error[known], sd[known]
        group = name.removesuffix("_left").removesuffix("_right")
        groups.setdefault(group, []).append(
            (
                float(np.mean(error < sd)),
                float(np.mean(error < 2 * sd)),
                float(np.mean(error**2)),
                float(np.mean(sd**2)),
            )
        )
    return groups


def main(arguments: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks uncertainty", description=__doc__)
    parser.add_argument("--people", type=int, default=30, help="how many, each another seed")
    parser.add_argument("--first-seed", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=3.0)
    options = parser.parse_args(arguments)
    print(f"$ python -m benchmarks uncertainty --people {options.people}")
    print("angle               way      < 1 sd   < 2 sd   RMS error   RMS sd")
    for live in (False, True):
        total: dict[str, list[tuple[float, ...]]] = {}
        for seed in range(options.first_seed, options.first_seed + options.people):
            for group, shares in _covered(_person(seed, options.minutes), live=live).items():
                total.setdefault(group, []).extend(shares)
        for group in _GROUPS:
            one, two, error2, variance = np.mean(total[group], axis=0)
            way = "live" if live else "offline"
            print(
                f"{group:<20}{way:<9}{100 * one:5.0f} %  {100 * two:5.0f} %"
                f"{np.sqrt(error2):10.2f}°{np.sqrt(variance):8.2f}°"
            )
    return 0
