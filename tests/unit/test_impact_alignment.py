"""A tap on the table or a jump tells how late clocks are, and what was found is taken off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.analysis.impact_alignment import align_sensors
from imuhip.cli.marker_keys import KEYS, Marks
from imuhip.core.series import ImuSeries, Marker
from imuhip.kinematics.shared_impact import find_taps, impact_offset
from imuhip.simulation.performances import perform

SEGMENTS = ("pelvis", "thigh_left", "thigh_right")


def shaken(
    seed: int,
    hits_s: list[float],
    *,
    late_s: float = 0.0,
    rate_hz: float = 100.0,
    duration_s: float = 12.0,
    ring_hz: float = 18.0,
) -> ImuSeries:
    """A sensor lying in any attitude, shaken by taps, whose clock is late."""
    rng = np.random.default_rng(seed)
    true_s = rng.uniform(0, 1 / rate_hz) + np.arange(round(duration_s * rate_hz)) / rate_hz
    up = rng.normal(size=3)
    up /= np.linalg.norm(up)
    acc = 9.81 * np.ones(len(true_s))
    rate = np.zeros(len(true_s))
    for hit_s in hits_s:
        t = true_s - hit_s
        wave = np.where(t >= 0, np.exp(-t / 0.03) * np.cos(2 * np.pi * ring_hz * t), 0.0)
        acc += rng.uniform(8, 20) * wave
        rate += rng.uniform(0.2, 0.6) * np.abs(wave)
    values = acc[:, None] * up + rng.normal(0, 0.05, (len(acc), 3))
    turn = rate[:, None] * rng.permutation(np.eye(3))[0] + rng.normal(0, 0.005, (len(acc), 3))
    return ImuSeries(time_s=true_s + late_s, acc=values, gyr=turn)


def test_taps_tell_how_late_a_sensor_is_within_three_sigma():
    rng = np.random.default_rng(11)
    errors, sds = [], []
    for seed in range(40):
        hits_s = [5.0 + 0.5 * k + rng.uniform(0, 0.1) for k in range(1 + seed % 4)]
        late_s = rng.uniform(-0.06, 0.06)
        found = impact_offset(
            shaken(2 * seed, hits_s),
            shaken(2 * seed + 1, hits_s, late_s=late_s, rate_hz=60.0 if seed % 2 else 100.0),
            3.5,
            9.0,
            "tap",
        )
        assert found is not None
        errors.append(found.offset_s - late_s)
        sds.append(found.sd_s)
    error_s, sd_s = np.array(errors), np.array(sds)
    print(
        f"\ntaps: {1e3 * np.sqrt(np.mean(error_s**2)):.2f} ms rms, stated {1e3 * sd_s.mean():.2f}"
    )
    assert np.all(np.abs(error_s) < 3 * sd_s)
    assert np.sqrt(np.mean(error_s**2)) < 5e-3


def test_no_impact_or_one_of_two_sensors_tells_nothing():
    still, tapped = shaken(1, []), shaken(2, [5.0])
    assert impact_offset(still, tapped, 3.0, 7.0, "tap") is None
    assert impact_offset(shaken(3, [4.0]), shaken(4, [6.0]), 2.0, 8.0, "tap") is None
    assert impact_offset(tapped, shaken(5, [5.0]), 20.0, 24.0, "tap") is None  # no samples there


def test_taps_are_found_where_everything_else_is_still():
    hits_s = [5.0, 5.6]
    sensors = {s: shaken(k, hits_s) for k, s in enumerate(SEGMENTS)}
    ((start_s, end_s),) = find_taps(sensors)
    assert 4.7 < start_s < 5.1 and 5.5 < end_s < 5.9
    sensors["thigh_left"] = shaken(9, [])
    assert find_taps(sensors) == []


@pytest.mark.parametrize("marked", [True, False])
def test_a_late_sensor_is_read_at_its_true_instants(marked: bool):
    hits_s = [5.0, 5.5, 6.1]
    late_s = {"pelvis": 0.0, "thigh_left": 0.04, "thigh_right": 0.0}
    sensors = {s: shaken(k, hits_s, late_s=late_s[s]) for k, s in enumerate(SEGMENTS)}
    markers = (Marker("tap", 7.0, 7.0),) if marked else ()
    aligned, found = align_sensors(sensors, markers)
    assert found["thigh_left"].corrected and not found["thigh_right"].corrected
    assert found["thigh_left"].offset_s == pytest.approx(0.04, abs=3 * found["thigh_left"].sd_s)
    moved_s = sensors["thigh_left"].time_s - aligned["thigh_left"].time_s
    assert np.allclose(moved_s, found["thigh_left"].offset_s)
    assert aligned["thigh_right"] is sensors["thigh_right"]
    untouched, told = align_sensors(sensors, markers, correct=False)
    assert told["thigh_left"].offset_s == found["thigh_left"].offset_s
    assert not told["thigh_left"].corrected and untouched == sensors


def jumped(recording: imuhip.Recording, at_s: float, **late_s: float) -> imuhip.Recording:
    """Return a session with a landing put into its standing pose, and some clocks late."""
    rng = np.random.default_rng(3)
    sensors = {}
    for segment, series in recording.sensors.items():
        t = series.time_s - at_s - rng.uniform(0, 0.006)  # the shock climbs the leg
        wave = np.where(t >= 0, 25 * np.exp(-t / 0.05) * np.cos(2 * np.pi * 9 * t), 0.0)
        up = series.acc / np.linalg.norm(series.acc, axis=1, keepdims=True)
        felt = ImuSeries(
            time_s=series.time_s + late_s.get(segment, 0.0),
            acc=series.acc + wave[:, None] * up,
            gyr=series.gyr,
        )
        sensors[segment] = felt
    markers = (*recording.markers, Marker("jump", at_s + 0.5, at_s + 0.5))
    return replace(recording, sensors=sensors, markers=markers)


def test_a_jump_puts_a_session_right_and_says_so():
    walk = imuhip.simulate("walk", 0.8, seed=44, soft_tissue=1.0)
    still_s = float(np.mean([m.start_s for m in walk.markers if m.name == "n_pose"])) + 1.5
    late = jumped(walk, still_s, thigh_left=0.06)
    quality = imuhip.analyze(late).quality
    found = quality["alignment"]["thigh_left"]
    assert found["corrected"] and found["impacts"] == ["jump"]
    assert abs(found["offset_ms"] - 60.0) < 3 * found["sd_ms"]
    assert abs(quality["sync"]["thigh_left"]["offset_ms"]) < 20.0
    assert any("corrected by a jump" in reason for reason in quality["reasons"])
    left = imuhip.analyze(late, correct_sync=False).quality
    assert not left["alignment"]["thigh_left"]["corrected"]
    assert left["sync"]["thigh_left"]["offset_ms"] > 40.0


def test_a_session_without_an_impact_is_left_alone():
    walk = imuhip.simulate("walk", 0.8, seed=45)
    aligned, found = align_sensors(walk.sensors, walk.markers)
    assert found == {} and aligned == dict(walk.sensors)


def test_keys_mark_the_instant_of_a_tap_and_a_jump():
    assert (KEYS["t"], KEYS["j"]) == ("tap", "jump")
    marked, told = [], []
    marks = Marks(lambda *marker: marked.append(marker), told.append)
    marks.press("tap", 4.0)
    marks.press("jump", 9.0)
    assert marked == [("tap", 4.0, 4.0), ("jump", 9.0, 9.0)]


@pytest.mark.parametrize("visit", [1, 2])
def test_a_leg_pulled_up_by_someone_lying_still_is_no_tap(visit: int):
    done = perform("knee_to_chest", seed=6028, side="right", visit=visit)
    assert find_taps(dict(done.recording.sensors)) == []
    assert align_sensors(done.recording.sensors, done.recording.markers)[1] == {}
