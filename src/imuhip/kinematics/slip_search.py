"""Straps that slipped: which, when, and how far.

Three things stay as they are on a body as long as it moves as before: where gravity points on
average in gait, the axis a thigh swings about, and how the pelvis moves along with the legs. Seen
from the sensor, they turn at once when the strap does. Every 10 s of gait gives one estimate of
each; a step in their course is a slip, unless speed or gait changed with it, which can do the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from imuhip.core import quaternion
from imuhip.core.series import BoolArray, FloatArray
from imuhip.kinematics.step_search import best_step, step_at
from imuhip.kinematics.strap_slip import StrapSlip

__all__ = ["find_slips", "swing_signal"]

_CELL_S = 0.5
_WINDOW_CELLS = 20
_FULL_SHARE = 0.7
_LEAST_RAD = np.radians(3.0)
_LEAST_TILT_RAD = np.radians(5.0)
"""Leaning into a hill or into speed tilts a body by some degrees, and is no slip."""
_TILT_SIGMAS = 6.0
_MOST_SLIPS = 3
_FEWEST_WINDOWS = 6
_FORCE_WEIGHT = 0.3
"""The force at the skin has parts that turn with the sensor, because the strap carries it along."""
_RUNNING_M_S2 = 4.0
"""Spread of the pelvis' specific force below 5 Hz: 0.8 to 2 m/s² walking, 5.5 to 8 running."""

ComplexArray = npt.NDArray[np.complex128]


