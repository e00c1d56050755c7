"""Speed and acceleration of travel, from gait alone."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.kinematics.progression import travel_acceleration, travel_share, travel_speed

RATE_HZ = 100.0


def test_a_circle_is_centripetal() -> None:
    """On a bend of radius r the acceleration is v²/r, to the left in a left turn."""
    time_s = np.arange(2000) / RATE_HZ
    speed, radius = 3.0, 36.5
    direction = speed / radius * time_s
    found = travel_acceleration(direction, np.full(len(time_s), speed), RATE_HZ)
    left = np.stack([-np.sin(direction), np.cos(direction), np.zeros(len(time_s))], axis=1)
    np.testing.assert_allclose(found[5:-5], speed**2 / radius * left[5:-5], atol=1e-4)


def test_speed_follows_swing_and_cadence() -> None:
    time_s = np.arange(6000) / RATE_HZ
    gait = (time_s > 10) & (time_s < 50)
    period = np.full(len(time_s), 1.1)
    swing = np.where(gait, np.radians(20) * np.sin(2 * np.pi * time_s / 1.1), 0.0)
    speed = travel_speed(swing, period, gait, RATE_HZ)
    assert 1.0 < np.median(speed[gait]) < 1.5  # a normal walk
    assert speed[time_s < 5].max() < 0.05
    faster = travel_speed(1.5 * swing, 0.9 * period, gait, RATE_HZ)
    assert np.median(faster[gait]) > 1.5 * np.median(speed[gait])


def test_a_bend_no_longer_leans_the_pelvis() -> None:
    """Running round a track, obliquity keeps its level within half a degree."""
    recording = imuhip.simulate("run", 2.0, seed=42)
    angles = imuhip.analyze(recording).angles["pelvis_obliquity_deg"]
    truth = recording.truth["pelvis_obliquity_deg"]
    gait = next(marker for marker in recording.markers if marker.name == "gait")
    error = (angles - np.interp(angles.index, truth.index, truth)).loc[gait.start_s : gait.end_s]
    assert error.std() < 0.5


# -- ground or belt -----------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_belt_is_told_from_the_ground_by_starts_and_stops(share: float):
    """Two bouts with a pause: what is felt follows the legs on the ground, and not on a belt."""
    rate_hz = 20.0
    time_s = np.arange(int(120 * rate_hz)) / rate_hz
    gait = ((time_s > 20) & (time_s < 50)) | ((time_s > 70) & (time_s < 100))
    speed = np.interp(time_s, [20, 22, 48, 50, 70, 72, 98, 100], [0, 3, 3, 0, 0, 3, 3, 0])
    expected = travel_acceleration(np.full(len(time_s), 0.7), speed, rate_hz)
    swaying = np.random.default_rng(8).normal(0.0, 0.3, expected.shape)
    found = travel_share(share * expected + swaying, expected, gait, rate_hz)
    np.testing.assert_allclose(found[gait], share, atol=0.15)
