"""Finds the data folders that stand at the top of the project, in a checkout and in a wheel.

In a checkout ``calibration/`` and ``firmware_protocol/`` lie beside ``src/``; a wheel carries the
same folders inside the package as ``imuhip/_data/``. Open this file first and last: it is all.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["folder"]

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
