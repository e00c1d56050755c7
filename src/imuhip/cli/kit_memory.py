"""The kit used last: which sensor is worn where, so that nobody types addresses twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from imuhip.errors import ConfigError
from imuhip.resources import settings_folder

__all__ = [
    "RememberedSensor",
    "bond_file",
    "forget_sensor",
    "kit_file",
    "recall_kit",
    "remember_kit",
]


@dataclass(frozen=True, slots=True)
class RememberedSensor:
    """One sensor of the kit: its serial number is who it is, its address where it was last."""

    address: str
    serial: str
    name: str
    model: str = ""
    """As its driver calls it; empty in kits remembered before it was."""


def kit_file() -> Path:
    """Return where the kit is remembered."""
    return settings_folder() / "kit.json"


def bond_file() -> Path:
    """Return where the keys of bonds with sensors are kept."""
    return settings_folder() / "bonds.json"


def remember_kit(kit: Mapping[str, RememberedSensor]) -> Path:
    """Store the kit; the old file is replaced in one step.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    path = kit_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    content = {"sensors": {segment: asdict(sensor) for segment, sensor in kit.items()}}
    fresh.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    fresh.replace(path)
    return path


def recall_kit() -> dict[str, RememberedSensor]:
    """Return the kit used last, by segment.

    Raises
    ------
    ConfigError
        When there is none, or its file cannot be understood.
    """
    path = kit_file()
    if not path.exists():
        raise ConfigError(
            "no kit is remembered yet",
            hint="name the sensors once: --assign pelvis=ADDRESS --assign thigh_left=ADDRESS"
            " (imuhip scan shows the addresses), or use --radio sim",
            code="E102",
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {
            str(segment): RememberedSensor(
                str(sensor["address"]),
                str(sensor["serial"]),
                str(sensor["name"]),
                str(sensor.get("model", "")),
            )
            for segment, sensor in content["sensors"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is not a remembered kit ({type(error).__name__}: {error})",
            hint="delete the file and name the sensors with --assign",
            code="E102",
        ) from error


def forget_sensor(name: str) -> list[str]:
    """Forget a sensor by serial number or address: its place in the kit and its bond.

    Returns
    -------
    list of str
        What was forgotten, in words; empty when nothing was known of it.

    Raises
    ------
    ConfigError, BondError
        When a file cannot be understood or written.
    OSError
        When the kit cannot be written.
    """
    from imuhip.radio.bond_store import BondStore

    kit = recall_kit() if kit_file().exists() else {}
    wanted = name.casefold()
    gone = {
        s: one
        for s, one in kit.items()
        if wanted in (one.serial.casefold(), one.address.casefold())
    }
    if gone:
        remember_kit({segment: one for segment, one in kit.items() if segment not in gone})
    forgotten = [f"{one.serial}: worn on {segment}" for segment, one in gone.items()]
    bonds = BondStore(bond_file())
    for serial in bonds.serials():
        if serial.casefold() in {wanted, *(one.serial.casefold() for one in gone.values())}:
            bonds.forget(serial)
            forgotten.append(f"{serial}: the bond")
    return forgotten
