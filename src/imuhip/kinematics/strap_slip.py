"""A strap that slipped: when, how far, and what the sensor would have read without.

Two things stay as they are on a body as long as it moves as before: where gravity points on average
in gait, and how a segment moves along with the swing of the legs. Seen from the sensor, both turn
at once when the strap does. Every 10 s of gait gives one estimate of both; a step in their course
is a slip, unless speed or gait changed with it, which can do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray, ImuSeries
from imuhip.kinematics.step_search import best_step, step_at

__all__ = ["StrapSlip", "find_slips", "slip_course", "swing_signal", "undo_slips"]

_CELL_S = 0.5
_WINDOW_CELLS = 20
_FULL_SHARE = 0.7
_LEAST_RAD = np.radians(3.0)
_LEAST_TILT_RAD = np.radians(5.0)
"""Leaning into a hill or into speed tilts a body by some degrees, and is no slip."""
_TILT_SIGMAS = 6.0
_MOST_SLIPS = 3
_SLIP_TAKES_S = 0.5
_RUNNING_M_S2 = 4.0
"""Spread of the pelvis' specific force below 5 Hz: 0.8 to 2 m/s² walking, 5.5 to 8 running."""

ComplexArray = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class StrapSlip:
    """One slip of one strap.

    Parameters
    ----------
    segment : str
    at_s : float, s
        When, on the recording's clock; within about 3 s in gait.
    turned_S : (3,) array, rad
        Rotation vector of the sensor in its own axes before the slip.
    axial_rad : float
        Its part about the segment's long axis, counterclockwise seen from above.
    tilt_rad : float
        Its part across; 0 when none could be told from leaning.
    sd_rad : float
        One sigma of the axial part.
    """

    segment: str
    at_s: float
    turned_S: FloatArray
    axial_rad: float
    tilt_rad: float
    sd_rad: float


@dataclass(frozen=True, slots=True)
class _Cells:
    """Sums over half seconds of gait: any window is a sum of some of them."""

    samples: FloatArray
    pattern: ComplexArray
    force: FloatArray
    intensity: FloatArray


def swing_signal(gyr: Mapping[str, FloatArray], right_S: Mapping[str, FloatArray]) -> FloatArray:
    """Return the flexion rate (n,) rad/s of the right thigh less the left one's.

    Parameters
    ----------
    gyr : mapping of thigh to (n, 3) array, rad/s
    right_S : mapping of thigh to (3,) array
        Flexion axes.
    """
    rates = [
        (gyr[thigh] @ axis) * (1.0 if thigh.endswith("right") else -1.0)
        for thigh, axis in right_S.items()
    ]
    return np.asarray(np.sum(rates, axis=0))


def find_slips(
    time_s: FloatArray,
    gyr: Mapping[str, FloatArray],
    acc: Mapping[str, FloatArray],
    pose_up_S: Mapping[str, FloatArray],
    swing_rad_s: FloatArray,
    rows: Mapping[str, BoolArray],
    rate_hz: float,
) -> list[StrapSlip]:
    """Find the slips of all sensors, in order of time.

    Parameters
    ----------
    time_s : (n,) array
    gyr, acc : mapping of segment to (n, 3) array, rad/s and m/s²
        Low-passed at about 5 Hz, sensor frame.
    pose_up_S : mapping of segment to (3,) array
        Vertical in the pose: nearly the segment's long axis.
    swing_rad_s : (n,) array
        From `swing_signal`.
    rows : mapping of segment to (n,) bool array
        Gait in which the sensor can be believed.
    rate_hz : float
    """
    found = []
    for segment, rate in gyr.items():
        cells = _sum_cells(
            rate,
            acc[segment],
            acc["pelvis"],
            pose_up_S[segment],
            swing_rad_s,
            rows[segment],
            rate_hz,
        )
        found += _slips_of(segment, cells, pose_up_S[segment], float(time_s[0]))
    return sorted(found, key=lambda slip: slip.at_s)


