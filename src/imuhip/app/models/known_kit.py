"""The sensors used last, as the window is given them: it reads and writes no settings itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imuhip.acquisition.assignment import WantedSensor
from imuhip.acquisition.status import SensorStatus

__all__ = ["KitMemory", "KnownSensor", "known"]


@dataclass(frozen=True, slots=True)
class KnownSensor:
    """A sensor as a kit remembers it."""

    address: str
    serial: str = ""
    name: str = ""
    model: str = ""

    @property
    def wanted(self) -> WantedSensor:
        """Return it as the acquisition looks for it."""
        return WantedSensor(self.address, self.serial, self.model)


@dataclass(frozen=True, slots=True)
class KitMemory:
    """The kit used last.

    Parameters
    ----------
    recall : callable
        Returns it by segment; raises `ConfigError` when there is none, or it cannot be read.
    remember : callable
        Stores it; may raise OSError.
    """

    recall: Callable[[], Mapping[str, KnownSensor]]
    remember: Callable[[Mapping[str, KnownSensor]], object]


def known(sensor: SensorStatus) -> KnownSensor:
    """Return what is to be remembered of a connected sensor."""
    return KnownSensor(sensor.address, sensor.serial, sensor.name, sensor.driver)
