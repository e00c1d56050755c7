"""Performed tests: physics of the motion, truth by definition, the same again, and variety."""

from __future__ import annotations

import numpy as np
import pytest

from imuhip.core import quaternion
from imuhip.simulation.ideal_imu import STANDARD_GRAVITY_M_S2
from imuhip.simulation.performances import TESTS, perform

PERFECT = {"soft_tissue": 0.0, "sensor_errors": 0.0, "mounting": "nominal"}


def rows(performance, from_s, to_s):
    time_s = performance.recording.truth_motion.time_s
    return slice(int(np.searchsorted(time_s, from_s)), int(np.searchsorted(time_s, to_s)) + 1)


def test_part(performance):
    return performance.recording.markers[-1]


test_part.__test__ = False


@pytest.mark.parametrize("test", TESTS)
def test_a_performance_is_complete(test):
    performance = perform(test, seed=3, repetitions=2)
    recording, marker = performance.recording, test_part(performance)
    assert [m.name for m in recording.markers] == ["n_pose", marker.name]
    assert marker.name == (f"{test}_left" if performance.side else test)
    assert len(performance.repetitions) >= 2
    assert recording.markers[0].end_s - recording.markers[0].start_s == 6.0
    before = marker.start_s + 2.5
    for repetition in performance.repetitions:
        assert before < repetition.rest_s <= repetition.start_s < repetition.peak_s
        assert repetition.peak_s < repetition.end_s < marker.end_s - 0.5
        before = repetition.end_s
    assert list(recording.truth.columns[:1]) == ["hip_flexion_left_deg"]
    assert all(series.valid.all() for series in recording.sensors.values())
    names = [name for name in performance.truth if not name.endswith("_per_repetition")]
    assert names
    for name in names:
        each = performance.truth[f"{name}_per_repetition"]
        assert len(each) == len(performance.repetitions)
        assert performance.truth[name] == pytest.approx(np.nanmedian(each), nan_ok=True)


@pytest.mark.parametrize("test", TESTS)
def test_a_body_at_rest_feels_gravity_alone(test):
    performance = perform(test, seed=4, **PERFECT)
    marker = test_part(performance)
    for from_s, to_s in ((1.0, 5.0), (marker.start_s + 0.7, marker.start_s + 2.4)):
        for series in performance.recording.sensors.values():
            still = (series.time_s > from_s) & (series.time_s < to_s)
            force = np.linalg.norm(series.acc[still], axis=1)
            assert np.abs(force - STANDARD_GRAVITY_M_S2).max() < 0.25
            assert abs(force.mean() - STANDARD_GRAVITY_M_S2) < 0.03
            assert np.degrees(np.abs(series.gyr[still])).max() < 4.0


@pytest.mark.parametrize("test", TESTS)
def test_what_sensors_read_integrates_to_where_the_bones_are(test):
    performance = perform(test, seed=5, rate_hz=200.0, **PERFECT)
    for segment, series in performance.recording.sensors.items():
        truth = performance.recording.truth_motion.orientations[segment]
        rate = 0.5 * (series.gyr[1:] + series.gyr[:-1]) / 200.0
        q = truth[0]
        for turn in quaternion.from_rotation_vector(rate):
            q = quaternion.multiply(q, turn)
        apart = quaternion.multiply(quaternion.conjugate(q), truth[-1])
        assert np.degrees(2.0 * np.linalg.norm(apart[1:])) < 0.2
