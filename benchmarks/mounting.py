"""Wrong mounting: what is found of it, and what a slipped strap costs before and after.

Simulated people, random mounting, consumer sensors, soft tissue off on even seeds and on on odd
ones, and a moderately loose strap on every third.

- names: sensors exchanged on purpose; ``told`` is how many sessions of that kind were given the
  grade D with that reason, ``doubted`` how many a C; in the row of right names both should be 0
- slips: one strap slips by some degrees at a random instant; ``found`` counts slips of the right
  sensor within 20 s, ``false`` any others; errors of size and time are means of magnitudes
- cost: RMSE of hip rotation of the slipped leg over the gait
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

import imuhip
from imuhip.core.segments import angle_column
from imuhip.core.series import ImuSeries
from imuhip.errors import ImuhipError

Sensors = Mapping[str, ImuSeries]
Slip = tuple[str, float, float]

_TOLD: Final = ("swapped", "exchange them", "same leg", "other leg")
_NEAR_S: Final = 20.0


def _person(activity: str, minutes: float, seed: int, **options: Any) -> imuhip.Recording:
    return imuhip.simulate(
        activity,
        minutes,
        seed,
        soft_tissue=float(seed % 2),
        strap_wobble=0.5 if seed % 3 == 0 else 0.0,
        pose_error_deg=2.0,
        **options,
    )


# -- names --------------------------------------------------------------------------------------


def misnamed(activity: str, minutes: float, seed: int) -> dict[str, Sensors]:
    """Return one person's sensors by the mistake made in naming them."""
    worn = _person(activity, minutes, seed).sensors
    nominal = _person(activity, minutes, seed, mounting="nominal").sensors
    pelvis, left, right = (worn[name] for name in ("pelvis", "thigh_left", "thigh_right"))
    return {
        "right names": worn,
        "left and right swapped": {"pelvis": pelvis, "thigh_left": right, "thigh_right": left},
        "pelvis and thigh swapped": {"pelvis": left, "thigh_left": pelvis, "thigh_right": right},
        "both on the right thigh": {
            "pelvis": pelvis,
            "thigh_left": nominal["thigh_right"],
            "thigh_right": right,
        },
        "one thigh, right name": {"pelvis": pelvis, "thigh_right": right},
        "one thigh, wrong name": {"pelvis": pelvis, "thigh_right": left},
    }


def verdict(sensors: Sensors, like: imuhip.Recording) -> str:
    """Return ``"told"``, ``"doubted"`` or ``"passed"``."""
    recording = imuhip.Recording(rate_hz=like.rate_hz, sensors=sensors, markers=like.markers)
    try:
        quality = imuhip.analyze(recording).quality
    except ImuhipError as error:
        return "told" if any(words in str(error) for words in _TOLD) else "refused"
    mounting = quality["mounting"]
    if mounting["grade"] == "D" and any(w in r for r in mounting["reasons"] for w in _TOLD):
        return "told"
    return "doubted" if mounting["grade"] in "CD" else "passed"


def _print_names(activity: str, seeds: Iterable[int], minutes: float) -> None:
    verdicts: dict[str, list[str]] = {}
    for seed in seeds:
        like = _person(activity, minutes, seed)
        for mistake, sensors in misnamed(activity, minutes, seed).items():
            verdicts.setdefault(mistake, []).append(verdict(sensors, like))
    print(f"\n{activity}, {minutes:g} min: names")
    print(f"{'sensors':<28}{'sessions':>10}{'told':>8}{'doubted':>9}{'refused':>9}{'passed':>8}")
    for mistake, found in verdicts.items():
        counts = [found.count(word) for word in ("told", "doubted", "refused", "passed")]
        print(
            f"{mistake:<28}{len(found):>10}"
            + "".join(f"{n:>{w}}" for n, w in zip(counts, (8, 9, 9, 8), strict=True))
        )


# -- slips --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SlipOutcome:
    """One session with a slip in it (or none, when `found` is never counted).

    Parameters
    ----------
    found : bool
    false : int
        Slips reported that were not there.
    size_error_deg, time_error_s : float
        NaN when not found.
    rmse_deg : tuple of float
        Hip rotation without the slip, with it, and with it corrected; NaN for the pelvis' slip.
    """

    found: bool
    false: int
    size_error_deg: float
    time_error_s: float
    rmse_deg: tuple[float, float, float]


