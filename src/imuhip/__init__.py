"""Records wearable IMUs and measures hip and pelvis rotation.

The public API; everything else is a room of the house and may move. Names load on first use, so
that ``import imuhip`` stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imuhip.errors import ImuhipError as ImuhipError
    from imuhip.recording.session import Recording as Recording

__version__ = "0.1.0"

__all__ = ["ImuhipError", "Recording", "__version__"]

_HOMES = {
    "ImuhipError": "imuhip.errors",
    "Recording": "imuhip.recording.session",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'imuhip' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
