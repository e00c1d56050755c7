"""Which sensors this computer has a bond with, by serial number, in one small file.

Only the radio of imuhip's own (``--radio hci:...``, ``--radio sim``) keeps keys here. The operating
system keeps its keys itself; then the entry tells no more than that there is a bond.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from imuhip.errors import BondError, ConfigError

__all__ = ["BondStore"]

_VERSION: Final = 1


class BondStore:
    """Bonds by serial number.

    Parameters
    ----------
    path : path, optional
        The file; without it bonds last as long as the object. It is made when the first bond is,
        readable by its owner alone.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._bonds: dict[str, dict[str, Any]] = {}

    def __contains__(self, serial: str) -> bool:
        return serial in self._read()

    def serials(self) -> tuple[str, ...]:
        """Return with whom there are bonds."""
        return tuple(self._read())

    def address(self, serial: str) -> str:
        """Return where the sensor was when the bond was made; empty without one."""
        return str(self._read().get(serial, {}).get("address", ""))

    def keys(self, serial: str) -> dict[str, Any] | None:
        """Return the keys as the radio wrote them; None without a bond, or where others keep them.

        Raises
        ------
        ConfigError
            When the file is there and cannot be understood.
        """
        keys = self._read().get(serial, {}).get("keys")
        return keys if isinstance(keys, dict) else None

    def remember(self, serial: str, address: str, keys: Mapping[str, Any] | None = None) -> None:
        """Keep a bond.

        Raises
        ------
        BondError
            When the file cannot be written: the sensor would be a stranger next time.
        """
        bonds = self._read()
        bonds[serial] = {"address": address, "keys": None if keys is None else dict(keys)}
        self._write(bonds)

    def forget(self, serial: str) -> bool:
        """Forget a bond; return whether there was one."""
        bonds = self._read()
        if bonds.pop(serial, None) is None:
            return False
        self._write(bonds)
        return True

    def _read(self) -> dict[str, dict[str, Any]]:
        if self.path is None:
            return self._bonds
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            bonds = content["bonds"]
            if content["version"] != _VERSION or not isinstance(bonds, dict):
                raise ValueError(f"version {content['version']}, {_VERSION} is known")
            return {str(serial): dict(bond) for serial, bond in bonds.items()}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{self.path}: is not a file of bonds ({type(error).__name__}: {error})",
                hint="delete it; each sensor is then paired anew, within a minute of being"
                " switched on",
                code="E104",
            ) from error

    def _write(self, bonds: dict[str, dict[str, Any]]) -> None:
        self._bonds = bonds
        if self.path is None:
            return
        fresh = self.path.with_suffix(".new")
        text = json.dumps({"version": _VERSION, "bonds": bonds}, indent=2) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            # Keys are nobody else's business: the file is private before anything is in it.
            with os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"
            ) as file:
                file.write(text)
            fresh.replace(self.path)
        except OSError as error:
            raise BondError(
                f"the bond could not be stored in {self.path}: {error.strerror or error}",
                hint="make the settings folder writable, switch the sensor off and on, and try"
                " again",
            ) from error
