"""The simulated field: physics, place, and what a magnetometer makes of it."""

from __future__ import annotations

import numpy as np
import pytest

import imuhip
from imuhip.core import quaternion
from imuhip.errors import ConfigError
from imuhip.simulation.magnetic_field import (
    MagneticPlace,
    Surroundings,
    _draw_modes,
    magnetic_place,
)

WAVES = np.array([[0.9, -0.4, 0.3, 2.0], [-0.5, 1.4, 1.1, 1.0]])


def surroundings(**scales: float) -> Surroundings:
    return Surroundings(
        place=MagneticPlace(**scales),
        modes=WAVES,
        iron_at_m=np.array([[0.0, 0.0, 0.5]]),
        iron_moment=np.array([[0.0, 0.0, 50.0]]),
        motor_at_m=np.zeros((1, 3)),
        motor_moment=np.zeros((1, 3)),
    )


def field(place: Surroundings, position: np.ndarray) -> np.ndarray:
    return place.field_W(position, np.zeros(len(position), dtype=np.int64))


def test_the_earths_field_points_north_and_down():
    place = magnetic_place({"dip_deg": 65.0, "strength_ut": 49.0})
    assert np.linalg.norm(place.earth_W) == pytest.approx(49.0)
    assert place.earth_W[0] == 0.0
    assert np.degrees(np.arctan2(-place.earth_W[2], place.earth_W[1])) == pytest.approx(65.0)


@pytest.mark.parametrize("scales", [{"building": 1.0}, {"iron": 1.0}])
def test_stray_fields_have_neither_sources_nor_currents_in_the_air(scales):
    place, step = surroundings(**scales), 1e-4
    centre = np.array([0.7, -0.4, 1.3])
    jacobian = np.stack(
        [
            (
                field(place, (centre + step * e)[None])[0]
                - field(place, (centre - step * e)[None])[0]
            )
            / (2 * step)
            for e in np.eye(3)
        ],
        axis=1,
    )
    assert np.abs(jacobian).max() > 0.5  # µT/m: there is a field to speak of
    assert abs(np.trace(jacobian)) < 1e-4
    np.testing.assert_allclose(jacobian, jacobian.T, atol=1e-4)


def test_a_dipole_is_as_strong_as_the_formula_says():
    # 50 A·m², 1 m along its axis: 2 * 0.1 µT * 50
    above = field(surroundings(iron=1.0), np.array([[0.0, 0.0, 1.5]]))[0]
    np.testing.assert_allclose(above - MagneticPlace().earth_W, [0.0, 0.0, 10.0], atol=1e-9)


def test_a_building_scatters_headings_as_the_laboratory_did():
    """3 degrees above 1 m and 29 at 5 cm, one sigma; over several floors."""
    apart = {1.0: [], 0.05: []}
    for seed in range(8):
        place = Surroundings(
            MagneticPlace(building=1.0),
            _draw_modes(np.random.default_rng(seed)),
            *(np.zeros((0, 3)),) * 2,
            *(np.zeros((1, 3)),) * 2,
        )
        floor = np.random.default_rng(seed).uniform(-30.0, 30.0, (2000, 2))
        for height, found in apart.items():
            seen = field(place, np.column_stack([floor, np.full(len(floor), height)]))
            found.append(np.degrees(np.arctan2(-seen[:, 0], seen[:, 1])))
    assert np.std(apart[1.0]) == pytest.approx(3.0, abs=0.6)
    assert 18.0 < np.std(apart[0.05]) < 45.0


def test_a_magnetometer_changes_nothing_else():
    plain = imuhip.simulate("walk", 0.3, 5, packet_loss=0.05)
    with_it = imuhip.simulate("walk", 0.3, 5, packet_loss=0.05, magnetometer={"building": 1.0})
    for segment, series in plain.sensors.items():
        other = with_it.sensors[segment]
        assert series.mag is None
        assert series.acc.tobytes() == other.acc.tobytes()
        assert series.gyr.tobytes() == other.gyr.tobytes()
        assert np.isnan(other.mag[~other.valid]).all() and np.isfinite(other.mag[other.valid]).all()


def test_a_perfect_magnetometer_reads_the_earths_field_in_its_own_axes():
    recording = imuhip.simulate("walk", 0.3, 5, sensor_errors=0.0, magnetometer=True)
    for segment, q_WS in recording.truth_motion.sensor_orientations.items():
        read = quaternion.rotate(q_WS, recording.sensors[segment].mag)
        np.testing.assert_allclose(
            read, np.tile(MagneticPlace().earth_W, (len(read), 1)), atol=1e-9
        )


def test_the_same_seed_reads_the_same_and_another_place_only_adds_to_it():
    clean = imuhip.simulate("walk", 0.3, 5, magnetometer=True).sensors["thigh_left"].mag
    again = imuhip.simulate("walk", 0.3, 5, magnetometer=True).sensors["thigh_left"].mag
    motor = imuhip.simulate("walk", 0.3, 5, magnetometer={"motor": 1.0}).sensors["thigh_left"].mag
    assert clean.tobytes() == again.tobytes()
    stray = np.linalg.norm(motor - clean, axis=1)
    assert np.median(stray[:3000]) == 0.0  # it is off while nobody walks
    assert stray.max() > 1.0


@pytest.mark.parametrize(
    "options", [{"bulding": 1.0}, {"dip_deg": 91.0}, {"strength_ut": 0.0}, {"iron": -1.0}]
)
def test_places_that_cannot_be_are_refused(options):
    with pytest.raises(ConfigError) as caught:
        imuhip.simulate("walk", 0.3, 0, magnetometer=options)
    assert caught.value.hint


def test_the_field_survives_the_file(tmp_path):
    recording = imuhip.simulate("walk", 0.3, 5, magnetometer=True)
    recording.save(tmp_path / "walk.h5")
    back = imuhip.open(tmp_path / "walk.h5")
    for segment, series in recording.sensors.items():
        np.testing.assert_array_equal(back.sensors[segment].mag, series.mag)