def _rotation_rmse(analysis: imuhip.Analysis, recording: imuhip.Recording, segment: str) -> float:
    truth = recording.truth
    if truth is None:
        raise ValueError("Expected a simulated recording, got one without truth")
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    rows = np.asarray((truth.index >= gait.start_s) & (truth.index <= gait.end_s))
    sides = [segment.removeprefix("thigh_")] if segment != "pelvis" else ["left", "right"]
    columns = [angle_column(f"hip_rotation_{side}") for side in sides]
    error = (analysis.angles[columns].to_numpy() - truth[columns].to_numpy())[rows]
    return float(np.sqrt(np.nanmean(error**2)))


def slip_outcome(
    activity: str, minutes: float, seed: int, segment: str, size: float
) -> SlipOutcome:
    """Let one strap slip, and look at what was found and what it cost."""
    draw = np.random.default_rng(seed)
    kept = _person(activity, minutes, seed)
    gait = next(marker for marker in kept.markers if marker.name == "gait")
    at_s = gait.start_s + float(draw.uniform(0.2, 0.8)) * (gait.end_s - gait.start_s)
    degrees = size * float(draw.choice([-1.0, 1.0]))
    slip: Slip | None = (segment, at_s, degrees) if size else None
    slipped = _person(activity, minutes, seed, strap_slip=slip)
    plain = imuhip.analyze(slipped)
    mine = [
        found
        for found in plain.quality["slips"]
        if size and found["segment"] == segment and abs(found["at_s"] - at_s) < _NEAR_S
    ]
    corrected = imuhip.analyze(slipped, correct_slips=True) if mine else plain
    return SlipOutcome(
        found=bool(mine),
        false=len(plain.quality["slips"]) - len(mine),
        size_error_deg=abs(mine[0]["degrees"] - degrees) if mine else float("nan"),
        time_error_s=abs(mine[0]["at_s"] - at_s) if mine else float("nan"),
        rmse_deg=(
            _rotation_rmse(imuhip.analyze(kept), kept, segment),
            _rotation_rmse(plain, slipped, segment),
            _rotation_rmse(corrected, slipped, segment),
        ),
    )


def _print_slips(activity: str, seeds: Iterable[int], minutes: float) -> None:
    print(f"\n{activity}, {minutes:g} min: slips (hip rotation RMSE pooled over sessions)")
    print(
        f"{'slip':<18}{'sessions':>9}{'found':>7}{'false':>7}{'size error':>12}{'time error':>12}"
        f"{'no slip':>10}{'slipped':>10}{'corrected':>11}"
    )
    for segment, size in (
        ("thigh_left", 0.0),
        ("thigh_left", 5.0),
        ("thigh_left", 10.0),
        ("thigh_right", 20.0),
        ("pelvis", 10.0),
    ):
        found = [slip_outcome(activity, minutes, seed, segment, size) for seed in seeds]
        hits = [one for one in found if one.found]
        rmse = np.sqrt(np.mean([np.square(one.rmse_deg) for one in found], axis=0))
        size_error = np.mean([one.size_error_deg for one in hits]) if hits else float("nan")
        time_error = np.mean([one.time_error_s for one in hits]) if hits else float("nan")
        name = f"{segment} {size:g}°" if size else "none"
        print(
            f"{name:<18}{len(found):>9}{len(hits):>7}{sum(one.false for one in found):>7}"
            f"{size_error:>10.2f} °{time_error:>10.1f} s"
            f"{rmse[0]:>8.2f} °{rmse[1]:>8.2f} °{rmse[2]:>9.2f} °",
            flush=True,
        )


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks mounting",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--activity", nargs="+", default=["walk", "run", "mixed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(1, 9)))
    parser.add_argument("--minutes", type=float, default=4.0, help="of sessions with slips")
    parser.add_argument("--names-minutes", type=float, default=1.0, help="of misnamed sessions")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Print what was found of each mistake and each slip."""
    options = _arguments(arguments)
    print(" ".join(["$ python -m benchmarks mounting", *arguments]))
    for activity in options.activity:
        _print_names(activity, options.seeds, options.names_minutes)
        _print_slips(activity, options.seeds, options.minutes)
    return 0
