"""The magnetometer, undisturbed and disturbed: what it does to the hips, and what it says.

Simulated people with consumer sensors (a hard iron of 1 µT on each axis is left in them). ``off``
is this analysis as it is by default, ``on`` with the magnetometer, ``filter`` the heading that the
same filter has with the magnetometer and nothing else (9D VQF, zero from the N-pose): RMSE of hip
rotation over the gait, all people and both sides. ``worst`` is the most that ``on`` is worse than
``off`` for any one hip. ``disturbed`` is the share of time with a stray field above 3 µT as the
analysis finds it, and as it truly was, over all sensors; ``used`` how many hips believed the
magnetometer. ``north`` is the error of the pelvis' direction against magnetic north, RMSE over the
recording, and how many recordings claimed to know it.

The second table takes the left thigh's sensor away for 4 s between pose and gait: it comes back in
a world of its own. ``known`` is in how many recordings its hip has angles at all, without and with
the magnetometer; RMSE and stated uncertainty (one sigma) of hip rotation are of those.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

import imuhip
from benchmarks._document import Printed, add_write
from benchmarks._scoring import errors
from imuhip.analysis.headings import block_to_rows
from imuhip.analysis.magnetic import FRAME_S
from imuhip.analysis.offline import Kinematics, analyze_offline
from imuhip.analysis.settings import Settings
from imuhip.core import quaternion
from imuhip.core.segments import SIDES, angle_column
from imuhip.core.series import FloatArray
from imuhip.fusion.filters import offline_orientation
from imuhip.fusion.turn_rate import interval_rate
from imuhip.kinematics.angles import hip_from_segments

PLACES: Final[dict[str, dict[str, float]]] = {
    "outdoors": {},
    "building": {"building": 1.0},
    "steel building": {"building": 3.0},
    "iron passed": {"iron": 1.0},
    "treadmill motor": {"motor": 1.0},
    "strong motor": {"motor": 3.0},
}
_STRAY_UT: Final = 3.0
_AWAY_S: Final = 4.0
_SENSED: Final = ("acc", "gyr", "mag")
_HIPS: Final = tuple(f"hip_rotation_{side}" for side in SIDES)
_Z: Final = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class Back:
    """Hip rotation of a thigh whose sensor was away: squared error deg² and sd, NaN if unknown."""

    squared: float
    sd_deg: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recording: squared errors in deg² of (off, on, filter) by hip, and what was said."""

    squared: FloatArray
    found_share: float
    true_share: float
    used: int
    north_squared: float
    back: tuple[Back, Back]


def fused_rotation(recording: imuhip.Recording, found: Kinematics) -> dict[str, FloatArray]:
    """Return hip rotation in degrees with the headings of the filter and its magnetometer."""
    turned = {segment: _magnetic_turn(recording, found, segment) for segment in recording.sensors}
    pose = slice(found.pose.rows.start, found.pose.rows.end)
    values = {}
    for side in SIDES:
        apart = np.unwrap(turned[f"thigh_{side}"] - turned["pelvis"])
        wanted = apart - apart[pose].mean()
        has = block_to_rows(found.tracks[side].heading_rad, len(found.grid), found.grid.rate_hz)
        turn = wanted - (has - has[pose].mean())
        q_turned = quaternion.multiply(quaternion.about_axis(_Z, turn), found.q_WB[f"thigh_{side}"])
        hip = hip_from_segments(found.q_WB["pelvis"], q_turned, side)
        values[f"hip_rotation_{side}"] = np.degrees(hip[:, 2])
    return values


def _magnetic_turn(recording: imuhip.Recording, found: Kinematics, segment: str) -> FloatArray:
    """Return how far (n,) the magnetometer turns the filter's world, rad."""
    series, rate_hz = recording.sensors[segment], found.grid.rate_hz
    if series.mag is None:
        raise ValueError(f"Expected a magnetometer on {segment}, got none")
    rate = interval_rate(series.gyr, series.gyr[[0, 0]], rate_hz)
    q_WS = [
        offline_orientation("vqf", rate, series.acc, rate_hz, mag).q_WS
        for mag in (series.mag, None)
    ]
    turn = quaternion.multiply(q_WS[0], quaternion.conjugate(q_WS[1]))
    return np.unwrap(quaternion.heading_about_z(turn))


def outcome(activity: str, minutes: float, seed: int, place: str, softness: float) -> Outcome:
    """Analyse one person in one place, three ways."""
    recording = imuhip.simulate(
        activity, minutes, seed, soft_tissue=softness, magnetometer=PLACES[place] or True
    )
    clean = imuhip.simulate(activity, minutes, seed, soft_tissue=softness, magnetometer=True)
    plain = imuhip.analyze(recording)
    asked = imuhip.analyze(recording, magnetometer=True)
    kinematics = analyze_offline(
        recording.sensors, recording.markers, recording.rate_hz, Settings()
    )
    by_filter = fused_rotation(recording, kinematics)
    ways = [_columns(plain), _columns(asked), by_filter]
    squared = np.array([[errors(way, recording)[hip].squared for hip in _HIPS] for way in ways])
    told = asked.quality["magnetometer"]
    shares = [one["disturbed_percent"] for one in told["sensors"].values()]
    return Outcome(
        squared=squared,
        found_share=float(np.mean(shares)),
        true_share=_true_share(recording, clean),
        used=sum(hip["used"] for hip in told["hips"].values()),
        north_squared=_north_squared(asked, recording),
        back=_back(recording),
    )


