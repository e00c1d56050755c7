"""A late clock is found from the motion, to 3 ms, and a punctual one is left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.analysis.grid import LONGEST_FILL_S, on_grid
from imuhip.core.series import ImuSeries

HIPS = [f"hip_{kind}_{side}_deg" for kind in ("flexion", "rotation") for side in ("left", "right")]


@pytest.fixture(scope="module")
def runner() -> imuhip.Recording:
    return imuhip.simulate("run", 0.8, seed=41, soft_tissue=1.0)


@pytest.fixture(scope="module")
def walker() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.8, seed=42, soft_tissue=1.0)


def delayed(recording: imuhip.Recording, **late_s: float) -> imuhip.Recording:
    """Return the recording with the clocks of some sensors late."""
    sensors = dict(recording.sensors)
    for segment, offset_s in late_s.items():
        sensors[segment] = replace(sensors[segment], time_s=sensors[segment].time_s + offset_s)
    return replace(recording, sensors=sensors)


def read_late(recording: imuhip.Recording, **late_s: float) -> imuhip.Recording:
    """Return the recording with late signals on unchanged times, as a table of a logger has."""
    moved = delayed(recording, **late_s)
    sensors = dict(recording.sensors)
    for segment in late_s:
        time_s = recording.sensors[segment].time_s
        found = on_grid(moved.sensors[segment], time_s)
        rows = found["valid"][:, None]
        sensors[segment] = ImuSeries(
            time_s=time_s,
            acc=np.where(rows, found["acc"], np.nan),
            gyr=np.where(rows, found["gyr"], np.nan),
        )
    return replace(recording, sensors=sensors)


def rmse(recording: imuhip.Recording, analysis: imuhip.Analysis) -> dict[str, float]:
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    truth = recording.truth
    rows = np.asarray((truth.index >= gait.start_s) & (truth.index <= gait.end_s))
    error = (analysis.angles[HIPS].to_numpy() - truth[HIPS].to_numpy())[rows]
    return dict(zip(HIPS, np.sqrt(np.nanmean(error**2, axis=0)), strict=True))


@pytest.mark.parametrize("offset_ms", [0.0, -10.0, 40.0])
@pytest.mark.parametrize("person", ["runner", "walker"])
def test_an_offset_is_found_to_3_ms(person: str, offset_ms: float, request):
    recording = request.getfixturevalue(person)
    late = {"thigh_left": 1e-3 * offset_ms, "thigh_right": -0.5e-3 * offset_ms}
    found = imuhip.analyze(delayed(recording, **late)).quality["sync"]
    for segment, offset_s in late.items():
        assert abs(found[segment]["offset_ms"] - 1e3 * offset_s) <= 3.0
        assert 0.3 <= found[segment]["sd_ms"] <= 3.0
        if abs(offset_s) >= 0.01 or offset_s == 0.0:
            assert found[segment]["corrected"] == (offset_s != 0.0)


def test_a_late_runner_is_put_right(runner):
    late = read_late(runner, thigh_left=0.01, thigh_right=-0.01)
    clean = rmse(runner, imuhip.analyze(runner))
    left = rmse(late, imuhip.analyze(late, correct_sync=False))
    found = imuhip.analyze(late)
    right = rmse(late, found)
    for name in ("hip_flexion_left_deg", "hip_flexion_right_deg"):
        assert left[name] > clean[name] + 0.7
        assert right[name] < clean[name] + 0.3
    assert right["hip_rotation_left_deg"] <= 2.4 + 0.5
    assert np.array_equal(found.angles.index, runner.sensors["pelvis"].time_s)
    assert any("ms late against the pelvis, corrected" in why for why in found.quality["reasons"])


def test_punctual_clocks_are_left_alone(runner, walker):
    for recording in (runner, walker):
        found = imuhip.analyze(recording)
        assert not any(sync["corrected"] for sync in found.quality["sync"].values())
        plain = imuhip.analyze(recording, correct_sync=False)
        assert found.angles.equals(plain.angles)


def test_a_clock_that_runs_fast_is_followed():
    recording = imuhip.simulate("run", 8.0, seed=43, rate_hz=60.0)
    sensors = dict(recording.sensors)
    thigh = sensors["thigh_right"]
    sensors["thigh_right"] = replace(thigh, time_s=thigh.time_s * (1 + 30e-6))
    found = imuhip.analyze(replace(recording, sensors=sensors)).quality["sync"]
    assert abs(found["thigh_right"]["skew_ppm"] - 30.0) < 5.0
    assert abs(found["thigh_right"]["offset_ms"] - 30e-3 * 270.0) < 3.0
    assert found["thigh_left"]["skew_ppm"] == 0.0


def test_instants_of_absent_rows_are_missing():
    time_s = np.concatenate([np.arange(0, 100), np.arange(400, 500)]) / 100.0
    values = np.random.default_rng(1).normal(size=(200, 3))
    at_s = np.arange(0, 500) / 100.0 + 0.001
    found = on_grid(ImuSeries(time_s=time_s, acc=values, gyr=values), at_s)
    known = found["valid"]
    gap = (at_s > 0.99 + LONGEST_FILL_S) & (at_s < 4.0 - LONGEST_FILL_S)
    assert not known[gap].any()
    assert known[at_s < 0.99].all()


@pytest.mark.parametrize(("activity", "seed"), [("walk", 43), ("run", 44)])
@pytest.mark.parametrize("offset_ms", [0.0, 50.0, -15.0])
def test_a_shank_is_held_against_its_thigh_and_told(activity: str, seed: int, offset_ms: float):
    """Nothing of gait needs it, so nothing is corrected; tests with a bent knee are wrong by it."""
    segments = ("pelvis", "thigh_left", "thigh_right", "shank_left", "shank_right")
    recording = imuhip.simulate(activity, 0.7, seed=seed, soft_tissue=1.0, segments=segments)
    found = imuhip.analyze(delayed(recording, shank_left=1e-3 * offset_ms)).quality
    for segment, expected_ms in (("shank_left", offset_ms), ("shank_right", 0.0)):
        sync = found["sync"][segment]
        assert sync["against"] == segment.replace("shank", "thigh") and not sync["corrected"]
        assert abs(sync["offset_ms"] - expected_ms) <= 3.0 and 0.3 <= sync["sd_ms"] <= 3.0
    told = [why for why in found["reasons"] if "clock" in why]
    if offset_ms:
        word = "late" if offset_ms > 0 else "early"
        assert len(told) == 1 and f"ms {word} against thigh_left, not corrected" in told[0]
        assert found["grade"] in "CD"
    else:
        assert not told
