"""The live pipeline: block sizes do not matter, and offline replay is the same thing."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.analysis.grid import to_grid
from imuhip.analysis.live import LivePipeline
from imuhip.analysis.live_angles import LiveAngles
from imuhip.analysis.live_grid import LiveGrid
from imuhip.core.series import ImuSeries


@pytest.fixture(scope="module")
def walk() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.75, seed=21)


def run(recording: imuhip.Recording, block: int) -> LiveAngles:
    grid = to_grid(recording.sensors, recording.rate_hz, causal=True)
    pose = next(marker for marker in recording.markers if marker.name == "n_pose")
    pipeline = LivePipeline(grid.segments, recording.rate_hz, pose_marker=pose)
    parts = [
        pipeline.update(grid.part(slice(start, start + block)))
        for start in range(0, len(grid), block)
    ]
    return LiveAngles(
        np.concatenate([part.time_s for part in parts]),
        {n: np.concatenate([part.values[n] for part in parts]) for n in parts[0].values},
        {n: np.concatenate([part.sd[n] for part in parts]) for n in parts[0].sd},
        {n: np.concatenate([part.q_WB[n] for part in parts]) for n in parts[0].q_WB},
        np.concatenate([part.direction_rad for part in parts]),
    )


def test_block_sizes_give_the_same_angles(walk) -> None:
    whole = run(walk, 10**9)
    assert np.isfinite(whole.values["hip_rotation_left"]).sum() > 20 * walk.rate_hz
    for block in (1, 7):
        cut = run(walk, block)
        for name, expected in whole.values.items():
            np.testing.assert_allclose(cut.values[name], expected, atol=1e-9, err_msg=name)
            np.testing.assert_allclose(cut.sd[name], whole.sd[name], atol=1e-9, err_msg=name)


def test_analyze_live_is_the_live_pipeline(walk) -> None:
    analysis = imuhip.analyze(walk, live=True)
    whole = run(walk, 10**9)
    for name, expected in whole.values.items():
        np.testing.assert_allclose(
            analysis.angles[f"{name}_deg"].to_numpy(), np.degrees(expected), atol=1e-9
        )


def test_live_uses_nothing_from_the_future(walk) -> None:
    """Cutting the recording short must not change a single angle before the cut."""
    n_kept = int(0.6 * len(walk.sensors["pelvis"]))
    short = imuhip.Recording.from_arrays(
        rate_hz=walk.rate_hz,
        sensors={
            segment: {"acc": series.acc[:n_kept], "gyr": series.gyr[:n_kept]}
            for segment, series in walk.sensors.items()
        },
        markers=[m for m in walk.markers if m.end_s < n_kept / walk.rate_hz],
    )
    whole, cut = run(walk, 10**9), run(short, 10**9)
    for name, values in cut.values.items():
        np.testing.assert_allclose(values, whole.values[name][: len(values)], atol=1e-12)


def test_streams_with_their_own_clocks_become_one_grid(walk) -> None:
    """Blocks of different sizes and phases give the same grid as the whole recording."""
    rng = np.random.default_rng(3)
    sensors = {}
    for shift, (segment, series) in enumerate(walk.sensors.items()):
        time_s = series.time_s[:2000] * (1 + 1e-5 * shift) + 0.003 * shift
        sensors[segment] = ImuSeries(time_s, series.acc[:2000], series.gyr[:2000])
    grid = LiveGrid(tuple(sensors), walk.rate_hz)
    at = dict.fromkeys(sensors, 0)
    parts = []
    for due in range(10, 2011, 5):
        new = {}
        for segment, series in sensors.items():
            end = min(2000, max(at[segment], due - int(rng.integers(0, 10))))
            rows = slice(at[segment], end)
            if end > at[segment]:
                new[segment] = ImuSeries(series.time_s[rows], series.acc[rows], series.gyr[rows])
            at[segment] = end
        parts.append(grid.update(new))
    time_s = np.concatenate([part.time_s for part in parts])
    np.testing.assert_allclose(np.diff(time_s), 1 / walk.rate_hz, atol=1e-9)
    assert time_s[-1] > 19.9
    for segment, series in sensors.items():
        gyr = np.concatenate([part.gyr[segment] for part in parts])
        expected = np.stack([np.interp(time_s, series.time_s, g) for g in series.gyr.T], axis=1)
        assert np.sqrt(np.mean((gyr - expected) ** 2)) < 0.02 * series.gyr.std()
        assert np.concatenate([part.valid[segment] for part in parts])[5:-5].all()


def test_a_vanished_sensor_is_not_waited_for(walk) -> None:
    grid = LiveGrid(tuple(walk.sensors), walk.rate_hz)
    emitted, thigh_known = 0, []
    for start in range(0, 1000, 10):
        new = {}
        for segment, series in walk.sensors.items():
            if segment == "thigh_left" and 300 <= start < 700:
                continue
            rows = slice(start, start + 10)
            new[segment] = ImuSeries(series.time_s[rows], series.acc[rows], series.gyr[rows])
        block = grid.update(new)
        emitted += len(block)
        thigh_known.append(block.valid["thigh_left"])
        assert np.isfinite(block.acc["thigh_left"]).all()
    known = np.concatenate(thigh_known)
    assert emitted > 950
    assert 370 <= (~known).sum() <= 430


def test_a_thigh_that_vanishes_does_not_pass_for_a_turn() -> None:
    """The pelvis goes on as it did while the left thigh is gone, and when it comes back."""
    recording = imuhip.simulate("walk", 1.0, seed=22, turns=False)
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    sensors = {s: {"acc": v.acc.copy(), "gyr": v.gyr.copy()} for s, v in recording.sensors.items()}
    time_s = recording.sensors["pelvis"].time_s
    gone = (time_s > gait.start_s + 30.0) & (time_s < gait.start_s + 34.0)
    for channel in ("acc", "gyr"):
        sensors["thigh_left"][channel][gone] = np.nan
    lossy = imuhip.Recording.from_arrays(
        rate_hz=recording.rate_hz, sensors=sensors, markers=recording.markers
    )
    angles = imuhip.analyze(lossy, live=True).angles
    error = angles["pelvis_rotation_deg"] - recording.truth["pelvis_rotation_deg"]
    error = error.loc[gait.start_s + 15.0 : gait.end_s]
    assert error.notna().all()
    assert error.abs().max() < 8.0
    assert np.sqrt((error**2).mean()) < 2.0
