"""Hard iron from wearing, fields on the grid, and what one hip may learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import imuhip
from imuhip.analysis.grid import on_grid
from imuhip.analysis.magnetic import dip_rad, strength_ut
from imuhip.core import quaternion
from imuhip.core.series import ImuSeries
from imuhip.errors import AnalysisError, ConfigError
from imuhip.fusion.hard_iron import find_hard_iron

EARTH = np.array([0.0, 20.0, -44.0])
OWN = np.array([2.0, -1.5, 1.0])
RATE_HZ = 50.0


def turning(seconds: float, seed: int = 0, *, turns: bool = True) -> np.ndarray:
    """Return q_WS of a sensor that swings, leans and (perhaps) turns with its wearer."""
    t = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    x, y, z = np.eye(3)
    q = quaternion.multiply(
        quaternion.about_axis(x, 0.5 * np.sin(5.0 * t)),
        quaternion.about_axis(y, 0.1 * np.sin(10.0 * t)),
    )
    heading = 0.4 * t if turns else 0.0 * t
    worn = quaternion.normalize(np.random.default_rng(seed).normal(size=4))
    return quaternion.multiply(quaternion.multiply(quaternion.about_axis(z, heading), q), worn)


def readings(q_WS: np.ndarray, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0.0, 0.5, (len(q_WS), 3))
    return quaternion.rotate(quaternion.conjugate(q_WS), EARTH) + OWN + noise


def test_hard_iron_is_found_from_turning_about():
    q_WS = turning(120.0)
    found = find_hard_iron(q_WS, readings(q_WS), np.ones(len(q_WS), dtype=bool), RATE_HZ)
    np.testing.assert_allclose(found.offset_ut, OWN, atol=0.3)
    assert (found.sd_ut < 0.5).all()


def test_an_orientation_whose_heading_drifts_serves_as_well():
    q_WS = turning(120.0)
    drift = np.radians(10.0) / 60.0 * np.arange(len(q_WS)) / RATE_HZ
    drifting = quaternion.multiply(quaternion.about_axis(np.array([0.0, 0.0, 1.0]), drift), q_WS)
    found = find_hard_iron(drifting, readings(q_WS), np.ones(len(q_WS), dtype=bool), RATE_HZ)
    np.testing.assert_allclose(found.offset_ut, OWN, atol=0.6)


def test_iron_that_is_passed_does_not_become_the_sensors_own():
    q_WS = turning(120.0)
    read = readings(q_WS)
    read[1000:1300] += np.array([15.0, -10.0, 5.0])
    found = find_hard_iron(q_WS, read, np.ones(len(q_WS), dtype=bool), RATE_HZ)
    np.testing.assert_allclose(found.offset_ut, OWN, atol=0.5)


def test_who_stands_still_learns_nothing_and_says_so():
    q_WS = np.tile(turning(1.0)[:1], (3000, 1))
    found = find_hard_iron(q_WS, readings(q_WS), np.ones(3000, dtype=bool), RATE_HZ)
    np.testing.assert_allclose(found.offset_ut, 0.0, atol=0.1)
    np.testing.assert_allclose(found.sd_ut, 2.0, atol=0.01)


def test_unusable_rows_may_hold_anything():
    q_WS = turning(60.0)
    read, usable = readings(q_WS), np.ones(len(q_WS), dtype=bool)
    clean = find_hard_iron(q_WS, read, usable, RATE_HZ)
    usable[500:900] = False
    read[500:700], read[700:900] = np.nan, 1e6
    found = find_hard_iron(q_WS, read, usable, RATE_HZ)
    np.testing.assert_allclose(found.offset_ut, clean.offset_ut, atol=0.3)
    nothing = find_hard_iron(q_WS, read, np.zeros(len(q_WS), dtype=bool), RATE_HZ)
    np.testing.assert_array_equal(nothing.offset_ut, 0.0)


def test_strength_and_dip():
    assert strength_ut(np.array([[0.0, 3.0, -4.0]]))[0] == pytest.approx(5.0)
    assert np.degrees(dip_rad(EARTH)) == pytest.approx(np.degrees(np.arctan2(44.0, 20.0)))


def series(mag: np.ndarray, rate_hz: float = 100.0) -> ImuSeries:
    n = len(mag)
    return ImuSeries(np.arange(n) / rate_hz, np.ones((n, 3)), np.zeros((n, 3)), mag)


def test_a_slow_magnetometer_is_joined_and_takes_no_motion_with_it():
    truth = np.column_stack([np.arange(400.0), np.zeros(400), np.ones(400)])
    slow = np.full((400, 3), np.nan)
    slow[::10] = truth[::10]
    one = series(slow)
    for resample in (False, True):
        read = on_grid(one, one.time_s, resample=resample)
        assert read["valid"].all() and read["measured"].all()
        np.testing.assert_allclose(read["mag"][:391], truth[:391], atol=1e-9)


def test_a_magnetometer_that_stops_is_missing_from_there_on():
    mag = np.ones((400, 3))
    mag[200:] = np.nan
    one = series(mag)
    read = on_grid(one, one.time_s, resample=False)
    assert read["valid"].all()
    assert np.isfinite(read["mag"][:200]).all() and np.isnan(read["mag"][200:]).all()
    gone = on_grid(series(np.full((400, 3), np.nan)), one.time_s)
    assert gone["valid"].all() and np.isnan(gone["mag"]).all()


@pytest.fixture(scope="module")
def short() -> imuhip.Recording:
    return imuhip.simulate("walk", 0.3, 5, magnetometer=True)


def with_mag(recording: imuhip.Recording, segment: str, mag) -> imuhip.Recording:
    sensors = dict(recording.sensors)
    sensors[segment] = replace(sensors[segment], mag=mag)
    return replace(recording, sensors=sensors)


def test_a_magnetometer_that_is_not_there_cannot_be_asked_for(short):
    for mag, told in ((None, "has none"), (np.full((4980, 3), np.nan), "0 % of the time")):
        mag = None if mag is None else np.full(short.sensors["thigh_left"].acc.shape, np.nan)
        with pytest.raises(AnalysisError, match=f"thigh_left.*{told}") as caught:
            imuhip.analyze(with_mag(short, "thigh_left", mag), magnetometer=True)
        assert caught.value.code == "E611" and caught.value.hint


@pytest.mark.parametrize("scale", [0.01, 1000.0, 0.0])
def test_another_unit_and_a_dead_channel_are_refused(short, scale):
    odd = with_mag(short, "pelvis", scale * short.sensors["pelvis"].mag)
    with pytest.raises(AnalysisError, match="22 to 67 µT") as caught:
        imuhip.analyze(odd, magnetometer=True)
    assert caught.value.code == "E612"


def test_a_place_without_the_magnetometer_is_a_mistake(short):
    with pytest.raises(ConfigError) as caught:
        imuhip.analyze(short, place=(52.5, 13.4))
    assert caught.value.code == "E112"
