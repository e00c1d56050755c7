"""Every sensor model imuhip can use, and which one an advertisement belongs to."""

from __future__ import annotations

from typing import Final

from imuhip.core.link import Advertisement
from imuhip.sensors.driver import SensorDriver
from imuhip.sensors.imuhip_v1.driver import ImuhipV1Driver
from imuhip.sensors.metamotion.driver import MetaMotionDriver
from imuhip.sensors.movella_dot.driver import MovellaDotDriver
from imuhip.sensors.movesense.driver import MovesenseDriver
from imuhip.sensors.polar.driver import PolarDriver
from imuhip.sensors.thingy52 import Thingy52Driver
from imuhip.sensors.witmotion.driver import WitMotionDriver

__all__ = ["DRIVERS", "HARDWARE_VERIFIED", "driver_for", "verification"]

DRIVERS: Final[tuple[SensorDriver, ...]] = (
    ImuhipV1Driver(),
    MovellaDotDriver(),
    MovesenseDriver(),
    WitMotionDriver(),
    Thingy52Driver(),
    PolarDriver(),
    MetaMotionDriver(),
)
"""In the order in which they are asked."""

HARDWARE_VERIFIED: Final[frozenset[str]] = frozenset()
"""Models with which an owner of the sensor has recorded; a virtual sensor does not count."""


def driver_for(advertisement: Advertisement) -> SensorDriver | None:
    """Return the driver of the sensor behind an advertisement, None when no model knows it."""
    return next((driver for driver in DRIVERS if driver.matches(advertisement)), None)


def verification(model: str) -> str:
    """Return in words how far a model's driver was tried."""
    if model in HARDWARE_VERIFIED:
        return "hardware-verified"
    return "protocol-verified, not hardware-verified"
