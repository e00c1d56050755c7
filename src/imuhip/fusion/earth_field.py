"""The earth's magnetic field at a place and a day, from the World Magnetic Model.

The model's coefficients come with the ``ahrs`` package (WMM2015, WMM2020 and WMM2025 of NOAA's
National Centers for Environmental Information and the British Geological Survey; WMM2020 is
doi:10.25923/ytk1-yx35), so no network is needed. Three habits of ``ahrs.utils.WMM`` 0.4.0 are kept
away from callers:

- a place on the equator or on the meridian of Greenwich is taken for no place at all;
- asking one object twice without a date scales its coefficients twice;
- a day after the end of the last model is extrapolated without a word.

So every question is asked of a new object with its date, and the answer says whether the model
covers the day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from imuhip.errors import ConfigError

__all__ = ["FIRST_DAY", "LAST_DAY", "EarthField", "earth_field"]

FIRST_DAY = date(2015, 1, 1)
LAST_DAY = date(2029, 12, 31)
"""The models at hand cover these days and all between."""

_NT_PER_UT = 1000.0


@dataclass(frozen=True, slots=True)
class EarthField:
    """The undisturbed field at a place.

    Parameters
    ----------
    strength_ut : float, µT
    dip_rad : float, rad
        Below the horizontal; negative in most of the southern hemisphere.
    declination_rad : float, rad
        Of magnetic north, clockwise from true north.
    model : str
        Such as ``"WMM-2025"``.
    day : date
    covered : bool
        Whether the model was made for that day; if not, its last trend was drawn on.
    """

    strength_ut: float
    dip_rad: float
    declination_rad: float
    model: str
    day: date
    covered: bool


def earth_field(
    latitude_deg: float, longitude_deg: float, day: date, height_km: float = 0.0
) -> EarthField:
    """Return the field at a geodetic place.

    Parameters
    ----------
    latitude_deg, longitude_deg : float
        North and east positive, -90 to 90 and -180 to 180.
    day : date
    height_km : float
        Above the WGS 84 ellipsoid; 1 km changes the strength by 0.05 %.

    Raises
    ------
    ConfigError
        For a place that is not on the earth, or a day before the first model.
    """
    if not (abs(latitude_deg) <= 90.0 and abs(longitude_deg) <= 180.0):
        raise ConfigError(
            f"place {latitude_deg:g}, {longitude_deg:g}: not on the earth",
            hint="Give latitude and longitude in degrees, north and east positive: 52.52,13.40.",
            code="E111",
        )
    if day < FIRST_DAY:
        raise ConfigError(
            f"no magnetic model for {day.isoformat()}; the first one begins {FIRST_DAY}",
            hint="Correct the recording's start time, or leave the place out.",
            code="E111",
        )
    from ahrs.utils import WMM

    model = WMM(date=day)
    model.magnetic_field(float(latitude_deg), float(longitude_deg), height_km, date=day)
    return EarthField(
        strength_ut=float(model.F) / _NT_PER_UT,
        dip_rad=float(np.radians(model.I)),
        declination_rad=float(np.radians(model.D)),
        model=str(model.model),
        day=day,
        covered=day <= LAST_DAY,
    )
