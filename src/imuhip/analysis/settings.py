"""What a user may choose about an analysis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Settings"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of an analysis; stored with every result.

    Parameters
    ----------
    orientation_filter : str
        One of `imuhip.fusion.filters.FILTERS`.
    live : bool
        Use only what was known at each instant.
    magnetometer : bool
        Look at the magnetometer, and use it where the field deserves it. Off by default: indoors it
        lies.
    correct_sync : bool
        Put thigh clocks right that the motion shows to be off. Offline only.
    place : tuple of latitude and longitude, degrees, optional
        Where it was recorded: gives the magnetic field to be expected.
    day : date, optional
        When; the field changes from year to year.
    """

    orientation_filter: str = "vqf"
    live: bool = False
    magnetometer: bool = False
    correct_sync: bool = True
    place: tuple[float, float] | None = None
    day: date | None = None
