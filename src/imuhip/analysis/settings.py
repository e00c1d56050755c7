"""What a user may choose about an analysis."""

from __future__ import annotations

from dataclasses import dataclass

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
        Let the orientation filter use the magnetometer. Off by default: indoors it lies.
    correct_sync : bool
        Put thigh clocks right that the motion shows to be off. Offline only.
    """

    orientation_filter: str = "vqf"
    live: bool = False
    magnetometer: bool = False
    correct_sync: bool = True
