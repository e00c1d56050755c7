"""Tests of the hip: repetitions, their times, and measures against the bones of simulated people.

Everybody has a body, limits, habits, mounting and chips of their own, skin that moves and fidgets
between repetitions. A sensor on the shank turns with the shank, so rotation is held against the
shank's truth; beside it stands the femur's, which the knee's give keeps apart.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

import imuhip
from imuhip.simulation.performances import Performance, perform_after_walk

__all__ = ["main"]

TRUTHS = {
    "hip_internal_rotation_true": ("true_ir_shank_deg", "true_ir_deg"),
    "hip_internal_rotation_apparent": ("apparent_ir_shank_deg", "apparent_ir_deg"),
    "hip_internal_rotation_pelvis_share": ("pelvic_share",),
    "hip_internal_rotation_pelvis_delay": ("pelvis_delay_s",),
    "hip_external_rotation_true": ("true_er_shank_deg", "true_er_deg"),
    "hip_external_rotation_apparent": ("apparent_er_shank_deg", "apparent_er_deg"),
    "hip_flexion_pelvis_neutral": ("pelvis_onset_flexion_deg",),
    "hip_flexion_total": ("total_flexion_deg",),
    "hip_flexion_pelvis_share": ("pelvis_share",),
    "hip_extension_pelvis_neutral": ("pelvis_onset_extension_deg",),
    "hip_extension_total": ("total_extension_deg",),
    "hip_extension_pelvis_share": ("pelvis_share",),
    "hinge_index": ("hinge_share",),
    "hinge_pelvis_tilt": ("pelvis_tilt_deg",),
    "hinge_thigh_inclination": ("thigh_inclination_deg",),
    "hinge_thigh_asymmetry": ("thigh_asymmetry_deg",),
    "hinge_hip_share": ("hip_share",),
    "hinge_spine_flexion": ("spine_flexion_deg",),
    "hinge_pelvis_list": ("pelvis_list_deg",),
    "hinge_pelvis_twist": ("pelvis_twist_deg",),
} | {
    f"{test}_{name}": truth
    for test in (
        "single_leg_hinge", "internal_rotation_hinge", "squat", "lateral_lunge",
        "split_squat_rotation", "hip_airplane", "rotations_90_90",
    )
    for name, truth in {
        "index": ("hinge_share",),
        "pelvis_tilt": ("pelvis_tilt_deg",),
        "pelvis_tucked": ("pelvis_tucked_deg",),
        "pelvis_list": ("pelvis_list_deg",),
        "pelvis_twist": ("pelvis_twist_deg",),
        "pelvis_rotation": ("pelvis_rotation_deg",),
        "thigh_inclination": ("thigh_inclination_deg",),
        "thigh_asymmetry": ("thigh_asymmetry_deg",),
        "thigh_wobble": ("thigh_wobble_deg_s",),
        "knee_flexion": ("knee_flexion_deg",),
        "hip_flexion": ("hip_flexion_deg",),
        "hip_internal_rotation": ("hip_ir_deg",),
        "return_error": ("return_error_deg",),
        "open_range": ("open_range_deg",),
        "closed_range": ("closed_range_deg",),
        "list_error": ("list_error_deg",),
        "smoothness": ("smoothness_sparc",),
        "time_to_stable": ("time_to_stable_s",),
        "internal_rotation_apparent": ("apparent_ir_deg",),
        "external_rotation_apparent": ("apparent_er_deg",),
        "internal_rotation_true": ("true_ir_deg",),
        "pelvis_quiet_share": ("pelvis_quiet_share",),
    }.items()
}  # fmt: skip
TESTS = (
    "hip_rotation_supine",
    "hip_rotation_prone",
    "hip_rotation_seated",
    "knee_to_chest",
    "hip_extension_prone",
    "hinge",
    "single_leg_hinge",
    "internal_rotation_hinge",
    "hip_airplane",
    "split_squat_rotation",
    "lateral_lunge",
    "squat",
    "rotations_90_90",
)
_WORN = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right", "trunk")
_BOTH_WAYS = (
    *(t for t in TESTS if t.startswith("hip_rotation")),
    "hip_airplane",
    "rotations_90_90",
)
_TIMING_S = 0.15


def performances(test: str, people: int, first_seed: int) -> Iterator[Performance]:
    """Yield one performance a person; side, count, rate and skin vary from one to the next."""
    for seed in range(first_seed, first_seed + people):
        rng = np.random.default_rng([seed, 5])
        yield perform_after_walk(
            test,
            seed=seed,
            side="left" if seed % 2 else "right",
            repetitions=int(rng.integers(2, 6)),
            direction="both" if test in _BOTH_WAYS else None,
            mode="active" if seed % 3 == 0 else "passive",
            rate_hz=float(rng.choice([60.0, 100.0, 200.0])),
            soft_tissue=float(rng.choice([0.5, 1.0, 1.5])),
            sensors=_WORN,
        )


def main(arguments: list[str]) -> int:
    """Print counts, times and errors of every test."""
    parser = argparse.ArgumentParser(prog="benchmarks assessment")
    parser.add_argument("--people", type=int, default=50, help="per test")
    parser.add_argument("--first-seed", type=int, default=5000)
    parser.add_argument("--tests", nargs="+", choices=TESTS, default=TESTS)
    options = parser.parse_args(arguments)
    sets, right, late = 0, 0, []
    for test in options.tests:
        errors: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
        for done in performances(test, options.people, options.first_seed):
            (trial,) = imuhip.assess(done.recording).trials
            found = [(d, one) for d, reps in trial.repetitions.items() for one in reps]
            found.sort(key=lambda pair: pair[1].start_s)
            sets += 1
            same = [d for d, _ in found] == [one.direction for one in done.repetitions]
            right += same
            if not same:
                print(f"{done.recording.subject}: {len(found)} for {len(done.repetitions)}")
                continue
            for (_, one), true in zip(found, done.repetitions, strict=True):
                late.append((one.start_s - true.start_s, one.end_s - true.end_s))
            for measure in trial.measures:
                for truth in TRUTHS.get(measure.name, ()):
                    error = measure.value - done.truth[truth]
                    if np.isfinite(error):
                        errors[measure.name, truth].append((error, measure.sd))
        print(f"\n{test}, {options.people} people")
        heads = "".join(f"{head:>8}" for head in ("bias", "RMS", "max", "1 sd", "2 sd"))
        print(f"{'measure':36s} {'truth':26s}{heads}")
        for (name, truth), pairs in errors.items():
            error, sd = np.array(pairs).T
            size = np.abs(error)
            shares = [f"{100 * np.mean(size < k * sd):.0f}%" for k in (1, 2)]
            numbers = (error.mean(), np.sqrt(np.mean(error**2)), size.max())
            cells = [f"{number:.2f}" for number in numbers] + shares
            print(f"{name:36s} {truth:26s}" + "".join(f"{cell:>8}" for cell in cells))
    times = np.array(late)
    print(f"\nrepetitions counted exactly in {right} of {sets} sets ({100 * right / sets:.1f} %)")
    within = 100.0 * np.mean(np.abs(times) < _TIMING_S)
    bias = 1e3 * times.mean(axis=0)
    print(f"start and end within {_TIMING_S:g} s: {within:.2f} % of {times.size}; "
          f"bias {bias[0]:+.0f} and {bias[1]:+.0f} ms")  # fmt: skip
    return 0
