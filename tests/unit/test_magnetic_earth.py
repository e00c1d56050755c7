"""The earth's field against the values published with the World Magnetic Model."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from imuhip.errors import ConfigError
from imuhip.fusion.earth_field import LAST_DAY, earth_field

# (day, height km, latitude, longitude, F nT, inclination, declination): test values NOAA publishes
# with the coefficients of WMM2025 and WMM2020
PUBLISHED = [
    (date(2025, 1, 1), 0.0, 80.0, 0.0, 55178.5, 83.21, 1.28),
    (date(2025, 1, 1), 0.0, 0.0, 120.0, 41064.3, -14.93, -0.16),
    (date(2025, 1, 1), 0.0, -80.0, -120.0, 54698.2, -72.00, 68.78),
    (date(2025, 1, 1), 100.0, 80.0, 0.0, 52964.9, 83.26, 0.85),
    (date(2027, 7, 2), 0.0, 80.0, 0.0, 55253.9, 83.24, 2.59),
    (date(2027, 7, 2), 0.0, 0.0, 120.0, 41036.9, -14.65, -0.24),
    (date(2027, 7, 2), 100.0, -80.0, -120.0, 51825.7, -72.10, 67.93),
    (date(2020, 1, 1), 66.0, 14.0, 143.0, 35847.5, 13.08, 0.12),
    (date(2020, 1, 1), 18.0, 0.0, 21.0, 32745.6, -26.46, 1.05),
    (date(2020, 7, 2), 6.0, -36.0, -137.0, 41630.3, -52.21, 20.16),
]


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row[0]}, {row[2]:g}, {row[3]:g}")
def test_published_values_come_out_to_their_last_digit(row):
    day, height_km, latitude, longitude, strength_nt, dip_deg, declination_deg = row
    found = earth_field(latitude, longitude, day, height_km)
    assert found.covered
    assert 1000.0 * found.strength_ut == pytest.approx(strength_nt, abs=0.06)
    assert np.degrees(found.dip_rad) == pytest.approx(dip_deg, abs=0.006)
    assert np.degrees(found.declination_rad) == pytest.approx(declination_deg, abs=0.006)


def test_another_program_agrees():
    """MathWorks' wrldmagm: Natick, Massachusetts, 1000 m up, 4 July 2028."""
    found = earth_field(42.283, -71.35, date(2028, 7, 4), 1.0)
    assert found.model == "WMM-2025"
    assert found.strength_ut == pytest.approx(50.940, abs=0.002)
    assert np.degrees(found.dip_rad) == pytest.approx(65.9899, abs=0.002)
    assert np.degrees(found.declination_rad) == pytest.approx(-13.6891, abs=0.002)


def test_greenwich_and_the_equator_are_places():
    """The package takes a zero for a missing argument where one is given to its constructor."""
    day = date(2026, 11, 21)
    assert earth_field(51.48, 0.0, day).strength_ut == pytest.approx(
        earth_field(51.48, 1e-6, day).strength_ut, abs=1e-4
    )
    assert 31.0 < earth_field(0.0, 0.0, day).strength_ut < 33.0


def test_asked_twice_it_answers_the_same():
    day = date(2026, 11, 21)
    assert earth_field(52.5, 13.4, day) == earth_field(52.5, 13.4, day)


def test_after_the_last_model_the_answer_says_so():
    assert earth_field(52.5, 13.4, LAST_DAY).covered
    beyond = earth_field(52.5, 13.4, date(2031, 6, 1))
    assert not beyond.covered and beyond.model == "WMM-2025"
    assert beyond.strength_ut == pytest.approx(50.2, abs=0.5)


@pytest.mark.parametrize(
    ("latitude", "longitude", "day"),
    [
        (91.0, 0.0, date(2026, 1, 1)),
        (0.0, 181.0, date(2026, 1, 1)),
        (float("nan"), 0.0, date(2026, 1, 1)),
        (52.5, 13.4, date(2014, 12, 31)),
    ],
)
def test_places_and_days_without_a_field_are_refused(latitude, longitude, day):
    with pytest.raises(ConfigError) as caught:
        earth_field(latitude, longitude, day)
    assert caught.value.code == "E111" and caught.value.hint
