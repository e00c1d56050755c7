"""The kit used last: which sensor is worn where, so that nobody types addresses twice."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from imuhip.errors import ConfigError

__all__ = ["SETTINGS_VARIABLE", "RememberedSensor", "kit_file", "recall_kit", "remember_kit"]

SETTINGS_VARIABLE = "IMUHIP_SETTINGS_DIR"
"""Environment variable naming another folder for settings."""


@dataclass(frozen=True, slots=True)
class RememberedSensor:
    """One sensor of the kit."""

    address: str
    serial: str
    name: str


def kit_file() -> Path:
    """Return where the kit is remembered."""
    chosen = os.environ.get(SETTINGS_VARIABLE)
    if chosen:
        return Path(chosen) / "kit.json"
    import platformdirs

    return platformdirs.user_config_path("imuhip", appauthor=False) / "kit.json"


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
                **{name: str(sensor[name]) for name in ("address", "serial", "name")}
            )
            for segment, sensor in content["sensors"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: is not a remembered kit ({type(error).__name__}: {error})",
            hint="delete the file and name the sensors with --assign",
            code="E102",
        ) from error
