"""Gaps in gait are carried across by the strides around them."""

from __future__ import annotations

import numpy as np

import imuhip
from imuhip.analysis.gap_fill import fill_from_strides, gap_turn_variance
from imuhip.analysis.grid import to_grid
from imuhip.core.series import ImuSeries

RATE_HZ = 100.0


def walker(n_samples: int = 3000) -> np.ndarray:
    """Return (n, 6) signals of a stride of 1.1 s with harmonics, a little different every time."""
    time_s = np.arange(n_samples) / RATE_HZ
    phase = 2 * np.pi * (time_s / 1.1 + 0.004 * np.sin(0.7 * time_s))
    shape = np.stack([np.sin(phase), np.cos(2 * phase), np.sin(3 * phase + 1)], axis=1)
    return np.concatenate([9.8 + 3 * shape, 2.5 * shape], axis=1)


def with_gaps(values: np.ndarray, length: int) -> tuple[dict[str, ImuSeries], np.ndarray]:
    lost = np.zeros(len(values), dtype=bool)
    for start in range(400, len(values) - 400, 170):
        lost[start : start + length] = True
    kept = np.where(lost[:, None], np.nan, values)
    time_s = np.arange(len(values)) / RATE_HZ
    return {"pelvis": ImuSeries(time_s, kept[:, :3], kept[:, 3:])}, lost


def test_neighbouring_strides_beat_a_straight_line() -> None:
    values = walker()
    sensors, lost = with_gaps(values, 8)
    grid = to_grid(sensors, RATE_HZ)
    gait = np.ones(len(values), dtype=bool)
    filled = fill_from_strides(grid, gait, np.full(len(values), 1.1))
    straight = np.sqrt(np.mean((grid.gyr["pelvis"] - values[:, 3:])[lost] ** 2))
    strides = np.sqrt(np.mean((filled.gyr["pelvis"] - values[:, 3:])[lost] ** 2))
    assert strides < 0.35 * straight
    np.testing.assert_array_equal(filled.gyr["pelvis"][~lost], values[~lost, 3:])


def test_what_was_lost_stays_marked() -> None:
    sensors, lost = with_gaps(walker(), 8)
    grid = to_grid(sensors, RATE_HZ)
    filled = fill_from_strides(grid, np.ones(len(lost), dtype=bool), np.full(len(lost), 1.1))
    np.testing.assert_array_equal(filled.measured["pelvis"], ~lost)
    np.testing.assert_array_equal(filled.valid["pelvis"], ~lost)  # 80 ms is too long to believe


def test_outside_gait_nothing_is_touched() -> None:
    sensors, lost = with_gaps(walker(), 8)
    grid = to_grid(sensors, RATE_HZ)
    filled = fill_from_strides(grid, np.zeros(len(lost), dtype=bool), np.full(len(lost), 1.1))
    np.testing.assert_array_equal(filled.gyr["pelvis"], grid.gyr["pelvis"])


def test_longer_gaps_cost_more_certainty() -> None:
    values = walker()
    gait = np.ones(len(values), dtype=bool)
    spent = []
    for length in (5, 10, 20):
        _, lost = with_gaps(values, length)
        spent.append(gap_turn_variance(~lost, values[:, 3:], gait, 200, RATE_HZ).sum())
    assert spent[0] < spent[1] < spent[2]
    assert gap_turn_variance(gait, values[:, 3:], gait, 200, RATE_HZ).sum() == 0.0


def test_a_runner_with_burst_loss_keeps_the_heading() -> None:
    """One sample in ten lost in bursts: hip rotation stays within a few degrees, and says so."""
    recording = imuhip.simulate("run", 2.0, seed=61, packet_loss=0.1)
    angles, truth = imuhip.analyze(recording).angles, recording.truth
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    for side in ("left", "right"):
        name = f"hip_rotation_{side}"
        error = angles[f"{name}_deg"] - np.interp(angles.index, truth.index, truth[f"{name}_deg"])
        rmse = np.sqrt((error.loc[gait.start_s : gait.end_s] ** 2).mean())
        assert rmse < 4.0
        assert angles[f"{name}_sd_deg"].median() > 0.5 * rmse
