"""Which sensors are in reach, as a scan hears them; filled by the radio's thread, read by any."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from imuhip.core.link import Advertisement
from imuhip.sensors.registry import driver_for

__all__ = ["Heard", "Reach", "signal_word"]

_STRONG_DBM: Final = -65
_FAIR_DBM: Final = -80


def signal_word(dbm: int) -> str:
    """Return ``"strong"``, ``"fair"`` or ``"weak"``."""
    if dbm >= _STRONG_DBM:
        return "strong"
    return "fair" if dbm >= _FAIR_DBM else "weak"


@dataclass(frozen=True, slots=True)
class Heard:
    """One sensor of a known model, as it was heard last."""

    address: str
    name: str
    model: str
    rssi_dbm: int
    at_s: float


class Reach:
    """Everything heard, by address.

    Parameters
    ----------
    now_s : callable
        Returns the time of a clock that goes on, s.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self._others: set[str] = set()

    def hear(self, advertisement: Advertisement) -> None:
        """Take an advertisement that arrived now."""
        driver = driver_for(advertisement)
        address = advertisement.address
        with self._lock:
            before = self._heard.get(address.casefold())
            if driver is None and before is None:
                self._others.add(address)
                return
            # Some advertisements of a sensor carry its name, others its services.
            model = driver.model if driver is not None else "" if before is None else before.model
            name = advertisement.name or ("" if before is None else before.name)
            self._others.discard(address)
            self._heard[address.casefold()] = Heard(
                address, name, model, advertisement.rssi_dbm, self._now_s()
            )

    def forget(self) -> None:
        """Forget all: another radio hears others."""
        with self._lock:
            self._heard.clear()
            self._others.clear()

    @property
    def sensors(self) -> list[Heard]:
        """Return the sensors by model, name and address: an order that never follows the signal."""
        with self._lock:
            heard = list(self._heard.values())
        return sorted(heard, key=lambda one: (one.model, one.name, one.address))

    @property
    def n_others(self) -> int:
        """Return how many devices of no known model were heard."""
        with self._lock:
            return len(self._others)

    def age_s(self, one: Heard) -> float:
        """Return for how long a sensor was not heard, s."""
        return self._now_s() - one.at_s
