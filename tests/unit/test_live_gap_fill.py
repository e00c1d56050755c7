"""Gaps bridged from the past alone."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.analysis.live_gap_fill import LiveGapFill

RATE_HZ = 100.0


def strides(seconds: float, period_s: float = 0.72) -> np.ndarray:
    """Return (n, 6) signals of a runner's thigh, strong in the second and third harmonic."""
    phase = 2 * np.pi * np.arange(int(seconds * RATE_HZ)) / (period_s * RATE_HZ)
    shapes = [np.sin(phase + k) + 0.6 * np.sin(2 * phase + 2 * k) for k in range(6)]
    return np.stack(shapes, axis=1) * 5.0 + 0.8 * np.sin(3 * phase)[:, None]


def bridge(values: np.ndarray, measured: np.ndarray, period_s: float, cuts: list[int]):
    fill = LiveGapFill(RATE_HZ)
    broken = np.where(measured[:, None], values, 0.0)
    parts = [
        fill.update(broken[a:b, :3], broken[a:b, 3:], measured[a:b], period_s)
        for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True)
    ]
    gyr = np.concatenate([part.gyr for part in parts])
    return gyr, np.concatenate([part.catch_up for part in parts]), fill


def gap(n_rows: int, start: int, length: int = 5) -> np.ndarray:
    measured = np.ones(n_rows, dtype=bool)
    measured[start : start + length] = False
    return measured


@pytest.mark.parametrize("period_s", [0.72, float("nan")])
def test_a_stride_ago_serves_better_than_a_line(period_s: float):
    """What a gap leaves in the orientation, summed over gaps at many phases."""
    values = strides(6.0)
    errors = {"strides": [], "line": []}
    for start in range(450, 520, 3):
        measured = gap(len(values), start)
        gyr, catch_up, _ = bridge(values, measured, period_s, [])
        rows = slice(start - 1, start + 6)
        line = values[rows, 3:].copy()
        line[1:-1] = np.linspace(line[0], line[-1], len(line))[1:-1]
        true = values[rows, 3:].sum(axis=0)
        errors["strides"].append((gyr[rows] + catch_up[rows]).sum(axis=0) - true)
        errors["line"].append(line.sum(axis=0) - true)
    rms = {name: np.sqrt(np.mean(np.square(found))) for name, found in errors.items()}
    assert rms["strides"] < 0.1 * rms["line"]


def test_without_gait_the_correction_makes_a_line_of_a_held_value():
    ramp = np.linspace(0.0, 4.0, 300)[:, None] * np.ones(6)
    measured = gap(300, 150, 8)
    gyr, catch_up, _ = bridge(ramp, measured, float("nan"), [])
    np.testing.assert_allclose(gyr[150:158], np.tile(ramp[149, 3:], (8, 1)))
    turned = (gyr + catch_up)[149:160].sum(axis=0)
    np.testing.assert_allclose(turned, ramp[149:160, 3:].sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("cuts", [list(range(1, 600)), list(range(7, 600, 7)), [451, 452, 455]])
def test_the_result_does_not_depend_on_the_cut(cuts: list[int]):
    values = strides(6.0)
    measured = gap(600, 450) & gap(600, 500, 12)
    whole, pieces = bridge(values, measured, 0.72, []), bridge(values, measured, 0.72, cuts)
    np.testing.assert_allclose(pieces[0], whole[0], atol=1e-12)
    np.testing.assert_allclose(pieces[1], whole[1], atol=1e-9)
    assert pieces[2].unseen_rad2 == pytest.approx(whole[2].unseen_rad2)


def test_every_gap_makes_the_heading_less_certain_and_the_held_ones_most():
    values = strides(6.0)
    restless = np.cumsum(np.random.default_rng(4).normal(0.0, 0.6, (600, 6)), axis=0)
    restless *= np.linalg.norm(values[450:455, 3:]) / np.linalg.norm(restless[450:455, 3:])
    known = bridge(values, gap(600, 450), 0.72, [])[2].unseen_rad2
    longer = bridge(values, gap(600, 450, 9), 0.72, [])[2].unseen_rad2
    held = bridge(restless, gap(600, 450), float("nan"), [])[2].unseen_rad2
    assert 0.0 < known < longer
    assert held > known


def test_after_a_long_gap_there_is_nothing_to_catch_up_with():
    values = strides(6.0)
    _, catch_up, _ = bridge(values, gap(600, 450, 60), 0.72, [])
    assert not catch_up.any()
