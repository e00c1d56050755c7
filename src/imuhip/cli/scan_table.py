"""What a scan has heard so far, as rows that stay in their places while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from imuhip.cli.tables import table_lines
from imuhip.sensors.driver import states_serial
from imuhip.sensors.registry import driver_for, verification

if TYPE_CHECKING:
    from imuhip.cli.kit_memory import RememberedSensor
    from imuhip.core.link import Advertisement
    from imuhip.core.sensor import SensorIdentity

__all__ = ["Heard", "ScanTable"]

STALE_S: Final = 3.0
"""Sensors advertise several times a second: one not heard for this long may be gone."""
_WORDS_FROM_DBM: Final = ((-65, "strong"), (-80, "fair"))
_OPTIONAL: Final = ("battery", "serial number", "last worn")
"""Columns left out while nothing is known for them."""
_SHORTEN: Final = ("name", "serial number", "model")


@dataclass(slots=True)
class Heard:
    """One device: what it says of itself, and what was read from it."""

    advertisement: Advertisement
    model: str
    heard_s: float
    worn: str = ""
    serial: str = ""
    firmware: str = ""
    battery_percent: int | None = None
    trouble: str = ""
    known_by: str = ""
    """How the sensor is told from others of its model; empty until it was read."""

    @property
    def address(self) -> str:
        """Return what to connect to."""
        return self.advertisement.address

    def take(self, identity: SensorIdentity, battery_percent: int | None) -> None:
        """Note what was read after connecting."""
        self.serial, self.firmware = identity.serial, identity.firmware
        self.known_by = "address" if identity.serial in ("", self.address) else "serial number"
        self.battery_percent = battery_percent

    def facts(self) -> dict[str, Any]:
        """Return the same for ``--json``; null where nothing is known."""
        return {
            "address": self.address,
            "name": self.advertisement.name,
            "model": self.model,
            "rssi_dbm": self.advertisement.rssi_dbm,
            "battery_percent": self.battery_percent,
            "serial": self.serial or None,
            "known_by": self.known_by or None,
            "firmware": self.firmware or None,
            "last_worn": self.worn or None,
            "verification": verification(self.model) if self.model else None,
            "trouble": self.trouble or None,
        }


@dataclass(slots=True)
class ScanTable:
    """Everything heard, by address.

    Parameters
    ----------
    kit : mapping of segment to RememberedSensor
        The kit used last: its sensors are named by where they were worn.
    show_all : bool
        Whether devices of no known model are shown.
    """

    kit: Mapping[str, RememberedSensor] = field(default_factory=dict)
    show_all: bool = False
    _heard: dict[str, Heard] = field(default_factory=dict)

    def hear(self, advertisement: Advertisement, now_s: float) -> None:
        """Take an advertisement that arrived at `now_s` of any clock that goes on."""
        before = self._heard.get(advertisement.address)
        if before is not None:
            before.advertisement, before.heard_s = advertisement, now_s
            if before.model:
                return
        driver = driver_for(advertisement)
        one = Heard(advertisement, driver.model if driver else "", now_s)
        if driver is not None and not states_serial(driver):
            one.known_by = "address"
        for segment, sensor in self.kit.items():
            if sensor.address.casefold() == one.address.casefold():
                one.worn, one.serial = segment, sensor.serial
        self._heard[advertisement.address] = one

    @property
    def rows(self) -> list[Heard]:
        """Return what is shown, the remembered kit first; the order never follows the signal."""
        places = {segment: i for i, segment in enumerate(self.kit)}
        shown = (one for one in self._heard.values() if one.model or self.show_all)
        return sorted(
            shown,
            key=lambda one: (
                not one.model,
                places.get(one.worn, len(places)),
                one.model,
                one.advertisement.name,
                one.address,
            ),
        )

    @property
    def n_hidden(self) -> int:
        """Return how many devices of no known model were heard and are not shown."""
        return 0 if self.show_all else sum(not one.model for one in self._heard.values())

    @property
    def absent(self) -> list[str]:
        """Return the segments of the remembered kit whose sensor was not heard."""
        worn = {one.worn for one in self._heard.values()}
        return [segment for segment in self.kit if segment not in worn]

    def columns(self, now_s: float | None = None) -> tuple[list[str], list[list[object]]]:
        """Return header and rows; with a time, sensors not heard of late say so."""
        header = ["name", "model", "address", "signal", *_OPTIONAL]
        rows: list[list[object]] = [
            [
                one.advertisement.name or "-",
                one.model or "unknown",
                one.address,
                _signal(one, now_s),
                "" if one.battery_percent is None else f"{one.battery_percent} %",
                "none: its address" if one.known_by == "address" else one.serial,
                one.worn,
            ]
            for one in self.rows
        ]
        kept = [
            i
            for i, name in enumerate(header)
            if name not in _OPTIONAL or any(row[i] for row in rows)
        ]
        return [header[i] for i in kept], [[row[i] or "-" for i in kept] for row in rows]

    def lines(self, width: int | None, now_s: float | None = None) -> list[str]:
        """Return the table, at most `width` wide."""
        header, rows = self.columns(now_s)
        return table_lines(header, rows, shorten=_SHORTEN, width=width)


def _signal(one: Heard, now_s: float | None) -> str:
    if now_s is not None and now_s - one.heard_s > STALE_S:
        return f"{now_s - one.heard_s:.0f} s ago"
    dbm = one.advertisement.rssi_dbm
    word = next((word for limit, word in _WORDS_FROM_DBM if dbm >= limit), "weak")
    return f"{dbm} {word}"
