"""Which sensors a command uses: named, remembered or virtual; connecting and remembering them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from imuhip.cli.kit_memory import RememberedSensor, recall_kit, remember_kit
from imuhip.cli.options import parsed_assignment
from imuhip.cli.output import note

if TYPE_CHECKING:
    from imuhip.cli.recording_session import RecordingSession

__all__ = ["connected_kit", "remember_worn", "wanted_kit"]


def wanted_kit(assign: list[str] | None, radio: str) -> dict[str, str]:
    """Return segment to address; empty where the virtual kit knows itself.

    Raises
    ------
    ConfigError
        When nothing is named and nothing is remembered, or what is named cannot be.
    """
    if assign:
        return parsed_assignment(assign)
    if radio == "sim":
        return {}
    return {segment: sensor.address for segment, sensor in recall_kit().items()}


def connected_kit(session: RecordingSession, kit: Mapping[str, str]) -> dict[str, RememberedSensor]:
    """Connect, telling what happens; return what to remember, nothing for virtual sensors."""
    note(f"scanning for {', '.join(kit)}")
    session.connect(kit)
    sensors = session.status().sensors.values()
    for sensor in sensors:
        battery = "" if sensor.battery_percent is None else f", battery {sensor.battery_percent} %"
        note(f"connected {sensor.segment}: {sensor.name} {sensor.address}{battery}")
    if session.virtual_assignment:
        return {}
    return {s.segment: RememberedSensor(s.address, s.serial, s.name) for s in sensors}


def remember_worn(worn: Mapping[str, RememberedSensor]) -> None:
    """Remember a kit that was recorded; a settings folder that refuses is told and no more."""
    if not worn:
        return
    try:
        remember_kit(worn)
    except OSError as error:
        note(f"note: the kit could not be remembered: {error}")