def _back(recording: imuhip.Recording) -> tuple[Back, Back]:
    """Return what becomes of a thigh that was away, without and with the magnetometer."""
    swings = next(marker for marker in recording.markers if marker.name == "leg_swing_left")
    series = recording.sensors["thigh_left"]
    away = (series.time_s >= swings.start_s) & (series.time_s < swings.start_s + _AWAY_S)
    gone = replace(
        series,
        valid=series.valid & ~away,
        **{name: np.where(away[:, None], np.nan, getattr(series, name)) for name in _SENSED},
    )
    lossy = replace(recording, sensors=dict(recording.sensors) | {"thigh_left": gone})
    found = []
    for asked in (False, True):
        table = imuhip.analyze(lossy, magnetometer=asked).angles
        angle = table["hip_rotation_left_deg"].to_numpy()
        scored = errors({"hip_rotation_left": angle}, recording)["hip_rotation_left"]
        known = scored.missing < 0.5
        sd = table["hip_rotation_left_sd_deg"].to_numpy()
        found.append(
            Back(scored.squared, float(np.nanmedian(sd))) if known else Back(np.nan, np.nan)
        )
    return found[0], found[1]


def _columns(analysis: imuhip.Analysis) -> dict[str, FloatArray]:
    return {name: analysis.angles[angle_column(name)].to_numpy() for name in _HIPS}


def _true_share(recording: imuhip.Recording, clean: imuhip.Recording) -> float:
    """Return the percentage of frames with a stray field: the same person without it is known."""
    frame = round(FRAME_S * recording.rate_hz)
    shares = []
    for segment, series in recording.sensors.items():
        without = clean.sensors[segment].mag
        if series.mag is None or without is None:
            raise ValueError(f"Expected a magnetometer on {segment}, got none")
        stray = np.linalg.norm(series.mag - without, axis=1)
        frames = stray[: len(stray) // frame * frame].reshape(-1, frame).mean(axis=1)
        shares.append(100.0 * float(np.mean(frames > _STRAY_UT)))
    return float(np.mean(shares))


def _north_squared(analysis: imuhip.Analysis, recording: imuhip.Recording) -> float:
    """Return the mean squared error of the pelvis' direction, deg²; NaN where it is not known."""
    truth = recording.truth_motion
    if truth is None or analysis.quality["magnetometer"]["orientations_y_axis"] == "arbitrary":
        return float("nan")
    off = quaternion.multiply(
        analysis.orientations["pelvis"], quaternion.conjugate(truth.orientations["pelvis"])
    )
    turned = np.degrees(quaternion.heading_about_z(off))
    return float(np.mean(((turned + 180.0) % 360.0 - 180.0) ** 2))


def _row(activity: str, place: str, found: list[Outcome]) -> str:
    squared = np.stack([one.squared for one in found])
    rmse = np.sqrt(squared.mean(axis=(0, 2)))
    each = np.sqrt(squared)
    north = np.array([one.north_squared for one in found])
    known = np.isfinite(north)
    told_north = f"{np.sqrt(north[known].mean()):.1f}" if known.any() else "-"
    return (
        f"{activity:<6}{place:<17}{rmse[0]:>6.2f}{rmse[1]:>6.2f}"
        f"{np.max(each[:, 1] - each[:, 0]):>+8.2f}{rmse[2]:>9.2f}"
        f"{np.mean([one.found_share for one in found]):>8.0f} %"
        f"{np.mean([one.true_share for one in found]):>5.0f} %"
        f"{sum(one.used for one in found):>6d}/{each.shape[0] * each.shape[2]:<4d}"
        f"{told_north:>6} ({int(known.sum())}/{len(found)})"
    )


def _back_row(activity: str, place: str, found: list[Outcome]) -> str:
    squared = np.array([[back.squared for back in one.back] for one in found])
    known = np.isfinite(squared)
    told = f"{'-':>8}{'-':>8}"
    if known[:, 1].any():
        sd = np.mean([one.back[1].sd_deg for one in found if np.isfinite(one.back[1].squared)])
        told = f"{np.sqrt(np.nanmean(squared[:, 1])):>8.2f}{sd:>8.2f}"
    counts = "".join(f"{int(known[:, k].sum()):>8d}/{len(found)}" for k in range(2))
    return f"{activity:<6}{place:<17}{counts}{told}"


def main(arguments: list[str]) -> int:
    """Print one row for each activity and place."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks magnetometer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32, 33, 34])
    parser.add_argument("--soft-tissue", type=float, default=0.0)
    parser.add_argument("--activity", nargs="+", default=["walk", "run"])
    parser.add_argument("--places", nargs="+", choices=list(PLACES), default=list(PLACES))
    add_write(parser)
    options = parser.parse_args(arguments)
    say = Printed("magnetometer", arguments)
    say(f"{'':<23}{'hip rotation, deg':^29}{'disturbed':^17}{'hips':>7}{'north, deg':>14}")
    say(
        f"{'gait':<6}{'place':<17}{'off':>6}{'on':>6}{'worst':>8}{'filter':>9}"
        f"{'found':>10}{'true':>7}{'used':>8}"
    )
    outcomes = {}
    for activity in options.activity:
        for place in options.places:
            outcomes[activity, place] = [
                outcome(activity, options.minutes, seed, place, options.soft_tissue)
                for seed in options.seeds
            ]
            say(_row(activity, place, outcomes[activity, place]))
    say("\nleft thigh sensor away for 4 s between pose and gait")
    say(f"{'gait':<6}{'place':<17}{'known off':>10}{'known on':>10}{'RMSE':>8}{'stated':>8}")
    for (activity, place), found in outcomes.items():
        say(_back_row(activity, place, found))
    if options.write:
        say.write(options.document)
    return 0
