"""Which sensors a command uses: named, remembered or virtual; connecting and remembering them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from imuhip.cli.kit_memory import RememberedSensor, recall_kit, remember_kit
from imuhip.cli.options import parsed_assignment
from imuhip.cli.output import note
from imuhip.errors import ConfigError

if TYPE_CHECKING:
    from imuhip.acquisition.assignment import WantedSensor
    from imuhip.cli.recording_session import RecordingSession

__all__ = ["connected_kit", "remember_worn", "wanted_kit"]

_MANY_SENSORS = 5


def wanted_kit(assign: list[str] | None, radio: str) -> dict[str, WantedSensor]:
    """Return segment to sensor; empty where the virtual kit knows itself.

    A sensor named by an address that is remembered has to have the serial number remembered.

    Raises
    ------
    ConfigError
        When nothing is named and nothing is remembered, or what is named cannot be.
    """
    if assign:
        typed = parsed_assignment(assign)
        known = {one.address.casefold(): one for one in _known_kit().values()}
        return {s: _wanted(address, known.get(address.casefold())) for s, address in typed.items()}
    if radio == "sim":
        return {}
    return {segment: _wanted(one.address, one) for segment, one in recall_kit().items()}


def _wanted(address: str, known: RememberedSensor | None) -> WantedSensor:
    from imuhip.acquisition.assignment import WantedSensor

    if known is None:
        return WantedSensor(address)
    return WantedSensor(address, known.serial, known.model)


def _known_kit() -> dict[str, RememberedSensor]:
    """Return the remembered kit, empty without one; sensors named anew do not need it."""
    try:
        return recall_kit()
    except ConfigError:
        return {}


def connected_kit(
    session: RecordingSession, kit: Mapping[str, str | WantedSensor]
) -> dict[str, RememberedSensor]:
    """Connect, telling what happens; return what to remember, nothing for virtual sensors."""
    if len(kit) > _MANY_SENSORS and not session.virtual_assignment:
        note(
            f"{len(kit)} sensors: one adapter holds three to seven; with two, name both:"
            " --radio auto:hci0,auto:hci1"
        )
    note(f"scanning for {', '.join(kit)}")
    session.connect(kit)
    sensors = session.status().sensors.values()
    for sensor in sensors:
        battery = "" if sensor.battery_percent is None else f", battery {sensor.battery_percent} %"
        note(f"connected {sensor.segment}: {sensor.name} {sensor.address}{battery}")
    if session.virtual_assignment:
        return {}
    return {s.segment: RememberedSensor(s.address, s.serial, s.name, s.driver) for s in sensors}


def remember_worn(worn: Mapping[str, RememberedSensor]) -> None:
    """Remember a kit that was recorded; a settings folder that refuses is told and no more."""
    if not worn:
        return
    try:
        remember_kit(worn)
    except OSError as error:
        note(f"note: the kit could not be remembered: {error}")