@dataclass(frozen=True, slots=True)
class _Cells:
    """Sums over half seconds of gait: any window is a sum of some of them."""

    samples: FloatArray
    pattern: ComplexArray
    force: FloatArray
    intensity: FloatArray
    turns: int


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
            swing_rad_s if segment == "pelvis" else None,
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
    swing_rad_s: FloatArray | None,
    rows: BoolArray,
    rate_hz: float,
) -> _Cells:
    """Sum over cells; without a swing signal the pattern is the rate's own second moment.

    As complex numbers across the long axis, the products with the swing turn by the angle the
    sensor turns by, the second moment by twice that: `_Cells.turns`. A thigh has a principal axis
    and needs no swing, which would be seen by the slipped sensor itself.
    """
    cell = round(_CELL_S * rate_hz)
    n_cells = len(gyr) // cell
    used = rows[: n_cells * cell].astype(float)

    def summed(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        part = values[: n_cells * cell]
        weight = used.reshape(-1, *([1] * (part.ndim - 1)))
        return np.asarray((part * weight).reshape(n_cells, cell, *part.shape[1:]).sum(axis=1))

    first, second = _level_axes(up_S)
    flat_rate, flat_force = (
        _centred(signal @ first + 1j * (signal @ second), rows) for signal in (gyr, acc)
    )
    if swing_rad_s is None:
        pattern = [summed(flat_rate**2)]
    else:
        beats = [_centred(beat, rows) for beat in (swing_rad_s, np.gradient(swing_rad_s))]
        pattern = [summed(flat_rate * beat) for beat in beats]
        pattern += [summed(_FORCE_WEIGHT * flat_force * beat) for beat in beats]
    deviation = np.linalg.norm(pelvis_acc, axis=1)
    deviation = (deviation - deviation[rows].mean()) ** 2 if rows.any() else deviation
    return _Cells(
        samples=np.asarray(summed(np.ones(len(gyr))), dtype=float) / cell,
        pattern=np.stack(pattern, axis=1).astype(np.complex128),
        force=np.asarray(summed(acc), dtype=float),
        intensity=np.asarray(summed(deviation), dtype=float) / cell,
        turns=2 if swing_rad_s is None else 1,
    )


def _centred(signal: npt.NDArray[np.inexact[Any]], rows: BoolArray) -> npt.NDArray[np.inexact[Any]]:
    """Return the signal with mean 0 and spread 1 over `rows`."""
    if not rows.any():
        return signal
    centred = signal - signal[rows].mean()
    return np.asarray(centred / max(float(np.std(signal[rows])), 1e-12))


def _level_axes(up_S: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return two axes (3,) across `up_S` that make a right-handed frame with it."""
    first = np.cross(up_S, np.eye(3)[np.argmin(np.abs(up_S))])
    first = first / np.linalg.norm(first)
    return first, np.cross(up_S, first)


def _slips_of(segment: str, cells: _Cells, up_S: FloatArray, start_s: float) -> list[StrapSlip]:
    course = _course(cells)
    found: list[StrapSlip] = []
    while course is not None and len(found) < _MOST_SLIPS:
        rough = best_step(course.azimuth, course.running, course.beat)
        if rough is None or abs(rough.size) < _LEAST_RAD:
            break
        at = _refine(cells, int(course.starts[rough.index]), cells.turns * rough.size)
        # The window the slip falls into has seen both sides of it.
        clear = course.part(np.abs(course.starts + 0.5 * _WINDOW_CELLS - at) > 0.5 * _WINDOW_CELLS)
        index = int((clear.starts < at).sum())
        if not 0 < index < len(clear.starts):
            break
        step = step_at(clear.azimuth, clear.running, clear.beat, index)
        tipped = _tilt_step(clear.turned_back(-step.size * up_S, index), up_S, index)
        turned = -step.size * up_S - tipped
        found.append(
            StrapSlip(
                segment=segment,
                at_s=start_s + at * _CELL_S,
                turned_S=turned,
                axial_rad=-step.size,
                tilt_rad=float(np.linalg.norm(tipped)),
                sd_rad=step.sd,
            )
        )
        course = clear.turned_back(turned, index)
        course = replace(course, azimuth=clear.azimuth - step.size * (clear.starts > at))
    return found


@dataclass(frozen=True, slots=True)
class _Course:
    """One row for each window of gait: where it starts (cells), and what was seen in it."""

    starts: FloatArray
    azimuth: FloatArray
    force: FloatArray
    running: BoolArray
    beat: FloatArray

    def part(self, rows: BoolArray) -> _Course:
        """Return some of the windows."""
        return _Course(
            self.starts[rows],
            self.azimuth[rows],
            self.force[rows],
            self.running[rows],
            self.beat[rows],
        )

    def turned_back(self, turned_S: FloatArray, index: int) -> _Course:
        """Return the course with gravity from `index` on as before the sensor turned."""
        after = np.arange(len(self.starts)) >= index
        back = quaternion.from_rotation_vector(after[:, None] * turned_S)
        return replace(self, force=quaternion.rotate(back, self.force))


def _course(cells: _Cells) -> _Course | None:
    windows = _windows(cells)
    if len(windows) < _FEWEST_WINDOWS:
        return None
    samples = np.array([cells.samples[a:b].sum() for a, b in windows])
    pattern = np.stack([cells.pattern[a:b].sum(axis=0) for a, b in windows]) / samples[:, None]
    spread = np.sqrt(np.array([cells.intensity[a:b].sum() for a, b in windows]) / samples)
    return _Course(
        starts=np.array([float(first) for first, _ in windows]),
        azimuth=_azimuth(pattern) / cells.turns,
        force=np.stack([cells.force[a:b].sum(axis=0) for a, b in windows]),
        running=np.asarray(spread > _RUNNING_M_S2),
        beat=np.log(np.maximum(spread, 1e-3)),
    )


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


def _tilt_step(course: _Course, up_S: FloatArray, index: int) -> FloatArray:
    """Return the turn (3,) rad of gravity at a slip; 0 unless more than leaning explains."""
    up = course.force / np.linalg.norm(course.force, axis=1, keepdims=True)
    middle = np.median(up, axis=0)
    axes = _level_axes(up_S)
    turn = np.cross(middle / np.linalg.norm(middle), up)
    steps = [step_at(turn @ axis, course.running, course.beat, index) for axis in axes]
    size = float(np.linalg.norm([step.size for step in steps]))
    if size < max(_LEAST_TILT_RAD, _TILT_SIGMAS * max(step.sd for step in steps)):
        return np.zeros(3)
    return np.asarray(sum(step.size * axis for step, axis in zip(steps, axes, strict=True)))


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