def _sum_cells(
    gyr: FloatArray,
    acc: FloatArray,
    pelvis_acc: FloatArray,
    up_S: FloatArray,
    swing_rad_s: FloatArray,
    rows: BoolArray,
    rate_hz: float,
) -> _Cells:
    cell = round(_CELL_S * rate_hz)
    n_cells = len(gyr) // cell
    used = rows[: n_cells * cell].astype(float)

    def summed(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        part = values[: n_cells * cell]
        weight = used.reshape(-1, *([1] * (part.ndim - 1)))
        return np.asarray((part * weight).reshape(n_cells, cell, *part.shape[1:]).sum(axis=1))

    first, second = _level_axes(up_S)
    beats = [swing_rad_s, np.gradient(swing_rad_s)]
    pattern = []
    for signal in (gyr, acc):
        flat = signal @ first + 1j * (signal @ second)
        flat = flat - flat[rows].mean() if rows.any() else flat
        size = np.sqrt(np.mean(np.abs(flat[rows]) ** 2)) if rows.any() else 1.0
        for beat in beats:
            scale = max(float(size * np.std(beat[rows])) if rows.any() else 1.0, 1e-12)
            pattern.append(summed(flat * beat / scale))
    deviation = np.linalg.norm(pelvis_acc, axis=1)
    deviation = (deviation - deviation[rows].mean()) ** 2 if rows.any() else deviation
    return _Cells(
        samples=np.asarray(summed(np.ones(len(gyr))), dtype=float) / cell,
        pattern=np.stack(pattern, axis=1).astype(np.complex128),
        force=np.asarray(summed(acc), dtype=float),
        intensity=np.asarray(summed(deviation), dtype=float) / cell,
    )


def _level_axes(up_S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two axes (3,) across `up_S` that make a right-handed frame with it."""
    first = np.cross(up_S, np.eye(3)[np.argmin(np.abs(up_S))])
    first = first / np.linalg.norm(first)
    return first, np.cross(up_S, first)


def _slips_of(segment: str, cells: _Cells, up_S: FloatArray, start_s: float) -> list[StrapSlip]:
    windows = _windows(cells)
    if len(windows) < 6:
        return []
    starts = np.array([first for first, _ in windows])
    samples = np.array([cells.samples[a:b].sum() for a, b in windows])
    pattern = np.stack([cells.pattern[a:b].sum(axis=0) for a, b in windows]) / samples[:, None]
    azimuth = _azimuth(pattern)
    tilt = _tilt(np.stack([cells.force[a:b].sum(axis=0) for a, b in windows]), up_S)
    spread = np.sqrt(np.array([cells.intensity[a:b].sum() for a, b in windows]) / samples)
    beat = np.log(np.maximum(spread, 1e-3))
    running = np.asarray(spread > _RUNNING_M_S2)
    found: list[StrapSlip] = []
    for _ in range(_MOST_SLIPS):
        step = best_step(azimuth, running, beat)
        if step is None or abs(step.size) < _LEAST_RAD:
            break
        tipped = _tilt_step(tilt, running, beat, step.index)
        edge = int(starts[step.index])
        at = _refine(cells, edge, step.size)
        axial = -step.size
        across = _level_axes(up_S)
        turned = axial * up_S - tipped[0] * across[0] - tipped[1] * across[1]
        found.append(
            StrapSlip(
                segment=segment,
                at_s=start_s + at * _CELL_S,
                turned_S=turned,
                axial_rad=axial,
                tilt_rad=float(np.hypot(*tipped)),
                sd_rad=step.sd,
            )
        )
        azimuth = azimuth - step.size * (np.arange(len(azimuth)) >= step.index)
        tilt = tilt - tipped * (np.arange(len(azimuth)) >= step.index)[:, None]
    return found


def _windows(cells: _Cells) -> list[tuple[int, int]]:
    """Return the windows of 10 s that are mostly gait, as half-open runs of cells."""
    starts = range(0, len(cells.samples) - _WINDOW_CELLS + 1, _WINDOW_CELLS)
    return [
        (a, a + _WINDOW_CELLS)
        for a in starts
        if cells.samples[a : a + _WINDOW_CELLS].mean() >= _FULL_SHARE
    ]


def _azimuth(pattern: ComplexArray) -> FloatArray:
    """Return by how much (k,) rad each window's pattern is turned against their middle one."""
    reference = np.median(pattern.real, axis=0) + 1j * np.median(pattern.imag, axis=0)
    turned = np.zeros(len(pattern))
    for _ in range(4):
        turned = np.angle((pattern * reference.conj()).sum(axis=1))
        back = pattern * np.exp(-1j * turned)[:, None]
        reference = np.median(back.real, axis=0) + 1j * np.median(back.imag, axis=0)
    return np.asarray(turned)


def _tilt(force: FloatArray, up_S: FloatArray) -> FloatArray:
    """Return the rotation (k, 2) rad, about the level axes, from the mean vertical to each one."""
    up = force / np.linalg.norm(force, axis=1, keepdims=True)
    middle = np.median(up, axis=0)
    turn = np.cross(middle / np.linalg.norm(middle), up)
    return np.asarray(turn @ np.stack(_level_axes(up_S), axis=1))


def _tilt_step(
    tilt: FloatArray, running: BoolArray, intensity: FloatArray, index: int
) -> FloatArray:
    """Return how far (2,) rad gravity tipped with the slip; 0 unless more than leaning explains."""
    steps = [step_at(tilt[:, k], running, intensity, index) for k in range(2)]
    size = np.array([step.size for step in steps])
    sure = max(_LEAST_TILT_RAD, _TILT_SIGMAS * max(step.sd for step in steps))
    return size if np.hypot(*size) > sure else np.zeros(2)


def _refine(cells: _Cells, edge: int, size_rad: float) -> float:
    """Return the cell in which the slip happened, searched a window to both sides of `edge`."""
    first, last = max(0, edge - _WINDOW_CELLS), min(len(cells.samples), edge + _WINDOW_CELLS)
    before = cells.pattern[max(0, first - _WINDOW_CELLS) : first].sum(axis=0)
    after = cells.pattern[last : last + _WINDOW_CELLS].sum(axis=0)
    after = after * np.exp(-1j * size_rad)
    reference = before + after if np.abs(before + after).sum() > 0 else cells.pattern.sum(axis=0)
    seen = (cells.pattern[first:last] * reference.conj()).sum(axis=1)
    # How well each cell fits "not yet" and "done"; the best split has most of both.
    not_yet = np.concatenate([[0.0], np.cumsum(seen.real)])
    done = np.cumsum((seen * np.exp(-1j * size_rad)).real[::-1])[::-1]
    return float(first + np.argmax(not_yet + np.concatenate([done, [0.0]])))


def slip_course(time_s: FloatArray, slips: Sequence[StrapSlip]) -> tuple[FloatArray, FloatArray]:
    """Return how the sensor sits against before any slip, and its rate of slipping.

    Parameters
    ----------
    time_s : (n,) array
    slips : sequence of StrapSlip
        Of one sensor.

    Returns
    -------
    q_before_now : (n, 4) array
        The sensor's axes as they are, seen from where they were.
    rate : (n, 3) array, rad/s
        Each slip spread over half a second.
    """
    total, rate = np.zeros((len(time_s), 3)), np.zeros((len(time_s), 3))
    for slip in slips:
        done = (time_s - slip.at_s) / _SLIP_TAKES_S
        inside = (done >= 0.0) & (done < 1.0)
        total += np.clip(done, 0.0, 1.0)[:, None] * slip.turned_S
        rate += inside[:, None] * slip.turned_S / _SLIP_TAKES_S
    return quaternion.from_rotation_vector(total), rate


def undo_slips(series: ImuSeries, slips: Sequence[StrapSlip]) -> ImuSeries:
    """Return what the sensor would have read had its strap not slipped.

    The angular rate of the slip itself is taken out as well, spread over half a second: otherwise
    the segment would seem to have turned. The samples given are not changed.

    Parameters
    ----------
    series : ImuSeries
    slips : sequence of StrapSlip
        Of this sensor.
    """
    if not slips:
        return series
    q_before_now, rate = slip_course(series.time_s, slips)
    return ImuSeries(
        time_s=series.time_s,
        acc=quaternion.rotate(q_before_now, series.acc),
        gyr=quaternion.rotate(q_before_now, series.gyr) - rate,
        mag=None if series.mag is None else quaternion.rotate(q_before_now, series.mag),
        valid=series.valid,
    )
