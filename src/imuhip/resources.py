"""Finds the data folders that stand at the top of the project, in a checkout and in a wheel.

In a checkout ``calibration/`` and ``firmware_protocol/`` lie beside ``src/``; a wheel carries the
same folders inside the package as ``imuhip/_data/``. What one person sets for themselves stands in
a folder of their own. Open this file first and last: it is all.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "SETTINGS_VARIABLE", "cache_folder", "folder", "settings_folder"]

SETTINGS_VARIABLE = "IMUHIP_SETTINGS_DIR"
"""Environment variable naming another folder for settings."""

CACHE_VARIABLE = "IMUHIP_CACHE_DIR"
"""Environment variable naming another folder for what can be made again at any time."""

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent.parent


def folder(name: str) -> Path:
    """Return the shipped data folder `name`.

    Parameters
    ----------
    name : str
        ``"calibration"`` or ``"firmware_protocol"``.

    Raises
    ------
    FileNotFoundError
        When the installation is incomplete.
    """
    for candidate in (_PACKAGE / "_data" / name, _CHECKOUT / name):
        if candidate.is_dir():
            return candidate
    raise FileNotFoundError(f"The data folder {name!r} is missing from this installation of imuhip")


def settings_folder() -> Path:
    """Return where settings are kept; it need not exist yet."""
    chosen = os.environ.get(SETTINGS_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_config_path("imuhip", appauthor=False)


def cache_folder() -> Path:
    """Return where things are kept that can be made again; it need not exist yet."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen)
    import platformdirs

    return platformdirs.user_cache_path("imuhip", appauthor=False)
