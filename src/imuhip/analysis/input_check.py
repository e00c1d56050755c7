"""What was handed in, looked at before anything is computed from it.

Wrong units and dead channels do not fail by themselves: they give smooth, confident, wrong curves.
Each check names the sensor, the figure found and the limit.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from imuhip.calibration.stillness import Stretch, stretches
from imuhip.core.series import BoolArray, FloatArray, ImuSeries
from imuhip.errors import AnalysisError

__all__ = ["LOWEST_RATE_HZ", "check_input"]

LOWEST_RATE_HZ = 25.0
"""The forces at the hip are used up to 6 Hz, and gait has impacts beyond."""

_GRAVITY_M_S2 = 9.80665
_REST_LIMITS_M_S2 = (7.0, 13.0)
"""Far beyond any calibration error: consumer sensors read 9.6 to 10.1 at rest."""

_FASTEST_RMS_RAD_S = 20.0
"""Over 10 s. Sprinters' thighs reach 8, a sensor rocking on a loose strap 12; a walking thigh in
deg/s 60 and more."""

_ODD_ONE_OUT = 8.0
"""The pelvis turns a sixth to a half as fast as the thighs, never many times as fast."""

_SLOWEST_RMS_RAD_S = 0.05
_MOVING_FORCE_M_S2 = 1.0
_MOVING_RATE_RAD_S = 0.5
_LONGEST_CONSTANT_S = 1.0
_BUSY_S = 10.0
_CHANNELS = ("acc x", "acc y", "acc z", "gyr x", "gyr y", "gyr z")


def check_input(sensors: Mapping[str, ImuSeries], rate_hz: float) -> None:
    """Raise for input that would give wrong angles without anybody noticing.

    Parameters
    ----------
    sensors : mapping of segment to ImuSeries
    rate_hz : float
        Nominal sample rate.

    Raises
    ------
    AnalysisError
        For a rate too low, units that are not m/s² and rad/s, or channels that stand still while
        the sensor moves.
    """
    if rate_hz < LOWEST_RATE_HZ:
        raise AnalysisError(
            f"sampled at {rate_hz:g} Hz, at least {LOWEST_RATE_HZ:g} Hz are needed",
            hint="Record at 50 Hz or more; 100 to 200 Hz are best.",
            code="E606",
        )
    worn = {s: series for s, series in sensors.items() if int(series.valid.sum()) >= 2 * rate_hz}
    second = max(2, round(rate_hz))
    moving: dict[str, BoolArray] = {}
    for segment in worn:
        _check_constant(segment, worn, moving, second)
    for segment, series in worn.items():
        _check_rest(segment, series, second)
    _check_rates(worn, second)


def _seconds(values: FloatArray, second: int) -> FloatArray:
    """Return (f, second, c) frames of one second."""
    n_frames = len(values) // second
    return values[: n_frames * second].reshape(n_frames, second, -1)


def _measured(values: FloatArray, valid: BoolArray) -> FloatArray:
    """Return the rows that were measured; no copy where all were."""
    return values if valid.all() else values[valid]


def _check_rest(segment: str, series: ImuSeries, second: int) -> None:
    """Raise unless the accelerometer reads about 9.8 where it moves least."""
    frames = _seconds(_measured(series.acc, series.valid), second)
    mean = np.ones(second) / second @ frames
    power = np.einsum("fsc,fsc->f", frames, frames) / second
    calmest = int(np.argmin(power - (mean**2).sum(axis=1)))
    rest = float(np.linalg.norm(frames[calmest], axis=1).mean())
    low, high = _REST_LIMITS_M_S2
    if low <= rest <= high:
        return
    guesses = {"g": _GRAVITY_M_S2, "mg": _GRAVITY_M_S2 / 1000.0}
    unit = next((name for name, scale in guesses.items() if low <= rest * scale <= high), None)
    if unit is not None:
        hint = f"The values look like {unit}: multiply them by {guesses[unit]:g}."
    elif rest < low:
        hint = "Give the specific force with gravity in it, as the sensor measures it, in m/s²."
    else:
        hint = "Give the specific force in m/s², not raw counts."
    raise AnalysisError(
        f"{segment}: the accelerometer reads {rest:.4g} where it moves least, {low:g} to {high:g}"
        " m/s² are expected of gravity",
        hint=hint,
        code="E607",
    )


def _check_rates(worn: Mapping[str, ImuSeries], second: int) -> None:
    """Raise unless the angular rates are those of a person, in rad/s."""
    busiest: dict[str, float] = {}
    for segment, series in worn.items():
        frames = _seconds(_measured(series.gyr, series.valid), second)
        power = np.einsum("fsc,fsc->f", frames, frames) / second
        window = min(len(power), round(_BUSY_S))
        running = np.convolve(power, np.ones(window) / window, mode="valid")
        busiest[segment] = float(np.sqrt(running.max()))
    thighs = [rms for segment, rms in busiest.items() if segment.startswith("thigh")]
    for segment, rms in busiest.items():
        limit = _FASTEST_RMS_RAD_S
        if segment == "pelvis" and thighs:
            limit = min(limit, _ODD_ONE_OUT * max(*thighs, _SLOWEST_RMS_RAD_S))
        if rms > limit:
            raise AnalysisError(
                f"{segment}: the gyroscope turns with {rms:.3g} rad/s rms over 10 s, up to"
                f" {limit:.3g} can be (thighs: {', '.join(f'{found:.3g}' for found in thighs)})",
                hint=f"{rms:.3g} deg/s would be {np.radians(rms):.2g} rad/s: convert with"
                " numpy.radians if the values are in deg/s.",
                code="E608",
            )
        least = _SLOWEST_RMS_RAD_S
        if segment.startswith("thigh") and "pelvis" in busiest:
            least = max(least, busiest["pelvis"] / _ODD_ONE_OUT)
        if rms < least and (shaken := _shaken(worn[segment], second)) > _MOVING_FORCE_M_S2:
            raise AnalysisError(
                f"{segment}: the gyroscope shows {rms:.2g} rad/s rms at most while the"
                f" accelerometer is shaken by {shaken:.2g} m/s²,"
                f" {least:.2g} rad/s are the least that can be",
                hint="Give the angular rate in rad/s; look whether the gyroscope was switched on.",
                code="E608",
            )


def _shaken(series: ImuSeries, second: int) -> float:
    """Return the spread of the force (m/s²) that the liveliest 10 s reach."""
    force = np.linalg.norm(_seconds(_measured(series.acc, series.valid), second), axis=2)
    return float(np.sort(force.std(axis=1))[-min(len(force), round(_BUSY_S))])


def _moving(series: ImuSeries, second: int) -> BoolArray:
    """Return (n,) whether the sensor is in motion in the second around; missing rows are not."""
    flags = np.zeros(len(series), dtype=bool)
    with np.errstate(invalid="ignore"):
        force = _seconds(series.acc, second).std(axis=1).max(axis=1)
        rate = _seconds(series.gyr, second).std(axis=1).max(axis=1)
        found = (force > _MOVING_FORCE_M_S2) | (rate > _MOVING_RATE_RAD_S)
    flags[: len(found) * second] = np.repeat(found, second)
    return flags


def _check_constant(
    segment: str, worn: Mapping[str, ImuSeries], moving: dict[str, BoolArray], second: int
) -> None:
    """Raise for a channel that stands still to the last digit while there is motion.

    `moving` is filled only once a channel stands: most recordings have none that does.
    """
    series = worn[segment]
    longest = round(_LONGEST_CONSTANT_S * second)
    channels = [*series.acc.T, *series.gyr.T]
    for name, values in zip(_CHANNELS, channels, strict=True):
        if not _may_stand(values, longest):
            continue
        runs = stretches(_same(values) & series.valid, minimum=longest)
        if runs and not moving:
            moving |= {other: _moving(series, second) for other, series in worn.items()}
        for run in runs:
            around = slice(run.start - 1, run.end)
            frozen = all(bool(_same(other[around])[1:].all()) for other in channels)
            if frozen:
                turning = float(np.linalg.norm(series.gyr[run.start])) > _MOVING_RATE_RAD_S
                others = [flags for other, flags in moving.items() if other != segment]
                in_motion = turning or any(_mostly(flags, run) for flags in others)
                what = "all channels stand"
            else:
                in_motion = _mostly(moving[segment], run)
                what = f"channel {name} stands"
            if in_motion:
                raise AnalysisError(
                    f"{segment}: {what} at exactly the same value for {len(run) / second:.1f} s"
                    f" (from {series.time_s[run.start]:.1f} s) in motion, {_LONGEST_CONSTANT_S:g} s"
                    " is the limit",
                    hint="Mark missing samples as NaN; look whether the channel is dead or was"
                    " filled in by another program.",
                    code="E609",
                )


def _may_stand(values: FloatArray, longest: int) -> bool:
    """Return whether a channel may stand for `longest` samples: four in every run are looked at."""
    few = values[:: max(1, longest // 4)]
    same = few[1:] == few[:-1]
    return bool((same[2:] & same[1:-1] & same[:-2]).any())


def _same(values: FloatArray) -> BoolArray:
    """Return (n,) whether a sample equals the one before."""
    same = np.zeros(len(values), dtype=bool)
    np.equal(values[1:], values[:-1], out=same[1:])
    return same


def _mostly(flags: BoolArray, run: Stretch) -> bool:
    part = flags[run.start : min(run.end, len(flags))]
    return len(part) > 0 and float(part.mean()) > 0.5
