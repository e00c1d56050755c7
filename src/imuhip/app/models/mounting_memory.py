"""How each sensor was worn when a calibration was accepted last: by serial number and segment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from imuhip.core.series import FloatArray
from imuhip.resources import settings_folder

__all__ = ["MountingMemory", "default_mounting_file"]

_LARGEST_BYTES: Final = 1_000_000
_MOST_SENSORS: Final = 500


def default_mounting_file() -> Path:
    """Return where it is remembered on this computer."""
    return settings_folder() / "mounting.json"


class MountingMemory:
    """Verticals of sensors, in a file that nobody misses: one that is damaged is begun anew.

    Parameters
    ----------
    path : Path or None
        None remembers until the window is closed.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = {} if path is None else _read(path)

    def usual(self, serials: Mapping[str, str]) -> dict[str, FloatArray]:
        """Return the (3,) vertical of each segment whose sensor was worn there before."""
        found = {s: self._known.get(f"{serial} {s}") for s, serial in serials.items()}
        return {s: np.array(up) for s, up in found.items() if up is not None}

    def remember(self, serials: Mapping[str, str], up_S: Mapping[str, FloatArray]) -> None:
        """Take how sensors are worn now; a folder that refuses is none of this session's cares."""
        for segment, up in up_S.items():
            if segment in serials:
                key = f"{serials[segment]} {segment}"
                self._known.pop(key, None)
                self._known[key] = [float(value) for value in up]
        self._known = dict(list(self._known.items())[-_MOST_SENSORS:])
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            fresh.write_text(json.dumps(self._known, indent=1) + "\n", encoding="utf-8")
            fresh.replace(self._path)
        except OSError:
            return


def _read(path: Path) -> dict[str, list[float]]:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return {}
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        known = {str(key): [float(v) for v in up] for key, up in content.items()}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return {}
    sound = {key: up for key, up in known.items() if len(up) == 3 and np.isfinite(up).all()}
    return {key: up for key, up in sound.items() if 0.9 < float(np.linalg.norm(up)) < 1.1}
