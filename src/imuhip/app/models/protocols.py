"""The calibration protocols there are: those that come with imuhip, and the clinic's own.

A clinic's own lie in the folder ``protocols`` of the settings. One with an error stays in the list,
with all of its problems, and the others can be used.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imuhip.calibration.protocol import (
    Protocol,
    read_protocol,
    shipped_protocol,
    shipped_protocol_names,
)
from imuhip.errors import ConfigError
from imuhip.resources import settings_folder

__all__ = ["ListedProtocol", "listed_protocols", "own_protocols_folder"]

_FIRST: Final = "n_pose_walk"


@dataclass(frozen=True, slots=True)
class ListedProtocol:
    """One entry of the list.

    Parameters
    ----------
    name : str
    protocol : Protocol or None
        None for one that cannot be used; `error` says why.
    error : ConfigError or None
    """

    name: str
    protocol: Protocol | None
    error: ConfigError | None = None


def own_protocols_folder() -> Path:
    """Return where a clinic keeps protocols of its own."""
    return settings_folder() / "protocols"


def listed_protocols(folder: Path | None = None) -> list[ListedProtocol]:
    """Return all protocols, the shortest shipped one first and a clinic's own last."""
    names = sorted(shipped_protocol_names(), key=lambda name: (name != _FIRST, name))
    listed = [ListedProtocol(name, shipped_protocol(name)) for name in names]
    folder = own_protocols_folder() if folder is None else folder
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except OSError:
        return listed
    for path in files:
        try:
            listed.append(ListedProtocol(path.stem, read_protocol(path)))
        except ConfigError as error:
            listed.append(ListedProtocol(path.stem, None, error))
    return listed
